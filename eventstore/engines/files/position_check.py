"""Checking, without reading it, that a log has what was before a position.

That is: that the files are there, as long as they were, and that the last record is the one that it
was.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from ....domain import LedgerCorruptError
from ...position import DayRead, Position, PositionError
from ...record import MAX_LINE_BYTES, RecordError, day_name, decode_record
from .filesystem import FileSystem, storage_errors
from .packed_days import ENDING, day_length, open_day
from .segment import day_file, days_of, read_header

_NEARLY_ALWAYS = 16 * 1024
"""Most lines are shorter."""


def check_position(fs: FileSystem, directory: Path, ledger_id: str, position: Position) -> None:
    """Check that the log has what was before the position, and note there how long packed days
    are, so that they need not be opened the next time.

    The directory is looked at once: no file of an older day is opened, nor asked for by its name,
    but for those that were packed since.

    Raises:
        PositionError: the log does not have what was before the position.
        StorageError: a file cannot be read.
    """
    if position.ledger != ledger_id:  # rule: snapshot-of-this-ledger
        raise PositionError(f"it is of another ledger, {position.ledger}")
    *earlier, last = position.days
    with storage_errors("read", directory):
        sizes = fs.list_sizes(directory)
    days = [day for day in days_of(sizes) if day <= last.day]
    if days != [read.day for read in position.days]:  # rule: same-days-as-before
        raise PositionError(f"there are other day files up to {last.day} than there were")
    for number, read in enumerate(earlier):
        name = day_name(read.day)
        size = sizes.get(name)
        if size is None:
            packed = sizes.get(name + ENDING, 0)
            if packed and packed == read.packed:  # rule: packed-as-it-was
                continue
            size = _length(fs, directory / name)
            position.days[number] = msgspec.structs.replace(read, packed=packed)
        if size != read.size:  # rule: length-of-older-days
            raise PositionError(f"{name} had {read.size} bytes and has {size}")
    check_record(fs, directory, ledger_id, last)


def check_record(fs: FileSystem, directory: Path, ledger_id: str, last: DayRead) -> None:
    """Check that the log has, where a day file ended when it was read, the record that it had.

    Raises:
        PositionError: it has another one there, or none.
        StorageError: the file cannot be read.
    """
    path = day_file(directory, last.day)
    try:
        with storage_errors("read", path):
            fd, _ = open_day(fs, path)
    except LedgerCorruptError as error:
        raise PositionError(error.message) from error
    try:
        _check_last(fs, fd, path, ledger_id, last)
    finally:
        fs.close(fd)


def _length(fs: FileSystem, path: Path) -> int:
    try:
        with storage_errors("read", path):
            return day_length(fs, path)
    except LedgerCorruptError as error:
        raise PositionError(error.message) from error


def _check_last(fs: FileSystem, fd: int, path: Path, ledger_id: str, last: DayRead) -> None:
    """Check that the file has, where the position is, the record that it had there."""
    other = PositionError(f"record {last.seq} in {path.name} is not the one that was there")
    try:
        header, length = read_header(fs, fd, path)
    except LedgerCorruptError as error:
        raise PositionError(f"the header of {path.name} does not verify") from error
    if header.ledger != ledger_id or header.first_seq != last.first_seq:
        raise other
    if last.size == length:  # no record in this file yet
        if header.hash != last.hash:
            raise other
        return
    for most in (_NEARLY_ALWAYS, MAX_LINE_BYTES + 1):
        with storage_errors("read", path):
            start = max(last.size - most, 0)
            before = fs.read_at(fd, last.size - start, start)
        newline = before.rfind(b"\n", 0, -1)
        if newline >= 0:
            break
    if len(before) != last.size - start or not before.endswith(b"\n"):
        raise other
    try:
        record = decode_record(before[newline + 1 : -1])
    except RecordError as error:
        raise other from error
    # rule: same-last-record
    if (record.seq, record.hash, record.more) != (last.seq, last.hash, 0):
        raise other
