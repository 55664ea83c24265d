"""The calendar: which days it shows, what stands on them, and what moving does to a job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, signed_in

from jobledger import Ledger, ManualClock
from jobledger.web.local_time import moment_of
from jobledger.web.pages.calendar import VIEWS, span_of

HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Europe/Berlin") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["origin"] = ORIGIN
    client.headers["accept-language"] = "en"
    return client


def days_of(page: str) -> dict[str, list[str]]:
    """Return the ids of the jobs that a page shows, by day."""
    cells = re.split(r'<td data-day="([0-9-]+)"', page)[1:]
    return {
        day: re.findall(r'href="/jobs/([^"?]+)', cell)
        for day, cell in zip(cells[::2], cells[1::2], strict=True)
    }


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(VIEWS))
def test_a_view_has_whole_weeks_and_the_day_that_was_asked_for(day: date, view: str) -> None:
    span = span_of(view, day)  # type: ignore[arg-type]  # one of them
    assert span.first <= day <= span.last
    length = (span.last - span.first).days + 1
    assert length in {"day": {1}, "week": {7}, "month": {28, 35, 42}}[view]
    assert view == "day" or (span.first.weekday(), span.last.weekday()) == (0, 6)
    assert span_of(view, span.after).first <= span.last + timedelta(1)  # type: ignore[arg-type]
    assert span_of(view, span.before).last >= span.first - timedelta(1)  # type: ignore[arg-type]
    assert span.before < day < span.after


@given(st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001 - naive on purpose
def test_a_local_time_is_the_moment_that_a_clock_shows_it_at(local: datetime) -> None:
    found = moment_of(local, BERLIN)
    shown = found.at.astimezone(BERLIN).replace(tzinfo=None, fold=0)
    assert (shown == local) is (found.oddity != "gap")
    if found.oddity == "fold":
        assert found.other is not None
        assert found.other - found.at == HOUR
        assert found.other.astimezone(BERLIN).replace(tzinfo=None, fold=0) == local


def test_jobs_stand_on_the_days_of_the_ledgers_zone(client: TestClient, ledger: Ledger) -> None:
    late = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # the fifth, in Berlin
    ledger.add_job("shop", "late", late, job_id="late")
    ledger.add_job("cafe", "early", late - 20 * HOUR, job_id="early")
    signed_in(client)
    for view in VIEWS:
        found = days_of(client.get("/calendar", params={"view": view, "day": "2026-03-05"}).text)
        assert found["2026-03-05"] == ["late"]
        assert view == "day" or found["2026-03-04"] == ["early"]
    only = days_of(client.get("/calendar?view=week&day=2026-03-05&account=cafe").text)
    assert [job_id for jobs in only.values() for job_id in jobs] == ["early"]
    both = days_of(client.get("/calendar?day=2026-03-05&account=cafe&account=shop").text)
    assert both["2026-03-05"] == ["late"]


def test_an_empty_week_invites(client: TestClient) -> None:
    signed_in(client)
    page = client.get("/calendar?day=2026-05-05").text
    assert "Nothing is planned here." in page
    assert "Write a post" in page


@pytest.mark.parametrize("query", ["view=year", "day=tomorrow", "day=2026-02-30", "day=0001-01-01"])
def test_what_is_no_view_or_day_is_refused(client: TestClient, query: str) -> None:
    signed_in(client)
    assert client.get(f"/calendar?{query}").status_code == 422


def test_moved_to_another_day_a_job_keeps_its_time_of_day(
    client: TestClient, ledger: Ledger
) -> None:
    """Also over the change to summer time, where that is another hour in UTC."""
    csrf = signed_in(client)
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 9, tzinfo=BERLIN), job_id="one")
    form = {"csrf": csrf, "version": "1", "day": "2026-04-02", "back": "/calendar?day=2026-03-04"}
    answer = client.post("/jobs/one/move", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/calendar?day=2026-03-04")
    assert ledger.get_job("one").scheduled_time == datetime(2026, 4, 2, 7, tzinfo=UTC)
    assert client.post("/jobs/one/move", data=form).status_code == 409  # it has moved on


def test_a_time_that_the_day_does_not_have_is_said_first(
    client: TestClient, ledger: Ledger
) -> None:
    csrf = signed_in(client)
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 2, 30, tzinfo=BERLIN), job_id="one")
    form = {"csrf": csrf, "version": "1", "day": "2026-03-29"}
    asked = client.post("/jobs/one/move", data=form)
    assert asked.status_code == 409
    assert "does not exist" in asked.text
    assert "Post it at 03:30" in asked.text
    assert ledger.seq == 1
    assert client.post("/jobs/one/move", data=form | {"meant": "first"}).status_code == 303
    assert ledger.get_job("one").scheduled_time == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(("meant", "hour"), [("first", 0), ("second", 1)])
def test_of_a_time_that_the_day_has_twice_one_is_chosen(
    client: TestClient, ledger: Ledger, meant: str, hour: int
) -> None:
    csrf = signed_in(client)
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 2, 30, tzinfo=BERLIN), job_id="one")
    form = {"csrf": csrf, "version": "1", "day": "2026-10-25"}
    asked = client.post("/jobs/one/move", data=form).text
    assert "exists twice" in asked
    assert "+02:00" in asked
    assert "+01:00" in asked
    client.post("/jobs/one/move", data=form | {"meant": meant})
    assert ledger.get_job("one").scheduled_time == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)


def test_what_cannot_be_moved_is_not_offered_to_be(client: TestClient, ledger: Ledger) -> None:
    at = datetime(2026, 3, 4, 9, tzinfo=BERLIN)
    ledger.add_job("shop", "x", at, job_id="one")
    ledger.add_job("shop", "y", at, job_id="two")
    ledger.cancel_job("two")
    signed_in(client)
    page = client.get("/calendar?day=2026-03-04").text
    assert 'data-job="one"' in page
    assert 'data-job="two"' not in page
    assert "data-job" not in client.get("/calendar?day=2026-03-04&at=2").text
