"""Time zones: names to zones, and what a time without a zone means."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..domain import ValidationError, in_utc, in_zone, is_naive


def load_zone(name: str | ZoneInfo) -> ZoneInfo:
    """Return the zone of an IANA name such as `Asia/Ho_Chi_Minh`.

    Raises:
        ValidationError: there is no such zone.
    """
    if isinstance(name, ZoneInfo) and name.key:
        return name
    try:
        return ZoneInfo(str(name) if isinstance(name, str) else "")
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValidationError(
            f"timezone {name!r} is not known", field="timezone", hint="use an IANA name"
        ) from None


def to_aware(moment: datetime, zone: ZoneInfo) -> datetime:
    """Take a naive time as one of `zone`; anything else as it is, for validation to judge.

    A time that the zone has twice means the first unless its `fold` is 1; one that it skips is read
    with the offset from before the gap, so it comes out later by the length of the gap.
    """
    if isinstance(moment, datetime) and is_naive(moment):
        with suppress(ValueError):
            return in_zone(moment, zone)
    return moment


def to_utc(moment: object, zone: ZoneInfo, field: str) -> datetime:
    """Return a time that is asked about, in UTC; a naive one as in `to_aware`.

    Raises:
        ValidationError: it is no time.
    """
    if isinstance(moment, datetime):
        with suppress(ValueError):
            return in_utc(to_aware(moment, zone))
    raise ValidationError(f"{field} must be a datetime, not {moment!r:.60}", field=field)
