"""A histogram of durations: how many were how long at most, and how long all of them took."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import repeat
from typing import Self

import msgspec

_MICROSECOND = timedelta(microseconds=1)
_EXACT = timedelta(days=3650)
"""Up to here the seconds of a duration, as a float, have each of its microseconds."""


class Histogram(msgspec.Struct):
    """Counts durations by bounds, which ascend and are somebody else's to know; `counts` has one
    more, for what is above all of them. `sum_us` is exact, so that the order does not matter."""

    counts: list[int]
    sum_us: int = 0

    @classmethod
    def of(cls, bounds_s: Sequence[float]) -> Self:
        """Make an empty one for these bounds."""
        return cls([0] * (len(bounds_s) + 1))

    def add(self, seconds: float, bounds_s: Sequence[float]) -> None:
        """Count a duration: under the first bound that it is not above."""
        self.counts[bisect_left(bounds_s, seconds)] += 1
        self.sum_us += round(seconds * 1e6)

    def add_all(self, durations: Sequence[timedelta], bounds_s: Sequence[float]) -> None:
        """Count many, as `add` does the seconds of each."""
        if max(durations, default=_EXACT) > _EXACT:
            for duration in durations:
                self.add(duration.total_seconds(), bounds_s)
            return
        found = map(bisect_left, repeat(bounds_s), map(timedelta.total_seconds, durations))
        for number, count in Counter(found).items():
            self.counts[number] += count
        self.sum_us += sum(durations, timedelta()) // _MICROSECOND

    def plus(self, other: Histogram) -> Histogram:
        """Return one that has what both have."""
        counts = [one + another for one, another in zip(self.counts, other.counts, strict=True)]
        return Histogram(counts, self.sum_us + other.sum_us)
