"""Copying a log while others write to it: up to one acknowledged record, and not a byte more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...position import Position
from .copying import copying
from .filesystem import FileSystem, storage_errors
from .head import Head, HeadFile
from .owner import DIRECTORY_MODE
from .segment import day_file

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
        for count in copying(
            fs, day_file(source, day.day), day_file(target, day.day), end=day.size
        ):
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
