"""Keeping the files that are derived from a ledger's log in step with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from ..domain import StorageError
from ..eventstore import EventLog, Place
from ..eventstore.engines.files import Patience, storage_errors
from ..instrumentation import DerivedFileIgnored, tell
from ..projections import (
    DAILY_FILES,
    DayFile,
    LogEntry,
    Pages,
    ProjectionWriter,
    files_on_disk,
    job_file,
    projection_file,
)
from .derived_state import DerivedState, leave_alone
from .rewriting import Rewriting
from .state import State
from .witnesses import Witnesses


class DerivedFiles:
    """Writes what is behind when it is told to, in the `place` of a ledger.

    What is known of the files is guarded by the state's lock, which is not held while they are
    written; `writing` is held then.
    """

    def __init__(
        self,
        log: EventLog[LogEntry],
        state: State,
        derived: DerivedState,
        place: Place,
        patience: Patience,
    ) -> None:
        self._log = log
        self._board = state.board
        self._lock = state.lock
        self.place = place
        self._fs, self._directory = place
        self._derived = derived
        self.writer = ProjectionWriter(
            self._fs, self._directory, log.identity.ledger_id, patience, self._tell_of_cache
        )
        self.witnesses = Witnesses(log, self.writer, self._fs, self._directory)
        self.writing = threading.RLock()
        self._rewriting = Rewriting(log.figures.size_bytes)
        self._is_unsure = False
        """Whether the daily files seem to stand for more than the log has."""
        self._told: set[tuple[Path, str]] = set()

    def is_inside(self) -> bool:
        """Say whether the calling thread is writing the files just now (see `Ledger.close`)."""
        return self.writing._is_owned()  # type: ignore[attr-defined, no-any-return]

    def _tell_of_cache(self, path: Path, fault: str) -> None:
        if (path, fault) not in self._told:
            self._told.add((path, fault))
            tell(DerivedFileIgnored(path=str(path), reason=fault))

    def find_stale(self) -> None:
        """Find out which files on disk are behind the log; after the whole log was read."""
        marker = self.writer.marker(DAILY_FILES)
        position = None if marker is None or marker.is_outdated else marker.seq
        self._is_unsure = self.witnesses.is_one(marker)
        with storage_errors("read", self._directory):
            on_disk = set(files_on_disk(self._fs, self._directory))
        self._derived.days.mark_stale(position, on_disk)

    @property
    def is_behind(self) -> bool:
        """Say whether something changed since its file was written, or has to be looked at."""
        return self._is_unsure or self._derived.is_dirty

    def write(self, *, everything: bool = True) -> float:
        """Write the files that are behind; without `everything`, the daily files only where that is
        in proportion to what has been appended (see `Rewriting`). Return in how many seconds those
        may be written that were held back; 0: none was.

        The state is brought up to the log while `projections.lock` is held, so an older state never
        replaces what another process has written.

        Raises:
            StorageError: a file could not be written; it is still known as behind.
        """
        with self.writing:
            if not self.is_behind:
                return 0.0
            wait_s = 0.0 if everything or self._is_unsure else self._wait_s()
            if wait_s and not self._derived.due():
                return wait_s
            with self.writer.locked():
                self._log.refresh()
                if not self._log.is_sound:  # rule: derive-from-what-is-sound
                    return wait_s  # what it knows may not be what is in the log
                self._is_unsure = False
                if not wait_s:
                    self._write_daily_files()
                for name in self._derived.due():
                    if not self.witnesses.holds_back(name):
                        self._write_stored(name)
            return wait_s

    def _write_daily_files(self) -> None:
        if not self.witnesses.holds_back(DAILY_FILES):  # rule: keep-witnesses
            self._look_for_outdated()
            self._write_days()

    def _wait_s(self) -> float:
        with self._lock:
            size = self._log.figures.size_bytes
            return self._rewriting.wait_s(self._derived.days.dirty, size)

    def _look_for_outdated(self) -> None:
        """Where another release has written the daily files last, none of them is known to be as
        this one makes it. Under the files' lock."""
        if self.writer.is_outdated(DAILY_FILES):  # rule: no-mixture-of-folds
            with self._lock:
                self._derived.days.mark_all()
            self.writer.begin_anew(DAILY_FILES)

    def _write_days(self) -> None:
        files, days = self._derived.days, set[str]()
        try:
            with self._log.still(), self._lock:
                days |= files.dirty
                end, pages = self._log.end, Pages()
                taken = [(day, files.take(day, self._board.jobs, pages)) for day in sorted(days)]
                files.dirty -= days
            if not days:
                return
            self._log.sync()  # what is derived is never on disk before what it is derived from
            sizes = dict[str, int]()
            changed = self.writer.write(DAILY_FILES, self._one_by_one(taken, sizes), end)
            written = sum(sizes[day] for day in days if job_file(self._directory, day) in changed)
            self._rewriting.note(sizes, written, self._log.figures.size_bytes)
        except BaseException:
            with self._lock:
                files.dirty |= days
                for day in days:
                    files.forget(day)
            raise

    def _one_by_one(
        self, taken: list[tuple[str, DayFile | None]], sizes: dict[str, int]
    ) -> Iterator[tuple[Path, DayFile | None]]:
        """Yield the files to write, and note their `sizes`; each is let go once written, but for
        what is remembered."""
        taken.reverse()
        while taken:
            day, file = taken.pop()
            yield job_file(self._directory, day), file
            sizes[day] = 0 if file is None else file.size
            if file is not None:
                with self._lock:
                    self._derived.days.keep(file)

    def _write_stored(self, name: str) -> None:
        stored = self._derived.stored[name]
        try:
            with self._log.still(), self._lock:
                stored.is_dirty, end = False, self._log.end
                try:
                    content = stored.render()
                except StorageError as failure:
                    leave_alone(name, failure)
                    return
            self._log.sync()
            self.writer.write(name, [(projection_file(self._directory, name), (content,))], end)
        except BaseException:
            stored.is_dirty = True
            raise
