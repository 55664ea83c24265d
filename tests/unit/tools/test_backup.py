"""The command `backup`: what it says, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import Ledger, ManualClock


@pytest.fixture
def jobs(directory: Path, clock: ManualClock) -> Path:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("mai", "text", clock.now())
    return directory


def test_it_says_what_the_copy_holds_and_the_copy_verifies(jobs: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    done = run_here(jobs, "backup", str(target))
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{target}: 1 events in 1 file, verified\n"
    assert run_here(target, "verify").code == 0


def test_machines_get_the_head_of_the_copy(jobs: Path, tmp_path: Path) -> None:
    done = run_here(jobs, "--json", "backup", str(tmp_path / "copy"))
    report = json.loads(done.out)
    assert report["events"] == 1
    verified = json.loads(run_here(tmp_path / "copy", "--json", "verify").out)
    assert verified["head"]["hash"] == report["hash"]


def test_a_second_one_to_the_same_place_is_refused(jobs: Path, tmp_path: Path) -> None:
    run_here(jobs, "backup", str(tmp_path / "copy"))
    done = run_here(jobs, "backup", str(tmp_path / "copy"))
    assert done.code == 2
    assert "is there already" in done.err


def test_of_a_damaged_ledger_there_is_none(jobs: Path, tmp_path: Path) -> None:
    [log] = jobs.glob("events_*")
    log.write_bytes(log.read_bytes().replace(b"text", b"texx"))
    done = run_here(jobs, "backup", str(tmp_path / "copy"))
    assert done.code == 1
    assert not (tmp_path / "copy").exists()
