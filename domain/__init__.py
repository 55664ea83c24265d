"""What a job is and how it may change: pure, with no I/O, no clock, no logging and no randomness.

A command is decided upon (`decide`: its events, or a refusal), and an event is folded in
(`evolve`); `job/` has both, and the lifecycle that they follow. Beside it stands what every room
needs: the errors, the checks of what comes from outside, times, text and policies.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .codec import *
    from .error_text import *
    from .errors import *
    from .event import *
    from .job import commands as commands
    from .job import events as events
    from .job import fold as fold
    from .job.decide import *
    from .job.events import *
    from .job.evolve import *
    from .job.importing import *
    from .job.origin import *
    from .job.outcome import *
    from .job.place import *
    from .job.state import *
    from .media.reading import *
    from .platforms.addresses import *
    from .platforms.counting import *
    from .platforms.platform import *
    from .platforms.tables import *
    from .platforms.threads_counting import *
    from .policy import *
    from .post.checking import *
    from .post.fitting import *
    from .post.values import *
    from .remedies import *
    from .schedule.ahead import *
    from .schedule.cron import *
    from .schedule.decide import *
    from .schedule.defining import *
    from .schedule.events import *
    from .schedule.evolve import *
    from .schedule.lateness import *
    from .schedule.local_time import *
    from .schedule.planning import *
    from .schedule.recurrence import *
    from .schedule.rules import *
    from .schedule.slots import *
    from .schedule.state import *
    from .schedule.upcoming import *
    from .text import *
    from .times import *
    from .validation import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "codec": ("DECODERS", "EVENT_TYPES", "SCHEMA", "decode_data", "encode_data"),
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
            "event": ("DataT", "Event", "EventData"),
            "job": ("commands", "events", "fold"),
            "job.decide": ("decide",),
            "job.events": (
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
                "is_of_job",
                "of_jobs",
            ),
            "job.evolve": ("evolve",),
            "job.importing": ("TIMES", "least_attempt", "stated_doubt"),
            "job.origin": ("Cause", "FromSchedule"),
            "job.outcome": ("leaves_unknown",),
            "job.place": ("JobPlace", "microseconds"),
            "job.state": (
                "DICT_KEYS",
                "ImportedJob",
                "JobPriority",
                "JobStatus",
                "NO_KEYS",
                "NewJob",
                "NextSlot",
                "ScheduledJob",
                "copy_json",
                "detached",
                "share_message",
            ),
            "post.fitting": ("post_problems", "problems"),
            "media.reading": ("media_facts", "reader_of"),
            "post.checking": ("check_post",),
            "post.values": ("Link", "Media", "MediaFile", "Part", "Poll", "Post"),
            "policy": ("EXPIRE_AFTER", "MAX_RUNNING_MINUTES", "Pacing", "RetryPolicy"),
            "remedies": ("Remedy", "WORDS", "joined"),
            "schedule.ahead": ("due_to_plan", "occurrences"),
            "schedule.cron": ("CronFields", "MonthDays"),
            "schedule.decide": (
                "add_schedule",
                "edit_schedule",
                "end_schedule",
                "pause_schedule",
                "plan_schedule",
                "resume_schedule",
                "run_now",
                "skip_occurrence",
            ),
            "schedule.defining": ("FIELDS", "changed", "check_schedule_id", "define"),
            "schedule.events": (
                "SCHEDULE_EVENTS",
                "ScheduleAdded",
                "ScheduleEdited",
                "ScheduleEnded",
                "ScheduleEvent",
                "SchedulePaused",
                "SchedulePlanned",
                "ScheduleResumed",
                "ScheduleSkipped",
                "is_of_schedule",
                "of_schedules",
            ),
            "schedule.evolve": ("evolve_schedule", "evolve_slots"),
            "schedule.lateness": ("left_out",),
            "schedule.local_time": ("ZoneClock",),
            "schedule.planning": ("Outlook", "SchedulePlan"),
            "schedule.recurrence": ("Occurrence",),
            "schedule.rules": ("At", "Cron", "Every", "Fold", "Gap", "Rule", "cron_fields"),
            "schedule.slots": (
                "SLOTS_KEY",
                "Slots",
                "SlotsSet",
                "check_week",
                "slots_key",
            ),
            "schedule.state": (
                "ContentOrder",
                "Misfire",
                "Overlap",
                "SCHEDULE_KEY",
                "Schedule",
                "ScheduleDefinition",
                "ScheduleStatus",
                "schedule_key",
            ),
            "schedule.upcoming": ("MOST", "preview"),
            "text": ("folded", "is_visible", "names_of", "printable"),
            "platforms.addresses": ("links",),
            "platforms.counting": ("mastodon_length",),
            "platforms.platform": ("PlatformRules",),
            "platforms.tables": (
                "LONGEST_EVER",
                "PLATFORMS",
                "length_of",
                "longest",
                "meant_platform",
            ),
            "platforms.threads_counting": ("threads_length",),
            "times": ("Moment", "in_utc", "in_zone", "is_naive", "timestamp"),
            "validation": (
                "check_account",
                "check_by",
                "check_content",
                "check_number",
                "check_timeout",
                "clean_text",
                "plain_text",
            ),
        },
    )
