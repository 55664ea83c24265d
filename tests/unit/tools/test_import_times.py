"""Times of a file: what is understood, what is refused, and never a guess."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from jobledger import ValidationError
from jobledger.interchange.understanding.times import WrittenTimes, together
from jobledger.interchange.wishes import DateOrder, Wishes

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")


def _name(text: str) -> str:
    return text.replace(" ", "_").replace("/", ".")


def read(text: str, dates: DateOrder | None = None, zone: ZoneInfo = SAIGON) -> str:
    moment = WrittenTimes(NOW, zone, Wishes(dates=dates)).read(text).at
    return moment.astimezone(zone).isoformat()[:19]


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-03 09:00", "2026-12-03T09:00", "2026-12-03T02:00Z", "2026-12-03 02:00:00 +0000",
        "20261203T0900", "2026/12/03 09:00", "2026-12-3 9:00 AM", "2026-12-03 9h00",
        "Dec 3, 2026 9:00 AM", "Thu, Dec 3, 2026 9:00", "3 December 2026 9am", "3-Dec-2026 09:00",
        "46359.375", "46359,375", "2026-12-03 9:00 SA", "2026-12-03 02:00 UTC",
        "2026-12-03 03:00 Europe/Berlin", "2026-12-03T09:00:00.000",
    ],
    ids=_name,
)  # fmt: skip
def test_what_can_mean_one_time_alone_is_understood(text: str) -> None:
    assert read(text) == "2026-12-03T09:00:00"


YEAR_LAST = ["3/12/2026 9:00", "03-12-2026 9:00 AM", "9h00 3/12/2026", "3/12/26 09:00",
             "03/12/2026, 09:00:00"]  # fmt: skip


@pytest.mark.parametrize("text", YEAR_LAST, ids=_name)
def test_a_date_with_its_year_last_is_what_somebody_says_it_is(text: str) -> None:
    assert read(text, "dmy") == "2026-12-03T09:00:00"
    assert read(text, "mdy") == "2026-03-12T09:00:00"


@pytest.mark.parametrize("text", [*YEAR_LAST, "25/12/2026 9:00", "03.12.2026 09:00"], ids=_name)
def test_and_until_then_it_is_refused_also_where_it_could_be_nothing_else(text: str) -> None:
    with pytest.raises(ValidationError, match="year last") as refused:
        read(text)
    assert "--dates dmy" in str(refused.value)


def test_dots_have_the_day_first_and_are_refused_as_anything_else() -> None:
    assert read("03.12.2026 09:00", "dmy") == "2026-12-03T09:00:00"
    with pytest.raises(ValidationError, match="dots"):
        read("03.12.2026 09:00", "mdy")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-12-03 09-15", "between date and time"),
        ("2026-12-03 20-05", "between date and time"),
        ("2026-12-03-05", "between date and time"),
        ("2026-12-03/05", "between date and time"),
        ("2026-12-03x09:00", "between date and time"),
        ("2026-12-03 09:00-17:00", "from -12:00 to [+]14:00"),
        ("2026-12-03 09:00+15:00", "from -12:00 to [+]14:00"),
        ("2026-12-03 09:00-10", "an offset has minutes"),
        ("2026-12-03 09:00 -10:00", "an offset has minutes"),
        ("2026-12-03 09:00 - 10:00", "is not a time"),
        ("2026-12-03 9", "the minutes are missing"),
        ("25/13/2026 9:00", "no month 13"),
        ("Fri, Dec 3, 2026 9:00", "a Thursday"),
        ("2026-12-03 09:00 ICT", "no zone that all have"),
        ("2026-12-03 09:00 Asia/Nowhere", "not known"),
        ("1796263200", "seconds since 1970"),
        ("13:00 PM 3/12/2026", "hour 13 pm"),
        ("99999", "is not a time"),
        ("soon", "is not a time"),
    ],
)
def test_what_would_be_another_time_than_was_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        read(text, "dmy")


def test_the_hint_of_a_number_of_seconds_is_the_time_that_it_is() -> None:
    with pytest.raises(ValidationError) as refused:
        read("1796263200")
    written = str(refused.value.hint).removeprefix("write it as ")
    assert read(written, zone=ZoneInfo("UTC")) == "2026-12-03T02:00:00"


def test_a_time_that_clocks_skip_or_have_twice_is_told() -> None:
    times = WrittenTimes(NOW, ZoneInfo("Europe/Berlin"))
    assert "skipped" in times.read("2027-03-28 02:30").note
    assert "there twice" in times.read("2027-10-31 02:30").note
    assert times.read("2027-10-31 02:30+01:00").note == ""


@pytest.mark.parametrize(
    ("date", "clock", "means"),
    [
        ("2026-12-03", "10:00 AM", "2026-12-03T10:00:00"),
        ("2026-12-03 00:00:00", "9:00", "2026-12-03T09:00:00"),
        ("03/12/2026", "9h30", "2026-12-03T09:30:00"),
        ("46359", "0.375", "2026-12-03T09:00:00"),
        ("46359", "21:00:00", "2026-12-03T21:00:00"),
        ("2026-12-03", "1899-12-31 09:00:00", "2026-12-03T09:00:00"),
    ],
)
def test_a_date_and_a_time_in_two_columns_are_one(date: str, clock: str, means: str) -> None:
    assert read(together(date, clock), "dmy") == means


@pytest.mark.parametrize(
    ("date", "clock"), [("2026-12-03 09:00", "10:00"), ("2026-12-03", "9"), ("2026-12-03", "noon")]
)
def test_and_are_refused_where_they_are_two(date: str, clock: str) -> None:
    with pytest.raises(ValidationError):
        together(date, clock)
