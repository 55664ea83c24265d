"""The index of closed and open jobs in saved files: of every job that there ever was its version,
and its page.

An entry has the digest of an id, never the id: no two ids that somebody has found have the same
one. Each run has its own, sorted, in blocks; where several have an entry, the latest counts. Of
each entry two bytes are in memory, so that hardly a block is read of a run that has none.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from struct import Struct
from typing import Protocol

from .saved_blocks import SavedBlocks

ENTRIES = 64
"""So many are in a block."""
_MOST_ABSENT = 20_000
_AT_ONCE = 1024
"""About so many are sorted at once."""
_MOST_BITS = 24
_ENTRY = Struct("=16sII")
_SIZE, _DIGEST = _ENTRY.size, 16
_MARK = slice(8, 10)
"""What of a digest is in memory: it begins with what the entries are sorted by."""
_LAST = b"\xff" * (_SIZE + 1)
NOWHERE = 0, 0

Entry = tuple[int, int]
"""A version, and the number of a page plus one; 0: it is on none."""


def digest_of_id(job_id: str) -> bytes:
    """Return what an entry begins with."""
    return blake2b(job_id.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()


class IndexBlocks:
    """The entries of one run; `firsts` has how the first one of each block begins, `marks` two
    bytes of each."""

    def __init__(self, blocks: SavedBlocks, firsts: bytes, marks: bytes) -> None:
        self.blocks = blocks
        self._firsts = array("Q", firsts)
        self._marks = marks

    def find(self, digest: bytes) -> Entry | None:
        """Return the entry of a digest; None where it has none.

        Raises:
            SavedPartError: a block is damaged, or cannot be read.
        """
        firsts, mark = self._firsts, digest[_MARK]
        begin = int.from_bytes(digest[:8], "big")
        for number in range(max(bisect_left(firsts, begin) - 1, 0), bisect_right(firsts, begin)):
            if not self._may_have(number, mark):
                continue
            block, at = self.blocks.read(number), -1
            while (at := block.find(digest, at + 1)) >= 0:
                if at % _SIZE == 0:
                    _, version, page = _ENTRY.unpack_from(block, at)
                    return version, page
        return None

    def _may_have(self, number: int, mark: bytes) -> bool:
        begin = at = 2 * ENTRIES * number
        end = begin + 2 * ENTRIES
        while (at := self._marks.find(mark, at, end)) >= 0:
            if at % 2 == 0:
                return True
            at += 1
        return False


class HasIndex(Protocol):
    """A run, which has a part of the index."""

    @property
    def index(self) -> IndexBlocks:
        """Return its part. Raises as `IndexBlocks.find`."""


class SavedIndex:
    """Looks ids up in runs, the latest first."""

    def __init__(self, runs: Iterable[HasIndex]) -> None:
        self._runs = list(runs)[::-1]
        self._absent: set[str] = set()
        """Ids that have no entry: whoever adds a job asks for it more than once."""

    def find(self, job_id: str) -> Entry:
        """Return the entry of an id, (0, 0) where it has none. Raises as `IndexBlocks.find`."""
        if job_id in self._absent:
            return NOWHERE
        digest = digest_of_id(job_id)
        found = self.find_digest(digest)
        if found is not None:
            return found
        if len(self._absent) >= _MOST_ABSENT:
            self._absent = set()
        self._absent.add(job_id)
        return NOWHERE

    def find_digest(self, digest: bytes) -> Entry | None:
        """Return the entry of a digest; None where it has none. Raises as `find`."""
        for run in self._runs:
            found = run.index.find(digest)
            if found is not None:
                return found
        return None


class NewEntries:
    """Entries that are written now, with those that `count` are merged with: kept by how they
    begin, so that few of them are sorted at once."""

    def __init__(self, count: int) -> None:
        self._bits = min((count // _AT_ONCE).bit_length(), _MOST_BITS)
        self._parts: dict[int, bytearray] = {}

    def add(self, digest: bytes, version: int, page: int) -> None:
        """Take in the entry of an id that has none here yet."""
        part = int.from_bytes(digest[:4], "big") >> (32 - self._bits)
        entry = _ENTRY.pack(digest, version, page)
        kept = self._parts.get(part)
        if kept is None:
            self._parts[part] = bytearray(entry)
        else:
            kept += entry

    def merged(self, older: Iterable[SavedBlocks], *, with_pages: bool) -> Iterator[bytes]:
        """Yield these and older ones, in order: of each digest the latest entry. Without
        `with_pages` no older one is of a job on a page.

        Raises:
            SavedPartError: a block is damaged, or cannot be read.
        """
        sources = [_in_parts(blocks, self._bits) for blocks in older]
        for part in range(1 << self._bits):
            of_digest: dict[bytes, bytes] = {}
            for source in sources:
                old = next(source)
                if not with_pages:
                    old = [entry[:-4] + bytes(4) for entry in old]
                of_digest.update((entry[:_DIGEST], entry) for entry in old)
            new = _split(bytes(self._parts.pop(part, b"")))
            of_digest.update((entry[:_DIGEST], entry) for entry in new)
            yield from sorted(of_digest.values())


def _split(entries: bytes) -> list[bytes]:
    return [entries[at : at + _SIZE] for at in range(0, len(entries), _SIZE)]


def _in_parts(blocks: Iterable[bytes], bits: int) -> Iterator[list[bytes]]:
    """Yield the entries of blocks, which are in order, in lists: by their first bits."""
    entries, rest = iter(blocks), list[bytes]()
    for part in range(1, (1 << bits) + 1):
        bound = _LAST if part == 1 << bits else (part << (32 - bits)).to_bytes(4, "big")
        while not rest or rest[-1] < bound:
            block = next(entries, None)
            if block is None:
                break
            rest += _split(block)
        cut = bisect_left(rest, bound)
        yield rest[:cut]
        rest = rest[cut:]


class IndexWriter:
    """Puts entries, which are in order, into blocks, and notes what `IndexBlocks` has to know."""

    def __init__(self) -> None:
        self.firsts, self.marks = array("Q"), bytearray()

    def blocks(self, entries: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the blocks."""
        every = iter(entries)
        while some := list(islice(every, ENTRIES)):
            self.firsts.append(int.from_bytes(some[0][:8], "big"))
            self.marks += b"".join([entry[_MARK] for entry in some])
            yield b"".join(some)
