"""The loop: woken by due times, by changes of the log, by stop; errors don't end it."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.durability import without_background
from support.eventstore import ACKNOWLEDGING, WatchedFileSystem
from support.publishers import Recording
from support.waiting import DEADLINE_S, eventually_async

from jobledger import (
    Attempt,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    PostResult,
    Scheduler,
    SchedulerRunningError,
    StorageError,
)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_start_runs_what_is_due_and_stop_ends_it(directory: Path, clock: ManualClock) -> None:
    """start and stop."""

    async def main() -> None:
        with Scheduler(directory, clock=clock) as scheduler:
            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(Recording())
            assert scheduler.is_running
            await eventually_async(lambda: scheduler.get_job(job_id).status is JobStatus.COMPLETED)
            await scheduler.stop()
            assert not scheduler.is_running
            await scheduler.stop()

    run(main())


def test_it_is_woken_by_a_job_added_here_or_by_another_handle(
    directory: Path, clock: ManualClock
) -> None:
    """Nobody moves the clock, so only the change of the log can have woken it."""

    async def main() -> None:
        with (
            Scheduler(directory, clock=clock) as scheduler,
            Ledger(directory, clock=clock) as other,
        ):
            post = Recording()
            await scheduler.start(post)
            scheduler.add_job("a", "here", clock.now())
            await eventually_async(lambda: post.posted == ["here"])
            other.add_job("a", "elsewhere", clock.now())
            await eventually_async(lambda: post.posted == ["here", "elsewhere"])
            await scheduler.stop()

    run(main())


def test_it_is_woken_by_the_due_time(directory: Path, clock: ManualClock) -> None:
    """The job runs when the clock reaches its time, and not before."""

    async def main() -> None:
        with Scheduler(directory, clock=clock) as scheduler:
            post = Recording()
            scheduler.add_job("a", "later", clock.now() + timedelta(hours=3))
            marker = scheduler.add_job("a", "now", clock.now())
            await scheduler.start(post)
            await eventually_async(lambda: scheduler.get_job(marker).status is JobStatus.COMPLETED)
            assert post.posted == ["now"]
            clock.advance(timedelta(hours=3))
            await eventually_async(lambda: post.posted == ["now", "later"])
            await scheduler.stop()

    run(main())


def test_one_job_at_a_time_highest_priority_first(directory: Path, clock: ManualClock) -> None:
    """While one runs no other starts, though it is due."""

    async def main() -> None:
        with Scheduler(directory, clock=clock) as scheduler:
            gate, order = asyncio.Event(), list[str]()

            async def post(account_id: str, content: str) -> PostResult:
                order.append(content)
                assert len(scheduler.list_jobs(status=JobStatus.RUNNING)) == 1
                await gate.wait()
                return PostResult(True)

            for account, content in (("a", "1"), ("b", "2"), ("c", "3")):
                scheduler.add_job(account, content, clock.now())
            await scheduler.start(post)
            await eventually_async(lambda: order == ["1"])
            gate.set()
            await eventually_async(lambda: order == ["1", "2", "3"])
            await scheduler.stop()

    run(main())


def test_stop_waits_for_the_running_job(directory: Path, clock: ManualClock) -> None:
    """Within the grace time its result is recorded."""

    async def main() -> None:
        with Scheduler(directory, clock=clock, grace_s=DEADLINE_S) as scheduler:
            started, gate = threading.Event(), threading.Event()

            def post(account_id: str, content: str) -> PostResult:
                started.set()
                gate.wait()
                return PostResult(True, "in time")

            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(post)
            await eventually_async(started.is_set)
            stopping = asyncio.create_task(scheduler.stop())
            await asyncio.sleep(0)
            gate.set()
            await stopping
            assert scheduler.get_job(job_id).thread_id == "in time"

    run(main())


def test_a_plain_publisher_that_hangs_cannot_stop_stop(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is recorded as interrupted, and its late result is refused."""

    async def main() -> None:
        with Scheduler(directory, clock=clock, grace_s=0.05) as scheduler:
            started, gate = threading.Event(), threading.Event()

            def hang(account_id: str, content: str) -> PostResult:
                started.set()
                gate.wait()
                return PostResult(True, "too late")

            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(hang)
            await eventually_async(started.is_set)
            await scheduler.stop()
            job = scheduler.get_job(job_id)
            assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 1)
            event = scheduler.history(job_id)[-1]
            assert (event.type, event.to_dict()["data"]["reason"]) == ("interrupted", "stopped")
            gate.set()
            await eventually_async(lambda: "late result refused" in caplog.text)
            assert scheduler.get_job(job_id) == job

    run(main())


@pytest.mark.parametrize("stubborn", [False, True])
def test_an_async_publisher_that_hangs_cannot_stop_stop(
    directory: Path, clock: ManualClock, stubborn: bool
) -> None:
    """It is cancelled; one that swallows the cancelling is left behind."""

    async def main() -> None:
        with Scheduler(directory, clock=clock, grace_s=0.05) as scheduler:
            started, release = asyncio.Event(), asyncio.Event()

            async def hang(account_id: str, content: str) -> PostResult:
                started.set()
                while not release.is_set():
                    try:
                        await release.wait()
                    except asyncio.CancelledError:
                        if not stubborn:
                            raise
                return PostResult(True)

            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(hang)
            await eventually_async(started.is_set)
            await scheduler.stop()
            assert scheduler.get_job(job_id).status is JobStatus.SCHEDULED
            release.set()
            await asyncio.sleep(0)
            assert [event.type for event in scheduler.history(job_id)][-1] == "interrupted"

    run(main())


def test_an_error_in_the_loop_is_logged_and_waited_out(
    directory: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first turns fail; then the job runs."""
    with Scheduler(directory, clock=clock, error_wait_s=0.01) as scheduler:
        sound, failures = scheduler.cleanup_expired_jobs, [StorageError("disk"), OSError("x")]

        def failing() -> int:
            if failures:
                raise failures.pop()
            return sound()

        monkeypatch.setattr(scheduler, "cleanup_expired_jobs", failing)

        async def main() -> None:
            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(Recording())
            await eventually_async(lambda: scheduler.get_job(job_id).status is JobStatus.COMPLETED)
            await scheduler.stop()

        run(main())
    assert caplog.text.count("error in the loop") == 2


def test_stop_does_not_wait_an_error_out(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ten seconds after an error end at once when the scheduler is stopped."""
    with Scheduler(directory, clock=clock, error_wait_s=3600, grace_s=3600) as scheduler:
        failed = threading.Event()

        def failing() -> int:
            failed.set()
            raise OSError

        monkeypatch.setattr(scheduler, "cleanup_expired_jobs", failing)

        async def main() -> None:
            await scheduler.start(Recording())
            await eventually_async(failed.is_set)
            await asyncio.wait_for(scheduler.stop(), DEADLINE_S)

        run(main())


def test_the_loop_expires_and_recovers(directory: Path, clock: ManualClock) -> None:
    """A draft expires 24 h after its time; an attempt of over 30 minutes is given up."""

    async def main() -> None:
        with Scheduler(directory, clock=clock, grace_s=0.05) as scheduler:
            gate = asyncio.Event()

            async def hang(account_id: str, content: str) -> PostResult:
                await gate.wait()
                return PostResult(True)

            draft = scheduler.add_job("a", "draft", clock.now(), hold=True)
            stuck = scheduler.add_job("a", "stuck", clock.now())
            await scheduler.start(hang)
            await eventually_async(lambda: scheduler.get_job(stuck).status is JobStatus.RUNNING)
            clock.advance(timedelta(minutes=30, microseconds=1))
            await eventually_async(lambda: scheduler.get_job(stuck).retry_count == 1)
            assert scheduler.get_job(stuck).status is JobStatus.SCHEDULED
            clock.advance(timedelta(hours=24))
            await eventually_async(lambda: scheduler.get_job(draft).status is JobStatus.EXPIRED)
            await scheduler.stop()

    run(main())


def test_cancelling_a_running_job_makes_room_for_the_next(
    directory: Path, clock: ManualClock
) -> None:
    """Another process cancels; the attempt is given up and the next job starts."""

    async def main() -> None:
        with (
            Scheduler(directory, clock=clock) as scheduler,
            Ledger(directory, clock=clock) as other,
        ):
            gate, order = asyncio.Event(), list[str]()

            async def post(account_id: str, content: str) -> PostResult:
                order.append(content)
                if content == "first":
                    await gate.wait()
                return PostResult(True)

            first = scheduler.add_job("a", "first", clock.now())
            scheduler.add_job("a", "second", clock.now())
            await scheduler.start(post)
            await eventually_async(lambda: order == ["first"])
            other.cancel_job(first)
            await eventually_async(lambda: order == ["first", "second"])
            assert scheduler.get_job(first).status is JobStatus.CANCELLED
            await scheduler.stop()

    run(main())


def test_a_slow_account_does_not_hold_up_the_others(directory: Path, clock: ManualClock) -> None:
    """With two at once, all of b's jobs run while a's hangs."""

    async def main() -> None:
        with Scheduler(directory, clock=clock, concurrency=2, grace_s=0.05) as scheduler:
            gate, done = asyncio.Event(), list[str]()

            async def post(account_id: str, content: str) -> PostResult:
                if account_id == "a":
                    await gate.wait()
                done.append(content)
                return PostResult(True)

            for n in range(3):
                scheduler.add_job("a", f"a{n}", clock.now())
                scheduler.add_job("b", f"b{n}", clock.now())
            await scheduler.start(post)
            await eventually_async(lambda: done == ["b0", "b1", "b2"])
            assert len(scheduler.list_jobs(status=JobStatus.RUNNING)) == 1
            gate.set()
            await eventually_async(lambda: len(done) == 6)
            await scheduler.stop()

    run(main())


def test_a_second_runner_is_refused_with_the_firsts_pid(
    directory: Path, clock: ManualClock
) -> None:
    """Also when this process is the first; once that is closed the ledger is free."""
    import os

    with Scheduler(directory, clock=clock) as scheduler:
        with pytest.raises(SchedulerRunningError) as caught:
            Scheduler(directory, clock=clock)
        assert caught.value.pid == os.getpid()
        assert str(os.getpid()) in str(caught.value)

        async def main() -> None:
            await scheduler.start(Recording())
            with pytest.raises(SchedulerRunningError):
                await scheduler.start(Recording())
            with pytest.raises(SchedulerRunningError):
                scheduler.run_due(Recording())
            await scheduler.stop()

        run(main())
    Scheduler(directory, clock=clock).close()


def test_closing_a_scheduler_that_was_not_stopped_records_the_interruption(
    directory: Path, clock: ManualClock
) -> None:
    """Leaving the `with` block in mid-run."""
    job_id = ""

    async def main() -> None:
        nonlocal job_id
        with Scheduler(directory, clock=clock) as scheduler:
            started = asyncio.Event()

            async def hang(account_id: str, content: str) -> PostResult:
                started.set()
                await asyncio.Event().wait()
                return PostResult(True)

            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(hang)
            await eventually_async(started.is_set)
        await asyncio.sleep(0)

    run(main())
    with Ledger(directory, clock=clock) as ledger:
        assert ledger.get_job(job_id).status is JobStatus.SCHEDULED


def test_run_blocks_until_it_is_told_to_stop(directory: Path, clock: ManualClock) -> None:
    """In another thread than the main one, where signals cannot be handled."""
    with Scheduler(directory, clock=clock) as scheduler:
        done = threading.Event()

        def post(account_id: str, content: str) -> PostResult:
            done.set()
            return PostResult(True)

        scheduler.add_job("a", "x", clock.now())
        thread = threading.Thread(target=scheduler.run, args=(post,))
        thread.start()
        assert done.wait(DEADLINE_S)
        scheduler.stop_soon()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()
        assert scheduler.list_jobs()[0].status is JobStatus.COMPLETED


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_the_loop_goes_on_after_a_full_disk(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture, operation: str
) -> None:
    """The result of a post cannot be recorded; once there is room it is, or the job is recovered,
    and the next job runs. For any other caller the failed write stays a failed write."""
    disk = WatchedFileSystem()

    async def main() -> None:
        with Scheduler(directory, clock=clock, fs=disk, error_wait_s=0.01) as scheduler:

            def post(account_id: str, content: str) -> PostResult:
                if content == "first":
                    disk.fail(operation, ACKNOWLEDGING, OSError(errno.ENOSPC, "no room"))
                return PostResult(True)

            first = scheduler.add_job("a", "first", clock.now())
            second = scheduler.add_job("a", "second", clock.now())
            await scheduler.start(post)
            await eventually_async(lambda: scheduler.get_job(second).status is JobStatus.COMPLETED)
            await scheduler.stop()
            assert scheduler.get_job(first).status in (JobStatus.COMPLETED, JobStatus.SCHEDULED)
            assert scheduler.verify().ok

    run(main())
    assert "no room" in caplog.text
    assert "the log was reopened after a failed write" in caplog.text


def test_a_log_that_was_reopened_is_followed_as_soon_as_ever(
    directory: Path, clock: ManualClock
) -> None:
    """Writing behind it had failed, and was tried ever more rarely."""
    disk = WatchedFileSystem()
    with without_background(), Scheduler(directory, clock=clock, fs=disk) as scheduler:
        disk.fail("write", "events_", OSError(errno.ENOSPC, "no room"))
        with pytest.raises(StorageError, match="no room"):
            scheduler.add_job("a", "x", clock.now())
        scheduler._behind._background._failures = 7
        assert scheduler.run_due(lambda account_id, content: PostResult(True)) == 0
        assert not scheduler._behind._background.is_late


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_an_attempt_that_has_answered_is_not_given_up(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture, concurrency: int
) -> None:
    """Its end is in the log before its task is over: a turn of the loop in between knows that."""

    class Unhurried:
        calls = 0

        async def publish(self, attempt: Attempt) -> PostResult:
            self.calls += 1
            for _ in range(self.calls % 7):
                await asyncio.sleep(0)
            return PostResult(True)

    async def main() -> None:
        with Scheduler(directory, clock=clock, concurrency=concurrency) as scheduler:
            jobs = [NewJob(f"a{n % concurrency}", "x", clock.now()) for n in range(50)]
            scheduler.add_jobs(jobs)
            await scheduler.start(Unhurried())
            await eventually_async(
                lambda: len(scheduler.list_jobs(status=JobStatus.COMPLETED)) == len(jobs)
            )
            await scheduler.stop()

    run(main())
    assert "given up" not in caplog.text
