"""What has happened to a job: the event types.

Each type is declared in one place, its class, a member of the union `JobEvent`; its step is in
`evolve.py`. All tables are derived from that, and whatever chooses by type matches the classes, so
that the type checker names every place that a new one concerns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeGuard, get_args

import msgspec

from ..event import Event
from ..event import EventData as EventData
from ..post.values import Post
from ..times import Moment
from .commands import InterruptReason
from .origin import Cause, FromSchedule
from .state import JobPriority, JobStatus


class Imported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where an imported job comes from (a file's name and a line), and the state it was in there.

    What is not known of `created_at`, and of the `started_at` of a running job, is the time of the
    event.
    """

    source: str
    line: int | None = None
    status: JobStatus
    retry_count: int = 0
    created_at: Moment | None = None
    started_at: Moment | None = None
    completed_at: Moment | None = None
    error: str | None = None
    thread_id: str | None = None
    status_message: str | None = None
    attempt: int = 0
    in_doubt: bool = False
    doubted_attempt: int = 0
    exhausted: bool = False
    outcome_unknown: bool = False
    may_be_out: bool = False
    reconcilable: bool = False
    deferred_until: Moment | None = None
    checkpoints: dict[str, Any] = {}


class JobAdded(EventData, frozen=True):
    """A job came to be. `imported`: it was taken over, with the state that it had elsewhere."""

    TYPE = "added"
    TRIGGERS = ("add", "import")
    SINCE = (("post", 2),)
    account_id: str
    content: str
    scheduled_time: Moment
    priority: JobPriority
    max_retries: int
    platform: str
    metadata: dict[str, Any] = {}  # noqa: RUF012 - a struct, which gives each its own
    hold: bool = False
    publish_timeout_s: float | None = None
    imported: Imported | None = None
    schedule: FromSchedule | None = None
    """The schedule that made it, and as which of its occurrences."""
    post: Post | None = None
    """What is posted, where that is more than `content`, which is the text of its first part."""
    trace: str | None = None
    """The W3C trace context (`traceparent`) in which it was added, for spans to be linked to."""

    @property
    def trigger(self) -> str:
        return "add" if self.imported is None else "import"


class JobHeld(EventData, frozen=True):
    """It is PENDING: it does not run until it is released."""

    TYPE = "held"
    TRIGGERS = ("hold",)
    schedule: Cause | None = None


class JobReleased(EventData, frozen=True):
    """It is SCHEDULED again."""

    TYPE = "released"
    TRIGGERS = ("release",)
    schedule: Cause | None = None


class JobEdited(EventData, frozen=True):
    """Its content, priority, metadata or post was changed; only what changed is there.

    Where `content` is there and `post` is not, the first part of the post has that text, too.
    `post` null: it has none any more.
    """

    TYPE = "edited"
    TRIGGERS = ("edit",)
    SINCE = (("post", 2),)
    content: str | msgspec.UnsetType = msgspec.UNSET
    priority: JobPriority | msgspec.UnsetType = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    schedule: Cause | None = None
    post: Post | msgspec.UnsetType | None = msgspec.UNSET


class JobRescheduled(EventData, frozen=True):
    """It has another time."""

    TYPE = "rescheduled"
    TRIGGERS = ("reschedule",)
    scheduled_time: Moment
    schedule: Cause | None = None


class JobDeferred(EventData, frozen=True):
    """It was due and is held back: the pacing of its account allows it no sooner than `until`.

    With an `until` that is not behind its own time it was not due, and nothing holds it back: it
    tells what was found for it ahead of its time.
    """

    TYPE = "deferred"
    TRIGGERS = ("defer",)
    until: Moment
    reason: str


class JobStarted(EventData, frozen=True):
    """An attempt begins. `asks_first`: an earlier one is in doubt, so it reconciles first."""

    TYPE = "started"
    TRIGGERS = ("start",)
    attempt: int
    reconcilable: bool
    asks_first: bool = False
    runner: str | None = None


class JobNoted(EventData, frozen=True):
    """Its running attempt says how far it is."""

    TYPE = "noted"
    TRIGGERS = ("note",)
    attempt: int
    message: str


class JobCheckpointed(EventData, frozen=True):
    """Its running attempt has done a step that no later one has to do again."""

    TYPE = "checkpointed"
    TRIGGERS = ("checkpoint",)
    attempt: int
    name: str
    value: Any


class JobCompleted(EventData, frozen=True):
    """The post is out.

    `found` is there where the publisher was asked before anything else, about `asked_about`: true,
    that attempt had posted it; false, it had not, and this one has. `remark`: what is to be known
    besides, such as that its id cannot be read.
    """

    TYPE = "completed"
    TRIGGERS = ("complete",)
    attempt: int
    thread_id: str | None = None
    found: bool | None = None
    asked_about: int | None = None
    remark: str | None = None


class JobRetried(EventData, frozen=True):
    """The attempt failed; `scheduled_time` is when the next one is due.

    `called` is False where its publisher never was, `of_account` where it could post nothing for
    the job's account: no retry was used up, and the job's time is what it was.
    """

    TYPE = "retried"
    TRIGGERS = ("retry",)
    attempt: int
    error: str
    retry_count: int
    scheduled_time: Moment
    called: bool = True
    of_account: bool = False


class JobFailed(EventData, frozen=True):
    """No retry is left, or none is to be made; with `outcome_unknown` the post may be out."""

    TYPE = "failed"
    TRIGGERS = ("fail",)
    attempt: int
    error: str
    outcome_unknown: bool = False


class JobInterrupted(EventData, frozen=True):
    """The attempt ended without a known outcome.

    With a `scheduled_time` the job is SCHEDULED again for then, else it is FAILED with its outcome
    unknown. `in_doubt`: the next attempt asks the publisher before anything else; `exhausted`:
    that attempt may ask, but no retry is left to publish with. `called` is False where it was to
    ask, and its publisher never was called: nothing has changed.
    """

    TYPE = "interrupted"
    TRIGGERS = ("interrupt",)
    attempt: int
    reason: InterruptReason
    error: str
    retry_count: int
    scheduled_time: Moment | None = None
    in_doubt: bool = False
    exhausted: bool = False
    called: bool = True

    @property
    def status(self) -> JobStatus:
        """Where the interruption led."""
        return JobStatus.FAILED if self.scheduled_time is None else JobStatus.SCHEDULED


class JobCancelled(EventData, frozen=True):
    """It will not be posted. `in_doubt`: it was running, so the post may be out, and its publisher
    can be asked."""

    TYPE = "cancelled"
    TRIGGERS = ("cancel",)
    reason: str = ""
    in_doubt: bool = False
    schedule: Cause | None = None


class JobExpired(EventData, frozen=True):
    """It was `late_s` seconds past its time when that was found to be too late."""

    TYPE = "expired"
    TRIGGERS = ("expire",)
    late_s: float
    schedule: Cause | None = None


class JobRequeued(EventData, frozen=True):
    """Somebody has scheduled it again, with all its retries."""

    TYPE = "requeued"
    TRIGGERS = ("requeue",)
    scheduled_time: Moment
    schedule: Cause | None = None
    number: int | None = None
    """Which post of its schedule it is from now on."""


class JobResolved(EventData, frozen=True):
    """Somebody, or the publisher, has said what became of a post that might be out."""

    TYPE = "resolved"
    TRIGGERS = ("resolve",)
    posted: bool
    thread_id: str | None = None


class JobRemoved(EventData, frozen=True):
    """It is in no projection any more; its events stay in the log."""

    TYPE = "removed"
    TRIGGERS = ("remove",)


JobEvent = (
    JobAdded
    | JobHeld
    | JobReleased
    | JobEdited
    | JobRescheduled
    | JobDeferred
    | JobStarted
    | JobNoted
    | JobCheckpointed
    | JobCompleted
    | JobRetried
    | JobFailed
    | JobInterrupted
    | JobCancelled
    | JobExpired
    | JobRequeued
    | JobResolved
    | JobRemoved
)
"""What can happen to a job: the data of any type."""

ByPlan = (
    JobHeld | JobReleased | JobEdited | JobRescheduled | JobCancelled | JobExpired | JobRequeued
)
"""What a schedule does to the jobs that it has made, and what others do to them by hand."""
BY_PLAN = get_args(ByPlan)

AttemptEnd = JobCompleted | JobRetried | JobFailed | JobInterrupted
"""What an attempt ends with by what is known of it."""

JOB_EVENTS: dict[str, type[JobEvent]] = {kind.TYPE: kind for kind in get_args(JobEvent)}

PAST_TENSE: dict[str, str] = {
    trigger: name for name, kind in JOB_EVENTS.items() for trigger in kind.TRIGGERS
}
"""The event type that each trigger of the lifecycle leads to."""

_KINDS = frozenset(JOB_EVENTS.values())


def is_of_job(event: Event) -> TypeGuard[Event[JobEvent]]:
    """Say whether an event is of a job."""
    return type(event.data) in _KINDS


def of_jobs(events: Iterable[Event]) -> list[Event[JobEvent]]:
    """Return those of the events that are of jobs."""
    return [event for event in events if is_of_job(event)]
