"""Uniqueness: the setting that refuses the same text twice for one account."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import datetime, timedelta

import msgspec

from ..domain import Event, JobStatus, ScheduledJob, ValidationError, evolve
from ..domain import events as e
from ..projections import Board, Change, Snapshot, TextIndex, text_key
from .intents import Intent
from .newcomers import labelled, named

Unique = bool | timedelta

_WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)
_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING)


def check_setting(unique: Unique) -> None:
    """Check that a value can be the setting `unique`.

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
        self._texts = TextIndex()

    def followers(self) -> list[Callable[[Change], object]]:
        return [self._texts.apply]

    def capture(self, snapshot: Snapshot) -> Snapshot:
        return snapshot  # the board has all of it

    def check_fits(self, snapshot: Snapshot) -> None:
        """Any snapshot will do."""

    def restore(self, snapshot: Snapshot) -> None:
        self._texts.restore(sorted(self._board.jobs.values(), key=lambda job: job.order))

    def concerns(self, intents: Sequence[Intent]) -> bool:
        """Say whether there is a job in it that gets a text, or is brought back."""
        return any(intent.job is None or _text_after(intent) is not None for intent in intents)

    def check(self, intents: Sequence[Intent], now: datetime) -> None:
        """Check the texts of what is going to be appended against the board and each other.

        An imported job that waits for nothing any more is not refused: its past is what it is.

        Raises:
            ValidationError: a text is there already.
        """
        arrivals, leaving = (
            [],
            frozenset(i.job_id for i in intents if isinstance(i.data[-1], _ENDS)),
        )
        for intent in intents:
            if intent.job is None:
                arrivals.append((intent.label, _first_state(intent, now)))
            elif intent.job_id not in leaving and (text := _text_after(intent)) is not None:
                self._check(intent.job.account_id, text, now, leaving | {intent.job_id})
        self._check_arrivals(arrivals, now, leaving)

    def _check_arrivals(
        self,
        arrivals: list[tuple[int | str | None, ScheduledJob]],
        now: datetime,
        leaving: frozenset[str],
    ) -> None:
        texts: dict[bytes, str | None] = {}
        for label, job in sorted(arrivals, key=lambda arrival: arrival[1].status in _WAITING):
            key = text_key(job.account_id, job.content)
            try:
                if job.status in _WAITING:
                    self._check(job.account_id, job.content, now, leaving)
                    if key in texts:
                        raise ValidationError(
                            f"the same text for account {job.account_id!r} as {texts[key]}",
                            field="content",
                        )
            except ValidationError as error:
                raise labelled(error, label) from None
            if self.stands_in_the_way(job, now):
                texts.setdefault(key, named(label))

    def may_have(
        self, account_id: str, content: str, now: datetime, leaving: Container[str]
    ) -> bool:
        """Say whether a new job of the account may have this text, once those that are `leaving`
        are gone."""
        try:
            self._check(account_id, content, now, leaving)
        except ValidationError:
            return False
        return True

    def _check(self, account_id: str, content: str, now: datetime, but: Container[str]) -> None:
        for job_id in self._texts.same(account_id, content):
            other = self._board.get(job_id)
            if other is None or job_id in but or not self.stands_in_the_way(other, now):
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


_ENDS = (e.JobCancelled, e.JobExpired, e.JobRemoved)
"""After these a job will not be posted any more."""


def _text_after(intent: Intent) -> str | None:
    """Return the text that a job gets, or is brought back with; None where neither is so."""
    job, text, is_back = intent.job, None, False
    for data in intent.data:
        is_back = is_back or isinstance(data, e.JobRequeued)
        if isinstance(data, e.JobEdited) and data.content is not msgspec.UNSET:
            text = data.content
    return text or (job.content if is_back and job is not None else None)


def _first_state(intent: Intent, now: datetime) -> ScheduledJob:
    """Return the job as its first event will make it, which is in no log yet: no replay."""
    data = intent.data[0]
    event = Event(seq=0, at=now, type=data.TYPE, job_id=intent.job_id, version=1, data=data)
    job = evolve(None, event)
    assert job is not None
    return job
