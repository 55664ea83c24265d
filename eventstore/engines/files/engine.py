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

from ....domain import LedgerCorruptError
from ...cursor import Cursor
from ...log import VerifiedLog
from ...port import Block, Durability, Identity, Place, Tail, TornTail, Write
from ...position import DayRead, Position
from ...record import Header, R
from ...scan import corrupt
from .filesystem import FileSystem, located, storage_error, storage_errors
from .head import HEAD_WIDTH, Head, encode_head
from .journal import FULL
from .ledger_directory import LOCK_NAME, create_ledger, identify, open_lock
from .lock import AppendLock, Patience
from .log_end import LogEnd, failed
from .names import DirectoryNames
from .packed_days import day_length
from .position_check import check_position, check_record
from .restoring import Kept, kept_in_journal, lacking, put_back
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
        self._lock: AppendLock | None = None
        names = DirectoryNames()
        self._files = DayFiles(self._fs, directory, names=names, read_only=read_only)
        self._end = LogEnd(self._fs, directory, self._files, names, read_only=read_only)
        self._torn: TornTail | None = None
        try:
            if not read_only:
                fd = open_lock(self._fs, directory, allow_network=allow_network)
                waits = patience or Patience()
                self._lock = AppendLock(self._fs, directory / LOCK_NAME, fd, waits, names)
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
                days = create_ledger(fs, directory, self._end.head_file, zone, clock())
        try:
            identity = identify(fs, directory, days, timezone)
        except LedgerCorruptError as error:
            if not read_only:
                raise
            return Identity("", timezone or "UTC", error)
        if read_only:
            with suppress(LedgerCorruptError):  # `verify` says so, and whoever opens it to write
                self._files.kept = lacking(fs, directory, identity.ledger_id)
        return identity

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
        return self._end.durable_seq

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

    def tail(self) -> Head | None:
        """Return what HEAD says; None where it says nothing that can be trusted.

        Raises:
            LedgerCorruptError: it is of another ledger.
            StorageError: it cannot be read.
        """
        head_file = self._end.head_file
        try:
            head = head_file.read()
        except OSError as error:
            raise storage_error("read", head_file.path, error) from error
        # rule: head-of-this-ledger
        if head is not None and self._identity.ledger_id not in ("", head.ledger):
            raise corrupt(head_file.path, 1, 0, "head", "HEAD is of another ledger")
        return head

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield what the day files have behind `after`; for the one who follows the log."""
        return self._files.lines(after, until)

    def reading(self) -> DayFiles:
        """Return another way to read the files, with descriptors of its own."""
        other = DayFiles(self._fs, self._directory, read_only=True)
        other.kept = self._files.kept
        return other

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
        head, cursor, files, end = self.tail(), log.cursor, self._files, self._end
        if (
            not opening
            and head is not None
            and head.seq == cursor.seq
            and head.day == cursor.day
            and head.offset == cursor.offset == files.size(cursor.day)
        ):
            end.durable_seq, end.journal.at = head.durable_seq, head.journal
            return
        fs, ledger_id = self._fs, self._identity.ledger_id
        damage = log.advance(None)
        kept = self._put_back(log, damage) if opening else None
        if kept is not None:
            damage = log.advance(None)
        if damage is not None and files.next_day(log.cursor.day) is not None:
            raise damage  # what is torn is at the very end
        self._torn = recover_tail(fs, files, log, head, damage) or self._torn
        log.check_tail(head)
        cursor = log.cursor
        end.settle(head, cursor, kept, opening=opening)
        now = end.head_at(ledger_id, cursor)
        end.put_head(now)
        if kept is not None:
            end.retire_journal(now)
        if head is not None and head.seq > cursor.seq:
            # Others will have those numbers: a HEAD that still names the lost ones must not return.
            with storage_errors("sync", end.head_file.path):
                end.head_file.sync()

    def _put_back(self, log: VerifiedLog[R], damage: LedgerCorruptError | None) -> Kept | None:
        """Have what the journal keeps in the newest day's file, once all before it is sound."""
        fs, directory, cursor = self._fs, self._directory, log.cursor
        kept = kept_in_journal(fs, directory, self._identity.ledger_id)
        if kept is None:
            return None
        # rule: nothing-is-put-back-behind-damage
        if (cursor.day, cursor.offset) < (kept.day, kept.begin):
            where = self.where(cursor.day)
            why = f"it was on disk up to byte {kept.begin} of {kept.day}, as JOURNAL says"
            raise damage or corrupt(where, cursor.line + 1, cursor.offset, "incomplete", why)
        return put_back(fs, directory, self._files, kept)

    # -- writing -------------------------------------------------------------------------------

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Append, sync as the durability says, and move HEAD; within the turn, which makes it the
        first, always."""
        end, fs, ledger_id = self._end, self._fs, self._identity.ledger_id
        if write.header:
            end.begin_day(ledger_id, write.day, write.header, after)
        fd, at = self._files.fd_to_write(write.day), 0 if self._is_synced else None
        size = HEAD_WIDTH + len(write.lines)
        place = self._place(write.day, fd, size) if self._is_synced else None
        if place is not None:
            at = place + size
        durable_seq = then.seq if self._is_synced else end.durable_seq
        head = Head(ledger_id, then.day, then.offset, then.seq, durable_seq, then.hash, at)
        encoded = encode_head(head)  # now: after a sync all that it needs has left the caches
        path = self._files.path(write.day)
        try:
            # The day's file first: what a process leaves in the journal is there, whenever it dies.
            fs.write_at(fd, write.lines, len(write.header) or after.offset)
            if place is not None:
                assert end.journal.fd is not None
                fs.write_at(end.journal.fd, encoded + write.lines, place)
                fs.sync_data(end.journal.fd)  # rule: sync-the-journal-before-acknowledging
            elif self._is_synced:
                fs.sync_data(fd)  # rule: sync-before-acknowledging
            end.durable_seq, end.journal.at = durable_seq, at
            path = end.head_file.path
            end.head_file.write(head, encoded)  # rule: head-moves-last
        except OSError as error:
            raise failed("append to", path, error) from error
        return True

    def _place(self, day: str, fd: int, size: int) -> int | None:
        """Say where in the journal an entry of so many bytes goes; None: its write is to be synced
        in the day's file."""
        place = self._end.journal.place(size)
        if place != FULL:
            return place
        try:
            self._fs.sync_data(fd)  # rule: sync-the-day-before-the-journal-begins-again
        except OSError as error:
            raise failed("sync", self._files.path(day), error) from error
        return 0

    def sync(self, cursor: Cursor) -> None:
        """Have everything up to `cursor` on disk; within the turn, HEAD too, which is others' else.

        Raises:
            AppendFailedError: a sync failed.
            StorageError: HEAD cannot be written.
        """
        is_mine = self._lock is not None and self._lock.is_held
        self._end.sync(self._identity.ledger_id, cursor, is_mine=is_mine)

    # -- holding and letting go ----------------------------------------------------------------

    def reopen(self, cursor: Cursor | None) -> None:
        """Open the files anew after a failed write (see `port.Reopens`)."""
        try:
            if cursor is not None:
                self._files.reopen(cursor.day)
        finally:
            self._end.close()

    def close(self) -> None:
        """Close everything, the lock with it; again where that was interrupted."""
        self._end.close()
        self._files.close()
        if self._lock is not None:
            with suppress(OSError):
                self._lock.close()
