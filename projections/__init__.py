"""What is derived from the log: current jobs, due queue, daily files, snapshots, figures.

All of it can be thrown away and is made again from the events, the same to the byte. A projection
is given one `Change` after the other: an event, and the job before and after it.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .board import *
    from .choice import *
    from .counters import *
    from .daily_files import *
    from .day_file import *
    from .event_index import *
    from .figures import *
    from .file_content import *
    from .logged_event import *
    from .marker import *
    from .picked_jobs import *
    from .post_times import *
    from .projection import *
    from .queue import *
    from .rebuild import *
    from .replay import *
    from .saved_blocks import *
    from .saved_runs import *
    from .saved_state import *
    from .snapshot import *
    from .snapshot_file import *
    from .snapshot_writing import *
    from .stats import *
    from .stored import *
    from .text_hints import *
    from .text_index import *
    from .writer import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "board": ("Board", "BoardState"),
            "choice": ("Choice", "ListOrder", "by_time"),
            "counters": (
                "Counters",
                "CountsOfLog",
                "DELAY_BOUNDS_S",
                "DURATION_BOUNDS_S",
                "merged_counts",
            ),
            "daily_files": ("DailyFiles", "files_on_disk", "job_file"),
            "day_file": ("DayFile",),
            "event_index": (
                "EventIndex",
                "EventIndexError",
                "FileRun",
                "IndexRun",
                "MOST_EVENTS",
                "MemoryRun",
                "encode_run",
                "list_runs",
                "read_runs",
            ),
            "figures": ("Day", "ErrorGroup", "Share", "Spread", "StatsReport", "Tally"),
            "file_content": ("is_same",),
            "logged_event": ("EVENTS", "LogEntry", "LoggedEvent", "NewEvent", "to_event"),
            "marker": ("Marker", "MarkerError", "marker_path", "read_marker"),
            "picked_jobs": ("Pages",),
            "post_times": ("PostTimes",),
            "projection": ("Change", "Folded"),
            "queue": ("rank",),
            "rebuild": (
                "Comparison",
                "DAILY_FILES",
                "Difference",
                "RebuildReport",
                "Replay",
                "count_files",
            ),
            "replay": ("changes", "fold"),
            "saved_blocks": ("SavedPartError",),
            "saved_runs": ("RunName", "is_run_file", "run_file"),
            "saved_state": ("SavedState",),
            "snapshot": (
                "OtherReleaseError",
                "Snapshot",
                "SnapshotError",
                "SnapshotHeader",
                "UNREADABLE",
                "check_of_one_moment",
                "is_made_by",
            ),
            "snapshot_file": (
                "open_run",
                "read_snapshot",
                "read_snapshot_header",
                "snapshot_path",
            ),
            "snapshot_writing": ("NewSnapshot",),
            "stats": ("Stats", "gather"),
            "stored": (
                "ProjectionFactory",
                "Stored",
                "StoredProjection",
                "make_all",
                "projection_file",
            ),
            "text_hints": ("TextHints", "entries_of"),
            "text_index": ("TextIndex", "text_key"),
            "writer": ("ProjectionWriter",),
        },
    )
