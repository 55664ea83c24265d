"""Opening a ledger directory: its lock, its identity, and making it where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ....domain import LedgerCorruptError, StorageError
from ...cursor import Cursor
from ...port import Identity
from ...record import encode_header
from ...scan import corrupt, new_header
from ...zone_rules import check_same_zone
from .directory_check import check_directory
from .filesystem import FileSystem, storage_errors
from .head import HEAD_NAME, Head, HeadFile
from .journal import JOURNAL_NAME, read_journal
from .lock import AppendLock, Patience
from .mirror import check_no_mirror
from .places import located
from .segment import day_file, day_header, list_days

LOCK_NAME = "append.lock"
REPAIR_NAME = "repair.json"
"""A repair that was begun; nobody writes to the log until it is finished."""


def open_lock(fs: FileSystem, directory: Path, *, allow_network: bool = False) -> int:
    """Open the append lock's file; make directory and file where they are missing.

    Raises:
        StorageError: it cannot be made, or the directory holds what a new ledger would overwrite,
            is another user's, or on a network; nothing was made in it then.
        LedgerCorruptError: there was a ledger, and its log is gone.
    """
    with storage_errors("open the ledger directory", directory):
        fs.make_directory(directory)
        check_directory(fs, directory, allow_network=allow_network)
        check_no_repair(fs, directory)
        check_no_mirror(fs, directory)
        check_may_create(fs, directory)
        return fs.open_write(directory / LOCK_NAME, create=True)


@contextmanager
def lock_of(fs: FileSystem, directory: Path) -> Iterator[AppendLock]:
    """Give the lock that writers take turns by, for who changes a log's files in another way.

    Raises: as `open_lock`.
    """
    fd = open_lock(fs, directory, allow_network=True)  # who could write here has said so before
    try:
        lock = AppendLock(fs, directory / LOCK_NAME, fd, Patience())
    except BaseException:
        fs.close(fd)
        raise
    try:
        yield lock
    finally:
        with suppress(OSError):
            lock.close()


def create_ledger(
    fs: FileSystem, directory: Path, head_file: HeadFile, timezone: str, now: datetime
) -> list[str]:
    """Make the first day file and HEAD, unless another process has; the days there are then.

    Call it under the append lock.
    """
    with storage_errors("make a ledger in", directory):
        days = list_days(fs, directory)
        if days:
            return days
        check_may_create(fs, directory)
        # It may be there, and not be certain yet.
        fs.sync_path_to(directory)  # rule: sync-the-way-to-a-ledger
        ledger_id, day = fs.new_id(), now.date().isoformat()
        identity = Identity(ledger_id, timezone, host=fs.host(directory))
        line, digest = encode_header(new_header(identity, day, Cursor()))
        fs.write_file_durably(day_file(directory, day), line)
        head_file.write(Head(ledger_id, day, len(line), 0, 0, digest, journal=0))
        return [day]


def holds_ledger(directory: Path) -> bool:
    """Say whether a directory has a log, or what is left of one.

    Raises:
        StorageError: it cannot be read.
    """
    fs, days = FileSystem(), list[str]()
    place = located(fs, directory)
    with storage_errors("read", place), suppress(FileNotFoundError):
        days = list_days(fs, place)
    return bool(days) or (place / HEAD_NAME).exists()


def identify(fs: FileSystem, directory: Path, days: list[str], timezone: str | None) -> Identity:
    """Which ledger this is, from the header of its first file.

    Raises:
        StorageError: there is none, or a newer release wrote it.
        LedgerCorruptError: the header does not verify.
        ValidationError: it was created with another time zone.
    """
    if not days:
        raise StorageError(
            f"there is no ledger in {directory}",
            path=str(directory),
            remedy="make_ledger",
        )
    header = day_header(fs, directory, days[0])
    check_same_zone(timezone, header.timezone)
    with storage_errors("look at", directory):
        return Identity(header.ledger, header.timezone, host=fs.host(directory))


def first_identity(fs: FileSystem, directory: Path, days: list[str]) -> Identity:
    """Which ledger this is, from the first header that is sound; without an id where none is.

    Raises:
        StorageError: as `identify`.
    """
    for first in range(max(len(days), 1)):
        try:
            return identify(fs, directory, days[first:], None)
        except LedgerCorruptError:
            continue  # it will be met, and told of, when its file is read
    return Identity("", "UTC")


def check_no_repair(fs: FileSystem, directory: Path) -> None:
    """Check that no repair of the directory waits to be finished.

    Raises:
        LedgerCorruptError: a repair was begun and not finished.
    """
    if REPAIR_NAME in fs.list_directory(directory):
        raise LedgerCorruptError(
            f"a repair of {directory} was begun and not finished",
            path=str(directory / REPAIR_NAME),
            kind="repair",
            remedy="finish_repair",
        )


def check_may_create(fs: FileSystem, directory: Path) -> None:
    """Check that a directory without a log holds nothing else that is worth keeping.

    Raises:
        LedgerCorruptError: there is a HEAD, or a journal in force, so there was a log.
        StorageError: there are daily files that this ledger has not written.
    """
    head_file = HeadFile(fs, directory, read_only=True)
    try:
        has_head = head_file.read() is not None
    finally:
        head_file.close()
    names = fs.list_directory(directory)
    if list_days(fs, directory):
        return  # there is a ledger; perhaps another process has only just made it
    left = head_file.path if has_head else None
    if left is None and read_journal(fs, directory):
        left = directory / JOURNAL_NAME
    if left is not None:  # rule: log-is-not-made-anew
        message = f"{left.name} is there, but the log's files are missing"
        raise corrupt(left, 1, 0, "missing", message)
    if any(name.startswith("jobs_") for name in names):  # rule: no-other-data
        raise StorageError(
            f"{directory} holds jobs_*.json files but no event log",
            path=str(directory),
            hint="they may be another scheduler's data, which a new ledger would overwrite",
            remedy="import_elsewhere",
        )
