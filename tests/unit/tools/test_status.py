"""`status`: the one look."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.cli import run_here
from support.terminal import Terminal

from jobledger import Ledger, ManualClock, OutcomeUnknown, PostResult, Scheduler
from jobledger.domain import commands

KEYS = {
    "place", "moved_from", "zone", "now", "runner", "next", "overdue", "oldest", "held", "tokens",
    "lacking", "failed", "unknown", "counts", "events", "last_event_at", "disk_free_bytes",
    "damage", "media_bytes", "sealed",
}  # fmt: skip


@pytest.fixture
def clock() -> ManualClock:
    """Make a clock that stands an hour before now: `status` looks at the real one."""
    return ManualClock(datetime.now(UTC) - timedelta(hours=1))


@pytest.fixture
def jobs(directory: Path, clock: ManualClock) -> Path:
    """Two that are overdue, one to come, one failed, one of unknown outcome, one posted."""

    def publish(account_id: str, content: str) -> PostResult:
        if content == "unknown":
            raise OutcomeUnknown("read timeout")
        return PostResult(content == "good", error="refused", retryable=False)

    with Scheduler(
        directory, clock=clock, timezone="Asia/Ho_Chi_Minh", on_interrupted="fail"
    ) as scheduler:
        for content in ("good", "bad", "unknown"):
            scheduler.add_job("mai", content, clock.now(), job_id=content)
        scheduler.run_due(publish)
        scheduler.add_job("lan", "second", clock.now() + timedelta(minutes=9), job_id="second")
        scheduler.add_job("mai", "first", clock.now() + timedelta(minutes=5), job_id="first")
        scheduler.add_job("lan", "coming", clock.now() + timedelta(hours=3), job_id="coming")
        scheduler.add_job("lan", "later", clock.now() + timedelta(hours=9), job_id="later")
    return directory


def test_everything_is_in_one_object(jobs: Path, clock: ManualClock) -> None:
    """With the times as instants, and every state counted."""
    done = run_here(jobs, "status", "--json")
    found = json.loads(done.out)
    assert (done.code, done.err, set(found)) == (0, "", KEYS)
    assert (found["place"], found["zone"]) == (str(jobs), "Asia/Ho_Chi_Minh")
    assert found["counts"] == {
        "pending": 0, "scheduled": 4, "running": 0, "completed": 1, "failed": 2, "cancelled": 0,
        "expired": 0,
    }  # fmt: skip
    assert (found["failed"], found["unknown"], found["overdue"]) == (2, 1, 2)
    assert found["oldest"]["job_id"] == "first"
    assert (found["next"]["job_id"], found["next"]["account_id"]) == ("coming", "lan")
    assert datetime.fromisoformat(found["next"]["scheduled_time"]) == clock.now() + timedelta(
        hours=3
    )
    assert datetime.fromisoformat(found["last_event_at"]) == clock.now()
    assert (found["events"], found["runner"], found["damage"]) == (13, None, None)
    assert found["disk_free_bytes"] > 0
    assert found["sealed"] is None


def test_a_person_sees_what_needs_one(jobs: Path) -> None:
    """The same in lines, with what follows from it."""
    out = run_here(jobs, "status").out
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert list(lines) == [
        "place", "zone", "runner", "next", "overdue", "failed", "unknown", "jobs", "log", "disk",
    ]  # fmt: skip
    assert lines["runner"] == "none: nothing goes out"
    assert re.search(r", in (2 hours|1[01]\d minutes|120 minutes): coming of lan$", lines["next"])
    assert lines["overdue"].startswith("2, the oldest due ")
    assert lines["overdue"].endswith(" 55 minutes ago: first of mai")
    assert lines["unknown"] == "1: the posts may be out; `resolve` or `requeue` them"
    assert lines["jobs"] == "7: 4 scheduled, 1 completed, 2 failed"
    assert lines["log"].startswith("13 events, the last ")


def test_it_counts_the_posts_that_lack_something(jobs: Path) -> None:
    """As their publisher said ahead of their time."""
    with Scheduler(jobs) as scheduler:
        scheduler._handler.change("coming", commands.Foretell(reason="there is no picture"))
    assert json.loads(run_here(jobs, "status", "--json").out)["lacking"] == 1
    said = "lacking  1: something they need cannot be had, see `why`"
    assert said in run_here(jobs, "status").out


def test_a_ledger_in_which_nothing_is_says_so(directory: Path) -> None:
    Ledger(directory).close()
    out = run_here(directory, "status").out
    for said in (
        "none\n",
        "nothing is planned",
        "overdue  0",
        "jobs     0\n",
        "log      0 events\n",
    ):
        assert said in out


def test_the_runner_is_named_with_when_it_began(jobs: Path) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)
    with Scheduler(jobs):
        found = json.loads(run_here(jobs, "status", "--json").out)
        assert f"process {os.getpid()}, since " in run_here(jobs, "status").out
    assert found["runner"]["pid"] == os.getpid()
    assert began < datetime.fromisoformat(found["runner"]["since"]) < datetime.now(UTC)


def test_damage_that_is_met_is_said_and_is_exit_1(jobs: Path) -> None:
    """What is sound before it is counted."""
    path = next(jobs.glob("events_*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b'"coming"', b'"cominG"'))
    for cache in jobs.glob("snapshot*"):
        cache.unlink()
    done = run_here(jobs, "status", "--json")
    assert done.code == 1
    assert "hash" in json.loads(done.out)["damage"]
    assert "damage   " in run_here(jobs, "status").out


def test_it_fits_a_narrow_terminal(jobs: Path) -> None:
    """What is longer goes on beneath where it began."""
    terminal = Terminal(jobs, "status", columns=40, NO_COLOR="1")
    lines = terminal.rest().splitlines()
    assert terminal.wait() == 0
    assert max(map(len, lines)) <= 40
    assert any(line.startswith(" " * 9) for line in lines)
    coloured = Terminal(jobs, "status", columns=100)
    assert "\x1b[31m\x1b[1m1: the posts may be out" in coloured.rest()
    assert coloured.wait() == 0


@pytest.fixture
def sealed(jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a seal of today, just now."""
    pytest.importorskip("cryptography")
    monkeypatch.chdir(tmp_path)
    run_here(jobs, "seal", "--new-key", "seals")
    assert run_here(jobs, "seal", "--key", "seals", "--today").code == 0
    return jobs


def seal_of(jobs: Path) -> Path:
    *_, newest = sorted(jobs.glob("seal_*.json"))
    return newest


def test_a_seal_says_when_the_log_was_last_verified(sealed: Path) -> None:
    """And how far: what came after that, it says nothing of."""
    told = json.loads(seal_of(sealed).read_text("utf-8"))
    with Ledger(sealed) as ledger:
        ledger.cancel_job("later")
    found = json.loads(run_here(sealed, "status", "--json").out)
    assert (found["sealed"]["seq"], found["events"]) == (13, 14)
    assert found["sealed"]["day"] == told["day"]
    assert datetime.fromisoformat(found["sealed"]["sealed_at"]) == datetime.fromisoformat(
        told["sealed_at"]
    )
    assert "sealed   up to event 13; verified for that " in run_here(sealed, "status").out


def test_a_seal_of_what_the_log_lacks_is_said(sealed: Path) -> None:
    """Its end was cut off, or somebody has put another log there: nothing is said to be well."""
    path = seal_of(sealed)
    seal = json.loads(path.read_text("utf-8")) | {"seq": 40}
    path.write_text(json.dumps(seal), "utf-8")
    out = run_here(sealed, "status").out
    assert "sealed   up to event 40, which the log lacks: `verify` it; verified for that " in out


@pytest.mark.parametrize("other", [{"ledger": "0" * 32}, {"day": "2020-01-01"}, {"seq": "x"}])
def test_a_seal_of_something_else_says_nothing(sealed: Path, other: dict[str, str]) -> None:
    """Nor one that cannot be read; what is wrong with it, `verify` says."""
    path = seal_of(sealed)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | other), "utf-8")
    done = run_here(sealed, "status", "--json")
    assert (done.code, json.loads(done.out)["sealed"]) == (0, None)
