"""Times as files have them: ISO 8601, what people and spreadsheets write, serial numbers.

What reads in two ways is refused until somebody says which is meant: day and month in front of a
year (`--dates`), names of zones that are several. Nothing is taken from the other rows of a file.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec

from ...domain import ValidationError
from ...ledger import load_zone
from ..typed_times import Moment, moment_in, parse_moment
from ..wishes import DateOrder, Wishes

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun",
            "july jul", "august aug", "september sep sept", "october oct", "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = rf"(?:(?P<weekday>{'|'.join(_DAYS)})[a-z]*\.?,?\s+)?"
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_DATE = (
    r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d\d?)(?P=sign)(?P<day>\d\d?)",
    r"(?P<one>\d\d?)(?P<sign>[-/.])(?P<two>\d\d?)(?P=sign)(?P<year>\d{4}|\d\d)",
    rf"{_WEEKDAY}{_MONTH}\s+(?P<day>\d\d?)(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})",
    rf"{_WEEKDAY}(?P<day>\d\d?)(?:st|nd|rd|th)?[ -]{_MONTH},?[ -](?P<year>\d{{4}})",
)
_CLOCK = (
    r"(?P<hour>\d\d?)(?:(?::|h)(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,6})?)?|h)?"
    r"(?:\s*(?P<half>am|pm|a\.m\.|p\.m\.|sa|ch)(?![a-z]))?"
)
_ZONE = (
    r"(?:(?P<offset>\s?[+]\d\d:?\d\d|-\d\d:?\d\d|\s?z)|\s+\[?(?P<zone>[a-z]+(?:[/_+-]\w+)*)\]?)?"
)
_FORMS = [
    re.compile(form, re.A | re.I)
    for date in _DATE
    for form in (
        rf"{date}(?:(?:,?\s+(?:at\s+)?|t){_CLOCK}{_ZONE})?",
        rf"{_CLOCK},?\s+{date}",
    )
]
_TIME = re.compile(_CLOCK, re.A | re.I)
_SERIAL = re.compile(r"(\d{5})(?:[.,](\d+))?", re.A)
_FRACTION = re.compile(r"0[.,](\d+)", re.A)
_EPOCH = re.compile(r"\d{10}|\d{13}", re.A)
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?$")
_RELATIVE = re.compile(r"now|[+-]|in\s", re.I)
_BEGIN = datetime(1899, 12, 30)  # noqa: DTZ001 - of the serial numbers, which have no zone
_SERIALS = range(32_874, 73_051)
"""Those of 1990 to 2099."""
FORMS = "write it as 2026-01-31 09:00, with an offset if the zone is another (+07:00)"


class WrittenTimes(msgspec.Struct, frozen=True):
    """Reads the times of a file: naive ones as of `zone`, relative ones from `now`."""

    now: datetime
    zone: ZoneInfo
    wishes: Wishes = Wishes()

    def read(self, text: str) -> Moment:
        """Return the moment that a text means.

        Raises:
            ValidationError: it is no time, or not clear.
        """
        moment = self._moment(text.strip())
        try:
            if moment.tzinfo is not None:
                return Moment(moment.astimezone(UTC))
            found = moment_in(moment, self.zone)
            return Moment(found.at.astimezone(UTC), found.note)
        except OverflowError:
            raise ValidationError(f"{text!r} is out of the calendar", field="time") from None

    def _moment(self, text: str) -> datetime:
        try:
            return parse_moment(text, self.now)
        except ValidationError as error:
            found = self._as_people_write(text) or _serial(text)
            if found is not None:
                return found
            if _EPOCH.fullmatch(text):
                raise _epoch(text) from None
            raise ValidationError(error.message, field="time", hint=FORMS) from None

    def _as_people_write(self, text: str) -> datetime | None:
        for form in _FORMS:
            found = form.fullmatch(text)
            if found is not None:
                return self._of_parts(text, found.groupdict())
        return None

    def _of_parts(self, text: str, parts: dict[str, str | None]) -> datetime:
        year, month, day = self._date(text, parts)
        hour, minute, second = _clock(text, parts)
        try:
            moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
        except ValueError as error:
            raise ValidationError(f"{text!r} is not a time: {error}", field="time") from None
        weekday = parts.get("weekday")
        if weekday and _DAYS[moment.weekday()] != weekday.lower():
            raise ValidationError(
                f"{text!r} is not a time: that day is a {moment:%A}", field="time"
            )
        return self._in_its_zone(text, moment, parts)

    def _date(self, text: str, parts: dict[str, str | None]) -> tuple[int, int, int]:
        if "one" not in parts:
            month = str(parts["month"])
            number = int(month) if month.isdigit() else _MONTHS[month.lower()]
            return int(parts["year"] or 0), number, int(parts["day"] or 0)
        one, two, year = (int(parts[name] or 0) for name in ("one", "two", "year"))
        order = self.wishes.dates
        if order is None:  # rule: order-of-a-date-is-said
            raise ValidationError(
                f"{text!r} has its year last: the day may come first, or the month",
                field="time",
                hint=self._which_is_first(),
            )
        if order == "mdy" and parts["sign"] == ".":
            raise ValidationError(
                f"{text!r} has dots, as dates that begin with the day have, and the month is said"
                " to come first",
                field="time",
                hint=FORMS,
            )
        day, month_number = (one, two) if order == "dmy" else (two, one)
        if month_number > 12:
            raise ValidationError(
                f"{text!r} is not a time: there is no month {month_number} (dates are read as"
                f" {_SAID[order]})",
                field="time",
            )
        return year + (2000 if year < 100 else 0), month_number, day

    def _which_is_first(self) -> str:
        wishes = self.wishes
        if wishes.labels is not None:
            return f"say which: {wishes.option('--dates')}"
        ways = wishes.hint("--dates", "dmy"), wishes.option("--dates", "mdy")
        return f"{ways[0]} if the day comes first, {ways[1]} if the month does"

    def _in_its_zone(self, text: str, moment: datetime, parts: dict[str, str | None]) -> datetime:
        offset, name = (parts.get("offset") or "").strip(), parts.get("zone")
        if offset:
            return moment.replace(tzinfo=_offset(text, offset))
        if not name:
            return moment
        if name.upper() in ("UTC", "GMT"):
            return moment.replace(tzinfo=UTC)
        if "/" in name:
            zone = load_zone(name)
            return moment_in(moment, zone).at
        raise ValidationError(
            f"{text!r} is not clear: {name} is no zone that all have by that name",
            field="time",
            hint=f"write an offset (+07:00), or take it away and say the zone of the file:"
            f" {self.wishes.hint('--times-in', 'Asia/Ho_Chi_Minh')}",
        )


_SAID: dict[DateOrder, str] = {"dmy": "day, month, year", "mdy": "month, day, year"}


def is_relative(text: str) -> bool:
    """Whether a text says a distance from now."""
    return _RELATIVE.match(text.strip()) is not None or text.strip().lower().endswith("ago")


def has_clock(text: str) -> bool:
    """Whether a text says a time of day, and not a day alone."""
    return is_relative(text) or bool(re.search(r"\d(?::\d\d|h|\s*[ap]\.?m|t\d)|[.,]\d", text, re.I))


def together(date: str, clock: str) -> str:
    """Return the text of a time whose day is in one column and whose time of day in another."""
    day, clock = _MIDNIGHT.sub("", date.strip()), clock.strip()
    serial, part = _serial(day), _FRACTION.fullmatch(clock)
    if serial is not None:
        day = serial.date().isoformat() if serial.time() == time.min else day
    if part is not None:
        clock = (_BEGIN + _days(f"0.{part[1]}")).time().isoformat()
    if not day or not clock:
        return day or clock
    if has_clock(day):
        raise ValidationError(
            f"the date {date.strip()!r:.40} has a time of day, and there is {clock!r:.40} besides",
            field="time",
            hint="which of the two is meant? Take one away",
        )
    clock = re.sub(r"^(?:1899-12-3[01]|1900-01-0[01])[T ]", "", clock)  # a time of day alone
    if not _TIME.fullmatch(clock.split(" ")[0]) and not _TIME.fullmatch(clock):
        raise ValidationError(
            f"the time {clock!r:.40} is no time of day", field="time", hint="write it as 09:00"
        )
    if clock.isdigit():
        raise ValidationError(
            f"the time {clock!r:.40} is not clear", field="time", hint="write it as 09:00"
        )
    return f"{day} {clock}"


def _clock(text: str, parts: dict[str, str | None]) -> tuple[int, int, int]:
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or "").lower().replace(".", "")
    if parts.get("hour") and not half and parts.get("minute") is None and "h" not in text.lower():
        raise ValidationError(
            f"{text!r} is not clear: the minutes are missing", field="time", hint=FORMS
        )
    if half:
        if not 1 <= hour <= 12:
            raise ValidationError(f"{text!r} is not a time: hour {hour} {half}", field="time")
        hour = hour % 12 + (12 if half in ("pm", "ch") else 0)
    return hour, minute, second


def _offset(text: str, offset: str) -> timezone:
    if offset.lower() == "z":
        return UTC
    digits = offset[1:].replace(":", "")
    length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    signed = -length if offset[0] == "-" else length
    if not timedelta(hours=-12) <= signed <= timedelta(hours=14) or int(digits[2:]) > 59:
        raise ValidationError(
            f"{text!r} is not a time: an offset is from -12:00 to +14:00", field="time"
        )
    return timezone(signed)


def _serial(text: str) -> datetime | None:
    """Return the time of a spreadsheet's serial number: days since the end of 1899."""
    found = _SERIAL.fullmatch(text)
    if found is None or int(found[1]) not in _SERIALS:
        return None
    return _BEGIN + _days(f"{found[1]}.{found[2] or 0}")


def _days(number: str) -> timedelta:
    """Return so many days, to the second: more a spreadsheet's fractions do not say."""
    return timedelta(seconds=round(float(number) * 86_400))


def _epoch(text: str) -> ValidationError:
    seconds = int(text) / (1000 if len(text) == 13 else 1)
    said = datetime.fromtimestamp(seconds, UTC).isoformat()
    return ValidationError(
        f"{text!r} is not a time: a number of seconds since 1970, it seems",
        field="time",
        hint=f"write it as {said}",
    )
