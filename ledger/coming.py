"""What is to come of a schedule: its occurrences, each with its job where there is one."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import NamedTuple

from ..domain import (
    MOST,
    Occurrence,
    Schedule,
    ScheduledJob,
    ScheduleStatus,
    check_number,
    detached,
    occurrences,
)
from ..projections import Board
from .schedules import clock_of
from .zone import load_zone


class Coming(NamedTuple):
    """An occurrence that is to come of a schedule: the id of its job, and when that is due (its
    `occurrence` and the schedule's jitter); the job itself where there is one by now."""

    job_id: str
    at: datetime
    occurrence: Occurrence
    job: ScheduledJob | None
    is_skipped: bool


def coming_of(board: Board, schedule: Schedule, now: datetime, count: int) -> list[Coming]:
    """Return the next occurrences of a schedule. With the lock of the board.

    Raises:
        ValidationError: `count` is none from 1 to 1,000.
    """
    check_number(count, "count", MOST)
    if schedule.status is ScheduleStatus.ENDED:
        return []
    clock = clock_of(load_zone(schedule.zone))
    found = []
    for one in islice(occurrences(schedule.schedule_id, schedule, clock, now), count):
        job = board.get(one.job_id)
        is_skipped = one.name in schedule.skipped
        found.append(Coming(one.job_id, one.at, one.occurrence, job and detached(job), is_skipped))
    return found
