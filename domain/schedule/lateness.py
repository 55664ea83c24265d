"""Lateness: which of the occurrences that are due are posted, and which are too late for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from ..job.origin import Cause
from ..job.state import JobStatus, ScheduledJob
from .ahead import is_its_own
from .state import Schedule, ScheduleDefinition

T = TypeVar("T")


def kept_of_late(definition: ScheduleDefinition, late: Sequence[T]) -> Sequence[T]:
    """Return those of the late occurrences, in order, that are posted all the same."""
    if definition.misfire == "skip":
        return ()
    keep = 1 if definition.misfire == "latest" else definition.catch_up
    return late[-keep:]  # rule: newest-of-the-late


def left_out(
    schedule: Schedule, due: Sequence[ScheduledJob], under_way: bool, now: datetime
) -> list[tuple[ScheduledJob, Cause]]:
    """Return which of a schedule's due jobs that were never begun will not be posted, and why.

    `under_way`: another of its jobs is running, or waits to be tried again.
    """
    untried = sorted(
        (job for job in due if job.status is JobStatus.SCHEDULED and is_its_own(job)),
        key=lambda job: (job.scheduled_time, job.order),
    )
    grace = timedelta(seconds=schedule.grace_s)
    late = [job for job in untried if now - _could_begin(job) > grace]  # rule: late-by-its-grace
    kept = {job.job_id for job in kept_of_late(schedule, late)}
    found: list[tuple[ScheduledJob, Cause]] = [
        (job, "misfired") for job in late if job.job_id not in kept
    ]
    if schedule.overlap == "skip" and under_way:
        gone = {job.job_id for job, _ in found}
        found += [(job, "overlap") for job in untried if job.job_id not in gone]
    return found


def _could_begin(job: ScheduledJob) -> datetime:
    """Return since when it could have begun, but for a runner: pacing holds some back."""
    return max(job.scheduled_time, job.deferred_until or job.scheduled_time)
