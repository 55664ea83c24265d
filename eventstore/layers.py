"""Layers: a number for each of many keys, of which those that changed lately are in memory, and all
others where they were saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

_FORGOTTEN_AT_ONCE = 1024


class SavedNumbers(Protocol):
    """Numbers that were saved, and never change."""

    def find(self, key: str) -> int:
        """Return the number of a key; 0 for one that has none.

        Raises:
            StorageError: it cannot be read, or is damaged.
        """

    def __iter__(self) -> Iterator[str]:
        """Yield the keys, in the order of their coming. Raises as `find`."""


class Layers:
    """Numbers above 0 by key; 0 is that of every key that has none.

    `now` has what changed since `freeze` was last called, `before` what changed before that and is
    being saved. Changing needs a lock; whoever only looks up one key needs none.
    """

    __slots__ = ("before", "is_bare", "now", "of", "saved")

    def __init__(self, saved: SavedNumbers | None = None) -> None:
        self.saved = saved
        self.is_bare = saved is None
        """Whether there is nothing but `now`, so that nobody need look at what is `older`."""
        self.before: dict[str, int] | None = None
        self.now: dict[str, int] = {}
        self.of: Layers | None = None
        """What it was frozen of."""

    def get(self, key: str) -> int:
        """Return the number of a key, or 0. Raises as `SavedNumbers.find`."""
        found = self.now.get(key)
        return self.older(key) if found is None else found

    def older(self, key: str) -> int:
        """Return the number that a key had when `freeze` was last called. Raises as `get`."""
        before = self.before
        if before is not None and (found := before.get(key)) is not None:
            return found
        return 0 if self.saved is None else self.saved.find(key)

    def update(self, numbers: Mapping[str, int]) -> None:
        """Have other numbers for these keys."""
        self.now.update(numbers)

    def fresh(self) -> dict[str, int]:
        """Return what is not saved, to be looked at only."""
        if self.before is None:
            return dict(self.now)
        return self.before | self.now if self.now else self.before

    # -- as a whole ----------------------------------------------------------------------------

    def freeze(self) -> Layers:
        """Return what is there now, which does not change any more, at no cost: it is shared."""
        if self.is_bare and not self.now:
            return type(self)()
        if self.before is not None:  # it was never settled
            self.now = self.before | self.now
        self.is_bare = False
        # In this order: whoever looks something up just now finds it in either.
        self.before = self.now
        self.now = {}
        frozen = type(self)(self.saved)
        frozen.before, frozen.of, frozen.is_bare = self.before, self, False
        return frozen

    def settle(self, saved: SavedNumbers) -> None:
        """Have what was frozen here in `saved`, and not in memory, where it was frozen of; nothing
        where that has moved on to something else. Under the lock of that."""
        of = self.of
        if of is not None and of.before is not None and of.before is self.before:
            of.saved = saved
            of.before = None

    def spend(self) -> Iterator[None]:
        """Forget what was frozen, where it was settled: some of it at each step, for to free many
        numbers at once holds up everybody."""
        before, of = self.before, self.of
        if before is None or of is None or of.before is before:
            return
        self.before = None
        while before:
            for _ in range(min(_FORGOTTEN_AT_ONCE, len(before))):
                before.popitem()
            yield

    def copied(self) -> Layers:
        """Return another one with the same numbers."""
        other = type(self)(self.saved)
        other.now = dict(self.fresh())
        return other

    def __iter__(self) -> Iterator[str]:
        """Yield the keys in the order of their coming, as far as each has one number for ever."""
        saved = self.saved
        if saved is not None:
            yield from saved
        for key, number in self.fresh().items():
            if number and (saved is None or not saved.find(key)):
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) != 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layers):
            return NotImplemented
        mine = {key: self.get(key) for key in self}
        return mine == {key: other.get(key) for key in other}

    __hash__ = None  # type: ignore[assignment]  # it changes
