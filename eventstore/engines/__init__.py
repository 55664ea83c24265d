"""The engines: each keeps the lines of a ledger, and nothing else.

`open_engine` finds the one that a location asks for, by its scheme. One of one's own is
registered here, or as an entry point (docs/engines.md).
"""

from typing import TYPE_CHECKING

from ...faces import face

if TYPE_CHECKING:
    from .memory import *
    from .memory_names import *
    from .registry import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "memory": ("MemoryEngine", "MemoryLedger", "MemoryRunnerLock"),
            "memory_names": ("MemoryShard", "NamedLedgers"),
            "registry": (
                "EngineOptions",
                "check_scheme",
                "directory_of",
                "is_there",
                "open_engine",
                "open_reader",
                "register",
                "scheme_of",
                "shards_in",
                "shown",
            ),
        },
    )
