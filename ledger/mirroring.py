"""Mirroring a ledger: a directory with its day files and its daily files, kept up with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..eventstore import DayRead, Engine, EventLog
from ..eventstore.engines.files import FileSystem, Mirror
from ..instrumentation import logger
from ..projections import LogEntry

if TYPE_CHECKING:
    from .ledger import Ledger


class LedgerMirror:
    """A mirror that is held open, from `Ledger.mirror` to `close`; also a context manager.

    `open_mirror` opens the ledger that is in the directory, to be read.
    """

    def __init__(
        self,
        fs: FileSystem,
        engine: Engine,
        log: EventLog[LogEntry],
        directory: Path,
        open_mirror: Callable[[Path], Ledger],
    ) -> None:
        self.directory = directory
        self._open = open_mirror
        self._log = log
        self._mirror = Mirror(fs, engine, directory, self._has)
        self._ledger: Ledger | None = None
        if self._mirror.was_cut_to is not None:
            logger(directory=str(directory), seq=self._mirror.was_cut_to).warning(
                "what did not verify in a mirror was cut off; it is copied again"
            )

    def _has(self, end: DayRead) -> bool:
        self._log.refresh()
        return self._log.has(end)

    @property
    def seq(self) -> int:
        """The last event that the mirror has."""
        return self._mirror.seq

    def catch_up(self) -> int:
        """Copy what is acknowledged by now, and bring the daily files up to it; return how many
        events that was. Durable when it returns. May be called again and again, also after an
        error of the ledger, which leaves what was copied.

        Raises:
            LedgerCorruptError: the ledger does not verify, or has lost what the mirror has.
            StorageError: the ledger cannot be read, or the mirror not be written.
        """
        count = self._mirror.catch_up()
        if self._mirror.seq and (count or self._ledger is None):
            if self._ledger is None:
                self._ledger = self._open(self.directory)
            self._ledger._store.refresh()  # what is behind shows when it is read
            self._ledger.write_behind()
        return count

    def close(self) -> None:
        """Let go of the directory. Calling it again does nothing."""
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close()
        self._mirror.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
