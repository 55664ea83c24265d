"""From the times that a zone's clocks show to the moments that they are.

A zone is a row of stretches with one offset each. Where clocks are put forward there is a gap that
no clock shows; where they are put back, a fold that clocks show twice. Seconds here are whole ones
since 1970, those of UTC or those that the clocks show (as if they were UTC).
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

_STEP_S = 6 * 3600
"""Two changes of one zone are further apart than this: at least 166 hours, in all that is known."""
_YEAR_S = 366 * 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_S = int((datetime(1, 1, 3, tzinfo=UTC) - _EPOCH).total_seconds())
LAST_S = int((datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH).total_seconds())
"""The first and the last second that there are in every zone."""


class Stretch(NamedTuple):
    """From `begin` on, up to `end` (seconds of UTC), clocks are `offset` seconds ahead of UTC; just
    before they are `before`, and from the end on `after`."""

    begin: int
    end: int
    offset: int
    before: int
    after: int

    @property
    def first(self) -> int:
        """What clocks show at its beginning."""
        return self.begin + self.offset

    @property
    def last(self) -> int:
        """What clocks would show at its end, if they went on."""
        return self.end + self.offset

    @property
    def last_before(self) -> int:
        """What clocks would have shown at its beginning, had they gone on: earlier than `first` by
        a gap, later by a fold."""
        return self.begin + self.before

    @property
    def first_after(self) -> int:
        """What clocks show at the beginning of the next."""
        return self.end + self.after


class ZoneClock:
    """The stretches of one zone, found as they are asked for, a year at a time."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._years: dict[int, list[int]] = {}
        self._around: dict[int, tuple[list[int], list[Stretch]]] = {}

    def offset(self, second: int) -> int:
        """Return how far the clocks are ahead of UTC at a moment, in seconds."""
        at = (_EPOCH + timedelta(seconds=second)).astimezone(self.zone)
        found = at.utcoffset()
        if found is None:
            raise ValueError(f"{self.zone} has no offsets")
        return round(found.total_seconds())

    def at(self, second: int) -> Stretch:
        """Return the stretch that a moment is in. One without an end in sight ends a year on."""
        year = second // _YEAR_S
        around = self._around.get(year)
        if around is None:
            around = self._around[year] = self._stretches(year)
        begins, stretches = around
        return stretches[bisect_right(begins, second) - 1]

    def _stretches(self, year: int) -> tuple[list[int], list[Stretch]]:
        """Return the stretches of a year and of those beside it, and where they begin."""
        changes = [*self._changes(year - 1), *self._changes(year), *self._changes(year + 1)]
        begins = [max((year - 1) * _YEAR_S, FIRST_S), *changes]
        ends = [*changes, min((year + 2) * _YEAR_S, LAST_S)]
        offsets = [self.offset(begin) for begin in begins]
        befores, afters = [offsets[0], *offsets[:-1]], [*offsets[1:], offsets[-1]]
        together = zip(begins, ends, offsets, befores, afters, strict=True)
        return begins, [Stretch(*one) for one in together]

    def _changes(self, year: int) -> list[int]:
        """Return the moments of a year (of 366 days) from which on there is another offset."""
        known = self._years.get(year)
        if known is not None:
            return known
        found: list[int] = []
        begin = min(max(year * _YEAR_S, FIRST_S), LAST_S)
        end = min(max((year + 1) * _YEAR_S, FIRST_S), LAST_S)
        before = self.offset(begin)
        for second in range(begin, end, _STEP_S):
            until = min(second + _STEP_S, end)
            after = self.offset(until)
            if after != before:
                found.append(self._first_with(after, second, until))
                before = after
        self._years[year] = found
        return found

    def _first_with(self, offset: int, low: int, high: int) -> int:
        """Return the first moment of this offset, which `low` has not and `high` has."""
        while high - low > 1:
            middle = (low + high) // 2
            if self.offset(middle) == offset:
                high = middle
            else:
                low = middle
        return high
