"""Histories of many jobs for tests of what is derived from events: commands in, events out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from jobledger import Event
from jobledger.domain import commands as c
from jobledger.domain.decide import decide
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
