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

from . import events as e
from .errors import InvalidTransitionError
from .events import Event, trigger_of
from .job import NO_KEYS, JobStatus, ScheduledJob
from .lifecycle import NEW, PAST_TENSE, REMOVED, TABLE

Step = Callable[[ScheduledJob, Any, Event], dict[str, Any]]


def evolve(job: ScheduledJob | None, event: Event) -> ScheduledJob | None:
    """The job after `event`; None after its removal.

    Raises:
        InvalidTransitionError: no legal history has this event here.
    """
    state = NEW if job is None else job.status
    trigger = trigger_of(event.data)
    destinations = TABLE.get((state, trigger))
    expected = 1 if job is None else job.version + 1
    if destinations is None or event.version != expected:
        raise InvalidTransitionError(
            f"event {event.seq} ({event.type}, version {event.version}) cannot follow"
            f" state {state}, version {expected - 1}, of job {event.job_id}",
            state=str(state),
            trigger=trigger,
            job_id=event.job_id,
        )
    if job is None:
        after = _added(event)
    elif event.type == "removed":
        return None
    else:
        after = replace(job, **_STEPS[event.type](job, event.data, event), version=event.version)
    if after.status not in destinations:
        raise InvalidTransitionError(
            f"event {event.seq} ({event.type}) leads job {event.job_id} from {state} to"
            f" {after.status}, which the lifecycle does not have",
            state=str(state),
            trigger=trigger,
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
        status=JobStatus.PENDING if data.hold else JobStatus.SCHEDULED,
        platform=intern(data.platform),
        max_retries=data.max_retries,
        created_at=event.at,
        status_message="Held as a draft" if data.hold else "Scheduled",
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
    if past.status is JobStatus.RUNNING and past.started_at is None:
        state["started_at"] = event.at  # without it nobody could ever find it stuck
    return state


def _held(job: ScheduledJob, data: e.JobHeld, event: Event) -> dict[str, Any]:
    return {**_NOT_DEFERRED, "status": JobStatus.PENDING, "status_message": "Held"}


def _released(job: ScheduledJob, data: e.JobReleased, event: Event) -> dict[str, Any]:
    return {"status": JobStatus.SCHEDULED, "status_message": "Released"}


def _edited(job: ScheduledJob, data: e.JobEdited, event: Event) -> dict[str, Any]:
    fields = ("content", "priority", "metadata")
    return {
        name: getattr(data, name) for name in fields if getattr(data, name) is not msgspec.UNSET
    }


def _rescheduled(job: ScheduledJob, data: e.JobRescheduled, event: Event) -> dict[str, Any]:
    return {
        **_NOT_DEFERRED,
        "scheduled_time": data.scheduled_time,
        "status_message": "Rescheduled",
    }


def _deferred(job: ScheduledJob, data: e.JobDeferred, event: Event) -> dict[str, Any]:
    return {
        "deferred_until": data.until,
        "status_message": f"Held back until {data.until:%Y-%m-%d %H:%M:%S} UTC: {data.reason}",
    }


def _started(job: ScheduledJob, data: e.JobStarted, event: Event) -> dict[str, Any]:
    doing = "Asking whether an earlier attempt is out" if data.asks_first else "Publishing"
    return {
        **_NOT_DEFERRED,
        "status": JobStatus.RUNNING,
        "started_at": event.at,
        "attempt": data.attempt,
        "reconcilable": data.reconcilable,
        "may_be_out": job.may_be_out or (job.in_doubt and not data.reconcilable),
        "status_message": f"{doing} (attempt {data.attempt})",
    }


def _noted(job: ScheduledJob, data: e.JobNoted, event: Event) -> dict[str, Any]:
    return {"status_message": data.message}


def _checkpointed(job: ScheduledJob, data: e.JobCheckpointed, event: Event) -> dict[str, Any]:
    return {"checkpoints": {**job.checkpoints, data.name: data.value}}


def _completed(job: ScheduledJob, data: e.JobCompleted, event: Event) -> dict[str, Any]:
    return {
        **_KNOWN,
        "status": JobStatus.COMPLETED,
        "completed_at": event.at,
        "thread_id": data.thread_id,
        "error": None,
        "status_message": f"Published (attempt {data.attempt})",
    }


def _retried(job: ScheduledJob, data: e.JobRetried, event: Event) -> dict[str, Any]:
    return {
        **_SETTLED,
        "status": JobStatus.SCHEDULED,
        "retry_count": data.retry_count,
        "scheduled_time": data.scheduled_time,
        "error": data.error,
        "status_message": f"Attempt {data.attempt} failed;"
        f" retry {data.retry_count} of {job.max_retries} is due",
    }


def _failed(job: ScheduledJob, data: e.JobFailed, event: Event) -> dict[str, Any]:
    return {
        **_SETTLED,
        "status": JobStatus.FAILED,
        "outcome_unknown": data.outcome_unknown,
        "error": data.error,
        "status_message": _UNKNOWN if data.outcome_unknown else f"Failed (attempt {data.attempt})",
    }


def _interrupted(job: ScheduledJob, data: e.JobInterrupted, event: Event) -> dict[str, Any]:
    only_asked = data.reason == "reconcile_failed"  # it got no further than asking
    if data.scheduled_time is None:
        message = _UNKNOWN
    elif data.in_doubt:
        message = f"Attempt {data.attempt} was interrupted; the publisher will be asked about it"
    else:
        message = (
            f"Attempt {data.attempt} was interrupted;"
            f" retry {data.retry_count} of {job.max_retries} is due"
        )
    return {
        "status": data.status,
        "retry_count": data.retry_count,
        "scheduled_time": data.scheduled_time or job.scheduled_time,
        "in_doubt": data.in_doubt,
        "may_be_out": not data.in_doubt,
        "doubted_attempt": job.doubted_attempt if only_asked else data.attempt,
        "exhausted": data.exhausted,
        "outcome_unknown": data.status is JobStatus.FAILED,
        "error": data.error,
        "status_message": message,
    }


def _cancelled(job: ScheduledJob, data: e.JobCancelled, event: Event) -> dict[str, Any]:
    reason = f": {data.reason}" if data.reason else ""
    running = job.status is JobStatus.RUNNING
    during = f" during attempt {job.attempt}, the post may be out" if running else ""
    return {
        **_NOT_DEFERRED,
        "status": JobStatus.CANCELLED,
        "in_doubt": job.in_doubt or data.in_doubt,
        "doubted_attempt": job.attempt if data.in_doubt else job.doubted_attempt,
        "status_message": f"Cancelled{during}{reason}",
    }


def _expired(job: ScheduledJob, data: e.JobExpired, event: Event) -> dict[str, Any]:
    hours = data.late_s / 3600
    return {
        **_NOT_DEFERRED,
        "status": JobStatus.EXPIRED,
        "status_message": f"Expired, {hours:.1f} h late",
    }


def _requeued(job: ScheduledJob, data: e.JobRequeued, event: Event) -> dict[str, Any]:
    # A doubt that nobody has looked into yet stays: the next attempt asks before it publishes.
    # An outcome that is FAILED as unknown is settled by the person who requeues.
    return {
        "status": JobStatus.SCHEDULED,
        "scheduled_time": data.scheduled_time,
        "retry_count": 0,
        "exhausted": False,
        "outcome_unknown": False,
        "may_be_out": False,
        "error": None,
        "status_message": "Requeued",
    }


def _resolved(job: ScheduledJob, data: e.JobResolved, event: Event) -> dict[str, Any]:
    if data.posted:
        return {
            **_KNOWN,
            "status": JobStatus.COMPLETED,
            "completed_at": event.at,
            "thread_id": data.thread_id,
            "error": None,
            "status_message": "Resolved: it was posted",
        }
    return {**_KNOWN, "status_message": "Resolved: it was not posted"}


_SETTLED = {"in_doubt": False, "exhausted": False, "outcome_unknown": False}
"""This attempt's own outcome is known."""
_KNOWN = {**_SETTLED, "may_be_out": False}
"""So is that of every attempt before it."""
_NOT_DEFERRED = {"deferred_until": None}
_UNKNOWN = "Outcome unknown: the post may be out; resolve or requeue it"

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

assert {*_STEPS, "added", "removed"} == set(PAST_TENSE.values()), REMOVED
