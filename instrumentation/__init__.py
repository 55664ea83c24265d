"""What tells and changes nothing: the operational log, hooks, progress, secrets kept out of them.

What a program may use of it are the operational events and `add_hook` (docs/operations.md). No
outcome depends on it: what raises here, or cannot be written, is passed over (`OnlyTold`). It
also reads what is foreign (exceptions, results of a publisher) under a guard.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .attempt_events import *  # also for other rooms
    from .attempt_events import AccountHeldBack as AccountHeldBack
    from .attempt_events import AttemptEnded as AttemptEnded
    from .attempt_events import AttemptGivenUp as AttemptGivenUp
    from .attempt_events import AttemptKept as AttemptKept
    from .attempt_events import AttemptLost as AttemptLost
    from .attempt_events import AttemptPutBack as AttemptPutBack
    from .attempt_events import AttemptStarted as AttemptStarted
    from .attempt_events import EndsNotRecorded as EndsNotRecorded
    from .attempt_events import JobsExpired as JobsExpired
    from .attempt_events import JobsRescued as JobsRescued
    from .attempt_events import LateResultRefused as LateResultRefused
    from .attempt_events import ResultRefused as ResultRefused
    from .exposition import *
    from .foreign import *
    from .histogram import *
    from .hooks import *  # also for other rooms
    from .hooks import Hook as Hook
    from .hooks import add_hook as add_hook
    from .hooks import log_event as log_event
    from .hooks import remove_hook as remove_hook
    from .interruption import *
    from .ledger_events import DailyFilesBehind as DailyFilesBehind
    from .ledger_events import DamageShown as DamageShown
    from .ledger_events import DerivedFileIgnored as DerivedFileIgnored
    from .ledger_events import DerivedFilesAhead as DerivedFilesAhead
    from .ledger_events import EndPutBack as EndPutBack
    from .ledger_events import LockWaitedFor as LockWaitedFor
    from .ledger_events import ProjectionFailed as ProjectionFailed
    from .ledger_events import ScheduleNotPlanned as ScheduleNotPlanned
    from .ledger_events import SnapshotIgnored as SnapshotIgnored
    from .ledger_events import SnapshotNotWritten as SnapshotNotWritten
    from .ledger_events import TornTailCut as TornTailCut
    from .ledger_events import WrittenElsewhere as WrittenElsewhere
    from .log import *
    from .operational_event import Level as Level
    from .operational_event import OperationalEvent as OperationalEvent
    from .operational_event import Remark as Remark
    from .operational_event import RepeatedTrouble as RepeatedTrouble
    from .operational_event import TroubleOver as TroubleOver
    from .runner_events import LeaseLost as LeaseLost
    from .runner_events import LogReopened as LogReopened
    from .runner_events import LoopCancelled as LoopCancelled
    from .runner_events import LoopEnded as LoopEnded
    from .runner_events import OtherRunnerEnded as OtherRunnerEnded
    from .runner_events import RunnerStarted as RunnerStarted
    from .runner_events import RunnerStopping as RunnerStopping
    from .secrets import *
    from .telling import *
    from .tracing import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "attempt_events": (
                "AccountHeldBack",
                "AttemptEnded",
                "AttemptGivenUp",
                "AttemptKept",
                "AttemptLost",
                "AttemptPutBack",
                "AttemptStarted",
                "EndsNotRecorded",
                "JobsExpired",
                "JobsRescued",
                "LateResultRefused",
                "ResultRefused",
                "level_of",
            ),
            "exposition": (
                "CONTENT_TYPE",
                "Metric",
                "Sample",
                "prometheus_text",
            ),
            "foreign": (
                "chain_of",
                "classes_of",
                "described",
                "errno_of",
                "guarded",
                "id_of",
                "is_of",
                "kind_of",
                "leaves_of",
                "place_of",
                "shown",
                "text_of",
            ),
            "hooks": ("Hook", "add_hook", "log_event", "remove_hook", "tell"),
            "histogram": ("Histogram",),
            "interruption": ("is_interruption",),
            "ledger_events": (
                "DailyFilesBehind",
                "DamageShown",
                "DerivedFileIgnored",
                "DerivedFilesAhead",
                "LockWaitedFor",
                "ProjectionFailed",
                "ScheduleNotPlanned",
                "SnapshotIgnored",
                "SnapshotNotWritten",
                "EndPutBack",
                "TornTailCut",
                "WrittenElsewhere",
            ),
            "log": ("is_told", "logger"),
            "operational_event": (
                "Level",
                "OperationalEvent",
                "Remark",
                "RepeatedTrouble",
                "TroubleOver",
            ),
            "tracing": ("TRACING", "attempt_span", "context_of", "scheduling_span"),
            "runner_events": (
                "LeaseLost",
                "LogReopened",
                "LoopCancelled",
                "LoopEnded",
                "OtherRunnerEnded",
                "RunnerStarted",
                "RunnerStopping",
            ),
            "secrets": (
                "hide_in",
                "hide_secrets",
                "mark_credentials",
                "mark_secret",
                "without_credentials",
                "without_secrets",
            ),
            "telling": ("OnlyTold", "Progress", "Repeated"),
        },
    )
