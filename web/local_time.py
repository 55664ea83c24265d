"""From the time on somebody's clock to the one moment that it is, and what is odd about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .. import InvalidScheduleTimeError, ValidationError
from .problems import Refusal

Oddity = Literal["gap", "fold"]
USUAL_ZONES = (
    "UTC", "Asia/Ho_Chi_Minh", "Asia/Bangkok", "Asia/Singapore", "Asia/Shanghai", "Asia/Seoul",
    "Asia/Tokyo", "Asia/Kolkata", "Asia/Dubai", "Australia/Sydney", "Europe/London",
    "Europe/Paris", "Europe/Berlin", "America/New_York", "America/Chicago",
    "America/Los_Angeles", "America/Sao_Paulo",
)  # fmt: skip
"""What is offered where a zone is asked for; any other may be written."""


class LocalTime(NamedTuple):
    """The moment that a local time is (UTC). In a `gap` no clock shows it, and the offset before
    counts; in a `fold` clocks show it twice, and `other` is the second."""

    at: datetime
    oddity: Oddity | None = None
    other: datetime | None = None


class MeantTime(NamedTuple):
    """A moment that may be meant by an odd time, and what clocks show at it."""

    moment: str
    clock: str
    offset: str


class OddTime(Refusal):
    """Somebody gave a time that is not there on that day, or is there twice: they are asked which
    moment they mean, by one of the `choices`."""

    def __init__(self, local: datetime, zone: ZoneInfo, found: LocalTime) -> None:
        what = "does not exist" if found.oddity == "gap" else "exists twice"
        super().__init__(
            422, f"{local:%H:%M} {what} on {local:%Y-%m-%d} in {zone.key}", field="scheduled_time"
        )
        self.local = local
        self.zone = zone
        self.oddity = found.oddity
        moments = [at for at in (found.at, found.other) if at is not None]
        self.choices = [_choice(at, zone) for at in moments]


def _choice(at: datetime, zone: ZoneInfo) -> MeantTime:
    local = at.astimezone(zone)
    return MeantTime(at.isoformat(), f"{local:%H:%M}", local.isoformat()[-6:])


_FIRST, _LAST = date(2, 1, 1), date(9998, 12, 31)
"""With room around them for a calendar."""


def day_in(given: Mapping[str, str], name: str) -> date | None:
    """Return the day that a form or an address names; None where it names none.

    Raises:
        ValidationError: it is no day.
    """
    text = given.get(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not _FIRST <= day <= _LAST:
        raise ValidationError(
            f"{name} {text!r:.40} is not a day", field=name, hint="use YYYY-MM-DD"
        )
    return day


def zone_of(name: str, usual: ZoneInfo) -> ZoneInfo:
    """Return the zone of an IANA name; the usual one where none is given.

    Raises:
        ValidationError: there is no such zone.
    """
    name = name.strip()
    if not name or name == usual.key:
        return usual
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(
            f"there is no time zone {name!r:.60}", field="zone", hint="such as Asia/Tokyo"
        ) from None


def moment_of(local: datetime, zone: ZoneInfo) -> LocalTime:
    """Return the moment of a naive local time in a zone.

    Raises:
        OverflowError: it is at the very ends of the calendar.
    """
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    at, later = first.astimezone(UTC), second.astimezone(UTC)
    if at == later:
        return LocalTime(at)
    if at.astimezone(zone).replace(tzinfo=None, fold=0) != local.replace(fold=0):
        return LocalTime(at, "gap")
    return LocalTime(at, "fold", later)


def meant_moment(text: str, zone: ZoneInfo, meant: str) -> datetime:
    """Return the moment of a time as a browser gives it, in a zone. Of an odd one it is what
    `meant` says, the moment of one of the choices that were given. With an offset it is exact.

    Raises:
        InvalidScheduleTimeError: it is no time.
        OddTime: it has to be asked what is meant.
    """
    try:
        local = datetime.fromisoformat(text)
        if local.tzinfo is not None:
            return local.astimezone(UTC)
        found = moment_of(local, zone)
    except (ValueError, OverflowError):
        raise InvalidScheduleTimeError(
            f"scheduled_time {text!r:.60} is no time",
            field="scheduled_time",
            hint="such as 2026-01-31T09:00",
        ) from None
    if found.oddity is None:
        return found.at
    for moment in (found.at, found.other):
        if moment is not None and moment.isoformat() == meant:
            return moment
    raise OddTime(local, zone, found)


def moment_in(form: Mapping[str, str], usual: ZoneInfo) -> datetime:
    """Return the moment that a form with a time says: `scheduled_time`, in its `zone`.

    Raises:
        ValidationError: there is no such zone, or it is no time.
        OddTime: it has to be asked what is meant.
    """
    zone = zone_of(form.get("zone", ""), usual)
    return meant_moment(form.get("scheduled_time", ""), zone, form.get("meant", ""))
