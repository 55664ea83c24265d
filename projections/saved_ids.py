"""Ids in blocks of a saved file: all that there ever were, and those of the jobs of a day."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

import msgspec

from ..domain import Moment

_IDS_AT_ONCE = 1024
_LEVEL = 1
_members = msgspec.msgpack.Decoder(tuple[list[str], bytes])


class SavedDay(msgspec.Struct, frozen=True, array_like=True):
    """A day of the daily files: the last event that touched it, which blocks of which run have its
    members, how many these are, and of which generation of pages the places beside them are."""

    day: str
    seq: int
    updated_at: Moment | None
    run: int
    first: int
    blocks: int
    members: int
    generation: int


class HasMembers(Protocol):
    """A saved file that has the ids of the jobs of days."""

    def member_blocks(self, day: SavedDay) -> Iterator[bytes]:
        """Yield the blocks of a day.

        Raises:
            SavedPartError: one is damaged, or cannot be read.
        """


class SavedIds:
    """The ids of the jobs of one day."""

    def __init__(self, of: HasMembers, day: SavedDay) -> None:
        self.of = of
        self.day = day

    def raw(self) -> Iterator[bytes]:
        """Yield the blocks that they are in.

        Raises:
            SavedPartError: one is damaged, or cannot be read.
        """
        return self.of.member_blocks(self.day)

    def placed(self) -> tuple[list[str], array[int]]:
        """Return them, with the page plus one that each was on when it was written, or 0.

        Raises: as `raw`.
        """
        ids, places = list[str](), array("I")
        for block in self.raw():
            some, where = _members.decode(zlib.decompress(block))
            ids += some
            places.frombytes(where)
        return ids, places

    def __len__(self) -> int:
        return self.day.members

    def __iter__(self) -> Iterator[str]:
        return iter(self.placed()[0])


def blocks_of_names(names: Iterable[str]) -> Iterator[bytes]:
    """Yield the blocks of ids."""
    every = iter(names)
    while some := list(islice(every, _IDS_AT_ONCE)):
        yield zlib.compress(msgspec.msgpack.encode(some), _LEVEL)


def blocks_of_members(members: Iterable[tuple[str, int]]) -> Iterator[bytes]:
    """Yield the blocks of the members of a day, each with its page plus one."""
    every = iter(members)
    while some := list(islice(every, _IDS_AT_ONCE)):
        places = array("I", [place for _, place in some]).tobytes()
        yield zlib.compress(msgspec.msgpack.encode(([key for key, _ in some], places)), _LEVEL)
