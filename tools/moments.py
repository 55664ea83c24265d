"""Times as people type them: ISO 8601, `now`, `+10m`, `-2h`, `2 days ago`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ..domain.errors import ValidationError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_RELATIVE = re.compile(
    r"(?P<sign>[+-])?\s*(?P<count>\d{1,6})\s*"
    r"(?P<unit>s|m|h|d|w|(?:second|minute|hour|day|week)s?)(?P<ago>\s+ago)?"
)
FORMS = "use ISO 8601 (2026-01-31T09:00, 2026-01-31T09:00+07:00), now, +10m, -2h or '2 days ago'"


def parse_moment(text: str, now: datetime) -> datetime:
    """The time that `text` means; without an offset it is naive, for the ledger's time zone.

    Raises:
        ValidationError: it is no time; says which forms are.
    """
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
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValidationError(f"{text!r} is not a time", field="time", hint=FORMS) from None
