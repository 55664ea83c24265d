"""Writing the lines of any ledger out as day files, up to one acknowledged record and not a byte
more."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ....instrumentation import Progress
from ...cursor import Cursor
from ...port import Engine, HasPlace, KeepsDayFiles, Lines, Place, Tail, reading_of
from ...position import DayRead, Position
from .copying import copy_file
from .filesystem import FileSystem, storage_errors
from .head import HeadFile
from .owner import DIRECTORY_MODE
from .segment import day_file


def write_out(
    fs: FileSystem, source: Lines, target: Path, position: Position, progress: Progress
) -> None:
    """Write what `source` has up to `position` into `target`, a directory that is made here, and a
    HEAD that stands there. Durable when it returns, but for the directory's own name.

    What is before an acknowledged position never changes, so nobody has to wait meanwhile.

    Raises:
        StorageError: the lines cannot be read, or are not as many as they were; or a file cannot be
            written.
    """
    last = position.days[-1]
    tail = Tail(position.ledger, last.day, last.size, last.seq, last.seq, last.hash)
    total = sum(day.size for day in position.days)
    sizes = _write(fs, source, target, tail, lambda done: progress(done, total))
    for day in position.days:
        _check_size(target, day, sizes.get(day.day, 0))


def _write(
    fs: FileSystem,
    source: Lines,
    target: Path,
    tail: Tail | None,
    written: Callable[[int], None],
) -> dict[str, int]:
    """Write everything up to `tail`, in a directory made here; return how long each day is."""
    with storage_errors("make", target):
        fs.make_one_directory(target, DIRECTORY_MODE)
    sizes = _write_days(fs, source, target, tail, written)
    if tail is None:
        return sizes
    head = HeadFile(fs, target)
    with storage_errors("write", head.path):
        try:
            head.write(tail)
            head.sync()
        finally:
            head.close()
        fs.sync_directory(target)
    return sizes


def _write_days(
    fs: FileSystem,
    source: Lines,
    target: Path,
    tail: Tail | None,
    written: Callable[[int], None],
) -> dict[str, int]:
    sizes: dict[str, int] = {}
    fd: int | None = None
    done, path = 0, target
    try:
        for day, data in source.lines(Cursor(), tail):
            if day not in sizes:
                if fd is not None:
                    with storage_errors("write", path):
                        fs.sync_data(fd)
                    fs.close(fd)
                    fd = None
                path, sizes[day] = day_file(target, day), 0
                with storage_errors("write", path):
                    fd = fs.open_write(path, create=True, truncate=True)
            assert fd is not None
            with storage_errors("write", path):
                fs.write_at(fd, data, sizes[day])
            sizes[day] += len(data)
            done += len(data)
            written(done)
        if fd is not None:
            with storage_errors("write", path):
                fs.sync_data(fd)
    finally:
        if fd is not None:
            fs.close(fd)
    return sizes


def _check_size(target: Path, day: DayRead, size: int) -> None:
    path = day_file(target, day.day)
    with storage_errors("read", path):
        if size != day.size:
            raise OSError(f"it has {size} bytes, and had {day.size}")


@contextmanager
def as_day_files(
    engine: Engine, progress: Progress = lambda done, total: None
) -> Iterator[tuple[Place, bool]]:
    """Give the ledger of an engine as a directory of day files, for who reads nothing else, and
    whether it is a copy.

    That is the engine's own directory where it has one. Else it is a temporary one, in which is
    what is acknowledged by now, byte for byte and whatever it is, and what the engine has in its
    place for files. `progress` gets the bytes written so far, and 0: nobody knows how many there
    are.

    Raises:
        StorageError: something cannot be read or written.
    """
    if isinstance(engine, KeepsDayFiles):
        yield engine.day_files, False
        return
    fs = engine.place.fs if isinstance(engine, HasPlace) else FileSystem()
    with tempfile.TemporaryDirectory(prefix="jobledger-") as temporary:
        target = Path(temporary).resolve() / "ledger"
        tail = engine.tail()
        with reading_of(engine) as lines:
            _write(fs, lines, target, tail, lambda done: progress(done, 0))
        if isinstance(engine, HasPlace):
            _copy_derived(fs, engine.place.directory, target)
        yield Place(fs, target), True


def _copy_derived(fs: FileSystem, source: Path, target: Path) -> None:
    """Copy the files that are in a place; locks and directories are nothing to read."""
    with storage_errors("read", source):
        names = fs.list_directory(source)
    for name in names:
        if not name.endswith(".lock") and not fs.is_directory(source / name):
            copy_file(fs, source / name, target / name)
