"""Two moments: what differs between them, in words and page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.site import asked_of, signed_in

from jobledger import JobPriority, Ledger, ManualClock, PostResult, Scheduler, differences
from jobledger.web.pages.compare import FIELDS, PAGE
from jobledger.web.words.vi import VI

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


def _add(ledger: Ledger, *names: str) -> None:
    for name in names:
        ledger.add_job("shop", f"text of {name}", ledger.now() + HOUR, job_id=name)


def _found(page: str) -> dict[str, str]:
    """Return what is said of each job, without the tags."""
    rows = re.findall(
        r'<li class="(\w+)" data-key="([\w-]+)">(.*?)</li>', page.partition("<main")[2], re.DOTALL
    )
    return {
        job: f"{change}: {' '.join(re.sub('<[^>]+>', ' ', text).split())}"
        for change, job, text in rows
    }


def test_what_is_new_gone_and_changed_is_said_field_by_field(
    client: TestClient, ledger: Ledger
) -> None:
    _add(ledger, "same", "gone", "changed")
    ledger.hold_job("same")
    _add(ledger, "new", "passing")
    ledger.release_job("same")
    ledger.remove_job("gone")
    ledger.remove_job("passing")
    ledger.edit_job("changed", content="other words", priority=JobPriority.HIGH)
    ledger.reschedule_job("changed", ledger.now() + 2 * HOUR)
    found = _found(client.get("/compare?from=3").text)
    assert found == {
        "gone": "removed: gone text of gone shop 2026-03-02 20:00:00 scheduled",
        "changed": "changed: changed other words shop"
        " Text text of changed → other words"
        " Time 2026-03-02 20:00:00 → 2026-03-02 21:00:00"
        " Priority normal → high",
        "new": "added: new here text of new shop 2026-03-02 20:00:00 scheduled",
    }
    same = client.get("/compare?from=3&to=3").text
    assert "No job differs." in same
    assert _found(same) == {}


def test_a_post_of_unknown_outcome_is_not_called_failed(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    _add(ledger, "one")
    clock.advance(HOUR)
    with Scheduler(ledger.directory, clock=clock, on_interrupted="fail") as scheduler:
        scheduler.run_due(lambda account, content: PostResult.unknown("no answer"))
    assert "scheduled → outcome unknown" in _found(client.get("/compare?from=1").text)["one"]


def test_moments_are_numbers_or_times_in_either_order_and_today_is_usual(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    _add(ledger, "yesterday")
    clock.advance(24 * HOUR)
    _add(ledger, "one", "two")
    signed_in(client)  # the session has ended
    for query, jobs in (
        ("", ["one", "two"]),
        ("from=2&to=1", ["one"]),
        ("to=2026-03-02T23:00&from=0", ["yesterday"]),
        ("from=2026-03-02T23:00", ["one", "two"]),
        ("from=0&at=2", ["yesterday", "one"]),
    ):
        assert list(_found(client.get(f"/compare?{query}").text)) == jobs, query


@pytest.mark.parametrize("query", ["from=never", "from=9", "from=0&to=9", "from=0&after=x"])
def test_a_moment_that_is_none_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/compare?{query}").status_code == 422


def test_all_that_differs_is_shown_page_by_page(
    client: TestClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(ledger, *(f"job-{n}" for n in range(3 * PAGE)))
    for n in range(0, 3 * PAGE, 2):
        ledger.hold_job(f"job-{n}")
    for n in range(3 * PAGE):
        ledger.edit_job(f"job-{n}", content="x")
    old, new = ledger.as_of(PAGE), ledger.as_of(ledger.seq)
    expected = sorted(one.job_id for one in differences(old.list_jobs(), new.list_jobs()))
    assert len(expected) == 3 * PAGE
    for most in (2_000, 40):
        monkeypatch.setattr("jobledger.web.pages.compare.MOST_READ", most)
        seen: list[str] = []
        link: str | None = f"/compare?from={PAGE}"
        while link:
            page = client.get(link).text
            seen += _found(page)
            assert len(_found(page)) <= PAGE
            following = re.search(r'rel="next" href="([^"]+)"', page)
            link = following[1].replace("&amp;", "&") if following else None
        assert sorted(seen) == expected


def test_a_page_of_the_past_leads_to_what_has_changed_since(
    client: TestClient, ledger: Ledger
) -> None:
    _add(ledger, "one", "two")
    assert 'href="/compare?from=1"' in client.get("/?at=1").text


def test_every_field_has_a_name_in_both_languages() -> None:
    assert set(FIELDS.values()) - set(VI) == set()
