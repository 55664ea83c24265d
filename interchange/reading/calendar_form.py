"""Calendars, `.ics`: an event is a row, its properties by their names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ...domain import ValidationError
from ..fields import Row
from ..problems import RowProblem

if TYPE_CHECKING:
    from icalendar import Component

_OF_THE_CALENDAR = {
    "DTEND", "DURATION", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "UID", "TRANSP",
    "CLASS", "RELATED-TO",
}  # fmt: skip
"""What an event has for calendars, and a post has no use for."""
_STATES = {"TENTATIVE": "draft", "CONFIRMED": "scheduled", "CANCELLED": "cancelled"}


def read_calendar(text: str, source: str) -> Iterator[Row | RowProblem]:
    """Read the events of a calendar.

    Raises:
        ValidationError: it is no calendar, or what reads those is not installed.
    """
    try:
        from icalendar import Calendar
    except ImportError:
        raise ValidationError(
            f"{source} is a calendar, and what reads those is not installed",
            field="file",
            hint="install the extra `calendar`",
        ) from None
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except (ValueError, KeyError, IndexError) as error:
        raise ValidationError(f"{source} is no calendar: {error}", field="file") from None
    lines = _lines_of_events(text)
    for calendar in calendars:
        for event in calendar.walk("VEVENT"):
            yield _row(event, source, next(lines, None))


def _lines_of_events(text: str) -> Iterator[int]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().upper() == "BEGIN:VEVENT":
            yield number


def _row(event: Component, source: str, line: int | None) -> Row | RowProblem:
    begin = event.get("DTSTART")
    if "RRULE" in event or "RDATE" in event:
        return RowProblem(
            source, line, "the event repeats itself, and a post is there once", "RRULE",
            "give each time an event of its own",
        )  # fmt: skip
    moment = getattr(begin, "dt", None)
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return RowProblem(
            source, line, f"the event is all day ({moment}), and a post needs a time of day",
            "DTSTART", "give it a time",
        )  # fmt: skip
    values: dict[str, Any] = {
        name.upper(): _text(value)
        for name, value in event.items()
        if name.upper() not in _OF_THE_CALENDAR
    }
    if isinstance(moment, datetime):
        values["DTSTART"] = moment.isoformat()
    if "STATUS" in values:
        values["STATUS"] = _STATES.get(values["STATUS"].upper(), values["STATUS"])
    if not values.get("DESCRIPTION"):
        values.pop("DESCRIPTION", None)
        if "SUMMARY" in values:
            values["DESCRIPTION"] = values.pop("SUMMARY")
    return Row(source, line or 1, values)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    if hasattr(value, "cats"):
        return ", ".join(str(each) for each in value.cats)
    return str(value)
