"""Moving along the past: the bar of a moment, the way into it, and what the next moment costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.site import asked_of, signed_in

from jobledger import Ledger, ManualClock, NewJob
from jobledger.eventstore.event_log import EventLog

HOUR = timedelta(hours=1)


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock) as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["accept-language"] = "en"
    signed_in(client)
    return client


def _add(ledger: Ledger, count: int) -> None:
    at = ledger.now() + HOUR
    ledger.add_jobs(
        NewJob(account_id="shop", content=f"text {n}", scheduled_time=at) for n in range(count)
    )


@pytest.mark.parametrize("path", ["/", "/jobs", "/inbox", "/log", "/jobs/new", "/verified"])
def test_every_page_of_now_has_a_way_into_the_past(
    client: TestClient, ledger: Ledger, path: str
) -> None:
    _add(ledger, 3)
    page = client.get(f"{path}?text=one+two").text
    forms = re.findall(rf'<form method="get" action="{path}">(.*?)</form>', page, re.DOTALL)
    assert len(forms) == 2
    for form in forms:
        assert 'name="text" value="one two"' in form
    assert 'type="number" name="at" min="0" max="3"' in forms[0]
    assert 'type="datetime-local" name="at"' in forms[1]


def test_a_page_of_a_moment_leads_to_the_moments_beside_it(
    client: TestClient, ledger: Ledger
) -> None:
    _add(ledger, 3)
    for at, before, behind in ((0, 0, 1), (2, 1, 3), (3, 2, 3)):
        page = client.get(f"/jobs?order=time&at={at}").text
        for step, seq in (("-1", before), ("1", behind)):
            assert f'data-step="{step}" href="/jobs?order=time&amp;at={seq}"' in page
        assert f'max="3" value="{at}"' in page
    assert "before the first event" in client.get("/?at=0").text


def test_what_is_not_there_at_a_moment_keeps_the_way_to_others(
    client: TestClient, ledger: Ledger
) -> None:
    _add(ledger, 3)
    ledger.add_job("shop", "late", ledger.now() + HOUR, job_id="late")
    answer = client.get("/jobs/late?at=2")
    assert answer.status_code == 404
    assert 'data-step="1" href="/jobs/late?at=3"' in answer.text
    assert "data-step" not in client.get("/jobs/late?at=never").text


def test_the_next_moment_costs_the_events_between(
    client: TestClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(ledger, 3_000)
    client.get("/?at=2000")
    read = [0]
    before = EventLog.read

    def counted(self: EventLog[Any], after: int = 0, until: int | None = None) -> Iterator[Any]:
        for record in before(self, after, until):
            read[0] += 1
            yield record

    monkeypatch.setattr(EventLog, "read", counted)
    for at in range(2001, 2021):
        assert f"after event {at:,} of 3,000" in client.get(f"/?at={at}").text
    assert read[0] <= 20 * 4


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59", "9999-12-31"])
def test_a_time_at_the_ends_of_the_calendar_is_refused_on_every_page(
    client: TestClient, ledger: Ledger, at: str
) -> None:
    _add(ledger, 1)
    for path in ("/", "/jobs", "/calendar", "/accounts", "/accounts/one", "/log", "/inbox"):
        answer = client.get(path, params={"id": "shop", "at": at})
        assert answer.status_code == 422, path
        assert "neither the number of an event nor a time" in answer.text
