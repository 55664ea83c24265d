"""A program that reads the log: each kind of event has its own data, told apart by its class."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never, assert_type

from jobledger import (
    Event,
    EventData,
    Imported,
    JobAdded,
    JobCancelled,
    JobCheckpointed,
    JobCompleted,
    JobDeferred,
    JobEdited,
    JobExpired,
    JobFailed,
    JobHeld,
    JobInterrupted,
    JobNoted,
    JobPriority,
    JobReleased,
    JobRemoved,
    JobRequeued,
    JobRescheduled,
    JobResolved,
    JobRetried,
    JobStarted,
    JobStatus,
    ManualClock,
    PostResult,
    ScheduleAdded,
    ScheduleEdited,
    ScheduleEnded,
    SchedulePaused,
    SchedulePlanned,
    Scheduler,
    ScheduleResumed,
    ScheduleSkipped,
    SlotsSet,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def looks_at(event: Event) -> None:
    assert_type((event.seq, event.version), tuple[int, int])
    assert_type((event.at, event.by), tuple[datetime, str | None])
    assert_type((event.job_id, event.type, event.data.TYPE), tuple[str, str, str])
    assert_type(event.to_dict(), dict[str, Any])


def words_for(data: EventData) -> str | None:
    """Say what some of them tell."""
    match data:
        case JobCheckpointed(name=name):
            return name
        case JobFailed(error=error):
            return error
        case _:
            return None


def tells(event: Event) -> object:
    """Return what each of them tells: a new kind would have a type checker name this place."""
    data = event.data
    match data:
        case JobAdded(account_id=account, scheduled_time=when, imported=imported):
            assert_type((account, when), tuple[str, datetime])
            assert_type((data.priority, data.hold), tuple[JobPriority, bool])
            assert_type(data.metadata, dict[str, Any])
            assert_type(imported, Imported | None)
            return None if imported is None else imported.source
        case JobEdited(content=content):
            return content if isinstance(content, str) else "the same text"
        case JobRescheduled(scheduled_time=when) | JobRequeued(scheduled_time=when):
            assert_type(when, datetime)
            return when
        case JobDeferred(until=until, reason=reason):
            assert_type((until, reason), tuple[datetime, str])
            return until
        case JobStarted(attempt=attempt, runner=runner):
            assert_type((attempt, runner), tuple[int, str | None])
            assert_type((data.reconcilable, data.asks_first), tuple[bool, bool])
            return runner
        case JobNoted(attempt=attempt, message=message):
            assert_type((attempt, message), tuple[int, str])
            return message
        case JobCheckpointed(attempt=attempt, name=name):
            assert_type((attempt, name), tuple[int, str])
            return name
        case JobCompleted(thread_id=thread_id, found=found):
            assert_type((thread_id, found), tuple[str | None, bool | None])
            assert_type((data.asked_about, data.remark), tuple[int | None, str | None])
            return thread_id
        case JobRetried(error=error, scheduled_time=again):
            assert_type((error, again), tuple[str, datetime])
            assert_type((data.retry_count, data.called), tuple[int, bool])
            return again
        case JobFailed(error=error, outcome_unknown=unknown):
            assert_type((error, unknown), tuple[str, bool])
            return error
        case JobInterrupted(error=error, scheduled_time=perhaps):
            assert_type((error, perhaps), tuple[str, datetime | None])
            assert_type((data.status, data.in_doubt), tuple[JobStatus, bool])
            return perhaps
        case JobCancelled(reason=reason, in_doubt=in_doubt):
            assert_type((reason, in_doubt), tuple[str, bool])
            return reason
        case JobResolved(posted=posted, thread_id=thread_id):
            assert_type((posted, thread_id), tuple[bool, str | None])
            return posted
        case JobExpired(late_s=late_s):
            assert_type(late_s, float)
            return late_s
        case JobHeld() | JobReleased() | JobRemoved():
            return data.TYPE
        case ScheduleAdded(definition=definition) | ScheduleEdited(definition=definition):
            assert_type((definition.account_id, definition.zone), tuple[str, str])
            return definition.content
        case SchedulePlanned(until=planned_until, made=made, missed=missed):
            assert_type((planned_until, made, missed), tuple[datetime, int, int])
            return planned_until
        case ScheduleSkipped(occurrence=occurrence, at=skipped_at):
            assert_type((occurrence, skipped_at), tuple[str, datetime])
            return occurrence
        case ScheduleEnded(note=note):
            assert_type(note, str)
            return data.reason
        case SchedulePaused() | ScheduleResumed():
            return data.TYPE
        case SlotsSet(week=week, zone=zone):
            assert_type((week, zone), tuple[dict[str, tuple[str, ...]], str])
            return week
        case _:
            assert_never(data)


def was_found(event: Event[JobCompleted]) -> bool | None:
    """Take an event of which it is known what it tells."""
    assert_type(event.data, JobCompleted)
    return event.data.found


def accounts(events: Iterable[Event]) -> list[str]:
    return [event.data.account_id for event in events if isinstance(event.data, JobAdded)]


async def first_to_come(scheduler: Scheduler) -> Event:
    """Watch in an event loop; whoever has enough says so."""
    assert_type(scheduler.awatch(), AsyncGenerator[Event, None])
    async with aclosing(scheduler.awatch(0)) as events:
        iterator: AsyncIterator[Event] = events
        return await anext(iterator)


def main(directory: Path) -> None:
    with Scheduler(directory, clock=ManualClock(NOON)) as scheduler:
        job_id = scheduler.add_job("mai", "Xin chào", NOON)
        scheduler.edit_job(job_id, content="Chào")
        scheduler.run_due(lambda account_id, content: PostResult(True, "17"))
        for event in scheduler.events():
            looks_at(event)
            print(tells(event), words_for(event.data))
        assert accounts(scheduler.events()) == ["mai"]
        watched: Iterator[Event] = scheduler.watch(after=0)
        assert_type(scheduler.watch(), Generator[Event, None, None])
        assert next(watched) == asyncio.run(first_to_come(scheduler))
