"""The inbox: what waits for somebody to say what became of it, with what they need for that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, csrf_of, signed_in

from jobledger import Attempt, Ledger, ManualClock, OutcomeUnknown, PostResult, Scheduler
from jobledger.web.pages.inbox import PAGE

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["origin"] = ORIGIN
    client.headers["accept-language"] = "en"
    return client


def unsettled(ledger: Ledger, clock: ManualClock, count: int, error: str = "no answer") -> None:
    """Leave jobs with an outcome that nobody knows, the first the oldest."""

    class Publisher:
        async def publish(self, attempt: Attempt) -> PostResult:
            attempt.checkpoint("container", "178411")
            raise OutcomeUnknown(error)

    with Scheduler(ledger.directory, clock=clock, on_interrupted="fail") as scheduler:
        for number in range(count):
            at = clock.now() + timedelta(seconds=number)
            scheduler.add_job("shop", f"text {number:02}", at, job_id=f"job-{number:02}")
        clock.advance(timedelta(hours=1))
        scheduler.run_due(Publisher())
    clock.advance(timedelta(hours=2))


def test_a_job_is_there_with_what_was_sent_and_what_came_back(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 1)
    signed_in(client)
    page = client.get("/inbox").text
    for said in ("shop", "text 00", "attempt 1, 2", "ago", "no answer", "178411", "It is out"):
        assert said in page
    assert 'name="version"' in page


def test_the_oldest_come_first_page_by_page(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, PAGE + 3)
    signed_in(client)
    seen, address = [], "/inbox"
    while address:
        page = client.get(address).text
        seen += re.findall(r'data-key="(job-\d\d)"', page)
        found = re.search(r'href="(/inbox\?after=[^"]+)"', page)
        address = "" if found is None else found[1]
    assert seen == [f"job-{number:02}" for number in range(PAGE + 3)]
    assert f'class="count">{PAGE + 3}<' in client.get("/jobs").text


@pytest.mark.parametrize("posted", ["true", "false"])
def test_what_is_settled_leaves_the_inbox(
    client: TestClient, ledger: Ledger, clock: ManualClock, posted: str
) -> None:
    unsettled(ledger, clock, 1)
    signed_in(client)
    page = client.get("/inbox").text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    form = {"csrf": csrf_of(page), "version": version[1], "posted": posted, "back": "/inbox"}
    answer = client.post("/jobs/job-00/resolve", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    assert ledger.count_unknown() == 0
    assert "There are none." in client.get("/inbox").text
    assert 'class="count"' not in client.get("/inbox").text


def test_of_a_past_moment_it_is_as_it_was_and_nothing_can_be_done(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 2)
    assert ledger.count_unknown() == 2
    seq = ledger.seq
    ledger.resolve_job("job-00", posted=True)
    signed_in(client)
    page = client.get(f"/inbox?at={seq}").text
    assert re.findall(r'data-key="(job-\d\d)"', page) == ["job-00", "job-01"]
    assert "/resolve" not in page


def test_what_a_publisher_says_is_shown_and_never_run(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 1, HOSTILE)
    signed_in(client)
    page = client.get("/inbox").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
