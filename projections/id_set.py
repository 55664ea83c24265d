"""IdSet: a set of ids that takes the room of a list, and can be frozen at no cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import filterfalse, islice

_FEW = 32


class IdSet:
    """The jobs of one status, account or day. Adding and removing cost O(1) on average.

    Nobody adds what is a member already, or removes what is none. A member that leaves stays in the
    list and is noted as having left, until so many have that the list is made anew.
    """

    __slots__ = ("_all", "_frozen", "_left")

    def __init__(self, members: Iterable[str] = ()) -> None:
        self._all = list(members)
        self._left: set[str] = set()
        self._frozen = 0
        """So many at the beginning of the list are somebody else's, too."""

    def add(self, job_id: str) -> None:
        if job_id in self._left:
            self._left.remove(job_id)
        else:
            self._all.append(job_id)

    def remove(self, job_id: str) -> None:
        if self._all[-1] is job_id and len(self._all) > self._frozen:
            self._all.pop()
            return
        self._left.add(job_id)
        if len(self._left) > len(self._all) // 2 + _FEW:
            self._all = list(self)
            self._left = set()
            self._frozen = 0

    def freeze(self) -> FrozenIds:
        """Return the members as they are now, whatever changes here later; they are shared."""
        self._frozen = len(self._all)
        return FrozenIds(self._all, self._frozen, frozenset(self._left))

    def __len__(self) -> int:
        return len(self._all) - len(self._left)

    def __iter__(self) -> Iterator[str]:
        if not self._left:
            return iter(self._all)
        return iter([job_id for job_id in self._all if job_id not in self._left])


class FrozenIds:
    """The members that a set had at one moment: those of the first `count` that had not `left`."""

    __slots__ = ("_all", "_count", "_left")

    def __init__(self, every: list[str], count: int, left: frozenset[str]) -> None:
        self._all, self._count, self._left = every, count, left

    def __len__(self) -> int:
        return self._count - len(self._left)

    def __iter__(self) -> Iterator[str]:
        members = islice(self._all, self._count)
        return filterfalse(self._left.__contains__, members) if self._left else members


def same_ids(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether both have the same members, which mostly are in the same order."""
    one, other = list(some), list(others)
    return one == other or sorted(one) == sorted(other)
