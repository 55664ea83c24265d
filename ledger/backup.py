"""A copy of a ledger, made while it is at work: consistent, verified, there as a whole or not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from ..domain import StorageError
from ..eventstore import Engine, EventLog, HasPlace, Position, reading_of
from ..eventstore.engines.files import (
    FileSystem,
    copy_file,
    day_file,
    packed_path,
    storage_errors,
    write_out,
)
from ..instrumentation import Progress
from ..integrity import seal_file, sealed_days
from ..projections import LogEntry
from .media_keeping import MediaKeeping


class BackupReport(msgspec.Struct, frozen=True):
    """What a backup holds: the ledger up to the event `events`, in `files` day files."""

    directory: str
    ledger: str
    events: int
    files: int
    bytes: int
    hash: str
    """The hash of the last event's line: whoever knows it can tell this copy from any other."""


def back_up(
    fs: FileSystem,
    engine: Engine,
    log: EventLog[LogEntry],
    media: MediaKeeping,
    target: Path,
    derive: Callable[[Path], object],
    progress: Progress,
) -> BackupReport:
    """Copy the ledger of `engine`, up to where `log` stands now, to `target`, which is not there
    before this returns; `derive` writes the copy's daily files.

    Raises:
        StorageError: there is something at `target`, or a file cannot be read or written.
        LedgerCorruptError: the log is damaged, or the copy does not verify.
    """
    with media.still():  # what is referred to by then stays until it is copied
        return _back_up(fs, engine, log, media, target, derive, progress)


def _back_up(
    fs: FileSystem,
    engine: Engine,
    log: EventLog[LogEntry],
    media: MediaKeeping,
    target: Path,
    derive: Callable[[Path], object],
    progress: Progress,
) -> BackupReport:
    log.refresh()
    if log.damage is not None:
        raise log.damage
    log.sync()
    with log.still() as where:
        position = where()
    _check_free(target)
    fs.make_directory(target.parent)
    made = target.with_name(f".{target.name}.{fs.new_id()[:8]}.partial")
    try:
        with reading_of(engine) as lines:
            write_out(fs, lines, made, position, progress)
        if isinstance(engine, HasPlace):
            _copy_seals(fs, engine.place.directory, made, before=position.days[-1].day)
            _keep_packed(fs, engine.place.directory, made, position)
        media.copy_to(made / "media")
        derive(made)
        _check_sound(fs, made)
        with storage_errors("make", target):
            fs.rename(made, target)
            fs.sync_directory(target.parent)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)  # a part of a backup is worth nothing
        raise
    last = position.days[-1]
    return BackupReport(
        directory=str(target),
        ledger=position.ledger,
        events=last.seq,
        files=len(position.days),
        bytes=sum(day.size for day in position.days),
        hash=last.hash,
    )


def _copy_seals(fs: FileSystem, source: Path, made: Path, *, before: str) -> None:
    for day in sealed_days(fs.list_directory(source)):
        if day < before:
            fs.write_file_durably(seal_file(made, day), fs.read_file(seal_file(source, day)))


def _keep_packed(fs: FileSystem, source: Path, made: Path, position: Position) -> None:
    """Have the days that are packed in the ledger packed in its copy, too."""
    there = set(fs.list_directory(source))
    for day in position.days:
        path = day_file(made, day.day)
        packed = packed_path(path)
        if packed.name in there and path.name not in there:
            copy_file(fs, source / packed.name, packed)
            with storage_errors("remove", path):
                fs.remove(path)
    fs.sync_directory(made)


def _check_free(target: Path) -> None:
    with storage_errors("look at", target), suppress(FileNotFoundError):
        is_empty = target.is_dir() and not target.is_symlink() and not any(target.iterdir())
        if target.lstat() and not is_empty:
            raise StorageError(
                f"{target} is there already",
                path=str(target),
                hint="a backup is made in a new directory: give another name",
            )


def _check_sound(fs: FileSystem, directory: Path) -> None:
    # Seldom asked for, and a fifth of what is imported.
    from ..integrity import error_of, verify_directory

    report = verify_directory(directory, fs=fs)
    if not report.ok:
        first = report.problems[0]
        message = f"the copy does not verify: {Path(first.path).name}: {first.message}"
        raise error_of(first, hint="nothing was made", remedy="verify", message=message)
