"""When a rule is due: from what it says of local times to the moments that come after one.

What comes after a moment depends on that moment alone. In each stretch of a zone with one offset,
local times are moments a fixed step away; what is left to decide is what a rule means by a time in
a gap, and by one in a fold.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from ..errors import ValidationError
from .cron import CronFields
from .local_time import FIRST_S, LAST_S, Stretch, ZoneClock
from .rules import Every, Fold, Gap, Rule, local_fields

_DAY_S = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL = _EPOCH.replace(tzinfo=None)
_ORDINAL = date(1970, 1, 1).toordinal()


class Occurrence(NamedTuple):
    """A moment at which a rule is due (UTC), and the local time that the rule means (naive; `fold`
    is 1 where it is the second of two). `moved`: no clock shows that time, and another was taken;
    `doubled`: clocks show it twice."""

    at: datetime
    local: datetime
    moved: bool = False
    doubled: bool = False


class _Due(NamedTuple):
    """A second of UTC, and the second that clocks show, or would show."""

    second: int
    local: int
    moved: bool = False


class Recurrence:
    """A rule in a zone: what comes after a moment.

    Raises:
        ValidationError: `gap` or `fold` is none that there is, or `Every` has no anchor.
    """

    def __init__(
        self, rule: Rule, clock: ZoneClock, *, gap: Gap = "shift", fold: Fold = "first"
    ) -> None:
        for name, value, known in (("gap", gap, Gap), ("fold", fold, Fold)):
            if value not in known.__args__:  # type: ignore[attr-defined]  # a Literal has them
                raise ValidationError(
                    f"{name} {value!r} is none",
                    field=name,
                    hint=", ".join(known.__args__),  # type: ignore[attr-defined]
                )
        if isinstance(rule, Every) and rule.anchor is None:
            raise ValidationError("an interval counts from an anchor", field="anchor")
        self._rule = rule
        self._clock = clock
        self._gap: Gap = gap
        self._fold: Fold = fold
        if not isinstance(rule, Every):
            self._seconds, self._fields = local_fields(rule)

    def after(self, moment: datetime) -> Iterator[Occurrence]:
        """Give what comes after a moment, in order, each moment once; it ends with the calendar."""
        while (found := self.next(moment)) is not None:
            yield found
            moment = found.at

    def next(self, moment: datetime) -> Occurrence | None:
        """Return the first that comes after a moment; None: there is none before the year 10000."""
        if isinstance(self._rule, Every):
            return self._next_of_interval(moment)
        second = max((moment - _EPOCH) // timedelta(seconds=1) + 1, FIRST_S + 800 * _DAY_S)
        while second < LAST_S:
            stretch = self._clock.at(second)
            found = self._in_stretch(stretch, second)
            if found is not None:
                return self._occurrence(found)
            following = self._next_local(min(stretch.last, stretch.first_after))
            if following is None:
                return None
            # Clocks are never a day off, so that nothing is due before that.
            second = max(stretch.end, following - 2 * _DAY_S)
        return None

    def _next_of_interval(self, moment: datetime) -> Occurrence | None:
        assert isinstance(self._rule, Every)
        assert self._rule.anchor is not None
        passed = (moment - self._rule.anchor) // self._rule.interval
        try:
            at = self._rule.anchor + self._rule.interval * max(passed + 1, 0)
            local = at.astimezone(self._clock.zone)
        except OverflowError:
            return None
        return Occurrence(at, local.replace(tzinfo=None))

    def _in_stretch(self, stretch: Stretch, second: int) -> _Due | None:
        """Return the first that is due in a stretch, from a second of UTC on."""
        found = self._shown(stretch, second)
        moved = self._of_gap(stretch, second)
        if found is None or moved is None:
            return found or moved
        return found if found.second <= moved.second else moved

    def _shown(self, stretch: Stretch, second: int) -> _Due | None:
        """Return the first of the times that clocks show in this stretch."""
        first, last = max(stretch.first, second + stretch.offset), stretch.last
        if self._fold == "first":
            first = max(first, stretch.last_before)
        elif self._fold == "second":
            last = min(last, stretch.first_after)
        local = self._next_local(first)
        if local is None or local >= last:
            return None
        return _Due(local - stretch.offset, local)

    def _of_gap(self, stretch: Stretch, second: int) -> _Due | None:
        """Return the first of the times in the gap before this stretch, as they are meant."""
        if self._gap == "skip":
            return None
        if stretch.last_before >= stretch.first:
            return None  # no gap
        if self._gap == "end":
            local = self._next_local(stretch.last_before)
            if second > stretch.begin or local is None or local >= stretch.first:
                return None
            return _Due(stretch.begin, local, moved=True)
        local = self._next_local(max(stretch.last_before, second + stretch.before))
        if local is None or local >= stretch.first:
            return None
        return _Due(local - stretch.before, local, moved=True)

    def _next_local(self, second: int) -> int | None:
        """Return the first local time that the rule names, from this one on."""
        day, of_day = divmod(second, _DAY_S)
        place = bisect_left(self._seconds, of_day)
        if place == len(self._seconds):
            day, place = day + 1, 0
        found = _next_day(self._fields, day)
        if found is None:
            return None
        return found * _DAY_S + self._seconds[place if found == day else 0]

    def _occurrence(self, due: _Due) -> Occurrence:
        at = _EPOCH + timedelta(seconds=due.second)
        local = _WALL + timedelta(seconds=due.local)
        if due.moved:
            return Occurrence(at, local, moved=True)
        stretch = self._clock.at(due.second)
        is_second = due.local < stretch.last_before
        doubled = is_second or due.local >= stretch.first_after
        return Occurrence(at, local.replace(fold=is_second), doubled=doubled)


@lru_cache(maxsize=4096)
def _next_day(fields: CronFields, day: int) -> int | None:
    """Return the first day that is meant, from this one on (days since 1970)."""
    try:
        begin = date.fromordinal(day + _ORDINAL)
    except (ValueError, OverflowError):
        return None
    year, month, least = begin.year, begin.month, begin.day
    for _ in range(12 * 60):  # the 29th of February on a Monday can be forty years away
        for number in fields.days(year, month):
            if number >= least:
                return date(year, month, number).toordinal() - _ORDINAL
        year, month, least = (year + 1, 1, 1) if month == 12 else (year, month + 1, 1)
        if year > 9999:
            return None
    return None
