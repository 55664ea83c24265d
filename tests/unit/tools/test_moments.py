"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from jobledger import ValidationError
from jobledger.tools.moments import parse_bound, parse_moment

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "distance"),
    [
        ("now", timedelta(0)),
        ("+10m", timedelta(minutes=10)),
        ("-2h", timedelta(hours=-2)),
        ("+1d", timedelta(days=1)),
        ("+ 90 seconds", timedelta(seconds=90)),
        ("2 days ago", timedelta(days=-2)),
        (" 3W AGO ", timedelta(weeks=-3)),
    ],
)
def test_relative_times_are_from_now(text: str, distance: timedelta) -> None:
    """now, a sign or `ago`."""
    assert parse_moment(text, NOW) == NOW + distance


def test_iso_times_keep_their_offset_or_stay_naive() -> None:
    """A naive one is for the ledger's zone."""
    assert parse_moment("2026-01-31T09:00", NOW) == datetime(2026, 1, 31, 9)  # noqa: DTZ001
    hanoi = timezone(timedelta(hours=7))
    assert parse_moment("2026-01-31T09:00+07:00", NOW) == datetime(2026, 1, 31, 9, tzinfo=hanoi)
    assert parse_moment("2026-01-31T09:00Z", NOW) == datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "10m", "2026-13-01", "+10 fortnights", "+999999w"])
def test_what_is_no_time_is_refused_with_the_forms_that_are(text: str) -> None:
    """The text itself is in the message."""
    with pytest.raises(ValidationError) as caught:
        parse_moment(text, NOW)
    assert repr(text) in str(caught.value)


SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("2026-03-01", "2026-03-01T00:00", "2026-03-01T23:59:59.999999"),
        ("yesterday", "2026-03-02T00:00", "2026-03-02T23:59:59.999999"),
        ("today", "2026-03-03T00:00", "2026-03-03T23:59:59.999999"),
        ("2026-03-01T09:30", "2026-03-01T09:30", "2026-03-01T09:30"),
        ("2026-03-01T02:30Z", "2026-03-01T09:30", "2026-03-01T09:30"),
        ("in 2 hours", "2026-03-03T02:30", "2026-03-03T02:30"),
    ],
)
def test_a_date_is_a_whole_day_of_the_ledgers_zone(text: str, begins: str, ends: str) -> None:
    """As the first bound it begins it, as the last it ends it; a time is the same as both."""
    now = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # in Saigon it is 00:30 of the next day
    assert parse_bound(text, now, SAIGON) == datetime.fromisoformat(begins).replace(tzinfo=SAIGON)
    end = datetime.fromisoformat(ends).replace(tzinfo=SAIGON)
    assert parse_bound(text, now, SAIGON, end=True) == end


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("2026-02-30", "read as year 2026, month 02, day 30; day is out of range for month"),
        ("2026-02-03T25:10", "read as year 2026, month 02, day 03, hour 25, minute 10"),
        ("2026-2-3", "read as year 2026, month 2, day 3"),
    ],
)
def test_an_impossible_time_says_what_was_understood(text: str, understood: str) -> None:
    """Not only that it is wrong."""
    with pytest.raises(ValidationError, match=understood):
        parse_bound(text, NOW, SAIGON)
