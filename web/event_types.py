"""The types of events that there are, which a page offers and a browser listens for."""

from __future__ import annotations

from .. import (
    JobAdded,
    JobCancelled,
    JobCheckpointed,
    JobCompleted,
    JobDeferred,
    JobEdited,
    JobExpired,
    JobFailed,
    JobHeld,
    JobInterrupted,
    JobNoted,
    JobReleased,
    JobRemoved,
    JobRequeued,
    JobRescheduled,
    JobResolved,
    JobRetried,
    JobStarted,
    ScheduleAdded,
    ScheduleEdited,
    ScheduleEnded,
    SchedulePaused,
    SchedulePlanned,
    ScheduleResumed,
    ScheduleSkipped,
    SlotsSet,
)

TYPES: tuple[str, ...] = tuple(
    kind.TYPE
    for kind in (
        JobAdded, JobEdited, JobRescheduled, JobHeld, JobReleased, JobDeferred, JobStarted,
        JobNoted, JobCheckpointed, JobCompleted, JobRetried, JobFailed, JobInterrupted, JobResolved,
        JobCancelled, JobExpired, JobRequeued, JobRemoved, ScheduleAdded, SchedulePlanned,
        ScheduleEdited, SchedulePaused, ScheduleResumed, ScheduleSkipped, ScheduleEnded, SlotsSet,
    )
)  # fmt: skip
"""The types of events, about in the order of a job's life, and of a schedule's."""
