"""Publishers that take too long, and publishers that are told to stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.publishers import Asking
from support.waiting import DEADLINE_S, eventually, eventually_async, publishers_threads_end

from jobledger import (
    Attempt,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    PostResult,
    Scheduler,
    StaleAttemptError,
    ValidationError,
)

SOON = timedelta(seconds=0.05)
MINUTE = timedelta(minutes=1)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


class Blocking:
    """A plain publisher that waits until it is released, then answers."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.attempts: list[Attempt] = []

    def publish(self, attempt: Attempt) -> PostResult:
        self.attempts.append(attempt)
        self.release.wait()
        return PostResult(True, "too-late")


@pytest.fixture
def blocking() -> Iterator[Blocking]:
    """One whose threads are let go at the end of the test."""
    publisher = Blocking()
    yield publisher
    publisher.release.set()
    publishers_threads_end()


def test_a_plain_publisher_out_of_time_is_left_alone_and_its_late_result_refused(
    directory: Path, clock: ManualClock, blocking: Blocking, caplog: pytest.LogCaptureFixture
) -> None:
    """In run_due: the next job runs; what comes late is logged and changes nothing."""
    with Scheduler(directory, clock=clock, publish_timeout=SOON) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        assert scheduler.run_due(blocking) == 1
        job = scheduler.get_job(job_id)
        assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 1)
        assert job.error == "interrupted: no answer from the publisher in 0.05 s"
        assert scheduler.history(job_id)[-1].data.reason == "timeout"  # type: ignore[union-attr]
        eventually(lambda: blocking.attempts)  # its thread may have been slower than its time
        [attempt] = blocking.attempts
        assert attempt.is_cancelled
        with pytest.raises(StaleAttemptError):
            attempt.checkpoint("late", 1)
        before = scheduler.seq
        blocking.release.set()
        eventually(lambda: "late result refused" in caplog.text)
        assert "posted thread_id=too-late" in caplog.text
        assert scheduler.seq == before


@pytest.mark.parametrize(("mode", "status"), [("retry", "scheduled"), ("fail", "failed")])
def test_what_follows_is_as_after_any_interruption(
    directory: Path, clock: ManualClock, blocking: Blocking, mode: Any, status: str
) -> None:
    """The post may be out: on_interrupted decides where the publisher cannot be asked."""
    with Scheduler(directory, clock=clock, publish_timeout=SOON, on_interrupted=mode) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        scheduler.run_due(blocking)
        job = scheduler.get_job(job_id)
        assert (job.status, job.outcome_unknown) == (status, mode == "fail")


def test_a_publisher_that_can_be_asked_is_asked_after_the_settle_delay(
    directory: Path, clock: ManualClock, blocking: Blocking
) -> None:
    """It may still be posting when its time is up."""
    publisher = Asking(blocking.publish, lambda attempt: PostResult(True, "was-out"))
    with Scheduler(directory, clock=clock, publish_timeout=SOON, settle_s=60) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        scheduler.run_due(publisher)
        assert scheduler.get_job(job_id).scheduled_time == clock.now() + MINUTE
    clock.advance(MINUTE)
    with Scheduler(directory, clock=clock, publish_timeout=MINUTE) as scheduler:
        scheduler.run_due(publisher)
        assert scheduler.get_job(job_id).thread_id == "was-out"
        assert publisher.calls == ["publish", "reconcile"]


def test_asking_that_takes_too_long_is_asking_that_failed(
    directory: Path, clock: ManualClock, blocking: Blocking
) -> None:
    """It is asked again with backoff while retries are left, then the outcome is unknown."""
    publisher = Asking(lambda attempt: PostResult.unknown("?"), blocking.publish)
    with Scheduler(directory, clock=clock, publish_timeout=MINUTE) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now(), max_retries=1)
        scheduler.run_due(publisher)
    clock.advance(MINUTE)
    with Scheduler(directory, clock=clock, publish_timeout=SOON) as scheduler:
        scheduler.run_due(publisher)
        job = scheduler.get_job(job_id)
        assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
        assert job.error == "asking failed: no answer in 0.05 s"


def test_a_job_may_have_a_time_of_its_own(
    directory: Path, clock: ManualClock, blocking: Blocking
) -> None:
    """It is kept in the log, and counts instead of the setting."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now(), job_id="one", publish_timeout=SOON)
        new = NewJob("a", "y", clock.now(), job_id="two", publish_timeout=2 * SOON)
        ledger.add_jobs([new])
    with Scheduler(directory, clock=clock, publish_timeout=timedelta(hours=1)) as scheduler:
        assert scheduler.get_job("two").publish_timeout_s == 0.1
        assert scheduler.run_due(blocking) == 2
        errors = [str(scheduler.get_job(name).error) for name in ("one", "two")]
        assert [error.split(" in ")[1] for error in errors] == ["0.05 s", "0.1 s"]


@pytest.mark.parametrize("value", [0, 5, timedelta(0), -SOON, "1s", timedelta(days=400)])
def test_a_time_that_is_none_is_refused(directory: Path, clock: ManualClock, value: Any) -> None:
    """By name."""
    with (
        Ledger(directory, clock=clock) as ledger,
        pytest.raises(ValidationError, match="publish_timeout"),
    ):
        ledger.add_job("a", "x", clock.now(), publish_timeout=value)


def test_an_async_publisher_out_of_time_is_cancelled(directory: Path, clock: ManualClock) -> None:
    """It may clean up; what it answers then is refused."""

    async def main() -> None:
        cleaned = asyncio.Event()

        async def publish(account_id: str, content: str) -> PostResult:
            try:
                await asyncio.Event().wait()
            finally:
                cleaned.set()
            return PostResult(True)

        with Scheduler(directory, clock=clock, publish_timeout=SOON) as scheduler:
            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(publish)
            await eventually_async(lambda: scheduler.get_job(job_id).retry_count == 1)
            await asyncio.wait_for(cleaned.wait(), DEADLINE_S)
            await scheduler.stop()

    run(main())


def test_an_async_publisher_that_will_not_be_cancelled_is_left_behind(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The loop goes on with the next job; the late answer is refused."""

    async def main() -> None:
        release = asyncio.Event()

        async def publish(account_id: str, content: str) -> PostResult:
            if content == "stubborn":
                while not release.is_set():
                    try:
                        await release.wait()
                    except asyncio.CancelledError:
                        continue
            return PostResult(True, f"id-{content}")

        with Scheduler(directory, clock=clock, publish_timeout=SOON) as scheduler:
            stubborn = scheduler.add_job("a", "stubborn", clock.now())
            other = scheduler.add_job("a", "other", clock.now())
            await scheduler.start(publish)
            await eventually_async(lambda: scheduler.get_job(other).status is JobStatus.COMPLETED)
            assert scheduler.get_job(stubborn).status is JobStatus.SCHEDULED
            release.set()
            await eventually_async(lambda: "thread_id=id-stubborn" in caplog.text)
            assert scheduler.get_job(stubborn).thread_id is None
            await scheduler.stop()

    run(main())


def test_a_blocked_plain_publisher_holds_up_neither_timers_nor_stop(
    directory: Path, clock: ManualClock, blocking: Blocking
) -> None:
    """The event loop turns while it blocks, and stop does not wait for it for longer than told."""

    async def main() -> None:
        with Scheduler(directory, clock=clock, grace_s=0.05) as scheduler:
            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(blocking)
            await eventually_async(lambda: blocking.attempts)
            await asyncio.wait_for(asyncio.sleep(0), DEADLINE_S)
            assert not blocking.attempts[0].is_cancelled
            await asyncio.wait_for(scheduler.stop(), DEADLINE_S)
            assert blocking.attempts[0].is_cancelled
            assert scheduler.get_job(job_id).status is JobStatus.SCHEDULED

    run(main())


def test_cancelling_a_running_job_asks_its_publisher_to_stop(
    directory: Path, clock: ManualClock
) -> None:
    """An async one is cancelled, a plain one can see it; the job says what is known."""

    async def main(publisher: Any, begun: threading.Event, stopped: threading.Event) -> None:
        with (
            Scheduler(directory, clock=clock) as scheduler,
            Ledger(directory, clock=clock) as other,
        ):
            job_id = other.add_job("a", "x", clock.now())
            await scheduler.start(publisher)
            await eventually_async(begun.is_set)
            other.cancel_job(job_id, "wrong picture")
            await eventually_async(stopped.is_set)
            job = scheduler.get_job(job_id)
            assert job.status is JobStatus.CANCELLED
            assert job.status_message == (
                "Cancelled during attempt 1, the post may be out: wrong picture"
            )
            await scheduler.stop()

    begun, stopped = threading.Event(), threading.Event()

    async def in_the_loop(account_id: str, content: str) -> PostResult:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return PostResult(True)

    run(main(in_the_loop, begun, stopped))
    begun.clear()
    stopped.clear()

    def in_a_thread(attempt: Attempt) -> PostResult:
        begun.set()
        eventually(lambda: attempt.is_cancelled)
        stopped.set()
        return PostResult(False)

    run(main(Asking(in_a_thread), begun, stopped))


def test_cancelling_works_within_run_due_too(directory: Path, clock: ManualClock) -> None:
    """A publisher that would never end does not keep it from returning."""
    begun = threading.Event()

    async def publish(account_id: str, content: str) -> PostResult:
        begun.set()
        await asyncio.Event().wait()
        return PostResult(True)

    with (
        Scheduler(directory, clock=clock, concurrency=2) as scheduler,
        Ledger(directory, clock=clock) as other,
    ):
        job_id = scheduler.add_job("a", "x", clock.now())

        def cancel() -> None:
            begun.wait(DEADLINE_S)
            other.cancel_job(job_id)

        canceller = threading.Thread(target=cancel)
        canceller.start()
        assert scheduler.run_due(publish) == 1
        canceller.join()
        assert scheduler.get_job(job_id).status is JobStatus.CANCELLED


def test_a_lambda_around_an_async_publisher_is_awaited_where_the_scheduler_runs(
    directory: Path, clock: ManualClock
) -> None:
    """Not in a loop of its own, to which the program's connections would not belong."""

    async def main() -> None:
        here = asyncio.get_running_loop()

        async def publish(account_id: str, content: str) -> PostResult:
            return PostResult(asyncio.get_running_loop() is here, error="another loop")

        with Scheduler(directory, clock=clock, publish_timeout=MINUTE) as scheduler:
            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(lambda account_id, content: publish(account_id, content))
            await eventually_async(lambda: scheduler.get_job(job_id).status != "scheduled")
            await scheduler.stop()
            assert scheduler.get_job(job_id).status is JobStatus.COMPLETED

    run(main())
