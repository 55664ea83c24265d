"""evolve: the job after an event. Pure, and the only way to a new state.

Everything comes from the event, its time too: a replay gives the same to the microsecond.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from ..errors import InvalidTransitionError
from ..event import Event, EventData
from . import events as e
from .doubt import Doubt
from .importing import as_it_was
from .lifecycle import BY_TRIGGER, NEW
from .messages import FACT, Fact, What
from .origin import Cause
from .planned import by_plan
from .state import NO_KEYS, JobStatus, ScheduledJob

# To look a member of an enum up costs as much as a dict, and these are asked for often.
_PENDING, _SCHEDULED, _RUNNING = JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING
_COMPLETED, _FAILED = JobStatus.COMPLETED, JobStatus.FAILED
_DRAFTED, _NEW, _PUBLISHED = FACT[What.DRAFTED], FACT[What.SCHEDULED], FACT[What.PUBLISHED]
_ASKING, _PUBLISHING = FACT[What.ASKING], FACT[What.PUBLISHING]
_NO_DOUBT = Doubt.NONE

KindT = TypeVar("KindT", bound=EventData)
Step = Callable[[Any, KindT, Event], ScheduledJob | None]

STEPS: dict[type[EventData], Step[Any]] = {}
"""Of each event type what it does to a job; a table, as every event of a replay looks it up."""


def evolve(job: ScheduledJob | None, event: Event) -> ScheduledJob | None:
    """Return the job after `event`; None after its removal.

    Raises:
        InvalidTransitionError: no legal history has this event here.
    """
    data = event.data
    kind = type(data)
    leads = _LEADS.get(kind, _NOWHERE)
    if job is None:
        state, expected = NEW, 1
        if type(data) is e.JobAdded and data.imported is not None:
            leads = _IMPORTED  # the other way in which a job comes to be
    else:
        state, expected = job.status, job.version + 1
    destinations = leads.get(state)
    if destinations is None or event.version != expected:
        raise InvalidTransitionError(
            f"event {event.seq} ({event.type}, version {event.version}) cannot follow"
            f" state {state}, version {expected - 1}, of job {event.job_id}",
            state=str(state),
            trigger=data.trigger,
            job_id=event.job_id,
        )
    after = STEPS[kind](job, data, event)
    if job is not None and job.schedule is not None and isinstance(data, e.BY_PLAN):
        after = by_plan(job.schedule, data, after)
    if after is not None and after.status not in destinations:
        raise InvalidTransitionError(
            f"event {event.seq} ({event.type}) leads job {event.job_id} from {state} to"
            f" {after.status}, which the lifecycle does not have",
            state=str(state),
            trigger=data.trigger,
            job_id=event.job_id,
        )
    return after


_IMPORTED = BY_TRIGGER["import"]
_NOWHERE: dict[str, tuple[str, ...]] = {}
_LEADS: dict[type, dict[str, tuple[str, ...]]] = {
    kind: BY_TRIGGER[kind.TRIGGERS[0]] for kind in e.JOB_EVENTS.values()
}
"""Where the event of each type may lead to, by the job's state."""


def _step(kind: type[KindT]) -> Callable[[Step[KindT]], Step[KindT]]:
    def register(step: Step[KindT]) -> Step[KindT]:
        STEPS[kind] = step
        return step

    return register


@_step(e.JobAdded)
def _added(job: None, data: e.JobAdded, event: Event) -> ScheduledJob:
    new = ScheduledJob(
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
        version=event.version,
        order=event.seq,
    )
    for name in _SELDOM_SAID:
        if (value := getattr(data, name)) is not None:
            new = replace(new, **{name: value})
    if data.imported is None:
        return new
    return replace(new, **as_it_was(data.imported, event.at))


def _told(what: What, cause: Cause | None) -> Fact:
    return FACT[what] if cause is None else Fact(what, f"schedule:{cause}")


@_step(e.JobHeld)
def _held(job: ScheduledJob, data: e.JobHeld, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_PENDING,
        deferred_until=None,
        status_message=_told(What.HELD, data.schedule),
    )


@_step(e.JobReleased)
def _released(job: ScheduledJob, data: e.JobReleased, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_SCHEDULED,
        status_message=_told(What.RELEASED, data.schedule),
    )


@_step(e.JobEdited)
def _edited(job: ScheduledJob, data: e.JobEdited, event: Event) -> ScheduledJob:
    told = ((name, getattr(data, name)) for name in ("content", "priority", "metadata", "post"))
    changed = {name: value for name, value in told if value is not msgspec.UNSET}
    if job.post is not None and "content" in changed:
        changed.setdefault("post", job.post.with_text(changed["content"]))
    return replace(job, version=event.version, **changed)


@_step(e.JobRescheduled)
def _rescheduled(job: ScheduledJob, data: e.JobRescheduled, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        scheduled_time=data.scheduled_time,
        deferred_until=None,
        status_message=_told(What.RESCHEDULED, data.schedule),
    )


@_step(e.JobDeferred)
def _deferred(job: ScheduledJob, data: e.JobDeferred, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        deferred_until=data.until,
        status_message=Fact(What.DEFERRED, data.reason),
    )


@_step(e.JobStarted)
def _started(job: ScheduledJob, data: e.JobStarted, event: Event) -> ScheduledJob:
    doubt = job.doubt
    if doubt is not _NO_DOUBT and doubt.in_doubt and not data.reconcilable:
        doubt = doubt.unasked()
    return replace(
        job,
        version=event.version,
        status=_RUNNING,
        started_at=event.at,
        attempt=data.attempt,
        runner=data.runner,
        reconcilable=data.reconcilable,
        doubt=doubt,
        deferred_until=None,
        status_message=_ASKING if data.asks_first else _PUBLISHING,
    )


@_step(e.JobNoted)
def _noted(job: ScheduledJob, data: e.JobNoted, event: Event) -> ScheduledJob:
    return replace(job, version=event.version, status_message=data.message)


@_step(e.JobCheckpointed)
def _checkpointed(job: ScheduledJob, data: e.JobCheckpointed, event: Event) -> ScheduledJob:
    checkpoints = {**job.checkpoints, data.name: data.value}
    return replace(job, version=event.version, checkpoints=checkpoints)


@_step(e.JobCompleted)
def _completed(job: ScheduledJob, data: e.JobCompleted, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_COMPLETED,
        completed_at=event.at,
        thread_id=data.thread_id,
        error=None,
        status_message=_PUBLISHED,
        doubt=_NO_DOUBT,
    )


@_step(e.JobRetried)
def _retried(job: ScheduledJob, data: e.JobRetried, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_SCHEDULED,
        retry_count=data.retry_count,
        scheduled_time=data.scheduled_time,
        error=data.error,
        status_message=FACT[_what_of(data)],
        doubt=job.doubt.of_others(),
    )


def _what_of(data: e.JobRetried) -> What:
    if data.of_account:
        return What.OF_ACCOUNT
    return What.RETRIED if data.called else What.NOT_BEGUN


@_step(e.JobFailed)
def _failed(job: ScheduledJob, data: e.JobFailed, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=_FAILED,
        doubt=Doubt.of(may_be_out=job.may_be_out, outcome_unknown=data.outcome_unknown),
        error=data.error,
        status_message=FACT[What.UNKNOWN if data.outcome_unknown else What.FAILED],
    )


@_step(e.JobInterrupted)
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
        doubt=Doubt.of(
            in_doubt=data.in_doubt,
            exhausted=data.exhausted,
            may_be_out=not data.in_doubt,
            outcome_unknown=data.status is _FAILED,
        ),
        doubted_attempt=job.doubted_attempt if only_asked else data.attempt,
        error=data.error,
        status_message=FACT[what],
    )


@_step(e.JobCancelled)
def _cancelled(job: ScheduledJob, data: e.JobCancelled, event: Event) -> ScheduledJob:
    what = What.CANCELLED_RUNNING if job.status is _RUNNING else What.CANCELLED
    return replace(
        job,
        version=event.version,
        status=JobStatus.CANCELLED,
        doubt=job.doubt.to_be_asked() if data.in_doubt else job.doubt,
        doubted_attempt=job.attempt if data.in_doubt else job.doubted_attempt,
        deferred_until=None,
        status_message=Fact(what, data.reason) if data.reason else _told(what, data.schedule),
    )


@_step(e.JobExpired)
def _expired(job: ScheduledJob, data: e.JobExpired, event: Event) -> ScheduledJob:
    return replace(
        job,
        version=event.version,
        status=JobStatus.EXPIRED,
        deferred_until=None,
        status_message=(
            Fact(What.EXPIRED, data.late_s)
            if data.schedule is None
            else _told(What.LEFT_OUT, data.schedule)
        ),
    )


@_step(e.JobRequeued)
def _requeued(job: ScheduledJob, data: e.JobRequeued, event: Event) -> ScheduledJob:
    # A doubt that nobody has looked into yet stays: the next attempt asks before it publishes.
    # An outcome that is FAILED as unknown is settled by the person who requeues.
    return replace(
        job,
        version=event.version,
        status=_SCHEDULED,
        scheduled_time=data.scheduled_time,
        retry_count=0,  # rule: requeue-begins-anew
        doubt=Doubt.of(in_doubt=job.in_doubt),
        error=None,
        status_message=_told(What.REQUEUED, data.schedule),
    )


@_step(e.JobResolved)
def _resolved(job: ScheduledJob, data: e.JobResolved, event: Event) -> ScheduledJob:
    if not data.posted:
        fact = FACT[What.NOT_POSTED]
        return replace(job, version=event.version, doubt=_NO_DOUBT, status_message=fact)
    return replace(
        job,
        version=event.version,
        status=_COMPLETED,
        completed_at=event.at,
        thread_id=data.thread_id,
        error=None,
        status_message=FACT[What.POSTED],
        doubt=_NO_DOUBT,
    )


@_step(e.JobRemoved)
def _removed(job: ScheduledJob, data: e.JobRemoved, event: Event) -> None:
    return None


_SELDOM_SAID = tuple(
    field.name
    for field in msgspec.structs.fields(e.JobAdded)
    if field.name in ScheduledJob.__struct_fields__
    and not field.required
    and field.name != "metadata"
)
"""What need not be said of a new job, and is a field of the job as it is."""
