"""Putting derived files on disk: as a whole, atomically, and never an older state over a newer one.

Whoever writes holds `projections.lock` and brings its own state up to the log while holding it. A
marker records which position in the log the files of a projection stand for.

What stands in a derived file's place is only a cache, whatever it is: it is replaced, and what
cannot be, a directory say, is renamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..eventstore import DayRead
from ..eventstore.engines.files import FileSystem, Patience, is_no_file, storage_errors
from .file_content import Content, is_same
from .marker import Marker, MarkerError, encode_marker, marker_path, read_marker

LOCK_NAME = "projections.lock"


class ProjectionWriter:
    """Writes derived files, for one handle on a ledger directory. `tell` gets what was in the place
    of one and could not be used, and why."""

    def __init__(
        self,
        fs: FileSystem,
        directory: Path,
        ledger_id: str,
        patience: Patience | None = None,
        tell: Callable[[Path, str], object] = lambda path, fault: None,
    ) -> None:
        self._tell = tell
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
        """Return what a projection's files stand for; None where nobody knows, and what cannot be
        used is told."""
        path = marker_path(self._directory, projection)
        try:
            marker = read_marker(self._fs, self._directory, projection)
        except MarkerError as error:
            self._tell(path, error.message)
            return None
        if marker is not None and marker.ledger != self._ledger_id:
            self._tell(path, f"it is of another ledger, {marker.ledger}")
            return None
        return marker

    def position(self, projection: str) -> int | None:
        """Return the event number that a projection's files stand for; None where nobody knows."""
        marker = self.marker(projection)
        return None if marker is None else marker.seq

    def is_outdated(self, projection: str) -> bool:
        """Say whether other rules than today's have made a projection's files (see `Marker`)."""
        marker = self.marker(projection)
        return marker is not None and marker.is_outdated

    def begin_anew(self, projection: str) -> None:
        """Record that a projection's files stand for nothing yet, before those that others have
        made are replaced one by one: left half done, they are behind; under the lock."""
        self._mark(projection, None)

    def write(
        self, projection: str, files: Iterable[tuple[Path, Content | None]], place: DayRead
    ) -> list[Path]:
        """Write `files` (None: there is none) and record that all the projection's files stand for
        what is before `place`; under the lock. Returns those that changed on disk.

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
        self._mark(projection, place)
        return changed

    def _mark(self, projection: str, place: DayRead | None) -> None:
        path = marker_path(self._directory, projection)
        with storage_errors("write", path):
            # rule: marker-says-what-is-there
            marker = Marker.at(self._ledger_id, place)
            self.put(path, (encode_marker(marker),))

    def put(self, path: Path, content: Content | None) -> None:
        """Have this in a file, or no file, whatever is there; under the lock.

        Raises:
            OSError: the disk refuses.
        """
        if content is None:
            self._clear(path)
            with suppress(FileNotFoundError):
                self._fs.remove(path)
            self._fs.sync_directory(path.parent)
            return
        try:
            self._fs.write_parts_durably(path, content)
        except (IsADirectoryError, NotADirectoryError, FileExistsError, PermissionError):
            if not self._clear(path):
                raise
            self._fs.write_parts_durably(path, content)

    def _clear(self, path: Path) -> bool:
        """Rename what a file cannot replace, at its name or at that of its temporary file; whether
        there was anything."""
        found = False
        for each in (path, path.with_name(f".{path.name}.tmp")):
            if self._fs.is_directory(each):
                self._tell(each, "a directory is in its place")
                self.set_aside(each)
                found = True
        return found

    def set_aside(self, path: Path) -> None:
        """Rename a file that the log knows nothing of, so that it is no derived file any more."""
        with storage_errors("set aside", path):
            taken = set(self._fs.list_directory(self._directory))
            names = (f"{path.name}.foreign" + (f".{n}" if n else "") for n in range(len(taken) + 1))
            self._fs.rename(path, path.with_name(next(n for n in names if n not in taken)))
            self._fs.sync_directory(self._directory)

    def _put(self, path: Path, content: Content | None) -> bool:
        try:
            if is_same(self._fs, path, content):
                return False
        except OSError as error:
            if not is_no_file(error):
                raise
            self._tell(path, f"it is no file: {error.strerror or error}")
        self.put(path, content)
        return True
