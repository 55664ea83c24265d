"""When a cron rule is due, found the slowest way: each minute of UTC, and each local one, is tried.

It shares nothing with the product, as `jobledger.testing.walking`, which asks whole days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from jobledger.testing.walking import (
    MINUTE,
    WalkedMoment,
    WalkedRule,
    end_of_gap,
    is_shown,
    moment_of,
)


def due(
    text: str, zone: ZoneInfo, begin: datetime, end: datetime, *, gap: str, fold: str
) -> list[WalkedMoment]:
    """Return what is due behind `begin` and before `end`, in order."""
    rule = WalkedRule(text)
    found: dict[datetime, WalkedMoment] = {}
    for one in (*_gaps(rule, zone, begin, end, gap), *_shown(rule, zone, begin, end, fold)):
        if begin < one.at < end:
            found[one.at] = one  # one that clocks show stands before one that was moved there
    return [found[at] for at in sorted(found)]


def _shown(
    rule: WalkedRule, zone: ZoneInfo, begin: datetime, end: datetime, fold: str
) -> Iterator[WalkedMoment]:
    at = begin.replace(second=0, microsecond=0)
    while at < end:
        local = at.astimezone(zone)
        wall = local.replace(tzinfo=None, fold=0)
        if rule.means(wall):
            doubled = moment_of(wall, zone, 0) != moment_of(wall, zone, 1)
            if not doubled or fold == "both" or (fold == "second") is bool(local.fold):
                yield WalkedMoment(at, wall.replace(fold=local.fold), False, doubled)
        at += MINUTE


def _gaps(
    rule: WalkedRule, zone: ZoneInfo, begin: datetime, end: datetime, gap: str
) -> Iterator[WalkedMoment]:
    if gap == "skip":
        return
    wall = (begin - timedelta(hours=37)).replace(second=0, microsecond=0, tzinfo=None)
    last = (end + timedelta(hours=15)).replace(tzinfo=None)  # clocks are 12 h behind to 14 ahead
    meant: datetime | None = None
    while wall < last:
        at = moment_of(wall, zone, 0)
        if is_shown(wall, at, zone):
            meant = None
        elif rule.means(wall):
            if gap == "shift":
                yield WalkedMoment(at, wall, True, False)
            elif meant is None:
                meant = wall
                yield WalkedMoment(end_of_gap(wall, zone), wall, True, False)
        wall += MINUTE
