"""The index of a saved file: of every job that there ever was its version, and its page.

An entry has the digest of an id, never the id: no two ids that somebody has found have the same
one. Entries are sorted, in blocks; a look at one id is a bisection in memory and one block.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from struct import Struct

import msgspec

from .saved_blocks import SavedBlocks

ENTRIES = 64
"""So many are in a block."""
_MOST_ABSENT = 20_000
_SORTED_AT_ONCE = 2048
_ENTRY = Struct("=16sII")
_SIZE, _DIGEST = _ENTRY.size, 16
_NOWHERE = 0, 0
_names = msgspec.msgpack.Decoder(list[str])

Entry = tuple[int, int]
"""A version, and the number of a page plus one; 0: it is on none."""


def _digest(job_id: str) -> bytes:
    return blake2b(job_id.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()


class SavedIndex:
    """Looks ids up in the blocks; `firsts` has how the first entry of each begins."""

    def __init__(self, blocks: SavedBlocks, firsts: bytes) -> None:
        self.blocks = blocks
        self._firsts = array("Q", firsts)
        self._absent: set[str] = set()
        """Ids that have no entry: whoever adds a job asks for it more than once."""

    def find(self, job_id: str) -> Entry:
        """Return the entry of an id, (0, 0) where it has none.

        Raises:
            SavedPartError: a block is damaged, or cannot be read.
        """
        if job_id in self._absent:
            return _NOWHERE
        digest, firsts = _digest(job_id), self._firsts
        begin = int.from_bytes(digest[:8], "big")
        for number in range(max(bisect_left(firsts, begin) - 1, 0), bisect_right(firsts, begin)):
            block, at = self.blocks.read(number), -1
            while (at := block.find(digest, at + 1)) >= 0:
                if at % _SIZE == 0:
                    _, version, page = _ENTRY.unpack_from(block, at)
                    return version, page
        if len(self._absent) >= _MOST_ABSENT:
            self._absent = set()
        self._absent.add(job_id)
        return _NOWHERE

    def entries(self) -> Iterator[bytes]:
        """Yield all of them, in order. Raises as `find`."""
        for block in self.blocks:
            for at in range(0, len(block), _SIZE):
                yield block[at : at + _SIZE]


class SavedNames:
    """All ids that there ever were, in the order of their coming."""

    def __init__(self, blocks: SavedBlocks) -> None:
        self.blocks = blocks

    def __iter__(self) -> Iterator[str]:
        for block in self.blocks:
            yield from _names.decode(zlib.decompress(block))


class SavedVersions:
    """The versions in an index; `names` are the ids, in the order of their coming."""

    def __init__(self, index: SavedIndex, names: SavedNames) -> None:
        self.index = index
        self.names = names

    def find(self, key: str) -> int:
        """Return the version of a job. As `SavedNumbers.find`."""
        return self.index.find(key)[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)


class SavedPlaces:
    """The pages in an index, as numbers plus one."""

    def __init__(self, index: SavedIndex) -> None:
        self.index = index

    def find(self, key: str) -> int:
        """Return the page of a job. As `SavedNumbers.find`."""
        return self.index.find(key)[1]

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("which jobs are on pages, the pages say")


def merged(old: Iterable[bytes], new: dict[bytes, bytes]) -> Iterator[bytes]:
    """Yield entries in order: the `old` ones, which are in order, and the `new` ones by their
    digests, which take the place of old ones. Not many of them are sorted at once."""
    entries = iter(old)
    entry = next(entries, None)
    shift = 64 - (len(new) // _SORTED_AT_ONCE).bit_length()
    parts: dict[int, list[bytes]] = {}
    for digest in new:
        parts.setdefault(int.from_bytes(digest[:8], "big") >> shift, []).append(digest)
    for part in sorted(parts):
        for digest in sorted(parts[part]):
            while entry is not None and entry[:_DIGEST] < digest:
                yield entry
                entry = next(entries, None)
            if entry is not None and entry[:_DIGEST] == digest:
                entry = next(entries, None)
            yield new[digest]
    if entry is not None:
        yield entry
        yield from entries


def entry_of(job_id: str, version: int, page: int) -> tuple[bytes, bytes]:
    """Return the digest of an id, and its entry."""
    digest = _digest(job_id)
    return digest, _ENTRY.pack(digest, version, page)


def without_pages(entries: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same entries, of jobs that are on no page."""
    for entry in entries:
        digest, version, _ = _ENTRY.unpack(entry)
        yield _ENTRY.pack(digest, version, 0)


def in_blocks(entries: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of entries, each with how its first one begins."""
    every = iter(entries)
    while some := list(islice(every, ENTRIES)):
        yield int.from_bytes(some[0][:8], "big"), b"".join(some)
