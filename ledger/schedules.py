"""Rules in a ledger's zones: what is to come of them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..domain import FIELDS, Fold, Gap, Occurrence, Rule, ZoneClock, preview
from .zone import load_zone, to_utc

SCHEDULE_FIELDS = frozenset(FIELDS)
"""What can be said of a schedule, by the names of the arguments of `add_schedule`."""


@lru_cache(maxsize=64)
def clock_of(zone: ZoneInfo) -> ZoneClock:
    """Return the clock of a zone, which remembers what it found."""
    return ZoneClock(zone)


def upcoming(
    rule: Rule | str,
    zone: str | ZoneInfo,
    after: datetime,
    *,
    count: int = 10,
    gap: Gap = "shift",
    fold: Fold = "first",
) -> list[Occurrence]:
    """Return the first occurrences of a rule in a zone behind a moment; a naive one is of the zone.

    Raises:
        ValidationError: one of these is not acceptable.
    """
    named = load_zone(zone)
    at = to_utc(after, named, "after")
    return preview(rule, clock_of(named), at, count=count, gap=gap, fold=fold)
