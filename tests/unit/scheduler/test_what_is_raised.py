"""How a publisher is called: what it raises ends its attempt, and what is not its own goes on."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.waiting import eventually, eventually_async

from jobledger import Attempt, JobStatus, ManualClock, PostResult, Scheduler
from jobledger.scheduler import calls
from jobledger.scheduler.adapter import PublisherAdapter
from jobledger.scheduler.answers import Answer
from jobledger.scheduler.own_loop import OwnLoop

SOON = timedelta(milliseconds=50)


@pytest.fixture
def attempt(directory: Path, clock: ManualClock) -> Iterator[Attempt]:
    """Begin an attempt."""
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now(), job_id="job")
        running = scheduler._parts.dispatcher.begin(
            PublisherAdapter(lambda a, c: PostResult(True)), clock.now(), set()
        )
        assert running is not None
        yield scheduler._parts.runner._attempt(running, "publish")
        scheduler._parts.attempts.by_job.clear()


class Publishing:
    def __init__(self, publish: Callable[[Attempt], Any]) -> None:
        self.publish = publish


def test_a_task_that_a_publisher_makes_may_end_the_program_no_more_than_it_may_itself(
    directory: Path, clock: ManualClock
) -> None:
    """Python ends a whole event loop for a SystemExit in any task; in a loop of ours it goes on."""

    async def ends() -> None:
        await asyncio.sleep(0)
        raise SystemExit(1)

    async def in_a_group(account_id: str, content: str) -> PostResult:
        if content == "good":
            return PostResult(True, "good")
        async with asyncio.TaskGroup() as group:
            group.create_task(ends())
        return PostResult(True, "never")

    async def gathered(account_id: str, content: str) -> PostResult:
        if content == "good":
            return PostResult(True, "good")
        await asyncio.gather(ends(), ends())
        return PostResult(True, "never")

    with Scheduler(directory, clock=clock) as scheduler:
        for publisher in (in_a_group, gathered):
            bad = scheduler.add_job("a", "bad", clock.now())
            good = scheduler.add_job("b", "good", clock.now())
            assert scheduler.run_due(publisher) == 2
            assert scheduler.history(bad)[-1].type == "interrupted"
            assert scheduler.get_job(bad).error == "SystemExit: 1"
            assert scheduler.get_job(good).status is JobStatus.COMPLETED


def test_a_system_exit_that_is_no_tasks_ends_the_loop() -> None:
    """A callback's, say: whoever runs the loop hears of it."""

    async def main() -> None:
        asyncio.get_running_loop().call_soon(sys.exit, 3)
        await asyncio.Event().wait()

    own = OwnLoop(asyncio.new_event_loop)
    with pytest.raises(SystemExit):
        own.run(main())
    own.close()


def test_a_coroutine_that_is_thrown_away_records_nothing(attempt: Attempt) -> None:
    """Its loop is closed under it: the GeneratorExit is not the publisher's, nor an answer."""
    cleaned: list[str] = []
    reported: list[object] = []

    async def publish(attempt: Attempt) -> PostResult:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("up")
        return PostResult(True)

    async def main() -> None:
        call = calls.call_async(PublisherAdapter(Publishing(publish)), "publish", attempt)
        asyncio.current_task().left = asyncio.ensure_future(call)  # type: ignore[union-attr]
        await eventually_async(lambda: attempt._called)

    sys.unraisablehook, before = reported.append, sys.unraisablehook
    try:
        own = OwnLoop(asyncio.new_event_loop)
        own.run(main())
        own.abandon()
        gc.collect()
    finally:
        sys.unraisablehook = before
    assert (cleaned, reported, attempt._cancelled) == (["up"], [], True)


def test_a_generator_exit_of_the_publishers_own_is_its_answer(attempt: Attempt) -> None:
    """The task goes on."""

    async def publish(attempt: Attempt) -> PostResult:
        await asyncio.sleep(0)
        raise GeneratorExit

    answer = asyncio.run(
        calls.call_async(PublisherAdapter(Publishing(publish)), "publish", attempt)
    )
    assert answer == Answer("unknown", "GeneratorExit", raised=True)


@pytest.mark.parametrize("timeout_s", [None, 60.0])
def test_an_answer_that_came_while_it_was_being_cancelled_counts(
    attempt: Attempt, timeout_s: float | None
) -> None:
    """It is known what became of the post, so it is not forgotten."""

    async def publish(attempt: Attempt) -> PostResult:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return PostResult(True, "17")
        raise AssertionError

    async def main() -> Answer:
        port = PublisherAdapter(Publishing(publish))
        call = asyncio.create_task(calls.call_async(port, "publish", attempt, timeout_s))
        await eventually_async(lambda: attempt._called)
        call.cancel()
        return await call

    assert asyncio.run(main()) == Answer("posted", thread_id="17")


@pytest.mark.parametrize("timeout_s", [None, 60.0])
def test_what_is_raised_while_it_is_being_cancelled_says_nothing_of_the_post(
    attempt: Attempt, timeout_s: float | None
) -> None:
    """It comes of the cancelling, and the request may be out."""

    async def publish(attempt: Attempt) -> PostResult:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("half a request") from None
        raise AssertionError

    async def main() -> Answer:
        port = PublisherAdapter(Publishing(publish))
        call = asyncio.create_task(calls.call_async(port, "publish", attempt, timeout_s))
        await eventually_async(lambda: attempt._called)
        call.cancel()
        return await call

    assert asyncio.run(main()).means == "unknown"


@pytest.mark.parametrize("timeout_s", [None, 60.0])
def test_a_publisher_that_is_cancelled_and_ends_so_has_no_answer(
    attempt: Attempt, timeout_s: float | None
) -> None:
    """Whoever cancels it goes on with that."""

    async def publish(attempt: Attempt) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        port = PublisherAdapter(Publishing(publish))
        call = asyncio.create_task(calls.call_async(port, "publish", attempt, timeout_s))
        await eventually_async(lambda: attempt._called)
        call.cancel()
        await call

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert attempt._cancelled


@pytest.mark.parametrize("timeout", [None, timedelta(hours=1)])
def test_a_publisher_that_cancels_its_own_task_has_ended_its_attempt(
    directory: Path, clock: ManualClock, timeout: timedelta | None
) -> None:
    """As some libraries end what takes too long: nobody else has cancelled anything."""

    async def publish(account_id: str, content: str) -> PostResult:
        if content == "bad":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        return PostResult(True)

    with Scheduler(directory, clock=clock, publish_timeout=timeout) as scheduler:
        bad = scheduler.add_job("a", "bad", clock.now())
        good = scheduler.add_job("b", "good", clock.now())
        assert scheduler.run_due(publish) == 2
        assert scheduler.history(bad)[-1].type == "interrupted"
        assert scheduler.get_job(bad).status is JobStatus.SCHEDULED
        assert scheduler.get_job(good).status is JobStatus.COMPLETED


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
@pytest.mark.parametrize("way", ["here", "loop"])
def test_what_is_raised_late_is_told_and_ends_nothing(
    directory: Path,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
    way: str,
) -> None:
    """After its time-out, in the thread where it was left alone."""
    release = threading.Event()

    def publish(account_id: str, content: str) -> PostResult:
        if content == "late":
            release.wait(20)
            raise error
        return PostResult(True)

    async def loop(scheduler: Scheduler) -> None:
        await scheduler.start(publish)
        await eventually_async(lambda: not scheduler.get_ready_jobs())
        await eventually_async(lambda: not scheduler.list_jobs(status=JobStatus.RUNNING))
        release.set()
        await eventually_async(lambda: "late result refused" in caplog.text)
        assert scheduler.is_running
        await scheduler.stop()

    with Scheduler(directory, clock=clock, publish_timeout=SOON) as scheduler:
        late = scheduler.add_job("a", "late", clock.now())
        good = scheduler.add_job("b", "good", clock.now(), publish_timeout=timedelta(hours=1))
        if way == "loop":
            asyncio.run(loop(scheduler))
        else:
            assert scheduler.run_due(publish) == 2
            release.set()
            eventually(lambda: "late result refused" in caplog.text)
        assert scheduler.get_job(late).status is JobStatus.SCHEDULED
        assert scheduler.get_job(good).status is JobStatus.COMPLETED
    assert type(error).__name__ in caplog.text


def test_a_late_result_whose_parts_cannot_be_read_is_told(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What can be read of it."""
    release = threading.Event()

    class Unreadable(PostResult, frozen=True):
        def __getattribute__(self, name: str) -> Any:
            if name == "thread_id":
                raise SystemExit(1)
            return super().__getattribute__(name)

    def publish(account_id: str, content: str) -> PostResult:
        release.wait(20)
        return Unreadable(True, "17")

    with Scheduler(directory, clock=clock, publish_timeout=SOON) as scheduler:
        scheduler.add_job("a", "x", clock.now())
        scheduler.run_due(publish)
        release.set()
        eventually(lambda: "late result refused" in caplog.text)
    assert "the id of the post cannot be read" in caplog.text


def test_ctrl_c_while_a_plain_publisher_waits_ends_the_program(
    directory: Path, tmp_path: Path
) -> None:
    """A real SIGINT, in the caller's thread, while a plain publisher waits: the program ends, and
    the attempt is in the log as interrupted."""
    (tmp_path / "program.py").write_text(
        "import sys, time\n"
        "from jobledger import PostResult, Scheduler\n"
        "def post(account_id, content):\n"
        "    print('posting', flush=True)\n"
        "    time.sleep(60)\n"
        "    return PostResult(True)\n"
        "with Scheduler(sys.argv[1], grace_s=0.1) as scheduler:\n"
        "    scheduler.add_job('a', 'x', scheduler.now(), job_id='job')\n"
        "    scheduler.run_due(post)\n",
        "utf-8",
    )
    program = subprocess.Popen(
        [sys.executable, tmp_path / "program.py", directory],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"posting\n"
        os.kill(program.pid, signal.SIGINT)
        program.wait(20)
    with Scheduler(directory) as scheduler:
        last = scheduler.history("job")[-1].to_dict()
    assert (last["type"], last["data"]["reason"]) == ("interrupted", "stopped")
