"""The page about a ledger: what is on it, what never is, and how it is written."""

from __future__ import annotations

import json
import re
import stat
import sys
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.cli import run_inside

from jobledger import Ledger, ManualClock, OutcomeUnknown, PostResult, Scheduler
from jobledger.release import how_to_install
from jobledger.tools.report import page as page_module
from jobledger.tools.report.policy import Inline

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="a()">\'" onclick="b()" {{ 7*7 }}'
CONTROLS = "abc\x1b[31m\u202edef\u2066"

Answer = Callable[[], PostResult]


class Elements(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        if self.lasttag not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def unknown() -> PostResult:
    raise OutcomeUnknown("no answer")


def lived(directory: Path, clock: ManualClock, content: str, account: str, error: str) -> None:
    """Make a post that is out, one refused, one of unknown outcome, one that is still to come."""
    answers: list[Answer] = [
        lambda: PostResult(True, content[:60]),
        lambda: PostResult(False, error=error, retryable=False),
        unknown,
    ]

    def publish(account_id: str, content: str) -> PostResult:
        clock.advance(timedelta(seconds=5))
        return answers.pop(0)()

    with Scheduler(
        directory, clock=clock, durability="none", timezone="Asia/Ho_Chi_Minh",
        on_interrupted="fail",
    ) as scheduler:  # fmt: skip
        for number in range(3):
            scheduler.add_job(account, content, clock.now(), job_id=f"job-{number}")
        scheduler.run_due(publish)
        scheduler.add_job(account, "later", clock.now() + timedelta(days=2), job_id="later")


def report(directory: Path, target: Path, *arguments: str) -> int:
    return run_inside(directory, "report", "--html", str(target), *arguments)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


def test_the_page_says_what_happened(directory: Path, clock: ManualClock, target: Path) -> None:
    """Its ledger, period and position; what needs a person; figures, timeline, jobs, failures."""
    lived(directory, clock, "Xin chào 👋", "minh", "refused after 7 s")
    with Ledger(directory, read_only=True) as ledger:
        head = list(ledger.events())[-1]
    assert report(directory, target) == 0
    page = target.read_text("utf-8")
    text = Elements(page).text
    assert "<title>jobs · jobledger report</title>" in page
    assert "2026-03-02 19:00 to 2026-03-02 19:00 Asia/Ho_Chi_Minh" in text
    assert f"event {head.seq}, {head.to_dict()['hash'][:12]}" in text
    assert "the log read sound" in text
    assert "2 jobs need a person Of 1 nobody knows whether the post is out." in text
    assert "1 has failed for good, or came too late." in text
    assert "1 overdue, and not begun" in text
    assert text.index("need a person") < text.index("that were published or failed")
    assert "33.3 % published, of 3 that were published or failed" in text
    assert "expired" not in text
    assert "2026-03-02 3 attempts, by account" in text
    for how in ("completed", "failed", "unknown"):
        [place] = re.findall(f'<i class="b-{how} (p[0-9]+)"', page)
        assert re.search(
            rf"^\.{place}\{{left:[0-9.]+%;width:[0-9.]+%;bottom:[0-9]+px\}}$", page, re.M
        )
    assert "job job-1, attempt 1\nXin chào 👋\nrefused after 7 s" in page
    assert "refused after # s" in text
    assert "4 jobs" in text
    assert page.count('<tr data-state="failed"') == 2
    assert page.count('<tr data-state="scheduled"') == 1


def test_what_comes_is_by_day_and_what_is_held_says_so(
    directory: Path, clock: ManualClock, target: Path
) -> None:
    """Seven days of the ledger's zone, the first six of each, and how many more there are; what is
    overdue is counted, and what comes later is in the table alone."""
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        late = ledger.add_job("late", "x", clock.now() + timedelta(minutes=1))
        for n in range(8):
            ledger.add_job("a", "x", clock.now() + timedelta(hours=6, minutes=n), hold=n == 0)
        ledger.add_job("z", "x", clock.now() + timedelta(days=7), job_id="the-week-after")
    clock.advance(timedelta(minutes=5))
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        source = page_module.ReportSource(
            name="jobs", zone=ZoneInfo(ledger.timezone), made_at=clock.now()
        )
        html = page_module.render(page_module.gather_page(ledger.events(), source), source).html
    text = Elements(html).text
    assert "1 overdue, and not begun" in text
    week = text[text.index("The next seven days") : text.index("Posts a day")]
    assert "Mon 2 Mar – Tue 3 Mar 8 01:00 a held 01:01 a" in week
    assert "01:05 a and 2 more Wed 4 Mar –" in week
    assert week.count("Mar") >= 7
    assert " z " not in week
    assert f'<code title="{late}">{late[:8]}</code>' in html
    assert '<code title="the-week-after">the-week-after</code>' in html


def test_bars_of_a_young_ledger_are_as_wide_as_others(
    directory: Path, clock: ManualClock, target: Path
) -> None:
    """Two weeks have their places in the chart, whatever happened in them."""
    lived(directory, clock, "text", "minh", "no")
    assert report(directory, target) == 0
    page = target.read_text("utf-8")
    assert "Posts by day, 2026-02-17 to 2026-03-02" in page


def test_no_request_can_leave_the_page(directory: Path, clock: ManualClock, target: Path) -> None:
    """Its policy forbids all of them, and it names no address and no other file."""
    lived(directory, clock, "text", "minh", "no")
    assert report(directory, target) == 0
    page = target.read_text("utf-8")
    assert page.index("Content-Security-Policy") < page.index("<style>") < page.index("<script>")
    assert re.findall(r"://|\bwww\.|url\(|@import|xmlns", page) == []
    elements = Elements(page)
    assert elements.attributes.isdisjoint({"src", "href", "srcset", "action", "data", "background"})
    assert set(elements.tags).isdisjoint({"link", "iframe", "object", "embed", "base", "a"})


@pytest.mark.parametrize("content", ["text", HOSTILE])
def test_the_policy_allows_the_pages_own_script_and_style_and_nothing_else(
    directory: Path, clock: ManualClock, target: Path, content: str
) -> None:
    """By their hashes; so there is no style and no handler in any attribute."""
    lived(directory, clock, content, content, content)
    assert report(directory, target) == 0
    page = target.read_text("utf-8")
    [policy] = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    hashes = {}
    for element in ("script", "style"):
        [text] = re.findall(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
        hashes[element] = b64encode(sha256(text.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src 'sha256-{hashes['script']}'",
        f"style-src 'sha256-{hashes['style']}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    elements = Elements(page)
    assert elements.tags.count("script") == elements.tags.count("style") == 1
    assert "style" not in elements.attributes
    assert not [name for name in elements.attributes if name.startswith("on")]


@pytest.mark.parametrize("text", ["a </SCRIPT> b", "a\r\nb"])
def test_what_a_browser_would_read_in_another_way_has_no_hash(text: str) -> None:
    """The policy would refuse what is on the page, without a word."""
    with pytest.raises(ValueError, match="cannot be the content of a <script>"):
        Inline("script", text)


def test_of_what_so_many_per_cent_were_published_is_said(
    directory: Path, clock: ManualClock, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job that expired is no post that was published, and is not passed over."""
    with Scheduler(directory, clock=clock, durability="none") as scheduler:
        ids = [scheduler.add_job("a", f"text {n}", clock.now()) for n in range(3)]
        scheduler.hold_job(ids[2])
        scheduler.run_due(lambda account_id, content: PostResult(True, "t"))
        clock.advance(timedelta(days=2))
        assert scheduler.cleanup_expired_jobs() == 1
    assert report(directory, target) == 0
    text = Elements(target.read_text("utf-8")).text
    assert "100.0 % published, of 2 that were published or failed" in text
    assert "1 expired: too late to be published" in text
    capsys.readouterr()
    assert run_inside(directory, "stats") == 0
    lines = capsys.readouterr().out
    assert "100.0 % of the 2 jobs that were published or failed were published" in lines
    assert "1 more expired: too late to be published" in lines


def test_text_of_jobs_stays_text(directory: Path, clock: ManualClock, target: Path) -> None:
    """Markup, quotes and template signs in content, account, error and result are inert."""
    elements = []
    for name, text in (("plain", "text"), ("hostile", HOSTILE)):
        lived(directory.with_name(name), ManualClock(clock.now()), text, text, text)
        assert report(directory.with_name(name), target, "--force") == 0
        elements.append(Elements(target.read_text("utf-8")))
    plain, hostile = elements
    assert hostile.tags == plain.tags
    assert hostile.attributes == plain.attributes
    assert hostile.text.count(" ".join(HOSTILE.split())) > 10


def test_control_characters_are_shown_as_their_codes(
    directory: Path, clock: ManualClock, target: Path
) -> None:
    """Escape sequences and direction overrides would show the page's reader something else."""
    lived(directory, clock, CONTROLS, CONTROLS, CONTROLS)
    assert report(directory, target) == 0
    page = target.read_text("utf-8")
    assert not {"\x1b", "\u202e", "\u2066"} & set(page)
    assert "abc\\x1b[31m\\x202edef\\x2066" in page


def test_of_a_damaged_log_the_page_shows_what_is_sound_and_says_so(
    directory: Path, clock: ManualClock, target: Path
) -> None:
    """A banner, and exit code 1."""
    lived(directory, clock, "text", "minh", "no")
    path = next(iter(directory.glob("events_*.jsonl")))
    path.write_bytes(path.read_bytes().replace(b"no answer", b"NO answer"))
    assert report(directory, target) == 1
    text = Elements(target.read_text("utf-8")).text
    assert "The log is damaged Only what is sound before the damage is on this page." in text
    assert path.name in text
    assert "the log read sound" not in text
    assert "1 published" in text


def test_a_ledger_in_which_nothing_happened_has_a_page(
    directory: Path, clock: ManualClock, target: Path
) -> None:
    """It says so."""
    Ledger(directory, clock=clock).close()
    assert report(directory, target) == 0
    assert "Nothing has happened in this ledger yet." in Elements(target.read_text("utf-8")).text


def test_a_window_and_a_day_can_be_chosen(
    directory: Path, clock: ManualClock, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Jobs are those that something happened to, as they were at its end."""
    with Scheduler(directory, clock=clock, durability="none") as scheduler:
        scheduler.add_job("a", "first", clock.now(), job_id="first")
        scheduler.add_job("a", "second", clock.now() + timedelta(days=1), job_id="second")
        scheduler.run_due(lambda account_id, content: PostResult(True, "t"))
        clock.advance(timedelta(days=1))
        scheduler.run_due(lambda account_id, content: PostResult(True, "t"))
    assert report(directory, target, "--until", "2026-03-02T23:00", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["jobs"], facts["day"], facts["left_out"]) == (2, "2026-03-02", 0)
    assert facts["bytes"] == target.stat().st_size
    page = target.read_text("utf-8")
    assert (page.count('data-state="completed"'), page.count('data-state="scheduled"')) == (1, 1)
    assert report(directory, target, "--since", "2026-03-03", "--day", "2026-03-02") == 0
    page = target.read_text("utf-8")
    assert page.count('data-state="') == 1
    assert '<h2 id="day">2026-03-02</h2>' in page
    assert "wrote" in capsys.readouterr().out
    assert report(directory, target, "--until", "2026-03-01") == 0
    assert "Nothing has happened in this window yet" in target.read_text("utf-8")


def test_a_table_has_an_end_and_failed_jobs_come_first(
    directory: Path, clock: ManualClock, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left out is counted."""
    monkeypatch.setattr(page_module, "MOST_JOBS", 2)
    lived(directory, clock, "text", "minh", "no")
    assert report(directory, target) == 0
    page = target.read_text("utf-8")
    assert page.count('<tr data-state="failed"') == page.count("<tr data-state=") == 2
    assert "2 more are left out: the failed are kept first" in Elements(page).text


def test_the_page_is_written_as_a_whole_and_only_over_a_report(
    directory: Path, clock: ManualClock, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Something else of that name is kept unless --force says otherwise."""
    Ledger(directory, clock=clock).close()
    target.write_text("my notes")
    assert report(directory, target) == 2
    assert "is there already and is no report (give another name, or --force)" in (
        capsys.readouterr().err
    )
    assert target.read_text() == "my notes"
    assert report(directory, target, "--force") == 0
    assert report(directory, target) == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in target.parent.iterdir()) == ["jobs", "report.html"]


def test_what_cannot_be_the_page_is_refused(
    directory: Path, clock: ManualClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory, a file of the ledger, a place that is not there, a day that is none."""
    Ledger(directory, clock=clock).close()
    for path, says in (
        (tmp_path, "it is a directory"),
        (directory / "HEAD", "is a file of the ledger"),
        (tmp_path / "missing" / "r.html", "No such file or directory"),
    ):
        assert report(directory, path, "--force") == 2
        error = capsys.readouterr().err
        assert says in error
        assert error.count("\n") == 1
    assert report(directory, tmp_path / "r.html", "--day", "monday") == 2
    assert "day 'monday' is not a day (use YYYY-MM-DD)" in capsys.readouterr().err
    assert run_inside(directory, "report") == 2
    assert "--html" in capsys.readouterr().err


def test_the_page_can_go_to_standard_output(
    directory: Path, clock: ManualClock, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """With `-` and nothing else on it."""
    Ledger(directory, clock=clock).close()
    assert run_inside(directory, "report", "--html", "-") == 0
    page = capfdbinary.readouterr().out
    assert page.startswith(b"<!doctype html>")
    assert page.rstrip().endswith(b"</html>")


def test_without_its_libraries_the_command_says_what_to_install(
    directory: Path,
    clock: ManualClock,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line."""
    Ledger(directory, clock=clock).close()
    for name in [name for name in sys.modules if name.startswith("jobledger.tools.report.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygal", None)
    assert report(directory, target) == 2
    error = capsys.readouterr().err
    assert "the page needs a library that is missing: " in error
    assert how_to_install("report") in error
    assert error.count("\n") == 1
    assert not target.exists()


def test_the_same_ledger_gives_the_same_page(
    directory: Path, clock: ManualClock, target: Path
) -> None:
    """But for the time at which it was made."""
    lived(directory, clock, "text", "minh", "no")
    pages = []
    for _ in range(2):
        assert report(directory, target) == 0
        pages.append(re.sub(r"made \d{4}-\d\d-\d\d \d\d:\d\d", "", target.read_text("utf-8")))
    assert pages[0] == pages[1]
