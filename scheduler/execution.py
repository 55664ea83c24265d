"""One attempt from its start to its recorded end: what is asked of the publisher, and what follows
from its answers.

`steps` is the whole logic and calls nothing itself: it yields the question to put next and is sent
the answer, so that the blocking runner and the event loop drive the very same code.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal

from ..domain import ScheduledJob
from ..domain import commands as c
from .answers import Answer
from .settings import AttemptSettings

Question = Literal["publish", "reconcile"]


def steps(
    job: ScheduledJob, can_reconcile: bool, settings: AttemptSettings
) -> Generator[Question, Answer, c.OfAttempt]:
    """Run a started job's attempt; returns the command that records its end."""
    asked = job.in_doubt and can_reconcile
    if job.in_doubt:  # rule: ask-before-posting-again
        if can_reconcile:
            end = _after_reconcile(job, (yield "reconcile"), settings)
        else:
            end = _cannot_ask(job, settings)
        if end is not None:
            return end
    return _after_publish(job, (yield "publish"), settings, asked=asked)


def interruption(
    job: ScheduledJob,
    reason: c.InterruptReason,
    error: str,
    settings: AttemptSettings,
    *,
    settle: bool = False,
    ask_always: bool = True,
    again: bool = True,
) -> c.Interrupt:
    """Make the command for an attempt whose outcome nobody knows. Not `again`: it may be asked
    about, and is not posted a second time whatever the settings say."""
    return c.Interrupt(
        attempt=job.attempt,
        reason=reason,
        error=error,
        on_interrupted=settings.on_interrupted if again else "fail",
        retry=settings.retry,
        roll=settings.roll,
        settle_s=settings.settle_s if settle else None,
        ask_always=ask_always,
    )


def _after_publish(
    job: ScheduledJob, answer: Answer, settings: AttemptSettings, *, asked: bool
) -> c.OfAttempt:
    error = answer.error
    # rule: at-most-once-takes-only-its-own-word
    if answer.means == "failed" and settings.on_interrupted == "retry":
        return _failure(job, error, settings)
    match answer.means:
        case "posted":
            return _completed(job, answer, found=False if asked else None)
        case "not_posted" if answer.of_account:
            return c.PutBack(attempt=job.attempt, error=error, of_account=True)
        case "not_posted":
            message = error or "the publisher gave no reason"
            return _failure(job, message, settings, retryable=answer.retryable)
        case "late":
            message = f"interrupted: no answer from the publisher {error}"
            return interruption(job, "timeout", message, settings, settle=True)
        case "nothing" | "wrong":
            message = error if answer.raised else f"publisher {error}"
            # It has done whatever it did, and would do it again.
            # rule: what-says-nothing-is-done
            return interruption(job, "outcome_unknown", message, settings, settle=True, again=False)
        case "unknown" | "failed":
            message = error or "the publisher cannot tell whether the post is out"
            return interruption(job, "outcome_unknown", message, settings, settle=True)


def _after_reconcile(
    job: ScheduledJob, answer: Answer, settings: AttemptSettings
) -> c.OfAttempt | None:
    """How the attempt ends after asking; None when it is to go on and publish."""
    error = answer.error
    if answer.of_account:  # it could not be asked, whoever may be
        return c.PutBack(attempt=job.attempt, error=f"asking failed: {error}", of_account=True)
    if answer.raised or answer.means in ("wrong", "late"):
        # Asking failed, so nothing is known yet: ask again later, while retries are left.
        what = {"wrong": "reconcile ", "late": "no answer "}
        message = error if answer.raised else f"{what[answer.means]}{error}"
        return interruption(
            job, "reconcile_failed", f"asking failed: {message}", settings, ask_always=False
        )
    if answer.means == "posted":
        return _completed(job, answer, found=True)
    if answer.means != "not_posted":
        said = error if error and answer.means == "unknown" else "the publisher cannot tell"
        return _unknown(job, f"an earlier attempt may be out: {said}")
    if job.exhausted:
        said = f": {job.error}" if job.error else ""
        return _failure(job, f"not posted, and no retry is left{said}", settings, retryable=False)
    return None


def _cannot_ask(job: ScheduledJob, settings: AttemptSettings) -> c.OfAttempt | None:
    """End an attempt in doubt whose publisher cannot be asked (any more); None: post again."""
    if settings.on_interrupted == "retry" and not job.exhausted:
        return None
    return _unknown(job, "an earlier attempt may be out, and this publisher cannot be asked")


def _completed(job: ScheduledJob, answer: Answer, *, found: bool | None) -> c.Complete:
    return c.Complete(
        attempt=job.attempt,
        thread_id=answer.thread_id,
        found=found,
        asked_about=None if found is None else job.doubted_attempt or None,
        remark=answer.remark,
    )


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
