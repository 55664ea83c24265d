"""What is told of attempts: operational events, by how much each matters.

What they say is in the log already, or cannot be there; telling it changes nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from ..domain import JobLedgerError, JobStatus, ScheduledJob
from ..domain import commands as c
from ..instrumentation import (
    AttemptEnded,
    AttemptGivenUp,
    AttemptKept,
    AttemptLost,
    AttemptPutBack,
    AttemptStarted,
    EndsNotRecorded,
    LateResultRefused,
    ResultRefused,
    described,
    is_told,
    level_of,
    logger,
    tell,
)
from .answers import Answer
from .failures import without_text
from .running import Running

HOW_TO_SAY_NO = (
    "where it is certain that nothing was posted, have the publisher raise NotPosted: it is tried"
    " again then"
)


def tell_started(running: Running) -> None:
    """Tell that an attempt is about to be made, unless it was."""
    if running.attempt is None and is_told(logging.DEBUG):
        job = running.job
        doubted = bool(job.doubted_attempt)
        tell(
            AttemptStarted(
                **_whose(running), platform=job.platform, doubted=doubted, trace=job.trace
            )
        )


def tell_end(
    job: ScheduledJob,
    command: c.OfAttempt,
    outcome: ScheduledJob | JobLedgerError | None,
    trace: str = "",
) -> None:
    """Log how an attempt ended, or that its job had gone on without it. `trace` says where the
    publisher raised what it raised."""
    if isinstance(outcome, JobLedgerError):
        posted = isinstance(command, c.Complete)
        tell(
            ResultRefused(
                job_id=job.job_id,
                account_id=job.account_id,
                attempt=job.attempt,
                reason=outcome.message,
                posted=posted,
                thread_id=command.thread_id if isinstance(command, c.Complete) else None,
            )
        )
    elif outcome is not None:
        tell_outcome(outcome, trace)


def tell_outcome(job: ScheduledJob, trace: str = "") -> None:
    """Log what an attempt has led to: an error where a person has to look, a warning where it will
    be tried again."""
    if not is_told(getattr(logging, level_of(job.status).upper())):
        return
    failed, done = job.status is JobStatus.FAILED, job.status is JobStatus.COMPLETED
    tell(
        AttemptEnded(
            job_id=job.job_id,
            account_id=job.account_id,
            attempt=job.attempt,
            status=job.status,
            error=without_text(job.error, job) if job.error and not done else None,
            trace="" if done else trace,
            again_at=job.scheduled_time if job.status is JobStatus.SCHEDULED else None,
            outcome_unknown=job.outcome_unknown,
            in_doubt=job.in_doubt,
            hint=HOW_TO_SAY_NO if failed and job.outcome_unknown and trace else None,
        )
    )


def tell_put_back(running: Running, error: str) -> None:
    """Tell that an attempt was not made."""
    tell(AttemptPutBack(**_whose(running), error=_without_text(running, error)))


def tell_given_up(running: Running) -> None:
    """Tell that an attempt was cancelled, since its job has gone on without it."""
    tell(AttemptGivenUp(job_id=running.job.job_id, attempt=running.number))


def tell_late(job: ScheduledJob, answer: Answer | str) -> None:
    """Tell what an abandoned publisher answered in the end, or what was wrong with that."""
    who: dict[str, Any] = {
        "job_id": job.job_id,
        "account_id": job.account_id,
        "attempt": job.attempt,
    }
    if isinstance(answer, str):
        tell(LateResultRefused(**who, error=answer))
        return
    is_known = answer.means in ("posted", "not_posted")
    tell(
        LateResultRefused(
            **who,
            error=without_text(answer.error, job) if answer.error else None,
            posted=answer.means == "posted" if is_known else None,
            thread_id=answer.thread_id if is_known else None,
            remark=without_text(answer.remark, job) if answer.remark else None,
        )
    )


# -- of what cannot be recorded --------------------------------------------------------------------


def tell_step_refused(running: Running, reason: str) -> None:
    """Tell that a step that was kept does not fit any more."""
    logger(**_whose(running)).warning("kept step refused", reason=reason)


def tell_not_recorded(error: BaseException) -> None:
    """Tell that what is known of attempts cannot be recorded just now."""
    tell(EndsNotRecorded(error=described(error)))


def tell_kept(running: Running, end: c.OfAttempt, error: BaseException) -> None:
    """Tell that the end of an attempt is known, and why it cannot be recorded yet."""
    tell(AttemptKept(**_whose(running), **_facts(running, end), error=described(error)))


def tell_left(running: Running) -> None:
    """Tell what is known of an attempt, as the last that can be done with it."""
    if isinstance(running.end, c.PutBack):
        logger(**_whose(running)).warning("an attempt that was not made may be in the log")
        return
    facts = {} if running.end is None else _facts(running, running.end)
    tell(AttemptLost(**_whose(running), **facts))


def _facts(running: Running, command: c.OfAttempt) -> dict[str, Any]:
    """Return what somebody has to know who has nothing but the operational log."""
    match command:
        case c.Complete():
            return {"outcome": "posted", "thread_id": command.thread_id}
        case c.Fail():
            outcome = "unknown" if command.outcome_unknown else "failed"
            return {"outcome": outcome, "reason": _without_text(running, command.error)}
        case c.PutBack():
            return {"outcome": "not called", "reason": _without_text(running, command.error)}
        case c.Interrupt():
            return {"outcome": "unknown", "reason": _without_text(running, command.error)}
    return {"outcome": "unknown"}


def _without_text(running: Running, error: str) -> str:
    """Return an error without the text of the post."""
    return without_text(error, running.job)


def _whose(running: Running) -> dict[str, Any]:
    job = running.job
    return {"job_id": job.job_id, "account_id": job.account_id, "attempt": running.number}
