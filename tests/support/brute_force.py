"""When a cron rule is due, found the slow way: every minute of UTC and every local minute is tried.

It shares nothing with the product: it asks of each minute whether each field has it, and takes
what `zoneinfo` says of each.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
_MONTHS = ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Found(NamedTuple):
    at: datetime
    local: datetime
    moved: bool
    doubled: bool


def _value(text: str, names: list[str]) -> int:
    return names.index(text.lower()) if text.lower() in names else int(text)


def _has(part: str, value: int, least: int, most: int, names: list[str]) -> bool:
    """Whether one part of a field has a value: walked from its first to its last."""
    span, _, step = part.partition("/")
    if span in ("*", "?"):
        first, last = least, most
    elif "-" in span:
        first, last = (_value(one, names) for one in span.split("-"))
    else:
        first = _value(span, names)
        last = most if step else first
    walked, seen = first, [first]
    while walked != last and len(seen) < 200:
        walked = least if walked == most and last < first else walked + 1
        seen.append(walked)
        if walked > most + 1:
            break
    return value in seen[:: int(step or 1)]


def _date_has(part: str, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    if part.upper() == "L":
        return day.day == length
    if part.upper().startswith("L-"):
        return day.day == length - int(part[2:])
    if part.upper().endswith("W"):
        wanted = length if part.upper() == "LW" else int(part[:-1])
        if wanted > length or day.weekday() > 4:
            return False
        target = day.replace(day=wanted)
        workdays = [
            day.replace(day=n) for n in range(1, length + 1) if day.replace(day=n).weekday() < 5
        ]
        return day == min(workdays, key=lambda one: abs((one - target).days))
    return _has(part, day.day, 1, 31, [])


def _weekday_has(part: str, day: date) -> bool:
    weekday = day.isoweekday() % 7
    if "#" in part:
        name, number = part.split("#")
        return _value(name, _DAYS) % 7 == weekday and (day.day + 6) // 7 == int(number)
    if part[-1] in "lL":
        length = monthrange(day.year, day.month)[1]
        return _value(part[:-1], _DAYS) % 7 == weekday and day.day > length - 7
    numbers = (weekday, 7) if weekday == 0 and part not in ("*",) else (weekday,)
    return any(_has(part, one, 0, 7 if "7" in part else 6, _DAYS) for one in numbers)


def _day_is_meant(day_field: str, weekday_field: str, day: date) -> bool:
    by_date = any(_date_has(part, day) for part in day_field.split(","))
    by_weekday = any(_weekday_has(part, day) for part in weekday_field.split(","))
    if day_field[0] in "*?" or weekday_field[0] in "*?":
        return by_date and by_weekday
    return by_date or by_weekday


class Rule:
    """A cron text of five fields, asked of single minutes."""

    def __init__(self, text: str) -> None:
        self._fields = text.split()
        self._known: dict[date, bool] = {}
        self._times: list[time] | None = None

    def means(self, local: datetime) -> bool:
        minute, hour, _, _, _ = self._fields
        if not any(_has(part, local.minute, 0, 59, []) for part in minute.split(",")):
            return False
        if not any(_has(part, local.hour, 0, 23, []) for part in hour.split(",")):
            return False
        return self._means_day(local.date())

    def _means_day(self, on: date) -> bool:
        if on not in self._known:
            _, _, day, month, weekday = self._fields
            self._known[on] = any(
                _has(part, on.month, 1, 12, _MONTHS) for part in month.split(",")
            ) and _day_is_meant(day, weekday, on)
        return self._known[on]

    def times(self, on: date) -> list[datetime]:
        """Return the local times of a day that are meant: each hour and minute is asked."""
        if self._times is None:
            minutes, hours = (field.split(",") for field in self._fields[:2])
            self._times = [
                time(hour, minute)
                for hour in range(24)
                if any(_has(part, hour, 0, 23, []) for part in hours)
                for minute in range(60)
                if any(_has(part, minute, 0, 59, []) for part in minutes)
            ]
        return [datetime.combine(on, at) for at in self._times] if self._means_day(on) else []


def _moment(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def due(
    text: str, zone: ZoneInfo, begin: datetime, end: datetime, *, gap: str, fold: str
) -> list[Found]:
    """Return what is due behind `begin` and before `end`, in order."""
    rule = Rule(text)
    found: dict[datetime, Found] = {}
    for one in (*_gaps(rule, zone, begin, end, gap), *_shown(rule, zone, begin, end, fold)):
        if begin < one.at < end:
            found[one.at] = one  # one that clocks show stands before one that was moved there
    return [found[at] for at in sorted(found)]


def _shown(
    rule: Rule, zone: ZoneInfo, begin: datetime, end: datetime, fold: str
) -> Iterator[Found]:
    at = begin.replace(second=0, microsecond=0)
    while at < end:
        local = at.astimezone(zone)
        wall = local.replace(tzinfo=None, fold=0)
        if rule.means(wall):
            doubled = _moment(wall, zone, 0) != _moment(wall, zone, 1)
            if not doubled or fold == "both" or (fold == "second") is bool(local.fold):
                yield Found(at, wall.replace(fold=local.fold), False, doubled)
        at += MINUTE


def _gaps(rule: Rule, zone: ZoneInfo, begin: datetime, end: datetime, gap: str) -> Iterator[Found]:
    if gap == "skip":
        return
    wall = (begin - timedelta(hours=37)).replace(second=0, microsecond=0, tzinfo=None)
    last = (end + timedelta(hours=15)).replace(tzinfo=None)  # clocks are 12 h behind to 14 ahead
    meant: datetime | None = None
    while wall < last:
        at = _moment(wall, zone, 0)
        if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            meant = None
        elif rule.means(wall):
            if gap == "shift":
                yield Found(at, wall, True, False)
            elif meant is None:
                meant = wall
                yield Found(_end_of_gap(wall, zone), wall, True, False)
        wall += MINUTE


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment that clocks show again, walking on from within the gap."""
    while True:
        wall += MINUTE
        at = _moment(wall, zone, 0)
        if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            return at


def due_by_days(
    text: str, zone: ZoneInfo, begin: datetime, end: datetime, *, gap: str, fold: str
) -> list[Found]:
    """Return the same as `due`, asked of whole days: quick enough for weeks."""
    rule, found = Rule(text), dict[datetime, Found]()
    day, last = (begin - timedelta(days=2)).date(), (end + timedelta(days=2)).date()
    moved: list[Found] = []
    while day <= last:
        for wall in rule.times(day):
            shown, again = _moment(wall, zone, 0), _moment(wall, zone, 1)
            if shown.astimezone(zone).replace(tzinfo=None, fold=0) != wall:
                at = _end_of_gap(wall, zone) if gap == "end" else shown
                moved += [] if gap == "skip" else [Found(at, wall, True, False)]
                continue
            doubled = shown != again
            if fold != "second" or not doubled:
                found[shown] = Found(shown, wall, False, doubled)
            if doubled and fold != "first":
                found[again] = Found(again, wall.replace(fold=1), False, doubled)
        day += timedelta(days=1)
    for one in moved:
        found.setdefault(one.at, one)
    return [found[at] for at in sorted(found) if begin < at < end]
