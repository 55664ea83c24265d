"""What a log means: the state that its events lead to, and whether the daily files agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ..domain import SCHEMA, LedgerCorruptError, ScheduledJob, StorageError, decode_data
from ..eventstore.engines.files import FileSystem, is_no_file, storage_error, storage_errors
from ..projections import (
    Board,
    Counters,
    DailyFiles,
    LoggedEvent,
    Marker,
    MarkerError,
    files_on_disk,
    is_same,
    job_file,
    read_marker,
)
from .chain import PlacedRecord
from .findings import Findings
from .second_reader import SoundHeader
from .snapshot_check import SnapshotCheck

_CANNOT_BE_APPLIED = (TypeError, ValueError, ArithmeticError, LookupError, RecursionError)
"""What forged data may lead to in code that trusts what was validated before it was written."""


NO_DAILY_FILES = "there are no daily files: opening the ledger makes them"


class ReplayCheck:
    """The state after all events so far; the first that cannot be is reported, and the last."""

    def __init__(self, findings: Findings, snapshot: SnapshotCheck) -> None:
        self._findings = findings
        self._snapshot = snapshot
        self._ledger = ""
        self._board = Board()
        self._counters = Counters()
        """Up to where the snapshot stands."""
        self._files: DailyFiles | None = None
        self._removed: dict[str, int] = {}
        """The last versions of the jobs that are gone."""
        self._touched: dict[str, datetime] = {}
        """When the last event of each job was that has more than a text."""

    def begin(self, header: SoundHeader) -> None:
        """Take the ledger's id and its time zone, which groups jobs into days."""
        self._ledger = str(header.ledger)
        try:
            self._files = DailyFiles(ZoneInfo(str(header.timezone)))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._findings.note(f"the time zone {header.timezone} is not known on this machine")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Apply the log within the `with`."""
        with self._board.loading():
            yield

    def apply(self, write: Sequence[PlacedRecord]) -> None:
        """Take one whole write in, which follows what was taken before.

        Raises:
            StorageError: a newer release wrote it.
        """
        # Not `projections.replay`, which the ledger goes on by: here each record is decoded as the
        # second reader has it, and the one that cannot be is reported with its place.
        for each in write:
            try:
                event = _event(each)
                change = self._board.take(event)
                if event.seq <= self._snapshot.seq:
                    self._counters.take(event, change)
                if change is not None and self._files is not None:
                    self._files.apply(change)
                if change is not None and change.after is None:
                    self._removed[change.event.job_id] = change.event.version
                elif change is not None and change.after and change.after.post is not None:
                    self._touched[change.event.job_id] = change.event.at
                if each.record.seq == self._snapshot.seq:
                    counts = self._counters.counts
                    self._snapshot.compare(
                        self._ledger, self._board, self._files, self._removed, counts
                    )
            except LedgerCorruptError as error:
                self._report(each, error.kind == "transition", error.message)
                return
            except (msgspec.MsgspecError, *_CANNOT_BE_APPLIED) as error:
                kind = f"the data of this {each.record.type!r} event is not readable"
                self._report(each, False, f"record {each.record.seq}: {kind}: {error}")
                return

    def posts(self) -> list[tuple[ScheduledJob, datetime]]:
        """Return the jobs that have more than a text, with the times of their last events."""
        found = ((self._board.get(job_id), at) for job_id, at in self._touched.items())
        return [(job, at) for job, at in found if job is not None]

    def _report(self, each: PlacedRecord, is_transition: bool, message: str) -> None:
        place = each.place
        self._findings.add(
            "transition" if is_transition else "event",
            place.path,
            message,
            line=place.line,
            offset=place.offset,
        )

    def check_daily_files(
        self,
        fs: FileSystem,
        directory: Path,
        marker: Marker | None,
        *,
        is_ahead: bool,
        has_grown: Callable[[], bool],
    ) -> None:
        """Compare the files on disk, which `marker` says how far they go, with this state. Those
        that another fold made, or with other words, are behind and not wrong; they are of a log
        that had more where it `is_ahead`.

        Where the log `has_grown` since it was read, a file that differs may be of what came in
        since: a file is written before the marker that says so.
        """
        files, findings = self._files, self._findings
        if files is None:
            return
        with storage_errors("read", directory):
            on_disk = files_on_disk(fs, directory)
        if marker is None and not on_disk:
            if files.days():
                findings.note(NO_DAILY_FILES)
            return
        advice, behind = "`Ledger.rebuild()` mends it", 0
        is_outdated = marker is not None and marker.is_outdated
        if is_ahead:
            advice = "keep it: it may show what the log has lost"
        for day in sorted({*on_disk, *files.days()}):
            if marker is not None and files.touched_after(day, marker.seq):
                behind += 1
                continue
            fault = self._fault_of(fs, files, directory, day)
            if fault is None:
                continue
            if has_grown() or _marker(fs, directory) != marker:
                findings.note("the daily files are being written; they were not compared")
                return
            if is_outdated and files.knows(day):
                continue
            path = job_file(directory, day)
            findings.add("projection", path, f"{fault}; {advice}")
        if is_outdated:
            findings.note(
                "the daily files are behind: another release made them, by its own rules or in its"
                " own words; the next open makes them anew"
            )
        elif behind:
            findings.note(f"{behind} daily files are behind; the next open brings them up")

    def _fault_of(self, fs: FileSystem, files: DailyFiles, directory: Path, day: str) -> str | None:
        path = job_file(directory, day)
        due = files.file(day, self._board.jobs)
        try:
            if is_same(fs, path, due):
                return None
        except OSError as error:
            if not is_no_file(error):
                raise storage_error("read", path, error) from error
            return f"it is no file: {error.strerror or error}"
        with storage_errors("read", directory):
            is_there = path.name in fs.list_directory(directory)
        if not is_there:
            return "the file is missing"
        if not files.knows(day):
            return "the log has no job of this day"
        return "the file is not what the log gives"


def _marker(fs: FileSystem, directory: Path) -> Marker | None:
    try:
        return read_marker(fs, directory)
    except MarkerError:
        return None


def _event(each: PlacedRecord) -> LoggedEvent:
    """Return the event of a record, its data brought up to today's form.

    Raises:
        StorageError: a newer release wrote it.
    """
    record, place = each.record, each.place
    try:
        data = decode_data(record.type, record.schema, record.data)
    except StorageError as error:
        raise StorageError(
            f"{place.path}, line {place.line}, byte {place.offset}: {error.message}",
            path=str(place.path),
            line=place.line,
            offset=place.offset,
            hint=error.advice,
            remedy=error.remedy,
        ) from None
    return LoggedEvent(
        seq=record.seq,
        at=record.at,
        type=record.type,
        job_id=record.job,
        version=record.version,
        data=data,
        by=record.by,
        schema=max(record.schema, SCHEMA[record.type]),
        batch=record.batch,
        more=record.more,
        prev=record.prev,
        hash=record.hash,
    )
