"""jobledger: durable, auditable job scheduling for Python programs that need no server.

Every change of a job is a transition of an explicit state machine, appended durably to a daily log;
the current state and the `jobs_YYYY-MM-DD.json` files are derived from that log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from .domain.events import Event
from .domain.job import ImportedJob, JobPriority, JobStatus, NewJob, ScheduledJob
from .domain.policy import Pacing, RetryPolicy
from .projections.findings import Problem, VerifyReport
from .projections.heads import ExportedHead
from .projections.projection import Change
from .projections.rebuild import RebuildReport
from .projections.stored import StoredProjection
from .release import __version__ as __version__
from .scheduler.attempt import (
    Attempt,
    OutcomeUnknown,
    PostResult,
    Publisher,
    ReconcilingPublisher,
)
from .scheduler.clock import Clock, ManualClock, SystemClock
from .scheduler.ledger import Ledger
from .scheduler.queries import LedgerView
from .scheduler.secrets import hide_secrets, mark_secret

if TYPE_CHECKING:
    from .scheduler.scheduler import Scheduler

__all__ = [
    "Attempt",
    "Change",
    "Clock",
    "Event",
    "ExportedHead",
    "ImportedJob",
    "InvalidScheduleTimeError",
    "InvalidTransitionError",
    "JobLedgerError",
    "JobNotFoundError",
    "JobPriority",
    "JobStatus",
    "Ledger",
    "LedgerCorruptError",
    "LedgerView",
    "ManualClock",
    "NewJob",
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


def __getattr__(name: str) -> Any:
    """Import the scheduler, and asyncio with it, for those who run jobs: others start faster."""
    if name != "Scheduler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .scheduler.scheduler import Scheduler

    globals()[name] = Scheduler
    return Scheduler


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
