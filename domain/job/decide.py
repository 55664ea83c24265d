"""decide: what follows from a command, as events, or why it is refused.

Pure. Every change of a job starts here: the ledger appends what `decide` returns, and `evolve`
folds it into the job. A refusal is a domain error and changes nothing; an empty list means that
the command asks for what already is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from ..errors import JobNotFoundError, StaleAttemptError, ValidationError
from ..validation import (
    check_checkpoint_name,
    check_flag,
    check_job_id,
    check_json,
    check_member,
    check_metadata,
    check_schedule,
    check_timeout,
    clean_text,
)
from . import commands as c
from . import events as e
from .foretelling import foretold
from .importing import take_over
from .lifecycle import NEW, check, refusal
from .planned import leave_out, revive
from .said import check_edited, check_said
from .state import JobPriority, JobStatus, ScheduledJob

CommandT = TypeVar("CommandT", bound=c.Command)
Decision = list[e.JobEvent]
_Decides = Callable[[ScheduledJob, Any, datetime], Decision]

_RULES: dict[type[c.Command], tuple[str, _Decides]] = {}
"""For each command its trigger in the lifecycle and the function that decides it."""


def decide(job: ScheduledJob | None, command: c.Command, now: datetime) -> Decision:
    """Return the events that `command` leads to for `job` (None before `Add` and `Import`) at
    `now`.

    Raises:
        ValidationError: a value in the command is not acceptable.
        InvalidTransitionError: the lifecycle has no such transition from the job's state.
        JobNotFoundError: there is no job, and the command does not make one.
        StaleAttemptError: the command is of an attempt that is not the job's current one.
    """
    if isinstance(command, c.Add):
        return _add(job, command, now)
    if isinstance(command, c.Import):
        return _import(job, command, now)
    trigger, rule = _RULES[type(command)]
    if isinstance(command, c.OfAttempt):
        _fence(job, command, trigger)
    if job is None:
        raise JobNotFoundError(f"cannot {trigger}: there is no such job")
    check(job.status.value, trigger, job_id=job.job_id)
    return rule(job, command, now)


def _fence(job: ScheduledJob | None, command: c.OfAttempt, trigger: str) -> None:
    """Fence an attempt off: once the job has gone on without it, nothing it says counts."""
    if (
        job is None
        or job.status is not JobStatus.RUNNING
        or job.attempt != command.attempt  # rule: fence-of-an-attempt
    ):
        where = "is gone" if job is None else f"is {job.status.upper()}, attempt {job.attempt}"
        raise StaleAttemptError(
            f"cannot {trigger}: attempt {command.attempt} is over, its job {where}",
            job_id=None if job is None else job.job_id,
            attempt=command.attempt,
        )


def _add(job: ScheduledJob | None, command: c.Add, now: datetime) -> Decision:
    check(NEW if job is None else job.status.value, "add", job_id=command.job_id)
    new = command.job
    # What a schedule makes was checked when somebody said it: a table that has changed since leaves
    # no post out.
    lenient = new.lenient or command.schedule is not None
    said = check_said(new, lenient=lenient)
    check_job_id(command.job_id)
    check_flag(new.lenient, "lenient")
    timeout = None if new.publish_timeout is None else check_timeout(new.publish_timeout)
    return [
        e.JobAdded(
            hold=check_flag(new.hold, "hold"),
            scheduled_time=check_schedule(new.scheduled_time, now),
            publish_timeout_s=None if timeout is None else timeout.total_seconds(),
            schedule=command.schedule,
            trace=command.trace,
            **said,
        )
    ]


def _import(job: ScheduledJob | None, command: c.Import, now: datetime) -> Decision:
    check_job_id(command.job_id)
    check(NEW if job is None else job.status.value, "import", job_id=command.job_id)
    return [take_over(command.job, now)]


def _rule(
    command: type[CommandT], trigger: str
) -> Callable[
    [Callable[[ScheduledJob, CommandT, datetime], Decision]],
    Callable[[ScheduledJob, CommandT, datetime], Decision],
]:
    def register(
        rule: Callable[[ScheduledJob, CommandT, datetime], Decision],
    ) -> Callable[[ScheduledJob, CommandT, datetime], Decision]:
        _RULES[command] = (trigger, rule)
        return rule

    return register


@_rule(c.Hold, "hold")
def _hold(job: ScheduledJob, command: c.Hold, now: datetime) -> Decision:
    return [e.JobHeld(schedule=command.schedule)]


@_rule(c.Release, "release")
def _release(job: ScheduledJob, command: c.Release, now: datetime) -> Decision:
    return [e.JobReleased(schedule=command.schedule)]


@_rule(c.Edit, "edit")
def _edit(job: ScheduledJob, command: c.Edit, now: datetime) -> Decision:
    asked: dict[str, Any] = {}
    if command.content is not msgspec.UNSET or command.post is not msgspec.UNSET:
        asked |= check_edited(job, command)
    if command.priority is not msgspec.UNSET:
        asked["priority"] = check_member(command.priority, JobPriority, "priority")
    if command.metadata is not msgspec.UNSET:
        asked["metadata"] = check_metadata(command.metadata)
    if not asked:
        raise ValidationError("nothing to edit", hint="give content, priority, metadata or post")
    changed = {name: value for name, value in asked.items() if getattr(job, name) != value}
    return [e.JobEdited(**changed, schedule=command.schedule)] if changed else []


@_rule(c.Reschedule, "reschedule")
def _reschedule(job: ScheduledJob, command: c.Reschedule, now: datetime) -> Decision:
    moment = check_schedule(command.scheduled_time, now)
    if moment == job.scheduled_time:
        return []
    return [e.JobRescheduled(scheduled_time=moment, schedule=command.schedule)]


@_rule(c.Defer, "defer")
def _defer(job: ScheduledJob, command: c.Defer, now: datetime) -> Decision:
    _check_ready(job, "defer", now, command.expire_after)
    if command.until == job.deferred_until:
        return []
    return [e.JobDeferred(until=command.until, reason=clean_text(command.reason, 500))]


@_rule(c.Foretell, "defer")
def _foretell(job: ScheduledJob, command: c.Foretell, now: datetime) -> Decision:
    return foretold(job, command.reason, now)


def _check_ready(job: ScheduledJob, trigger: str, now: datetime, expire_after: timedelta) -> None:
    if not job.is_ready(now, expire_after):
        late = job.is_expired(now, expire_after)
        reason = "has expired" if late else f"is due at {job.scheduled_time.isoformat()}"
        raise refusal(job.status.value, trigger, job_id=job.job_id, reason=reason)


@_rule(c.Start, "start")
def _start(job: ScheduledJob, command: c.Start, now: datetime) -> Decision:
    _check_ready(job, "start", now, command.expire_after)
    return [
        e.JobStarted(
            attempt=job.attempt + 1,
            reconcilable=command.reconcilable,
            asks_first=job.in_doubt,
            runner=command.runner,
        )
    ]


@_rule(c.Note, "note")
def _note(job: ScheduledJob, command: c.Note, now: datetime) -> Decision:
    if not isinstance(command.message, str):
        raise ValidationError("message must be text", field="message")
    return [e.JobNoted(attempt=command.attempt, message=clean_text(command.message, 500))]


@_rule(c.Checkpoint, "checkpoint")
def _checkpoint(job: ScheduledJob, command: c.Checkpoint, now: datetime) -> Decision:
    name, value = check_checkpoint_name(command.name), check_json(command.value, "value")
    return [e.JobCheckpointed(attempt=command.attempt, name=name, value=value)]


@_rule(c.Complete, "complete")
def _complete(job: ScheduledJob, command: c.Complete, now: datetime) -> Decision:
    return [
        e.JobCompleted(
            attempt=command.attempt,
            thread_id=command.thread_id,
            found=command.found,
            asked_about=command.asked_about,
            remark=command.remark,
        )
    ]


@_rule(c.Fail, "fail")
def _fail(job: ScheduledJob, command: c.Fail, now: datetime) -> Decision:
    error = clean_text(command.error)
    again = command.retryable and not command.outcome_unknown and job.can_retry()
    if not again:
        # That this attempt is not out says nothing of an earlier one that nobody could ask about.
        unknown = command.outcome_unknown or job.may_be_out
        return [e.JobFailed(attempt=command.attempt, error=error, outcome_unknown=unknown)]
    check(job.status.value, "retry", job_id=job.job_id)
    failures = job.retry_count + 1
    return [
        e.JobRetried(
            attempt=command.attempt,
            error=error,
            retry_count=failures,
            scheduled_time=_after(now, command.retry.delay_s(failures, command.roll)),
        )
    ]


@_rule(c.Interrupt, "interrupt")
def _interrupt(job: ScheduledJob, command: c.Interrupt, now: datetime) -> Decision:
    retry_left = job.can_retry() and not (job.in_doubt and job.exhausted)
    failures = job.retry_count + 1
    delay_s = command.retry.delay_s(failures, command.roll)
    if job.reconcilable:
        again = retry_left or command.ask_always
        if command.settle_s is not None:
            delay_s = command.settle_s
    else:
        again = (
            retry_left and command.on_interrupted == "retry"  # rule: at-most-once-if-nobody-can-ask
        )
    return [
        e.JobInterrupted(
            attempt=command.attempt,
            reason=command.reason,
            error=clean_text(command.error),
            retry_count=failures if again and retry_left else job.retry_count,
            scheduled_time=_after(now, delay_s) if again else None,
            in_doubt=again and job.reconcilable,
            exhausted=again and not retry_left,
        )
    ]


@_rule(c.PutBack, "interrupt")
def _put_back(job: ScheduledJob, command: c.PutBack, now: datetime) -> Decision:
    # No reason of its own: an earlier release reads what it knows, and comes to the same job.
    if job.in_doubt:
        return [
            e.JobInterrupted(
                attempt=command.attempt,
                reason="reconcile_failed",
                error=clean_text(command.error),
                retry_count=job.retry_count,
                scheduled_time=job.scheduled_time,
                in_doubt=True,
                exhausted=job.exhausted,
                called=False,
            )
        ]
    check(job.status.value, "retry", job_id=job.job_id)
    return [
        e.JobRetried(
            attempt=command.attempt,
            error=clean_text(command.error),
            retry_count=job.retry_count,
            scheduled_time=job.scheduled_time,
            called=command.of_account,
            of_account=command.of_account,
        )
    ]


@_rule(c.Cancel, "cancel")
def _cancel(job: ScheduledJob, command: c.Cancel, now: datetime) -> Decision:
    if not isinstance(command.reason, str):
        raise ValidationError("reason must be text", field="reason")
    running = job.status is JobStatus.RUNNING
    may_be_out = running and job.reconcilable  # rule: cancelled-may-be-out
    return [
        e.JobCancelled(
            reason=clean_text(command.reason), in_doubt=may_be_out, schedule=command.schedule
        )
    ]


@_rule(c.Expire, "expire")
def _expire(job: ScheduledJob, command: c.Expire, now: datetime) -> Decision:
    if not job.is_expired(now, command.expire_after):
        raise refusal(job.status.value, "expire", job_id=job.job_id, reason="is not late enough")
    return [e.JobExpired(late_s=(now - job.scheduled_time).total_seconds())]


@_rule(c.Requeue, "requeue")
def _requeue(job: ScheduledJob, command: c.Requeue, now: datetime) -> Decision:
    moment = check_schedule(command.scheduled_time, now)
    return [e.JobRequeued(scheduled_time=moment, schedule=command.schedule)]


@_rule(c.Resolve, "resolve")
def _resolve(job: ScheduledJob, command: c.Resolve, now: datetime) -> Decision:
    if not job.outcome_unknown:
        raise refusal(
            job.status.value, "resolve", job_id=job.job_id, reason="has a known outcome: FAILED"
        )
    if not isinstance(command.posted, bool):
        raise ValidationError("posted must be a bool", field="posted")
    if command.thread_id is not None and not isinstance(command.thread_id, str):
        raise ValidationError("thread_id must be text", field="thread_id")
    if command.thread_id is not None and not command.posted:
        raise ValidationError("thread_id is for a post that is out", field="thread_id")
    thread_id = None if command.thread_id is None else clean_text(command.thread_id)
    return [e.JobResolved(posted=command.posted, thread_id=thread_id)]


@_rule(c.Remove, "remove")
def _remove(job: ScheduledJob, command: c.Remove, now: datetime) -> Decision:
    return [e.JobRemoved()]


_RULES[c.LeaveOut] = "expire", leave_out
_RULES[c.Revive] = "requeue", revive


def _after(now: datetime, delay_s: float) -> datetime:
    return now + timedelta(seconds=delay_s)
