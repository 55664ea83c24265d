"""When a rule is due, in words: the times of its days, the days, the months."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import product

from ..domain import At, CronFields, Every, MonthDays, Rule, cron_fields
from .sentence import Sentence, say

_MOST_TIMES = 6
"""With more times a day it is said of which minutes and hours they are."""
_WEEKDAYS = (
    say("Sunday"), say("Monday"), say("Tuesday"), say("Wednesday"), say("Thursday"), say("Friday"),
    say("Saturday"),
)  # fmt: skip
_MONTHS = (
    say("January"), say("February"), say("March"), say("April"), say("May"), say("June"),
    say("July"), say("August"), say("September"), say("October"), say("November"), say("December"),
)  # fmt: skip
_NTH = (say("last"), say("first"), say("second"), say("third"), say("fourth"), say("fifth"))
_ALL_WEEKDAYS = frozenset(range(7))


def rule_in_words(rule: Rule) -> Sentence:
    """Say when a rule is due."""
    if isinstance(rule, Every):
        if rule.anchor is None:
            return say("every {interval}", interval=_interval(rule.interval))
        return say(
            "every {interval}, counted from {anchor}",
            interval=_interval(rule.interval),
            anchor=rule.anchor,
        )
    if isinstance(rule, At):
        fields = cron_fields(f"0 0 * * {','.join(rule.weekdays) or '*'}")
        times: Sentence = say("at {times}", times=_list([_short(time) for time in rule.times]))
    else:
        fields = cron_fields(rule.text)
        times = _times(fields)
    return say("{times}, {days}", times=times, days=_days(fields))


def _interval(interval: timedelta) -> Sentence:
    """Say an interval exactly, in as many units as it takes."""
    seconds = round(interval.total_seconds())
    parts = [
        unit
        for count, unit in (
            (seconds // 86_400, say("{count} d", count=seconds // 86_400)),
            (seconds // 3600 % 24, say("{count} h", count=seconds // 3600 % 24)),
            (seconds // 60 % 60, say("{count} min", count=seconds // 60 % 60)),
            (seconds % 60, say("{count} s", count=seconds % 60)),
        )
        if count
    ]
    found = parts[0]
    for part in parts[1:]:
        found = say("{one} {other}", one=found, other=part)
    return found


def _short(time: str) -> str:
    return time.removesuffix(":00") if time.count(":") == 2 else time


def _times(fields: CronFields) -> Sentence:
    """Say the times of a day."""
    seconds, minutes, hours = fields.seconds, fields.minutes, fields.hours
    if len(seconds) * len(minutes) * len(hours) <= _MOST_TIMES:
        times = [
            _short(f"{hour:02}:{minute:02}:{second:02}")
            for hour, minute, second in product(hours, minutes, seconds)
        ]
        return say("at {times}", times=_list(times))
    found = _minutes(minutes, hours)
    if seconds != (0,):
        found = say("{times}, at seconds {list}", times=found, list=_numbers(seconds))
    return found


def _minutes(minutes: Sequence[int], hours: Sequence[int]) -> Sentence:
    is_each_hour = len(hours) == 24
    step = 60 // len(minutes)
    if tuple(minutes) == tuple(range(0, 60, step)) and len(minutes) > 1:
        each = say("every minute") if step == 1 else say("every {count} minutes", count=step)
        return (
            each
            if is_each_hour
            else say("{each} in the hours {list}", each=each, list=_numbers(hours))
        )
    if is_each_hour:
        return say("each hour at minutes {list}", list=_numbers(minutes))
    return say(
        "at minutes {minutes} of the hours {hours}",
        minutes=_numbers(minutes),
        hours=_numbers(hours),
    )


def _days(fields: CronFields) -> Sentence:
    """Say the days, and the months if it is not each."""
    dates, weekdays = _dates(fields.by_date), _weekdays(fields.by_weekday)
    if dates is None:
        days = weekdays or say("every day")
    elif weekdays is None:
        days = dates
    elif fields.either:
        days = say("{one} or {other}", one=dates, other=weekdays)
    else:
        days = say("{dates}, where that is {weekdays}", dates=dates, weekdays=weekdays)
    if len(fields.months) == 12:
        return days
    months = _ranges(fields.months, dict(enumerate(_MONTHS, 1)))
    return say("{days}, in {months}", days=days, months=months)


def _dates(days: MonthDays) -> Sentence | None:
    """Say the days of a month that are named; None: each is."""
    if len(days.numbers) == 31:
        return None
    parts: list[Sentence] = []
    if days.numbers:
        parts.append(say("on day {list} of the month", list=_numbers(sorted(days.numbers))))
    for before in sorted(days.from_last):
        parts.append(
            say("{count} days before the last day of the month", count=before)
            if before
            else say("on the last day of the month")
        )
    for day in sorted(days.workdays):
        parts.append(
            say("on the working day nearest to day {day} of the month", day=day)
            if day
            else say("on the last working day of the month")
        )
    return _list(parts)


def _weekdays(days: MonthDays) -> Sentence | None:
    """Say the days of the week that are named; None: each is."""
    if days.weekdays == _ALL_WEEKDAYS:
        return None
    parts: list[Sentence] = []
    if days.weekdays:
        # From Monday on, as people read a week.
        order = {(n or 7): _WEEKDAYS[n] for n in range(7)}
        parts.append(_ranges(sorted(n or 7 for n in days.weekdays), order))
    for weekday, nth in sorted(days.nth, key=lambda one: (one[1] or 9, one[0])):
        parts.append(
            say("on the {nth} {weekday} of the month", nth=_NTH[nth], weekday=_WEEKDAYS[weekday])
        )
    return _list(parts)


def _ranges(numbers: Iterable[int], names: dict[int, Sentence]) -> Sentence:
    """Say names one after another; from three in a row on, the first and the last."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts: list[Sentence] = []
    for run in runs:
        if len(run) > 2:
            parts.append(say("{first} to {last}", first=names[run[0]], last=names[run[-1]]))
        else:
            parts += [names[number] for number in run]
    return _list(parts)


def _numbers(numbers: Iterable[int]) -> str:
    """Write numbers as lists of them are written in every language, with ranges: 1–5, 7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(
        f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs
    )


def _list(parts: Sequence[Sentence | str]) -> Sentence:
    """Say several things: one, two and three."""
    items = [part if isinstance(part, Sentence) else say("{text}", text=part) for part in parts]
    found = items[0]
    for item in items[1:-1]:
        found = say("{one}, {other}", one=found, other=item)
    return found if len(items) == 1 else say("{one} and {other}", one=found, other=items[-1])
