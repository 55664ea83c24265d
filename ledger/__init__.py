"""The ledger: the object by which programs ask and change, over the log and what is derived of it.

`Ledger` is a facade; each of its parts has its own state: the command handler (the one way to
change), the current state, queries, history, derived files, snapshots. `LedgerView` only reads.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .background import *
    from .backup import *
    from .chains import *
    from .clock import *
    from .command_handler import *
    from .copying import *
    from .engine_clock import *
    from .history import *
    from .ledger import *
    from .media_size import *
    from .merged_reports import *
    from .metric_table import *
    from .metrics import *
    from .mirroring import *
    from .moving import *
    from .newcomers import *
    from .queries import *
    from .runner_lock import *
    from .schedules import *
    from .settings import *
    from .shard_set import *
    from .sharded import *
    from .slot_taking import *
    from .state import *
    from .versions import *
    from .zone import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "background": ("Background",),
            "backup": ("BackupReport",),
            "chains": ("chain_of", "chains_of"),
            "clock": ("Clock", "ManualClock", "SystemClock"),
            "command_handler": ("CommandHandler", "Outcome"),
            "copying": ("CopyReport",),
            "engine_clock": ("FAR_OFF", "EngineClock"),
            "history": ("History",),
            "ledger": ("Ledger",),
            "media_size": ("KeptMedia", "kept_media"),
            "merged_reports": ("merged_verify",),
            "moving": ("tell_of_moving",),
            "metric_table": ("METRICS",),
            "metrics": ("LEAST_FREE_BYTES", "Measured", "measured"),
            "newcomers": ("in_zone", "used_before"),
            "queries": ("LedgerView", "not_found"),
            "mirroring": ("LedgerMirror",),
            "runner_lock": ("find_runner", "find_runner_lock"),
            "schedules": ("upcoming",),
            "slot_taking": ("free_among", "minute_of"),
            "settings": ("LedgerOptions", "LedgerSettings"),
            "shard_set": ("ShardSet",),
            "sharded": ("ShardedLedger", "open_shards"),
            "state": ("State",),
            "versions": ("MeantChange",),
            "zone": ("load_zone",),
        },
    )
