"""What a job is and how it may change: pure, with no I/O, no clock, no logging and no randomness.

A command is decided upon (`decide`: its events, or a refusal), and an event is folded in
(`evolve`); `job/` has both, and the lifecycle that they follow. Beside it stands what every room
needs: the errors, the checks of what comes from outside, times, text and policies.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .error_text import *
    from .errors import *
    from .job import commands as commands
    from .job import events as events
    from .job import fold as fold
    from .job.codec import *
    from .job.decide import *
    from .job.events import *
    from .job.evolve import *
    from .job.importing import *
    from .job.outcome import *
    from .job.place import *
    from .job.state import *
    from .policy import *
    from .remedies import *
    from .schedule.cron import *
    from .schedule.local_time import *
    from .schedule.recurrence import *
    from .schedule.rules import *
    from .schedule.upcoming import *
    from .text import *
    from .times import *
    from .validation import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "error_text": ("first_line", "grouped"),
            "errors": (
                "InvalidScheduleTimeError",
                "InvalidTransitionError",
                "JobLedgerError",
                "JobMovedOnError",
                "JobNotFoundError",
                "LedgerBusyError",
                "LedgerCorruptError",
                "SchedulerRunningError",
                "StaleAttemptError",
                "StorageError",
                "ValidationError",
                "WatcherLetGoError",
            ),
            "job": ("commands", "events", "fold"),
            "job.codec": ("DECODERS", "SCHEMA", "decode_data", "encode_data"),
            "job.decide": ("decide",),
            "job.events": (
                "DataT",
                "EVENT_TYPES",
                "Event",
                "EventData",
                "Imported",
                "JobAdded",
                "JobCancelled",
                "JobCheckpointed",
                "JobCompleted",
                "JobDeferred",
                "JobEdited",
                "JobEvent",
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
            "job.evolve": ("evolve",),
            "job.importing": ("TIMES", "least_attempt", "stated_doubt"),
            "job.outcome": ("leaves_unknown",),
            "job.place": ("JobPlace", "microseconds"),
            "job.state": (
                "DICT_KEYS",
                "ImportedJob",
                "JobPriority",
                "JobStatus",
                "NO_KEYS",
                "NewJob",
                "ScheduledJob",
                "copy_json",
                "detached",
                "share_message",
            ),
            "policy": ("EXPIRE_AFTER", "MAX_RUNNING_MINUTES", "Pacing", "RetryPolicy"),
            "remedies": ("Remedy", "WORDS", "joined"),
            "schedule.cron": ("CronFields", "MonthDays"),
            "schedule.local_time": ("ZoneClock",),
            "schedule.recurrence": ("Fold", "Gap", "Occurrence"),
            "schedule.rules": ("At", "Cron", "Every", "Rule", "cron_fields"),
            "schedule.upcoming": ("preview",),
            "text": ("folded", "printable"),
            "times": ("Moment", "in_utc", "in_zone", "is_naive", "timestamp"),
            "validation": ("check_by", "check_timeout", "clean_text"),
        },
    )
