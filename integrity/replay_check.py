"""What a log means: the state that its events lead to, and whether the daily files agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ..domain.errors import LedgerCorruptError
from ..domain.job.events import Event, decode_data
from ..eventstore.filesystem import FileSystem, storage_errors
from ..projections.board import Board
from ..projections.comparing import is_same
from ..projections.daily_files import DailyFiles, files_on_disk, job_file
from ..projections.writer import Marker, marker_path, read_marker
from .chain import PlacedRecord
from .findings import Findings
from .second_reader import SoundHeader, SoundRecord
from .snapshot_check import SnapshotCheck

_CANNOT_BE_APPLIED = (TypeError, ValueError, ArithmeticError, LookupError, RecursionError)
"""What forged data may lead to in code that trusts what was validated before it was written."""


class Replayed:
    """The state after all events so far; the first that cannot be is reported, and the last."""

    def __init__(self, findings: Findings, snapshot: SnapshotCheck) -> None:
        self._findings = findings
        self._snapshot = snapshot
        self._ledger = ""
        self._board = Board()
        self._files: DailyFiles | None = None
        self._removed: dict[str, int] = {}
        """The last versions of the jobs that are gone."""

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
        for each in write:
            try:
                change = self._board.apply(_event(each.record))
                if self._files is not None:
                    self._files.apply(change)
                if change.after is None:
                    self._removed[change.event.job_id] = change.event.version
                if change.event.seq == self._snapshot.seq:
                    self._snapshot.compare(self._ledger, self._board, self._files, self._removed)
            except LedgerCorruptError as error:
                self._report(each, error.kind == "transition", error.message)
                return
            except (msgspec.MsgspecError, *_CANNOT_BE_APPLIED) as error:
                kind = f"the data of this {each.record.type!r} event is not readable"
                self._report(each, False, f"record {each.record.seq}: {kind}: {error}")
                return

    def _report(self, each: PlacedRecord, is_transition: bool, message: str) -> None:
        place = each.place
        self._findings.add(
            "transition" if is_transition else "event",
            place.path,
            message,
            line=place.line,
            offset=place.offset,
        )

    def check_daily_files(self, fs: FileSystem, directory: Path, marker: Marker | None) -> None:
        """Compare the files on disk, which `marker` says how far they go, with this state. Those
        that another fold made, or with other words, are behind and not wrong."""
        files, findings = self._files, self._findings
        if files is None:
            return
        with storage_errors("read", directory):
            on_disk = files_on_disk(fs, directory)
        if marker is None and not on_disk:
            if files.days():
                findings.note("there are no daily files: opening the ledger makes them")
            return
        advice, behind = "`Ledger.rebuild()` mends it", 0
        is_outdated = marker is not None and marker.is_outdated
        if marker is not None and marker.seq > self._board.seq:
            advice = "keep it: it may show what the log has lost"
            findings.add("ahead", marker_path(directory, files.name), _ahead(marker, self._board))
        for day in sorted({*on_disk, *files.days()}):
            if marker is not None and files.touched_after(day, marker.seq):
                behind += 1
                continue
            fault = self._fault_of(fs, files, directory, day)
            if fault is None:
                continue
            if read_marker(fs, directory) != marker:
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
        with storage_errors("read", path):
            if is_same(fs, path, due):
                return None
            is_there = path.name in fs.list_directory(directory)
        if not is_there:
            return "the file is missing"
        if not files.knows(day):
            return "the log has no job of this day"
        return "the file is not what the log gives"


def _ahead(marker: Marker, board: Board) -> str:
    return (
        f"the daily files stand for event {marker.seq}, and the log ends at event {board.seq}: its"
        " end was cut off, or an older one was put in its place; restore the log from a copy"
        " (`jobledger rebuild --accept-loss` gives up what it has lost)"
    )


def _event(record: SoundRecord) -> Event:
    """The event of a record, its data brought up to today's form."""
    return Event(
        seq=record.seq,
        at=record.at,
        type=record.type,
        job_id=record.job,
        version=record.version,
        data=decode_data(record.type, record.schema, record.data),
        schema=record.schema,
        batch=record.batch,
        more=record.more,
        prev=record.prev,
        hash=record.hash,
    )
