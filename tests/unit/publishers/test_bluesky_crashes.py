"""BlueskyPublisher under the kit: a crash, and a loss of power, before and after every step."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from support.crashes import Deaf

from jobledger import Ledger, NewJob, Part, Post
from jobledger.publishers import BlueskyPublisher
from jobledger.publishers.fake_platform import Out
from jobledger.publishers.fake_platform.bluesky import FakeBluesky
from jobledger.testing import crash_everywhere, crash_point

pytestmark = pytest.mark.thorough

CHAIN = Post([Part("one"), Part("two"), Part("three")])


class Repository(httpx.AsyncBaseTransport):
    """The fake server in memory, where a process may die on either side of each exchange.

    `count` says how often the post of a job is out: its text, or all parts of its chain. Part of a
    chain counts as twice, since it must not be.
    """

    def __init__(self) -> None:
        self._posts: list[Out] = []
        self._server = FakeBluesky(lambda: datetime(2026, 1, 1, tzinfo=UTC), None, self._posts)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        crash_point(f"before {name}")
        found = self._server.find(
            name,
            dict(parse_qsl(request.url.query.decode())),
            request.headers.get("Authorization", ""),
            request.headers.get("Content-Type", ""),
            request.content,
        )
        assert found is not None
        reply = found[1]()
        crash_point(f"after {name}")
        return httpx.Response(reply.status, json=reply.document, headers=reply.headers)

    def count(self, job_id: str) -> int:
        wanted = [part.text for part in CHAIN.parts] if job_id == "chain" else [job_id]
        out = [post.text for post in self._posts if post.text in wanted]
        return len(out) // len(wanted) if len(out) % len(wanted) == 0 else 2


class DeafToPosts(Deaf):
    """One that cannot be asked, and is given whole posts."""

    takes_posts = True


def publisher(repository: Repository) -> Any:
    return BlueskyPublisher(
        lambda account_id: f"password-of-{account_id}",
        base_url="https://pds.example",
        transport=lambda: repository,
    )


def jobs(ledger: Ledger) -> None:
    """Add two of one account, and a chain of another."""
    given = [("a.test", "x", None), ("a.test", "y", None), ("b.test", "chain", CHAIN)]
    ledger.add_jobs(
        [
            NewJob(
                account,
                job_id if post is None else "one",
                ledger.now(),
                platform="bluesky",
                job_id=job_id,
                post=post,
            )
            for account, job_id, post in given
        ]
    )


def test_wherever_it_dies_each_post_is_out_once() -> None:
    """A chain whole; nothing is left to a person."""
    report = crash_everywhere(publisher, jobs, platform=Repository)
    report.check()
    assert report.unknown == []
    assert report.crashes > 80


@pytest.mark.parametrize("on_interrupted", ["retry", "fail"])
def test_so_it_is_where_nobody_asks(on_interrupted: Any) -> None:
    """The key protects what is sent again; with "fail" a person is asked instead."""
    report = crash_everywhere(
        lambda repository: DeafToPosts(publisher(repository)),
        jobs,
        platform=Repository,
        on_interrupted=on_interrupted,
    )
    report.check()
    assert (report.unknown == []) is (on_interrupted == "retry")
