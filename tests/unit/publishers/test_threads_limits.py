"""An account's quota is asked for before its posts are made: at the limit they wait."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest
from support.bench import Bench
from support.crashes import ACCOUNT

from jobledger import JobStatus, Part, Post
from jobledger.publishers import AccountWaits, NoValidToken

DAY = timedelta(days=1)
MINUTES = timedelta(minutes=1)


def test_at_the_limit_a_post_waits_and_uses_up_no_retry(bench: Bench) -> None:
    """It goes out as soon as there is room, and says until then why it does not."""
    bench.platform.limit_to(1)
    publisher = bench.threads()
    assert bench.post(publisher, "first").status is JobStatus.COMPLETED
    job = bench.post(publisher, "second")
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 0)
    assert "its quota is used up: 1 of 1 posts in 24 h are used" in str(job.error)
    assert bench.exchanges().count("create") == 1
    assert bench.scheduler.run_due(publisher) == 0
    held = bench.scheduler.get_job(job.job_id)
    assert held.is_held_back
    assert "its quota is used up" in str(held.status_message)
    bench.clock.advance(DAY - timedelta(hours=1))
    bench.scheduler.reschedule_job(job.job_id, bench.clock.now() + timedelta(hours=1))
    assert bench.once(publisher, job.job_id).status is JobStatus.COMPLETED


def test_it_is_asked_once_for_some_minutes_in_which_own_posts_count(bench: Bench) -> None:
    """And by them alone nothing waits: at what looks like the limit it is asked again."""
    bench.platform.limit_to(3)
    publisher = bench.threads()
    for text in ("one", "two"):
        bench.post(publisher, text)
    assert bench.exchanges().count("limit") == 1
    bench.post(publisher, "three")
    assert bench.exchanges().count("limit") == 1
    bench.platform.limit_to(4)
    assert bench.post(publisher, "four").status is JobStatus.COMPLETED
    assert bench.exchanges().count("limit") == 2
    bench.platform.limit_to(250)
    bench.post(publisher, "five")
    bench.clock.advance(5 * MINUTES)
    bench.post(publisher, "six")
    assert bench.exchanges().count("limit") == 4
    assert len(bench.platform.posts()) == 6


@pytest.mark.parametrize(
    "fault",
    ["500_before", "drop_before", "garbage", "half", "rate_limited", "token_expired", "restricted",
     "missing"],
)  # fmt: skip
def test_where_it_cannot_be_asked_the_post_is_made(bench: Bench, fault: str) -> None:
    bench.platform.fail("limit", fault, times=99)  # type: ignore[arg-type]
    assert bench.post(bench.threads()).status is JobStatus.COMPLETED
    assert bench.exchanges().count("limit") == 1


def test_what_is_no_quota_holds_nothing_back(bench: Bench) -> None:
    """Nor does one that the platform does not say; a negative one is none."""
    bench.platform.limit_to(-1)
    job = bench.post(bench.threads())
    assert "rate limit" in str(job.error)  # by the platform itself
    assert job.retry_count == 1


def test_replies_have_a_quota_of_their_own(bench: Bench) -> None:
    """A chain waits before the part that has no room, and goes on behind those that are out."""
    bench.platform.limit_to(1, replies=1)
    publisher = bench.threads()
    chain = Post([Part("one"), Part("two"), Part("three")])
    job_id = bench.scheduler.add_job(ACCOUNT, "one", bench.clock.now(), post=chain)
    job = bench.once(publisher, job_id)
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 0)
    assert "its quota is used up: 1 of 1 replies in 24 h are used" in str(job.error)
    assert [post.text for post in bench.platform.posts()] == ["one", "two"]
    bench.platform.limit_to(1, replies=2)
    bench.clock.advance(5 * MINUTES)
    assert bench.once(publisher, job_id).status is JobStatus.COMPLETED
    assert [post.text for post in bench.platform.posts()] == ["one", "two", "three"]
    asked = [seen.target.partition("fields=")[2] for seen in bench.platform.seen
             if seen.exchange == "limit"]  # fmt: skip
    assert asked[0] == "quota_usage%2Cconfig"
    assert set(asked[1:]) == {"reply_quota_usage%2Creply_config"}


def test_a_post_that_may_be_out_does_not_wait_for_room(bench: Bench) -> None:
    """It is asked about, found, and needs none."""
    bench.platform.fail("publish", "drop_after")
    bench.platform.fail("status", "500_before", times=99, skip=2)
    publisher = bench.threads()
    job = bench.post(publisher)
    assert job.in_doubt
    bench.platform.mend()
    bench.platform.limit_to(0)
    job = bench.once(publisher, job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")
    assert bench.exchanges().count("limit") == 1


def test_a_limit_met_all_the_same_lets_the_account_wait(bench: Bench) -> None:
    """Somebody else posts for it, too: the answer was good when it was given."""
    publisher = bench.threads()
    bench.post(publisher, "one")
    bench.platform.limit_to(1)
    job = bench.post(publisher, "two")
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 0)
    assert "rate limit" in str(job.error)
    assert "1 of 1 posts in 24 h are used" in str(job.error)


def test_what_is_raised_for_it_survives_pickling() -> None:
    for error in (AccountWaits("full", "shop"), NoValidToken("gone", "shop")):
        back = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own
        assert (type(back), str(back), back.account_id) == (type(error), str(error), "shop")
        assert back.retryable is error.retryable
