"""The calendar: which days it shows, what stands on them, and what moving does to a job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, form_of, signed_in

from jobledger import Ledger, ManualClock, NewJob
from jobledger.web.local_time import moment_of
from jobledger.web.pages.calendar import SIGNS, VIEWS, marks_of, span_of
from jobledger.web.words.dates import days

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
    cells = re.split(r'<li class="due-day[^"]*" data-day="([0-9-]+)"', page)[1:]
    return {
        day: re.findall(r'class="open"[^>]* href="/jobs/([^"?/]+)', cell)
        for day, cell in zip(cells[::2], cells[1::2], strict=True)
    }


def shown(client: TestClient, **query: object) -> str:
    """Return the calendar that is asked for."""
    answer = client.get("/calendar", params={k: v for k, v in query.items() if v is not None})  # type: ignore[misc]
    assert answer.status_code == 200, answer.text
    return answer.text


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
    again = days_of(client.get("/calendar?day=2026-03-05&account=cafe&account=cafe").text)
    assert again == only
    both = days_of(client.get("/calendar?day=2026-03-05&account=cafe&account=shop").text)
    assert both["2026-03-05"] == ["late"]


def test_an_empty_week_invites(client: TestClient) -> None:
    signed_in(client)
    page = client.get("/calendar?day=2026-05-05").text
    assert "Nothing is planned here." in page
    assert "Write a post" in page


@pytest.mark.parametrize(
    "query", ["view=year", "day=tomorrow", "day=2026-02-30", "day=0001-01-01", "day=9999-12-31"]
)
def test_what_is_no_view_or_day_is_refused(client: TestClient, query: str) -> None:
    signed_in(client)
    assert client.get(f"/calendar?{query}").status_code == 422


@pytest.mark.parametrize("day", ["2028-02-29", "0002-01-01", "9998-12-31", "2026-12-31"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "America/Sao_Paulo"])
def test_every_day_is_there(client: TestClient, day: str, zone: str) -> None:
    signed_in(client)
    for view in VIEWS:
        assert day in days_of(shown(client, view=view, day=day, zone=zone))


@pytest.mark.parametrize(
    ("at", "day", "due"),
    [
        (datetime(2026, 3, 4, 9, tzinfo=BERLIN), "2026-04-02", "2026-04-02T07:00:00"),
        (datetime(2026, 3, 4, 9, 15, 7, tzinfo=BERLIN), "2026-03-06", "2026-03-06T08:15:07"),
        (datetime(2026, 3, 4, 0, 0, tzinfo=BERLIN), "2026-03-01", "2026-02-28T23:00:00"),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN), "2026-10-26", "2026-10-26T01:30:00"),
    ],
)  # fmt: skip
def test_moved_to_another_day_a_job_keeps_its_time_of_day(
    client: TestClient, ledger: Ledger, at: datetime, day: str, due: str
) -> None:
    """Also over the change to summer time, where that is another hour in UTC."""
    csrf = signed_in(client)
    ledger.add_job("shop", "x", at, job_id="one")
    form = {"csrf": csrf, "version": "1", "day": day, "back": "/calendar"}
    answer = client.post("/jobs/one/move", data=form)
    assert answer.status_code == 303, answer.text
    assert ledger.get_job("one").scheduled_time == datetime.fromisoformat(f"{due}+00:00")


def test_moved_in_another_zone_a_job_keeps_the_time_of_day_of_that_one(
    client: TestClient, ledger: Ledger
) -> None:
    csrf = signed_in(client)
    ledger.add_job("shop", "x", datetime(2026, 3, 27, 23, 30, tzinfo=UTC), job_id="one")
    form = {"csrf": csrf, "version": "1", "day": "2026-03-30", "zone": "Asia/Tokyo"}
    assert client.post("/jobs/one/move", data=form).status_code == 303
    assert ledger.get_job("one").scheduled_time == datetime(2026, 3, 29, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("back", "day", "leads"),
    [
        ("/calendar?view=week&day=2026-03-02", "2026-03-08", "view=week&day=2026-03-02"),
        ("/calendar?view=week&day=2026-03-02", "2026-03-09", "view=week&day=2026-03-09"),
        ("/calendar?view=day&day=2026-03-04", "2026-03-09", "view=day&day=2026-03-09"),
        ("/calendar?view=month&day=2026-03-11", "2026-04-05", "view=month&day=2026-03-11"),
        (
            "/calendar?view=month&day=2026-03-11&account=shop&account=a%26b&zone=Asia%2FTokyo",
            "2026-04-06",
            "view=month&day=2026-04-06&account=shop&account=a%26b&zone=Asia%2FTokyo",
        ),
        ("//evil.example/calendar", "2026-03-06", "view=week&day=2026-03-06"),
        ("/calendar@evil.example", "2026-03-06", "view=week&day=2026-03-06"),
        ("/calendar?view=year&day=never&zone=Mars", "2026-03-06", "view=week&day=2026-03-06"),
    ],
)
def test_after_moving_the_calendar_shows_where_the_job_is(
    client: TestClient, ledger: Ledger, back: str, day: str, leads: str
) -> None:
    csrf = signed_in(client)
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 9, tzinfo=BERLIN), job_id="one")
    form = {"csrf": csrf, "version": "1", "day": day, "back": back}
    answer = client.post("/jobs/one/move", data=form)
    was = "&moved=one&was=2026-03-04T08%3A00%3A00%2B00%3A00#at-one"
    assert (answer.status_code, answer.headers["location"]) == (303, f"/calendar?{leads}{was}")
    page = client.get(answer.headers["location"]).text
    assert "Moved to" in page
    assert 'id="at-one"' in page


def test_what_was_moved_can_be_moved_back(client: TestClient, ledger: Ledger) -> None:
    csrf = signed_in(client)
    at = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN)  # the second of two
    ledger.add_job("shop", "x", at, job_id="one")
    form = {"csrf": csrf, "version": "1", "day": "2026-10-26"}
    moved = client.post("/jobs/one/move", data=form).headers["location"]
    undo = form_of(client.get(moved).text, "/jobs/one/move", "moved")
    ledger.edit_job("one", content="theirs")
    conflict = client.post("/jobs/one/move", data=undo)
    assert conflict.status_code == 409
    again = form_of(conflict.text, "/jobs/one/move")
    assert again["scheduled_time"] == "2026-10-25T02:30"  # as a browser shows it
    undo["version"] = again["version"]
    assert client.post("/jobs/one/move", data=undo).status_code == 303
    assert ledger.get_job("one").scheduled_time == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_time_with_seconds_is_acceptable_to_its_own_field(
    client: TestClient, ledger: Ledger
) -> None:
    csrf = signed_in(client)
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 2, 30, 7, tzinfo=BERLIN), job_id="one")
    form = {"csrf": csrf, "version": "1", "day": "2026-03-29"}
    asked = client.post("/jobs/one/move", data=form).text
    assert 'value="2026-03-29T02:30:07" step="any"' in asked


def test_moved_to_where_it_is_a_job_stays(client: TestClient, ledger: Ledger) -> None:
    csrf = signed_in(client)
    at = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN)
    ledger.add_job("shop", "x", at, job_id="one")
    form = {"csrf": csrf, "version": "1", "day": "2026-10-25"}
    answer = client.post("/jobs/one/move", data=form)
    assert answer.headers["location"] == "/calendar?view=week&day=2026-10-25#at-one"
    assert ledger.seq == 1


@pytest.mark.parametrize(
    ("day", "says", "moments"),
    [
        ("2026-03-29", ["does not exist", "Post it at 03:30"], ["2026-03-29T01:30:00+00:00"]),
        (
            "2026-10-25",
            ["exists twice", "+02:00", "+01:00"],
            ["2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00"],
        ),
    ],
)
def test_a_time_that_the_day_has_not_or_has_twice_is_said_before_it_is_moved(
    client: TestClient, ledger: Ledger, day: str, says: list[str], moments: list[str]
) -> None:
    csrf = signed_in(client)
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 2, 30, tzinfo=BERLIN), job_id="one")
    back = f"/calendar?view=month&day={day}"
    form = {"csrf": csrf, "version": "1", "day": day, "back": back}
    asked = client.post("/jobs/one/move", data=form)
    assert asked.status_code == 422
    for words in says:
        assert words in asked.text
    assert ledger.seq == 1
    assert re.findall(r'name="meant" value="([^"]+)"', asked.text) == moments
    again = form_of(asked.text, "/jobs/one/move") | {"meant": moments[-1]}
    answer = client.post("/jobs/one/move", data=again)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(back)
    assert ledger.get_job("one").scheduled_time == datetime.fromisoformat(moments[-1])


def test_a_job_is_moved_by_a_form_alone(client: TestClient, ledger: Ledger) -> None:
    signed_in(client)
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 9, tzinfo=BERLIN), job_id="one")
    page = shown(client, day="2026-03-04", zone="Asia/Tokyo")
    link = re.search(r'class="move"[^>]* href="([^"]+)"', page)
    assert link is not None
    form = form_of(client.get(unescape(link[1])).text, "/jobs/one/move")
    assert (form["scheduled_time"], form["zone"]) == ("2026-03-04T17:00", "Asia/Tokyo")
    answer = client.post("/jobs/one/move", data=form | {"scheduled_time": "2026-03-05T18:30"})
    assert answer.headers["location"].startswith(
        "/calendar?view=week&day=2026-03-04&zone=Asia%2FTokyo&moved=one"
    )
    assert ledger.get_job("one").scheduled_time == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


def test_a_job_that_has_moved_on_is_not_moved_and_says_so(
    client: TestClient, ledger: Ledger
) -> None:
    csrf = signed_in(client)
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 9, tzinfo=BERLIN), job_id="one")
    ledger.acting("cli:mai").edit_job("one", content="theirs")
    form = {"csrf": csrf, "version": "1", "day": "2026-03-06"}
    answer = client.post("/jobs/one/move", data=form)
    assert answer.status_code == 409
    for words in ("It has moved on", "cli:mai", '<q class="theirs">theirs</q>'):
        assert words in answer.text
    again = form_of(answer.text, "/jobs/one/move")
    assert (again["version"], again["scheduled_time"]) == ("2", "2026-03-06T09:00")
    assert client.post("/jobs/one/move", data=again).status_code == 303
    ledger.remove_job("one")
    gone = client.post("/jobs/one/move", data=again)
    assert (gone.status_code, "This job was removed" in gone.text) == (409, True)
    assert client.post("/jobs/two/move", data=form).status_code == 404


def test_what_cannot_be_moved_is_not_offered_to_be(client: TestClient, ledger: Ledger) -> None:
    at = datetime(2026, 3, 4, 9, tzinfo=BERLIN)
    ledger.add_job("shop", "x", at, job_id="one")
    ledger.add_job("shop", "y", at, job_id="two")
    ledger.cancel_job("two")
    csrf = signed_in(client)
    page = shown(client, day="2026-03-04")
    assert 'data-job="one"' in page
    assert 'data-job="two"' not in page
    form = {"csrf": csrf, "version": "2", "day": "2026-03-06"}
    assert client.post("/jobs/two/move", data=form).status_code == 409
    assert ledger.get_job("two").scheduled_time == at


def test_a_calendar_of_the_past_shows_what_was_planned_and_does_nothing(
    client: TestClient, ledger: Ledger
) -> None:
    at = datetime(2026, 3, 4, 9, tzinfo=BERLIN)
    ledger.add_job("shop", "x", at, job_id="one")
    ledger.reschedule_job("one", at + 24 * HOUR)
    signed_in(client)
    page = shown(client, day="2026-03-04", at="1")
    assert "As it was" in page
    assert (days_of(page)["2026-03-04"], days_of(page)["2026-03-05"]) == (["one"], [])
    for absent in ("data-job", "/jobs/new", "/move?", "Undo"):
        assert absent not in page
    links = re.findall(r'href="(/calendar\?view=[^"]+)"', page)
    assert len(links) > 10
    assert [link for link in links if "at=1" not in link] == []
    now = shown(client, day="2026-03-04")
    assert (days_of(now)["2026-03-04"], days_of(now)["2026-03-05"]) == ([], ["one"])


def test_a_reader_is_shown_the_calendar_without_anything_to_do(
    directory: Path, ledger: Ledger
) -> None:
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 9, tzinfo=BERLIN), job_id="one")
    client = asked_of(ledger, read_only=True)
    client.headers.update({"origin": ORIGIN, "accept-language": "en"})
    csrf = signed_in(client)
    page = shown(client, day="2026-03-04")
    assert days_of(page)["2026-03-04"] == ["one"]
    for absent in ("data-job", "/jobs/new", "/move?"):
        assert absent not in page
    form = {"csrf": csrf, "version": "1", "day": "2026-03-06"}
    assert client.post("/jobs/one/move", data=form).status_code == 403
    assert client.get("/jobs/one/move").status_code == 403


def test_the_calendar_is_looked_at_in_another_zone(client: TestClient, ledger: Ledger) -> None:
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 22, tzinfo=UTC), job_id="one")
    signed_in(client)
    assert days_of(shown(client, day="2026-03-04"))["2026-03-04"] == ["one"]
    page = shown(client, day="2026-03-04", zone="Asia/Tokyo")
    assert days_of(page)["2026-03-05"] == ["one"]
    assert "07:00" in page
    assert "Times are those of Asia/Tokyo." in page
    links = re.findall(r'href="(/calendar\?[^"]+|/jobs/new[^"]+|/jobs/one/move[^"]+)"', page)
    assert len(links) > 10
    assert [link for link in links if "zone=Asia%2FTokyo" not in link] == []


def test_a_zone_that_there_is_not_is_said_beside_its_field(
    client: TestClient, ledger: Ledger
) -> None:
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 9, tzinfo=UTC), job_id="one")
    signed_in(client)
    answer = client.get("/calendar?day=2026-03-04&zone=Mars/Olympus")
    assert answer.status_code == 422
    assert "There is no such time zone" in answer.text
    assert 'value="Mars/Olympus"' in answer.text
    assert days_of(answer.text)["2026-03-04"] == ["one"]
    assert "Times are those of Europe/Berlin." in answer.text


def test_a_full_day_says_how_many_more_there_are(client: TestClient, ledger: Ledger) -> None:
    at = datetime(2026, 3, 4, 9, tzinfo=BERLIN)
    for number in range(7):
        ledger.add_job("shop", f"{number}", at + number * timedelta(minutes=1))
    signed_in(client)
    month = shown(client, view="month", day="2026-03-04")
    assert "3 more" in month
    assert len(days_of(month)["2026-03-04"]) == 4
    week = shown(client, view="week", day="2026-03-04")
    assert "more</a>" not in week
    assert len(days_of(week)["2026-03-04"]) == 7
    ledger.add_jobs(NewJob("cafe", f"{n}", at) for n in range(100))
    assert "more than 50 more" in shown(client, view="month", day="2026-03-04")
    both = shown(client, view="month", day="2026-03-04", account=["shop", "cafe"])
    assert "more than 50 more" in both
    assert "3 more" in shown(client, view="month", day="2026-03-04", account="shop")


def test_a_day_that_is_too_full_for_a_page_goes_on_on_another(
    client: TestClient, ledger: Ledger
) -> None:
    at = datetime(2026, 3, 4, 9, tzinfo=BERLIN)
    new = [NewJob("ab"[n % 2], f"{n}", at, job_id=f"job-{n}") for n in range(300)]
    ledger.add_jobs(new)
    signed_in(client)
    week = shown(client, view="week", day="2026-03-04")
    assert len(days_of(week)["2026-03-04"]) == 24
    page, seen = shown(client, view="day", day="2026-03-04", account=["a", "b"]), []
    while True:
        seen += days_of(page)["2026-03-04"]
        following = re.search(r'<p class="more"><a href="([^"]+)"', page)
        if following is None:
            break
        page = client.get(unescape(following[1])).text
    assert seen == [job.job_id for job in new]
    assert client.get("/calendar?view=day&after=nonsense").status_code == 422


def test_jobs_stand_by_the_hour_of_the_clock(client: TestClient, ledger: Ledger) -> None:
    for hour, minute in ((9, 0), (9, 45), (17, 30)):
        ledger.add_job("shop", "x", datetime(2026, 3, 4, hour, minute, tzinfo=BERLIN))
    signed_in(client)
    page = shown(client, view="week", day="2026-03-04")
    assert re.findall(r'<ol class="hour hour-(\d+)">', page) == ["9", "17"]
    assert re.findall(r"<time[^>]*>(\d\d:\d\d)</time>", page) == ["09:00", "09:45", "17:30"]


def test_a_day_of_a_clock_change_says_so(client: TestClient, ledger: Ledger) -> None:
    signed_in(client)
    assert "UTC+01:00 to +02:00" in shown(client, view="month", day="2026-03-04")
    assert "UTC+02:00 to +01:00" in shown(client, view="day", day="2026-10-25")
    assert "The clocks change" not in shown(client, view="week", day="2026-03-04")


@given(st.lists(st.text(max_size=5), unique=True, max_size=70))
def test_accounts_are_told_apart_by_colour_and_by_sign(names: list[str]) -> None:
    marks = marks_of(sorted(names))
    first = [marks[name] for name in sorted(names)[:8]]
    assert len({mark.colour for mark in first}) == len(first)
    assert len({mark.sign for mark in first}) == len(first)
    assert len(set(marks.values())) == min(len(names), len(SIGNS) ** 2)


def test_a_post_is_written_for_the_day_that_is_shown(client: TestClient, ledger: Ledger) -> None:
    signed_in(client)
    page = shown(client, view="week", day="2026-03-04")
    days = re.findall(r'class="write" href="/jobs/new\?day=([0-9-]+)[&"]', page)
    assert days == [f"2026-03-0{day}" for day in range(2, 9)]  # today, and what comes
    ledger.add_job("shop", "x", datetime(2026, 3, 4, 9, tzinfo=BERLIN))
    of_one = shown(client, day="2026-03-09", account="shop", zone="Asia/Tokyo")
    assert "/jobs/new?day=2026-03-09&amp;zone=Asia%2FTokyo&amp;account_id=shop" in of_one
    assert 'class="write"' not in shown(client, day="2026-02-20")


def test_after_writing_the_calendar_is_shown_again(client: TestClient, ledger: Ledger) -> None:
    signed_in(client)
    page = shown(client, view="month", day="2026-03-04", zone="Asia/Tokyo")
    link = re.search(r'class="write" href="(/jobs/new\?day=2026-03-05[^"]*)"', page)
    assert link is not None
    form = form_of(client.get(unescape(link[1])).text, "/jobs/new")
    form |= {"account_id": "shop", "content": "x"}
    wrong = client.post("/jobs/new", data=form | {"content": ""})  # keeps where to go back to
    answer = client.post("/jobs/new", data=form_of(wrong.text, "/jobs/new") | {"content": "x"})
    (job,) = ledger.list_jobs()
    assert answer.headers["location"] == (
        f"/calendar?view=month&day=2026-03-04&zone=Asia%2FTokyo&moved={job.job_id}#at-{job.job_id}"
    )
    assert job.scheduled_time == datetime(2026, 3, 5, tzinfo=UTC)
    assert (
        "Planned for Thursday, 5 March 2026, 09:00." in client.get(answer.headers["location"]).text
    )


@pytest.mark.parametrize(
    ("first", "last", "en", "vi"),
    [
        ("2026-03-02", "2026-03-08", "2 – 8 March 2026", "2 – 8 tháng 3 năm 2026"),
        (
            "2026-03-30",
            "2026-04-05",
            "30 March – 5 April 2026",
            "30 tháng 3 – 5 tháng 4 năm 2026",
        ),
        (
            "2025-12-29",
            "2026-01-04",
            "29 December 2025 – 4 January 2026",
            "29 tháng 12 năm 2025 – 4 tháng 1 năm 2026",
        ),
    ],
)
def test_days_are_named_without_saying_anything_twice(
    first: str, last: str, en: str, vi: str
) -> None:
    named = [days(date.fromisoformat(first), date.fromisoformat(last), la) for la in ("en", "vi")]
    assert named == [en, vi]
