"""Rebuild: everything derived, from the log alone, and whether what is on disk is the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from ..eventstore.engines.files import FileSystem, is_no_file, storage_errors
from ..instrumentation import Progress
from .board import Board
from .counters import Counters
from .daily_files import DailyFiles, files_on_disk, job_file
from .file_content import Content, first_difference
from .logged_event import LogEntry
from .projection import Change, Folded
from .replay import fold
from .stored import ProjectionFactory, make_all, projection_file

DAILY_FILES = "daily_files"
_AT_ONCE = 1_000
"""So many events are folded together."""


class Difference(msgspec.Struct, frozen=True):
    """A file that is not what the log gives, with the first line (from 1) that differs.

    `behind`: it is what the log gave a while ago, and nobody has brought it up since. `foreign`:
    the log never had a job of that day, or it is no file. `ahead`: it stands for more than the log
    has, which was cut.
    """

    file: str
    kind: Literal["missing", "differs", "behind", "foreign", "ahead"]
    line: int | None = None
    found: str | None = None
    expected: str | None = None


class RebuildReport(msgspec.Struct, frozen=True):
    """What a rebuild read, and which files on disk were not what the log gives.

    `files` is how many there are; `changed` names those that were written, or, of a check, that
    would have to be; `differences` says in what they differed. `kept` is the directory, in the
    ledger's, with the files that stood for more than the log has; None where there were none.
    """

    events: int
    jobs: int
    files: int
    changed: list[str]
    differences: list[Difference] = []
    kept: str | None = None


class Replay:
    """A fresh board, fresh daily files and a fresh one of each registered projection."""

    def __init__(self, zone: ZoneInfo, factories: tuple[ProjectionFactory, ...] = ()) -> None:
        self.board = Board()
        self.daily_files = DailyFiles(zone)
        self.counters = Counters()
        self.stored = make_all(factories)

    @property
    def seq(self) -> int:
        """The last event that was applied."""
        return self.board.seq

    def feed(
        self,
        records: Iterable[LogEntry],
        *,
        until: int | None = None,
        progress: Progress = lambda done, total: None,
        total: int = 0,
    ) -> None:
        """Apply the records, up to the number `until`.

        Raises:
            LedgerCorruptError: the log has a history that the lifecycle does not allow.
        """
        if until is not None:
            records = takewhile(lambda record: record.seq <= until, records)

        def follow(changes: Sequence[Folded]) -> None:
            self.daily_files.apply_all(changes)
            self.counters.apply_all(changes)
            for projection in self.stored.values():
                for change in changes:
                    projection.apply(Change(*change))
            for event, _, _ in changes:
                progress(event.seq, total)

        of_schedule, left = self.counters.apply_schedule, iter(records)
        with self.board.loading():
            while some := list(islice(left, _AT_ONCE)):
                fold(some, self.board, follow, of_schedule=of_schedule)


class Comparison:
    """Compares the files of one directory with what a replay gives.

    Raises:
        StorageError: a registered projection failed, or a file cannot be read.
    """

    def __init__(self, fs: FileSystem, directory: Path) -> None:
        self._fs = fs
        self._directory = directory

    def different(self, replay: Replay, name: str) -> dict[Path, Difference]:
        """Of one projection, each file that is not what the log gives."""
        found: dict[Path, Difference] = {}
        for path in self.paths(replay, name):
            difference = self._difference(replay, path, self.content(replay, name, path))
            if difference is not None:
                found[path] = difference
        return found

    def _difference(self, replay: Replay, path: Path, due: Content | None) -> Difference | None:
        with storage_errors("read", path):
            try:
                found = first_difference(self._fs, path, (b"",) if due is None else due)
            except FileNotFoundError:
                return None if due is None else Difference(path.name, "missing")
            except OSError as error:
                if not is_no_file(error):
                    raise
                return Difference(path.name, "foreign")
        if due is None and not replay.daily_files.knows(_day(path)):
            return Difference(path.name, "foreign")
        if found is not None:
            return Difference(path.name, "differs", found.line, found.found, found.expected)
        return Difference(path.name, "differs", 1) if due is None else None

    def paths(self, replay: Replay, name: str) -> list[Path]:
        """Return the files that a projection has, or that are there in its place."""
        if name != DAILY_FILES:
            return [projection_file(self._directory, name)]
        with storage_errors("read", self._directory):
            days = {*replay.daily_files.days(), *files_on_disk(self._fs, self._directory)}
        return [job_file(self._directory, day) for day in sorted(days)]

    def content(self, replay: Replay, name: str, path: Path) -> Content | None:
        """Return what a file has to hold; None where there is to be none."""
        if name != DAILY_FILES:
            return (replay.stored[name].render(),)
        return replay.daily_files.file(_day(path), replay.board.jobs)


def count_files(replay: Replay, names: Iterable[str]) -> int:
    """How many files the projections of these names have."""
    return sum(len(replay.daily_files.days()) if name == DAILY_FILES else 1 for name in names)


def _day(path: Path) -> str:
    return path.name[len("jobs_") : -len(".json")]
