"""A program that runs jobs, with publishers of every form."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

from jobledger import (
    Attempt,
    Ledger,
    ManualClock,
    NotPosted,
    OutcomeUnknown,
    Pacing,
    PostResult,
    Publisher,
    ReconcilingPublisher,
    RetryPolicy,
    ScheduledJob,
    Scheduler,
    hide_secrets,
    mark_secret,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def post(account_id: str, content: str) -> PostResult:
    return PostResult(True, thread_id="17")


async def post_in_time(account_id: str, content: str) -> PostResult:
    await asyncio.sleep(0)
    return PostResult(False, error="not today", retryable=False)


class Plain:
    """An object that posts; it need not know of any base class."""

    def publish(self, attempt: Attempt) -> PostResult:
        assert_type(attempt.job, ScheduledJob)
        assert_type(attempt.number, int)
        assert_type(attempt.idempotency_key, str)
        assert_type(attempt.checkpoints, dict[str, Any])
        assert_type(attempt.is_cancelled, bool)
        attempt.checkpoint("container", {"id": 9})
        attempt.note("half way")
        if attempt.is_cancelled:
            raise NotPosted("stopped", retryable=True)
        raise OutcomeUnknown("no answer")


class Asked:
    """An async one that can be asked what became of an attempt."""

    async def publish(self, attempt: Attempt) -> PostResult:
        return PostResult.unknown("no answer in time")

    async def reconcile(self, attempt: Attempt) -> PostResult | None:
        return PostResult(success=True) if attempt.checkpoints else None


class AskedAtOnce(Plain):
    """And one whose answer needs no waiting."""

    def reconcile(self, attempt: Attempt) -> PostResult:
        return PostResult(True)


class Declared(Publisher):
    """One that says what it is."""

    def publish(self, attempt: Attempt) -> PostResult | Awaitable[PostResult]:
        return post(attempt.job.account_id, attempt.job.content)


PUBLISHERS: list[Publisher] = [Plain(), Asked(), AskedAtOnce(), Declared()]
CAN_BE_ASKED: list[ReconcilingPublisher] = [Asked(), AskedAtOnce()]


def tell(job: ScheduledJob) -> None:
    print(job.error)


def tell_why(job: ScheduledJob, error: str) -> None:
    print(job.job_id, error)


def opened(directory: Path) -> Scheduler:
    """With every setting that it has, and with those of a Ledger."""
    return Scheduler(
        directory,
        max_running_minutes=10,
        retry=RetryPolicy(base_s=1, factor=3.0, cap_s=None, jitter=0.1),
        on_interrupted="fail",
        concurrency=4,
        publish_timeout=timedelta(seconds=30),
        pacing=Pacing(min_gap_s=60, quota=None),
        pacing_by_account={"mai": Pacing(quota=3, window_s=3600.0)},
        grace_s=5,
        settle_s=30.0,
        error_wait_s=1.0,
        on_failure=tell_why,
        ageing=timedelta(hours=1),
        timezone="Asia/Ho_Chi_Minh",
        durability="none",
        clock=ManualClock(NOON),
        unique=True,
        by="app:blog",
    )


def runs(scheduler: Scheduler) -> None:
    assert_type(scheduler.run_due(post), int)
    assert_type(scheduler.run_due(post_in_time, limit=3), int)
    for publisher in PUBLISHERS:
        scheduler.run_due(publisher)
    assert_type(scheduler.last_outcomes, Mapping[str, int])
    assert_type(scheduler.is_running, bool)
    assert_type(scheduler.recover_all_running_jobs(), int)
    assert_type(scheduler.recover_stuck_jobs(5.0), int)
    assert_type(scheduler.acting("web:lan"), Scheduler)


async def serves(scheduler: Scheduler) -> None:
    await scheduler.start(Asked())
    await scheduler.stop()


def answers(result: PostResult) -> None:
    assert_type((result.success, result.retryable), tuple[bool, bool])
    assert_type((result.thread_id, result.error), tuple[str | None, str | None])
    assert_type(result.outcome_unknown, bool)
    assert_type(PostResult.unknown(), PostResult)


def takes_any(ledger: Ledger) -> int:
    """Take a Scheduler, too: it is a Ledger."""
    return ledger.seq


def hides() -> None:
    assert_type(mark_secret("a long secret"), str)
    hide_secrets(None, "info", {"event": "a long secret"})


def main(directory: Path) -> None:
    with opened(directory) as scheduler:
        assert_type(scheduler, Scheduler)
        scheduler.add_job("mai", "Xin chào", NOON)
        runs(scheduler)
        asyncio.run(serves(scheduler))
        takes_any(scheduler)
    answers(post("mai", "Xin chào"))
    with Scheduler(directory, on_failure=tell, durability="none", clock=ManualClock(NOON)):
        pass
