"""The contract between the scheduler and the code that posts: Publisher, Attempt, PostResult."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import msgspec
from msgspec.structs import force_setattr

from ..domain import Media, ScheduledJob, ValidationError, copy_json
from ..domain import commands as c
from ..instrumentation import described, id_of, is_of, shown, text_of
from .permission import Permission

WHAT_TO_RETURN = (
    "return PostResult(True, thread_id=…) when the post is out,"
    " PostResult(False, error=…) when it is not"
)


class OutcomeUnknown(Exception):
    """Raised by a publisher: the post may be out, and it cannot tell (a timeout after sending)."""


class NotPosted(Exception):
    """Raised by a publisher: the post is not out, that is certain; as `PostResult(False)` says it.

    It is tried again while retries are left, unless it is not `retryable`.
    """

    def __init__(self, message: str = "", retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class AccountWaits(NotPosted):
    """Nothing can be posted for an account just now, whichever post it is: its quota is used up.

    So it is of the account, and not of the job that found it out: `account_id` says whose. No retry
    is used up, and the account's posts wait.
    """

    def __init__(self, message: str, account_id: str, retryable: bool = True) -> None:
        super().__init__(message, retryable)
        self.account_id = account_id

    def __reduce__(self) -> tuple[type[AccountWaits], tuple[str, str, bool]]:
        """Pickle with all of it."""
        return type(self), (str(self), self.account_id, self.retryable)


class NoValidToken(AccountWaits):
    """Nothing can be posted for an account until its token is seen to. It is `retryable` where the
    token could only not be had just now."""

    def __init__(self, message: str, account_id: str, retryable: bool = False) -> None:
        super().__init__(message, account_id, retryable)


class WrongResultError(ValidationError):
    """A PostResult cannot be made of this. By then its publisher has done whatever it did."""


class PostResult(msgspec.Struct, frozen=True):
    """What a publisher answers. A failure that is not `retryable` is final.

    A `thread_id` may be given as a number and an `error` as an exception; both are kept as text.

    Raises:
        ValidationError: a field is of another kind; `field` names it.
    """

    success: bool
    thread_id: str | None = None
    error: str | None = None
    retryable: bool = True
    outcome_unknown: bool = False

    def __post_init__(self) -> None:
        for name, read_field in _FIELDS.items():
            value = read_field(self)  # whatever a subclass has in its place
            if name in _TEXTS:
                if value is not None and type(value) is not str:
                    force_setattr(self, name, _as_text(name, value))
            elif type(value) is not bool:
                raise _wrong(name, "a bool, True or False", value)

    @classmethod
    def unknown(cls, error: str | None = None) -> PostResult:
        """Answer for a publisher that cannot tell whether the post is out."""
        return cls(False, error=error, outcome_unknown=True)


_FIELDS = {name: vars(PostResult)[name].__get__ for name in PostResult.__struct_fields__}
_TEXTS = {"thread_id", "error"}


def _as_text(name: str, value: object) -> str:
    if name == "error" and is_of(value, BaseException):
        return described(cast("BaseException", value))
    read = id_of if name == "thread_id" else text_of
    text = read(value) if name == "thread_id" or is_of(value, str) else None
    if text is None:
        raise _wrong(name, "text", value)
    return text


def _wrong(field: str, kind: str, value: object) -> WrongResultError:
    return WrongResultError(
        f"{field} must be {kind}, not {shown(value)}", field=field, hint=WHAT_TO_RETURN
    )


class Attempt:
    """One run of a job's publisher, as the publisher sees it.

    The start of the attempt is durable before the publisher gets it. Once the attempt is over (the
    job was cancelled, recovered or taken again), its methods raise StaleAttemptError.
    """

    def __init__(
        self,
        job: ScheduledJob,
        idempotency_key: str,
        record: Callable[[str, c.OfAttempt], ScheduledJob | None],
        *,
        number: int | None = None,
        is_current: Callable[[ScheduledJob], bool] = lambda job: True,
        valid_for_s: Callable[[], float | None] = lambda: None,
        is_anothers: Callable[[ScheduledJob, str], bool] = lambda job, post_id: False,
        media_path: Callable[[str], Path] | None = None,
    ) -> None:
        self._record = record
        self._is_current = is_current
        self._valid_for_s = valid_for_s
        self._is_anothers = is_anothers
        self._media_path = media_path
        self._cancelled = False
        self._may_call = Permission()
        """To call its publisher."""
        self._raised_at = ""
        """Where its publisher raised what it raised."""
        self._current = job.attempt
        self._checkpoints = dict(job.checkpoints)
        self.job = job
        """The job as it was when the attempt began."""
        self.number: int = job.attempt if number is None else number
        """1 for the job's first attempt, counted over its whole life."""
        self.idempotency_key = idempotency_key
        """The same for every attempt of the job, different for every job."""

    @property
    def checkpoints(self) -> dict[str, Any]:
        """The steps recorded so far by name, those of earlier attempts included: a copy."""
        copy: dict[str, Any] = copy_json(self._checkpoints)
        return copy

    @property
    def is_cancelled(self) -> bool:
        """Whether this attempt is to stop: its job was cancelled or has gone on without it, its
        time is up, or the scheduler is stopping.

        A plain publisher that works in steps looks at it between them; an async one is cancelled.
        Nothing that it answers from then on is recorded.
        """
        return self._cancelled or not self._is_current(self.job)

    @property
    def valid_for_s(self) -> float:
        """For how many seconds this attempt may still act without a word with the ledger; inf where
        no other runner can end this one.

        Beside other runners: a `checkpoint` right before what cannot be taken back says whether it
        may still be done, and what takes longer than this must not be begun.
        """
        left_s = self._valid_for_s()
        return inf if left_s is None else left_s

    def is_of_another_job(self, post_id: str) -> bool:
        """Whether the ledger has this post as that of another job of the account: as its
        `thread_id`, or in a checkpoint, as the value or what is called `id` in it.

        So of two jobs with one text a publisher that looks for a post takes neither's for the
        other's. It looks at all jobs of the account.
        """
        return self._is_anothers(self.job, post_id)

    def media_path(self, media: Media) -> Path:
        """Return where the bytes of an image or a video of the job's post are: in the ledger's own
        store, to be read and never written to.

        Raises:
            ValidationError: it is an address, which the ledger keeps no file of.
            StorageError: the file is not there.
        """
        if media.file is None or self._media_path is None:
            raise ValidationError(
                f"the ledger keeps no file of {media.source:.200}",
                field="media",
                hint="a platform fetches an address by itself",
            )
        return self._media_path(media.file.sha256)

    @property
    def _called(self) -> bool:
        """Whether its publisher has been called, or is just about to be."""
        return self._may_call.is_used

    def _cancel(self) -> bool:
        """Have it stop. Its publisher is not called any more, if that has not been done: whether
        it has not."""
        self._cancelled = True
        return self._may_call.withdraw()

    def checkpoint(self, name: str, value: Any = None) -> None:
        """Record a step with a JSON value. Durable when it returns.

        Raises:
            ValidationError: the name or the value is not acceptable (64 KiB as JSON at most).
            StaleAttemptError: the attempt is over.
            StorageError: whether the step was recorded is unknown. It is kept, and recorded before
                the end of the attempt if that is possible; an attempt that ends with this error
                may have posted.
        """
        command = c.Checkpoint(attempt=self._current, name=name, value=value)
        job = self._record(self.job.job_id, command)  # rule: checkpoint-is-recorded-first
        if job is not None:
            self._checkpoints[name] = job.checkpoints.get(name)

    def note(self, message: str) -> None:
        """Set the job's `status_message`. Raises as `checkpoint`."""
        self._record(self.job.job_id, c.Note(attempt=self._current, message=message))

    async def acheckpoint(self, name: str, value: Any = None) -> None:
        """Record a step as `checkpoint` does, in a thread: for an async publisher, whose event loop
        is not to wait for a ledger on a server. Cancelled, it may be recorded all the same."""
        await asyncio.to_thread(self.checkpoint, name, value)

    async def anote(self, message: str) -> None:
        """Set the job's `status_message` as `note` does, in a thread."""
        await asyncio.to_thread(self.note, message)


@runtime_checkable
class Publisher(Protocol):
    """Code that posts. `publish` may be plain (it runs in a thread) or async."""

    def publish(self, attempt: Attempt) -> PostResult | Awaitable[PostResult]:
        """Post the job's content and say what became of it.

        Raises:
            NotPosted: it is not out, that is certain.
            OutcomeUnknown: it may be.
            Exception: as docs/attempts.md says; where nothing may go out twice, it may be.
        """


@runtime_checkable
class ReconcilingPublisher(Publisher, Protocol):
    """A publisher that can be asked what became of an attempt in doubt."""

    def reconcile(self, attempt: Attempt) -> PostResult | Awaitable[PostResult | None] | None:
        """Whether the job's post is out: success, it is; not success, it is not; None, can't tell.

        It gets the attempt in doubt: its number, and its checkpoints.
        """


PostCallback = Callable[[str, str], PostResult | Awaitable[PostResult]]
"""The simple publisher: a function of `(account_id, content)`."""
