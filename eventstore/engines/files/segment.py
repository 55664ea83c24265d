"""The day files of a directory: their names, their headers, and reading and opening them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ....domain import LedgerCorruptError, StorageError
from ...cursor import Cursor
from ...port import Block, LogReplacedError, Tail
from ...record import MAX_LINE_BYTES, Header, day_name
from ...scan import corrupt, parse_header
from .filesystem import FileIdentity, FileSystem, storage_error, storage_errors
from .names import DirectoryNames
from .packed_days import day_length, is_packed, open_day, packed_path
from .seeking import find_record

if TYPE_CHECKING:
    from .restoring import Kept

_NAME = re.compile(r"events_(\d{4}-\d{2}-\d{2})\.jsonl(?:\.zst)?")
_CHUNK = 256 * 1024
_NEARLY_ALWAYS = 4096
"""Most headers are shorter."""


def day_file(directory: Path, day: str) -> Path:
    """Return the path of a day's file, which it may have been packed into another one of."""
    return directory / day_name(day)


def list_days(fs: FileSystem, directory: Path) -> list[str]:
    """List the days that have a file, packed or not, in order."""
    return days_of(fs.list_directory(directory))


def days_of(names: Iterable[str]) -> list[str]:
    """Return the days that have a file, packed or not, among all files of a directory, in order."""
    return sorted({match[1] for match in map(_NAME.fullmatch, names) if match})


def find_days(fs: FileSystem, directory: Path) -> list[str]:
    """List the days that have a file, packed or not, in order.

    Raises:
        StorageError: the directory cannot be read.
    """
    with storage_errors("read", directory):
        return list_days(fs, directory)


def read_header(fs: FileSystem, fd: int, path: Path) -> tuple[Header, int]:
    """Read the header of an open day file; return it and its length in bytes.

    Raises:
        LedgerCorruptError: there is none that verifies.
        StorageError: it cannot be read, or a newer release wrote the file.
    """
    with storage_errors("read", path):
        start = fs.read_at(fd, _NEARLY_ALWAYS, 0)
        if b"\n" not in start:
            start = fs.read_at(fd, MAX_LINE_BYTES, 0)
    return parse_header(start, path)


def day_header(fs: FileSystem, directory: Path, day: str) -> Header:
    """Read the header of a day's file.

    Raises: as `read_header`.
    """
    path = day_file(directory, day)
    with storage_errors("read", path):
        fd, _ = open_day(fs, path)
    try:
        return read_header(fs, fd, path)[0]
    finally:
        fs.close(fd)


class DayFiles:
    """The day files of a directory, one of them open: to read on in, and to write to."""

    def __init__(
        self,
        fs: FileSystem,
        directory: Path,
        *,
        names: DirectoryNames | None = None,
        read_only: bool,
    ) -> None:
        self._fs = fs
        self._names = names or DirectoryNames()
        self._sure_of: object = None
        """Of which state of the names the open file's own was its own."""
        self._directory = directory
        self._read_only = read_only
        self._fd: int | None = None
        self._day, self._path = "", directory
        """The day of the open file, and its path: making one anew costs more than a small write."""
        self._identity: FileIdentity = 0, 0
        self._packed: int | None = None
        """How long the open file is where it was unpacked; nobody else has it, nor changes it."""
        self._listed: list[str] = []
        """The days of the last listing that were not entered yet, the next one last."""
        self.kept: Kept | None = None
        """What the journal keeps and the newest file lacks, for who may not put it back."""

    def path(self, day: str) -> Path:
        """Return the path of a day's file."""
        return self._path if day == self._day else day_file(self._directory, day)

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield what the files have behind `after` (see `port.Lines`).

        Raises:
            LedgerCorruptError: the file of `after` has become shorter.
            LogReplacedError: it is another file than the one that was opened.
            StorageError: a file cannot be opened or read.
        """
        day, offset = after.day, after.offset
        if not day:
            self._listed = []  # whoever begins again sees them all
        while True:
            if day:
                limit = self._length(day)
                if limit < offset:
                    raise corrupt(
                        self.path(day), after.line + 1, offset, "truncated",
                        f"it was longer: record {after.seq} is cut off",
                    )  # fmt: skip
                if until is not None and until.day == day:
                    limit = min(limit, until.offset)  # rule: readers-stop-at-head
                if offset == 0 or limit > offset:
                    yield from self._blocks(day, offset, limit)
                if until is not None and until.day <= day:
                    return
            following = self._open_next(day)
            if following is None:
                return
            day, offset = following, 0

    def seek(self, seq: int, day: str, size: int) -> tuple[bytes, Cursor] | None:
        """Return the line of a record of a day, and a cursor behind it (see `port.Seeks`)."""
        fs, fd, path = self._fs, self.fd(day), self.path(day)
        try:
            _, begin = read_header(fs, fd, path)
        except LedgerCorruptError:
            return None  # it is met, and told of, on the way from there
        found = find_record(fs, fd, path, seq, begin, size)
        if found is None:
            return None
        cursor, record = Cursor(), found.record
        cursor.day = day
        cursor.stand_at(found.end, 0, record.seq, record.hash, record.batch, found.end)
        return found.line, cursor

    def _length(self, day: str) -> int:
        """Return the length of the file of `day`, which need not be open."""
        if self._fd is not None and day == self._day:
            size = self.size(day)
        else:
            with storage_errors("open", self.path(day)):
                size = day_length(self._fs, self.path(day))
        kept = self.kept
        return max(size, kept.end) if kept is not None and kept.day == day else size

    def _open_next(self, day: str) -> str | None:
        """Open the file of the day after `day` that has one; None where none has."""
        while True:
            following = self.next_day(day)
            if following is None:
                return None
            try:
                self.open(following)
            except StorageError as error:
                self._listed = []
                gone = isinstance(error.__cause__, FileNotFoundError)
                if not gone or self.next_day(day) == following:
                    raise  # else it was removed since: the file after it says that it is missing
                continue
            return following

    def _blocks(self, day: str, offset: int, limit: int) -> Iterator[Block]:
        fs, fd, path = self._fs, self.fd(day), self.path(day)
        if offset == 0:
            with storage_errors("read", path):
                chunk = self._read(day, fd, _CHUNK, 0)
                if b"\n" not in chunk:  # rule: header-of-any-length
                    chunk = fs.read_at(fd, MAX_LINE_BYTES, 0)
            # The header is handed out all the same where HEAD only announces its file.
            chunk = chunk[: max(limit, chunk.find(b"\n") + 1)]
            offset = len(chunk)
            yield Block(day, chunk)
        while offset < limit:
            with storage_errors("read", path):
                chunk = self._read(day, fd, min(_CHUNK, limit - offset), offset)
            if not chunk:
                return
            offset += len(chunk)
            yield Block(day, chunk)

    def _read(self, day: str, fd: int, count: int, offset: int) -> bytes:
        """Return the bytes of a day, with those that only the journal has."""
        data, kept = self._fs.read_at(fd, count, offset), self.kept
        if kept is None or kept.day != day:
            return data
        return kept.over(data, offset, count)

    def next_day(self, day: str) -> str | None:
        """Return the day after `day` that has a file; None only where none has one just now.

        The directory is listed again when all days of the last listing were entered, so a replay
        lists it twice however many days it has.
        """
        listed = self._listed
        while listed and listed[-1] <= day:
            listed.pop()
        if not listed:
            days = find_days(self._fs, self._directory)
            listed[:] = reversed(days[bisect_right(days, day) :])
        return listed[-1] if listed else None

    def open(self, day: str) -> None:
        """Have the file of `day` open, and no other.

        Raises:
            StorageError: it cannot be opened.
        """
        path = day_file(self._directory, day)
        with storage_errors("open", path):
            fd, packed = open_day(self._fs, path, to_write=not self._read_only)
        try:
            identity = self._fs.identity(fd)
        except BaseException:
            self._fs.close(fd)
            raise
        left, self._fd, self._identity = self._fd, fd, identity
        self._sure_of = None
        self._day, self._path, self._packed = day, path, packed
        if left is not None:
            self._fs.close(left)

    def fd(self, day: str) -> int:
        """Return the file of `day`, open.

        Raises:
            StorageError: it cannot be opened.
        """
        if self._fd is None or day != self._day:
            self.open(day)
        assert self._fd is not None
        return self._fd

    def fd_to_write(self, day: str) -> int:
        """Return the file of `day`, open, to write to.

        Raises:
            StorageError: it cannot be opened, or was packed: what is written would be gone.
        """
        fd = self.fd(day)
        if self._packed is not None:  # it may be there again
            self.open(day)
            fd = self.fd(day)
        if self._packed is not None:  # rule: packed-is-not-written
            raise StorageError(
                f"{packed_path(self._path)} is the newest day of the log, and packed: nothing can"
                " be appended to it",
                path=str(packed_path(self._path)),
                hint="nothing was written",
                remedy="unpack",
            )
        return fd

    def size(self, day: str) -> int:
        """Tell the length of the file of `day`.

        Raises:
            LogReplacedError: it was removed, renamed or replaced since it was opened.
            StorageError: it cannot be opened or read.
        """
        fd, path = self.fd(day), self._path
        if self._packed is not None:
            return self._packed
        state = self._names.state
        try:
            if state is not None and self._sure_of == state:  # rule: log-of-this-state
                return self._fs.length(fd)
            size = self._fs.named_size(path, self._identity, fd)  # rule: log-by-its-name
        except FileNotFoundError as error:
            if self._was_packed(day):
                return self.size(day)
            raise LogReplacedError(
                f"{path} is not the file that was opened: it was removed, renamed or replaced",
                path=str(path),
                hint="nothing was written; the next call reads what is there now (an editor's"
                " backup, logrotate or a restore may have done this)",
            ) from error
        except OSError as error:
            raise storage_error("read", path, error) from error
        self._sure_of = state or self._sure_of
        return size

    def _was_packed(self, day: str) -> bool:
        """Open the day's file again where it was packed since it was opened."""
        with storage_errors("read", self._path):
            if not is_packed(self._fs, self._path):
                return False
        self.open(day)
        return True

    def reopen(self, day: str) -> None:
        """Open the file of `day` anew.

        Raises:
            StorageError: it cannot be opened; the one that was open still is.
            LogReplacedError: it is another file now.
        """
        if self._fd is None or day != self._day:
            self.open(day)
            return
        path = self._path
        with storage_errors("open", path):
            fd = self._fs.open_write(path)
        if self._fs.identity(fd) != self._identity:
            self._fs.close(fd)
            self.size(day)  # which says so
        left, self._fd, self._sure_of = self._fd, fd, None
        if left is not None:
            self._fs.close(left)

    def close(self) -> None:
        """Close the file that is open."""
        fd, self._fd = self._fd, None  # first: a number that is closed may be another file's
        if fd is not None:
            self._fs.close(fd)
