"""Blocks of a saved file: read when somebody asks for what is in them, and verified then.

The file stays open: another process may put a newer one in its place, and this one is read on.
"""

from __future__ import annotations

import weakref
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b
from itertools import accumulate

import msgspec

from ..domain import StorageError
from ..eventstore.engines.files import FileSystem

_DIGEST = 16


class SavedPartError(StorageError):
    """A block of the snapshot is damaged or cannot be read. Nothing of the log is: whoever may read
    it has no need of the snapshot."""


def digest_of(block: bytes) -> bytes:
    """Return what a block is verified by."""
    return blake2b(block, digest_size=_DIGEST).digest()


class SavedFile:
    """An open file of blocks. `read_at` gives so many bytes from an offset on; `on_fault` is called
    where a block turns out to be no good, before that is raised."""

    def __init__(
        self,
        name: str,
        read_at: Callable[[int, int], bytes],
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self.name = name
        self.on_fault: Callable[[str], object] = lambda fault: None
        self._read_at = read_at
        self._is_closed = False
        self._end = weakref.finalize(self, _closed, close)
        self._end.atexit = False  # whoever is closed at a program's end may read on until then

    @classmethod
    def of_bytes(cls, data: bytes) -> SavedFile:
        """Make one of what is in memory."""
        return cls("these bytes", lambda count, offset: data[offset : offset + count])

    @classmethod
    def of_file(cls, fs: FileSystem, fd: int, name: str) -> SavedFile:
        """Make one of an open file, which is closed with it, or when nobody has it any more."""
        return cls(name, lambda count, offset: fs.read_at(fd, count, offset), lambda: fs.close(fd))

    def close(self) -> None:
        """Let go of the file: nothing is read of it after that."""
        self._is_closed = True
        self._end()

    def bytes_at(self, offset: int, count: int) -> bytes:
        """Return these bytes, of which nothing is known.

        Raises:
            SavedPartError: they cannot be read.
        """
        try:
            if not self._is_closed:
                return self._read_at(count, offset)
        except OSError as error:
            raise self.fault(f"it cannot be read: {error.strerror or error}") from error
        raise self.fault("it was closed")

    def fault(self, what: str) -> SavedPartError:
        """Return the error for a block that is no good, and tell of it."""
        if self._is_closed:
            return SavedPartError(f"{self.name}: it was closed", path=self.name)
        self.on_fault(what)
        return SavedPartError(
            f"{self.name}: {what}",
            path=self.name,
            hint="try it again: it is only a cache, and all of the log is read instead",
        )


def _closed(close: Callable[[], object]) -> None:
    with suppress(OSError):
        close()


class BlocksTable(msgspec.Struct, frozen=True, array_like=True):
    """Where the blocks of one kind are, one behind the other: where they begin, how long each is,
    and what each is verified by."""

    begin: int
    sizes: bytes
    digests: bytes


class SavedBlocks:
    """Blocks of one kind, by their number."""

    def __init__(self, file: SavedFile, table: BlocksTable) -> None:
        self.file = file
        self._digests = table.digests
        self._ends = array("Q", accumulate(array("I", table.sizes), initial=table.begin))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def size(self, number: int) -> int:
        """Return how long one of them is."""
        return self._ends[number + 1] - self._ends[number]

    def read(self, number: int) -> bytes:
        """Return one of them.

        Raises:
            SavedPartError: it is damaged, or cannot be read.
        """
        begin, end = self._ends[number], self._ends[number + 1]
        data = self.file.bytes_at(begin, end - begin)
        digest = self._digests[_DIGEST * number : _DIGEST * (number + 1)]
        if digest_of(data) != digest:  # rule: hash-of-a-block-of-a-snapshot
            raise self.file.fault("a block of it is damaged: the hash does not match its bytes")
        return data

    def __iter__(self) -> Iterator[bytes]:
        return map(self.read, range(len(self)))


class BlocksWriter:
    """Notes the blocks of one kind as they are written, beginning at an offset."""

    def __init__(self, begin: int) -> None:
        self._begin = self.end = begin
        self._sizes, self._digests = array("I"), list[bytes]()

    def add(self, block: bytes) -> bytes:
        """Note the next one, and return it."""
        self._sizes.append(len(block))
        self._digests.append(digest_of(block))
        self.end += len(block)
        return block

    def __len__(self) -> int:
        return len(self._sizes)

    def table(self) -> BlocksTable:
        """Return where they are."""
        return BlocksTable(self._begin, self._sizes.tobytes(), b"".join(self._digests))
