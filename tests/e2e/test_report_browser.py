"""The page in a real browser: its filter works, and nothing is asked of the network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import run_inside

from jobledger import ManualClock, PostResult, Scheduler

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium on this machine")

WATCH = """<script>
document.addEventListener("securitypolicyviolation", (event) => {
  document.documentElement.dataset.refused = event.violatedDirective;
});
addEventListener("error", () => { document.documentElement.dataset.failed = "yes"; });
</script>"""


@pytest.fixture
def page(directory: Path, clock: ManualClock, tmp_path: Path) -> Path:
    """A report of three posts, one of them refused, one of them hostile."""

    def publish(account_id: str, content: str) -> PostResult:
        clock.advance(timedelta(seconds=1))
        return PostResult(content != "second", "t", error="refused", retryable=False)

    with Scheduler(directory, clock=clock, durability="none") as scheduler:
        for account, content in (
            ("Hương", "first"),
            ("minh", "second"),
            ("minh", "<script>document.title = 'broken'</script>"),
        ):
            scheduler.add_job(account, content, clock.now())
        scheduler.run_due(publish)
    target = tmp_path / "report.html"
    assert run_inside(directory, "report", "--html", str(target)) == 0
    return target


def loaded(page: Path, fragment: str, profile: Path) -> str:
    """The document as it is once its script ran."""
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
        " --disable-background-networking --disable-component-update --disable-sync"
    )
    done = subprocess.run(
        [CHROMIUM, *flags.split(), f"--user-data-dir={profile}", "--dump-dom",
         page.as_uri() + fragment],
        capture_output=True, encoding="utf-8", timeout=120, check=True,
        env=os.environ | {"HOME": str(profile)},
    )  # fmt: skip
    return done.stdout


def watched(page: Path, more: str = "") -> None:
    """Have the page say what its policy refused and what failed in it."""
    text = page.read_text("utf-8")
    page.write_text(text.replace("<style>", WATCH + more + "<style>", 1), "utf-8")


def test_the_filter_shows_what_its_address_asks_for(page: Path, tmp_path: Path) -> None:
    """By account and text, with the count; the page needs nothing that its policy refuses."""
    watched(page)
    document = loaded(page, "#account=minh&text=SECOND", tmp_path / "profile")
    assert re.search(r'<output id="filter-count"[^>]*>1 of 3 jobs</output>', document)
    rows = re.findall(r"<tr data-state=[^>]*>", document)
    assert [("hidden" in row, "failed" in row) for row in rows] == [
        (False, True),
        (True, False),
        (True, False),
    ]
    assert re.search(r'<form id="filter" role', document), "the form is shown where scripts run"
    root = document[: document.index("<head>")]
    assert "data-refused" not in root
    assert "data-failed" not in root
    assert "<title>jobs" in document


def test_a_request_would_be_refused(page: Path, tmp_path: Path) -> None:
    """What somebody smuggled in could not tell anybody."""
    watched(page, '<img src="missing.png">')
    document = loaded(page, "", tmp_path / "profile")
    assert 'data-refused="img-src"' in document[: document.index("<head>")]
