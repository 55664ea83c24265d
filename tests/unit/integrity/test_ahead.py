"""Derived files that are ahead of the log: the sign that its end was cut off, and no fault of
theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import Ledger, ManualClock, StorageError


@pytest.fixture
def cut(directory: Path, clock: ManualClock) -> Path:
    """A ledger whose last event was cut off at its line's end, and HEAD with it."""
    with Ledger(directory, clock=clock) as ledger:
        for n in range(3):
            ledger.add_job("a", f"text {n}", clock.now(), job_id=f"job-{n}")
    [log] = directory.glob("events_*")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    (directory / "HEAD").unlink()
    return directory


def test_verify_tells_it_as_the_sign_of_a_cut_log(cut: Path) -> None:
    with Ledger(cut, read_only=True) as ledger:
        problems = ledger.verify().problems
    assert [problem.kind for problem in problems] == ["ahead", "projection"]
    assert "stand for event 3, and the log ends at event 2" in problems[0].message
    assert "restore the log from a copy" in problems[0].message
    assert all("Ledger.rebuild()" not in problem.message for problem in problems)


def test_rebuilding_does_not_destroy_the_evidence(cut: Path, clock: ManualClock) -> None:
    [day] = cut.glob("jobs_*.json")
    evidence = day.read_bytes()
    with Ledger(cut, clock=clock) as ledger:
        with pytest.raises(StorageError, match="its end was cut off") as raised:
            ledger.rebuild()
        assert "accept_loss" in str(raised.value.hint)
    assert day.read_bytes() == evidence
    assert b"job-2" in evidence


def test_whoever_accepts_the_loss_goes_on(cut: Path, clock: ManualClock) -> None:
    assert run_here(cut, "rebuild").code == 2
    assert run_here(cut, "rebuild", "--accept-loss").code == 0
    assert run_here(cut, "verify").code == 0
    with Ledger(cut, clock=clock) as ledger:
        assert [job.job_id for job in ledger.list_jobs()] == ["job-0", "job-1"]
