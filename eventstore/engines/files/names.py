"""Whether open files still have their names: what is written to one that has lost its own is gone.

Asking the system for each of them takes longer than a small write. So a directory is looked at once
a turn, and what was found of its names holds while none was made, changed or removed.
"""

from __future__ import annotations

QUIET_NS = 50_000_000
"""So long ago a directory has changed at least, if a change now is to show in its times: mostly the
clock for those ticks every few milliseconds."""
COARSE_NS = 10_000_000
"""Times that are a multiple of this are of a file system that keeps them by the second, or so."""


class DirectoryNames:
    """The state that the names of one directory are in, for as long as a turn lasts.

    `state` is what `FileSystem.names_state` said as it began; None: nobody knows. Whoever has found
    that a file has its name keeps the state that this was in, and need not ask again in that one.
    """

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state: object = None
