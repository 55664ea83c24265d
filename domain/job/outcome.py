"""What an event says of whether an attempt has posted."""

from __future__ import annotations

from typing import assert_never

from . import events as e


def leaves_unknown(data: e.JobEvent, *, was_running: bool) -> bool:
    """Return whether an attempt ended here without anybody knowing whether it had posted.

    `was_running`: the job was RUNNING before the event.
    """
    match data:
        case e.JobInterrupted():
            return data.reason != "reconcile_failed"  # which got no further than asking
        case e.JobFailed():
            return data.outcome_unknown
        case e.JobCancelled():
            return was_running
        case e.JobAdded(imported=past):
            return past is not None and (past.in_doubt or past.may_be_out or past.outcome_unknown)
        case (
            e.JobHeld()
            | e.JobReleased()
            | e.JobEdited()
            | e.JobRescheduled()
            | e.JobDeferred()
            | e.JobStarted()
            | e.JobNoted()
            | e.JobCheckpointed()
            | e.JobCompleted()
            | e.JobRetried()
            | e.JobExpired()
            | e.JobRequeued()
            | e.JobResolved()
            | e.JobRemoved()
        ):
            return False
        case _:
            assert_never(data)
