"""What can be asked of a job: one imperative value for each trigger of the lifecycle.

A command carries everything that deciding needs besides the job and the time, random numbers and
settings included, so that `decide` stays pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from ..policy import EXPIRE_AFTER, RetryPolicy
from ..post.values import Post
from .origin import Cause, FromSchedule
from .state import ImportedJob, JobPriority, NewJob

OnInterrupted = Literal["retry", "fail"]
InterruptReason = Literal[
    "crashed", "stuck", "stopped", "timeout", "outcome_unknown", "reconcile_failed"
]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all commands."""


class Add(Command, frozen=True):
    job_id: str
    job: NewJob
    schedule: FromSchedule | None = None
    trace: str | None = None


class OfSchedule(Command, frozen=True, kw_only=True):
    """A command that a schedule may give, too, for a cause; None: somebody else does."""

    schedule: Cause | None = None


class Import(Command, frozen=True):
    """Take a job over with its state, as it is elsewhere."""

    job_id: str
    job: ImportedJob


class Hold(OfSchedule, frozen=True):
    pass


class Release(OfSchedule, frozen=True):
    pass


class Edit(OfSchedule, frozen=True):
    """Only what is set changes."""

    content: str | msgspec.UnsetType = msgspec.UNSET
    priority: JobPriority | msgspec.UnsetType = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET
    post: Post | msgspec.UnsetType | None = msgspec.UNSET
    lenient: bool = False
    """Leave it to the platform what it takes."""


class Reschedule(OfSchedule, frozen=True):
    scheduled_time: datetime


class Defer(Command, frozen=True):
    """Say that a due job is held back: not before `until`, for this reason."""

    until: datetime
    reason: str
    expire_after: timedelta = EXPIRE_AFTER


class Foretell(Command, frozen=True):
    """Say, ahead of its time, what a job lacks; None: all that it lacked can be had now."""

    reason: str | None


class Start(Command, frozen=True):
    """Take a due job for its next attempt."""

    reconcilable: bool = False
    expire_after: timedelta = EXPIRE_AFTER
    runner: str | None = None


class OfAttempt(Command, frozen=True):
    """A command of one attempt: refused as stale when that is not the job's current one."""

    attempt: int


class Note(OfAttempt, frozen=True):
    message: str


class Checkpoint(OfAttempt, frozen=True):
    name: str
    value: Any


class Complete(OfAttempt, frozen=True):
    """The post is out. Where the publisher was asked first, about the attempt `asked_about`: that
    one had posted it (`found`), or this one has. `remark`: what else is to be told of it."""

    thread_id: str | None = None
    found: bool | None = None
    asked_about: int | None = None
    remark: str | None = None


class Fail(OfAttempt, frozen=True):
    """The attempt failed, and is known not to have posted unless `outcome_unknown`."""

    error: str
    retryable: bool = True
    outcome_unknown: bool = False
    retry: RetryPolicy = RetryPolicy()
    roll: float = 0.5


class Interrupt(OfAttempt, frozen=True):
    """The attempt ended and nobody knows how: see docs/lifecycle.md, "In doubt".

    `settle_s` replaces the backoff for a publisher that can be asked; `ask_always` puts such a
    job back even when no retry is left, because asking is not publishing.
    """

    reason: InterruptReason
    error: str
    on_interrupted: OnInterrupted = "retry"
    retry: RetryPolicy = RetryPolicy()
    roll: float = 0.5
    settle_s: float | None = None
    ask_always: bool = True


class PutBack(OfAttempt, frozen=True):
    """The job is as it was before it was started: its publisher was never called, or could post
    nothing for its account (`of_account`), whichever post it is."""

    error: str
    of_account: bool = False


class Cancel(OfSchedule, frozen=True):
    reason: str = ""


class Expire(Command, frozen=True):
    expire_after: timedelta = EXPIRE_AFTER


class LeaveOut(Command, frozen=True):
    """Say that a job which its schedule has made will not be posted: it is too late, or the one
    before it still runs."""

    cause: Cause


class Revive(Command, frozen=True, kw_only=True):
    """Bring back a job that its schedule had cancelled, since its occurrence is to be again."""

    cause: Cause
    scheduled_time: datetime
    content: str
    priority: JobPriority
    metadata: dict[str, Any]
    number: int
    hold: bool = False


class Requeue(OfSchedule, frozen=True):
    scheduled_time: datetime


class Resolve(Command, frozen=True):
    posted: bool
    thread_id: str | None = None


class Remove(Command, frozen=True):
    pass
