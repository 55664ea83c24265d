"""An attempt whose publisher was never called is not an attempt."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from types import CoroutineType
from typing import Any

import pytest
from support.publishers import Asking, Recording, crash, dying
from support.waiting import eventually_async

from jobledger import Attempt, JobStatus, ManualClock, NewJob, PostResult, Scheduler
from jobledger.instrumentation.foreign import described
from jobledger.scheduler import completer
from jobledger.scheduler.settings import RunSettings

HOUR = timedelta(hours=1)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


class Threads:
    """Whether threads can be had."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.are_there = True
        self.refused = 0
        start = threading.Thread.start

        def start_if_there_are_any(thread: threading.Thread) -> None:
            if not self.are_there:
                self.refused += 1
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_if_there_are_any)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Threads]:
    made = Threads(monkeypatch)
    yield made
    made.are_there = True


def types_of(scheduler: Scheduler, job_id: str) -> list[str]:
    return [event.type for event in scheduler.history(job_id)]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_the_loop_goes_on_when_threads_can_be_had_again(
    directory: Path, clock: ManualClock, threads: Threads, concurrency: int
) -> None:
    """Until then nothing is begun and nothing used up, and the log does not grow."""

    async def main() -> None:
        with Scheduler(
            directory, clock=clock, error_wait_s=0.01, concurrency=concurrency
        ) as scheduler:
            jobs = scheduler.add_jobs(
                [NewJob(f"a{n}", "x", clock.now(), max_retries=0) for n in range(4)]
            )
            threads.are_there = False
            post = Recording()
            await scheduler.start(post)
            await eventually_async(lambda: threads.refused > 2 * concurrency)
            grown = scheduler.seq
            await eventually_async(lambda: threads.refused > 20)
            assert scheduler.seq == grown
            assert post.posted == []
            assert scheduler.list_jobs(status=JobStatus.RUNNING) == []
            threads.are_there = True
            await eventually_async(
                lambda: len(scheduler.list_jobs(status=JobStatus.COMPLETED)) == len(jobs)
            )
            await scheduler.stop()
            assert len(post.posted) == 4
            assert {scheduler.get_job(job).retry_count for job in jobs} == {0}
            tries = [types_of(scheduler, job) for job in jobs]
            assert all(types.count("started") <= 2 for types in tries)

    run(main())


@pytest.mark.parametrize("settings", [{"concurrency": 2}, {"publish_timeout": HOUR}], ids=str)
def test_run_due_leaves_for_later_what_it_cannot_call(
    directory: Path, clock: ManualClock, threads: Threads, settings: dict[str, Any]
) -> None:
    """It returns how many ran."""
    post = Recording()
    with Scheduler(directory, clock=clock, **settings) as scheduler:
        jobs = [scheduler.add_job(account, "x", clock.now(), max_retries=0) for account in "ab"]
        threads.are_there = False
        assert scheduler.run_due(post) == 0
        assert [scheduler.get_job(job).status for job in jobs] == [JobStatus.SCHEDULED] * 2
        threads.are_there = True
        assert scheduler.run_due(post) == 2
        assert [scheduler.get_job(job).status for job in jobs] == [JobStatus.COMPLETED] * 2


def test_what_was_in_doubt_is_in_doubt_as_before(
    directory: Path, clock: ManualClock, threads: Threads
) -> None:
    """It is asked about when that is possible, before anything else."""
    job_id = ""

    def answer(attempt: Attempt) -> PostResult:
        return PostResult(True, "was-out")

    publisher = Asking(crash, answer)
    scheduler = Scheduler(directory, clock=clock)
    job_id = scheduler.add_job("a", "x", clock.now(), max_retries=0)
    with dying():
        scheduler.run_due(publisher)
    with Scheduler(directory, clock=clock, concurrency=2) as following:
        clock.advance(HOUR)
        before = following.get_job(job_id)
        threads.are_there = False
        assert following.run_due(publisher) == 0
        after = following.get_job(job_id)
        for name in ("status", "in_doubt", "doubted_attempt", "exhausted", "scheduled_time"):
            assert getattr(after, name) == getattr(before, name), name
        threads.are_there = True
        following.run_due(publisher)
        assert following.get_job(job_id).thread_id == "was-out"
    assert publisher.calls == ["publish", "reconcile"]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("no task")], ids=repr)
@pytest.mark.parametrize("by", ["run_due", "the loop"])
def test_without_a_task_it_is_put_back(
    directory: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    by: str,
) -> None:
    """The first of three tasks cannot be made: none of the three is an attempt."""
    real, left = asyncio.create_task, [error]

    def create(work: CoroutineType[Any, Any, Any], **more: Any) -> asyncio.Task[Any]:
        if left and work.__name__ == "_run_async":
            raise left.pop()
        return real(work, **more)

    monkeypatch.setattr("jobledger.scheduler.attempt_runner.asyncio.create_task", create)
    posts: list[str] = []

    async def post(account_id: str, content: str) -> PostResult:
        posts.append(content)
        return PostResult(True)

    async def loop(scheduler: Scheduler) -> None:
        await scheduler.start(post)
        await eventually_async(
            lambda: len(scheduler.list_jobs(status=JobStatus.COMPLETED)) == 3, "three posts"
        )
        await scheduler.stop()

    with Scheduler(directory, clock=clock, concurrency=3, error_wait_s=0.01) as scheduler:
        jobs = [NewJob(name, name, clock.now(), max_retries=0) for name in "abc"]
        ids = scheduler.add_jobs(jobs)
        if by == "run_due":
            with pytest.raises(type(error)):
                scheduler.run_due(post)
            assert posts == []
            assert {scheduler.get_job(job).status for job in ids} == {JobStatus.SCHEDULED}
            assert scheduler.run_due(post) == 3
        else:
            run(loop(scheduler))
        assert sorted(posts) == ["a", "b", "c"]
        assert {scheduler.get_job(job).retry_count for job in ids} == {0}


class Ends(BaseException):
    """What a signal handler of a program raises."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, Ends])
@pytest.mark.parametrize("place", ["roll", "_key_of"])
def test_an_interruption_before_the_call_uses_nothing_up(
    directory: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
    place: str,
) -> None:
    """Between the record of the start and the publisher."""
    post = Recording()
    with Scheduler(directory, clock=clock, on_interrupted="fail") as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now(), max_retries=0)
        owner: Any = RunSettings if place == "roll" else scheduler._parts.runner
        sound: Callable[..., Any] = getattr(owner, place)
        failures = [error]

        def fail_once(*arguments: Any) -> Any:
            if scheduler._state.board.of_status(JobStatus.RUNNING) and failures:
                raise failures.pop()
            return sound(*arguments)

        monkeypatch.setattr(owner, place, fail_once)
        if issubclass(error, Exception):
            assert scheduler.run_due(post) == 0
        else:
            with pytest.raises(error):
                scheduler.run_due(post)
        job = scheduler.get_job(job_id)
        assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 0)
        assert post.posted == []
        assert scheduler.run_due(post) == 1


@pytest.mark.parametrize("error", [Ends, ValueError])
def test_an_interruption_in_the_midst_of_putting_it_back_leaves_nothing_open(
    directory: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    threads: Threads,
    error: type[BaseException],
) -> None:
    """Else `run_due` would wait for ever for an attempt that nobody makes."""
    threads.are_there = False
    failures = [error]

    def fail_once(what: BaseException) -> str:
        if failures:
            raise failures.pop()
        return described(what)

    monkeypatch.setattr(completer, "described", fail_once)
    with Scheduler(directory, clock=clock, concurrency=2) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now(), max_retries=0)
        turns, wait = iter(range(1000)), scheduler._parts.runner.wait_for_an_end

        async def wait_a_turn() -> None:
            assert next(turns, None) is not None, "it waits for ever"
            await wait()

        monkeypatch.setattr(scheduler._parts.runner, "wait_for_an_end", wait_a_turn)
        assert scheduler.run_due(Recording()) == 0
        assert failures == []
        assert scheduler.get_job(job_id).status is JobStatus.SCHEDULED
        threads.are_there = True
        assert scheduler.run_due(Recording()) == 1


def test_why_and_the_figures_count_it_for_nothing(
    directory: Path, clock: ManualClock, threads: Threads
) -> None:
    from zoneinfo import ZoneInfo

    from jobledger.explanation import Surroundings, explain
    from jobledger.projections.stats import Stats

    with Scheduler(directory, clock=clock, concurrency=2) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        threads.are_there = False
        scheduler.run_due(Recording())
        job = scheduler.get_job(job_id)
        assert job.status_message == "Attempt 1 was not begun; the job is due again"
        around = Surroundings(now=clock.now(), zone=ZoneInfo("UTC"))
        said = explain(job, scheduler.history(job_id), around).answer
        assert "Attempt 1 was given up" in said
        assert "before its publisher was called" in said
        stats = Stats(ZoneInfo("UTC"))
        from jobledger.projections.board import Board

        board = Board()
        for event in scheduler.events():
            stats.apply(board.apply(event))
        report = stats.report()
        assert (report.total.retried, report.errors) == (0, [])
