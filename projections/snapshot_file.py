"""The snapshot's file: finding it, and reading no more of it than is asked for."""

from __future__ import annotations

from pathlib import Path

from ..eventstore.engines.files import FileSystem
from .snapshot import (
    LONGEST_HEADER,
    Snapshot,
    SnapshotError,
    SnapshotHeader,
    decode_header,
    decode_snapshot,
    is_made_by,
    other_release,
)

NAME = "snapshot_board"


def snapshot_path(directory: Path) -> Path:
    return directory / NAME


def read_snapshot(fs: FileSystem, directory: Path, release: str) -> Snapshot | None:
    """Return the snapshot of a ledger; None where there is none.

    Raises:
        SnapshotError: there is one that cannot be used, for whatever reason.
    """
    try:
        fd = fs.open_read(snapshot_path(directory))
        try:
            header, length = decode_header(fs.read_at(fd, LONGEST_HEADER, 0))
            if not is_made_by(header, release):
                raise other_release(header)
            size = fs.size(fd)
            if size != length + header.size:  # before there is need of memory for it
                raise SnapshotError(f"it is damaged: it has {size} bytes")
            return decode_snapshot(fs.read_at(fd, size, 0), release)
        finally:
            fs.close(fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotError(f"it cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise SnapshotError("there is no memory for it just now") from error


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
