"""What has happened to a job, and the sentences for moments, people and jobs that it is told in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

import msgspec

from ..domain import EXPIRE_AFTER, Event, EventData, JobEvent, ScheduledJob
from ..domain import events as e
from .sentence import Fact, Sentence, say


class Surroundings(msgspec.Struct, kw_only=True):
    """What an answer depends on besides the job's own events.

    `ahead` is how many due jobs go first, and `first` the first of them; `running` are those that
    run now; `runner` is the pid of the process that runs jobs, None where there is none. With
    `is_past` nobody knows whether there was one. `same_text` are the account's other jobs with the
    same content.
    """

    now: datetime
    zone: tzinfo
    ahead: int = 0
    first: ScheduledJob | None = None
    running: Sequence[ScheduledJob] = ()
    runner: int | None = None
    is_past: bool = False
    same_text: Sequence[ScheduledJob] = ()
    expire_after: timedelta = EXPIRE_AFTER


def ago(moment: datetime, now: datetime) -> Sentence:
    """Say when something was, or will be, and how far that is from now."""
    distance = now - moment
    if distance < timedelta(0):
        return say("at {moment} (in {span})", moment=moment, span=-distance)
    return say("at {moment} ({span} ago)", moment=moment, span=distance)


class Story:
    """All the events of a job, oldest first, and what is around it; no `job`: it was removed."""

    def __init__(
        self, job: ScheduledJob | None, events: Sequence[Event[JobEvent]], around: Surroundings
    ) -> None:
        self.job = job
        self.events = events
        self.around = around

    def ago(self, moment: datetime) -> Sentence:
        """Say when something was, or will be, and how far that is from now."""
        return ago(moment, self.around.now)

    def by(self, event: Event | None) -> Fact:
        """Say who did it; empty where the log does not know."""
        return "" if event is None or event.by is None else say(" by {who}", who=event.by)

    def person(self, event: Event) -> Sentence:
        """Begin a sentence with somebody who said something, by name where the log has it."""
        return say("A person") if event.by is None else say("A person ({who})", who=event.by)

    def last(self, *kinds: type[EventData]) -> Event[JobEvent] | None:
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


def names(jobs: Sequence[ScheduledJob]) -> Fact:
    """Name the first three of these jobs, and say how many more there are."""
    told = ", ".join(job.job_id for job in jobs[:3])
    return told if len(jobs) <= 3 else say("{jobs} and {more} more", jobs=told, more=len(jobs) - 3)
