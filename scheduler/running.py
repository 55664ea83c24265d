"""The attempts that this process is making, and what is known of them that the log lacks."""

from __future__ import annotations

import asyncio

from ..domain.job import commands as c
from ..domain.job.state import JobStatus, ScheduledJob
from .attempt import Attempt


class Running:
    """An attempt of this process: from just before its start is written until its end has been.

    As long as it is there, its job is neither recovered nor started again, and its account is busy.
    """

    __slots__ = (
        "attempt", "begun_s", "end", "is_told", "is_unsure", "job", "number", "steps", "task",
    )  # fmt: skip

    def __init__(self, job: ScheduledJob, number: int) -> None:
        self.job = job
        """As it was when the attempt began; before that, as it was found due."""
        self.number = number
        self.begun_s = 0.0
        """What the uptime of this process was when it began."""
        self.attempt: Attempt | None = None
        """What its publisher has been given last."""
        self.task: asyncio.Task[None] | None = None
        self.steps: list[c.OfAttempt] = []
        """Checkpoints and notes that could not be recorded, to be recorded before its end."""
        self.end: c.OfAttempt | None = None
        """How it ended: here until that is recorded."""
        self.is_unsure = False
        """A write of it has failed: the log may have it all the same."""
        self.is_told = False
        """Somebody was told that its end is kept."""

    @property
    def was_called(self) -> bool:
        """Whether its publisher has been called to do what it was last asked for."""
        return self.attempt is not None and self.attempt._called

    @property
    def is_under_way(self) -> bool:
        """Whether its task still has something to do."""
        return self.task is not None and not self.task.done()

    def is_attempt_of(self, job: ScheduledJob | None) -> bool:
        """Whether the job is RUNNING, and this is the attempt."""
        return job is not None and job.status is JobStatus.RUNNING and job.attempt == self.number
