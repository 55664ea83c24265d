"""Ledgers of any size to measure with: every job is added, started and completed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobledger import JobPriority, ManualClock
from jobledger.domain.events import EventData, JobAdded, JobCompleted, JobStarted, encode_data
from jobledger.eventstore.jsonl import JsonlEventStore
from jobledger.eventstore.record import NewRecord

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_AT_ONCE = 500
_STEP = timedelta(minutes=5)


def lived(directory: Path, events: int) -> None:
    """A ledger of about so many events in `directory`: jobs that came and went, day after day."""
    clock = ManualClock(BEGIN)
    store = JsonlEventStore(directory, clock=clock.now, durability="none")
    store.refresh()
    jobs = events // 3
    for first in range(0, jobs, _AT_ONCE):
        ids = [f"job-{number:07d}" for number in range(first, min(first + _AT_ONCE, jobs))]
        store.append([_record(job, 1, _added(job, clock.now())) for job in ids])
        clock.advance(_STEP)
        store.append([_record(job, 2, JobStarted(attempt=1, reconcilable=False)) for job in ids])
        clock.advance(_STEP)
        store.append([_record(job, 3, JobCompleted(attempt=1, thread_id="17890")) for job in ids])
    store.close()


def _added(job: str, at: datetime) -> JobAdded:
    return JobAdded(
        account_id=f"account-{int(job[4:]) % 7}",
        content=f"Post {job}: xin chào các bạn, hôm nay trời đẹp",
        scheduled_time=at,
        priority=JobPriority.NORMAL,
        max_retries=3,
        platform="threads",
    )


def _record(job: str, version: int, data: EventData) -> NewRecord:
    return NewRecord(type=data.TYPE, job_id=job, version=version, schema=1, data=encode_data(data))
