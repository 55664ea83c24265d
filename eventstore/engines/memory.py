"""The engine of one process: a ledger in memory, for tests and simulations.

A `MemoryLedger` is what a directory is to the engine of files: any number of handles may share one,
within a process. It is gone with the process.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from ...domain import SchedulerRunningError
from ..cursor import Cursor
from ..lines import cut
from ..port import Block, Identity, Tail, Write
from ..record import GENESIS, RecordError, decode_record
from .memory_names import MemoryShard, NamedLedgers

if TYPE_CHECKING:
    from .registry import EngineOptions


class _Written(msgspec.Struct, frozen=True, gc=False):
    """One write: its first and its last record, its day, where in the day it begins, and its lines
    (behind their header, if it has one)."""

    first: int
    last: int
    day: str
    begin: int
    lines: bytes


class MemoryLedger:
    """The lines of one ledger, and who runs its jobs."""

    def __init__(
        self, name: str = "", *, timezone: str = "UTC", ledger_id: str | None = None
    ) -> None:
        self.location = f"memory:{name}"
        self.identity = Identity(ledger_id or str(uuid4()), timezone)
        self.lock = threading.Lock()
        self.writes: list[_Written] = []
        self.tail = Tail(self.identity.ledger_id, "", 0, 0, 0, GENESIS)
        self.runner: int | None = None


class MemoryEngine:
    """One handle on a MemoryLedger."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    @property
    def identity(self) -> Identity:
        """Return the ledger's id and time zone."""
        return self._ledger.identity

    @property
    def location(self) -> str:
        """Return the URL of the ledger."""
        return self._ledger.location

    @property
    def durable_seq(self) -> int:
        """Return the last record: nothing is more durable than memory here."""
        return self._ledger.tail.seq

    def where(self, day: str) -> str:
        """Return the URL of the ledger with the day."""
        return f"{self._ledger.location}#{day}"

    def tail(self) -> Tail:
        """Return the end of the ledger."""
        return self._ledger.tail

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the writes behind `after`."""
        writes, at = self._ledger.writes, (after.seq, after.day)
        end = self._ledger.tail.seq if until is None else until.seq
        index = bisect_left(writes, after.seq, key=lambda write: write.last)
        # A day may have been begun by a write without a record.
        while index < len(writes) and (writes[index].last, writes[index].day) <= at:
            index += 1
        while index < len(writes) and writes[index].first <= end:
            write = writes[index]
            lines = write.lines
            if until is not None and end < write.last:
                lines = lines[: until.offset - write.begin]
            if after.day == write.day and after.offset > write.begin:
                lines = lines[after.offset - write.begin :]
            yield Block(write.day, lines)
            index += 1

    def seek(self, seq: int, day: str, size: int) -> tuple[bytes, Cursor] | None:
        """Return the line of a record, and a cursor behind it (see `port.Seeks`)."""
        writes = self._ledger.writes
        index = bisect_left(writes, seq, key=lambda write: write.last)
        if index == len(writes) or writes[index].day != day:
            return None
        write = writes[index]
        before = seq - write.first + (write.begin == 0)  # and the header
        lines = cut(write.lines)[0][: before + 1]
        try:
            record = decode_record(lines[-1])
        except RecordError:
            return None
        cursor, end = Cursor(), write.begin + sum(map(len, lines)) + len(lines)
        if record.seq != seq or end > size:
            return None
        cursor.day = day
        cursor.stand_at(end, 0, record.seq, record.hash, record.batch, end)
        return lines[-1], cursor

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Append a write if the ledger still ends at `after`."""
        ledger = self._ledger
        with ledger.lock:
            if ledger.tail.seq != after.seq:
                return False
            lines = write.header + write.lines
            begin = then.offset - len(lines)
            ledger.writes.append(_Written(after.seq + 1, then.seq, write.day, begin, lines))
            ledger.tail = Tail(
                ledger.tail.ledger, then.day, then.offset, then.seq, then.seq, then.hash
            )
            return True

    def sync(self, cursor: Cursor) -> None:
        """Do nothing: see `durable_seq`."""

    def runner_lock(self) -> MemoryRunnerLock:
        """Return the lock of one runner, not taken yet."""
        return MemoryRunnerLock(self._ledger)

    def runner_pid(self) -> int | None:
        """Return this process, if it has a runner for the ledger; else None."""
        return self._ledger.runner

    def close(self) -> None:
        """Do nothing: the ledger stays as long as somebody has it."""


class MemoryRunnerLock:
    """The right of one scheduler to run the jobs of a MemoryLedger."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._is_held = False

    def acquire(self) -> None:
        """Take it.

        Raises:
            SchedulerRunningError: another scheduler of this process has it.
        """
        with self._ledger.lock:
            if self._ledger.runner is not None:
                raise self._taken()
            self._ledger.runner, self._is_held = os.getpid(), True

    def check(self) -> None:
        """Check that it is held.

        Raises:
            SchedulerRunningError: it is not.
        """
        if not self._is_held:
            raise self._taken()

    def release(self) -> None:
        """Let go of it."""
        if self._is_held:
            self._ledger.runner, self._is_held = None, False

    def abandon(self) -> None:
        """Forget it: in the child of a fork this is a copy of the parent's."""
        self._is_held = False

    def _taken(self) -> SchedulerRunningError:
        return SchedulerRunningError(
            f"another scheduler already runs the jobs of {self._ledger.location}",
            pid=self._ledger.runner,
            path=self._ledger.location,
            remedy="stop_runner",
        )


class MemoryShardEngine(MemoryEngine):
    """A handle on one chain of a ledger that has several."""

    def __init__(self, ledger: MemoryLedger, of: MemoryShard) -> None:
        super().__init__(ledger)
        self.shard, self.claim = of.shard, of.claim


_named = NamedLedgers(
    "memory",
    lambda name, made: MemoryLedger(name, timezone=made.timezone, ledger_id=made.ledger_id),
)


def open_memory(location: str, options: EngineOptions) -> MemoryEngine:
    """Open a handle on this process's ledger of a name, or on one of its chains; it is made where
    there is none, unless the handle only reads.

    Raises:
        StorageError: there is none, or it has another number of chains.
    """
    ledger, of = _named.find(location.partition(":")[2], options)
    return MemoryEngine(ledger) if of is None else MemoryShardEngine(ledger, of)


def forget_memory_ledgers() -> None:
    """Let this process have no ledger in memory; handles that are open go on with theirs."""
    _named.forget()
