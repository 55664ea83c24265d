"""The contract between the scheduler and the code that posts: Publisher, Attempt, PostResult."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

import msgspec

from ..domain import commands as c
from ..domain.errors import ValidationError
from ..domain.job import ScheduledJob, copy_json


class OutcomeUnknown(Exception):
    """Raised by a publisher: the post may be out, and it cannot tell (a timeout after sending)."""


class PostResult(msgspec.Struct, frozen=True):
    """What a publisher answers. A failure that is not `retryable` is final."""

    success: bool
    thread_id: str | None = None
    error: str | None = None
    retryable: bool = True
    outcome_unknown: bool = False

    @classmethod
    def unknown(cls, error: str | None = None) -> PostResult:
        """The answer of a publisher that cannot tell whether the post is out."""
        return cls(False, error=error, outcome_unknown=True)


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
    ) -> None:
        self._record = record
        self._is_current = is_current
        self._cancelled = False
        self._called = False
        """Whether its publisher has been called, or is just about to be."""
        self._current = job.attempt
        self._checkpoints = dict(job.checkpoints)
        self.job = job
        """The job as it was when the attempt began."""
        self.number = job.attempt if number is None else number
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

    def _cancel(self) -> None:
        self._cancelled = True

    def checkpoint(self, name: str, value: Any = None) -> None:
        """Record a step with a JSON value. Durable when it returns.

        Raises:
            ValidationError: the name or the value is not acceptable (64 KiB as JSON at most).
            StaleAttemptError: the attempt is over.
            StorageError: whether the step was recorded is unknown.
        """
        command = c.Checkpoint(attempt=self._current, name=name, value=value)
        job = self._record(self.job.job_id, command)  # rule: checkpoint-is-recorded-first
        if job is not None:
            self._checkpoints[name] = job.checkpoints.get(name)

    def note(self, message: str) -> None:
        """Set the job's `status_message`. Raises as `checkpoint`."""
        self._record(self.job.job_id, c.Note(attempt=self._current, message=message))


@runtime_checkable
class Publisher(Protocol):
    """Code that posts. `publish` may be plain (it runs in a thread) or async."""

    def publish(self, attempt: Attempt) -> PostResult | Awaitable[PostResult]:
        """Post the job's content and say what became of it. An exception is a failure."""


@runtime_checkable
class ReconcilingPublisher(Publisher, Protocol):
    """A publisher that can be asked what became of an attempt in doubt."""

    def reconcile(self, attempt: Attempt) -> PostResult | Awaitable[PostResult | None] | None:
        """Whether the job's post is out: success, it is; not success, it is not; None, can't tell.

        It gets the attempt in doubt: its number, and its checkpoints.
        """


PostCallback = Callable[[str, str], PostResult | Awaitable[PostResult]]
"""The simple publisher: a function of `(account_id, content)`."""


class _Callback:
    """A PostCallback as a Publisher."""

    def __init__(self, callback: PostCallback) -> None:
        self._callback = callback

    def publish(self, attempt: Attempt) -> PostResult | Awaitable[PostResult]:
        return self._callback(attempt.job.account_id, attempt.job.content)


class Port:
    """A publisher as the scheduler calls it, whatever it was given as.

    Raises:
        ValidationError: it is neither a function nor has it a `publish`.
    """

    def __init__(self, given: PostCallback | Publisher) -> None:
        publish = getattr(given, "publish", None)
        target: Callable[..., Any]
        if inspect.isclass(given):
            raise ValidationError(
                f"the publisher is the class {given.__name__}",
                field="post_callback",
                hint="give an instance of it",
            )
        if callable(publish):
            self.publish: Callable[[Attempt], Any] = publish
            target = publish
        elif callable(given):
            self.publish = _Callback(given).publish
            target = given
        else:
            raise ValidationError(
                f"the publisher must be a function or have a `publish`, not {given!r:.60}",
                field="post_callback",
            )
        reconcile = getattr(given, "reconcile", None)
        self.reconcile: Callable[[Attempt], Any] | None = (
            reconcile if callable(reconcile) and callable(publish) else None
        )
        self._target = target

    @property
    def reconcilable(self) -> bool:
        return self.reconcile is not None

    def is_async(self, method: Callable[[Attempt], Any]) -> bool:
        """Whether calling `method` gives an awaitable at once, so that no thread is needed."""
        function = self._target if method == self.publish else method
        return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
        )
