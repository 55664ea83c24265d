"""Moments as they come in: whatever kind of datetime somebody has, a plain one in UTC goes on.

A subclass may hold more than the log does, or be nothing that can be encoded: that of a library
which holds the time still in tests, or of one that calculates with times. So each is turned into a
plain one where it comes in.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Annotated

import msgspec

# In a tuple: a library that holds the time still puts its own class in the place of this one, in
# every module that has it under a name, and in the module that it comes from.
_PLAIN = tuple(
    kind
    for kind in datetime.__mro__
    if (kind.__module__, kind.__qualname__) == ("datetime", "datetime")
)

if TYPE_CHECKING:
    Moment = datetime
else:
    Moment = Annotated[_PLAIN[0], "plain"]
    """The type of a field with a time: a plain one, whenever msgspec looks at what it means."""


_ENCODER = msgspec.json.Encoder()


def timestamp(moment: datetime) -> str:
    """Write a time as the log does: in UTC, always with six digits of microseconds."""
    moment = moment.astimezone(UTC)
    if moment.microsecond:  # nearly always, and then JSON has them all
        return _ENCODER.encode(moment)[1:-1].decode()
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def is_plain(moment: datetime) -> bool:
    """Whether it is a plain datetime in UTC, which goes on as it is."""
    return type(moment) in _PLAIN and moment.tzinfo is UTC and not moment.fold


def is_naive(moment: datetime) -> bool:
    """Whether it has no time zone. One that cannot say so is no moment: `in_utc` refuses it."""
    try:
        return moment.utcoffset() is None
    except Exception:  # noqa: BLE001 - foreign code: pandas has a datetime that is "not a time"
        return False


def in_utc(moment: datetime) -> datetime:
    """Return the same moment as a plain datetime in UTC.

    Raises:
        ValueError: it has no time zone, or is none that a calendar has.
    """
    if is_plain(moment):
        return moment
    if is_naive(moment):
        raise ValueError("it has no time zone")
    try:
        return _plain(moment.astimezone(UTC), UTC)
    except Exception as error:  # as above
        raise ValueError(f"it is no moment: {error}") from error


def in_zone(wall: datetime, zone: tzinfo) -> datetime:
    """Return the plain datetime that a naive one is in a zone.

    Raises:
        ValueError: it is none that a calendar has.
    """
    try:
        return _plain(wall, zone).replace(fold=wall.fold)
    except Exception as error:  # as above
        raise ValueError(f"it is no moment: {error}") from error


def _plain(moment: datetime, zone: tzinfo) -> datetime:
    kind: type[datetime] = _PLAIN[0]
    return kind(
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond,
        zone,
    )
