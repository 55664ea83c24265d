"""What is decided on a schedule holds for all of its jobs, whatever others do at that moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.domain import NOON

from jobledger import At, JobStatus, Ledger, ManualClock
from jobledger.eventstore import Cursor, Write
from jobledger.eventstore.engines import MemoryEngine


def test_a_job_that_begins_to_wait_while_its_schedule_is_paused_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was none of those that wait when that was decided, so no version of it was looked at."""
    clock = ManualClock(NOON)
    with (
        Ledger("memory:races", clock=clock) as ledger,
        Ledger("memory:races", clock=clock) as other,
    ):
        ledger.add_schedule("daily", At(("18:00",)), account_id="shop", content="text")
        first = ledger.list_jobs(order="time")[0].job_id
        ledger.cancel_job(first)
        engine = ledger._engine
        assert isinstance(engine, MemoryEngine)
        append = engine.append

        def overtaken(write: Write, *, after: Cursor, then: Cursor) -> bool:
            monkeypatch.undo()
            other.requeue_job(first, NOON + timedelta(hours=1))
            return append(write, after=after, then=then)

        monkeypatch.setattr(engine, "append", overtaken)
        ledger.pause_schedule("daily")
        assert ledger.get_job(first).status is JobStatus.PENDING
        assert not ledger.list_jobs(status=JobStatus.SCHEDULED)
