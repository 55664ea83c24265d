"""MastodonPublisher under the kit: a crash, and a loss of power, before and after every step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from support.crashes import Deaf
from support.tiers import one_in

from jobledger import Ledger, NewJob, Part, Post, Publisher
from jobledger.publishers import MastodonPublisher
from jobledger.publishers.fake_platform.mastodon import FakeMastodon
from jobledger.testing import crash_everywhere, crash_point


class Instance(httpx.AsyncBaseTransport):
    """The fake instance in memory, where a process may die on either side of each exchange.

    With `keys_last` its clock stands still, and else each look at it is a day later, so that no key
    is known a second time. `count` says how often the text of a job, which is its id, is out.
    """

    def __init__(self, *, keys_last: bool, jobs_of_a_text: int = 1) -> None:
        self._at = datetime(2026, 1, 1, tzinfo=UTC)
        self._step = timedelta(0) if keys_last else timedelta(days=1)
        self._jobs_of_a_text = jobs_of_a_text
        self._mastodon = FakeMastodon(self._now, [])

    def _now(self) -> datetime:
        self._at += self._step
        return self._at

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.split("/")[2:]
        crash_point(f"before {request.method} {path[-1]}")
        found = self._mastodon.find(
            request.method,
            path,
            request.headers["Authorization"].removeprefix("Bearer token-of-"),
            dict(parse_qsl(request.url.query.decode())),
            request.content,
            request.headers.get("Idempotency-Key", ""),
        )
        assert found is not None
        reply = found[1]()
        crash_point(f"after {request.method} {path[-1]}")
        return httpx.Response(reply.status, json=reply.document, headers=reply.headers)

    def count(self, job_id: str) -> int:
        text = job_id.rstrip("0123456789")
        times = sum(status.text == text for status in self._mastodon.statuses)
        return -(-times // self._jobs_of_a_text)


def publisher(instance: Instance) -> Any:
    return MastodonPublisher(
        "https://mastodon.example",
        lambda account_id: f"token-of-{account_id}",
        transport=lambda: instance,
    )


def three_jobs(ledger: Ledger) -> None:
    ledger.add_jobs(
        [
            NewJob(account, text, ledger.now(), platform="mastodon", job_id=text)
            for account, text in (("a", "one"), ("a", "two"), ("b", "three"))
        ]
    )


def two_of_one_text(ledger: Ledger) -> None:
    ledger.add_jobs(
        [
            NewJob("a", "same", ledger.now(), platform="mastodon", job_id=f"same{number}")
            for number in (1, 2)
        ]
    )


@pytest.mark.parametrize("keys_last", one_in(2, [False, True]))
def test_it_posts_once_wherever_the_process_dies(keys_last: bool) -> None:
    """Whether the instance still has its keys or not; nothing is left to a person."""
    report = crash_everywhere(publisher, three_jobs, platform=lambda: Instance(keys_last=keys_last))
    report.check()
    assert report.unknown == []
    assert report.crashes > 100


@pytest.mark.thorough
def test_a_chain_goes_on_behind_its_last_part_wherever_the_process_dies() -> None:
    """Three parts of one text: each is out once, and so the text three times."""

    def chain(ledger: Ledger) -> None:
        post = Post(parts=(Part("same"), Part("same"), Part("same")))
        ledger.add_jobs(
            [NewJob("a", "same", ledger.now(), platform="mastodon", job_id="same", post=post)]
        )

    report = crash_everywhere(
        publisher, chain, platform=lambda: Instance(keys_last=False, jobs_of_a_text=3)
    )
    report.check()
    assert report.unknown == []


@pytest.mark.thorough
@pytest.mark.parametrize("keys_last", [True, False])
def test_two_jobs_with_one_text_are_two_posts(keys_last: bool) -> None:
    report = crash_everywhere(
        publisher,
        two_of_one_text,
        platform=lambda: Instance(keys_last=keys_last, jobs_of_a_text=2),
    )
    report.check()
    assert report.unknown == []


@pytest.mark.thorough
def test_it_posts_once_where_nobody_asks_it() -> None:
    """It looks by itself before it sends again."""

    def deaf(instance: Instance) -> Publisher:
        return Deaf(publisher(instance))

    crash_everywhere(deaf, three_jobs, platform=lambda: Instance(keys_last=False)).check()


@pytest.mark.thorough
def test_the_kit_would_see_a_double_post(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one that does not look, on an instance that has forgotten its keys."""
    monkeypatch.setattr(
        "jobledger.publishers.mastodon_steps.PartSteps.unanswered", property(lambda self: False)
    )
    assert crash_everywhere(
        lambda instance: Deaf(publisher(instance)),
        three_jobs,
        platform=lambda: Instance(keys_last=False),
    ).twice
