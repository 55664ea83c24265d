"""How many jobs there are, without looking at them."""

from __future__ import annotations

from pathlib import Path

from jobledger import JobStatus, Ledger, ManualClock


def test_counting_looks_through_nothing(directory: Path, clock: ManualClock) -> None:
    """The board knows how many there are: every state, also those of no job."""
    with Ledger(directory, clock=clock) as ledger:
        assert ledger.counts() == dict.fromkeys(JobStatus, 0)
        ids = [ledger.add_job("mai", "text", clock.now()) for _ in range(5)]
        ledger.hold_job(ids[0])
        ledger.cancel_job(ids[1])
        ledger.remove_job(ids[2])
        counts = ledger.counts()
        view = ledger.as_of(3)
    assert {status: count for status, count in counts.items() if count} == {
        JobStatus.PENDING: 1, JobStatus.CANCELLED: 1, JobStatus.SCHEDULED: 2,
    }  # fmt: skip
    assert view.counts()[JobStatus.SCHEDULED] == 3
