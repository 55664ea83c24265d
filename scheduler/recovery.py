"""Recovery: what becomes of jobs that are RUNNING although nobody runs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..domain import commands as c
from ..domain.job import JobStatus, ScheduledJob
from ..projections.board import Board
from .execution import interruption
from .settings import AttemptSettings

Choice = list[tuple[ScheduledJob, c.Command]]


def orphans(
    settings: Callable[[], AttemptSettings], is_ours: Callable[[ScheduledJob], bool]
) -> Callable[[Board, datetime], Choice]:
    """Every RUNNING job that this process does not run itself: its runner is dead, since the runner
    lock is ours."""

    def choose(board: Board, now: datetime) -> Choice:
        return [
            (
                job,
                interruption(
                    job,
                    "crashed",
                    f"interrupted: the runner ended during attempt {job.attempt}",
                    settings(),
                ),
            )
            for job in board.of_status(JobStatus.RUNNING)
            if not is_ours(job)
        ]

    return choose


def stuck(
    settings: Callable[[], AttemptSettings], max_running_minutes: float
) -> Callable[[Board, datetime], Choice]:
    """Every job that has been RUNNING for too long, ours or not."""

    def choose(board: Board, now: datetime) -> Choice:
        return [
            (
                job,
                interruption(
                    job,
                    "stuck",
                    f"interrupted: attempt {job.attempt} ran longer than"
                    f" {max_running_minutes:g} minutes",
                    settings(),
                ),
            )
            for job in board.of_status(JobStatus.RUNNING)
            if job.is_stuck(now, max_running_minutes)
        ]

    return choose
