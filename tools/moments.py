"""Times as people type them: ISO 8601, `now`, `+10m`, `-2h`, `2 days ago`, `yesterday`."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ..domain.errors import ValidationError
from ..scheduler.zone import to_aware

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_RELATIVE = re.compile(
    r"(?P<sign>[+-]|in\s)?\s*(?P<count>\d{1,6})\s*"
    r"(?P<unit>s|m|h|d|w|(?:second|minute|hour|day|week)s?)(?P<ago>\s+ago)?"
)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d?)(?:-(?P<day>\d\d?))?"
    r"(?:[t ](?P<hour>\d\d?)(?::(?P<minute>\d\d?)(?::(?P<second>\d\d?))?)?)?.*"
)
FORMS = "use ISO 8601 (2026-01-31T09:00, 2026-01-31T09:00+07:00), now, +10m, -2h or '2 days ago'"


def parse_moment(text: str, now: datetime) -> datetime:
    """The time that `text` means; without an offset it is naive, for the ledger's time zone.

    A date alone means its beginning.

    Raises:
        ValidationError: it is no time; says what was understood, or which forms there are.
    """
    moment = _parse(text, now)
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time.min)


def parse_bound(text: str, now: datetime, zone: ZoneInfo, *, end: bool = False) -> datetime:
    """The time that `text` means in `zone`, aware; with `end` a date alone means its last instant.

    Here `today`, `yesterday` and `tomorrow` are dates too, those of the zone.

    Raises:
        ValidationError: as `parse_moment`.
    """
    local = now.astimezone(zone)
    away = _DAYS.get(text.strip().lower())
    moment = _parse(text, local) if away is None else local.date() + timedelta(days=away)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.max if end else time.min)
    return to_aware(moment, zone)


def _parse(text: str, now: datetime) -> datetime | date:
    """A datetime, or a date where only one is given."""
    cleaned = text.strip().lower()
    if cleaned == "now":
        return now
    relative = _RELATIVE.fullmatch(cleaned)
    if relative is not None and (relative["sign"] or relative["ago"]):
        distance = timedelta(**{_UNITS[relative["unit"][0]]: int(relative["count"])})
        back = (relative["sign"] == "-") != bool(relative["ago"])
        try:
            return now - distance if back else now + distance
        except OverflowError:
            raise ValidationError(f"{text!r} is out of the calendar", field="time") from None
    try:
        if len(cleaned) == 10:
            return date.fromisoformat(cleaned)
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValidationError(
            f"{text!r} is not a time{_understood(cleaned, error)}", field="time", hint=FORMS
        ) from None


def _understood(text: str, error: ValueError) -> str:
    """What was understood of a text that has the shape of a time."""
    shape = _ISO.fullmatch(text)
    if shape is None:
        return ""
    read = ", ".join(f"{name} {value}" for name, value in shape.groupdict().items() if value)
    reason = str(error)
    return f": read as {read}" + ("" if reason.startswith("Invalid isoformat") else f"; {reason}")
