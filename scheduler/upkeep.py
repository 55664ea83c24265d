"""Keeping the daily files of a ledger in step with its log."""

from __future__ import annotations

import threading
from pathlib import Path
from zoneinfo import ZoneInfo

from ..eventstore.filesystem import FileSystem
from ..eventstore.store import EventStore
from ..projections.board import Board
from ..projections.daily_files import DailyFiles, DailyFilesWriter
from ..projections.projection import Change
from ..projections.rebuild import RebuildReport, rebuild_daily_files


class Upkeep:
    """Knows which days changed, and writes their files when it is told to.

    `lock` guards `board` and what is known of the days; it is not held while files are written.
    """

    def __init__(
        self,
        store: EventStore,
        board: Board,
        lock: threading.RLock,
        fs: FileSystem,
        directory: Path,
        zone: ZoneInfo,
    ) -> None:
        self._store = store
        self._board = board
        self._lock = lock
        self._fs = fs
        self._directory = directory
        self._zone = zone
        self._files = DailyFiles(zone)
        self._writer = DailyFilesWriter(fs, directory, store.identity.ledger_id)
        self._writing = threading.Lock()

    def apply(self, change: Change) -> None:
        """Take one change in; under the lock."""
        self._files.apply(change)

    def find_stale(self) -> None:
        """After the whole log was read: which files on disk are behind it?"""
        self._writer.mark_stale(self._files)

    @property
    def is_behind(self) -> bool:
        """Whether a day changed since its file was written."""
        return bool(self._files.dirty)

    def write(self) -> None:
        """Write the files of the days that changed.

        The state is brought up to the log while `projections.lock` is held, so an older state never
        replaces what another process has written.

        Raises:
            StorageError: a file could not be written; its day is still known as changed.
        """
        with self._writing:
            if not self._files.dirty:
                return
            with self._writer.locked():
                self._store.refresh()
                with self._lock:
                    days, self._files.dirty = self._files.dirty, set()
                    seq = self._board.seq
                    contents = {
                        day: self._files.collect(day, self._board.jobs) for day in sorted(days)
                    }
                try:
                    self._writer.write(contents, seq)
                except BaseException:
                    with self._lock:
                        self._files.dirty |= days
                    raise

    def rebuild(self, *, check: bool) -> RebuildReport:
        """Make every file anew from the log; with `check` only say which differ."""
        if check:
            return self._rebuild(check=True)
        with self._writing, self._writer.locked():
            self._store.refresh()
            with self._lock:
                self._files.dirty.clear()
            return self._rebuild(check=False)

    def _rebuild(self, *, check: bool) -> RebuildReport:
        return rebuild_daily_files(
            self._store.read(), self._zone, self._fs, self._directory, self._writer, check=check
        )
