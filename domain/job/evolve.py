"""evolve: the job after an event. Pure, and the only way to a new state.

Everything comes from the event: its `at` is the time of what happened, so a replay years later
gives the same job to the microsecond.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Any

import msgspec
from msgspec.structs import replace

from ..errors import InvalidTransitionError
from . import events as e
from .events import Event, trigger_of
from .lifecycle import BY_TRIGGER, NEW, PAST_TENSE, REMOVED
from .messages import FACT, Fact, What
from .state import NO_KEYS, JobStatus, ScheduledJob

# Looking a member of an enum up costs as much as a look into a dict, and these are asked for often.
_PENDING, _SCHEDULED, _RUNNING = JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING
_COMPLETED, _FAILED = JobStatus.COMPLETED, JobStatus.FAILED
_DRAFTED, _NEW = FACT[What.DRAFTED], FACT[What.SCHEDULED]
_ASKING, _PUBLISHING = FACT[What.ASKING], FACT[What.PUBLISHING]
_PUBLISHED = FACT[What.PUBLISHED]

Step = Callable[[ScheduledJob, Any, Event], ScheduledJob]


def evolve(job: ScheduledJob | None, event: Event) -> ScheduledJob | None:
    """The job after `event`; None after its removal.

    Raises:
        InvalidTransitionError: no legal history has this event here.
    """
    if job is None:
        state, expected = NEW, 1
    else:
        state, expected = job.status, job.version + 1
    kind = event.type
    if kind == "added":
        destinations = BY_TRIGGER[trigger_of(event.data)].get(state)
    else:
        destinations = BY_TRIGGER[_TRIGGERS[kind]].get(state)
    if destinations is None or event.version != expected:
        raise InvalidTransitionError(
            f"event {event.seq} ({kind}, version {event.version}) cannot follow"
            f" state {state}, version {expected - 1}, of job {event.job_id}",
            state=str(state),
            trigger=trigger_of(event.data),
            job_id=event.job_id,
        )
    if job is None:
        after = _added(event)
    elif kind == "removed":
        return None
    else:
        after = _STEPS[kind](job, event.data, event)
    if after.status not in destinations:
        raise InvalidTransitionError(
            f"event {event.seq} ({kind}) leads job {event.job_id} from {state} to"
            f" {after.status}, which the lifecycle does not have",
            state=str(state),
            trigger=trigger_of(event.data),
            job_id=event.job_id,
        )
    return after


def _added(event: Event) -> ScheduledJob:
    data = event.data
    assert isinstance(data, e.JobAdded)
    job = ScheduledJob(
        job_id=event.job_id,
        account_id=intern(data.account_id),  # a few names, in many jobs
        content=data.content,
        scheduled_time=data.scheduled_time,
        priority=data.priority,
        status=_PENDING if data.hold else _SCHEDULED,
        platform=intern(data.platform),
        max_retries=data.max_retries,
        created_at=event.at,
        status_message=_DRAFTED if data.hold else _NEW,
        metadata=data.metadata or NO_KEYS,
        checkpoints=NO_KEYS,
        publish_timeout_s=data.publish_timeout_s,
        version=event.version,
        order=event.seq,
    )
    if data.imported is None:
        return job
    return replace(job, **_taken_over(data.imported, event))


def _taken_over(past: e.Imported, event: Event) -> dict[str, Any]:
    """The state that an imported job brings with it."""
    state = {name: getattr(past, name) for name in _STATE}
    if past.created_at is None:
        state["created_at"] = event.at
    if past.status is _RUNNING and past.started_at is None:
        state["started_at"] = event.at  # without it nobody could ever find it stuck
    return state


def _held(job: ScheduledJob, data: e.JobHeld, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_PENDING,
        deferred_until=None,
        status_message=FACT[What.HELD],
    )


def _released(job: ScheduledJob, data: e.JobReleased, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_SCHEDULED,
        status_message=FACT[What.RELEASED],
    )


def _edited(job: ScheduledJob, data: e.JobEdited, event: Event) -> ScheduledJob:
    fields = ("content", "priority", "metadata")
    changed = {
        name: getattr(data, name) for name in fields if getattr(data, name) is not msgspec.UNSET
    }
    return replace(job, version=event.version, **changed)


def _rescheduled(job: ScheduledJob, data: e.JobRescheduled, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        scheduled_time=data.scheduled_time,
        deferred_until=None,
        status_message=FACT[What.RESCHEDULED],
    )


def _deferred(job: ScheduledJob, data: e.JobDeferred, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        deferred_until=data.until,
        status_message=Fact(What.DEFERRED, data.reason),
    )


def _started(job: ScheduledJob, data: e.JobStarted, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_RUNNING,
        started_at=event.at,
        attempt=data.attempt,
        reconcilable=data.reconcilable,
        may_be_out=job.may_be_out or (job.in_doubt and not data.reconcilable),
        deferred_until=None,
        status_message=_ASKING if data.asks_first else _PUBLISHING,
    )


def _noted(job: ScheduledJob, data: e.JobNoted, event: Event) -> ScheduledJob:
    return replace(job, version=event.version, status_message=data.message)


def _checkpointed(job: ScheduledJob, data: e.JobCheckpointed, event: Event) -> ScheduledJob:
    checkpoints = {**job.checkpoints, data.name: data.value}
    return replace(job, version=event.version, checkpoints=checkpoints)


def _completed(job: ScheduledJob, data: e.JobCompleted, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_COMPLETED,
        completed_at=event.at,
        thread_id=data.thread_id,
        error=None,
        status_message=_PUBLISHED,
        in_doubt=False,
        may_be_out=False,
        exhausted=False,
        outcome_unknown=False,
    )


def _retried(job: ScheduledJob, data: e.JobRetried, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_SCHEDULED,
        retry_count=data.retry_count,
        scheduled_time=data.scheduled_time,
        error=data.error,
        status_message=FACT[What.RETRIED if data.called else What.NOT_BEGUN],
        **_SETTLED,
    )


def _failed(job: ScheduledJob, data: e.JobFailed, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_FAILED,
        in_doubt=False,
        exhausted=False,
        outcome_unknown=data.outcome_unknown,
        error=data.error,
        status_message=FACT[What.UNKNOWN if data.outcome_unknown else What.FAILED],
    )


def _interrupted(job: ScheduledJob, data: e.JobInterrupted, event: Event) -> ScheduledJob:
    only_asked = data.reason == "reconcile_failed"  # it got no further than asking
    if data.scheduled_time is None:
        what = What.UNKNOWN
    else:
        what = What.IN_DOUBT if data.in_doubt else What.INTERRUPTED
    return replace(
        job,
        version=event.version,
        status=data.status,
        retry_count=data.retry_count,
        scheduled_time=data.scheduled_time or job.scheduled_time,
        in_doubt=data.in_doubt,
        may_be_out=not data.in_doubt,
        doubted_attempt=job.doubted_attempt if only_asked else data.attempt,
        exhausted=data.exhausted,
        outcome_unknown=data.status is _FAILED,
        error=data.error,
        status_message=FACT[what],
    )


def _cancelled(job: ScheduledJob, data: e.JobCancelled, event: Event) -> ScheduledJob:
    what = What.CANCELLED_RUNNING if job.status is _RUNNING else What.CANCELLED
    return replace(
        job,
        version=event.version,
        status=JobStatus.CANCELLED,
        in_doubt=job.in_doubt or data.in_doubt,
        doubted_attempt=job.attempt if data.in_doubt else job.doubted_attempt,
        deferred_until=None,
        status_message=Fact(what, data.reason) if data.reason else FACT[what],
    )


def _expired(job: ScheduledJob, data: e.JobExpired, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=JobStatus.EXPIRED,
        deferred_until=None,
        status_message=Fact(What.EXPIRED, data.late_s),
    )


def _requeued(job: ScheduledJob, data: e.JobRequeued, event: Event) -> ScheduledJob:
    # A doubt that nobody has looked into yet stays: the next attempt asks before it publishes.
    # An outcome that is FAILED as unknown is settled by the person who requeues.
    return replace(
        job,
        version=event.version,
        status=_SCHEDULED,
        scheduled_time=data.scheduled_time,
        retry_count=0,  # rule: requeue-begins-anew
        exhausted=False,
        outcome_unknown=False,
        may_be_out=False,
        error=None,
        status_message=FACT[What.REQUEUED],
    )


def _resolved(job: ScheduledJob, data: e.JobResolved, event: Event) -> ScheduledJob:
    if not data.posted:
        fact = FACT[What.NOT_POSTED]
        return replace(job, version=event.version, status_message=fact, **_KNOWN)
    return replace(
        job,
        version=event.version,
        status=_COMPLETED,
        completed_at=event.at,
        thread_id=data.thread_id,
        error=None,
        status_message=FACT[What.POSTED],
        **_KNOWN,
    )


_SETTLED = {"in_doubt": False, "exhausted": False, "outcome_unknown": False}
"""This attempt's own outcome is known."""
_KNOWN = {**_SETTLED, "may_be_out": False}
"""So is that of every attempt before it."""

_STATE = tuple(name for name in e.Imported.__struct_fields__ if name not in ("source", "line"))

_STEPS: dict[str, Step] = {
    "held": _held,
    "released": _released,
    "edited": _edited,
    "rescheduled": _rescheduled,
    "deferred": _deferred,
    "started": _started,
    "noted": _noted,
    "checkpointed": _checkpointed,
    "completed": _completed,
    "retried": _retried,
    "failed": _failed,
    "interrupted": _interrupted,
    "cancelled": _cancelled,
    "expired": _expired,
    "requeued": _requeued,
    "resolved": _resolved,
}

_TRIGGERS = {kind: trigger for trigger, kind in PAST_TENSE.items()}
"""Of each event type but `added`, which has two (`trigger_of`)."""
assert {*_STEPS, "added", "removed"} == set(PAST_TENSE.values()), REMOVED
