"""A histogram of durations: how many were how long at most, and how long all of them took."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Self

import msgspec


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

    def plus(self, other: Histogram) -> Histogram:
        """Return one that has what both have."""
        counts = [one + another for one, another in zip(self.counts, other.counts, strict=True)]
        return Histogram(counts, self.sum_us + other.sum_us)
