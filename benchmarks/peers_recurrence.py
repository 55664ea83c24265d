"""A daily post around each clock change of 2026: which posts come out wrong, in other libraries.

    python benchmarks/peers_recurrence.py [CHANGES] [ROUNDS]

A window is five days of a zone, its clocks changing on the third, and a cron text that names one
half hour of each day. Zones whose clocks change alike count once. Five posts are right: one a day,
at the moment at which clocks show that time. Where they show it twice, either is right, but not
both. Where they skip it, a shifted post is right, by whichever offset it was read or at the end of
the gap, but none is a missing day. What is right comes from `zoneinfo` alone.

The time of a `next` is that of five calls of each window, the libraries in turn. Whatever they make
once of a text, and ours of a zone, is made before; the latter is told too.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from measure import in_turn, share, tell, timed
from others.cron_rules import RULES, Begin, Step

from jobledger import Cron
from jobledger.domain.schedule.local_time import ZoneClock
from jobledger.domain.schedule.recurrence import Recurrence

YEAR = 2026
DAYS = 5
MOST = 4 * DAYS
"""More posts than that are not waited for."""
SECOND = timedelta(seconds=1)
KINDS = ("a wrong instant", "a doubled post", "a missing day")


class Change(NamedTuple):
    """Clocks of a zone change at a moment, from one offset to another."""

    zone: ZoneInfo
    at: datetime
    before: timedelta
    after: timedelta

    @property
    def first_day(self) -> date:
        return (self.at + self.before).date() - timedelta(days=DAYS // 2)

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first_day, time(), self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        behind = self.first_day + timedelta(days=DAYS)
        return datetime.combine(behind, time(), self.zone).astimezone(UTC)


class Window(NamedTuple):
    """A time of day on the days around a change."""

    change: Change
    of_day: time

    @property
    def text(self) -> str:
        return f"{self.of_day.minute} {self.of_day.hour} * * *"

    def step(self, begin: Begin) -> Step:
        return begin(self.text, self.change.zone, self.change.begin - SECOND)


def main() -> None:
    found = list(changes())
    chosen = found[: int(sys.argv[1])] if len(sys.argv) > 1 else found
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    halves = [time(n // 2, 30 * (n % 2)) for n in range(48)]
    windows = [Window(change, half) for change in chosen for half in halves]
    here: dict[str, Begin] = {}
    missing = {}
    for name, load in RULES.items():
        try:
            here[name] = load()
        except ImportError as error:
            missing[name] = str(error)
    wrong = {name: faults(begin, windows) for name, begin in here.items()}
    ways = {name: partial(_walked, begin, windows) for name, begin in here.items()}
    taken = in_turn(ways, rounds)
    calls = DAYS * len(windows)
    tell(
        "a daily post around each clock change, in other libraries",
        {
            "year": YEAR,
            "changes": len(chosen),
            "windows": len(windows),
            "not here": missing,
            "wrong windows": {name: sum(kinds.values()) for name, kinds in wrong.items()},
            "wrong by": wrong,
            "microseconds a next": {
                name: round(1e6 * median(times) / calls, 1) for name, times in taken.items()
            },
            "times jobledger's time": {
                name: share(times, taken["jobledger"]) for name, times in taken.items()
            },
            "milliseconds to learn a zone": _learning(chosen),
            "seconds": taken,
        },
        packages=list(here),
    )


def changes() -> Iterator[Change]:
    """Find the changes of the year, each once whatever the zones are called."""
    known = set()
    for name in sorted(available_timezones() - {"localtime", "Factory"}):
        zone = ZoneInfo(name)
        for change in _changes_of(zone):
            if change[1:] not in known:
                known.add(change[1:])
                yield change


def _changes_of(zone: ZoneInfo) -> Iterator[Change]:
    def offset(at: datetime) -> timedelta:
        return at.astimezone(zone).utcoffset() or timedelta()

    at, step = datetime(YEAR, 1, 1, tzinfo=UTC), timedelta(minutes=15)
    before = offset(at)
    while at.year == YEAR:
        at += step
        after = offset(at)
        if after != before:
            yield Change(zone, at, before, after)
            before = after


def right(window: Window, day: date) -> set[datetime]:
    """Return the moments of which one has to have the post of a day."""
    zone = window.change.zone
    local = datetime.combine(day, window.of_day)
    read = {local.replace(fold=fold, tzinfo=zone).astimezone(UTC) for fold in (0, 1)}
    shown = {at for at in read if at.astimezone(zone).replace(tzinfo=None, fold=0) == local}
    return shown or read | {window.change.at}


def fault(window: Window, posts: Sequence[datetime]) -> str | None:
    """Return what is wrong with the posts of a window, the worst of it; None if nothing is."""
    days = [right(window, window.change.first_day + timedelta(days=n)) for n in range(DAYS)]
    counts = [sum(at in day for at in posts) for day in days]
    if sum(counts) < len(posts):
        return KINDS[0]
    if max(counts) > 1:
        return KINDS[1]
    return KINDS[2] if min(counts) < 1 else None


def posted(begin: Begin, window: Window) -> list[datetime]:
    """Ask for the posts of a window."""
    step = window.step(begin)
    posts: list[datetime] = []
    while len(posts) < MOST and (at := step().astimezone(UTC)) < window.change.end:
        posts.append(at)
    return posts


def faults(begin: Begin, windows: Sequence[Window]) -> dict[str, int]:
    """Count the wrong windows, each once, by what is wrong."""
    counts = Counter(fault(window, posted(begin, window)) for window in windows)
    return {kind: counts[kind] for kind in KINDS}


def _walked(begin: Begin, windows: Sequence[Window]) -> float:
    steps = [window.step(begin) for window in windows]

    def walk() -> None:
        for step in steps:
            for _ in range(DAYS):
                step()

    return timed(walk)


def _learning(chosen: Sequence[Change]) -> float:
    """Return what our first question of a zone takes: the changes around its year are looked for,
    once."""
    rule = Cron("0 9 * * *")
    seconds = []
    for change in chosen:
        recurrence = Recurrence(rule, ZoneClock(change.zone))
        seconds.append(timed(partial(recurrence.next, change.begin)))
    return round(1e3 * median(seconds), 1)


if __name__ == "__main__":
    main()
