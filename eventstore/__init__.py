"""The log: durable, ordered, chained records. It knows records and bytes, not what a job is.

`EventLog` appends and follows them over any engine (`Engine`), for all writers of a ledger at once;
`LogReader` and `Cursor` read and change nothing. `record` has the form of a line, `port` what an
engine has to do, and `engines/` those that ship.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .checked import *
    from .clock_jump import *
    from .commit_queue import *
    from .cursor import *
    from .engine_time import *
    from .event_log import *
    from .follower import *
    from .known_end import *
    from .layers import *
    from .lease_time import *
    from .lines import *
    from .log_figures import *
    from .port import *
    from .position import *
    from .reader import *
    from .record import *
    from .runners import *
    from .shards import *
    from .sound_lines import *
    from .versions import *
    from .zone_rules import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "checked": ("has_right_check", "with_check"),
            "clock_jump": ("Elapsed", "boot_time"),
            "commit_queue": ("Decision", "ENVELOPE_BYTES", "MAX_APPEND_BYTES"),
            "cursor": ("Cursor",),
            "engine_time": ("TellsTime", "TimeTold"),
            "event_log": ("EventLog",),
            "follower": ("FirstReading",),
            "known_end": ("KnownEnd",),
            "layers": ("Layers",),
            "lease_time": ("LeaseTime",),
            "lines": ("RECORDS_WITH_LINES",),
            "log_figures": ("APPEND_BOUNDS_S",),
            "port": (
                "AppendFailedError",
                "Block",
                "Durability",
                "Engine",
                "HasPlace",
                "Identity",
                "KnowsDays",
                "Place",
                "Remarks",
                "Resumable",
                "Tail",
                "Write",
                "reading_of",
            ),
            "position": ("DayRead", "Position", "PositionError"),
            "reader": ("LogReader",),
            "record": ("Form", "GENESIS", "NewRecord", "RECORDS", "Record", "Repaired"),
            "runners": (
                "KeepsRunner",
                "RunnerEndedError",
                "RunnerLease",
                "RunnerLock",
                "RunnerSeen",
                "SharesRuns",
            ),
            "shards": (
                "ClaimsJobs",
                "Shard",
                "shard_of",
            ),
            "sound_lines": ("SoundLines",),
            "versions": ("VersionConflictError",),
            "zone_rules": ("have_same_rules",),
        },
    )
