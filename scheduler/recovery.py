"""Recovery: what becomes of jobs that are RUNNING although nobody runs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..domain import JobStatus, ScheduledJob
from ..domain import commands as c
from ..projections import Board
from .execution import interruption
from .settings import AttemptSettings

Choice = list[tuple[ScheduledJob, c.Command]]
Choose = Callable[[Board, datetime], Choice]


def orphans(
    settings: Callable[[], AttemptSettings], is_left: Callable[[ScheduledJob], bool]
) -> Choose:
    """Every RUNNING job whose runner has ended."""

    def choose(board: Board, now: datetime) -> Choice:
        return [
            (job, _crashed(job, settings()))
            for job in board.of_status(JobStatus.RUNNING)
            if is_left(job)
        ]

    return choose


def stuck(
    settings: Callable[[], AttemptSettings],
    max_running_minutes: float,
    is_ours: Callable[[ScheduledJob], bool],
    is_left: Callable[[ScheduledJob], bool],
    ran_s: Callable[[ScheduledJob, datetime], float],
) -> Choose:
    """Every job of ours that has been RUNNING for too long, and every one whose runner has ended:
    of one that lives, time alone says nothing."""

    def choose(board: Board, now: datetime) -> Choice:
        found: Choice = []
        for job in board.of_status(JobStatus.RUNNING):
            if is_left(job):
                found.append((job, _crashed(job, settings())))
            elif is_ours(job) and ran_s(job, now) > max_running_minutes * 60:
                error = f"attempt {job.attempt} ran longer than {max_running_minutes:g} minutes"
                command = interruption(job, "stuck", f"interrupted: {error}", settings())
                found.append((job, command))
        return found

    return choose


def _crashed(job: ScheduledJob, settings: AttemptSettings) -> c.Interrupt:
    error = f"interrupted: the runner ended during attempt {job.attempt}"
    return interruption(job, "crashed", error, settings)  # rule: left-attempt-may-be-out
