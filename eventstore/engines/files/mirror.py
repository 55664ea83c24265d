"""A mirror: a directory of day files that follows the lines of any engine, and is marked as one.

What is in it is a copy, so that it is never mended: what does not verify, or was only half written
when its writer died, is cut off, and copied again. Nobody opens it for writing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from ....domain import LedgerCorruptError, StorageError
from ...port import Block, Engine, Tail
from ...position import DayRead, Position
from ...sound_lines import SoundLines
from .filesystem import FileSystem, storage_errors
from .head import HEAD_NAME, HeadFile
from .segment import DayFiles, day_file, find_days

MARK_NAME = "mirror.json"
_UNFINISHED = f".{MARK_NAME}.tmp"
_LOCK_NAME = "mirror.lock"


class MirrorMark(msgspec.Struct, frozen=True):
    """Of which ledger a directory is a mirror: its id, and where it was when that was made."""

    ledger: str
    of: str


def read_mark(fs: FileSystem, directory: Path) -> MirrorMark | None:
    """Return the mark of a mirror; None: the directory is none.

    Raises:
        StorageError: it cannot be read.
    """
    path = directory / MARK_NAME
    with storage_errors("read", path):
        try:
            data = fs.read_file(path)
        except FileNotFoundError:
            return None
    try:
        return msgspec.json.decode(data, type=MirrorMark)
    except msgspec.MsgspecError:
        return MirrorMark("", "another ledger")


def check_no_mirror(fs: FileSystem, directory: Path) -> None:
    """Check that a directory is no mirror: what is written there, the ledger does not have.

    Raises:
        StorageError: it is one.
    """
    mark = read_mark(fs, directory)
    if mark is not None:  # rule: mirror-is-not-written-to
        raise StorageError(
            f"{directory} is a mirror of {mark.of}: it is never opened for writing",
            path=str(directory),
            hint="write to that ledger; or `backup` the mirror, and go on from the copy",
        )


class Mirror:
    """Writes what an engine has into a directory; `catch_up` again and again.

    One process at a time: two would copy the same, one behind the other. `has` says whether the
    ledger has, where a day ended, the record that it had.

    Raises:
        StorageError: the directory is something else, or cannot be read or written.
        LedgerCorruptError: it has what the ledger has not: `lost`.
    """

    def __init__(
        self, fs: FileSystem, engine: Engine, directory: Path, has: Callable[[DayRead], bool]
    ) -> None:
        self._fs = fs
        self._engine = engine
        self._has = has
        self._directory = directory
        self._fd: int | None = None
        self._day, self._size = "", 0
        self.was_cut_to: int | None = None
        """The last record that was kept, where something of the mirror had to be copied again."""
        self._begin()
        self._lock: int | None = self._take_lock()
        try:
            self._open_log()
        except BaseException:
            self.close()
            raise

    def _open_log(self) -> None:
        """Stand where what is there ends."""
        engine = self._engine
        self._is_standing, self._day, self._size = False, "", 0
        position = self._find_end()
        self._lines = SoundLines(engine, engine.identity.ledger_id, engine.where)
        if position is not None:
            self._check_there(position)
            self._lines.go_on_from(position)
            self._day, self._size = position.days[-1].day, position.days[-1].size
        self._cut()
        self._is_standing = True

    @property
    def seq(self) -> int:
        """The last record that the mirror has."""
        return self._lines.cursor.seq

    def catch_up(self) -> int:
        """Copy what is acknowledged by now; return how many records that was. Durable when it
        returns; after an error it may be called again.

        Raises:
            LedgerCorruptError: what the engine has does not verify; what is sound before it was
                copied.
            StorageError: it cannot be read, or not be written.
        """
        if not self._is_standing:
            self._open_log()
        before, tail = self.seq, self._engine.tail()
        if tail is not None and tail.seq <= before:
            if tail.seq < before:
                raise self._lost(before)
            return 0
        try:
            for block, _ in self._lines.read(tail):
                self._write(block)
        except LedgerCorruptError:
            self._finish()
            raise
        except BaseException:
            # How far it got is found out as when it is opened.
            self._is_standing = False  # rule: half-copied-is-looked-at
            self._close_day()
            raise
        self._finish()
        return self.seq - before

    def _take_lock(self) -> int:
        """Keep others from mirroring into the same directory.

        Raises:
            StorageError: another process does.
        """
        path = self._directory / _LOCK_NAME
        with storage_errors("lock", path):
            fd = self._fs.open_write(path, create=True)
            if self._fs.lock(fd, wait=False):
                return fd
            self._fs.close(fd)
        raise StorageError(
            f"another process mirrors into {self._directory}", path=str(self._directory)
        )

    # -- where it stands -----------------------------------------------------------------------

    def _begin(self) -> None:
        """Have the directory, marked as a mirror of this ledger before anything else is in it."""
        fs, directory, identity = self._fs, self._directory, self._engine.identity
        with storage_errors("make", directory):
            if not fs.is_directory(directory):
                fs.make_directory(directory)
            # Who died while it wrote the mark has left a part of that, and nothing else.
            others = [name for name in fs.list_directory(directory) if name != _UNFINISHED]
        mark = read_mark(fs, directory)
        if mark is None and others:
            raise StorageError(
                f"{directory} is there already, and is no mirror",
                path=str(directory),
                hint="a mirror is made in a new directory: give another name",
            )
        if mark is None:
            mark = MirrorMark(identity.ledger_id, self._engine.location)
            with storage_errors("write", directory / MARK_NAME):
                fs.write_file_durably(directory / MARK_NAME, msgspec.json.encode(mark) + b"\n")
        if mark.ledger != identity.ledger_id:
            raise StorageError(
                f"{directory} is a mirror of {mark.of}, another ledger than"
                f" {self._engine.location}",
                path=str(directory),
                hint="a mirror is made in a new directory: give another name",
            )

    def _find_end(self) -> Position | None:
        """Verify what is there; return the end of what is sound, None: nothing is."""
        files = DayFiles(self._fs, self._directory, read_only=True)
        there = SoundLines(
            files,
            self._engine.identity.ledger_id,
            lambda day: str(day_file(self._directory, day)),
        )
        try:
            for _ in there.read(None):
                pass
        except LedgerCorruptError:
            pass  # it is cut off
        finally:
            files.close()
        return there.position if there.cursor.seq else None

    def _check_there(self, position: Position) -> None:
        """Check that the ledger has the last record that the mirror has."""
        last = next(day for day in reversed(position.days) if day.seq >= day.first_seq)
        if not self._has(last):
            raise self._lost(last.seq)

    def _lost(self, seq: int) -> LedgerCorruptError:
        return LedgerCorruptError(
            f"{self._engine.location}: record {seq} is in the mirror {self._directory}, and the"
            " ledger does not have it: it was restored from an older state, or has lost it",
            path=self._engine.location,
            kind="lost",
        )

    def _cut(self) -> None:
        """Cut off what is behind the end of what is sound."""
        fs, behind = self._fs, False
        for day in find_days(fs, self._directory):
            path = day_file(self._directory, day)
            with storage_errors("cut", path):
                size = fs.file_size(path)
                if day < self._day or (day == self._day and size == self._size):
                    continue
                if not behind:
                    self._forget_head()  # it may stand for what is cut off
                    self.was_cut_to, behind = self.seq, True
                if day > self._day:
                    fs.remove(path)
                    continue
                fd = fs.open_write(path)
                try:
                    fs.truncate(fd, self._size)
                    fs.sync_data(fd)
                finally:
                    fs.close(fd)

    def _forget_head(self) -> None:
        with suppress(FileNotFoundError):
            self._fs.remove(self._directory / HEAD_NAME)
        self._fs.sync_directory(self._directory)

    # -- writing -------------------------------------------------------------------------------

    def _write(self, block: Block) -> None:
        day, data = block
        if day != self._day:
            self._begin_day(day)
        with storage_errors("write", day_file(self._directory, day)):
            self._fs.write_at(self._open(), data, self._size)
        self._size += len(data)

    def _begin_day(self, day: str) -> None:
        self._sync_day()
        self._close_day()
        self._day, self._size = day, 0
        path = day_file(self._directory, day)
        with storage_errors("make", path):
            self._fd = self._fs.open_write(path, create=True)
            self._fs.truncate(self._fd, 0)

    def _open(self) -> int:
        if self._fd is None:
            self._fd = self._fs.open_write(day_file(self._directory, self._day))
        return self._fd

    def _finish(self) -> None:
        """Have all of it on disk, and then say how far that is."""
        self._sync_day()
        cursor, directory = self._lines.cursor, self._directory
        head = HeadFile(self._fs, directory)
        with storage_errors("write", head.path):
            self._fs.sync_directory(directory)
            try:
                ledger_id = self._engine.identity.ledger_id
                head.write(
                    Tail(ledger_id, cursor.day, cursor.offset, cursor.seq, cursor.seq, cursor.hash)
                )
                head.sync()
            finally:
                head.close()

    def _sync_day(self) -> None:
        if self._fd is not None:
            with storage_errors("sync", day_file(self._directory, self._day)):
                self._fs.sync_data(self._fd)

    def _close_day(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            self._fs.close(fd)

    def close(self) -> None:
        """Let go of the directory; the engine stays open."""
        self._close_day()
        fd, self._lock = self._lock, None
        if fd is not None:
            self._fs.close(fd)
