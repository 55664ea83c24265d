"""The snapshot's files: finding them, and reading no more than is asked for."""

from __future__ import annotations

from pathlib import Path

from ..eventstore.engines.files import FileSystem
from .saved_blocks import SavedFile
from .saved_runs import RunName, SavedRun
from .saved_state import Core
from .snapshot import (
    LONGEST_HEADER,
    Snapshot,
    SnapshotError,
    SnapshotHeader,
    decode_header,
    read_core,
    snapshot_of,
)

NAME = "snapshot_board"
_TRIES = 3
"""So often it is read anew where another process has just replaced it, and removed a run."""


def snapshot_path(directory: Path) -> Path:
    return directory / NAME


def read_snapshot(fs: FileSystem, directory: Path, release: str) -> Snapshot | None:
    """Return the snapshot of a ledger; None where there is none. Its runs stay open as long as
    somebody has what was read of it.

    Raises:
        SnapshotError: there is one that cannot be used, for whatever reason.
    """
    try:
        before: Core | None = None
        for _ in range(_TRIES):
            header, core = _read_core(fs, directory, release)
            try:
                return snapshot_of(header, core, _opened(fs, directory, core))
            except FileNotFoundError as error:
                if before == core:
                    raise SnapshotError("a part of it is missing") from error
                before = core
        raise SnapshotError("it is replaced again and again")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotError(f"it cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise SnapshotError("there is no memory for it just now") from error


def _read_core(fs: FileSystem, directory: Path, release: str) -> tuple[SnapshotHeader, Core]:
    path = snapshot_path(directory)
    fd = fs.open_read(path)
    file = SavedFile.of_file(fs, fd, str(path))
    try:
        return read_core(file, fs.size(fd), release)
    finally:
        file.close()


def _opened(fs: FileSystem, directory: Path, core: Core) -> list[SavedRun]:
    """Open the runs that a core names."""
    runs = list[SavedRun]()
    try:
        for named in core.runs:
            runs.append(open_run(fs, directory, named))
    except BaseException:
        for run in runs:
            run.file.close()
        raise
    return runs


def open_run(fs: FileSystem, directory: Path, named: RunName) -> SavedRun:
    """Open a run.

    Raises:
        SnapshotError: it is not as long as it was.
        OSError: it cannot be opened.
    """
    path = directory / named.name
    fd = fs.open_read(path)
    file = SavedFile.of_file(fs, fd, str(path))
    try:
        if fs.size(fd) != named.size:
            raise SnapshotError(f"a part of it, {named.name}, is not as long as it was")
        return SavedRun(file, named)
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
