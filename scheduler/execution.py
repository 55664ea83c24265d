"""One attempt from its start to its recorded end: what is asked of the publisher, and what its
answers mean.

`steps` is the whole logic and calls nothing itself: it yields the question to put next and is sent
the answer, so that the blocking runner and the event loop drive the very same code.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Literal

import msgspec

from ..domain import commands as c
from ..domain.job import ScheduledJob
from ..domain.validation import clean_text
from .attempt import OutcomeUnknown, PostResult
from .settings import AttemptSettings

Question = Literal["publish", "reconcile"]


class Answer(msgspec.Struct, frozen=True):
    """What calling the publisher gave: a value, or the exception that it raised, or nothing within
    so many seconds."""

    value: Any = None
    error: BaseException | None = None
    timed_out_s: float | None = None


def steps(
    job: ScheduledJob, can_reconcile: bool, settings: AttemptSettings
) -> Generator[Question, Answer, c.OfAttempt]:
    """Run a started job's attempt; returns the command that records its end."""
    if job.in_doubt:  # rule: ask-before-posting-again
        if can_reconcile:
            end = _after_reconcile(job, (yield "reconcile"), settings)
        else:
            end = _cannot_ask(job, settings)
        if end is not None:
            return end
    return _after_publish(job, (yield "publish"), settings)


def interruption(
    job: ScheduledJob,
    reason: c.InterruptReason,
    error: str,
    settings: AttemptSettings,
    *,
    settle: bool = False,
    ask_always: bool = True,
) -> c.Interrupt:
    """The command for an attempt whose outcome nobody knows."""
    return c.Interrupt(
        attempt=job.attempt,
        reason=reason,
        error=error,
        on_interrupted=settings.on_interrupted,
        retry=settings.retry,
        roll=settings.roll,
        settle_s=settings.settle_s if settle else None,
        ask_always=ask_always,
    )


def _after_publish(job: ScheduledJob, answer: Answer, settings: AttemptSettings) -> c.OfAttempt:
    error, value = answer.error, answer.value
    if answer.timed_out_s is not None:
        message = f"interrupted: no answer from the publisher in {answer.timed_out_s:g} s"
        return interruption(job, "timeout", message, settings, settle=True)
    if isinstance(error, OutcomeUnknown):
        return interruption(job, "outcome_unknown", _described(error), settings, settle=True)
    if error is not None:
        return _failure(job, _described(error), settings)
    if not isinstance(value, PostResult):
        return _failure(job, _wrong(value, "publisher"), settings)
    if value.outcome_unknown:
        message = value.error or "the publisher cannot tell whether the post is out"
        return interruption(job, "outcome_unknown", message, settings, settle=True)
    if value.success:
        return c.Complete(attempt=job.attempt, thread_id=_thread_id(value))
    message = value.error or "the publisher gave no reason"
    return _failure(job, message, settings, retryable=bool(value.retryable))


def _after_reconcile(
    job: ScheduledJob, answer: Answer, settings: AttemptSettings
) -> c.OfAttempt | None:
    """How the attempt ends after asking; None when it is to go on and publish."""
    error, value = answer.error, answer.value
    late = answer.timed_out_s is not None
    if late or error is not None or not (value is None or isinstance(value, PostResult)):
        # Asking failed, so nothing is known yet: ask again later, while retries are left.
        message = _wrong(value, "reconcile") if error is None else _described(error)
        if late:
            message = f"no answer in {answer.timed_out_s:g} s"
        return interruption(
            job, "reconcile_failed", f"asking failed: {message}", settings, ask_always=False
        )
    if value is None or value.outcome_unknown:
        said = value.error if value is not None and value.error else "the publisher cannot tell"
        return _unknown(job, f"an earlier attempt may be out: {said}")
    if value.success:
        return c.Complete(attempt=job.attempt, thread_id=_thread_id(value))
    if job.exhausted:
        said = f": {job.error}" if job.error else ""
        return _failure(job, f"not posted, and no retry is left{said}", settings, retryable=False)
    return None


def _cannot_ask(job: ScheduledJob, settings: AttemptSettings) -> c.OfAttempt | None:
    """An attempt in doubt, and a publisher that (now) cannot be asked."""
    if settings.on_interrupted == "retry" and not job.exhausted:
        return None
    return _unknown(job, "an earlier attempt may be out, and this publisher cannot be asked")


def _unknown(job: ScheduledJob, error: str) -> c.Fail:
    return c.Fail(attempt=job.attempt, error=error, retryable=False, outcome_unknown=True)


def _failure(
    job: ScheduledJob, error: str, settings: AttemptSettings, *, retryable: bool = True
) -> c.Fail:
    return c.Fail(
        attempt=job.attempt,
        error=error,
        retryable=retryable,
        retry=settings.retry,
        roll=settings.roll,
    )


def _described(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        text = ""
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _wrong(value: object, who: str) -> str:
    return f"{who} returned {type(value).__name__}, not a PostResult"


def _thread_id(result: PostResult) -> str | None:
    return None if result.thread_id is None else clean_text(result.thread_id, 500)
