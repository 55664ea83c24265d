"""Ledgers of any size to measure with, made as fast as they can be written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobledger import JobPriority, ManualClock
from jobledger.domain.codec import encode_data
from jobledger.domain.job.events import (
    EventData,
    JobAdded,
    JobCompleted,
    JobEdited,
    JobFailed,
    JobStarted,
)  # fmt: skip
from jobledger.eventstore.engines.files.engine import FileEngine
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.record import RECORDS, NewRecord, Record

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_AT_ONCE = 500
_STEP = timedelta(minutes=5)
_DAY = timedelta(days=1)
_FAR = timedelta(days=3650)


def lived(directory: Path, events: int) -> datetime:
    """Make a ledger of about so many events in `directory`: jobs that came and went, day after day.

    Answers with the time at its end, for a clock to go on from.
    """
    clock, store = _store(directory)
    _came_and_went(store, clock, 0, events // 3, _STEP)
    store.close()
    return clock.now()


def lived_for_days(directory: Path, jobs: int, days: int) -> datetime:
    """Make a ledger of so many jobs that came and went, as many on each of so many days."""
    clock, store = _store(directory)
    for day in range(days):
        first, last = day * jobs // days, (day + 1) * jobs // days
        begin = clock.now()
        steps = 2 * -(-(last - first) // _AT_ONCE)
        _came_and_went(store, clock, first, last, min(_STEP, _DAY / (steps + 1)))
        clock.advance(begin + _DAY - clock.now())
    store.close()
    return clock.now()


def mixed(directory: Path, jobs: int, *, waiting: int) -> datetime:
    """Make a ledger of so many jobs, of which so many wait, one for each minute from ten years on.

    All others came and went.
    """
    clock, store = _store(directory)
    _came_and_went(store, clock, 0, jobs - waiting, _STEP)
    wait(store, jobs - waiting, waiting)
    store.close()
    return clock.now()


def busy(directory: Path, jobs: int, *, edits: int, jobs_a_day: int = 1000) -> datetime:
    """Make a ledger of so many jobs, each with so many edits, then started and posted: one in a
    hundred is not, and one in five hundred nobody knows of."""
    clock, store = _store(directory)
    step = _DAY / (jobs_a_day / _AT_ONCE * (edits + 3) + 1)
    for begin in range(0, jobs, _AT_ONCE):
        ids = [_id(number) for number in range(begin, min(begin + _AT_ONCE, jobs))]
        due = clock.now() + step * (edits + 2)
        lives: list[list[EventData]] = [
            [
                _added(job, due),
                *(JobEdited(content=f"{content_of(job)}, {n}. bản nháp") for n in range(edits)),
                JobStarted(attempt=1, reconcilable=False),
                _end(begin + number),
            ]
            for number, job in enumerate(ids)
        ]
        for version in range(edits + 3):
            store.append(
                [
                    _record(job, version + 1, life[version])
                    for job, life in zip(ids, lives, strict=True)
                ]
            )
            clock.advance(step)
    store.close()
    return clock.now()


def _end(number: int) -> EventData:
    if number % 500 == 0:
        return JobFailed(attempt=1, error="no answer", outcome_unknown=True)
    if number % 100 == 0:
        return JobFailed(attempt=1, error="rate limited")
    return JobCompleted(attempt=1, thread_id="17890")


def wait(store: EventLog[Record], first: int, count: int) -> None:
    """So many more jobs, numbered from `first`, that wait."""
    for begin in range(first, first + count, _AT_ONCE):
        numbers = range(begin, min(begin + _AT_ONCE, first + count))
        store.append(
            [
                _record(_id(n), 1, _added(_id(n), BEGIN + _FAR + timedelta(minutes=n)))
                for n in numbers
            ]
        )


def more_events(directory: Path, events: int) -> None:
    """So many events after the end of a ledger: what a snapshot that was saved knows nothing of."""
    _, store = _store(directory)
    wait(store, 50_000_000, events)
    store.close()


def content_of(job: str) -> str:
    """Return the text of a job."""
    return f"Post {job}: xin chào các bạn, hôm nay trời đẹp"


def _store(directory: Path) -> tuple[ManualClock, EventLog[Record]]:
    clock = ManualClock(BEGIN)
    engine = FileEngine(directory, clock=clock.now, durability="none")
    store = EventLog(engine, clock=clock.now, form=RECORDS, durability="none")
    store.refresh()
    return clock, store


def _came_and_went(
    store: EventLog[Record], clock: ManualClock, first: int, last: int, step: timedelta
) -> None:
    for begin in range(first, last, _AT_ONCE):
        ids = [_id(number) for number in range(begin, min(begin + _AT_ONCE, last))]
        now = clock.now()
        store.append([_record(job, 1, _added(job, now)) for job in ids])
        clock.advance(step)
        store.append([_record(job, 2, JobStarted(attempt=1, reconcilable=False)) for job in ids])
        clock.advance(step)
        store.append([_record(job, 3, JobCompleted(attempt=1, thread_id="17890")) for job in ids])


def _id(number: int) -> str:
    return f"job-{number:07d}"


def _added(job: str, at: datetime) -> JobAdded:
    return JobAdded(
        account_id=f"account-{int(job[4:]) % 7}",
        content=content_of(job),
        scheduled_time=at,
        priority=JobPriority.NORMAL,
        max_retries=3,
        platform="threads",
    )


def _record(job: str, version: int, data: EventData) -> NewRecord:
    return NewRecord(type=data.TYPE, job_id=job, version=version, schema=1, data=encode_data(data))
