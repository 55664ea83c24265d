"""What `status_message` says: sentences for people, made of plain facts where they are shown.

They are no part of the fold. The state keeps a `Fact` of what happened last; what else a sentence
names is in the job. So a release that words something otherwise folds a log to the same state, and
nothing that an older one has saved looks damaged for it. A text that came from elsewhere (a note of
an attempt, an imported job) is data and no fact: it stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from .origin import Cause

if TYPE_CHECKING:
    from .state import ScheduledJob


class What(StrEnum):
    """What a job's `status_message` tells of. The values are saved: they never change."""

    DRAFTED = "drafted"
    SCHEDULED = "scheduled"
    HELD = "held"
    RELEASED = "released"
    RESCHEDULED = "rescheduled"
    DEFERRED = "deferred"
    PUBLISHING = "publishing"
    ASKING = "asking"
    PUBLISHED = "published"
    RETRIED = "retried"
    NOT_BEGUN = "not_begun"
    OF_ACCOUNT = "of_account"
    FAILED = "failed"
    UNKNOWN = "unknown"
    INTERRUPTED = "interrupted"
    IN_DOUBT = "in_doubt"
    CANCELLED = "cancelled"
    CANCELLED_RUNNING = "cancelled_running"
    EXPIRED = "expired"
    LEFT_OUT = "left_out"
    REQUEUED = "requeued"
    POSTED = "posted"
    NOT_POSTED = "not_posted"


class Fact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What happened last, and what the job does not know of it besides: the reason that somebody
    gave, or by how many seconds it was late."""

    what: What
    detail: str | float | None = None


FACT = {what: Fact(what) for what in What}
"""Those without a detail: one object for all jobs."""

Sentence = Callable[["ScheduledJob", Any], str]
"""Makes a message of a job and of the detail of its fact."""

SENTENCES: dict[What, Sentence] = {
    What.DRAFTED: lambda job, _: "Held as a draft",
    What.SCHEDULED: lambda job, _: "Scheduled",
    What.HELD: lambda job, cause: f"Held{_since(cause)}",
    What.RELEASED: lambda job, cause: f"Released{_since(cause)}",
    What.RESCHEDULED: lambda job, cause: f"Rescheduled{_since(cause)}",
    What.DEFERRED: lambda job, reason: (
        f"Held back until {job.deferred_until:%Y-%m-%d %H:%M:%S} UTC: {reason}"
        if job.is_held_back
        else f"{reason[:1].upper()}{reason[1:]}"
    ),
    What.PUBLISHING: lambda job, _: f"Publishing (attempt {job.attempt})",
    What.ASKING: lambda job, _: f"Asking whether an earlier attempt is out (attempt {job.attempt})",
    What.PUBLISHED: lambda job, _: f"Published (attempt {job.attempt})",
    What.RETRIED: lambda job, _: f"Attempt {job.attempt} failed; {_retry_of(job)}",
    What.NOT_BEGUN: lambda job, _: f"Attempt {job.attempt} was not begun; the job is due again",
    What.OF_ACCOUNT: lambda job, _: (
        f"Attempt {job.attempt} could post nothing for the account; the job is due again"
    ),
    What.FAILED: lambda job, _: f"Failed (attempt {job.attempt})",
    What.UNKNOWN: lambda job, _: "Outcome unknown: the post may be out; resolve or requeue it",
    What.INTERRUPTED: lambda job, _: f"Attempt {job.attempt} was interrupted; {_retry_of(job)}",
    What.IN_DOUBT: lambda job, _: (
        f"Attempt {job.attempt} was interrupted; the publisher will be asked about it"
    ),
    What.CANCELLED: lambda job, reason: f"Cancelled{_since(reason)}",
    What.CANCELLED_RUNNING: lambda job, reason: (
        f"Cancelled during attempt {job.attempt}, the post may be out{_because(reason)}"
    ),
    What.EXPIRED: lambda job, late_s: f"Expired, {late_s / 3600:.1f} h late",
    What.LEFT_OUT: lambda job, cause: f"Not posted{_since(cause)}",
    What.REQUEUED: lambda job, cause: f"Requeued{_since(cause)}",
    What.POSTED: lambda job, _: "Resolved: it was posted",
    What.NOT_POSTED: lambda job, _: "Resolved: it was not posted",
}


def _retry_of(job: ScheduledJob) -> str:
    return f"retry {job.retry_count} of {job.max_retries} is due"


CAUSES: dict[Cause, str] = {
    "edited": "its schedule was edited",
    "paused": "its schedule was paused",
    "resumed": "its schedule was resumed",
    "skipped": "this occurrence of its schedule was skipped",
    "ended": "its schedule was ended",
    "zone_rules": "its time zone has other rules now",
    "misfired": "it was later than its schedule allows",
    "overlap": "the post before it was not over",
}
"""Why a schedule has changed one of its jobs, in words."""

_OF_SCHEDULE = {f"schedule:{cause}": words for cause, words in CAUSES.items()}


def _since(reason: str | None) -> str:
    """Return why, where it is known: what the job's schedule did, or what somebody said."""
    return _because(_OF_SCHEDULE.get(reason, reason) if reason else None)


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def worded(fact: Fact, job: ScheduledJob) -> str:
    """Return the sentence for a fact of a job."""
    return SENTENCES[fact.what](job, fact.detail)
