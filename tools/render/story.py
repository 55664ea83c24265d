"""What has happened to a job, and the words for moments, people and jobs that it is told in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from ...domain import EXPIRE_AFTER, Event, ScheduledJob
from ...domain import events as e
from .timeline import span


class Surroundings(msgspec.Struct, kw_only=True):
    """What an answer depends on besides the job's own events.

    `ahead` are the due jobs that go first, `running` those that run now; `runner` is the pid of the
    process that runs jobs, None where there is none. `same_text` are the account's other jobs with
    the same content.
    """

    now: datetime
    zone: ZoneInfo
    ahead: Sequence[ScheduledJob] = ()
    running: Sequence[ScheduledJob] = ()
    runner: int | None = None
    same_text: Sequence[ScheduledJob] = ()
    expire_after: timedelta = EXPIRE_AFTER


class Story:
    """All the events of a job, oldest first, and what is around it; no `job`: it was removed."""

    def __init__(
        self, job: ScheduledJob | None, events: Sequence[Event], around: Surroundings
    ) -> None:
        self.job = job
        self.events = events
        self.around = around

    def at(self, moment: datetime) -> str:
        """Show a moment as the ledger's clock shows it."""
        return f"{moment.astimezone(self.around.zone):%Y-%m-%d %H:%M:%S}"

    def ago(self, moment: datetime) -> str:
        """Say when something was, or will be, and how far that is from now."""
        distance = self.around.now - moment
        told = f"in {span(-distance)}" if distance < timedelta(0) else f"{span(distance)} ago"
        return f"at {self.at(moment)} ({told})"

    def by(self, event: Event | None) -> str:
        """Say who did it; empty where the log does not know."""
        return "" if event is None or event.by is None else f" by {event.by}"

    def person(self, event: Event) -> str:
        """Begin a sentence with somebody who said something, by name where the log has it."""
        return "A person" if event.by is None else f"A person ({event.by})"

    def last(self, *kinds: type[e.EventData]) -> Event | None:
        """Return the latest event of these kinds."""
        return next((ev for ev in reversed(self.events) if isinstance(ev.data, kinds)), None)

    def was_running_before(self, event: Event) -> bool:
        """Return whether an attempt was under way when this happened."""
        last = None
        for ev in self.events:
            if ev.seq >= event.seq:
                break
            if isinstance(ev.data, e.JobNoted | e.JobCheckpointed):
                continue
            last = ev
        return last is not None and isinstance(last.data, e.JobStarted)


def names(jobs: Sequence[ScheduledJob]) -> str:
    """Name the first three of these jobs, and say how many more there are."""
    told = ", ".join(job.job_id for job in jobs[:3])
    return told if len(jobs) <= 3 else f"{told} and {len(jobs) - 3} more"


def plural(things: Sequence[object]) -> str:
    """Return the ending of a noun for so many."""
    return "" if len(things) == 1 else "s"
