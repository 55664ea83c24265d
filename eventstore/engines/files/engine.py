"""The engine of one machine: a directory of day files, shared by any number of processes.

Writers take turns under `append.lock`; whoever has the turn brings itself up to the end of the log,
mends what a dead writer left behind, and only then appends. Readers never lock: HEAD tells them how
far the log is acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ....domain import LedgerCorruptError, StorageError
from ...cursor import Cursor
from ...log import VerifiedLog
from ...port import AppendFailedError, Block, Durability, Identity, Place, Tail, TornTail, Write
from ...position import DayRead, Position
from ...record import Header, R
from ...scan import corrupt
from .filesystem import FileSystem, located, storage_error, storage_errors
from .head import HeadFile, encode_head
from .ledger_directory import LOCK_NAME, create_ledger, identify, open_lock
from .lock import AppendLock, Patience
from .packed_days import day_length
from .position_check import check_position, check_record
from .segment import DayFiles, day_file, day_header, find_days
from .tail import recover_tail


class FileEngine:
    """One handle on a ledger directory (the promises are those of `port.Engine`).

    Opening makes the ledger where there is none. With `read_only` nothing is created, locked or
    mended. `durability` says what is synced before an append returns; `allow_network` opens a
    directory on a network file system; `patience` is how long locks are waited for.

    Raises:
        StorageError: the directory cannot be made, read or written, or a newer release wrote it.
        LedgerCorruptError: it does not say which ledger it is; nothing was changed.
        ValidationError: the ledger was created with another time zone.
    """

    def __init__(
        self,
        directory: Path,
        *,
        clock: Callable[[], datetime],
        timezone: str | None = None,
        durability: Durability = "fsync",
        read_only: bool = False,
        allow_network: bool = False,
        patience: Patience | None = None,
        fs: FileSystem | None = None,
    ) -> None:
        self._fs = fs or FileSystem()
        self._directory = directory = located(self._fs, directory)
        self._is_synced = durability == "fsync"
        self._durable_seq = 0
        self._lock: AppendLock | None = None
        self._head_file = HeadFile(self._fs, directory, read_only=read_only)
        self._files = DayFiles(self._fs, directory, read_only=read_only)
        self._torn: TornTail | None = None
        try:
            if not read_only:
                fd = open_lock(self._fs, directory, allow_network=allow_network)
                self._lock = AppendLock(self._fs, directory / LOCK_NAME, fd, patience or Patience())
            self._identity = self._open(timezone, clock, read_only)
        except BaseException:
            self.close()
            raise

    def _open(
        self, timezone: str | None, clock: Callable[[], datetime], read_only: bool
    ) -> Identity:
        """Find out which ledger this is; make one where there is none and we may write."""
        fs, directory = self._fs, self._directory
        days = find_days(fs, directory)
        if not days and not read_only:
            with self.turn():
                zone = timezone or "UTC"
                days = create_ledger(fs, directory, self._head_file, zone, clock())
        try:
            return identify(fs, directory, days, timezone)
        except LedgerCorruptError as error:
            if not read_only:
                raise
            return Identity("", timezone or "UTC", error)

    @property
    def identity(self) -> Identity:
        """Return the ledger's id and time zone, from the header of its first file."""
        return self._identity

    @property
    def location(self) -> str:
        """Return the path of the directory."""
        return str(self._directory)

    @property
    def durable_seq(self) -> int:
        """Return the last record that is known to be on disk."""
        return self._durable_seq

    @property
    def place(self) -> Place:
        """Return the ledger's own directory."""
        return Place(self._fs, self._directory)

    @property
    def day_files(self) -> Place:
        """Return that directory again: it is where the lines are, too."""
        return self.place

    @property
    def torn(self) -> TornTail | None:
        """Return what was cut off the end, which a dead writer had left there."""
        return self._torn

    def where(self, day: str) -> str:
        """Return the path of a day's file."""
        return str(day_file(self._directory, day))

    # -- reading -------------------------------------------------------------------------------

    def tail(self) -> Tail | None:
        """Return what HEAD says; None where it says nothing that can be trusted.

        Raises:
            LedgerCorruptError: it is of another ledger.
            StorageError: it cannot be read.
        """
        try:
            head = self._head_file.read()
        except OSError as error:
            raise storage_error("read", self._head_file.path, error) from error
        # rule: head-of-this-ledger
        if head is not None and self._identity.ledger_id not in ("", head.ledger):
            raise corrupt(self._head_file.path, 1, 0, "head", "HEAD is of another ledger")
        return head

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield what the day files have behind `after`; for the one who follows the log."""
        return self._files.lines(after, until)

    def reading(self) -> DayFiles:
        """Return another way to read the files, with descriptors of its own."""
        return DayFiles(self._fs, self._directory, read_only=True)

    def check_position(self, position: Position) -> None:
        """Check that the files are those, and as long as, they were (see `port.Resumable`)."""
        check_position(self._fs, self._directory, self._identity.ledger_id, position)

    def check_record(self, end: DayRead) -> None:
        """Check that a day's file has the record there that it had."""
        check_record(self._fs, self._directory, self._identity.ledger_id, end)

    def days(self) -> list[tuple[str, int]]:
        """Return the days that have a file, each with its length."""
        sizes = []
        for day in find_days(self._fs, self._directory):
            path = day_file(self._directory, day)
            with storage_errors("read", path):
                sizes.append((day, day_length(self._fs, path)))
        return sizes

    def header(self, day: str) -> Header:
        """Return the header of a day's file."""
        return day_header(self._fs, self._directory, day)

    # -- the turn ------------------------------------------------------------------------------

    def turn(self) -> AppendLock:
        """Return the lock that writers take turns by, to be taken in a `with`."""
        assert self._lock is not None
        return self._lock

    def let_go(self) -> None:
        """Release the lock where an interruption kept it from being released."""
        if self._lock is not None:
            self._lock.let_go()

    def settle(self, log: VerifiedLog[R], *, opening: bool = False) -> None:
        """Bring `log` to the end of the files, and make that end sound (see `port.Exclusive`)."""
        head, cursor, files = self.tail(), log.cursor, self._files
        if (
            not opening
            and head is not None
            and head.seq == cursor.seq
            and head.day == cursor.day
            and head.offset == cursor.offset == files.size(cursor.day)
        ):
            self._durable_seq = head.durable_seq
            return
        damage = log.advance(None)
        if damage is not None and files.next_day(log.cursor.day) is not None:
            raise damage  # what is torn is at the very end
        self._torn = recover_tail(self._fs, files, log, head, damage) or self._torn
        log.check_tail(head)
        cursor = log.cursor
        if head is None or head.day != cursor.day or head.offset == 0:
            # Whoever made this day's file may have died before its name was on disk.
            with storage_errors("sync", self._directory):
                self._fs.sync_directory(self._directory)
        known = 0 if head is None else head.durable_seq if opening else head.seq
        if known < cursor.seq:
            self._adopt(cursor)  # rule: adopt-before-it-counts
            self._durable_seq = cursor.seq
        else:
            self._durable_seq = 0 if head is None else min(head.durable_seq, cursor.seq)
        self._put_head(self._head_at(cursor))
        if head is not None and head.seq > cursor.seq:
            # Others will have those numbers: a HEAD that still names the lost ones must not return.
            with storage_errors("sync", self._head_file.path):
                self._head_file.sync()

    def _adopt(self, cursor: Cursor) -> None:
        """Make sure of the last batch, which its writer may not have seen through to the disk.

        It was read back from the page cache, which proves nothing after a failed sync: the same
        bytes are written again, so that the sync that follows has something to do.
        """
        fd = self._files.fd_to_write(cursor.day)
        with storage_errors("write", day_file(self._directory, cursor.day)):
            size = cursor.offset - cursor.write_offset
            data = self._fs.read_at(fd, size, cursor.write_offset)
            self._fs.write_at(fd, data, cursor.write_offset)  # rule: write-what-is-adopted
            self._fs.sync_data(fd)

    def _head_at(self, cursor: Cursor) -> Tail:
        return Tail(
            self._identity.ledger_id,
            cursor.day,
            cursor.offset,
            cursor.seq,
            self._durable_seq,
            cursor.hash,
        )

    def _put_head(self, head: Tail, encoded: bytes | None = None) -> None:
        try:
            self._head_file.write(head, encoded)
        except OSError as error:
            raise storage_error("write", self._head_file.path, error) from error

    # -- writing -------------------------------------------------------------------------------

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Append, sync as the durability says, and move HEAD; within the turn, which makes it the
        first, always."""
        if write.header:
            self._begin_day(write.day, write.header, after)
        durable_seq = then.seq if self._is_synced else self._durable_seq
        head = Tail(
            self._identity.ledger_id, then.day, then.offset, then.seq, durable_seq, then.hash
        )
        encoded = encode_head(head)  # now: after a sync all that it needs has left the caches
        fd = self._files.fd_to_write(write.day)
        try:
            self._fs.write_at(fd, write.lines, len(write.header) or after.offset)
            if self._is_synced:
                self._fs.sync_data(fd)  # rule: sync-before-acknowledging
                self._durable_seq = then.seq
            self._put_head(head, encoded)  # rule: head-moves-last
        except StorageError as error:
            raise AppendFailedError(
                error.message,
                path=str(self._head_file.path),
                hint=error.advice,
                remedy=error.remedy,
            ) from error.__cause__
        except OSError as error:
            raise self._failed("append to", self._files.path(write.day), error) from error
        return True

    def _begin_day(self, day: str, header: bytes, after: Cursor) -> None:
        """Begin a new day file: the old one durable first, the new one before its first record."""
        fs, path = self._fs, day_file(self._directory, day)
        try:
            if after.day:  # rule: old-day-is-durable-first
                self._finish_day(after)
            # A HEAD at offset 0 of a day announces its file: whoever finds it looks for the file
            # before appending anywhere else.
            announced = after.copy()
            announced.day, announced.offset = day, 0
            self._put_head(self._head_at(announced))
            fs.write_file_durably(path, header)
        except OSError as error:
            raise self._failed("begin", path, error) from error
        self._files.open(day)

    def _finish_day(self, at: Cursor) -> None:
        """Have the file of a day on disk as it looks, for good: in an older file nothing is torn.

        That nothing seems to be left to sync proves nothing: whoever cut a torn write off may have
        died at a sync that failed, and then the file only looks shorter. So its end is set again.
        """
        fd = self._files.fd_to_write(at.day)
        if self._files.size(at.day) == at.offset:
            self._fs.truncate(fd, at.offset)  # rule: set-the-old-end-again
        self._fs.sync_data(fd)
        self._durable_seq = at.seq

    @staticmethod
    def _failed(doing: str, path: Path, error: OSError) -> AppendFailedError:
        cause = storage_error(doing, path, error)
        return AppendFailedError(cause.message, path=str(path), hint=cause.hint)

    def sync(self, cursor: Cursor) -> None:
        """Have everything up to `cursor` on disk; within the turn, HEAD too, which is others' else.

        Raises:
            AppendFailedError: a sync failed.
            StorageError: HEAD cannot be written.
        """
        path = day_file(self._directory, cursor.day)
        mine = self._lock is not None and self._lock.is_held
        try:
            if self._durable_seq < cursor.seq:
                self._fs.sync_data(self._files.fd_to_write(cursor.day))
                self._durable_seq = cursor.seq
                if mine:
                    self._put_head(self._head_at(cursor))
            if mine:
                self._head_file.sync()
        except OSError as error:
            raise self._failed("sync", path, error) from error

    # -- holding and letting go ----------------------------------------------------------------

    def reopen(self, cursor: Cursor | None) -> None:
        """Open the files anew after a failed write (see `port.Reopens`)."""
        try:
            if cursor is not None:
                self._files.reopen(cursor.day)
        finally:
            self._head_file.close()

    def close(self) -> None:
        """Close everything, the lock with it; again where that was interrupted."""
        self._head_file.close()
        self._files.close()
        if self._lock is not None:
            with suppress(OSError):
                self._lock.close()
