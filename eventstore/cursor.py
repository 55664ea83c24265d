"""Cursor: a verified place in the log."""

from __future__ import annotations

from collections.abc import Sequence

from .record import GENESIS, Sealed


class Cursor:
    """A verified position: everything before it was read, hashed and found in sequence.

    It stands only at the end of a whole write: a write whose last record (`more` 0) is missing does
    not move it.
    """

    __slots__ = ("batch", "day", "hash", "line", "offset", "seq", "write_offset")

    def __init__(self) -> None:
        self.day = ""
        self.offset = 0
        self.line = 0
        self.seq = 0
        self.hash = GENESIS
        self.batch = 0
        self.write_offset = 0
        """Where the first record of the last batch begins."""

    def copy(self) -> Cursor:
        """Return another one at the same place."""
        other = Cursor.__new__(Cursor)
        other.day = self.day
        other.stand_at(self.offset, self.line, self.seq, self.hash, self.batch, self.write_offset)
        return other

    def stand_at(
        self, offset: int, line: int, seq: int, hash: str, batch: int, write_offset: int
    ) -> None:
        """Move within the day."""
        self.offset, self.line, self.seq, self.hash = offset, line, seq, hash
        self.batch, self.write_offset = batch, write_offset

    def enter(self, day: str, length: int, hash: str) -> None:
        """Move behind the header of a day, which is `length` bytes long."""
        self.day, self.offset, self.line = day, length, 1
        self.hash = hash
        self.write_offset = length

    def move(self, lines: list[bytes], records: Sequence[Sealed]) -> None:
        """Move behind these records, which follow, up to the end of a write; `lines` are theirs."""
        last = records[-1]
        begin = len(records)
        while begin and records[begin - 1].batch == last.batch:
            begin -= 1
        if begin or last.batch != self.batch:
            self.write_offset = self.offset + sum(map(len, lines[:begin])) + begin
        self.offset += sum(map(len, lines)) + len(lines)
        self.line += len(lines)
        self.seq, self.hash, self.batch = last.seq, last.hash, last.batch

    def append(self, size: int, records: Sequence[Sealed], batch: int) -> None:
        """Move behind a write of `size` bytes that belongs to `batch`."""
        if self.batch != batch:
            self.batch, self.write_offset = batch, self.offset
        last = records[-1]
        self.seq, self.hash = last.seq, last.hash
        self.offset += size
        self.line += len(records)
