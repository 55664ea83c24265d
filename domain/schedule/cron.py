"""Cron: a text of five fields, or of six with the seconds first, and the dates that it names."""

from __future__ import annotations

import re
from calendar import monthrange
from functools import lru_cache
from typing import NamedTuple

from ..errors import ValidationError
from .rules import WEEKDAYS

LONGEST_TEXT = 256
"""A rule has at most so many characters: it may come from a form, and is read before it is used."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def refuse(self, text: str, why: str) -> ValidationError:
        return ValidationError(f"{self.name} {text!r}: {why}", field="rule")

    def number(self, text: str, part: str) -> int:
        """Return the number that a text or a name is."""
        name = text.lower()
        if name in self.names:
            return self.names.index(name) + self.least
        if not (text.isascii() and text.isdecimal() and len(text) <= 4):
            kinds = "a number or a name" if self.names else "a number"
            raise self.refuse(part, f"{text!r} is not {kinds}")
        if not self.least <= int(text) <= self.most:
            raise self.refuse(part, f"{text} is not from {self.least} to {self.most}")
        return int(text)


_SECOND, _MINUTE, _HOUR = _Field("second", 0, 59), _Field("minute", 0, 59), _Field("hour", 0, 23)
_DAY, _MONTH = _Field("day of month", 1, 31), _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day of week", 0, 7, WEEKDAYS)


class MonthDays(NamedTuple):
    """The days that a rule names, of any month: by number, from its end, or by weekday."""

    numbers: frozenset[int] = frozenset()
    from_last: frozenset[int] = frozenset()
    """So many days before the last one."""
    workdays: frozenset[int] = frozenset()
    """The working day nearest to this one, in the same month; 0: the last one."""
    weekdays: frozenset[int] = frozenset()
    """0 is Sunday."""
    nth: frozenset[tuple[int, int]] = frozenset()
    """A weekday, and which one of the month; 0: the last one."""


class CronFields(NamedTuple):
    """What a cron text says."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    by_date: MonthDays
    by_weekday: MonthDays
    either: bool
    """A day of either is meant; else it has to be one of both."""

    def days(self, year: int, month: int) -> tuple[int, ...]:
        """Return the days of a month, in order."""
        if month not in self.months:
            return ()
        first, length = monthrange(year, month)
        return _days(self.by_date, self.by_weekday, self.either, (first + 1) % 7, length)


def read(text: str) -> CronFields:
    """Read a cron text.

    Raises:
        ValidationError: it is none, or no day is ever meant; the message names the field.
    """
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise ValidationError(
            f"a cron rule is a text of at most {LONGEST_TEXT} characters", field="rule"
        )
    parts = _NICKNAMES.get(text.strip().lower(), text).split()
    if parts and parts[0].startswith("@"):
        raise ValidationError(
            f"there is no {parts[0]!r}", field="rule", hint=", ".join(sorted(_NICKNAMES))
        )
    if len(parts) not in (5, 6):
        raise ValidationError(
            f"a cron rule has 5 fields, or 6 with the seconds first, and not {len(parts)}",
            field="rule",
            hint="minute hour day-of-month month day-of-week, such as '0 9 * * mon-fri'",
        )
    second, minute, hour, day, month, weekday = parts if len(parts) == 6 else ("0", *parts)
    fields = CronFields(
        _numbers(second, _SECOND),
        _numbers(minute, _MINUTE),
        _numbers(hour, _HOUR),
        _numbers(month, _MONTH),
        _dates(day),
        _weekdays(weekday),
        either=not (_is_any(day) or _is_any(weekday)),
    )
    _check_ever(fields, text)
    return fields


def _is_any(text: str) -> bool:
    return text.startswith(("*", "?"))


def _numbers(text: str, field: _Field) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        found |= _range(part, field)
    return tuple(sorted(found))


def _range(part: str, field: _Field) -> set[int]:
    """Return the numbers of one part: `*`, a number, a range, each with a step if there is one.

    A range that goes down goes over the end: fri-mon, or 22-2."""
    span, slash, step_text = part.partition("/")
    step = 1
    if slash:
        if not (step_text.isascii() and step_text.isdecimal() and len(step_text) <= 4):
            raise field.refuse(part, f"{step_text!r} is no step")
        step = int(step_text)
        if not 1 <= step <= field.most:
            raise field.refuse(part, f"a step is from 1 to {field.most}")
    most = 6 if field is _WEEKDAY else field.most
    first_text, dash, last_text = span.partition("-")
    if span == "*" or (span == "?" and field in (_DAY, _WEEKDAY) and not slash):
        first, last = field.least, most
    elif dash:
        first, last = field.number(first_text, part), field.number(last_text, part)
    else:
        first = field.number(span, part)
        last = max(first, most) if slash else first
    if last < first:
        last += most - field.least + 1
    count = most - field.least + 1
    return {(n - field.least) % count + field.least for n in range(first, last + 1, step)}


def _dates(text: str) -> MonthDays:
    numbers: set[int] = set()
    from_last: set[int] = set()
    workdays: set[int] = set()
    for part in text.split(","):
        upper = part.upper()
        if upper == "L":
            from_last.add(0)
        elif upper == "LW":
            workdays.add(0)
        elif found := re.fullmatch(r"L-(\d{1,2})", upper, re.ASCII):
            before = int(found[1])
            if not 1 <= before <= 30:
                raise _DAY.refuse(part, "it is from L-1 to L-30")
            from_last.add(before)
        elif found := re.fullmatch(r"(\d{1,2})W", upper, re.ASCII):
            workdays.add(_DAY.number(found[1], part))
        else:
            numbers |= _range(part, _DAY)
    return MonthDays(frozenset(numbers), frozenset(from_last), frozenset(workdays))


def _weekdays(text: str) -> MonthDays:
    weekdays: set[int] = set()
    nth: set[tuple[int, int]] = set()
    for part in text.split(","):
        name, mark, number = part.partition("#")
        if mark:
            if number not in ("1", "2", "3", "4", "5"):
                raise _WEEKDAY.refuse(part, "a month has the 1st to the 5th of a weekday")
            nth.add((_WEEKDAY.number(name, part) % 7, int(number)))
        elif len(part) > 1 and part[-1] in "lL" and part.lower() not in WEEKDAYS:
            nth.add((_WEEKDAY.number(part[:-1], part) % 7, 0))
        elif part.upper() == "L":
            raise _WEEKDAY.refuse(part, "the last of which weekday? Such as friL or 5L")
        else:
            weekdays |= _range(part, _WEEKDAY)
    return MonthDays(weekdays=frozenset(weekdays), nth=frozenset(nth))


@lru_cache(maxsize=4096)
def _days(
    by_date: MonthDays, by_weekday: MonthDays, either: bool, first: int, length: int
) -> tuple[int, ...]:
    """Return the days of a month of this length, of which the first is this weekday."""
    one, other = _named(by_date, first, length), _named(by_weekday, first, length)
    return tuple(sorted(one | other if either else one & other))


def _named(days: MonthDays, first: int, length: int) -> set[int]:
    """Return the days of a month that are named."""
    found = {n for n in days.numbers if n <= length}
    found |= {length - n for n in days.from_last if n < length}
    found |= {_workday(n or length, first, length) for n in days.workdays if n <= length}
    for day in range(1, length + 1):
        weekday = (first + day - 1) % 7
        named = {(weekday, (day - 1) // 7 + 1), (weekday, 0 if day + 7 > length else -1)}
        if weekday in days.weekdays or named & days.nth:
            found.add(day)
    return found


def _workday(day: int, first: int, length: int) -> int:
    """Return the day from Monday to Friday that is nearest to a day, in the same month."""
    weekday = (first + day - 1) % 7
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 0:
        return day + 1 if day < length else day - 2
    return day


def _check_ever(fields: CronFields, text: str) -> None:
    """Check that there is a day that is meant: in some month of some length, begun on some day."""
    lengths = {2: (28, 29), 4: (30,), 6: (30,), 9: (30,), 11: (30,)}
    if not any(
        _days(fields.by_date, fields.by_weekday, fields.either, first, length)
        for month in fields.months
        for length in lengths.get(month, (31,))
        for first in range(7)
    ):
        raise ValidationError(
            f"{text!r} never comes", field="rule", hint="no such month has such a day"
        )
