"""The snapshot's file: finding it, and reading no more of it than is asked for."""

from __future__ import annotations

from pathlib import Path

from ..eventstore.engines.files import FileSystem
from .saved_blocks import SavedFile
from .saved_state import SavedState
from .snapshot import (
    LONGEST_HEADER,
    Snapshot,
    SnapshotError,
    SnapshotHeader,
    decode_header,
    snapshot_of,
)
from .snapshot_writing import SnapshotFile

NAME = "snapshot_board"


def snapshot_path(directory: Path) -> Path:
    return directory / NAME


def read_snapshot(fs: FileSystem, directory: Path, release: str) -> Snapshot | None:
    """Return the snapshot of a ledger; None where there is none. Its file stays open as long as
    somebody has what was read of it.

    Raises:
        SnapshotError: there is one that cannot be used, for whatever reason.
    """
    try:
        file, size = _opened(fs, directory)
        try:
            return snapshot_of(file, size, release)
        except BaseException:
            file.close()
            raise
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotError(f"it cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise SnapshotError("there is no memory for it just now") from error


def open_written(fs: FileSystem, directory: Path, written: SnapshotFile) -> SavedState:
    """Return what is in the file that was put in place just now.

    Raises:
        OSError: it cannot be opened.
    """
    return written.state_in(_opened(fs, directory)[0])


def _opened(fs: FileSystem, directory: Path) -> tuple[SavedFile, int]:
    path = snapshot_path(directory)
    fd = fs.open_read(path)
    file = SavedFile.of_file(fs, fd, str(path))
    try:
        return file, fs.size(fd)
    except BaseException:
        file.close()
        raise


def read_snapshot_header(fs: FileSystem, directory: Path) -> SnapshotHeader | None:
    """Return what the snapshot of a ledger says of itself; None where there is none that can be
    read."""
    try:
        fd = fs.open_read(snapshot_path(directory))
        try:
            return decode_header(fs.read_at(fd, LONGEST_HEADER, 0))[0]
        finally:
            fs.close(fd)
    except (OSError, SnapshotError):
        return None
