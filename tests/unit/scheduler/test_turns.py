"""`run_due` from several threads of one scheduler, and beside its loop: one at a time."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.eventstore import at_once
from support.publishers import Recording
from support.waiting import eventually

from jobledger import (
    JobStatus,
    ManualClock,
    NewJob,
    Pacing,
    PostResult,
    Scheduler,
    SchedulerRunningError,
    StorageError,
)


class Platform:
    """Counts posts, and how many of an account are made at once."""

    def __init__(self) -> None:
        self.posts: Counter[str] = Counter()
        self.now: Counter[str] = Counter()
        self.most = 0
        self._lock = threading.Lock()
        self._chance = random.Random(7)

    def _begin(self, account_id: str, content: str) -> int:
        with self._lock:
            self.posts[content] += 1
            self.now[account_id] += 1
            self.most = max(self.most, *self.now.values())
            return self._chance.randrange(200)

    def _end(self, account_id: str) -> PostResult:
        with self._lock:
            self.now[account_id] -= 1
        return PostResult(True, thread_id="1")

    def post(self, account_id: str, content: str) -> PostResult:
        for _ in range(self._begin(account_id, content)):
            threading.Event().is_set()
        return self._end(account_id)

    async def post_async(self, account_id: str, content: str) -> PostResult:
        for _ in range(self._begin(account_id, content) // 20):
            await asyncio.sleep(0)
        return self._end(account_id)


SETTINGS: list[dict[str, Any]] = [
    {},
    {"concurrency": 3},
    {"pacing": Pacing(quota=1000)},
    {"publish_timeout": timedelta(minutes=1)},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", ["plain", "async", "both"])
def test_several_threads_post_everything_once(
    directory: Path, clock: ManualClock, kind: str, settings: dict[str, Any]
) -> None:
    """Never two of one account at once, no error, nothing left RUNNING."""
    platform, counts = Platform(), list[int]()
    publishers: list[Any] = [platform.post, platform.post_async]
    chosen = {"plain": publishers[:1], "async": publishers[1:], "both": publishers}[kind]
    with Scheduler(directory, clock=clock, **settings) as scheduler:
        accounts = ("same", "same", "other")
        jobs = [NewJob(accounts[n % 3], f"text {n}", clock.now()) for n in range(24)]
        scheduler.add_jobs(jobs)

        def run(number: int) -> Callable[[], None]:
            publisher = chosen[number % len(chosen)]
            return lambda: counts.append(scheduler.run_due(publisher))

        raised = at_once(*map(run, range(4)))
        assert raised == [None] * 4
        assert sum(counts) == len(jobs)
        assert set(platform.posts.values()) == {1}
        assert platform.most == 1
        assert {job.status for job in scheduler.list_jobs()} == {JobStatus.COMPLETED}


class Gated:
    """A publisher that waits until it is let go on."""

    def __init__(self) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()

    def __call__(self, account_id: str, content: str) -> PostResult:
        self.begun.set()
        self.gate.wait(20)
        return PostResult(True)


def test_beside_run_due_of_another_thread_nothing_is_started(
    directory: Path, clock: ManualClock
) -> None:
    """`start` and `run` are refused, not made to wait; a second `run_due` waits."""
    gated, counts = Gated(), list[int]()
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now())
        threads = [threading.Thread(target=lambda: counts.append(scheduler.run_due(gated)))]
        threads[0].start()
        assert gated.begun.wait(20)
        with pytest.raises(SchedulerRunningError, match="runs already"):
            asyncio.run(scheduler.start(Recording()))
        with pytest.raises(SchedulerRunningError, match="runs already"):
            scheduler.run(Recording())
        assert not scheduler.is_running
        later = Recording()
        threads.append(threading.Thread(target=lambda: counts.append(scheduler.run_due(later))))
        threads[1].start()
        scheduler.add_job("a", "y", clock.now())
        gated.gate.set()
        for thread in threads:
            thread.join(20)
        assert sum(counts) == 2
        assert len(scheduler.list_jobs(status=JobStatus.COMPLETED)) == 2


@pytest.mark.parametrize("how", ["stop_soon", "close"])
def test_whoever_waits_for_a_turn_does_not_wait_for_ever(
    directory: Path, clock: ManualClock, how: str
) -> None:
    gated, ends = Gated(), list[str]()
    scheduler = Scheduler(directory, clock=clock)
    scheduler.add_job("a", "x", clock.now())

    def run(publisher: Any) -> None:
        try:
            ends.append(f"ran {scheduler.run_due(publisher)}")
        except StorageError as error:
            ends.append("closed" if "closed" in str(error) else str(error))

    first = threading.Thread(target=run, args=(gated,))
    first.start()
    assert gated.begun.wait(20)
    second = threading.Thread(target=run, args=(Recording(),))
    second.start()
    if how == "stop_soon":
        scheduler.stop_soon()
    else:
        scheduler.close()
    second.join(20)
    assert ends == [{"stop_soon": "ran 0", "close": "closed"}[how]]
    gated.gate.set()
    first.join(20)
    assert ends[1:] == [{"stop_soon": "ran 1", "close": "closed"}[how]]
    scheduler.close()


def test_a_signal_handler_that_runs_what_is_due_is_refused(
    directory: Path, clock: ManualClock
) -> None:
    """It would wait for the call that it has interrupted: the same thread."""
    with Scheduler(directory, clock=clock) as scheduler:
        with scheduler._parts.gate.entered("run_due", wait=True) as is_in:
            assert is_in
            with pytest.raises(SchedulerRunningError, match="signal handler"):
                scheduler.run_due(Recording())
        assert scheduler.run_due(Recording()) == 0


def test_a_publisher_of_one_scheduler_may_run_another(tmp_path: Path, clock: ManualClock) -> None:
    """They have nothing to do with each other."""
    with (
        Scheduler(tmp_path / "one", clock=clock) as one,
        Scheduler(tmp_path / "other", clock=clock) as other,
    ):
        other.add_job("b", "inner", clock.now())
        inner = Recording()

        def post(account_id: str, content: str) -> PostResult:
            return PostResult(other.run_due(inner) == 1)

        job_id = one.add_job("a", "x", clock.now())
        assert one.run_due(post) == 1
        assert one.get_job(job_id).status is JobStatus.COMPLETED


def test_an_error_leaves_the_turn_to_the_next(directory: Path, clock: ManualClock) -> None:
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now())

        def fail() -> int:
            raise MemoryError

        sound = scheduler.cleanup_expired_jobs
        scheduler.cleanup_expired_jobs = fail  # type: ignore[method-assign]
        with pytest.raises(MemoryError):
            scheduler.run_due(Recording())
        scheduler.cleanup_expired_jobs = sound  # type: ignore[method-assign]
        counts: list[int] = []
        thread = threading.Thread(target=lambda: counts.append(scheduler.run_due(Recording())))
        thread.start()
        eventually(lambda: counts)
        assert counts == [1]
