"""Where an account has no valid token, its posts wait: none is burnt, and none is out of date."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support import postgres
from support.waiting import eventually_async

from jobledger import (
    Attempt,
    JobStatus,
    Ledger,
    ManualClock,
    NotPosted,
    OutcomeUnknown,
    Pacing,
    PostResult,
    Scheduler,
)
from jobledger.instrumentation import mark_secret
from jobledger.publishers import NoValidToken
from jobledger.scheduler.account_holds import FIRST_WAIT, LONGEST_WAIT, AccountHolds


class Platform:
    """A publisher for accounts of which some have no valid token."""

    def __init__(self, *expired: str) -> None:
        self.expired = set(expired)
        self.asked: list[str] = []
        self.posted: list[str] = []

    def publish(self, attempt: Attempt) -> PostResult:
        job = attempt.job
        self.asked.append(job.job_id)
        if job.account_id in self.expired:
            raise NoValidToken("HTTP 401: the token has expired", job.account_id)
        self.posted.append(job.job_id)
        return PostResult(True, thread_id=job.job_id)


@pytest.fixture(params=["a directory", "in memory", "a server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "a directory":
        return str(tmp_path / "jobs")
    return f"memory:{uuid4()}" if request.param == "in memory" else postgres.new_url()


@pytest.fixture(params=[{}, {"concurrency": 4}, {"pacing": Pacing(min_gap_s=1)}], ids=str)
def scheduler(
    request: pytest.FixtureRequest, place: str, clock: ManualClock
) -> Iterator[Scheduler]:
    options: dict[str, Any] = request.param
    with Scheduler(place, clock=clock, **options) as opened:
        yield opened


def add(ledger: Ledger, account: str, count: int) -> list[str]:
    return [
        ledger.add_job(account, f"text {n}", ledger.now(), job_id=f"{account}-{n}")
        for n in range(count)
    ]


def states(ledger: Ledger, ids: list[str]) -> set[tuple[JobStatus, int]]:
    return {(job.status, job.retry_count) for job in map(ledger.get_job, ids)}


def test_one_post_finds_it_out_and_the_others_wait(scheduler: Scheduler) -> None:
    ids, platform = add(scheduler, "shop", 10), Platform("shop")
    scheduler.run_due(platform)
    scheduler.run_due(platform)
    assert len(platform.asked) == 1
    assert states(scheduler, ids) == {(JobStatus.SCHEDULED, 0)}
    assert {scheduler.get_job(job_id).scheduled_time for job_id in ids} == {scheduler.now()}


def test_posts_of_other_accounts_go_out_meanwhile(scheduler: Scheduler) -> None:
    add(scheduler, "shop", 3)
    [other] = add(scheduler, "cafe", 1)
    platform = Platform("shop")
    scheduler.run_due(platform)
    assert platform.posted == [other]


def test_with_a_new_token_all_go_out_each_once(scheduler: Scheduler, clock: ManualClock) -> None:
    ids, platform = add(scheduler, "shop", 4), Platform("shop")
    scheduler.run_due(platform)
    platform.expired.clear()
    assert scheduler.run_due(platform) == 0
    clock.advance(FIRST_WAIT)
    for _ in range(6):
        scheduler.run_due(platform)
        clock.advance(timedelta(seconds=2))
    assert sorted(platform.posted) == ids
    assert states(scheduler, ids) == {(JobStatus.COMPLETED, 0)}


def test_why_says_what_they_wait_for(scheduler: Scheduler) -> None:
    first, second = add(scheduler, "shop", 2)
    scheduler.run_due(Platform("shop"))
    scheduler.run_due(Platform("shop"))
    for job_id in (first, second):
        told = scheduler.why(job_id).answer
        assert "nothing can be posted for its account (NoValidToken: HTTP 401" in told
        assert "held back until" in told
    assert "could post nothing for its account" in scheduler.why(first).answer


def test_what_waits_too_long_expires_by_its_own_time(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """A post of yesterday does not go out because the token is renewed today."""
    ids, platform = add(scheduler, "shop", 2), Platform("shop")
    for _ in range(60):
        scheduler.run_due(platform)
        clock.advance(timedelta(minutes=30))
    assert states(scheduler, ids) == {(JobStatus.EXPIRED, 0)}
    platform.expired.clear()
    assert scheduler.run_due(platform) == 0


def test_the_loop_tries_again_by_itself(scheduler: Scheduler, clock: ManualClock) -> None:
    ids, platform = add(scheduler, "shop", 3), Platform("shop")

    async def run() -> None:
        await scheduler.start(platform)
        await eventually_async(
            lambda: all(scheduler.get_job(job_id).deferred_until for job_id in ids)
        )
        assert len(platform.asked) == 1
        platform.expired.clear()
        clock.advance(FIRST_WAIT)

        def are_done() -> bool:
            clock.advance(timedelta(milliseconds=100))
            return scheduler.counts()[JobStatus.COMPLETED] == len(ids)

        await eventually_async(are_done)
        await scheduler.stop()

    asyncio.run(run())
    assert sorted(platform.posted) == ids


def test_one_that_is_in_doubt_stays_so_and_is_asked_about_later(
    place: str, clock: ManualClock
) -> None:
    """That the platform cannot be asked says nothing of the post, and uses up no retry."""

    class Doubtful(Platform):
        def publish(self, attempt: Attempt) -> PostResult:
            self.posted.append(attempt.job.job_id)
            raise OutcomeUnknown("timed out")

        def reconcile(self, attempt: Attempt) -> PostResult:
            if attempt.job.account_id in self.expired:
                raise NoValidToken("expired", attempt.job.account_id)
            return PostResult(True, thread_id="1")

    with Scheduler(place, clock=clock, settle_s=0) as scheduler:
        [job_id] = add(scheduler, "shop", 1)
        platform = Doubtful("shop")
        scheduler.run_due(platform)
        count = scheduler.get_job(job_id).retry_count
        for _ in range(5):
            clock.advance(LONGEST_WAIT)
            scheduler.run_due(platform)
            assert scheduler.get_job(job_id).in_doubt
        assert scheduler.get_job(job_id).retry_count == count
        platform.expired.clear()
        clock.advance(LONGEST_WAIT)
        scheduler.run_due(platform)
        assert scheduler.get_job(job_id).status is JobStatus.COMPLETED
        assert platform.posted == [job_id]


def test_a_word_that_is_of_the_post_too_is_a_failure(scheduler: Scheduler) -> None:
    class Both(Platform):
        def publish(self, attempt: Attempt) -> PostResult:
            raise ExceptionGroup(
                "both", [NoValidToken("expired", "shop"), NotPosted("too long", retryable=False)]
            )

    [job_id] = add(scheduler, "shop", 1)
    scheduler.run_due(Both())
    assert scheduler.get_job(job_id).status is JobStatus.FAILED


def test_it_is_told_as_an_error_each_time(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    add(scheduler, "shop", 3)
    scheduler.run_due(Platform("shop"))
    told = [one for one in caplog.records if "nothing can be posted for an account" in one.message]
    assert [one.levelname for one in told] == ["ERROR"]
    assert scheduler.last_outcomes["retried"] == 1
    assert scheduler.last_outcomes["failed"] == 0


def test_neither_a_token_nor_a_text_is_in_what_the_others_are_told(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a publisher quotes in what it raises."""
    secret, text = "token-8f14e45fceea167a5a36dedd4bea", "a text that is nobody else's business"
    mark_secret(secret)

    class Quoting(Platform):
        def publish(self, attempt: Attempt) -> PostResult:
            raise NoValidToken(f"{secret} is not valid for {text!r}", "shop")

    scheduler.add_job("shop", text, scheduler.now())
    add(scheduler, "shop", 2)
    scheduler.run_due(Quoting())
    told = [str(event.data) for event in scheduler.events() if event.type == "deferred"]
    assert len(told) >= 2
    assert not any(secret in each or text in each for each in [*told, *caplog.messages])


def test_the_waits_grow_and_begin_anew_when_a_post_is_out(clock: ManualClock) -> None:
    holds = AccountHolds()
    spans = []
    for _ in range(5):
        holds.add("shop", "expired", clock.now())
        until, why = holds.held(clock.now())["shop"]
        spans.append(until - clock.now())
        assert "expired" in why
        clock.advance(spans[-1])
        assert holds.held(clock.now()) == {}
    assert spans == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT, LONGEST_WAIT, LONGEST_WAIT]
    holds.worked("shop")
    holds.add("shop", "expired", clock.now())
    assert holds.held(clock.now())["shop"][0] == clock.now() + FIRST_WAIT
