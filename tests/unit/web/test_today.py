"""The first page: what needs a person, and whether all is well."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.site import asked_of, signed_in

from jobledger import Ledger, ManualClock, Scheduler
from jobledger.domain import commands

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


def test_it_says_who_runs_the_ledger_and_since_when(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    assert "Nobody runs this ledger now." in client.get("/").text
    ledger.add_job("shop", "text", clock.now() - HOUR)
    assert "what is late waits for a runner" in client.get("/").text
    noon = clock.now().timestamp()
    with Scheduler(ledger.directory, clock=clock):
        os.utime(ledger.directory / "runner.lock", (noon, noon))
        page = client.get("/").text
        assert f"It runs, as process {os.getpid()}" in page
        assert "since 12:00" in page
    assert "It runs" not in client.get("/").text


def test_it_says_how_late_the_oldest_is(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    ledger.add_job("shop", "older", clock.now() - 3 * HOUR)
    ledger.add_job("shop", "old", clock.now() - HOUR)
    assert "the oldest by 3" in client.get("/").text


def test_it_shows_the_posts_that_lack_something(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    """Until they are asked about again, and it is there."""
    job_id = ledger.add_job("shop", "with a picture", clock.now() + HOUR)
    said = "Something these need cannot be had"
    assert said not in client.get("/").text
    ledger._handler.change(job_id, commands.Foretell(reason="there is no picture"))
    assert said in client.get("/").text
    assert "there is no picture" in client.get(f"/jobs/{job_id}").text
    ledger._handler.change(job_id, commands.Foretell(reason=None))
    assert said not in client.get("/").text


def test_of_the_past_it_does_not_say_who_ran_it(client: TestClient, ledger: Ledger) -> None:
    ledger.add_job("shop", "text", ledger.now() + HOUR)
    page = client.get("/?at=1").text
    assert "runs this ledger" not in page
    assert "verified" not in page.lower()


def test_the_figures_lead_to_what_they_count(client: TestClient, ledger: Ledger) -> None:
    ledger.add_job("shop", "text", ledger.now() + HOUR, hold=True)
    page = client.get("/").text
    for status in ("scheduled", "pending", "failed"):
        assert f'href="/jobs?status={status}' in page
    assert client.get("/jobs?status=pending").text.count('data-key="') == 1
