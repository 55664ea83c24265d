"""Operational events of attempts and their jobs."""

from __future__ import annotations

from datetime import datetime

from ..domain import JobStatus
from .operational_event import Level, OperationalEvent


class AttemptEvent(OperationalEvent, frozen=True, kw_only=True):
    """Say something of one attempt of a job; `attempt` is its number, from 1."""

    job_id: str
    account_id: str
    attempt: int


class AttemptStarted(AttemptEvent, frozen=True, kw_only=True):
    """Say that an attempt was taken and is about to be made; `started` is in the log.

    `doubted`: an earlier attempt is in doubt, so its publisher is asked first. `platform` is what
    the job is for. `trace` is the W3C trace context that its `added` has, if any.
    """

    says = "attempt started"
    weighs = "debug"

    platform: str = ""
    doubted: bool = False
    trace: str | None = None


class AttemptEnded(AttemptEvent, frozen=True, kw_only=True):
    """Say what an attempt has led to: that is in the log. An error where its job has FAILED.

    `status` is the job's state now. `error` has no text of the post; `trace` says where the
    publisher raised it, as files, lines and names; `again_at` is when it will be tried again;
    `outcome_unknown`: the post may be out; `in_doubt`: the publisher will be asked.
    """

    says = "attempt ended"

    status: JobStatus
    error: str | None = None
    trace: str = ""
    again_at: datetime | None = None
    outcome_unknown: bool = False
    in_doubt: bool = False
    hint: str | None = None

    @property
    def level(self) -> Level:
        """Return `error` for FAILED, `info` for COMPLETED, else `warning`."""
        return level_of(self.status)


def level_of(status: JobStatus) -> Level:
    """Return how much it matters that an attempt has led to this state."""
    if status is JobStatus.FAILED:
        return "error"
    return "info" if status is JobStatus.COMPLETED else "warning"


class AttemptGivenUp(OperationalEvent, frozen=True, kw_only=True):
    """Say that an attempt was cancelled here since its job has gone on without it."""

    says = "attempt given up"

    job_id: str
    attempt: int


class AttemptPutBack(AttemptEvent, frozen=True, kw_only=True):
    """Say that an attempt was taken and not made: it counts as none."""

    says = "attempt put back: its publisher was not called"

    error: str


class ResultRefused(AttemptEvent, frozen=True, kw_only=True):
    """Say that a result came for an attempt that is no longer its job's: nothing is recorded.

    `posted` is whether it said that the post is out, under `thread_id`.
    """

    says = "stale result refused"

    reason: str
    posted: bool
    thread_id: str | None = None


class LateResultRefused(AttemptEvent, frozen=True, kw_only=True):
    """Say what an abandoned publisher answered in the end; as `ResultRefused`."""

    says = "late result refused"

    error: str | None = None
    posted: bool | None = None
    thread_id: str | None = None
    remark: str | None = None


class AttemptKept(AttemptEvent, frozen=True, kw_only=True):
    """Say that an attempt has ended and that this cannot be recorded yet; it is kept.

    `outcome` is `posted`, `failed`, `unknown` or `not called`; `thread_id` and `reason` are the
    publisher's; `error` says why it cannot be recorded.
    """

    says = "how an attempt ended cannot be recorded yet; it is kept"

    outcome: str
    thread_id: str | None = None
    reason: str | None = None
    error: str


class AttemptLost(AttemptEvent, frozen=True, kw_only=True):
    """Say what this runner knows, and leaves unrecorded at its end; as `AttemptKept`."""

    says = "how an attempt ended is not in the log"
    weighs = "error"

    outcome: str | None = None
    thread_id: str | None = None
    reason: str | None = None


class EndsNotRecorded(OperationalEvent, frozen=True, kw_only=True):
    """Say that how attempts ended cannot be recorded just now."""

    says = "how attempts ended cannot be recorded now"

    error: str


class JobsRescued(OperationalEvent, frozen=True, kw_only=True):
    """Say how many RUNNING jobs were recovered: of a runner that has ended, or `stuck` ones."""

    count: int
    stuck: bool = False

    @property
    def message(self) -> str:
        """Return which jobs they were."""
        return "recovered stuck jobs" if self.stuck else "recovered jobs of a dead runner"

    def values(self) -> dict[str, object]:
        """Return how many."""
        return {"count": self.count}


class JobsExpired(OperationalEvent, frozen=True, kw_only=True):
    """Say how many jobs were too late to be posted."""

    says = "jobs expired: it was too late to post them"

    count: int


class AccountHeldBack(OperationalEvent, frozen=True, kw_only=True):
    """Say that nothing can be posted for an account, and that its posts wait until then."""

    says = "nothing can be posted for an account; its posts wait"
    weighs = "error"

    account_id: str
    until: datetime
    error: str
