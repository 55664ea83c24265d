"""The end of the log as a writer has it: the newest day's file, the journal, and HEAD.

All of it is for whoever has the turn. The append itself is the engine's (`engine.py`).
"""

from __future__ import annotations

from pathlib import Path

from ...cursor import Cursor
from ...port import AppendFailedError
from .filesystem import FileSystem, storage_error, storage_errors
from .head import Head, HeadFile, encode_head
from .journal import Journal
from .names import DirectoryNames
from .restoring import Kept
from .segment import DayFiles, day_file


class LogEnd:
    """The end of the log in a directory. `durable_seq` is the last record that is known to be on
    disk, in its day's file or in the journal."""

    def __init__(
        self,
        fs: FileSystem,
        directory: Path,
        files: DayFiles,
        names: DirectoryNames,
        *,
        read_only: bool,
    ) -> None:
        self._fs = fs
        self._directory = directory
        self._files = files
        self.head_file = HeadFile(fs, directory, names=names, read_only=read_only)
        self.journal = Journal(fs, directory, names)
        self.durable_seq = 0

    # -- what HEAD says ------------------------------------------------------------------------

    def head_at(self, ledger_id: str, cursor: Cursor) -> Head:
        """Return what HEAD is to say where the log ends at `cursor`."""
        return Head(
            ledger_id,
            cursor.day,
            cursor.offset,
            cursor.seq,
            self.durable_seq,
            cursor.hash,
            self.journal.at,
        )

    def put_head(self, head: Head) -> None:
        """Have HEAD say this; not on disk yet.

        Raises:
            StorageError: it cannot be written.
        """
        with storage_errors("write", self.head_file.path):
            self.head_file.write(head)

    def retire_journal(self, head: Head) -> None:
        """Have nothing in force in the journal: HEAD says already that all is in the days' files.

        In this order: who goes on where HEAD says must find an entry at the journal's beginning.

        Raises:
            StorageError: it cannot be written.
        """
        with storage_errors("write", self.journal.path):
            self.journal.retire(encode_head(head))

    # -- making it sound -----------------------------------------------------------------------

    def settle(
        self, head: Head | None, cursor: Cursor, kept: Kept | None, *, opening: bool
    ) -> None:
        """Be sure of the end, which is at `cursor`: what HEAD does not know is made durable.

        `kept` is what was put back from the journal.

        Raises:
            StorageError: it cannot be read or written.
        """
        if head is None or head.day != cursor.day or head.offset == 0:
            # Whoever made this day's file may have died before its name was on disk.
            with storage_errors("sync", self._directory):
                self._fs.sync_directory(self._directory)
        known = 0 if head is None else head.durable_seq if opening else head.seq
        if known < cursor.seq:
            self._adopt(cursor)  # rule: adopt-before-it-counts
            self.durable_seq, self.journal.at = cursor.seq, 0
            return
        self.durable_seq = 0 if head is None else min(head.durable_seq, cursor.seq)
        at = None
        if head is not None and (head.day, head.offset) == (cursor.day, cursor.offset):
            at = head.journal
        if opening and at:  # the journal has nothing in force, or nothing that is not on disk
            at = None if kept is None else 0
        self.journal.at = at

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

    # -- having it on disk ---------------------------------------------------------------------

    def sync(self, ledger_id: str, cursor: Cursor, *, is_mine: bool) -> None:
        """Have everything up to `cursor` on disk in the day's file; if the turn `is_mine`, HEAD
        too.

        Raises:
            AppendFailedError: a sync failed.
            StorageError: HEAD cannot be written.
        """
        path = day_file(self._directory, cursor.day)
        in_force = bool(self.journal.at)
        try:
            if self.durable_seq < cursor.seq or in_force:
                self._fs.sync_data(self._files.fd_to_write(cursor.day))
                self.durable_seq = cursor.seq
                if is_mine:
                    self.journal.at = 0
                    self.put_head(self.head_at(ledger_id, cursor))
            if is_mine:
                self.head_file.sync()
                if in_force:
                    self.retire_journal(self.head_at(ledger_id, cursor))
        except OSError as error:
            raise failed("sync", path, error) from error

    def begin_day(self, ledger_id: str, day: str, header: bytes, after: Cursor) -> None:
        """Begin a new day file: the old one durable first, the new one before its first record.

        Raises:
            AppendFailedError: it cannot be made.
        """
        fs, path = self._fs, day_file(self._directory, day)
        try:
            if after.day:  # rule: old-day-is-durable-first
                self._finish_day(after)
            self.journal.at = 0
            # A HEAD at offset 0 of a day announces its file: whoever finds it looks for the file
            # before appending anywhere else.
            announced = after.copy()
            announced.day, announced.offset = day, 0
            self.put_head(self.head_at(ledger_id, announced))
            fs.write_file_durably(path, header)
        except OSError as error:
            raise failed("begin", path, error) from error
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
        self.durable_seq = at.seq

    # -- letting go ----------------------------------------------------------------------------

    def close(self) -> None:
        """Close HEAD and the journal; they may be used again."""
        self.head_file.close()
        self.journal.close()


def failed(doing: str, path: Path, error: OSError) -> AppendFailedError:
    """Return the error for what failed while the log was written."""
    cause = storage_error(doing, path, error)
    return AppendFailedError(cause.message, path=str(path), hint=cause.hint)
