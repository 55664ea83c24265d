"""Histories of many jobs for tests of what is derived from events: commands in, events out."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.eventstore import file_log

from jobledger import Event, JobPriority, ManualClock
from jobledger.domain.codec import encode_data
from jobledger.domain.job import commands as c
from jobledger.domain.job.decide import decide
from jobledger.domain.job.events import EventData, JobAdded, JobCompleted, JobStarted
from jobledger.eventstore.record import RECORDS, NewRecord
from jobledger.projections.board import Board

from .domain import NOON, new


class Histories:
    """The events of a ledger without its files; `now` is moved by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now
        self.events: list[Event] = []
        self.board = Board()

    def wait(self, **by: float) -> None:
        self.now += timedelta(**by)

    def add(self, job_id: str, **fields: Any) -> None:
        """Add a job that is due now unless told otherwise."""
        fields = {"scheduled_time": self.now} | fields
        self.do(job_id, c.Add(job_id=job_id, job=new(**fields)))

    def do(self, job_id: str, *commands: c.Command) -> None:
        """Decide on each command, and keep the events that follow."""
        for command in commands:
            job = self.board.get(job_id)
            for number, data in enumerate(decide(job, command, self.now), 1):
                event = Event(
                    seq=len(self.events) + 1,
                    at=self.now,
                    type=data.TYPE,
                    job_id=job_id,
                    version=(0 if job is None else job.version) + number,
                    data=data,
                )
                self.board.apply(event)
                self.events.append(event)

    def attempt(self, job_id: str, end: c.OfAttempt, *, runs_s: float = 0.0) -> None:
        """Start the next attempt now and end it so many seconds later, whatever its number."""
        self.do(job_id, c.Start())
        self.wait(seconds=runs_s)
        number = self.board.jobs[job_id].attempt
        self.do(job_id, type(end)(**{**_fields(end), "attempt": number}))


def _fields(command: c.Command) -> dict[str, Any]:
    return {name: getattr(command, name) for name in command.__struct_fields__}


def closed(directory: Path, jobs: int, *, at_once: int = 50) -> None:
    """So many more jobs that came and went, three events each, all on one day of a log on disk."""
    clock = ManualClock(NOON)
    store = file_log(directory, clock=clock.now, form=RECORDS, durability="none")
    store.refresh()
    begin = len(store.jobs())
    for first in range(begin, begin + jobs, at_once):
        ids = [f"job-{number:06d}" for number in range(first, first + at_once)]
        at = NOON + timedelta(seconds=first)
        for version, data in enumerate((_added(at), _STARTED, _COMPLETED), 1):
            store.append([_record(job_id, version, data) for job_id in ids])
    store.close()


_STARTED = JobStarted(attempt=1, reconcilable=False)
_COMPLETED = JobCompleted(attempt=1, thread_id="17890")


def _added(at: datetime) -> EventData:
    return JobAdded(
        account_id="a",
        content="xin chào các bạn, hôm nay trời đẹp",
        scheduled_time=at,
        priority=JobPriority.NORMAL,
        max_retries=3,
        platform="threads",
    )


def _record(job_id: str, version: int, data: EventData) -> NewRecord:
    return NewRecord(
        type=data.TYPE, job_id=job_id, version=version, schema=1, data=encode_data(data)
    )
