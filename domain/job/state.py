"""The job as a value: what a ledger hands out, and what the lifecycle folds events into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from sys import intern
from typing import Any

import msgspec

from ..errors import ValidationError
from ..policy import EXPIRE_AFTER, MAX_RUNNING_MINUTES
from ..post.values import Part, Post
from ..times import Moment, in_utc
from ..validation import characters_left
from .doubt import Doubt
from .messages import FACT, Fact, worded
from .origin import FromSchedule
from .place import JobPlace


class JobStatus(StrEnum):
    """Where a job is in its lifecycle (see `lifecycle.py`)."""

    PENDING = "pending"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class JobPriority(IntEnum):
    """Of several due jobs the highest priority goes first."""

    LOW = 1
    NORMAL = 2
    HIGH = 3
    URGENT = 4


class NextSlot(msgspec.Struct, frozen=True):
    """A `scheduled_time`: the next slot of the job's account that no other job has."""


class NewJob(msgspec.Struct, frozen=True):
    """The arguments of `add_job` as a value, for `add_jobs`."""

    account_id: str
    content: str
    scheduled_time: datetime | NextSlot
    priority: JobPriority = JobPriority.NORMAL
    max_retries: int = 3
    platform: str = "threads"
    metadata: dict[str, Any] | None = None
    hold: bool = False
    job_id: str | None = None
    publish_timeout: timedelta | None = None
    lenient: bool = False
    """Leave it to the platform how long the text may be, and take any name of one."""
    post: Post | None = None
    """What is posted, where that is more than a text. The text of its first part is `content`;
    either of the two may be left empty."""

    @staticmethod
    def characters_left(content: str, platform: str = "threads") -> int:
        """Return how many more characters a text may have, counted as its platform counts, and so
        does `add_job`. Negative: so many too many."""
        return characters_left(content, platform)


class _NoKeys(dict[str, Any]):
    """The empty dict that all jobs share which have nothing to put into one."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("the values of a job cannot be changed")

    __setitem__ = update = setdefault = __ior__ = _refuse


NO_KEYS: dict[str, Any] = _NoKeys()


class _State(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the lifecycle folds events into: the fields of a job."""

    job_id: str
    account_id: str
    content: str
    scheduled_time: Moment
    priority: JobPriority = JobPriority.NORMAL
    status: JobStatus = JobStatus.SCHEDULED
    platform: str = "threads"
    max_retries: int = 3
    retry_count: int = 0
    created_at: Moment | None = None
    started_at: Moment | None = None
    completed_at: Moment | None = None
    error: str | None = None
    thread_id: str | None = None
    status_message: str | Fact | None = None
    metadata: dict[str, Any] = {}

    version: int = 0
    """How many events this job has had; the version of the last one."""
    order: int = 0
    """The sequence number of its `added` event: the order of adding."""
    attempt: int = 0
    """The number of its latest attempt, counted over its whole life from 1; 0 before any."""
    runner: str | None = None
    """By whom its latest attempt was started, as far as the log says."""
    doubt: Doubt = Doubt.NONE
    """Whether its post may be out although nobody knows that it is."""
    doubted_attempt: int = 0
    """The number of the attempt that it is in doubt about, or was last."""
    reconcilable: bool = False
    """Whether the publisher of the latest attempt can `reconcile`."""
    deferred_until: Moment | None = None
    """Due, and held back by the pacing of its account: not before this time. One that is not behind
    its own time holds nothing back (`is_lacking`)."""
    publish_timeout_s: float | None = None
    """How long its publisher may take; None: as long as the scheduler's setting says."""
    checkpoints: dict[str, Any] = {}
    """The durable steps recorded by its attempts so far, by name."""
    schedule: FromSchedule | None = None
    """The schedule that made it, if one did."""
    post: Post | None = None
    """What is posted, where that is more than `content`, which is the text of its first part."""
    trace: str | None = None
    """The W3C trace context in which it was added, if there was one."""


_MESSAGE = vars(_State)["status_message"]
"""What is in the field itself: a fact, or a text that came from elsewhere."""


class ScheduledJob(_State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One job at one moment: a frozen value that never follows later changes.

    All times are aware and in UTC. The fields up to `metadata` are the ones that `to_dict` writes;
    the rest is what the lifecycle needs to know besides.
    """

    @property  # type: ignore[misc]  # the field has the fact, and this is how it is read
    def status_message(self) -> str | None:
        """What is going on, for people; the wording may change from release to release."""
        told = _MESSAGE.__get__(self)
        return worded(told, self) if isinstance(told, Fact) else told

    @property
    def parts(self) -> Sequence[Part]:
        """What is posted, part by part; a job without a `post` has its text as the one part."""
        return (Part(self.content),) if self.post is None else self.post.parts

    @property
    def in_doubt(self) -> bool:
        """An attempt ended without a known outcome and its publisher can be asked (`reconcile`)."""
        return self.doubt.in_doubt

    @property
    def exhausted(self) -> bool:
        """No retry was left when it came into doubt: if the post is not out, it has failed."""
        return self.doubt.exhausted

    @property
    def outcome_unknown(self) -> bool:
        """FAILED, and the post may be out all the same: for a person to resolve or requeue."""
        return self.doubt.outcome_unknown

    @property
    def may_be_out(self) -> bool:
        """An attempt of a publisher that cannot be asked was interrupted, and nobody settled it."""
        return self.doubt.may_be_out

    @property
    def is_held_back(self) -> bool:
        """It is due, and the pacing of its account, or a token, lets it wait."""
        return self.deferred_until is not None and self.deferred_until > self.scheduled_time

    @property
    def is_lacking(self) -> bool:
        """Asked ahead of its time, its publisher said that something it needs cannot be had."""
        return self.deferred_until is not None and self.deferred_until == self.scheduled_time

    @property
    def cursor(self) -> str:
        """Where it stands in lists, for `list_jobs(after=…)` to go on behind it: in either order,
        and also when it has been changed or removed meanwhile."""
        return JobPlace.of(self).text

    def is_expired(self, now: datetime, expire_after: timedelta = EXPIRE_AFTER) -> bool:
        """Whether `scheduled_time` is more than `expire_after` (24 h) ago."""
        return now - self.scheduled_time > expire_after  # rule: moment-of-expiry

    def is_ready(self, now: datetime, expire_after: timedelta = EXPIRE_AFTER) -> bool:
        """Whether it is due: SCHEDULED, its time has come, and it is not expired."""
        return (
            self.status is JobStatus.SCHEDULED
            and self.scheduled_time <= now
            and not self.is_expired(now, expire_after)
        )

    def can_retry(self) -> bool:
        """Whether a failure now would be retried."""
        return self.retry_count < self.max_retries  # rule: number-of-retries

    def is_stuck(self, now: datetime, max_running_minutes: float = MAX_RUNNING_MINUTES) -> bool:
        """Whether it has been RUNNING for more than `max_running_minutes`."""
        return (
            self.status is JobStatus.RUNNING
            and self.started_at is not None
            and (now - self.started_at).total_seconds() > max_running_minutes * 60
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the job as in `jobs_YYYY-MM-DD.json`: 16 keys, times as ISO 8601 with offset; and
        its `post`, where it has one."""
        keys = {
            "job_id": self.job_id,
            "account_id": self.account_id,
            "content": self.content,
            "scheduled_time": _text(self.scheduled_time),
            "priority": int(self.priority),
            "status": self.status.value,
            "platform": self.platform,
            "max_retries": self.max_retries,
            "retry_count": self.retry_count,
            "created_at": _text(self.created_at),
            "started_at": _text(self.started_at),
            "completed_at": _text(self.completed_at),
            "error": self.error,
            "thread_id": self.thread_id,
            "status_message": self.status_message,
            "metadata": copy_json(self.metadata),
        }
        return keys if self.post is None else {**keys, "post": self.post.to_dict()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ScheduledJob:
        """Return the job that `to_dict` wrote. Keys it does not know are ignored.

        Raises:
            ValidationError: a key is missing or its value is not of the right kind.
        """
        if not isinstance(data, dict):
            raise ValidationError(f"not a job: {type(data).__name__}", field="data")
        try:
            job = msgspec.convert({k: v for k, v in data.items() if k in _READ_KEYS}, cls)
        except msgspec.ValidationError as error:
            raise ValidationError(f"not a job: {error}", field="data") from None
        if isinstance(_MESSAGE.__get__(job), Fact):  # which is of the state alone
            raise ValidationError("not a job: status_message must be a text", field="data")
        times = {name: _in_utc(name, getattr(job, name)) for name in _TIMES}
        return msgspec.structs.replace(job, metadata=copy_json(job.metadata), **times)


class ImportedJob(msgspec.Struct, frozen=True):
    """A job as it is elsewhere, for `import_jobs`, and where that is: a file's name and a line.

    With `next_slot` it takes the next free slot of its account, as `NextSlot()` does, whatever time
    it has: for a post that has none where it comes from. With `lenient` a post that is still to go
    out is as long as its platform may take it, and has any name of one.
    """

    job: ScheduledJob
    source: str
    line: int | None = None
    next_slot: bool = False
    lenient: bool = False

    @property
    def place(self) -> str:
        """Where it comes from, as messages say it."""
        return self.source if self.line is None else f"{self.source}, line {self.line}"


DICT_KEYS = (
    "job_id", "account_id", "content", "scheduled_time", "priority", "status", "platform",
    "max_retries", "retry_count", "created_at", "started_at", "completed_at", "error", "thread_id",
    "status_message", "metadata",
)  # fmt: skip
"""The keys of `ScheduledJob.to_dict` that every job has, in its order."""
_READ_KEYS = (*DICT_KEYS, "post")


_TIMES = ("scheduled_time", "created_at", "started_at", "completed_at")


def _in_utc(name: str, moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return in_utc(moment)
    except ValueError as error:
        raise ValidationError(f"not a job: {name}: {error}", field="data") from None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def copy_json(value: Any) -> Any:
    """Copy a JSON value, sharing no dict or list with it."""
    if isinstance(value, dict):
        return {key: copy_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_json(item) for item in value]
    return value


def detached(job: ScheduledJob) -> ScheduledJob:
    """Return the same value, sharing nothing that its receiver could change under the ledger, and
    with the words for what its message tells of."""
    return msgspec.structs.replace(
        job,
        status_message=job.status_message,
        metadata=copy_json(job.metadata),
        checkpoints=copy_json(job.checkpoints),
    )


def share_message(job: ScheduledJob) -> None:
    """Let a job that nobody else has yet use the one object that all have for a fact or a text."""
    told = _MESSAGE.__get__(job)
    if isinstance(told, str):
        _MESSAGE.__set__(job, intern(told))
    elif isinstance(told, Fact) and told.detail is None:
        _MESSAGE.__set__(job, FACT[told.what])
