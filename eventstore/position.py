"""Position: where a handle stands in the log, to go on from there without reading what is before.

Whoever goes on from a position trusts that what is before it was verified once. What can be checked
without reading it, an engine that is `Resumable` checks.
"""

from __future__ import annotations

import msgspec

from ..domain import JobLedgerError
from .cursor import Cursor
from .layers import Layers
from .record import Repaired


class PositionError(JobLedgerError):
    """The log is not the one that the position is of. Internal: then all of it is read."""


class DayRead(msgspec.Struct, frozen=True, array_like=True):
    """One day file that was read: its length then, its first number, and how it ended.

    `packed` is how long what it is packed into was, when it was found that the day is in there with
    that length; 0 where nobody has looked.
    """

    day: str
    size: int
    first_seq: int
    seq: int
    hash: str
    packed: int = 0


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The end of a whole write. The last of `days` is the one that it is in, as long as it was."""

    ledger: str
    days: list[DayRead]
    line: int
    batch: int
    write_offset: int
    repairs: list[Repaired]
    versions: Layers
    """The version of every job that there ever was, in the order of adding."""

    @property
    def seq(self) -> int:
        """The number of the last record before it."""
        return self.days[-1].seq

    def cursor(self) -> Cursor:
        """Return a cursor that stands there."""
        cursor, last = Cursor(), self.days[-1]
        cursor.day = last.day
        cursor.stand_at(last.size, self.line, last.seq, last.hash, self.batch, self.write_offset)
        return cursor
