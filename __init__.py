"""jobledger: durable, auditable job scheduling for Python programs that need no server.

Every change of a job is a transition of an explicit state machine, appended durably to a daily log;
the current state and the `jobs_YYYY-MM-DD.json` files are derived from that log.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .release import __version__ as __version__

if TYPE_CHECKING:
    from .domain.errors import (
        InvalidScheduleTimeError,
        InvalidTransitionError,
        JobLedgerError,
        JobNotFoundError,
        LedgerCorruptError,
        SchedulerRunningError,
        StaleAttemptError,
        StorageError,
        ValidationError,
    )
    from .domain.job.events import (
        Event,
        EventData,
        Imported,
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
    )
    from .domain.job.state import ImportedJob, JobPriority, JobStatus, NewJob, ScheduledJob
    from .domain.policy import Pacing, RetryPolicy
    from .instrumentation.secrets import hide_secrets, mark_secret
    from .integrity.findings import Problem, VerifyReport
    from .integrity.heads import ExportedHead
    from .ledger.clock import Clock, ManualClock, SystemClock
    from .ledger.ledger import Ledger
    from .ledger.queries import LedgerView
    from .projections.projection import Change
    from .projections.rebuild import RebuildReport
    from .projections.stored import StoredProjection
    from .scheduler.attempt import (
        Attempt,
        NotPosted,
        OutcomeUnknown,
        PostResult,
        Publisher,
        ReconcilingPublisher,
    )
    from .scheduler.scheduler import Scheduler

__all__ = [
    "Attempt",
    "Change",
    "Clock",
    "Event",
    "EventData",
    "ExportedHead",
    "Imported",
    "ImportedJob",
    "InvalidScheduleTimeError",
    "InvalidTransitionError",
    "JobAdded",
    "JobCancelled",
    "JobCheckpointed",
    "JobCompleted",
    "JobDeferred",
    "JobEdited",
    "JobExpired",
    "JobFailed",
    "JobHeld",
    "JobInterrupted",
    "JobLedgerError",
    "JobNotFoundError",
    "JobNoted",
    "JobPriority",
    "JobReleased",
    "JobRemoved",
    "JobRequeued",
    "JobRescheduled",
    "JobResolved",
    "JobRetried",
    "JobStarted",
    "JobStatus",
    "Ledger",
    "LedgerCorruptError",
    "LedgerView",
    "ManualClock",
    "NewJob",
    "NotPosted",
    "OutcomeUnknown",
    "Pacing",
    "PostResult",
    "Problem",
    "Publisher",
    "RebuildReport",
    "ReconcilingPublisher",
    "RetryPolicy",
    "ScheduledJob",
    "Scheduler",
    "SchedulerRunningError",
    "StaleAttemptError",
    "StorageError",
    "StoredProjection",
    "SystemClock",
    "ValidationError",
    "VerifyReport",
    "hide_secrets",
    "mark_secret",
]

_ROOMS = {
    "domain.errors": (
        "InvalidScheduleTimeError",
        "InvalidTransitionError",
        "JobLedgerError",
        "JobNotFoundError",
        "LedgerCorruptError",
        "SchedulerRunningError",
        "StaleAttemptError",
        "StorageError",
        "ValidationError",
    ),
    "domain.job.events": (
        "Event",
        "EventData",
        "Imported",
        "JobAdded",
        "JobCancelled",
        "JobCheckpointed",
        "JobCompleted",
        "JobDeferred",
        "JobEdited",
        "JobExpired",
        "JobFailed",
        "JobHeld",
        "JobInterrupted",
        "JobNoted",
        "JobReleased",
        "JobRemoved",
        "JobRequeued",
        "JobRescheduled",
        "JobResolved",
        "JobRetried",
        "JobStarted",
    ),
    "domain.job.state": ("ImportedJob", "JobPriority", "JobStatus", "NewJob", "ScheduledJob"),
    "domain.policy": ("Pacing", "RetryPolicy"),
    "integrity.findings": ("Problem", "VerifyReport"),
    "integrity.heads": ("ExportedHead",),
    "projections.projection": ("Change",),
    "projections.rebuild": ("RebuildReport",),
    "projections.stored": ("StoredProjection",),
    "scheduler.attempt": (
        "Attempt",
        "NotPosted",
        "OutcomeUnknown",
        "PostResult",
        "Publisher",
        "ReconcilingPublisher",
    ),
    "ledger.clock": ("Clock", "ManualClock", "SystemClock"),
    "ledger.ledger": ("Ledger",),
    "ledger.queries": ("LedgerView",),
    "instrumentation.secrets": ("hide_secrets", "mark_secret"),
    "scheduler.scheduler": ("Scheduler",),
}
"""Where the public names are. Nobody waits for what is not asked for: the library takes a tenth of
a second to import, and a program that imports it may have other things to do first."""

_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


if not TYPE_CHECKING:  # which is to know that there are no other names

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first asked for."""
        room = _ROOM_OF.get(name)
        if room is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{room}", __name__), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
