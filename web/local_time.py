"""From the time on somebody's clock to the one moment that it is, and what is odd about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

Oddity = Literal["gap", "fold"]


class LocalTime(NamedTuple):
    """The moment that a local time is (UTC). In a `gap` no clock shows it, and the offset before
    counts; in a `fold` clocks show it twice, and `other` is the second."""

    at: datetime
    oddity: Oddity | None = None
    other: datetime | None = None


def moment_of(local: datetime, zone: ZoneInfo) -> LocalTime:
    """Return the moment of a naive local time in a zone."""
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    at, later = first.astimezone(UTC), second.astimezone(UTC)
    if at == later:
        return LocalTime(at)
    if at.astimezone(zone).replace(tzinfo=None, fold=0) != local.replace(fold=0):
        return LocalTime(at, "gap")
    return LocalTime(at, "fold", later)
