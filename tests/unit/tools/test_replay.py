"""`history`, `replay` and `diff`: what was, and what changed since."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.cli import run_here
from support.stories import two_days
from support.terminal import Terminal

from jobledger import Ledger, ManualClock


@pytest.fixture(autouse=True)
def ledger(directory: Path, clock: ManualClock) -> None:
    """Fifteen events on two days (see `two_days`)."""
    two_days(directory, clock)


def as_json(directory: Path, *arguments: str) -> Any:
    done = run_here(directory, *arguments, "--json")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def statuses(directory: Path, *arguments: str) -> dict[str, str]:
    return {job["job_id"]: job["status"] for job in as_json(directory, "replay", *arguments)}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--seq", "0"], {}),
        (["--seq", "2"], {"plain": "running"}),
        (["--seq", "5"], {"plain": "completed", "late": "running"}),
        (["--until", "2026-03-02T12:02:59"], {"plain": "completed", "late": "scheduled"}),
        (["--until", "2026-03-02T12:03"],
         {"plain": "completed", "late": "completed", "edited": "scheduled"}),
        (["--until", "2026-03-02"],
         {"plain": "completed", "late": "completed", "edited": "scheduled"}),
        (["--until", "2026-03-01"], {}),
        (["--seq", "14", "--job", "go"], {"gone": "scheduled"}),
        (["--seq", "14", "--account", "lan"], {"late": "completed"}),
        (["--seq", "14", "--status", "failed"], {"broken": "failed"}),
        ([], {"plain": "completed", "late": "completed", "edited": "scheduled",
              "broken": "failed"}),
    ],
)  # fmt: skip
def test_replay_gives_the_state_of_any_moment(
    directory: Path, arguments: list[str], expected: dict[str, str]
) -> None:
    """By time (a date is its end), by event, and without either as it is now."""
    assert statuses(directory, *arguments) == expected


def test_replay_prints_what_list_prints(directory: Path) -> None:
    """The same table and the same JSON."""
    assert as_json(directory, "replay") == as_json(directory, "list")
    table = run_here(directory, "replay").out.splitlines()
    assert table[:-1] == run_here(directory, "list").out.splitlines()
    assert table[-1] == "as of event 15, 2026-03-03 12:03:00 (UTC)"


def test_diff_names_what_changed_by_job_and_field(directory: Path) -> None:
    """Between events, and as JSON."""
    report = as_json(directory, "diff", "5", "8")
    assert report["from"] == {"seq": 5, "at": "2026-03-02T12:00:00+00:00"}
    assert report["to"] == {"seq": 8, "at": "2026-03-02T12:03:00+00:00"}
    (late,) = report["jobs"]
    assert (late["job_id"], late["change"]) == ("late", "changed")
    assert late["fields"]["status"] == ["running", "completed"]
    assert late["fields"]["thread_id"] == [None, "id-late"]
    assert "content" not in late["fields"]


def test_diff_has_what_came_and_what_went(directory: Path) -> None:
    """Added with what it was, removed with what it had been; in the order of adding."""
    report = as_json(directory, "diff", "2026-03-02")
    assert [(job["job_id"], job["change"]) for job in report["jobs"]] == [
        ("edited", "changed"),
        ("broken", "added"),
    ]
    assert report["jobs"][0]["fields"]["content"] == ["edited", "better"]
    assert report["jobs"][1]["fields"]["error"] == [None, "token expired (190)"]
    (gone,) = as_json(directory, "diff", "14", "15")["jobs"]
    assert (gone["change"], gone["fields"]["content"]) == ("removed", ["gone", None])
    (gone,) = as_json(directory, "diff", "13", "14", "--job", "gone")["jobs"]
    assert gone["change"] == "added"


def test_diff_as_text_is_for_people(directory: Path) -> None:
    """Signs, arrows, and a closing line; the same backwards."""
    out = run_here(directory, "diff", "9", "10").out
    assert "~ edited" in out
    assert re.search(r"content\s+edited → better", out)
    assert out.endswith("1 job differs\n")
    assert re.search(r"content\s+better → edited", run_here(directory, "diff", "10", "9").out)
    assert run_here(directory, "diff", "15", "15").out.endswith("nothing changed\n")


def test_history_is_read_at_a_glance(directory: Path) -> None:
    """The date where a day begins, the wait before each step, the attempt, the reason; the end."""
    lines = [line.split() for line in run_here(directory, "history", "late").out.splitlines()]
    assert lines[1][:3] == ["2026-03-02", "12:00:00.000", "added"]
    assert lines[3][1:4] == ["+0", "ms", "retried"]
    assert "503" in lines[3]
    retried = next(line for line in lines if "started" in line and "2" in line)
    assert retried[:4] == ["12:03:00.000", "+3.0", "min", "started"]
    assert lines[-1][:3] == ["job", "late:", "completed,"]


def test_where_the_clock_went_back_history_says_so(directory: Path, clock: ManualClock) -> None:
    """In place of a time that is less than nothing; the order is that of the log."""
    jobs = directory.with_name("other")
    with Ledger(jobs, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now() + timedelta(hours=9), job_id="one")
        clock.advance(timedelta(minutes=2))
        ledger.hold_job("one")
        clock.advance(timedelta(hours=-5))
        ledger.release_job("one")
        clock.advance(timedelta(minutes=1))
        ledger.cancel_job("one")
    out = run_here(jobs, "history", "one").out
    rows = [line.split() for line in out.splitlines()]
    assert [row[1:4] for row in rows if {"held", "released", "cancelled"} & set(row[:4])] == [
        ["+2.0", "min", "held"], ["-5.0", "h", "released"], ["+1.0", "min", "cancelled"],
    ]  # fmt: skip
    assert "4 events over at least 3.0 min (the clock went back once: the order is that of" in out
    narrow = Terminal(jobs, "history", "one", columns=50, NO_COLOR="1")
    assert "released  -5.0 h" in narrow.rest()
    assert narrow.wait() == 0


def test_history_finds_removed_jobs_by_their_beginning_too(directory: Path) -> None:
    """And suggests the nearest of all that there ever were."""
    assert [event["type"] for event in as_json(directory, "history", "go")] == ["added", "removed"]
    assert "removed" in run_here(directory, "history", "gone").out.splitlines()[-1]
    assert "the nearest is 'gone'" in run_here(directory, "history", "gome").err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["replay", "--seq", "1", "--until", "now"], "not both"),
        (["replay", "--seq", "16"], "seq must be from 0 to 15, not 16"),
        (["replay", "--seq", "4", "--job", "edited"], "no job 'edited'"),
        (["replay", "--step"], "--step needs a terminal"),
        (["diff", "3", "soon"], "'soon' is not a time"),
        (["diff", "3", "99"], "seq must be from 0 to 15"),
        (["diff"], "Missing argument 'A'"),
    ],
)
def test_wrong_use_is_one_line(directory: Path, arguments: list[str], says: str) -> None:
    """Exit 2."""
    done = run_here(directory, *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert says in done.err


def test_a_damaged_log_gives_the_states_before_the_damage(directory: Path) -> None:
    """Exit 1 and where; a moment behind it is the last sound one."""
    path = sorted(directory.glob("events_*.jsonl"))[0]
    path.write_bytes(path.read_bytes().replace(b"HTTP 503", b"HTTP 200"))
    for arguments in (["--seq", "5"], ["--seq", "12"], ["--until", "2026-03-04"], []):
        done = run_here(directory, "replay", *arguments, "--json")
        jobs = {job["job_id"]: job["status"] for job in json.loads(done.out)}
        assert (done.code, jobs) == (1, {"plain": "completed", "late": "running"})
        assert f"{path}, line 7" in done.err
    for arguments in (["diff", "3", "12"], ["history", "late"], ["why", "late"]):
        done = run_here(directory, *arguments)
        assert (done.code, bool(done.out)) == (1, True)


def test_stepping_walks_event_by_event(directory: Path) -> None:
    """Forward, back, to the end; each step with what it changed."""
    terminal = Terminal(directory, "replay", "--step", "--job", "late", "--seq", "8")
    assert "event 4 of 15" in terminal.until("[q] quit")
    terminal.type("n")
    step = terminal.until("[q] quit")
    assert "event 5 of 15" in step
    assert "  by runner:" in step
    assert re.search(r"scheduled\S* ?→ \S*running", re.sub(r"\x1b\[[0-9;]*m", "", step))
    terminal.type("b")
    assert "event 4 of 15" in terminal.until("[q] quit")
    terminal.type("r")
    rest = terminal.until("the end")
    assert "event 8 of 15" in rest
    assert "event 9 of 15" not in rest
    assert terminal.wait() == 0


def test_stepping_ends_when_it_is_told_to(directory: Path) -> None:
    """With q."""
    terminal = Terminal(directory, "replay", "--step")
    terminal.until("[q] quit")
    terminal.type("q")
    assert terminal.wait() == 0


def test_as_of_is_the_same_from_the_library(directory: Path, clock: ManualClock) -> None:
    """The commands show what `as_of` gives."""
    with Ledger(directory, clock=clock) as ledger:
        for seq in range(16):
            jobs = [job.to_dict() for job in ledger.as_of(seq=seq).list_jobs()]
            assert as_json(directory, "replay", "--seq", str(seq)) == jobs
