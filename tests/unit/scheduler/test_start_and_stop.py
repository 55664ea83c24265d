"""Starting again, stopping from anywhere, and what is refused: never a handle that is stuck."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.publishers import Asking, Recording
from support.waiting import eventually, eventually_async

from jobledger import (
    Attempt,
    JobStatus,
    ManualClock,
    PostResult,
    Scheduler,
    SchedulerRunningError,
    StorageError,
)

MINUTES = timedelta(minutes=1)


def run(work: Coroutine[Any, Any, Any]) -> None:
    asyncio.run(work)


@pytest.fixture
def scheduler(directory: Path, clock: ManualClock) -> Iterator[Scheduler]:
    """One that waits for hardly any time when it is stopped."""
    with Scheduler(directory, clock=clock, grace_s=0.05) as opened:
        yield opened


class Hanging:
    """An async publisher that hangs, and a plain one that does until it is released."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()

    async def asynchronous(self, account_id: str, content: str) -> PostResult:
        self.begun.set()
        await asyncio.Event().wait()
        return PostResult(True)

    def plain(self, account_id: str, content: str) -> PostResult:
        self.begun.set()
        self.release.wait(20)
        return PostResult(True, "late")


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.release.set()


def ended_loop(scheduler: Scheduler, publisher: Any, until: Callable[[], object]) -> None:
    """`start` in an event loop that ends without `stop`."""

    async def main() -> None:
        await scheduler.start(publisher)
        await eventually_async(until)

    run(main())


@pytest.mark.parametrize("kind", ["asynchronous", "plain"])
@pytest.mark.parametrize("then", ["start", "run_due", "run", "close"])
def test_a_scheduler_whose_event_loop_has_ended_goes_on_in_another(
    directory: Path, clock: ManualClock, hanging: Hanging, kind: str, then: str
) -> None:
    """What it was doing is recorded as interrupted first; then it works as ever."""
    scheduler = Scheduler(directory, clock=clock, grace_s=0.05)
    job_id = scheduler.add_job("a", "x", clock.now())
    ended_loop(scheduler, getattr(hanging, kind), hanging.begun.is_set)
    assert not scheduler.is_running
    second = scheduler.add_job("b", "y", clock.now())
    post = Recording()

    async def again() -> None:
        await scheduler.start(post)
        assert scheduler.get_job(job_id).status is JobStatus.SCHEDULED
        await eventually_async(lambda: post.posted == ["y"])
        await scheduler.stop()

    if then == "start":
        run(again())
    elif then == "run_due":
        assert scheduler.run_due(post) == 1
    elif then == "run":
        thread = threading.Thread(target=scheduler.run, args=(post,))
        thread.start()
        eventually(lambda: post.posted == ["y"])
        scheduler.stop_soon()
        thread.join(20)
        assert not thread.is_alive()
    else:
        scheduler.close()
        scheduler = Scheduler(directory, clock=clock)
    event = scheduler.history(job_id)[-1]
    assert (event.type, event.data.reason) == ("interrupted", "stopped")  # type: ignore[union-attr]
    if then != "close":
        assert scheduler.get_job(second).status is JobStatus.COMPLETED
    scheduler.close()


def test_it_is_started_again_and_again(scheduler: Scheduler, clock: ManualClock) -> None:
    """Each time in another event loop, with and without a stop."""
    for n in range(6):
        post = Recording()

        async def main(post: Recording = post, n: int = n) -> None:
            scheduler.add_job("a", f"{n}", clock.now())
            await scheduler.start(post)
            await eventually_async(lambda: post.posted == [f"{n}"])
            await eventually_async(lambda: not scheduler._parts.attempts.by_job)
            if n % 2:
                await scheduler.stop()

        run(main())
        assert not scheduler.is_running
    assert len(scheduler.list_jobs(status=JobStatus.COMPLETED)) == 6


def test_an_event_loop_that_is_left_is_let_go_of_when_it_is_started_in_another(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """Not closed, but nobody runs it."""
    left = asyncio.new_event_loop()
    left.run_until_complete(scheduler.start(Recording()))
    assert scheduler.is_running
    with pytest.raises(SchedulerRunningError):
        scheduler.run_due(Recording())
    post = Recording()

    async def main() -> None:
        scheduler.add_job("a", "x", clock.now())
        await scheduler.start(post)
        await eventually_async(lambda: post.posted == ["x"])
        await scheduler.stop()

    run(main())
    for _ in range(10):  # whatever was left in it has its turns
        left.run_until_complete(asyncio.sleep(0))
    left.close()
    assert post.posted == ["x"]


@pytest.mark.parametrize("kind", ["asynchronous", "plain"])
def test_a_stop_that_is_cancelled_has_stopped_all_the_same(
    directory: Path, clock: ManualClock, hanging: Hanging, kind: str
) -> None:
    """`wait_for` with less time than the grace: the job is recorded as interrupted, and the handle
    can be started again."""

    async def main() -> None:
        with Scheduler(directory, clock=clock, grace_s=3600) as scheduler:
            job_id = scheduler.add_job("a", "x", clock.now())
            await scheduler.start(getattr(hanging, kind))
            await eventually_async(hanging.begun.is_set)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(scheduler.stop(), 0.01)
            assert not scheduler.is_running
            assert scheduler.get_job(job_id).status is JobStatus.SCHEDULED
            await scheduler.stop()
            post = Recording()
            await scheduler.start(post)
            scheduler.add_job("a", "y", clock.now())
            await eventually_async(lambda: post.posted == ["y"])
            await scheduler.stop()

    run(main())


def test_two_stops_at_once_are_one(scheduler: Scheduler, hanging: Hanging) -> None:
    async def main() -> None:
        scheduler.add_job("a", "x", scheduler.now())
        await scheduler.start(hanging.asynchronous)
        await eventually_async(hanging.begun.is_set)
        await asyncio.gather(scheduler.stop(), scheduler.stop())
        assert not scheduler.is_running

    run(main())


@pytest.mark.parametrize("state", ["running", "blocked", "ended"])
def test_it_is_stopped_from_another_event_loop_than_it_was_started_in(
    scheduler: Scheduler,
    clock: ManualClock,
    hanging: Hanging,
    state: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In another thread; also where that event loop is blocked by a publisher, or is gone."""
    if state == "blocked":
        monkeypatch.setattr("jobledger.scheduler.loop.CANCEL_S", 0.05)  # it is so to the end
    job_id = scheduler.add_job("a", "x", clock.now())

    async def blocking(account_id: str, content: str) -> PostResult:
        return hanging.plain(account_id, content)  # which no async publisher may do

    async def main() -> None:
        await scheduler.start(blocking if state == "blocked" else hanging.asynchronous)
        if state != "ended":
            await asyncio.to_thread(hanging.release.wait)
        else:
            await eventually_async(hanging.begun.is_set)

    thread = threading.Thread(target=run, args=(main(),))
    thread.start()
    assert hanging.begun.wait(20)
    if state == "ended":
        thread.join(20)
    run(scheduler.stop())
    assert not scheduler.is_running
    assert scheduler.get_job(job_id).status is JobStatus.SCHEDULED
    before = scheduler.seq
    hanging.release.set()
    thread.join(20)
    assert not thread.is_alive()
    assert scheduler.seq == before


# -- closed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["run", "run_due", "start", "stop_soon", "stop_now"])
def test_a_closed_scheduler_refuses_at_once(directory: Path, clock: ManualClock, what: str) -> None:
    """With an error that says so."""
    scheduler = Scheduler(directory, clock=clock)
    scheduler.close()
    calls: dict[str, Callable[[], object]] = {
        "run": lambda: scheduler.run(Recording()),
        "run_due": lambda: scheduler.run_due(Recording()),
        "start": lambda: asyncio.run(scheduler.start(Recording())),
        "stop_soon": scheduler.stop_soon,
        "stop_now": scheduler.stop_now,
    }
    with pytest.raises(StorageError, match="closed") as caught:
        calls[what]()
    assert caught.value.hint
    assert not scheduler.is_running
    run(scheduler.stop())


# -- stop_soon -------------------------------------------------------------------------------------


def test_stop_soon_before_run_is_not_lost(scheduler: Scheduler, clock: ManualClock) -> None:
    """The next run ends as soon as it begins, and the one after that does not."""
    scheduler.add_job("a", "x", clock.now())
    scheduler.stop_soon()
    scheduler.run(Recording())  # returns
    scheduler.stop_soon()
    scheduler.stop_soon()
    assert scheduler.run_due(Recording()) == 0
    assert scheduler.run_due(Recording()) == 1


def test_stop_soon_at_any_moment_of_runs_beginning_ends_it(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """Wherever the other thread is just then."""
    for n in range(40):
        thread = threading.Thread(target=scheduler.run, args=(Recording(),))
        thread.start()
        for _ in range(n * 50):
            pass
        scheduler.stop_soon()
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.parametrize("kind", ["plain", "asynchronous"])
def test_stop_soon_ends_a_run_due_of_another_thread_after_what_runs(
    scheduler: Scheduler, clock: ManualClock, kind: str
) -> None:
    """What was not begun stays SCHEDULED."""
    begun, gate = threading.Event(), threading.Event()

    def post(account_id: str, content: str) -> PostResult:
        begun.set()
        gate.wait(20)
        return PostResult(True)

    async def post_async(account_id: str, content: str) -> PostResult:
        begun.set()
        await asyncio.to_thread(gate.wait, 20)
        return PostResult(True)

    for _ in range(3):
        scheduler.add_job("a", "x", clock.now())
    blocking = scheduler._runs
    blocking._settings = msgspec.structs.replace(blocking._settings, grace_s=60.0)
    counts: list[int] = []
    publisher: Any = post if kind == "plain" else post_async
    thread = threading.Thread(target=lambda: counts.append(scheduler.run_due(publisher)))
    thread.start()
    assert begun.wait(20)
    scheduler.stop_soon()
    gate.set()
    thread.join(20)
    assert counts == [1]
    assert len(scheduler.list_jobs(status=JobStatus.SCHEDULED)) == 2
    assert scheduler.run_due(publisher) == 2


def test_stop_soon_gives_an_async_publisher_its_grace_and_no_more(
    scheduler: Scheduler, hanging: Hanging
) -> None:
    job_id = scheduler.add_job("a", "x", scheduler.now())
    counts: list[int] = []
    thread = threading.Thread(target=lambda: counts.append(scheduler.run_due(hanging.asynchronous)))
    thread.start()
    assert hanging.begun.wait(20)
    scheduler.stop_soon()
    thread.join(20)
    assert counts == [1]
    event = scheduler.history(job_id)[-1]
    assert (event.type, event.data.reason) == ("interrupted", "stopped")  # type: ignore[union-attr]


def test_stop_now_gives_an_async_publisher_no_grace(scheduler: Scheduler, hanging: Hanging) -> None:
    """The attempt is given up, and recorded; what runs next runs."""
    blocking = scheduler._runs
    blocking._settings = msgspec.structs.replace(blocking._settings, grace_s=3600.0)
    job_id = scheduler.add_job("a", "x", scheduler.now())
    counts: list[int] = []
    thread = threading.Thread(target=lambda: counts.append(scheduler.run_due(hanging.asynchronous)))
    thread.start()
    assert hanging.begun.wait(20)
    scheduler.stop_now()
    thread.join(20)
    assert not thread.is_alive()
    event = scheduler.history(job_id)[-1]
    assert (event.type, event.data.reason) == ("interrupted", "stopped")  # type: ignore[union-attr]


# -- from within a publisher -----------------------------------------------------------------------


class Within:
    """What a publisher may think of doing, and what came of it."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.said: list[str] = []

    def do(self, what: str) -> None:
        scheduler = self.scheduler
        calls: dict[str, Callable[[], object]] = {
            "run_due": lambda: scheduler.run_due(Recording()),
            "run": lambda: scheduler.run(Recording()),
            "start": lambda: asyncio.run(scheduler.start(Recording())),
            "stop": lambda: asyncio.run(scheduler.stop()),
            "stop_soon": scheduler.stop_soon,
            "close": scheduler.close,
            "add_job": lambda: scheduler.add_job("b", "another", scheduler.now()),
            "recover_all": scheduler.recover_all_running_jobs,
            "recover_stuck": scheduler.recover_stuck_jobs,
        }
        try:
            calls[what]()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            self.said.append(type(error).__name__)
        else:
            self.said.append("fine")


REFUSED = {"run_due", "run", "start"}
WITHIN = (
    "run_due", "run", "start", "stop", "stop_soon", "close", "add_job", "recover_all",
    "recover_stuck",
)  # fmt: skip


@pytest.mark.parametrize("what", WITHIN)
@pytest.mark.parametrize("concurrency", [1, 2])
def test_within_run_due_a_publisher_is_refused_or_served_and_never_hangs(
    directory: Path, clock: ManualClock, what: str, concurrency: int
) -> None:
    """In the caller's thread, and in one of its own."""
    scheduler = Scheduler(directory, clock=clock, concurrency=concurrency)
    job_id = scheduler.add_job("a", "x", clock.now())
    within = Within(scheduler)

    def publish(attempt: Attempt) -> PostResult:
        if attempt.job.content == "x":
            within.do(what)
        return PostResult(True, "17")

    if what == "close":
        with pytest.raises(StorageError, match="closed"):
            scheduler.run_due(Asking(publish))
    else:
        scheduler.run_due(Asking(publish))
    eventually(lambda: within.said)
    assert within.said == ["SchedulerRunningError" if what in REFUSED else "fine"]
    scheduler.close()
    with Scheduler(directory, clock=clock) as following:
        assert following.list_jobs(status=JobStatus.RUNNING) == []
        if what != "close":
            assert following.get_job(job_id).thread_id == "17"


@pytest.mark.parametrize("what", WITHIN)
def test_within_the_loop_a_publisher_is_refused_or_served_and_never_hangs(
    directory: Path, clock: ManualClock, what: str
) -> None:
    scheduler = Scheduler(directory, clock=clock)
    job_id = scheduler.add_job("a", "x", clock.now())
    within = Within(scheduler)

    def publish(attempt: Attempt) -> PostResult:
        if attempt.job.content == "x":
            within.do(what)
        return PostResult(True, "17")

    async def main() -> None:
        await scheduler.start(Asking(publish))
        await eventually_async(lambda: within.said)
        await eventually_async(lambda: not scheduler._parts.attempts.by_job)
        await asyncio.wait_for(scheduler.stop(), 20)
        assert not scheduler.is_running

    run(main())
    assert within.said == ["SchedulerRunningError" if what in REFUSED else "fine"]
    scheduler.close()
    with Scheduler(directory, clock=clock) as following:
        assert following.list_jobs(status=JobStatus.RUNNING) == []
        if what != "close":
            assert following.get_job(job_id).thread_id == "17"


def test_an_async_publisher_that_awaits_stop_is_its_last(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """Its own result counts, and nothing is begun after it."""
    posts: list[str] = []

    async def post(account_id: str, content: str) -> PostResult:
        posts.append(content)
        await scheduler.stop()
        return PostResult(True, "last")

    async def main() -> None:
        first = scheduler.add_job("a", "x", clock.now())
        second = scheduler.add_job("a", "y", clock.now())
        await scheduler.start(post)
        await eventually_async(lambda: not scheduler.is_running)
        assert scheduler.get_job(first).thread_id == "last"
        assert scheduler.get_job(second).status is JobStatus.SCHEDULED
        await scheduler.stop()

    run(main())
    assert posts == ["x"]


def test_what_a_publisher_has_left_running_is_no_publisher_any_more(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """A task that it made goes on after it, and may stop the scheduler."""
    stopped: list[bool] = []

    async def main() -> None:
        tasks: list[asyncio.Task[None]] = []
        over = asyncio.Event()

        async def afterwards() -> None:
            await over.wait()
            await scheduler.stop()
            stopped.append(scheduler.is_running)

        async def post(account_id: str, content: str) -> PostResult:
            tasks.append(asyncio.create_task(afterwards()))
            return PostResult(True)

        job_id = scheduler.add_job("a", "x", clock.now())
        await scheduler.start(post)
        await eventually_async(lambda: scheduler.get_job(job_id).status is JobStatus.COMPLETED)
        over.set()
        await asyncio.wait_for(tasks[0], 20)

    run(main())
    assert stopped == [False]
