"""JOURNAL: a small file, written over again and again, in which small writes become durable.

The sync of a file that grows has its new length and its new blocks to write as well; that of one
whose blocks are there already has only the bytes. So a write goes into the day's file, which every
reader has at once, without a sync there, and into the journal with one. The day's file is synced
before the journal begins again at its first byte. After a power cut the journal has what the day's
file may lack, and opening puts it back (`restoring.py`).

An entry is what HEAD says behind the write, and the lines of the write. Each entry follows the one
before it in the log, and the first one follows what was synced in the day's file.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .filesystem import FileIdentity, FileSystem
from .head import HEAD_WIDTH, Head, decode_head
from .names import DirectoryNames

JOURNAL_NAME = "JOURNAL"
JOURNAL_BYTES = 256 * 1024
FIRST_WRITES = 2
"""So many writes of a handle are synced in the day's file: who makes no more gains nothing here."""
LEAST_FREE_BYTES = 16 * JOURNAL_BYTES
"""On a disk with less room none is made."""
FULL = -1
"""The entries that are there go as far as they can."""
LONGEST_ENTRY = 64 * 1024
"""What is longer is synced in the day's file: there it is the bytes that cost."""


class Entry(NamedTuple):
    """A write as the journal has it: where the log ended behind it, and its lines."""

    head: Head
    lines: bytes

    @property
    def begin(self) -> int:
        """Return where its lines begin in the day's file."""
        return self.head.offset - len(self.lines)


class Journal:
    """The journal of one directory, held open. Used by one writer at a time, in its turn.

    `at` is where its next entry goes: 0 where all of the log is on disk in the days' files, None
    where nobody knows. `fd` is the open file; there is one once a `place` was given.
    """

    def __init__(self, fs: FileSystem, directory: Path, names: DirectoryNames) -> None:
        self._fs = fs
        self._names = names
        self._sure_of: object = None
        """Of which state of the names the file's own was its own."""
        self.path = directory / JOURNAL_NAME
        self.at: int | None = None
        self.fd: int | None = None
        self._identity: FileIdentity = 0, 0
        self._writes = 0
        self._cannot_be_made = False

    def place(self, size: int) -> int | None:
        """Say where an entry of so many bytes goes; None: its write is to be synced in the day's
        file. `FULL`: at the beginning, once all that is in the day's file is on disk there."""
        self._writes += 1
        if self._writes <= FIRST_WRITES or size > LONGEST_ENTRY or self._cannot_be_made:
            return None
        try:
            was_open = self._is_open()
            if self.at and not was_open and not self._is_in_force():  # rule: journal-by-its-name
                self.at = None
        except OSError:
            self._cannot_be_made = True
            return None
        at = self.at
        return FULL if at is None or at + size > JOURNAL_BYTES else at

    def _is_open(self) -> bool:
        """Have the file open; say whether it was already."""
        fs = self._fs
        if self.fd is not None:
            with suppress(FileNotFoundError):
                if self._named_size(self.fd) == JOURNAL_BYTES:
                    return True
            self._let_go()
        with suppress(FileNotFoundError):
            if self._open() == JOURNAL_BYTES:
                # Whoever made it may have died before its name was on disk.
                fs.sync_directory(self.path.parent)  # rule: journals-name-is-on-disk
                return False
            self._let_go()
        if fs.free_bytes(self.path.parent) < LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, "what is left of the disk is for the log")
        fs.write_file_durably(self.path, b"\n" * JOURNAL_BYTES)
        self._open()
        return False

    def _named_size(self, fd: int) -> int:
        """Tell the length of the open file, once it is sure that its name is still its own."""
        state = self._names.state
        if state is not None and self._sure_of == state:  # rule: journal-of-this-state
            return self._fs.length(fd)
        size = self._fs.named_size(self.path, self._identity, fd)
        self._sure_of = state
        return size

    def _is_in_force(self) -> bool:
        """Say whether the file has an entry at its first byte, without which none is found."""
        assert self.fd is not None
        first = decode_head(self._fs.read_at(self.fd, HEAD_WIDTH, 0))
        return first is not None and bool(first.journal)

    def _open(self) -> int:
        """Open the file, and return its length."""
        fd = self._fs.open_write(self.path)
        try:
            self._identity = self._fs.identity(fd)
            size = self._fs.size(fd)
        except BaseException:
            self._fs.close(fd)
            raise
        self.fd, self._sure_of = fd, None
        return size

    def retire(self, head: bytes) -> None:
        """Have nothing in force, and HEAD says so already: all that it has is on disk in the day's
        file. Not durable: what comes back after a power cut says what is there anyway.

        Raises:
            OSError: it cannot be written.
        """
        if self.fd is None:
            with suppress(FileNotFoundError):
                self._open()
        if self.fd is not None:
            self._fs.write_at(self.fd, head, 0)

    def _let_go(self) -> None:
        fd, self.fd = self.fd, None  # first: a number that is closed may be another file's
        if fd is not None:
            self._fs.close(fd)

    def close(self) -> None:
        """Let go of the file; it may be used again, and then nothing is known of it."""
        self.at, self._cannot_be_made = None, False
        self._let_go()


def read_journal(fs: FileSystem, directory: Path) -> list[Entry]:
    """Return the entries that are in force, in order; the lines of the last may be torn.

    Raises:
        OSError: it cannot be read.
    """
    try:
        data = fs.read_file(directory / JOURNAL_NAME)
    except FileNotFoundError:
        return []
    return list(_entries(data))


def _entries(data: bytes) -> Iterator[Entry]:
    at, before = 0, None
    while at < len(data):
        head = decode_head(data[at : at + HEAD_WIDTH])
        begin = at + HEAD_WIDTH
        if head is None or head.journal is None or not begin < head.journal <= len(data):
            return
        entry = Entry(head, data[begin : head.journal])
        # What is left of an earlier round does not follow.
        # rule: entries-follow-each-other
        if before is not None and (
            (head.ledger, head.day) != (before.ledger, before.day)
            or entry.begin != before.offset
            or head.seq <= before.seq
        ):
            return
        yield entry
        at, before = head.journal, head
