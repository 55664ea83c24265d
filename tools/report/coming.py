"""The next seven days: what is to go out on each, in the ledger's zone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from ...domain import JobStatus, ScheduledJob

DAYS = 7
MOST_SHOWN = 6


class ComingDay(msgspec.Struct, frozen=True):
    """A day that comes: its first jobs in the order of their times, and how many it has in all, of
    which `held` go out only when they are released."""

    day: date
    jobs: list[ScheduledJob]
    count: int
    held: int

    @property
    def more(self) -> int:
        """How many have no room."""
        return self.count - len(self.jobs)


def coming_days(jobs: Iterable[ScheduledJob], zone: ZoneInfo, at: datetime) -> list[ComingDay]:
    """Return the seven days from that of `at` on, each with what is to go out then and later than
    `at`; empty where nothing is."""
    first = at.astimezone(zone).date()
    by_day: dict[date, list[ScheduledJob]] = {first + timedelta(days=n): [] for n in range(DAYS)}
    for job in jobs:
        day = job.scheduled_time.astimezone(zone).date()
        if job.status in (JobStatus.SCHEDULED, JobStatus.PENDING) and job.scheduled_time >= at:
            by_day.get(day, []).append(job)
    if not any(by_day.values()):
        return []
    return [_day(day, found) for day, found in by_day.items()]


def _day(day: date, jobs: list[ScheduledJob]) -> ComingDay:
    jobs.sort(key=lambda job: (job.scheduled_time, job.order))
    held = sum(job.status is JobStatus.PENDING for job in jobs)
    return ComingDay(day, jobs[:MOST_SHOWN], len(jobs), held)
