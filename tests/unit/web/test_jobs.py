"""The Jobs page, narrowed down; and a job's answer to whether it may be out twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, signed_in

from jobledger import Ledger, ManualClock

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        ledger.add_job("shop", "a draft", clock.now() + HOUR, hold=True, job_id="draft")
        ledger.add_job("shop", "soon", clock.now() + HOUR, job_id="soon")
        # The local day begins at 17:00 UTC.
        ledger.add_job("cafe", "late on the 3rd", datetime(2026, 3, 3, 16, 59, tzinfo=UTC))
        ledger.add_job("cafe", "early on the 4th", datetime(2026, 3, 3, 17, 0, tzinfo=UTC))
        ledger.cancel_job("soon")
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["origin"] = ORIGIN
    client.headers["accept-language"] = "en"
    signed_in(client)
    return client


def texts_of(page: str) -> list[str]:
    return re.findall(r'<span class="text"[^>]*>([^<]*)</span>', page)


def days_of(page: str) -> list[tuple[str, bool]]:
    """Return how the day of each row is called, and whether it is that of the row above."""
    found = re.findall(r'<span class="on( repeated)?">([^<]*)</span>', page)
    return [(day, bool(repeated)) for repeated, day in found]


def test_a_row_says_its_day_and_its_time_apart_and_a_day_that_is_repeated_is_quieter(
    client: TestClient, ledger: Ledger
) -> None:
    """Today is called so beside other days: else it would be read as the day above."""
    ledger.add_job("cafe", "too", datetime(2026, 3, 3, 16, 59, tzinfo=UTC))
    page = client.get("/jobs?order=time").text
    days = ["today", "today", "Tue 3 Mar", "Tue 3 Mar", "Wed 4 Mar"]
    assert days_of(page) == list(zip(days, [False, True, False, True, False], strict=True))
    clocks = re.findall(r'<span class="clock">([^<]*)</span>', page)
    assert clocks == ["20:00", "20:00", "23:59", "23:59", "00:00"]
    client.headers["accept-language"] = "vi"
    assert days_of(client.get("/jobs?order=time").text)[0] == ("hôm nay", False)


def test_where_all_rows_are_of_today_no_day_is_named(client: TestClient) -> None:
    assert days_of(client.get("/jobs?account_id=shop").text) == [("", False), ("", True)]


def test_a_row_that_is_to_be_moved_names_the_day_that_it_comes_from_and_that_it_goes_to(
    client: TestClient,
) -> None:
    page = client.get("/many?which=all&action=reschedule&days=1&account_id=shop").text
    assert days_of(page) == [("today", False), ("Tue 3 Mar", False)]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("", ["a draft", "soon", "late on the 3rd", "early on the 4th"]),
        ("status=&text=&due_from=&due_to=&order=rank", ["a draft", "soon", "late", "early"]),
        ("status=pending&status=cancelled", ["a draft", "soon"]),
        ("status=scheduled&account_id=cafe&order=latest", ["early", "late"]),
        ("due_from=2026-03-04", ["early"]),
        ("due_from=2026-03-03&due_to=2026-03-03", ["late"]),
        ("due_to=2026-03-02&order=latest", ["soon", "a draft"]),
        ("account_id=nobody", []),
    ],
)
def test_jobs_are_narrowed_down(client: TestClient, query: str, texts: list[str]) -> None:
    answer = client.get(f"/jobs?{query}")
    assert answer.status_code == 200
    shown = texts_of(answer.text)
    assert len(shown) == len(texts)
    assert all(one.startswith(text) for one, text in zip(shown, texts, strict=True))
    assert ("No post matches" in answer.text) == (not texts)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("status=nonsense", "nonsense"),
        ("status=pending&status=nonsense", "nonsense"),
        ("order=sideways", "sideways"),
        ("due_from=tomorrow", "tomorrow"),
        ("due_to=2026-02-30", "2026-02-30"),
        ("due_from=2026-03-04&due_to=2026-03-03", "is before"),
        ("after=~nothing", "after"),
    ],
)
def test_what_is_no_filter_is_said_and_not_left_out(
    client: TestClient, query: str, says: str
) -> None:
    answer = client.get(f"/jobs?{query}")
    assert answer.status_code == 422
    assert says in unescape(answer.text)


def test_the_next_page_keeps_the_filter_and_leads_back(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    for number in range(51):
        ledger.add_job("shop", f"number {number}", clock.now() + HOUR)
    narrow = "status=scheduled&status=pending&account_id=shop&due_to=2026-03-05&order=time"
    first = client.get(f"/jobs?{narrow}").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = client.get(unescape(following[1])).text
    assert len(texts_of(first)) + len(texts_of(second)) == 52
    assert "soon" not in texts_of(first) + texts_of(second)
    back = re.search(r'href="([^"]+)">Back to the beginning', second)
    assert back is not None
    assert texts_of(client.get(unescape(back[1])).text) == texts_of(first)
    assert "Back to the beginning" not in first


def test_an_empty_ledger_invites_to_write(directory: Path, clock: ManualClock) -> None:
    with Ledger(directory, clock=clock) as empty:
        client = asked_of(empty)
        signed_in(client)
        page = client.get("/jobs").text
    assert "There are no posts yet." in page
    assert "Show all" not in page


def test_whether_it_may_be_out_twice_has_an_answer_of_its_own(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    page = client.get("/jobs/draft").text
    twice = page.partition('id="twice"')[2].partition("</section>")[0]
    assert "No. Nothing that happened to it says so" in twice


def test_posts_of_the_same_text_are_linked_from_each_other_and_nothing_else_is(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    ledger.add_job("shop", "soon", clock.now() + HOUR, job_id="again.2")
    ledger.add_job("cafe", "other", clock.now() + HOUR, job_id="account")  # a word of the sentence
    page = client.get("/jobs/soon").text
    twice = page.partition('id="twice"')[2].partition("</section>")[0]
    assert re.findall(r'href="([^"]+)"', twice) == ["/jobs/again.2"]
    assert "Job again.2 has the same text for the same account." in re.sub(r"<[^>]+>", "", twice)
    assert "No. Nothing" not in twice
