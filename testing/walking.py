"""When a cron text is due, found the slow way: each day, hour and minute is asked.

It shares nothing with the product: it asks of each day whether each field has it, and takes what
`zoneinfo` says of each local time.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
_MONTHS = ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_LONG = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}  # fmt: skip


class WalkedMoment(NamedTuple):
    """A moment at which a rule is due, with the local time that it names."""

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


def _values(field: str, most: int) -> list[int]:
    parts = field.split(",")
    return [one for one in range(most + 1) if any(_has(part, one, 0, most, []) for part in parts)]


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
    span, slash, step = part.partition("/")
    first, dash, last = span.rpartition("-")
    if dash and first == "7" and last != "7":  # a week has one Sunday, where it is gone through
        part = f"0-{last}{slash}{step}"
    numbers = (weekday, 7) if weekday == 0 and part not in ("*",) else (weekday,)
    return any(_has(part, one, 0, 7 if last == "7" else 6, _DAYS) for one in numbers)


def _day_is_meant(day_field: str, weekday_field: str, day: date) -> bool:
    by_date = any(_date_has(part, day) for part in day_field.split(","))
    by_weekday = any(_weekday_has(part, day) for part in weekday_field.split(","))
    if day_field[0] in "*?" or weekday_field[0] in "*?":
        return by_date and by_weekday
    return by_date or by_weekday


class WalkedRule:
    """A cron text of five fields, or six with the seconds first, asked of single days."""

    def __init__(self, text: str) -> None:
        fields = _LONG.get(text.strip().lower(), text).split()
        self._seconds = _values(fields.pop(0), 59) if len(fields) == 6 else [0]
        self._fields = fields
        self._days: dict[date, bool] = {}
        self._times: list[time] | None = None

    def means(self, local: datetime) -> bool:
        """Whether a local minute is meant."""
        minute, hour, _, _, _ = self._fields
        if not any(_has(part, local.minute, 0, 59, []) for part in minute.split(",")):
            return False
        if not any(_has(part, local.hour, 0, 23, []) for part in hour.split(",")):
            return False
        return self.means_day(local.date())

    def means_day(self, on: date) -> bool:
        """Whether a day is meant."""
        if on not in self._days:
            _, _, day, month, weekday = self._fields
            self._days[on] = any(
                _has(part, on.month, 1, 12, _MONTHS) for part in month.split(",")
            ) and _day_is_meant(day, weekday, on)
        return self._days[on]

    @property
    def times(self) -> list[time]:
        """The times of a day that are meant: each hour, minute and second is asked."""
        if self._times is None:
            minute, hour = self._fields[:2]
            self._times = [
                time(h, m, s)
                for h in _values(hour, 23)
                for m in _values(minute, 59)
                for s in self._seconds
            ]
        return self._times


@lru_cache(maxsize=256)
def rule_of(text: str) -> WalkedRule:
    """Return the rule of a cron text, which remembers what it was asked."""
    return WalkedRule(text)


def moment_of(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """Return the moment of a local time, in UTC."""
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def is_shown(local: datetime, at: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks show this local time at this moment: in a gap they do not."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0) == local


def end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment that clocks show again, walking on from within the gap."""
    wall = wall.replace(second=0)
    while True:
        wall += MINUTE
        at = moment_of(wall, zone, 0)
        if is_shown(wall, at, zone):
            return at


def due_by_days(
    text: str, zone: ZoneInfo, begin: datetime, end: datetime, *, gap: str, fold: str
) -> list[WalkedMoment]:
    """Return what is due behind `begin` and before `end`, in order: whole days are asked."""
    rule, found = rule_of(text), dict[datetime, WalkedMoment]()
    day, last = (begin - 2 * DAY).date(), (end + 2 * DAY).date()
    moved: list[WalkedMoment] = []
    while day <= last:
        for of_day in rule.times if rule.means_day(day) else []:
            wall = datetime.combine(day, of_day)
            shown, again = moment_of(wall, zone, 0), moment_of(wall, zone, 1)
            if not is_shown(wall, shown, zone):
                at = end_of_gap(wall, zone) if gap == "end" else shown
                moved += [] if gap == "skip" else [WalkedMoment(at, wall, True, False)]
                continue
            doubled = shown != again
            if fold != "second" or not doubled:
                found[shown] = WalkedMoment(shown, wall, False, doubled)
            if doubled and fold != "first":
                found[again] = WalkedMoment(again, wall.replace(fold=1), False, doubled)
        day += DAY
    for one in moved:
        found.setdefault(one.at, one)
    return [found[at] for at in sorted(found) if begin < at < end]
