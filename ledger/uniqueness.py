"""Uniqueness: the setting that refuses the same text twice for one account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from ..domain.errors import ValidationError
from ..domain.job import commands as c
from ..domain.job.state import JobStatus, ScheduledJob
from ..projections.board import Board
from ..projections.contents import Contents
from ..projections.projection import Change

Unique = bool | timedelta

_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING)


def check_setting(unique: Unique) -> None:
    """
    Raises:
        ValidationError: it is neither a bool nor a positive timedelta.
    """
    if not isinstance(unique, bool) and not (
        isinstance(unique, timedelta) and unique > timedelta(0)
    ):
        raise ValidationError(
            f"unique must be a bool or a positive timedelta, not {unique!r:.60}", field="unique"
        )


class Uniqueness:
    """Knows the texts of the jobs on a board, and refuses one that would be posted again.

    A job stands in the way while it is open, when its post is out (`within` that time; True: ever),
    or when it may be out. One that failed, expired or was cancelled does not.
    """

    def __init__(self, board: Board, within: Unique) -> None:
        self._board = board
        self._within = within
        self._contents = Contents()

    def apply(self, change: Change) -> None:
        self._contents.apply(change)

    def restore(self, jobs: Iterable[ScheduledJob]) -> None:
        """Know of these jobs, and of no others."""
        self._contents.restore(sorted(jobs, key=lambda job: job.order))

    def check_new(self, account_id: str, content: str, now: datetime) -> None:
        """
        Raises:
            ValidationError: a job of the account with this text stands in the way.
        """
        self._check(account_id, content, now, None)

    def concerns(self, command: c.Command) -> bool:
        """Whether the command gives a job a text, or brings it back."""
        return isinstance(command, c.Requeue) or (
            isinstance(command, c.Edit) and command.content is not msgspec.UNSET
        )

    def check_change(self, job: ScheduledJob, command: c.Command, now: datetime) -> None:
        """
        Raises:
            ValidationError: after it, another job of the account with this text stands in the way.
        """
        content = command.content if isinstance(command, c.Edit) else job.content
        if isinstance(content, str):  # anything else is refused by the decision
            self._check(job.account_id, content, now, job.job_id)

    def _check(self, account_id: str, content: str, now: datetime, but: str | None) -> None:
        for job_id in self._contents.same(account_id, content):
            other = self._board.get(job_id)
            if other is None or job_id == but or not self.stands_in_the_way(other, now):
                continue
            raise ValidationError(
                f"account {account_id!r} has this text already: job {job_id} is"
                f" {other.status.upper()}",
                field="content",
                hint="change the text, or that job; the setting `unique` asks for this",
            )

    def stands_in_the_way(self, other: ScheduledJob, now: datetime) -> bool:
        """Whether a job keeps its text from being posted again."""
        if other.status in _OPEN or other.outcome_unknown or other.in_doubt:
            return True
        if other.status is not JobStatus.COMPLETED or other.completed_at is None:
            return False
        return not isinstance(self._within, timedelta) or now - other.completed_at < self._within
