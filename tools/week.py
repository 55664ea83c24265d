"""Days and times of a week as people type them: `mon-fri 9:00,12:30 sat 10:00`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..domain import At, ValidationError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SETS = {"daily": WEEKDAYS, "weekdays": WEEKDAYS[:5], "weekend": WEEKDAYS[5:]}
_DAYS = "mon, mon-fri, sat,sun, or daily"


def read_days(text: str) -> list[str]:
    """Return the weekdays that are meant, from Monday on: names, ranges, `daily`, by commas.

    Raises:
        ValidationError: one is none.
    """
    found = {day for part in parts_of(text) for day in _days(part)}
    return [day for day in WEEKDAYS if day in found]


def _days(text: str) -> Sequence[str]:
    word = text.lower()
    if word in _SETS:
        return _SETS[word]
    first, dash, last = word.partition("-")
    begin = _number(first, text)
    if not dash:
        return WEEKDAYS[begin : begin + 1]
    length = (_number(last, text) - begin) % 7 + 1
    return [WEEKDAYS[(begin + each) % 7] for each in range(length)]


def _number(word: str, typed: str) -> int:
    """Return which day of the week this is: its name, or the beginning of it."""
    for number, name in enumerate(_NAMES):
        if len(word) >= 3 and name.startswith(word):
            return number
    raise ValidationError(f"{typed!r:.60} is no weekday", field="weekdays", hint=f"such as {_DAYS}")


def parts_of(text: str) -> list[str]:
    """Return what stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def read_week(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return times of day by weekday, as `Ledger.set_slots` takes them: days, then their times, and
    again; what is said of a day twice is added.

    Raises:
        ValidationError: something is no day and no time, or one is missing.
    """
    week: dict[str, tuple[str, ...]] = {}
    days: list[str] = []
    is_used = True
    for word in words:
        if not parts_of(word):
            continue
        if word.lstrip(",")[:1].isdigit():
            if not days:
                raise ValidationError(
                    f"{word!r:.60} stands before any day",
                    field="week",
                    hint=f"days come first: {_DAYS}; then times such as 9:00,12:30",
                )
            times = At(tuple(parts_of(word))).times
            for day in days:
                week[day] = tuple(sorted({*week.get(day, ()), *times}))
            is_used = True
        else:
            days = read_days(word) if is_used else [*days, *read_days(word)]
            is_used = False
    if not is_used:
        raise ValidationError(
            f"{', '.join(days)} has no times", field="week", hint="such as mon-fri 9:00,12:30"
        )
    return week


def week_in_words(week: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return days and their times, as they would be typed; days with the same times are one."""
    found: list[tuple[list[str], Sequence[str]]] = []
    for day in WEEKDAYS:
        times = week.get(day)
        if times and found and found[-1][1] == times and _follows(found[-1][0][-1], day):
            found[-1][0].append(day)
        elif times:
            found.append(([day], times))
    return [(_range(days), ", ".join(map(short_time, times))) for days, times in found]


def _follows(before: str, day: str) -> bool:
    return WEEKDAYS.index(day) == WEEKDAYS.index(before) + 1


def _range(days: Sequence[str]) -> str:
    if len(days) == 7:
        return "daily"
    return days[0] if len(days) == 1 else f"{days[0]}-{days[-1]}"


def short_time(time: str) -> str:
    """Return `09:00` for `09:00:00`."""
    return time.removesuffix(":00") if time.count(":") == 2 else time
