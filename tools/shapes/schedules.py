"""What commands about schedules, slots and queues print with `--json`."""

from __future__ import annotations

from typing import TypedDict

from ...domain import JobStatus, ScheduleDefinition, ScheduleStatus
from .jobs import PrintedJob, Time


class PrintedSchedule(TypedDict):
    """A schedule, and where it stands."""

    schedule_id: str
    state: ScheduleStatus
    rule: str
    words: str
    zone: str
    next_at: Time | None
    account_id: str
    platform: str
    texts: int
    waiting: int
    detached: list[str]
    made: int
    planned_until: Time | None
    end_reason: str | None
    version: int


class ChangedJobs(TypedDict):
    """The ids of a schedule's jobs, by what its change did to them."""

    made: list[str]
    made_again: list[str]
    held: list[str]
    released: list[str]
    cancelled: list[str]
    left_out: list[str]
    changed: list[str]
    kept: list[str]


class ChangedSchedule(PrintedSchedule):
    """A schedule after a change, and what became of its jobs."""

    jobs: ChangedJobs


class PrintedOccurrence(TypedDict):
    """When a rule is due, and which local time it means; `moved` and `doubled`: clocks change."""

    at: Time
    local: str
    offset: str
    moved: bool
    doubled: bool


class PrintedComing(PrintedOccurrence):
    """An occurrence to come, and its job; `status` is null where there is none yet."""

    job_id: str
    due_at: Time
    status: JobStatus | None
    skipped: bool


class FullSchedule(PrintedSchedule):
    """All that there is to say of a schedule."""

    definition: ScheduleDefinition
    since: Time | None
    skipped: list[str]
    coming: list[PrintedComing]
    jobs: list[PrintedJob]


class PrintedSlots(TypedDict):
    """The times of the week at which an account posts, and the next of them that are free."""

    account_id: str
    zone: str
    week: dict[str, list[str]]
    free: list[Time]


class QueuedJob(TypedDict):
    """A job that has a slot."""

    job_id: str
    status: JobStatus
    content: str


class QueuedSlot(TypedDict):
    """A coming slot, and the jobs that have it."""

    position: int
    at: Time
    jobs: list[QueuedJob]


Move = TypedDict("Move", {"job_id": str, "from": Time, "to": Time})
Move.__doc__ = "A job that changes its time."


class Moves(TypedDict):
    """What was moved in a queue, or would be; `seed` is that of a shuffle."""

    dry_run: bool
    seed: int | None
    moves: list[Move]
