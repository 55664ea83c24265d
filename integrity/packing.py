"""Packing the days of a log that are over: the same lines, in a fraction of the room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path

import msgspec

from ..domain import StorageError
from ..eventstore.engines.files import (
    AppendLock,
    FileSystem,
    check_no_repair,
    day_file,
    find_days,
    located,
    lock_of,
    pack_day,
    packed_path,
    storage_errors,
    unpack_day,
)
from ..instrumentation import Progress
from .chain import day_of
from .findings import error_of
from .packed_reader import ENDING
from .sealing import is_sealed
from .verify import Verification

LEVEL = 10
"""How hard Zstandard tries (1 to 22): beyond it a day gets a few hundredths smaller, and takes ten
times as long."""


class PackedDay(msgspec.Struct, frozen=True):
    """A day that was packed, or unpacked: how many bytes its lines are, and how many it takes up
    when packed."""

    day: str
    bytes: int
    packed_bytes: int


class PackReport(msgspec.Struct, frozen=True):
    """What was packed, and which days before the given one were left as they are, since they have
    no seal that reaches their end (`unsealed`)."""

    packed: list[PackedDay]
    unsealed: list[str]


def pack_days(
    directory: Path,
    before: date,
    *,
    unsealed: bool = False,
    dry_run: bool = False,
    fs: FileSystem | None = None,
    progress: Progress = lambda done, total: None,
    packing: Progress = lambda done, total: None,
) -> PackReport:
    """Pack the days of a ledger before `before` that are over and sealed; with `unsealed`, also
    those that have no seal.

    The whole log is verified first. A day's file is removed when what it was packed into is on disk
    and has been read back, the same byte for byte; so whenever this is broken off, each day is
    there, and doing it again goes on. Others may use the ledger meanwhile. The newest day, to which
    events are appended, is never packed. A seal covers the days before its own. With `dry_run`
    nothing is written, and `packed_bytes` is 0. `progress` gets the bytes that are verified,
    `packing` then the days that are done.

    Raises:
        LedgerCorruptError: the log, or a seal of one of the days, does not verify; nothing was
            packed.
        StorageError: there is no ledger, a file cannot be read or written, or the extra `archive`
            is missing.
    """
    fs = fs or FileSystem()
    directory = located(fs, directory)
    verification = Verification(directory, fs=fs)
    report = verification.run(progress=progress, daily_files=False)
    if report.problems:
        raise error_of(report.problems[0], hint="only a sound log is packed", remedy="verify")
    days = [day for day in _plain(verification) if day < before.isoformat()]
    sealed = _sealed_to(verification)
    left = [] if unsealed else [day for day in days if day > sealed]
    chosen = [day_file(directory, day) for day in days if day not in left]
    if dry_run:
        with storage_errors("read", directory):
            return PackReport(
                [PackedDay(day_of(path), fs.file_size(path), 0) for path in chosen], left
            )
    packed = []
    with _alone(fs, directory), lock_of(fs, directory) as lock:
        for done, path in enumerate(chosen):
            packing(done, len(chosen))
            size, packed_bytes = pack_day(fs, path, LEVEL)
            _remove(fs, lock, path, size)
            packed.append(PackedDay(day_of(path), size, packed_bytes))
    return PackReport(packed, left)


def unpack_days(
    directory: Path,
    since: date | None = None,
    *,
    fs: FileSystem | None = None,
    progress: Progress = lambda done, total: None,
) -> list[PackedDay]:
    """Make the files of packed days again, as they were; with `since`, of that day and later ones.

    What a day was packed into is removed when its file is on disk; so whenever this is broken off,
    each day is there, and doing it again goes on. `progress` gets how many days are done.

    Raises:
        LedgerCorruptError: one cannot be unpacked; those before it were.
        StorageError: there is no ledger, a file cannot be read or written, or the extra `archive`
            is missing.
    """
    fs = fs or FileSystem()
    directory = located(fs, directory)
    with storage_errors("read", directory):
        names = set(fs.list_directory(directory))
    first = "" if since is None else since.isoformat()
    paths = [
        path
        for path in map(partial(day_file, directory), find_days(fs, directory))
        if packed_path(path).name in names and day_of(path) >= first
    ]
    made = []
    with _alone(fs, directory), lock_of(fs, directory) as lock:
        for done, path in enumerate(paths):
            packed = packed_path(path)
            with storage_errors("read", packed):
                packed_bytes = fs.file_size(packed)
                size = fs.file_size(path) if path.name in names else unpack_day(fs, path)
            _remove(fs, lock, packed, packed_bytes)
            made.append(PackedDay(day_of(path), size, packed_bytes))
            progress(done + 1, len(paths))
    return made


@contextmanager
def _alone(fs: FileSystem, directory: Path) -> Iterator[None]:
    """Be the only one who packs or unpacks days of this ledger.

    Raises:
        StorageError: somebody else is, or it cannot be told.
    """
    path = directory / "archive.lock"
    with storage_errors("lock", path):
        fd = fs.open_write(path, create=True)
    try:
        with storage_errors("lock", path):
            is_ours = fs.lock(fd, wait=False)  # rule: one-packs-at-a-time
        if not is_ours:
            raise StorageError(
                f"another process is packing or unpacking days of {directory}",
                path=str(path),
                hint="wait until it has ended",
            )
        yield
    finally:
        fs.close(fd)


def _remove(fs: FileSystem, lock: AppendLock, path: Path, size: int) -> None:
    """Remove a file whose contents are on disk elsewhere, as long as nobody has changed it."""
    with lock, storage_errors("remove", path):
        check_no_repair(fs, path.parent)
        if fs.file_size(path) != size:  # rule: remove-what-was-packed
            raise OSError(f"it had {size} bytes, and has changed meanwhile")
        fs.remove(path)
        fs.sync_directory(path.parent)


def _plain(verification: Verification) -> list[str]:
    """Return the days that are over and not packed."""
    over = verification.paths[:-1]  # rule: newest-is-not-packed
    return [day_of(path) for path in over if path.suffix != ENDING]


def _sealed_to(verification: Verification) -> str:
    """Return the last day with a seal that reaches as far as it goes; "" without one.

    Raises:
        LedgerCorruptError: a day has a seal that does not fit the log.
    """
    return max(
        (
            place.day
            for place in verification.chain.day_ends
            if is_sealed(verification, verification.directory, place)
        ),
        default="",
    )
