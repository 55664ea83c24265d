"""The page of the log: newest first, page by page, narrowed down, at a bounded cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.site import asked_of, signed_in

from jobledger import Event, Ledger, ManualClock
from jobledger.web.event_types import TYPES
from jobledger.web.pages.log import MOST_READ, PAGE

HOUR = timedelta(hours=1)


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["accept-language"] = "en"
    signed_in(client)
    return client


def _numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li data-key="(\d+)"', page)]


def _link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return None if found is None else found[1].replace("&amp;", "&")


def _add(ledger: Ledger, count: int, account: str = "shop") -> list[str]:
    at = ledger.now() + HOUR
    return [ledger.add_job(account, f"{account} text {n}", at) for n in range(count)]


def test_the_newest_events_are_first_and_all_are_reached_page_by_page(
    client: TestClient, ledger: Ledger
) -> None:
    _add(ledger, 2 * PAGE + 7)
    seen: list[int] = []
    link: str | None = "/log"
    while link is not None:
        page = client.get(link).text
        seen += _numbers(page)
        link = _link(page, "next")
    assert seen == list(range(2 * PAGE + 7, 0, -1))


def test_there_is_a_way_back_to_what_is_newer(client: TestClient, ledger: Ledger) -> None:
    _add(ledger, 3 * PAGE)
    first = client.get("/log").text
    assert _link(first, "prev") is None
    third = client.get(f"/log?before={PAGE + 1}").text
    assert _numbers(third) == list(range(PAGE, 0, -1))
    second = client.get(_link(third, "prev") or "").text
    assert _numbers(second) == list(range(2 * PAGE, PAGE, -1))
    without_a_script = re.search(r'<noscript>.*?href="([^"]+)"', first)
    assert without_a_script is not None
    _add(ledger, 1)
    assert _numbers(client.get(without_a_script[1]).text)[0] == 3 * PAGE + 1
    first = client.get("/log").text
    again = client.get(f"/log?after={2 * PAGE + 1}").text
    assert _numbers(again) == _numbers(first)
    assert _link(again, "prev") is None


def test_a_row_says_what_happened_to_which_job_and_who_did_it(
    client: TestClient, ledger: Ledger
) -> None:
    job_id = ledger.acting("web:lan").add_job("shop", "the text of it", ledger.now() + HOUR)
    ledger.acting("cli:an").cancel_job(job_id, "too early")
    page = client.get("/log").text
    for said in ("cancelled", "too early", "cli:an", "web:lan", "the text of it", "shop"):
        assert said in page
    assert f'href="/jobs/{job_id}"' in page
    assert 'href="/?at=2"' in page


def test_events_are_narrowed_down_by_type_account_job_and_who(
    client: TestClient, ledger: Ledger
) -> None:
    one, two = _add(ledger, 2)
    other = ledger.acting("web:lan").add_job("cafe", "coffee", ledger.now() + HOUR)
    ledger.hold_job(one)
    ledger.acting("web:lan").cancel_job(two)
    ledger.remove_job(other)  # 6
    for query, numbers in (
        ("type=added", [3, 2, 1]),
        ("account_id=cafe", [6, 3]),
        (f"job_id={one}", [4, 1]),
        ("by=web:lan", [5, 3]),
        ("by=web:lan&type=added", [3]),
        ("job_id=nobody", []),
        ("account_id=shop&before=4", [2, 1]),
    ):
        assert _numbers(client.get(f"/log?{query}").text) == numbers, query
    assert "a job that was removed" in client.get("/log?account_id=cafe").text


def test_every_type_of_event_can_be_chosen() -> None:
    from jobledger.domain import EVENT_TYPES

    assert sorted(TYPES) == sorted(EVENT_TYPES)


def test_a_page_looks_at_so_many_events_and_says_where_it_stopped(
    client: TestClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job_id,) = _add(ledger, 1, "rare")
    monkeypatch.setattr("jobledger.web.pages.log.MOST_READ", 40)
    for _ in range(30):
        ledger.edit_job(_add(ledger, 1)[0], content="x")
    read = _count_reads(ledger, monkeypatch)
    page = client.get("/log?account_id=rare").text
    assert _numbers(page) == []
    assert "40 events were looked at" in page
    assert len(read) <= 40 + 250
    further = _link(page, "next") or ""
    assert _numbers(client.get(further).text) == [1]
    assert ledger.get_job(job_id).account_id == "rare"


def test_a_page_of_a_long_log_reads_no_more_than_of_a_short_one(
    client: TestClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(ledger, 4 * PAGE)
    read = _count_reads(ledger, monkeypatch)
    client.get("/log")
    assert len(read) <= 2 * (PAGE + 1)
    assert MOST_READ <= 2_000


def _count_reads(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return where the numbers of the events that are read from now on go."""
    read: list[int] = []
    before = Ledger.events

    def events(self: Ledger, after: int = 0, **more: Any) -> Iterator[Event]:
        for event in before(self, after, **more):
            read.append(event.seq)
            yield event

    monkeypatch.setattr(Ledger, "events", events)
    return read


def test_a_log_of_the_past_ends_at_its_moment(client: TestClient, ledger: Ledger) -> None:
    _add(ledger, 5)
    page = client.get("/log?at=3").text
    assert _numbers(page) == [3, 2, 1]
    assert "data-live" not in page


@pytest.mark.parametrize("query", ["before=x", "before=0", "after=-1", "before=99999999999999999"])
def test_a_place_that_is_none_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/log?{query}").status_code == 422


def test_an_empty_log_says_so(client: TestClient) -> None:
    assert "Nothing has happened yet." in client.get("/log").text
    assert "There is nothing of this kind." in client.get("/log?type=added").text
