"""FaultyEngine: an engine in memory that loses answers, cannot be reached, or outlives who uses it.

It is to an engine without files what FaultyFileSystem is to the one of files.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..domain import StorageError
from ..eventstore import AppendFailedError, Block, Cursor, Tail, Write
from ..eventstore.engines import MemoryEngine, MemoryLedger, MemoryRunnerLock
from .faults import Faulty


class FaultyEngine(Faulty, MemoryEngine):
    """One process's handle on a ledger in memory; its operations are `tail`, `lines` and `append`.

    An append that fails with a `part` of 1 was made: only its answer is lost.
    """

    def __init__(self, ledger: MemoryLedger) -> None:
        Faulty.__init__(self)
        MemoryEngine.__init__(self, ledger)

    def tail(self) -> Tail:
        """Return the end of the ledger."""
        try:
            return self._step("tail", self.location, super().tail)
        except OSError as error:
            raise StorageError(f"cannot reach the ledger: {error}", path=self.location) from error

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the writes behind `after`."""
        read = super().lines
        try:
            return self._step("lines", self.location, lambda: read(after, until))
        except OSError as error:
            raise StorageError(f"cannot read the ledger: {error}", path=self.location) from error

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Append a write if the ledger still ends at `after`."""
        append = super().append

        def work() -> bool:
            return append(write, after=after, then=then)

        try:
            return self._step("append", write.day, work, lambda part: part and work())
        except OSError as error:
            raise AppendFailedError(f"no answer: {error}", path=self.location) from error

    def runner_lock(self) -> MemoryRunnerLock:
        """Return the lock of one runner, not taken yet."""
        return _LockOfAProcess(self._ledger)


class _LockOfAProcess(MemoryRunnerLock):
    """A lock that goes with its process, as those of a kernel do."""

    def abandon(self) -> None:
        """Let go of it: its process is dead."""
        self.release()
