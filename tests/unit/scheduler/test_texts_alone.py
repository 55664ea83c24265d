"""A post that is more than a text goes to publishers that read it, and to no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.eventstore import NOON

from jobledger import Attempt, JobStatus, Link, ManualClock, Part, Post, PostResult, Scheduler

POST = Post([Part("one", link=Link("https://a.vn")), Part("two")], "cats")


class Publishing:
    """Notes what it was asked to publish."""

    def __init__(self) -> None:
        self.asked: list[Attempt] = []

    def publish(self, attempt: Attempt) -> PostResult:
        self.asked.append(attempt)
        return PostResult(True, thread_id="1")


class PublishingAsync(Publishing):
    """The same, to be awaited."""

    async def publish(self, attempt: Attempt) -> PostResult:  # type: ignore[override]
        return Publishing.publish(self, attempt)


class PublishingPosts(Publishing):
    """The same, and it says that it reads posts."""

    takes_posts = True


class SayingSomething(Publishing):
    """What it says is not that."""

    takes_posts = "no"


@pytest.fixture
def scheduler(tmp_path: Path) -> Any:
    """Make a scheduler with a job that has a post, and one that has a text."""
    with Scheduler(tmp_path / "jobs", clock=ManualClock(NOON)) as scheduler:
        now = NOON
        scheduler.add_job("a", "", now, job_id="rich", post=POST)
        scheduler.add_job("b", "text", now, job_id="plain")
        yield scheduler


@pytest.mark.parametrize("kind", [Publishing, PublishingAsync, SayingSomething])
def test_a_publisher_of_texts_is_not_given_a_post(
    scheduler: Scheduler, kind: type[Publishing]
) -> None:
    """It would post the first text alone, and nobody would know: FAILED, by name, at once."""
    publisher = kind()
    scheduler.run_due(publisher)
    assert [attempt.job.job_id for attempt in publisher.asked] == ["plain"]
    job = scheduler.get_job("rich")
    assert job is not None
    assert (job.status, job.attempt, job.retry_count) == (JobStatus.FAILED, 1, 0)
    assert job.error is not None
    assert job.error.startswith(
        "post.parts[0].link, post.parts[1], post.topic would be left out: this publisher posts"
    )
    assert not job.outcome_unknown


def test_nor_is_a_function(scheduler: Scheduler) -> None:
    asked: list[str] = []

    def post(account_id: str, content: str) -> PostResult:
        asked.append(account_id)
        return PostResult(True)

    scheduler.run_due(post)
    assert asked == ["b"]


def test_one_that_says_so_gets_it(scheduler: Scheduler) -> None:
    publisher = PublishingPosts()
    scheduler.run_due(publisher)
    assert {attempt.job.job_id: attempt.job.post for attempt in publisher.asked} == {
        "rich": POST, "plain": None,
    }  # fmt: skip
