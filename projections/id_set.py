"""IdSet: a set of ids that takes the room of a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_FEW = 32


class IdSet:
    """The jobs of one status, account or day. Adding and removing cost O(1) on average.

    Nobody adds what is a member already, or removes what is none. A member that leaves stays in the
    list and is noted as having left, until so many have that the list is made anew.
    """

    __slots__ = ("_all", "_left")

    def __init__(self, members: Iterable[str] = ()) -> None:
        self._all = list(members)
        self._left: set[str] = set()

    def add(self, job_id: str) -> None:
        if job_id in self._left:
            self._left.remove(job_id)
        else:
            self._all.append(job_id)

    def remove(self, job_id: str) -> None:
        if self._all[-1] is job_id:
            self._all.pop()
            return
        self._left.add(job_id)
        if len(self._left) > len(self._all) // 2 + _FEW:
            self._all = list(self)
            self._left = set()

    def __len__(self) -> int:
        return len(self._all) - len(self._left)

    def __iter__(self) -> Iterator[str]:
        if not self._left:
            return iter(self._all)
        return iter([job_id for job_id in self._all if job_id not in self._left])


def same_ids(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether both have the same members, which mostly are in the same order."""
    one, other = list(some), list(others)
    return one == other or sorted(one) == sorted(other)
