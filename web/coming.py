"""What is to come of a schedule: its next occurrences, and what becomes of each."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from .. import JobStatus, Ledger, LedgerView, Occurrence, Schedule, ScheduledJob, ScheduleStatus

WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)
Fate = Literal["job", "skipped", "ahead", "none"]
"""It is a job; somebody has skipped it; it is to become a job; or it is none, and will be none: its
job was removed, or was not acceptable."""


class ComingPost(NamedTuple):
    """An occurrence that is to come, when its job is due (`at`), and what becomes of it."""

    job_id: str
    at: datetime
    occurrence: Occurrence
    job: ScheduledJob | None
    fate: Fate


def coming_posts(queries: Ledger | LedgerView, schedule: Schedule, count: int) -> list[ComingPost]:
    """Return the next occurrences of a schedule, as many as there may be: no more than it has posts
    left."""
    left = _posts_left(schedule)
    found = []
    for one in queries.upcoming(schedule.schedule_id, count):
        planned = schedule.planned_until
        fate: Fate = "job"
        if one.is_skipped:
            fate = "skipped"
        elif one.job is None:
            is_ahead = planned is None or one.occurrence.at > planned
            fate = "ahead" if is_ahead else "none"
        if fate == "ahead" and left is not None:
            if left == 0:
                break
            left -= 1
        found.append(ComingPost(one.job_id, one.at, one.occurrence, one.job, fate))
    return found


def _posts_left(schedule: Schedule) -> int | None:
    """Return how many posts a schedule still makes; None: without end."""
    most = [] if schedule.max_count is None else [schedule.max_count]
    most += [len(schedule.content)] if schedule.order == "once" else []
    return max(min(most) - schedule.made + len(schedule.given_back), 0) if most else None


def next_of(
    queries: Ledger | LedgerView, schedule: Schedule, jobs: list[ScheduledJob]
) -> datetime | None:
    """Return when the next post of a schedule is due, of which `jobs` are the open ones, by time;
    None where there is none, as long as it is paused."""
    if schedule.status is ScheduleStatus.PAUSED:
        return None
    for job in jobs:
        if job.status in WAITING:
            return job.scheduled_time
    ahead = (one.at for one in coming_posts(queries, schedule, 100) if one.fate == "ahead")
    return next(ahead, None)
