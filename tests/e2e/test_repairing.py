"""`jobledger repair` as somebody with a damaged ledger uses it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import run_here
from support.eventstore import contents

from jobledger import Ledger, ManualClock, Scheduler


@pytest.fixture
def damaged(directory: Path, clock: ManualClock) -> Path:
    """Six events on two days; the fourth is damaged."""
    with Ledger(directory, clock=clock) as ledger:
        for n in range(4):
            ledger.add_job("a", f"post {n}", clock.now(), job_id=f"job-{n}", hold=True)
        clock.advance(timedelta(days=1))
        ledger.release_job("job-0")
        ledger.cancel_job("job-3", "no")
    path = directory / "events_2026-03-02.jsonl"
    path.write_bytes(path.read_bytes().replace(b"post 3", b"post 9"))
    return directory


def test_without_consent_it_names_what_would_go_and_changes_nothing(damaged: Path) -> None:
    """Exit code 1, and the way on."""
    before = contents(damaged)
    done = run_here(damaged, "repair")
    assert done.code == 1
    lines = done.out.splitlines()
    assert "line 5" in lines[0]
    assert lines[1] == "sound: 3 events"
    assert lines[2].startswith("goes: events_2026-03-02.jsonl from line 5, byte ")
    assert lines[3].startswith("goes: events_2026-03-03.jsonl from line 1, byte 0: ")
    assert lines[4:] == [
        "goes: job job-0: 5 released",
        "goes: job job-3: 6 cancelled",
        "goes: 1 more events, which cannot be read",
    ]
    assert "--accept-loss" in done.err
    assert contents(damaged) == before


def test_with_consent_the_ledger_can_be_used_again(damaged: Path) -> None:
    """The repair is on record, and so are the daily files brought up."""
    assert run_here(damaged, "cancel", "job-0").code == 1
    done = run_here(damaged, "repair", "--accept-loss")
    assert done.code == 0, done.err
    assert "what went is kept in" in done.out
    assert run_here(damaged, "cancel", "job-0").code == 0
    verified = run_here(damaged, "verify")
    assert verified.code == 0, verified.out
    assert "note: " in verified.err
    assert "begun by a repair" in verified.err
    audited = run_here(damaged, "audit")
    assert audited.code == 0
    assert "repaired on" in audited.err
    assert "post 3" not in (damaged / "jobs_2026-03-02.json").read_text()
    assert run_here(damaged, "repair").out.startswith("nothing to repair")


def test_a_runner_is_not_repaired_beneath(directory: Path, clock: ManualClock) -> None:
    """It has to be stopped first."""
    with Scheduler(directory, clock=clock):
        done = run_here(directory, "repair", "--accept-loss")
        assert done.code == 2
        assert "stop it" in done.err


def test_as_json_it_is_one_object(damaged: Path) -> None:
    """For a program that decides."""
    import json

    found = json.loads(run_here(damaged, "repair", "--json").out)
    assert (found["sound"]["seq"], found["lost_to"], found["repaired"]) == (3, 6, False)
    assert [event["job"] for event in found["events"]] == ["job-0", "job-3"]
    assert json.loads(run_here(damaged, "repair", "--accept-loss", "--json").out)["repaired"]
    assert json.loads(run_here(damaged, "repair", "--json").out) == {
        "damage": None,
        "repaired": False,
    }
