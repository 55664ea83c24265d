"""Times as people type them: ISO 8601, `now`, `+10m`, `2 days ago`, `tomorrow 9:00`, `friday`.

A text is parsed first, which needs neither a clock nor a zone, and understood then: `ahead` by
those who plan (`9:00` is the next one), `bound` by those who look back (`9:00` is today's).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from ..domain import ValidationError

FORMS = (
    "use 9:00, 'today 9:00', 'tomorrow 9:00', 'friday 18:30', now, +10m, -2h, '2 days ago', or"
    " ISO 8601 (2026-01-31T09:00, 2026-01-31T09:00+07:00)"
)
FILE_FORMS = "use ISO 8601 (2026-01-31T09:00, 2026-01-31T09:00+07:00), now, or +10m"
_LONGEST = 80
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"(\d{1,6})\s*(s|m|h|d|w|(?:second|minute|hour|day|week)s?)(?![a-z])\s*", re.A)
_RELATIVE = re.compile(
    rf"(?P<sign>[+-]|in\s)?\s*(?P<parts>(?:{_PART.pattern})+?)(?P<ago>ago)?", re.A
)
_NEAR = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon", "tuesday tue tues", "wednesday wed", "thursday thu thur thurs",
            "friday fri", "saturday sat", "sunday sun",
        )
    )
    for name in names.split()
}  # fmt: skip
_WORDS = re.compile(
    rf"(?P<day>{'|'.join(sorted({*_NEAR, *_WEEKDAYS}, key=len, reverse=True))}"
    r"|\d{4}-\d\d-\d\d)?(?:(?:^|\s+|,\s*)(?:at\s+)?"
    r"(?P<hour>\d\d?)(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)?\s*(?P<half>am|pm)?)?",
    re.A,
)
_STRICT = re.compile(
    r"(?:\d{4}-\d\d-\d\d|\d{8}|\d{4}-W\d\d(?:-\d)?|\d{4}W\d\d\d?)"
    r"(?P<time>[Tt ][\d:.,]+(?:[Zz]|[+-]\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?)?)?",
    re.A,
)
_LOOSE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d?)(?:-(?P<day>\d\d?))?"
    r"(?:[t ](?P<hour>\d\d?)(?::(?P<minute>\d\d?)(?::(?P<second>\d\d?))?)?)?.*",
    re.A,
)
_OFFSETS = timedelta(hours=-12), timedelta(hours=14)


class Moment(msgspec.Struct, frozen=True):
    """A time as it was understood: aware, in the ledger's zone; `note` is what a person has to know
    besides, where clocks change."""

    at: datetime
    note: str = ""


class Typed(msgspec.Struct, frozen=True):
    """What somebody typed, parsed: either a `distance` from now, or a day and a time of it.

    A day is a date, or how many days it is away, or a weekday (from Monday, 0); without one it is
    whatever day fits. The time has an offset where one was typed, and may be missing.
    """

    text: str
    distance: timedelta | None = None
    day: date | None = None
    away: int | None = None
    weekday: int | None = None
    clock: time | None = None

    def ahead(self, now: datetime, zone: ZoneInfo) -> Moment:
        """Read it as somebody who plans: a time or a weekday alone is the next one.

        Raises:
            ValidationError: it is out of the calendar.
        """
        local = now.astimezone(zone)
        moment = self._at(local, zone, self._first_day(local))
        if self.day is None and self.distance is None and self.away is None and moment.at <= now:
            days = 1 if self.weekday is None else 7
            moment = self._at(local, zone, self._first_day(local) + timedelta(days=days))
        return moment

    def bound(self, now: datetime, zone: ZoneInfo, *, end: bool = False) -> datetime:
        """Read it as somebody who looks back: a time alone is today's, a weekday the last one up to
        today, a day without a time its beginning, or with `end` its last instant.

        Raises:
            ValidationError: it is out of the calendar.
        """
        local = now.astimezone(zone)
        day = self._first_day(local)
        if self.weekday is not None and day > local.date():
            day -= timedelta(days=7)
        return self._at(local, zone, day, time.max if end else time.min).at

    def _first_day(self, local: datetime) -> date:
        """Return the day meant, or the first that could be, from today on."""
        if self.day is not None:
            return self.day
        away = self.away or 0
        if self.weekday is not None:
            away = (self.weekday - local.weekday()) % 7
        return local.date() + timedelta(days=away)

    def _at(self, local: datetime, zone: ZoneInfo, day: date, without: time = time.min) -> Moment:
        try:
            if self.distance is not None:
                return Moment((local.astimezone(UTC) + self.distance).astimezone(zone))
            clock = without if self.clock is None else self.clock
            return moment_in(datetime.combine(day, clock), zone)
        except OverflowError:
            raise _outside(self.text) from None


def moment_in(moment: datetime, zone: ZoneInfo) -> Moment:
    """Return a time of the zone, with a word where the zone skips it, or has it twice.

    Raises:
        OverflowError: it is out of the calendar there.
    """
    if moment.tzinfo is not None:
        return Moment(moment.astimezone(zone))
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    at = first.astimezone(UTC).astimezone(zone)
    if first.utcoffset() == second.utcoffset():
        return Moment(at)
    clock = f"{moment:%H:%M}"
    if at.replace(tzinfo=None) != moment:
        note = f"{clock} is skipped on that day, clocks go forward: it is read as {at:%H:%M}"
    else:
        other = second.isoformat()[-6:]
        note = f"{clock} is there twice on that day: the first is meant; the other has {other}"
    return Moment(at, note)


def parse_time(text: str) -> Typed:
    """Read what a text means, as far as that can be said without a clock and a zone.

    Raises:
        ValidationError: it is no time; says what was understood, or which forms there are.
    """
    cleaned = text.strip().lower()
    if len(cleaned) > _LONGEST:
        raise _no_time(f"{text[:_LONGEST]}…")
    if cleaned == "now":
        return Typed(text, distance=timedelta(0))
    relative = _RELATIVE.fullmatch(cleaned)
    if relative is not None and (relative["sign"] or relative["ago"]):
        back = (relative["sign"] == "-") != bool(relative["ago"])
        distance = _distance(relative["parts"])
        return Typed(text, distance=-distance if back else distance)
    words = _WORDS.fullmatch(cleaned)
    found = None if words is None else _from_words(text, words)
    return found or _from_iso(text, cleaned)


def parse_moment(text: str, now: datetime) -> datetime:
    """Read the time that a file says, by fewer forms: those that mean the same to whoever reads it.

    Without an offset it is naive, for the zone of the ledger; a date alone means its beginning.

    Raises:
        ValidationError: as `parse_time`.
    """
    typed = parse_time(text)
    if typed.distance is not None:
        try:
            return now + typed.distance
        except OverflowError:
            raise _outside(text) from None
    if typed.day is None:
        raise _no_time(text, forms=FILE_FORMS)
    return datetime.combine(typed.day, typed.clock or time.min)


def _distance(parts: str) -> timedelta:
    found = (timedelta(**{_UNITS[unit[0]]: int(count)}) for count, unit in _PART.findall(parts))
    return sum(found, timedelta(0))


def _from_words(text: str, words: re.Match[str]) -> Typed | None:
    day, clock = words["day"], None
    if words["hour"] is not None:
        if words["minute"] is None and words["half"] is None:
            return None  # a number alone could be anything
        hour = int(words["hour"])
        if words["half"] is not None:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if words["half"] == "pm" else 0)
        try:
            clock = time(hour, int(words["minute"] or 0), int(words["second"] or 0))
        except ValueError:
            return None
    if day is None:
        return None if clock is None else Typed(text, clock=clock)
    if day in _NEAR:
        return Typed(text, away=_NEAR[day], clock=clock)
    if day in _WEEKDAYS:
        return Typed(text, weekday=_WEEKDAYS[day], clock=clock)
    try:
        return Typed(text, day=date.fromisoformat(day), clock=clock)
    except ValueError:
        return None


def _from_iso(text: str, cleaned: str) -> Typed:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise _no_time(text, _understood(cleaned, error)) from None
    shape = _STRICT.fullmatch(text.strip())
    if shape is None:  # rule: no-half-offset
        raise _no_time(text, ": between date and time is a T or a blank, and an offset has minutes")
    if shape["time"] is None:
        return Typed(text, day=moment.date())
    offset = moment.utcoffset()
    if offset is not None and not _OFFSETS[0] <= offset <= _OFFSETS[1]:
        raise _no_time(text, ": an offset is from -12:00 to +14:00")
    return Typed(text, day=moment.date(), clock=moment.timetz())


def _no_time(text: str, understood: str = "", *, forms: str = FORMS) -> ValidationError:
    return ValidationError(f"{text!r} is not a time{understood}", field="time", hint=forms)


def _outside(text: str) -> ValidationError:
    return ValidationError(f"{text!r} is out of the calendar", field="time")


def _understood(text: str, error: ValueError) -> str:
    """Say what was understood of a text that has the shape of a time."""
    shape = _LOOSE.fullmatch(text)
    if shape is None:
        return ""
    read = ", ".join(f"{name} {value}" for name, value in shape.groupdict().items() if value)
    reason = str(error)
    return f": read as {read}" + ("" if reason.startswith("Invalid isoformat") else f"; {reason}")


def say_moment(moment: Moment, now: datetime, expire_after: timedelta) -> str:
    """Say a due time in words: weekday, date, time, offset and zone, how far away, and what follows
    from that."""
    at = moment.at
    zone = getattr(at.tzinfo, "key", at.tzname())
    seconds = f"{at:%S}" if at.second or at.microsecond else ""
    said = f"{at:%a %Y-%m-%d %H:%M}{seconds and ':' + seconds} {at.isoformat()[-6:]} ({zone})"
    away = at - now
    if timedelta(seconds=-1) < away < timedelta(seconds=1):
        said += ", now"
    elif away > timedelta(0):
        said += f", in {span_in_words(away)}"
    else:
        late = -away > expire_after
        said += f", {span_in_words(-away)} ago: " + (
            "too late to be posted, it will expire" if late else "due at once"
        )
    return f"{said}; {moment.note}" if moment.note else said


def span_in_words(length: timedelta) -> str:
    """Say a length in whole units, of which there is more than one where it can be said so."""
    seconds = round(length.total_seconds())
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
