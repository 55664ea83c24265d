"""The day of a moment in a time zone: what asking the zone each time would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobledger.projections import days as module
from jobledger.projections.days import Days

ZONES = sorted(available_timezones() - {"localtime"})
FIRST = datetime(1, 1, 3, tzinfo=UTC)
LAST = datetime(9999, 12, 29, tzinfo=UTC)
MOMENTS = st.timedeltas(min_value=timedelta(0), max_value=LAST - FIRST).map(FIRST.__add__)


def asked(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).date().isoformat()


@given(zone=st.sampled_from(ZONES), moments=st.lists(MOMENTS, min_size=1, max_size=20))
def test_the_day_is_the_one_that_the_zone_says(zone: str, moments: list[datetime]) -> None:
    days = Days(ZoneInfo(zone))
    for moment in moments:
        for near in (moment, moment + timedelta(hours=7), moment - timedelta(microseconds=1)):
            assert days.name(near) == asked(near, ZoneInfo(zone))


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/St_Johns", "Pacific/Apia", "UTC"])
def test_every_quarter_of_an_hour_of_some_years(zone: str) -> None:
    """Also where the clocks change, where a day is missing, and just before and at midnight."""
    days, at = Days(ZoneInfo(zone)), datetime(2011, 6, 1, tzinfo=UTC)
    for _ in range(2 * 366 * 96):
        before = at - timedelta(microseconds=1)
        assert days.name(at) == asked(at, ZoneInfo(zone))
        assert days.name(before) == asked(before, ZoneInfo(zone))
        at += timedelta(minutes=15)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 10)
    days = Days(ZoneInfo("Asia/Ho_Chi_Minh"))
    for n in range(100):
        moment = datetime(2026, 1, 1, 18, tzinfo=UTC) + timedelta(days=n)
        assert days.name(moment) == asked(moment, ZoneInfo("Asia/Ho_Chi_Minh"))
        assert len(days._parted) <= 10


def test_the_ends_of_time() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    for zone in ("UTC", "Asia/Ho_Chi_Minh", "America/New_York"):
        for moment in (datetime(1, 1, 2, tzinfo=UTC), last - timedelta(days=1)):
            assert Days(ZoneInfo(zone)).name(moment) == asked(moment, ZoneInfo(zone))
    assert Days(ZoneInfo("UTC")).name(last) == "9999-12-31"
