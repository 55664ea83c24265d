"""The log of one directory: all its day files, read forward from the first record and verified.

A Log is a position that only moves on. It knows nothing of locks and of who may write; it says how
far the files are sound, and what stands at their end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..domain.errors import LedgerCorruptError, StorageError
from .engines.files.filesystem import FileIdentity, FileSystem, storage_error, storage_errors
from .engines.files.head import COPIED_LAST, Head
from .engines.files.segment import (
    Cursor,
    corrupt,
    day_file,
    enter_segment,
    list_days,
    read_header,
    scan,
)
from .position import DayRead, Position, check_position
from .record import RECORDS, Form, Header, Repaired

Steps = Generator[list[Any], None, LedgerCorruptError | None]
"""Whole writes in order; its return value is what does not verify in the newest file."""


class LogReplacedError(StorageError):
    """The log's file is no longer the one that was opened. Internal: its reader starts anew."""


class Log:
    """Reads the day files of `directory`; `deliver` gets every record once, whole writes at a time.

    `cursor` is the end of the last whole write that was read, `versions` the version of every job
    up to there; without `follow_versions`, for who only passes records on, memory does not grow
    with the jobs. `form` is what records are handed out as.
    """

    def __init__(
        self,
        fs: FileSystem,
        directory: Path,
        ledger_id: str,
        deliver: Callable[[Sequence[Any]], None] = lambda records: None,
        *,
        read_only: bool,
        follow_versions: bool = True,
        form: Form = RECORDS,
    ) -> None:
        self._fs = fs
        self._directory = directory
        self._ledger_id = ledger_id
        self._deliver = deliver
        self._read_only = read_only
        self._follow_versions = follow_versions
        self._form = form
        self._fd: int | None = None
        self._identity: FileIdentity = 0, 0
        self._segments: list[tuple[str, int]] = []
        self._ended: dict[str, DayRead] = {}
        """The days before the cursor's, in order."""
        self._listed: list[str] = []
        """The days of the last listing that were not entered yet, the next one last."""
        self.cursor = Cursor()
        self.path = day_file(directory, "")
        """The day file that the cursor is in."""
        self.versions: dict[str, int] = {}
        self.repairs: list[Repaired] = []
        """The repairs in what was read."""

    @property
    def fd(self) -> int:
        """That file, open."""
        assert self._fd is not None
        return self._fd

    def size(self) -> int:
        """Tell the length of the file that the cursor is in.

        Raises:
            LogReplacedError: it was removed, renamed or replaced since it was opened.
        """
        try:
            return self._fs.named_size(self.path, self._identity)  # rule: log-by-its-name
        except FileNotFoundError as error:
            raise LogReplacedError(
                f"{self.path} is not the file that was opened: it was removed, renamed or replaced",
                path=str(self.path),
                hint="nothing was written; the next call reads what is there now (an editor's"
                " backup, logrotate or a restore may have done this)",
            ) from error
        except OSError as error:
            raise storage_error("read", self.path, error) from error

    def advance(self, head: Head | None) -> LedgerCorruptError | None:
        """Read on, to `head`, or to the end of the files without one, delivering what is read.

        Returns what does not verify in the newest file, for the caller to judge: it may be a torn
        write. What is left there without a fault is an incomplete write.

        Raises:
            LedgerCorruptError: anything else that does not verify.
        """
        steps = self.steps(head)
        while True:
            try:
                records = next(steps)
            except StopIteration as end:
                damage: LedgerCorruptError | None = end.value
                return damage
            self._deliver(records)

    def steps(self, head: Head | None) -> Steps:
        """What `advance` does, step by step: the cursor stands behind what was handed out last."""
        while True:
            if self._fd is not None:
                damage = yield from self._segment_steps(head)
                if damage is not None:
                    if self.next_day() is not None:
                        raise damage
                    return damage
                if head is not None and head.day <= self.cursor.day:
                    return None
            day = self.next_day()
            if day is None:
                return None
            try:
                self.enter(day)
            except StorageError as error:
                self._listed = []
                if not isinstance(error.__cause__, FileNotFoundError) or self.next_day() == day:
                    raise  # else it was removed since: the file after it says that it is missing

    def _segment_steps(self, head: Head | None) -> Steps:
        limit = self.size()
        if limit < self.cursor.offset:
            raise self.shorter(f"it was longer: record {self.cursor.seq} is cut off")
        if head is not None and head.day == self.cursor.day:
            limit = min(limit, head.offset)  # rule: readers-stop-at-head
        versions = self.versions if self._follow_versions else None
        batches = scan(
            self._fs,
            self.fd,
            self.path,
            self.cursor,
            limit,
            versions,
            form=self._form,
        )
        try:
            yield from batches
        except LedgerCorruptError as damage:
            return damage
        return None

    def next_day(self) -> str | None:
        """The day after the cursor's that has a file; None only where none has one just now.

        The directory is listed again when all days of the last listing were entered, so a replay
        lists it twice however many days it has.
        """
        listed, here = self._listed, self.cursor.day
        while listed and listed[-1] <= here:
            listed.pop()
        if not listed:
            with storage_errors("read", self._directory):
                days = list_days(self._fs, self._directory)
            listed[:] = reversed(days[bisect_right(days, here) :])
        return listed[-1] if listed else None

    def enter(self, day: str) -> None:
        """Go on to the next day file; the current one must end in a whole write."""
        if self._fd is not None and self.size() != self.cursor.offset:
            raise corrupt(
                self.path,
                self.cursor.line + 1,
                self.cursor.offset,
                "incomplete",
                f"the file ends in an incomplete write, but {day} follows it",
            )
        ended = self.day_read()
        path = day_file(self._directory, day)
        with storage_errors("open", path):
            fd = self._open(path)
        try:
            header = enter_segment(self._fs, fd, path, day, self.cursor, self._ledger_id)
        except BaseException:
            self._fs.close(fd)
            raise
        left = self._fd
        self._fd, self._identity, self.path = fd, self._fs.identity(fd), path
        if left is not None:
            self._fs.close(left)
        if ended.day:
            self._ended[ended.day] = ended
        self.note_repair(header)
        self._segments.append((day, header.first_seq))

    def day_read(self) -> DayRead:
        """The day that the cursor is in, up to there."""
        cursor = self.cursor
        first_seq = self._segments[-1][1] if self._segments else 1
        return DayRead(cursor.day, cursor.offset, first_seq, cursor.seq, cursor.hash)

    def position(self) -> Position:
        """Where the cursor stands now, for another handle to go on from."""
        return Position(
            ledger=self._ledger_id,
            days=[*self._ended.values(), self.day_read()],
            line=self.cursor.line,
            batch=self.cursor.batch,
            write_offset=self.cursor.write_offset,
            repairs=list(self.repairs),
            versions=dict(self.versions),
        )

    def go_on_from(self, position: Position) -> None:
        """Stand where another handle stood; this one must not have read anything yet.

        Raises:
            PositionError: the log does not have what was before the position.
            StorageError: a file cannot be read.
        """
        check_position(self._fs, self._directory, self._ledger_id, position)
        *earlier, last = position.days
        self.path = day_file(self._directory, last.day)
        with storage_errors("open", self.path):
            self._fd = self._open(self.path)
            self._identity = self._fs.identity(self._fd)
        self._ended = {read.day: read for read in earlier}
        self._segments = [(read.day, read.first_seq) for read in position.days]
        self.cursor, self.versions = position.cursor(), position.versions
        self.repairs = list(position.repairs)

    def _open(self, path: Path) -> int:
        return self._fs.open_read(path) if self._read_only else self._fs.open_write(path)

    def check_head(self, head: Head | None) -> None:
        """Check, at the end of what is sound, that the log has what HEAD has.

        Raises:
            LedgerCorruptError: it is shorter, or its record is another one.
        """
        cursor = self.cursor
        if head is None:
            return
        if head.durable_seq > cursor.seq:  # rule: log-is-not-shorter-than-head
            raise self.behind(head)
        # After a power cut a new day's header may be there while HEAD is still the day before's.
        end = self.day_read() if head.day == cursor.day else self._ended.get(head.day)
        # rule: last-record-is-heads
        if head.offset and end is not None and end.seq == head.seq and end.hash != head.hash:
            raise corrupt(
                day_file(self._directory, head.day),
                cursor.line if head.day == cursor.day else None,
                head.offset,
                "chain",
                f"record {head.seq} is not the one that HEAD has",
            )

    def note_repair(self, header: Header) -> None:
        """Remember the repair that a day file was begun by."""
        if header.repaired is not None:
            self.repairs.append(header.repaired)

    def behind(self, head: Head) -> LedgerCorruptError:
        """The error for a log that ends before what HEAD knows to be on disk."""
        return self.shorter(
            f"the log ends at record {self.cursor.seq}, but record {head.durable_seq} was on disk:"
            f" {COPIED_LAST}"
        )

    def shorter(self, why: str) -> LedgerCorruptError:
        """The error for a log that lost its end."""
        cursor = self.cursor
        return corrupt(self.path, cursor.line + 1, cursor.offset, "truncated", why)

    def read(self, after: int) -> Iterator[Any]:
        """The records after `after` up to the cursor as it is now, from files opened anew."""
        last, segments = self.cursor.seq, list(self._segments)
        start = max(
            (index for index, (_, first) in enumerate(segments) if first <= after + 1), default=0
        )
        return self._read(segments[start:], after, last)

    def _read(self, segments: list[tuple[str, int]], after: int, last: int) -> Iterator[Any]:
        for day, first in segments:
            if first > last or after >= last:
                return
            path = day_file(self._directory, day)
            with storage_errors("open", path):
                fd = self._fs.open_read(path)
            try:
                cursor = Cursor()
                header, length = read_header(self._fs, fd, path)
                cursor.day, cursor.offset, cursor.line = day, length, 1
                cursor.seq, cursor.hash = header.first_seq - 1, header.hash
                with storage_errors("read", path):
                    size = self._fs.size(fd)
                for records in scan(self._fs, fd, path, cursor, size, form=self._form):
                    for record in records:
                        if record.seq > after:
                            yield record
                        if record.seq == last:
                            return
            finally:
                self._fs.close(fd)

    def reopen(self) -> None:
        """Open the current file anew, standing where we stood.

        Raises:
            StorageError: it cannot be opened; the one that was open still is.
            LogReplacedError: it is another file now.
        """
        with storage_errors("open", self.path):
            fd = self._fs.open_write(self.path)
        if self._fs.identity(fd) != self._identity:
            self._fs.close(fd)
            self.size()  # which says so
        left, self._fd = self._fd, fd
        if left is not None:
            self._fs.close(left)

    def close(self) -> None:
        fd, self._fd = self._fd, None  # first: a number that is closed may be another file's
        if fd is not None:
            self._fs.close(fd)
