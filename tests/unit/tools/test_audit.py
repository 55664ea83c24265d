"""`audit`: which events it shows, as what, and what it does with a damaged log."""

from __future__ import annotations

import json
import re
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import Cli, run_here
from support.stories import two_days
from support.terminal import Terminal
from support.waiting import DEADLINE_S

from jobledger import Ledger, ManualClock


@pytest.fixture(autouse=True)
def ledger(directory: Path, clock: ManualClock) -> None:
    """Fifteen events on two days (see `two_days`)."""
    two_days(directory, clock)


def chosen(directory: Path, *options: str) -> list[int]:
    """Return the sequence numbers of what is shown."""
    done = run_here(directory, "audit", *options, "--json")
    assert (done.code, done.err) == (0, "")
    return [json.loads(line)["seq"] for line in done.out.splitlines()]


def test_without_options_every_event_is_shown_as_its_line_in_the_log(directory: Path) -> None:
    """JSON lines, byte for byte."""
    lines = [
        line
        for path in sorted(directory.glob("events_*.jsonl"))
        for line in path.read_text("utf-8").split("\n")[1:-1]
    ]
    assert run_here(directory, "audit", "--json").out.split("\n")[:-1] == lines
    assert len(lines) == 15


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        (["--type", "completed"], [3, 8]),
        (["--type", "completed", "--type", "failed"], [3, 8, 13]),
        (["--job", "late"], [4, 5, 6, 7, 8]),
        (["--job", "la", "--job", "pla"], [1, 2, 3, 4, 5, 6, 7, 8]),
        (["--account", "lan"], [4, 5, 6, 7, 8]),
        (["--account-id", "mai", "--type", "added"], [1, 9, 11, 14]),
        (["--account-id", "nobody"], []),
        (["--platform", "threads", "--type", "removed"], [15]),
        (["--platform", "other"], []),
        (["--attempt", "2"], [7, 8]),
        (["--error", "503"], [6]),
        (["--error", "TOKEN Expired"], [13]),
        (["--since", "2026-03-03"], [10, 11, 12, 13, 14, 15]),
        (["--until", "2026-03-02"], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (["--since", "2026-03-02T12:03", "--until", "2026-03-02T12:03"], [7, 8, 9]),
        (["--since", "2026-03-02T19:03+07:00", "--until", "2026-03-02"], [7, 8, 9]),
        (["--since", "2026-03-03", "--account", "mai", "--type", "started"], [12]),
        (["--after", "12"], [13, 14, 15]),
        (["--last", "2"], [14, 15]),
        (["--last", "1", "--type", "added"], [14]),
        (["--last", "0"], []),
    ],
)
def test_options_choose(directory: Path, options: list[str], seqs: list[int]) -> None:
    """A repeated option chooses any of its values; different ones have to agree."""
    assert chosen(directory, *options) == seqs


def test_the_last_rows_are_shown_when_the_progress_bar_is_gone(directory: Path) -> None:
    """On a terminal both are on one screen."""
    terminal = Terminal(directory, "audit", "--last", "3", TERM="xterm", NO_COLOR="1", columns=120)
    before, _, rows = terminal.rest().partition("\x1b[?25h")  # the cursor is there again
    assert terminal.wait() == 0
    assert "\x1b[?25l" in before, "there was a bar"
    assert "times in" not in before
    assert "removed" not in before
    assert re.findall(r"^ *(\d+)  ", rows, re.MULTILINE) == ["13", "14", "15"]


def test_as_a_table_it_says_what_happened(directory: Path) -> None:
    """A row an event, in the ledger's zone."""
    out = run_here(directory, "audit", "--job", "late").out.splitlines()
    assert out[0].split() == [
        "seq", "time", "job", "event", "try", "by", "what", "(times", "in", "UTC)"
    ]  # fmt: skip
    assert len(out) == 6
    assert out[1].split()[:5] == ["4", "2026-03-02", "12:00:00.000", "late", "added"]
    assert "lan: late" in out[1]
    assert "HTTP 503 from the platform" in out[3]
    assert out[3].split()[5] == "1"


def by_three(directory: Path, clock: ManualClock) -> list[int]:
    """Three more events: numbers 16 to 18."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.acting("web:lan").add_job("a", "text", clock.now(), job_id="who")
        ledger.acting("web:lan-anh").hold_job("who")
        ledger.acting("api:bot").cancel_job("who", "no")
    return [16, 17, 18]


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        (["--by", "web:lan"], [16]),
        (["--by", "web:lan", "--by", "api:bot"], [16, 18]),
        (["--by", "web:"], [16, 17]),
        (["--by", "web:", "--type", "held"], [17]),
        (["--by", "nobody"], []),
        (["--by", "runner:"], [2, 3, 5, 6, 7, 8, 12, 13]),
    ],
)
def test_it_is_chosen_by_who_caused_it(
    directory: Path, clock: ManualClock, options: list[str], seqs: list[int]
) -> None:
    """By the whole name, or by the kind; `web:lan` is nobody whose name only begins so."""
    by_three(directory, clock)
    assert chosen(directory, *options) == seqs


def test_it_says_who_caused_it(directory: Path, clock: ManualClock) -> None:
    """In a column of its own; with --json as in the log."""
    by_three(directory, clock)
    rows = run_here(directory, "audit", "--job", "who").out.splitlines()[1:]
    assert [row.split()[5] for row in rows] == ["web:lan", "web:lan-anh", "api:bot"]
    done = run_here(directory, "audit", "--job", "who", "--json").out.splitlines()
    assert [json.loads(line)["by"] for line in done] == ["web:lan", "web:lan-anh", "api:bot"]
    assert "by" not in json.loads(run_here(directory, "audit", "--json").out.splitlines()[0])


@pytest.mark.parametrize("width", [60, 90])
def test_on_a_terminal_that_has_no_room_it_says_it_behind_the_rest(
    directory: Path, clock: ManualClock, width: int
) -> None:
    by_three(directory, clock)
    options = "--job", "who", "--type", "cancelled"
    terminal = Terminal(directory, "audit", *options, NO_COLOR="1", columns=width)
    assert "no, by api:bot" in terminal.rest()
    assert terminal.wait() == 0


def test_what_a_job_says_never_reaches_the_terminal_raw(
    directory: Path, clock: ManualClock
) -> None:
    """Control characters are shown as codes."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "\x1b[2Jcleared\nsecond line", clock.now(), job_id="bad")
    out = run_here(directory, "audit", "--job", "bad").out
    assert "\x1b" not in out
    assert "\\x1b[2Jcleared ⏎ second line" in out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--job", "plane"], "no job 'plane' in this ledger (the nearest is 'plain')"),
        (["--job", "brokn"], "the nearest is 'broken'"),
        (["--since", "2026-02-30"], "read as year 2026, month 02, day 30"),
        (["--until", "whenever"], "'whenever' is not a time"),
        (["--type", "posted"], "'posted' is not one of"),
        (["--attempt", "0"], "0 is not in the range"),
        (["--by", "somebody else"], "by must be 1 to 64 of A-Z a-z 0-9 . _ - : @ /"),
    ],
)
def test_wrong_options_are_one_line(directory: Path, options: list[str], says: str) -> None:
    """Exit 2, and what to do."""
    done = run_here(directory, "audit", *options)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert says in done.err


def test_a_job_from_before_the_time_is_known_all_the_same(directory: Path) -> None:
    """Nothing to show is not a wrong id."""
    done = run_here(directory, "audit", "--job", "plain", "--since", "2026-03-03")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_damaged_log_is_shown_as_far_as_it_is_sound(directory: Path) -> None:
    """Every sound line, before and behind; the damage is named, exit 1."""
    path = sorted(directory.glob("events_*.jsonl"))[0]
    path.write_bytes(path.read_bytes().replace(b"HTTP 503", b"HTTP 200"))
    done = run_here(directory, "audit", "--json")
    assert [json.loads(line)["seq"] for line in done.out.splitlines()] == [
        n for n in range(1, 16) if n != 6
    ]
    assert done.code == 1
    assert f"{path}, line 7" in done.err
    assert "nobody can prove any more" in done.err


def test_an_event_whose_data_is_not_readable_is_shown_as_such(directory: Path) -> None:
    """A sound line that says nothing sensible: the others are shown, and so is this."""
    from support.eventstore import reseal

    path = sorted(directory.glob("events_*.jsonl"))[1]
    lines = path.read_bytes().split(b"\n")
    lines[-2] = reseal(lines[-2], type="started", data={"attempt": "one"})[:-1]
    path.write_bytes(b"\n".join(lines))
    (directory / "HEAD").unlink()
    done = run_here(directory, "audit", "--after", "13")
    assert "(not readable" in done.out.splitlines()[-1]
    assert done.code == 1
    assert run_here(directory, "audit", "--attempt", "1", "--after", "13").out == ""


def test_following_shows_what_other_processes_append_also_on_a_new_day(
    directory: Path, tmp_path: Path, clock: ManualClock
) -> None:
    """Each event as it comes, from where the options say, until Ctrl-C."""
    with Cli(directory, tmp_path).start("audit", "--last", "1", "--follow", "--json") as process:
        assert process.stdout is not None
        try:
            assert json.loads(process.stdout.readline())["seq"] == 15
            for seq in (16, 17, 18):
                clock.advance(timedelta(days=1))
                with Ledger(directory, clock=clock) as other:
                    other.add_job("a", "text", clock.now(), job_id=str(seq))
                line = process.stdout.readline()
                assert line.encode() in (directory / f"events_{clock.now():%F}.jsonl").read_bytes()
                assert json.loads(line)["seq"] == seq
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "", "")
