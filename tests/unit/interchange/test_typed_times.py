"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from jobledger import ValidationError
from jobledger.interchange.typed_times import parse_moment, parse_time, say_moment

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday; in Saigon it is 19:00."""
SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "distance"),
    [
        ("now", timedelta(0)),
        (" NOW ", timedelta(0)),
        ("+10m", timedelta(minutes=10)),
        ("-2h", timedelta(hours=-2)),
        ("+1d", DAY),
        ("+ 90 seconds", timedelta(seconds=90)),
        ("+1h30m", timedelta(minutes=90)),
        ("in 1 hour 30 minutes", timedelta(minutes=90)),
        ("2 days ago", -2 * DAY),
        ("1h 30m ago", timedelta(minutes=-90)),
        (" 3W AGO ", timedelta(weeks=-3)),
    ],
)
def test_relative_times_are_from_now(text: str, distance: timedelta) -> None:
    """now, a sign, `in` or `ago`; the same to everybody."""
    assert parse_moment(text, NOW) == NOW + distance
    assert parse_time(text).ahead(NOW, SAIGON).at == NOW + distance
    assert parse_time(text).bound(NOW, SAIGON, end=True) == NOW + distance


def test_a_distance_is_elapsed_time_whatever_the_clocks_do() -> None:
    """An hour is an hour, also in the night in which clocks go forward."""
    before = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)
    found = parse_time("+1h").ahead(before, BERLIN)
    assert (f"{found.at:%H:%M %z}", found.note) == ("03:30 +0200", "")


def test_iso_times_keep_their_offset_or_stay_naive() -> None:
    """In a file; a naive one is for the ledger's zone."""
    assert parse_moment("2026-01-31T09:00", NOW) == datetime(2026, 1, 31, 9)  # noqa: DTZ001
    hanoi = timezone(timedelta(hours=7))
    assert parse_moment("2026-01-31T09:00+07:00", NOW) == datetime(2026, 1, 31, 9, tzinfo=hanoi)
    assert parse_moment("2026-01-31T09:00Z", NOW) == datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["9:00", "today", "tomorrow 9:00", "friday", "fri 18:30"])
def test_a_file_has_no_words_that_mean_another_day_when_it_is_read_again(text: str) -> None:
    with pytest.raises(ValidationError, match=r"is not a time \(use ISO 8601"):
        parse_moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("9:00", "2026-03-03 09:00"),
        ("19:00", "2026-03-03 19:00"),
        ("19:01", "2026-03-02 19:01"),
        ("at 19:01", "2026-03-02 19:01"),
        ("23:59:59", "2026-03-02 23:59"),
        ("9am", "2026-03-03 09:00"),
        ("9 PM", "2026-03-02 21:00"),
        ("12am", "2026-03-03 00:00"),
        ("12:30pm", "2026-03-03 12:30"),
        ("today", "2026-03-02 00:00"),
        ("today 9:00", "2026-03-02 09:00"),
        ("today 21:00", "2026-03-02 21:00"),
        ("Tomorrow 9:00", "2026-03-03 09:00"),
        ("tomorrow at 9am", "2026-03-03 09:00"),
        ("tomorrow", "2026-03-03 00:00"),
        ("yesterday 9:00", "2026-03-01 09:00"),
        ("monday 19:00", "2026-03-09 19:00"),
        ("monday 19:30", "2026-03-02 19:30"),
        ("monday", "2026-03-09 00:00"),
        ("friday 18:30", "2026-03-06 18:30"),
        ("FRI 18:30", "2026-03-06 18:30"),
        ("sunday, 7:05", "2026-03-08 07:05"),
        ("thurs", "2026-03-05 00:00"),
        ("2026-01-31", "2026-01-31 00:00"),
        ("2026-01-31 9:00", "2026-01-31 09:00"),
        ("2026-01-31 9pm", "2026-01-31 21:00"),
        ("2026-01-31T09:00", "2026-01-31 09:00"),
        ("2026-01-31t09:00:30.5", "2026-01-31 09:00"),
        ("2026-01-31T09:00Z", "2026-01-31 16:00"),
        ("2026-01-31T09:00-0500", "2026-01-31 21:00"),
        ("20260131T0900", "2026-01-31 09:00"),
        ("2026-W05-6", "2026-01-31 00:00"),
    ],
)
def test_who_plans_means_the_next_one_in_the_ledgers_zone(text: str, local: str) -> None:
    """A time alone is today's or tomorrow's, a weekday the next one on which it is still ahead."""
    found = parse_time(text).ahead(NOW, SAIGON)
    assert (f"{found.at:%Y-%m-%d %H:%M}", found.note) == (local, "")
    assert found.at.tzinfo is SAIGON


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("2026-03-01", "2026-03-01T00:00", "2026-03-01T23:59:59.999999"),
        ("20260301", "2026-03-01T00:00", "2026-03-01T23:59:59.999999"),
        ("yesterday", "2026-03-02T00:00", "2026-03-02T23:59:59.999999"),
        ("today", "2026-03-03T00:00", "2026-03-03T23:59:59.999999"),
        ("tuesday", "2026-03-03T00:00", "2026-03-03T23:59:59.999999"),
        ("wednesday", "2026-02-25T00:00", "2026-02-25T23:59:59.999999"),
        ("monday 9:00", "2026-03-02T09:00", "2026-03-02T09:00"),
        ("9:00", "2026-03-03T09:00", "2026-03-03T09:00"),
        ("2026-03-01T09:30", "2026-03-01T09:30", "2026-03-01T09:30"),
        ("2026-03-01T02:30Z", "2026-03-01T09:30", "2026-03-01T09:30"),
        ("in 2 hours", "2026-03-03T02:30", "2026-03-03T02:30"),
    ],
)
def test_who_looks_back_means_the_last_one(text: str, begins: str, ends: str) -> None:
    """A day is a whole day of the ledger's zone: as the first bound it begins it, as the last it
    ends it."""
    now = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # in Saigon it is 00:30 of Tuesday
    typed = parse_time(text)
    assert typed.bound(now, SAIGON) == datetime.fromisoformat(begins).replace(tzinfo=SAIGON)
    end = datetime.fromisoformat(ends).replace(tzinfo=SAIGON)
    assert typed.bound(now, SAIGON, end=True) == end


@pytest.mark.parametrize(
    ("text", "local", "note"),
    [
        ("2026-03-29 02:30", "03:30 +0200", "02:30 is skipped on that day"),
        ("2026-03-29 02:00", "03:00 +0200", "it is read as 03:00"),
        ("2026-03-29 01:59", "01:59 +0100", ""),
        ("2026-03-29 03:00", "03:00 +0200", ""),
        ("2026-10-25 02:30", "02:30 +0200", "02:30 is there twice on that day"),
        ("2026-10-25 02:59", "02:59 +0200", "the other has +01:00"),
        ("2026-10-25 03:00", "03:00 +0100", ""),
        ("2026-10-25T02:30+01:00", "02:30 +0100", ""),
    ],
)
def test_a_time_that_is_skipped_or_there_twice_is_told(text: str, local: str, note: str) -> None:
    """And read as everywhere else: with the offset before the gap, and the first of two."""
    found = parse_time(text).ahead(NOW, BERLIN)
    assert f"{found.at:%H:%M %z}" == local
    assert note in found.note
    assert bool(note) == bool(found.note)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "10m", "10", "9", "friday 9", "2026-13-01", "+10 fortnights", "+1mo", "25:00",
        "9:60", "13pm", "0am", "next friday", "friday friday", "+", "in", "ago", "--1h", "9:00 x",
        "٩:00", "+٩m", "2026-01-31x09:00", "2026-01-31T09:00+07", "2026-01-31 09:00-10",
        "2026-01-31T09:00+15:00", "2026-01-31T09:00-12:30", "\0", "9" * 30,
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_the_forms_that_are(text: str) -> None:
    """The text itself is in the message."""
    with pytest.raises(ValidationError) as caught:
        parse_time(text)
    assert repr(text) in str(caught.value)
    assert "'friday 18:30'" in str(caught.value)


def test_a_long_text_is_not_searched_for_a_time() -> None:
    """Nor shown as a whole."""
    with pytest.raises(ValidationError) as caught:
        parse_time("1h" * 100_000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("+999999w", "UTC"),
        ("999999w ago", "UTC"),
        ("0001-01-01", "Asia/Ho_Chi_Minh"),
        ("9999-12-31 23:59", "Pacific/Pago_Pago"),
    ],
)
def test_what_is_out_of_the_calendar_is_refused(text: str, zone: str) -> None:
    """Also where only its instant in UTC is."""
    typed = parse_time(text)
    for understand in (typed.ahead, typed.bound):
        with pytest.raises(ValidationError, match="is out of the calendar"):
            understand(NOW, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("2026-02-30", "read as year 2026, month 02, day 30; day is out of range for month"),
        ("2026-02-03T25:10", "read as year 2026, month 02, day 03, hour 25, minute 10"),
        ("2026-2-3", "read as year 2026, month 2, day 3"),
        ("2026-02-03T09:00-10", "an offset has minutes"),
        ("2026-02-03T09:00+14:30", "an offset is from -12:00 to +14:00"),
    ],
)
def test_an_impossible_time_says_what_was_understood(text: str, understood: str) -> None:
    """Not only that it is wrong."""
    with pytest.raises(ValidationError, match=understood.replace("+", r"\+")):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("now", "Mon 2026-03-02 19:00 +07:00 (Asia/Ho_Chi_Minh), now"),
        ("+1s", "Mon 2026-03-02 19:00:01 +07:00 (Asia/Ho_Chi_Minh), in 1 second"),
        ("+119s", "Mon 2026-03-02 19:01:59 +07:00 (Asia/Ho_Chi_Minh), in 119 seconds"),
        ("+90m", "Mon 2026-03-02 20:30 +07:00 (Asia/Ho_Chi_Minh), in 90 minutes"),
        ("tomorrow 9:00", "Tue 2026-03-03 09:00 +07:00 (Asia/Ho_Chi_Minh), in 14 hours"),
        ("friday", "Fri 2026-03-06 00:00 +07:00 (Asia/Ho_Chi_Minh), in 3 days"),
        ("today", "Mon 2026-03-02 00:00 +07:00 (Asia/Ho_Chi_Minh), 19 hours ago: due at once"),
        ("-2d", "Sat 2026-02-28 19:00 +07:00 (Asia/Ho_Chi_Minh), 2 days ago: too late to be"
                " posted, it will expire"),
    ],
)  # fmt: skip
def test_a_due_time_is_said_with_all_that_somebody_may_have_meant_otherwise(
    text: str, said: str
) -> None:
    """Weekday, date, offset, zone, and how far it is."""
    moment = parse_time(text).ahead(NOW, SAIGON)
    assert say_moment(moment, NOW, DAY) == said


def test_a_time_that_clocks_skip_is_said_so() -> None:
    moment = parse_time("2026-03-29 02:30").ahead(NOW, BERLIN)
    assert say_moment(moment, NOW, DAY).endswith(f"; {moment.note}")
    assert moment.at.date() == date(2026, 3, 29)
