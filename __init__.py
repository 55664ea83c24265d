"""jobledger: durable, auditable job scheduling for Python programs that need no server.

Every change of a job is a transition of an explicit state machine, appended durably to a daily log;
the current state and the `jobs_YYYY-MM-DD.json` files are derived from that log.
"""

from typing import TYPE_CHECKING

from .faces import face
from .release import __version__ as __version__

if TYPE_CHECKING:
    from .domain import PLATFORMS as PLATFORMS
    from .domain import At as At
    from .domain import Cron as Cron
    from .domain import Event as Event
    from .domain import EventData as EventData
    from .domain import Every as Every
    from .domain import FromSchedule as FromSchedule
    from .domain import Imported as Imported
    from .domain import ImportedJob as ImportedJob
    from .domain import InvalidScheduleTimeError as InvalidScheduleTimeError
    from .domain import InvalidTransitionError as InvalidTransitionError
    from .domain import JobAdded as JobAdded
    from .domain import JobCancelled as JobCancelled
    from .domain import JobCheckpointed as JobCheckpointed
    from .domain import JobCompleted as JobCompleted
    from .domain import JobDeferred as JobDeferred
    from .domain import JobEdited as JobEdited
    from .domain import JobExpired as JobExpired
    from .domain import JobFailed as JobFailed
    from .domain import JobHeld as JobHeld
    from .domain import JobInterrupted as JobInterrupted
    from .domain import JobLedgerError as JobLedgerError
    from .domain import JobMovedOnError as JobMovedOnError
    from .domain import JobNoted as JobNoted
    from .domain import JobNotFoundError as JobNotFoundError
    from .domain import JobPriority as JobPriority
    from .domain import JobReleased as JobReleased
    from .domain import JobRemoved as JobRemoved
    from .domain import JobRequeued as JobRequeued
    from .domain import JobRescheduled as JobRescheduled
    from .domain import JobResolved as JobResolved
    from .domain import JobRetried as JobRetried
    from .domain import JobStarted as JobStarted
    from .domain import JobStatus as JobStatus
    from .domain import LedgerCorruptError as LedgerCorruptError
    from .domain import Link as Link
    from .domain import Media as Media
    from .domain import MediaFile as MediaFile
    from .domain import NewJob as NewJob
    from .domain import NextSlot as NextSlot
    from .domain import Occurrence as Occurrence
    from .domain import Pacing as Pacing
    from .domain import Part as Part
    from .domain import PlatformRules as PlatformRules
    from .domain import Poll as Poll
    from .domain import Post as Post
    from .domain import RetryPolicy as RetryPolicy
    from .domain import Schedule as Schedule
    from .domain import ScheduleAdded as ScheduleAdded
    from .domain import ScheduledJob as ScheduledJob
    from .domain import ScheduleEdited as ScheduleEdited
    from .domain import ScheduleEnded as ScheduleEnded
    from .domain import SchedulePaused as SchedulePaused
    from .domain import SchedulePlanned as SchedulePlanned
    from .domain import ScheduleResumed as ScheduleResumed
    from .domain import SchedulerRunningError as SchedulerRunningError
    from .domain import ScheduleSkipped as ScheduleSkipped
    from .domain import ScheduleStatus as ScheduleStatus
    from .domain import Slots as Slots
    from .domain import SlotsSet as SlotsSet
    from .domain import StaleAttemptError as StaleAttemptError
    from .domain import StorageError as StorageError
    from .domain import ValidationError as ValidationError
    from .domain import WatcherLetGoError as WatcherLetGoError
    from .domain import length_of as length_of
    from .domain import longest as longest
    from .domain import post_problems as post_problems
    from .explanation import Explanation as Explanation
    from .explanation import JobDifference as JobDifference
    from .explanation import differences as differences
    from .explanation import words as words
    from .instrumentation import hide_secrets as hide_secrets
    from .instrumentation import mark_secret as mark_secret
    from .integrity import ExportedHead as ExportedHead
    from .integrity import Problem as Problem
    from .integrity import VerifyReport as VerifyReport
    from .ledger import Clock as Clock
    from .ledger import Ledger as Ledger
    from .ledger import LedgerView as LedgerView
    from .ledger import ManualClock as ManualClock
    from .ledger import SystemClock as SystemClock
    from .projections import Change as Change
    from .projections import RebuildReport as RebuildReport
    from .projections import StoredProjection as StoredProjection
    from .scheduler import Attempt as Attempt
    from .scheduler import NotPosted as NotPosted
    from .scheduler import OutcomeUnknown as OutcomeUnknown
    from .scheduler import PostResult as PostResult
    from .scheduler import Publisher as Publisher
    from .scheduler import ReconcilingPublisher as ReconcilingPublisher
    from .scheduler import Scheduler as Scheduler

    __all__: list[str]
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "domain": (
                "At",
                "Cron",
                "Event",
                "EventData",
                "Every",
                "FromSchedule",
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
                "JobMovedOnError",
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
                "LedgerCorruptError",
                "Link",
                "Media",
                "MediaFile",
                "NewJob",
                "NextSlot",
                "Occurrence",
                "PLATFORMS",
                "Pacing",
                "Part",
                "PlatformRules",
                "Poll",
                "Post",
                "RetryPolicy",
                "Schedule",
                "ScheduleAdded",
                "ScheduleEdited",
                "ScheduleEnded",
                "SchedulePaused",
                "SchedulePlanned",
                "ScheduleResumed",
                "ScheduleSkipped",
                "ScheduleStatus",
                "ScheduledJob",
                "SchedulerRunningError",
                "Slots",
                "SlotsSet",
                "StaleAttemptError",
                "StorageError",
                "ValidationError",
                "WatcherLetGoError",
                "length_of",
                "longest",
                "post_problems",
            ),
            "explanation": ("Explanation", "JobDifference", "differences", "words"),
            "instrumentation": ("hide_secrets", "mark_secret"),
            "integrity": ("ExportedHead", "Problem", "VerifyReport"),
            "ledger": ("Clock", "Ledger", "LedgerView", "ManualClock", "SystemClock"),
            "projections": ("Change", "RebuildReport", "StoredProjection"),
            "scheduler": (
                "Attempt",
                "NotPosted",
                "OutcomeUnknown",
                "PostResult",
                "Publisher",
                "ReconcilingPublisher",
                "Scheduler",
            ),
        },
    )
