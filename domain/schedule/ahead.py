"""What comes of a schedule: its occurrences, their ids and times, and how far ahead they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from ..job.origin import FromSchedule
from ..job.state import JobStatus, ScheduledJob
from .local_time import ZoneClock
from .recurrence import Occurrence, Recurrence
from .rules import Every, local_fields
from .state import HORIZON, MOST_AHEAD, Schedule, ScheduleDefinition, ScheduleStatus

_A_DAY = timedelta(days=1)
STEP = _A_DAY
"""So far the horizon may fall behind before it is worth a write."""
_WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)


class Ahead(NamedTuple):
    """An occurrence with the id of its job, and when that is due: a little later by `jitter`."""

    occurrence: Occurrence
    name: str
    job_id: str
    at: datetime


def occurrence_name(occurrence: Occurrence) -> str:
    """Return the local time of an occurrence as its job's id has it: `YYYYMMDDTHHMM[SS][b]`, `b`
    for the second of two that clocks show."""
    local = occurrence.local
    seconds = f"{local:%S}" if local.second else ""
    return f"{local:%Y%m%dT%H%M}{seconds}{'b' if local.fold else ''}"


def occurrences(
    schedule_id: str, definition: ScheduleDefinition, clock: ZoneClock, after: datetime
) -> Iterator[Ahead]:
    """Yield what comes of a schedule behind a moment, in order, up to its `until`."""
    recurrence = Recurrence(definition.rule, clock, gap=definition.gap, fold=definition.fold)
    for occurrence in recurrence.after(after):
        if definition.until is not None and occurrence.local > definition.until:
            return
        name = occurrence_name(occurrence)
        job_id = f"{schedule_id}.{name}"
        yield Ahead(occurrence, name, job_id, occurrence.at + jitter(definition, job_id))


def jitter(definition: ScheduleDefinition, job_id: str) -> timedelta:
    """Return how much later than its occurrence a job is due: a number made of its id."""
    if not definition.jitter_s:
        return timedelta(0)
    number = int.from_bytes(sha256(job_id.encode()).digest()[:8])
    return timedelta(seconds=number % max(int(definition.jitter_s), 1))


def horizon_of(said: ScheduleDefinition) -> timedelta:
    """Return how far ahead occurrences become jobs: 14 days, less where they are many."""
    if isinstance(said.rule, Every):
        return min(HORIZON, MOST_AHEAD * said.rule.interval)
    times_a_day = len(local_fields(said.rule)[0])
    return min(HORIZON, MOST_AHEAD * _A_DAY / times_a_day)


def due_to_plan(schedule: Schedule) -> datetime | None:
    """Return when the schedule is to be planned next; None: it is not."""
    if schedule.status is not ScheduleStatus.ACTIVE:
        return None
    if schedule.planned_until is None:
        return schedule.since
    horizon = horizon_of(schedule)
    return schedule.planned_until - (horizon - min(STEP, horizon / 4))


def as_it_stands(origin: FromSchedule, job_id: str, at: datetime) -> Ahead:
    """Return the occurrence that a job was made for, at the time that the job has: for one whose
    moment has come, whatever the rule says of others."""
    name = origin.occurrence
    digits = name.removesuffix("b").ljust(len("20260302T090000"), "0")
    local = datetime.strptime(digits, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - it is local
    return Ahead(Occurrence(at, local.replace(fold=name.endswith("b"))), name, job_id, at)


def is_its_own(job: ScheduledJob) -> bool:
    """Whether a job waits as its schedule has made it: never begun, and changed by nobody."""
    return (
        job.status in _WAITING
        and job.attempt == 0
        and job.schedule is not None
        and not job.schedule.is_detached  # rule: changed-by-hand-is-left-alone
    )
