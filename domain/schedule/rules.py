"""When a schedule's posts are due: the rules that there are, as values."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec

from ..errors import ValidationError
from ..times import Moment, in_utc, is_naive

if TYPE_CHECKING:
    from . import cron

# What a rule says is read when one is there: who has none does not wait for that to be imported.

Gap = Literal["shift", "skip", "end"]
"""A local time that the zone skips: read with the offset before (02:30 is 03:30), left out, or the
end of the gap."""
Fold = Literal["first", "second", "both"]
"""A local time that the zone has twice."""

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

SHORTEST_INTERVAL = timedelta(minutes=1)
LONGEST_INTERVAL = timedelta(days=3660)
MOST_TIMES = 200
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


class Cron(msgspec.Struct, frozen=True, tag="cron", tag_field="kind"):
    """At the local times that a cron text names: five fields, or six with the seconds first.

    Day of month and day of week: either, unless one begins with `*` or is `?`.

    Raises:
        ValidationError: it is no cron text, or names a day that never comes.
    """

    text: str

    def __post_init__(self) -> None:
        cron_fields(self.text)


@lru_cache(maxsize=1024)
def cron_fields(text: str) -> cron.CronFields:
    """Return what a cron text says.

    Raises:
        ValidationError: it is none, or names a day that never comes.
    """
    from .cron import read

    return read(text)


class At(msgspec.Struct, frozen=True, tag="at", tag_field="kind"):
    """At these local times of day (`"09:00"`, `"18:30:15"`), each day, or on these weekdays.

    Raises:
        ValidationError: there is none, or one is no time of day or no weekday.
    """

    times: tuple[str, ...]
    weekdays: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.times, (str, time)):
            raise ValidationError("times is a list of times of day", field="times")
        msgspec.structs.force_setattr(self, "times", _times(self.times))
        msgspec.structs.force_setattr(self, "weekdays", _names(self.weekdays))


def _times(given: tuple[str | time, ...]) -> tuple[str, ...]:
    if not 1 <= len(given) <= MOST_TIMES:
        raise ValidationError(f"a day has 1 to {MOST_TIMES} times", field="times")
    return tuple(sorted({_time(one) for one in given}))


def _time(given: str | time) -> str:
    """Return a time of day as `HH:MM:SS`."""
    text = given.strftime("%H:%M:%S") if isinstance(given, time) else given
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    numbers = [int(part or 0) for part in found.groups()] if found else [24, 0, 0]
    if numbers[0] > 23 or numbers[1] > 59 or numbers[2] > 59:
        raise ValidationError(
            f"{given!r:.60} is no time of day", field="times", hint="such as 09:00"
        )
    return "{:02}:{:02}:{:02}".format(*numbers)


def _names(given: tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise ValidationError("weekdays is a list", field="weekdays", hint="such as mon, wed")
    names = [str(one).lower()[:3] if str(one).isalpha() else str(one) for one in given]
    for name, one in zip(names, given, strict=True):
        if name not in WEEKDAYS:
            raise ValidationError(
                f"{one!r:.60} is no weekday", field="weekdays", hint=", ".join(WEEKDAYS)
            )
    return tuple(name for name in WEEKDAYS if name in names)


class Every(msgspec.Struct, frozen=True, tag="every", tag_field="kind"):
    """Each time that so much time has passed since the anchor: clocks that change do not matter.

    Without an anchor it is when the schedule was added.

    Raises:
        ValidationError: the interval is not from a minute to ten years, or the anchor is naive.
    """

    interval: timedelta
    anchor: Moment | None = None

    def __post_init__(self) -> None:
        interval = self.interval
        is_one = isinstance(interval, timedelta)
        if not is_one or not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
            raise ValidationError(
                f"every {interval} is not from a minute to ten years", field="interval"
            )
        if self.anchor is not None:
            if not isinstance(self.anchor, datetime) or is_naive(self.anchor):
                raise ValidationError("the anchor has a time zone", field="anchor")
            msgspec.structs.force_setattr(self, "anchor", in_utc(self.anchor))


Rule = Cron | At | Every


def local_fields(rule: Cron | At) -> tuple[tuple[int, ...], cron.CronFields]:
    """Return the seconds of the day at which a rule is due, in order, and its days."""
    return _local_fields(rule)


@lru_cache(maxsize=1024)
def _local_fields(rule: Cron | At) -> tuple[tuple[int, ...], cron.CronFields]:
    if isinstance(rule, Cron):
        fields = cron_fields(rule.text)
        seconds = tuple(
            3600 * hour + 60 * minute + second
            for hour in fields.hours
            for minute in fields.minutes
            for second in fields.seconds
        )
        return seconds, fields
    on = ",".join(rule.weekdays) or "*"
    parts = [[int(part) for part in one.split(":")] for one in rule.times]
    return tuple(3600 * h + 60 * m + s for h, m, s in parts), cron_fields(f"0 0 * * {on}")


def as_anchored(rule: Rule, at: datetime) -> Rule:
    """Return a rule that needs no more to say when it is due: `Every` counts from `at` on."""
    if isinstance(rule, Every) and rule.anchor is None:
        return Every(rule.interval, at.astimezone(UTC))
    return rule
