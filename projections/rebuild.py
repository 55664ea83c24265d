"""Rebuild: the daily files from the log alone, and whether those on disk are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ..eventstore.filesystem import FileSystem, storage_errors
from ..eventstore.record import Record
from .board import Board
from .daily_files import DailyFiles, DailyFilesWriter, files_on_disk, job_file
from .projection import to_event


class RebuildReport(msgspec.Struct, frozen=True):
    """What a rebuild read, and which days' files on disk were not what the log gives."""

    events: int
    jobs: int
    files: int
    changed: list[str]


def replay(
    records: Iterable[Record], zone: ZoneInfo, progress: Callable[[int], None] = lambda seq: None
) -> tuple[Board, DailyFiles]:
    """A fresh board and fresh daily files with all of `records` applied."""
    board, files = Board(), DailyFiles(zone)
    for record in records:
        files.apply(board.apply(to_event(record)))
        progress(record.seq)
    return board, files


def rebuild_daily_files(
    records: Iterable[Record],
    zone: ZoneInfo,
    fs: FileSystem,
    directory: Path,
    writer: DailyFilesWriter,
    *,
    check: bool = False,
) -> RebuildReport:
    """Bring every daily file to what `records` give; with `check`, only say which differ.

    Call it under the writer's lock, unless it only checks.
    """
    board, files = replay(records, zone)
    days = set(files.days())
    with storage_errors("read", directory):
        different = [
            day
            for day in sorted(days | set(files_on_disk(fs, directory)))
            if not _same(fs, directory, day, files.render(day, board.jobs))
        ]
    if not check:
        for day in different:
            if not files.knows(day):
                writer.set_aside(day)
        writer.write({day: files.collect(day, board.jobs) for day in different}, board.seq)
    return RebuildReport(events=board.seq, jobs=len(board.jobs), files=len(days), changed=different)


def _same(fs: FileSystem, directory: Path, day: str, content: bytes | None) -> bool:
    try:
        return fs.read_file(job_file(directory, day)) == content
    except FileNotFoundError:
        return content is None
