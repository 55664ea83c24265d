"""The engine of one machine: a directory of daily JSONL files, which processes share by a lock.

Other rooms use what all files of a ledger need (`FileSystem`, the only way to the disk, errors that
name the path, owners and modes, patience with a lock), and repair, which only files have.
"""

from typing import TYPE_CHECKING

from ....faces import face

if TYPE_CHECKING:
    from .copying import *
    from .damage import *
    from .engine import *
    from .filesystem import *
    from .ledger_directory import *
    from .lock import *
    from .lock_holder import *
    from .mirror import *
    from .os_errors import *
    from .owner import *
    from .packed_days import *
    from .places import *
    from .repair import *
    from .segment import *
    from .writing_out import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "copying": ("copy_file",),
            "damage": ("Damage", "LostEvent", "RemovedPart", "assess"),
            "engine": ("FileEngine",),
            "filesystem": ("FileSystem", "Host"),
            "ledger_directory": ("check_may_create", "check_no_repair", "holds_ledger", "lock_of"),
            "lock": ("AppendLock", "LockWait", "Patience"),
            "lock_holder": ("FileIdentity", "LockHolder"),
            "mirror": ("Mirror",),
            "os_errors": ("is_no_file", "storage_error", "storage_errors"),
            "owner": ("DIRECTORY_MODE", "FILE_MODE", "set_mode"),
            "packed_days": ("pack_day", "packed_path", "unpack_day"),
            "places": ("located",),
            "repair": ("read_plan", "repair_directory"),
            "segment": ("day_file", "find_days", "list_days"),
            "writing_out": ("as_day_files", "write_out"),
        },
    )
