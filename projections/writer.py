"""Putting derived files on disk: as a whole, atomically, and never an older state over a newer one.

Whoever writes holds `projections.lock` and brings its own state up to the log while holding it. A
marker, `snapshot_NAME.json`, records which position in the log the files of a projection stand for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from ..domain.job import fold
from ..eventstore.filesystem import FileSystem, storage_errors
from ..eventstore.lock import Patience
from .comparing import Content, is_same

LOCK_NAME = "projections.lock"


class Marker(msgspec.Struct, frozen=True):
    """The position in the log that the files of one projection stand for, and the numbers of the
    fold and of the words that made them (`domain/job/fold.py`); 0: an older release did."""

    ledger: str
    seq: int
    fold: int = 0
    words: int = 0

    @property
    def is_outdated(self) -> bool:
        """Whether the files were made by other rules or with other words than those of today: they
        are behind wherever they stand, and made anew."""
        return (self.fold, self.words) != (fold.FOLD, fold.wording())


def marker_path(directory: Path, projection: str) -> Path:
    return directory / f"snapshot_{projection}.json"


def read_marker(fs: FileSystem, directory: Path, projection: str = "daily_files") -> Marker | None:
    """The position that a projection's files stand for; None where that is not known."""
    # Bytes that are no UTF-8, or JSON without end, come as errors that are not msgspec's own.
    with suppress(FileNotFoundError, msgspec.MsgspecError, ValueError, RecursionError):
        return msgspec.json.decode(fs.read_file(marker_path(directory, projection)), type=Marker)
    return None


class ProjectionWriter:
    """Writes derived files, for one handle on a ledger directory."""

    def __init__(
        self, fs: FileSystem, directory: Path, ledger_id: str, patience: Patience | None = None
    ) -> None:
        self._patience = patience or Patience()
        self._fs = fs
        self._directory = directory
        self._ledger_id = ledger_id

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the files; across processes, and across threads by its own open file.

        Raises:
            LedgerBusyError: another process holds it all the time.
        """
        path = self._directory / LOCK_NAME
        with storage_errors("lock", path):
            fd = self._fs.open_write(path, create=True)
        try:  # the file first: what interrupts the waiting for the lock must not leave it locked
            with storage_errors("lock", path):
                self._patience.take(self._fs, fd, path)
            yield
        finally:
            self._fs.close(fd)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Keep others from writing while files are compared; makes nothing, not even the lock.

        Raises:
            LedgerBusyError: another process holds the lock all the time.
        """
        path = self._directory / LOCK_NAME
        fd: int | None = None
        with storage_errors("lock", path), suppress(FileNotFoundError):  # nobody ever wrote here
            fd = self._fs.open_read(path)
        try:
            if fd is not None:
                with storage_errors("lock", path):
                    self._patience.take(self._fs, fd, path, shared=True)
            yield
        finally:
            if fd is not None:
                self._fs.close(fd)

    def marker(self, projection: str) -> Marker | None:
        """What a projection's files stand for; None where nobody knows."""
        with storage_errors("read", marker_path(self._directory, projection)):
            marker = read_marker(self._fs, self._directory, projection)
        return None if marker is None or marker.ledger != self._ledger_id else marker

    def position(self, projection: str) -> int | None:
        """The event number that a projection's files stand for; None where nobody knows."""
        marker = self.marker(projection)
        return None if marker is None else marker.seq

    def begin_anew(self, projection: str) -> None:
        """Record that a projection's files stand for nothing yet, before those that others have
        made are replaced one by one: left half done, they are behind; under the lock."""
        self._mark(projection, 0)

    def write(
        self, projection: str, files: Iterable[tuple[Path, Content | None]], seq: int
    ) -> list[Path]:
        """Write `files` (None: there is none) and record that all the projection's files stand for
        `seq`; under the lock. Returns those that changed on disk.

        One is asked for when the one before it is written, so they need not be there all at once.
        """
        changed, count = [], 0
        for path, content in files:
            count += 1
            with storage_errors("write", path):
                if self._put(path, content):
                    changed.append(path)
        if len(changed) < count:
            # What is as it should be may have come there by a write that failed before it was sure.
            with storage_errors("sync", self._directory):
                self._fs.sync_directory(self._directory)
        self._mark(projection, seq)
        return changed

    def _mark(self, projection: str, seq: int) -> None:
        path = marker_path(self._directory, projection)
        with storage_errors("write", path):
            # rule: marker-says-what-is-there
            marker = Marker(self._ledger_id, seq, fold.FOLD, fold.wording())
            self._fs.write_file_durably(path, msgspec.json.encode(marker))

    def set_aside(self, path: Path) -> None:
        """Rename a file that the log knows nothing of, so that it is no derived file any more."""
        with storage_errors("set aside", path):
            taken = set(self._fs.list_directory(self._directory))
            names = (f"{path.name}.foreign" + (f".{n}" if n else "") for n in range(len(taken) + 1))
            self._fs.rename(path, path.with_name(next(n for n in names if n not in taken)))
            self._fs.sync_directory(self._directory)

    def _put(self, path: Path, content: Content | None) -> bool:
        if is_same(self._fs, path, content):
            return False
        if content is None:
            self._fs.remove(path)
            self._fs.sync_directory(path.parent)
        else:
            self._fs.write_parts_durably(path, content)
        return True
