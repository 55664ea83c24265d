"""An attempt that was given up before its publisher was called: it is not called any more, however
late its thread, or its event loop, begins."""

from __future__ import annotations

import asyncio
import inspect
import logging
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.domain import Life
from support.publishers import Recording
from support.waiting import DEADLINE_S, eventually, eventually_async

from jobledger import (
    Attempt,
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    ScheduledJob,
    Scheduler,
    StorageError,
)
from jobledger.scheduler.adapter import PublisherAdapter
from jobledger.scheduler.calls import GivenUpError, call_async, call_blocking
from jobledger.scheduler.own_loop import OwnLoop
from jobledger.scheduler.permission import Permission
from jobledger.scheduler.running import Running

JOB = "job"
SOON_S = 0.01
SOON = timedelta(seconds=SOON_S)


class Late:
    """Threads of one name that have been started, and get to run only when they are let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name = f"jobledger-{JOB}"
        self.most = 1
        self.held: list[threading.Thread] = []
        self._go = threading.Event()
        run = threading.Thread.run

        def run_late(thread: threading.Thread) -> None:
            if thread.name == self.name and len(self.held) < self.most:
                self.held.append(thread)
                self._go.wait(DEADLINE_S)
            run(thread)

        monkeypatch.setattr(threading.Thread, "run", run_late)

    def let_go(self) -> None:
        """Let them run, to their end."""
        self._go.set()
        for thread in self.held:
            thread.join(DEADLINE_S)
            assert not thread.is_alive()


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Iterator[Late]:
    made = Late(monkeypatch)
    yield made
    made.let_go()


def attempt() -> Attempt:
    life = Life()
    life.start()
    assert life.job is not None
    job = msgspec.structs.replace(life.job, job_id=JOB)
    return Attempt(job, "key", lambda job_id, command: None)


@pytest.mark.parametrize("first", ["use", "withdraw"])
def test_a_permission_is_used_or_withdrawn_by_whoever_is_first(first: str) -> None:
    permission = Permission()
    assert not permission.is_used
    if first == "use":
        assert permission.use()
        assert not permission.withdraw()
    else:
        assert permission.withdraw()
        assert not permission.use()
    assert permission.is_used == permission.use() == (first == "use")
    assert permission.withdraw() == (first != "use")


# -- its time is up --------------------------------------------------------------------------------


def test_a_thread_that_begins_when_the_time_is_up_calls_nothing(late: Late) -> None:
    made, post = attempt(), Recording()
    with pytest.raises(GivenUpError, match=r"had not begun after 0\.01 s"):
        asyncio.run(call_async(PublisherAdapter(post), "publish", made, SOON_S))
    late.let_go()
    assert len(late.held) == 1
    assert (post.posted, made._called, made.is_cancelled) == ([], False, True)


@pytest.mark.parametrize("on_interrupted", ["retry", "fail"])
def test_run_due_puts_it_back_and_goes_on(
    directory: Path, clock: ManualClock, late: Late, on_interrupted: Any
) -> None:
    """Nobody has posted anything, so nothing is used up and nothing is in doubt."""
    post = Recording()
    with Scheduler(directory, clock=clock, on_interrupted=on_interrupted) as scheduler:
        scheduler.add_job("a", "late", clock.now(), job_id=JOB, publish_timeout=SOON)
        scheduler.add_job("b", "next", clock.now(), publish_timeout=timedelta(hours=1))
        assert scheduler.run_due(post) == 1
        late.let_go()
        assert post.posted == ["next"]
        job = scheduler.get_job(JOB)
        assert (job.status, job.retry_count, job.outcome_unknown) == (JobStatus.SCHEDULED, 0, False)
        assert "had not begun" in str(job.error)
        assert scheduler.history(JOB)[-1].to_dict()["data"]["called"] is False


def test_the_loop_tries_again_and_posts_once(
    directory: Path, clock: ManualClock, late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Recording()

    async def first_is_late(call: asyncio.Future[Any], seconds: float) -> bool:
        if scheduler.get_job(JOB).attempt == 1:
            await eventually_async(lambda: late.held)
            return False
        await asyncio.wait([call])
        return True

    monkeypatch.setattr("jobledger.scheduler.calls.wait_while_running", first_is_late)

    async def main(scheduler: Scheduler) -> None:
        await scheduler.start(post)
        await eventually_async(lambda: scheduler.get_job(JOB).status is JobStatus.COMPLETED)
        await scheduler.stop()

    with Scheduler(directory, clock=clock, on_interrupted="fail") as scheduler:
        scheduler.add_job("a", "x", clock.now(), job_id=JOB, publish_timeout=timedelta(hours=1))
        asyncio.run(main(scheduler))
        late.let_go()
        assert post.posted == ["x"]
        assert scheduler.get_job(JOB).attempt == 2


# -- its scheduler is closed, or its job has gone on -----------------------------------------------


def aside(work: Callable[[], object]) -> None:
    """Do it in another thread, and wait for that."""
    thread = threading.Thread(target=work, name="aside")
    thread.start()
    thread.join(DEADLINE_S)
    assert not thread.is_alive()


def reopened(directory: Path, clock: ManualClock) -> ScheduledJob:
    with Scheduler(directory, clock=clock, on_interrupted="fail") as scheduler:
        return scheduler.get_job(JOB)


def test_a_thread_that_begins_after_closing_calls_nothing(
    directory: Path, clock: ManualClock, late: Late
) -> None:
    post, ended = Recording(), threading.Event()
    scheduler = Scheduler(directory, clock=clock, on_interrupted="fail", concurrency=2)
    scheduler.add_job("a", "x", clock.now(), job_id=JOB)

    def run() -> None:
        with pytest.raises(StorageError):
            scheduler.run_due(post)
        ended.set()

    runner = threading.Thread(target=run, name="runner")
    runner.start()
    eventually(lambda: late.held)
    scheduler.close()
    assert ended.wait(DEADLINE_S)
    runner.join()
    late.let_go()
    job = reopened(directory, clock)
    assert (job.status, job.attempt, post.posted) == (JobStatus.SCHEDULED, 1, [])


@pytest.mark.parametrize("settings", [{}, {"concurrency": 2}, {"publish_timeout": SOON}], ids=str)
def test_what_is_closed_before_the_attempt_is_made_calls_nothing(
    directory: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
) -> None:
    """By another thread, between the record of the start and the publisher."""
    post = Recording()
    scheduler = Scheduler(directory, clock=clock, on_interrupted="fail", **settings)
    scheduler.add_job("a", "x", clock.now(), job_id=JOB)
    make = scheduler._parts.runner._attempt

    def close_and_make(*arguments: Any) -> Attempt:
        aside(scheduler.close)
        return make(*arguments)

    monkeypatch.setattr(scheduler._parts.runner, "_attempt", close_and_make)
    with pytest.raises(StorageError, match="closed"):
        scheduler.run_due(post)
    job = reopened(directory, clock)
    assert (job.status, job.attempt, post.posted) == (JobStatus.SCHEDULED, 1, [])


def test_a_signal_handler_that_closes_right_before_the_call_is_in_time(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has put the attempt back: then nothing is posted."""
    post = Recording()
    scheduler = Scheduler(directory, clock=clock, on_interrupted="fail")
    scheduler.add_job("a", "x", clock.now(), job_id=JOB)
    use, falls_in = Permission.use, [True]

    def use_later(permission: Permission) -> bool:
        if falls_in:
            falls_in.clear()
            signal.raise_signal(signal.SIGUSR1)
        return use(permission)

    monkeypatch.setattr(Permission, "use", use_later)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: scheduler.close())
    try:
        with pytest.raises(StorageError, match="closed"):
            scheduler.run_due(post)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert reopened(directory, clock).status is JobStatus.SCHEDULED
    assert post.posted == []


class LetsGo(logging.Handler):
    """Lets late threads run as soon as it is logged that their attempt was given up."""

    def __init__(self, late: Late) -> None:
        super().__init__()
        self._late = late

    def emit(self, record: logging.LogRecord) -> None:
        if "attempt given up" in record.getMessage():
            self._late.let_go()


@pytest.fixture
def let_go_when_given_up(late: Late) -> Iterator[None]:
    handler = LetsGo(late)
    log = logging.getLogger("jobledger")
    log.addHandler(handler)
    yield
    log.removeHandler(handler)


@pytest.mark.usefixtures("let_go_when_given_up")
def test_a_job_that_was_cancelled_before_its_thread_began_is_not_posted(
    directory: Path, clock: ManualClock, late: Late
) -> None:
    """Not even where it begins before the task that waits for it has heard of that."""
    post = Recording()
    with Scheduler(directory, clock=clock, concurrency=2) as scheduler:
        scheduler.add_job("a", "x", clock.now(), job_id=JOB)
        runner = threading.Thread(target=scheduler.run_due, args=(post,), name="runner")
        runner.start()
        eventually(lambda: late.held)
        with Ledger(directory, clock=clock) as other:
            other.cancel_job(JOB)
        runner.join(DEADLINE_S)
        assert not runner.is_alive()
        assert not late.held[0].is_alive()
        assert scheduler.get_job(JOB).status is JobStatus.CANCELLED
        assert post.posted == []


@pytest.mark.parametrize("given_first", [False, True])
def test_whatever_a_given_up_attempt_is_given_is_not_called(given_first: bool) -> None:
    """Also by a caller who was about to ask the publisher for something else."""
    made, post = attempt(), Recording()
    running = Running(made.job, made.number, None)
    if given_first:
        running.give(made)
        assert running.give_up()
    else:
        assert running.give_up()
        running.give(made)
    with pytest.raises(GivenUpError):
        call_blocking(PublisherAdapter(post), "publish", made, asyncio.run)
    with pytest.raises(GivenUpError):
        asyncio.run(call_async(PublisherAdapter(post), "publish", made))
    assert post.posted == []


def test_what_was_called_is_not_said_to_be_given_up_in_time() -> None:
    made = attempt()
    running = Running(made.job, made.number, None)
    running.give(made)
    call_blocking(PublisherAdapter(Recording()), "publish", made, asyncio.run)
    assert not running.give_up()


# -- interrupted in the midst of beginning ---------------------------------------------------------


@pytest.mark.parametrize("has_begun", [True, False])
def test_what_a_signal_handler_raises_while_the_thread_begins_is_not_swallowed(
    monkeypatch: pytest.MonkeyPatch, has_begun: bool
) -> None:
    """Nor taken for a want of threads; nobody waits for the call any more, and the attempt says
    whether it was made."""
    made, go = attempt(), threading.Event()
    start, begun = threading.Thread.start, list[threading.Thread]()

    def answer() -> PostResult:
        assert go.wait(DEADLINE_S)
        return PostResult(True)

    post = Recording(answer)

    def interrupted(thread: threading.Thread) -> None:
        begun.append(thread)
        if has_begun:
            start(thread)
            eventually(lambda: made._called)
        signal.raise_signal(signal.SIGUSR1)

    def handler(number: int, frame: object) -> None:
        raise RuntimeError("the program is to end")

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(RuntimeError, match="the program is to end"):
            asyncio.run(call_async(PublisherAdapter(post), "publish", made))
    finally:
        signal.signal(signal.SIGUSR1, before)
        monkeypatch.undo()
    if not has_begun:
        start(begun[0])
    go.set()
    begun[0].join(DEADLINE_S)
    assert (len(post.posted), made._called, made.is_cancelled) == (has_begun, has_begun, True)


class Ends(BaseException):
    """What a signal handler of a program raises."""


class Work:
    """Something to run in an event loop: whether it began, and how it ended."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = threading.Event()

    async def run(self) -> PostResult:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        return PostResult(True)


def run_within_a_loop(work: Coroutine[Any, Any, Any], is_given_up: Callable[[], bool]) -> OwnLoop:
    own = OwnLoop(asyncio.new_event_loop)

    async def main() -> None:
        own.run(work, is_given_up)

    with pytest.raises((Ends, KeyboardInterrupt)):
        asyncio.run(main())
    return own


@pytest.mark.parametrize("how", ["given up", "interrupted"])
def test_a_loop_whose_thread_begins_too_late_runs_nothing(
    monkeypatch: pytest.MonkeyPatch, late: Late, how: str
) -> None:
    """And leaves no coroutine behind."""
    late.name = "jobledger-own-loop"
    monkeypatch.setattr("jobledger.scheduler.own_loop._PATIENCE", 2)

    def is_given_up() -> bool:
        if how == "interrupted":
            raise Ends
        return True

    work = Work()
    coroutine = work.run()
    own = run_within_a_loop(coroutine, is_given_up)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
    late.let_go()
    assert not work.begun.is_set()
    assert own._loop is None  # nor was one made for it
    own.close()


@pytest.mark.parametrize("where", ["while it runs", "before its task is made"])
def test_work_that_nobody_waits_for_any_more_is_cancelled(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Else it would begin one job after the other, with nobody to stop it."""
    work, interrupted = Work(), threading.Event()
    begins = OwnLoop._run

    def run_late(own: OwnLoop, *arguments: Any) -> Any:
        assert interrupted.wait(DEADLINE_S)
        return begins(own, *arguments)

    if where == "before its task is made":
        monkeypatch.setattr(OwnLoop, "_run", run_late)

    def is_given_up() -> bool:
        if where == "while it runs" and not work.begun.is_set():
            return False
        raise Ends

    own = run_within_a_loop(work.run(), is_given_up)
    interrupted.set()
    eventually(lambda: not [t for t in threading.enumerate() if t.name == "jobledger-own-loop"])
    assert work.ended.is_set() == work.begun.is_set() == (where == "while it runs")
    own.close()
