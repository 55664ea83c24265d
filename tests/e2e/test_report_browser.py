"""The page in a real browser: its filter works, nothing is asked of the network, and no script runs
that is not its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from support.cli import run_inside

from jobledger import ManualClock, PostResult, Scheduler

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium on this machine")

WATCH = """
const said = document.documentElement.dataset;
document.addEventListener("securitypolicyviolation", (event) => {
  said.refused = (said.refused ?? "") + event.violatedDirective + " ";
});
addEventListener("error", () => { said.failed = "yes"; });
"""
HOSTILE = "<script>document.title = 'broken'</script>"


@pytest.fixture
def page(directory: Path, clock: ManualClock, tmp_path: Path) -> Path:
    """Write a report of three posts, one of them refused, one of them hostile."""

    def publish(account_id: str, content: str) -> PostResult:
        clock.advance(timedelta(seconds=1))
        return PostResult(content != "second", "t", error="refused", retryable=False)

    with Scheduler(directory, clock=clock, durability="none") as scheduler:
        for account, content in (
            ("Hương", "first"),
            ("minh", "second"),
            ("minh", HOSTILE),
        ):
            scheduler.add_job(account, content, clock.now())
        scheduler.run_due(publish)
    target = tmp_path / "report.html"
    assert run_inside(directory, "report", "--html", str(target)) == 0
    return target


def loaded(page: Path, fragment: str, profile: Path) -> str:
    """Return the document as it is once its script ran."""
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
    """Have the page say what its policy refused and what failed in it: a script that the policy is
    made to allow. `more` is put behind it, and is not."""
    text = page.read_text("utf-8")
    allowed = b64encode(sha256(WATCH.encode()).digest()).decode()
    text = text.replace("script-src ", f"script-src 'sha256-{allowed}' ", 1)
    page.write_text(text.replace("<style>", f"<script>{WATCH}</script>{more}<style>", 1), "utf-8")


def root_of(document: str) -> str:
    """Where `watched` has it said."""
    return document[: document.index("<head>")]


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
    assert "data-refused" not in root_of(document)
    assert "data-failed" not in root_of(document)
    assert "<title>jobs" in document


def test_what_stands_in_the_style_is_where_it_should_be(page: Path, tmp_path: Path) -> None:
    """Bars have their places in the day and their rows, which no attribute says: noon, here."""
    text = page.read_text("utf-8")
    measure = """
const bars = [...document.querySelectorAll(".track i")].map((bar) => {
  const style = getComputedStyle(bar);
  const left = parseFloat(style.left) / bar.parentElement.clientWidth;
  return Math.round(100 * left) + "% " + style.bottom;
});
document.documentElement.dataset.bars = bars.join(", ");
"""
    allowed = b64encode(sha256(measure.encode()).digest()).decode()
    text = text.replace("script-src ", f"script-src 'sha256-{allowed}' ", 1)
    page.write_text(text.replace("</body>", f"<script>{measure}</script></body>"), "utf-8")
    assert 'data-bars="50% 7px, 50% 7px, 50% 20px"' in root_of(
        loaded(page, "", tmp_path / "profile")
    )


@pytest.mark.parametrize(
    ("smuggled", "directive"),
    [
        ('<img src="missing.png">', "img-src"),
        (HOSTILE, "script-src-elem"),
        ("<svg onload=\"document.title = 'broken'\"></svg>", "script-src-attr"),
        ('<script src="missing.js"></script>', "script-src-elem"),
        ("<style>title { color: red }</style>", "style-src-elem"),
        ('<p style="color: red">x</p>', "style-src-attr"),
        ('<iframe src="missing.html"></iframe>', "frame-src"),
        ('<base href="missing/">', "base-uri"),
    ],
)
def test_what_somebody_smuggled_in_is_refused(
    page: Path, tmp_path: Path, smuggled: str, directive: str
) -> None:
    """Were there a fault in the page that let it in: it could run nothing, and tell nobody."""
    watched(page, smuggled)
    document = loaded(page, "", tmp_path / "profile")
    assert f'data-refused="{directive} "' in root_of(document)
    assert "<title>jobs" in document
