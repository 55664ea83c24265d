"""Copying a log while others write to it: up to one acknowledged record, and not a byte more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from .filesystem import FileSystem, storage_errors
from .head import Head, HeadFile
from .owner import DIRECTORY_MODE
from .position import Position
from .segment import day_file

_AT_ONCE = 1024 * 1024

Progress = Callable[[int, int], None]


def copy_log(
    fs: FileSystem, source: Path, target: Path, position: Position, progress: Progress
) -> None:
    """Copy the day files of `source` up to `position` into `target`, a directory that is made here,
    and a HEAD that stands there. Durable when it returns, but for the directory's own name.

    What is before an acknowledged position never changes, so nobody has to wait meanwhile.
    `progress` gets the bytes copied so far and in all.

    Raises:
        StorageError: a file cannot be read or written.
    """
    with storage_errors("make", target):
        fs.make_one_directory(target, DIRECTORY_MODE)
    total, done = sum(day.size for day in position.days), 0
    for day in position.days:
        for count in _copy(fs, day_file(source, day.day), day_file(target, day.day), day.size):
            done += count
            progress(done, total)
    last = position.days[-1]
    head = HeadFile(fs, target)
    with storage_errors("write", head.path):
        try:
            head.write(Head(position.ledger, last.day, last.size, last.seq, last.seq, last.hash))
            head.sync()
        finally:
            head.close()
        fs.sync_directory(target)


def _copy(fs: FileSystem, source: Path, target: Path, size: int) -> Iterator[int]:
    """Copy the first `size` bytes of a file, durably but for its name; how many at a time."""
    with storage_errors("read", source):
        read = fs.open_read(source)
    try:
        with storage_errors("write", target):
            written = fs.open_write(target, create=True)
            try:
                offset = 0
                while offset < size:
                    data = fs.read_at(read, min(_AT_ONCE, size - offset), offset)
                    if not data:
                        raise OSError(f"it has {offset} bytes, and had {size}")
                    fs.write_at(written, data, offset)
                    offset += len(data)
                    yield len(data)
                fs.sync_data(written)
            finally:
                fs.close(written)
    finally:
        fs.close(read)
