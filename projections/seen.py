"""What one event adds to what is counted, whoever counts: figures of a window, or counters."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

import msgspec

from ..domain import JobStatus
from ..domain import events as e
from .projection import Change

_END_UNKNOWN = {"crashed", "stuck"}
"""Interruptions that are found out about later: when the attempt ended is not in the log."""


class SeenChange(msgspec.Struct, gc=False):
    """What one event adds. The first of `counts` is how an attempt has ended, where `error` or
    `tries` says that one has."""

    counts: list[str]
    waiting_s: float | None = None
    running_s: float | None = None
    tries: int | None = None
    error: str | None = None


def see(change: Change) -> SeenChange:
    """See what has happened to a job."""
    data = change.event.data
    match data:
        case e.JobAdded():
            return SeenChange(["added" if data.imported is None else "imported"])
        case e.JobStarted():
            return SeenChange(["attempts"], waiting_s=waited_s(change))
        case e.JobCompleted() | e.JobFailed():
            return _see_end(change, data)
        case e.JobRetried() | e.JobInterrupted():
            # Where its publisher was never called, no attempt was made.
            return _see_end(change, data) if data.called else SeenChange([])
        case e.JobExpired(schedule="misfired"):
            return SeenChange(["expired", "misfired"])
        case e.JobCancelled() | e.JobExpired() | e.JobRequeued() | e.JobResolved() | e.JobRemoved():
            return SeenChange([data.TYPE])
        case (
            e.JobHeld()
            | e.JobReleased()
            | e.JobEdited()
            | e.JobRescheduled()
            | e.JobDeferred()
            | e.JobNoted()
            | e.JobCheckpointed()
        ):
            return SeenChange([])
        case _:
            assert_never(data)


def waited_s(change: Change) -> float:
    """Return how long a job has waited behind its time, which has just been started."""
    assert change.before is not None
    return _seconds(change.before.scheduled_time, change.event.at)


def ran_s(change: Change) -> float | None:
    """Return how long an attempt took, which has just ended; None where nobody knows."""
    before = change.before
    assert before is not None
    return None if before.started_at is None else _seconds(before.started_at, change.event.at)


def _see_end(change: Change, data: e.AttemptEnd) -> SeenChange:
    """See an attempt that was made end."""
    after = change.after
    assert after is not None
    seen = SeenChange([data.TYPE])
    if isinstance(data, e.JobInterrupted) and after.status is JobStatus.FAILED:
        seen.counts.append("failed")
    if after.outcome_unknown:
        seen.counts.append("outcome_unknown")
    if after.status in (JobStatus.COMPLETED, JobStatus.FAILED):
        seen.tries = data.attempt
    told = not isinstance(data, e.JobInterrupted) or data.reason not in _END_UNKNOWN
    if told:
        seen.running_s = ran_s(change)
    if not isinstance(data, e.JobCompleted):
        seen.error = data.error
    return seen


def _seconds(begin: datetime, end: datetime) -> float:
    """Never below 0: the clock may have gone back in between."""
    return (end - begin).total_seconds() if end > begin else 0.0
