"""A Scheduler on a ledger of several chains runs the jobs of all, as one does of one chain.

What becomes of the jobs of one that was killed is in tests/e2e/test_workers.py.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from support import postgres
from support.waiting import eventually, eventually_async

from jobledger import (
    Attempt,
    JobStatus,
    Ledger,
    ManualClock,
    Pacing,
    PostResult,
    ScheduledJob,
    Scheduler,
    SchedulerRunningError,
    StaleAttemptError,
    StorageError,
    ValidationError,
)
from jobledger.eventstore.engines.memory import forget_memory_ledgers

SHARDS = 4


@pytest.fixture(params=["memory", "postgresql"])
def place(request: pytest.FixtureRequest) -> Iterator[str]:
    """Name a ledger of several chains that nobody has."""
    if request.param == "memory":
        yield f"memory:{uuid4()}?shards={SHARDS}"
    else:
        yield postgres.new_url(shards=str(SHARDS))
    forget_memory_ledgers()


@pytest.fixture
def scheduler(place: str, clock: ManualClock) -> Iterator[Scheduler]:
    with Scheduler(place, clock=clock) as opened:
        yield opened


def one_in_each(ledger: Ledger) -> list[str]:
    """Return an account of each chain."""
    found: dict[int, str] = {}
    for n in range(1000):
        found.setdefault(ledger.shard_of(f"a{n}"), f"a{n}")
    return [found[number] for number in range(1, SHARDS + 1)]


def add_in_each(ledger: Ledger, each: int = 1) -> list[str]:
    return [
        ledger.add_job(account, f"text {n}", ledger.now(), job_id=f"{account}-{n}")
        for n in range(each)
        for account in one_in_each(ledger)
    ]


class Recorded:
    """A publisher that notes what it posted, and how many posts went out at once."""

    def __init__(self) -> None:
        self.posted: list[str] = []
        self.at_once = 0
        self.most = 0
        self._lock = threading.Lock()

    async def publish(self, attempt: Attempt) -> PostResult:
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with self._lock:
            self.at_once -= 1
            self.posted.append(attempt.job.job_id)
        return PostResult(True, thread_id=attempt.job.job_id)


class Plain(Recorded):
    def publish(self, attempt: Attempt) -> PostResult:  # type: ignore[override]
        self.posted.append(attempt.job.job_id)
        return PostResult(True)


def is_done(ledger: Ledger, count: int) -> bool:
    return ledger.counts()[JobStatus.COMPLETED] == count


# -- while the caller waits ------------------------------------------------------------------------


@pytest.mark.parametrize("made", [Recorded, Plain])
def test_it_is_a_scheduler_and_runs_what_is_due_in_all_chains(
    scheduler: Scheduler, made: Callable[[], Recorded]
) -> None:
    assert isinstance(scheduler, Scheduler)
    ids, publisher = add_in_each(scheduler, 3), made()
    assert scheduler.run_due(publisher) == len(ids)
    assert sorted(publisher.posted) == sorted(ids)
    assert scheduler.last_outcomes["completed"] == len(ids)
    assert scheduler.run_due(publisher) == 0
    assert scheduler.verify().ok


def test_a_limit_is_of_all_chains_and_none_is_passed_over(scheduler: Scheduler) -> None:
    add_in_each(scheduler, 2)
    publisher = Plain()
    assert scheduler.run_due(publisher, limit=3) == 3
    assert len(publisher.posted) == 3
    publisher.posted.clear()
    for _ in range(SHARDS):
        scheduler.run_due(publisher, limit=1)
    assert len(publisher.posted) == SHARDS
    assert scheduler.run_due(publisher, limit=0) == 0
    assert scheduler.run_due(publisher) == 1


def test_a_limit_of_one_comes_round_to_every_chain(scheduler: Scheduler) -> None:
    """However many jobs wait in the first one."""
    add_in_each(scheduler, 5)
    publisher = Plain()
    for _ in range(SHARDS):
        assert scheduler.run_due(publisher, limit=1) == 1
    assert {scheduler.shard_of(job_id.rpartition("-")[0]) for job_id in publisher.posted} == {
        1, 2, 3, 4,
    }  # fmt: skip


def test_what_fails_in_one_chain_does_not_keep_the_others(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is raised when they have had their turn."""
    ids, publisher = add_in_each(scheduler), Plain()

    def fail(*args: object) -> int:
        raise StorageError("this chain is away", path="there")

    monkeypatch.setattr(scheduler._runners[1].due_run, "run", fail)
    with pytest.raises(StorageError, match="this chain is away"):
        scheduler.run_due(publisher)
    assert sorted(publisher.posted) == sorted(ids[:1] + ids[2:])


def test_one_that_is_asked_to_stop_begins_nothing_in_any_chain(scheduler: Scheduler) -> None:
    ids, publisher = add_in_each(scheduler), Plain()

    def post(account_id: str, content: str) -> PostResult:
        scheduler.stop_soon()
        return PostResult(True)

    assert scheduler.run_due(post) == 1
    assert scheduler.run_due(publisher) == len(ids) - 1


def test_a_signal_ends_it_with_the_attempt_that_runs(scheduler: Scheduler) -> None:
    add_in_each(scheduler)

    def post(account_id: str, content: str) -> PostResult:
        os.kill(os.getpid(), signal.SIGINT)
        return PostResult(True)

    with pytest.raises(KeyboardInterrupt):
        scheduler.run_due(post)
    assert is_done(scheduler, 1)


def test_a_publisher_that_runs_what_is_due_is_refused(scheduler: Scheduler) -> None:
    """Also what is due in another chain than its own."""
    add_in_each(scheduler)
    refused: list[SchedulerRunningError] = []

    def post(account_id: str, content: str) -> PostResult:
        try:
            scheduler.run_due(Plain())
        except SchedulerRunningError as error:
            refused.append(error)
        return PostResult(True)

    scheduler.run_due(post)
    assert len(refused) == SHARDS


# -- the loops -------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_go_out_at_once_than_may_in_all_chains_together(
    place: str, clock: ManualClock, concurrency: int
) -> None:
    publisher = Recorded()

    async def run(scheduler: Scheduler) -> None:
        ids = add_in_each(scheduler, 6)
        await scheduler.start(publisher)
        assert scheduler.is_running
        await eventually_async(lambda: is_done(scheduler, len(ids)))
        await scheduler.stop()
        assert not scheduler.is_running
        assert sorted(publisher.posted) == sorted(ids)

    with Scheduler(place, clock=clock, concurrency=concurrency) as scheduler:
        asyncio.run(run(scheduler))
    assert publisher.most <= concurrency


def test_all_places_are_used_where_there_is_enough_to_do(place: str, clock: ManualClock) -> None:
    """Each waits for the others to be called: with a place too few it would never end."""
    begun: set[str] = set()

    async def run(scheduler: Scheduler) -> None:
        together = asyncio.Event()

        async def post(account_id: str, content: str) -> PostResult:
            begun.add(account_id)
            if len(begun) == SHARDS:
                together.set()
            await together.wait()
            return PostResult(True)

        add_in_each(scheduler)
        await scheduler.start(post)
        await eventually_async(lambda: is_done(scheduler, SHARDS))
        await scheduler.stop()

    with Scheduler(place, clock=clock, concurrency=SHARDS) as scheduler:
        asyncio.run(run(scheduler))


def test_what_becomes_due_while_all_places_are_taken_is_posted_when_one_is_free(
    place: str, clock: ManualClock
) -> None:
    """Whichever chain it is in, and whichever has the place."""

    async def run(scheduler: Scheduler) -> None:
        first, second, *_ = one_in_each(scheduler)
        go, begun = asyncio.Event(), asyncio.Event()

        async def post(account_id: str, content: str) -> PostResult:
            if account_id == first:
                begun.set()
                await go.wait()
            return PostResult(True)

        scheduler.add_job(first, "now", clock.now())
        later = scheduler.add_job(second, "later", clock.now() + timedelta(minutes=5))
        await scheduler.start(post)
        await begun.wait()
        clock.advance(timedelta(minutes=6))
        await eventually_async(lambda: bool(scheduler._shared.places._waiting))
        assert scheduler.get_job(later).status is JobStatus.SCHEDULED
        go.set()
        await eventually_async(lambda: is_done(scheduler, 2))
        await scheduler.stop()

    with Scheduler(place, clock=clock) as scheduler:
        asyncio.run(run(scheduler))


def test_a_daemon_runs_all_chains_until_it_is_asked_to_stop(scheduler: Scheduler) -> None:
    ids, publisher = add_in_each(scheduler, 2), Recorded()
    thread = threading.Thread(target=scheduler.run, args=(publisher,))
    thread.start()
    try:
        eventually(partial(is_done, scheduler, len(ids)))
    finally:
        scheduler.stop_soon()
        thread.join(20)
    assert not thread.is_alive()
    assert sorted(publisher.posted) == sorted(ids)


def test_it_cannot_be_started_twice_and_can_again_when_it_was_stopped(
    scheduler: Scheduler,
) -> None:
    async def run() -> None:
        await scheduler.start(Recorded())
        with pytest.raises(SchedulerRunningError):
            await scheduler.start(Recorded())
        with pytest.raises(SchedulerRunningError):
            await asyncio.to_thread(scheduler.run_due, Plain())
        await scheduler.stop()

    asyncio.run(run())
    asyncio.run(run())


def test_where_one_loop_has_ended_it_says_so_and_all_can_be_started_again(
    scheduler: Scheduler,
) -> None:
    """A supervisor looks at `is_running`, and starts it: what is posted meanwhile is not disturbed,
    nor posted again."""
    posted: list[str] = []

    async def run() -> None:
        ids, begun, go = add_in_each(scheduler), asyncio.Event(), asyncio.Event()

        async def post(account_id: str, content: str) -> PostResult:
            posted.append(account_id)
            begun.set()
            await go.wait()
            return PostResult(True)

        await scheduler.start(post)
        await begun.wait()
        idle = next(each for each in scheduler._runners if not each.attempts.by_job)
        assert idle.loop.task is not None
        idle.loop.task.cancel()
        with suppress(asyncio.CancelledError):
            await idle.loop.task
        assert not scheduler.is_running
        await scheduler.start(post)
        assert scheduler.is_running
        go.set()
        await eventually_async(lambda: is_done(scheduler, len(ids)))
        await scheduler.stop()

    asyncio.run(run())
    assert sorted(posted) == sorted(one_in_each(scheduler))


def test_a_daemon_of_which_one_loop_ends_ends_as_a_whole(scheduler: Scheduler) -> None:
    """So that whoever watches it begins it anew."""

    class Ending(Recorded):
        async def publish(self, attempt: Attempt) -> PostResult:
            task = scheduler._runners[1].loop.task
            assert task is not None
            task.cancel()
            return PostResult(True)

    add_in_each(scheduler)
    with pytest.raises(Exception, match="the loop has ended by itself"):
        scheduler.run(Ending())


# -- changes, and what is left behind --------------------------------------------------------------


def test_a_job_that_is_cancelled_while_it_runs_takes_no_result(scheduler: Scheduler) -> None:
    refused: list[StaleAttemptError] = []

    def post(attempt: Attempt) -> PostResult:
        scheduler.cancel_job(attempt.job.job_id, "changed our minds")
        try:
            attempt.checkpoint("sending")
        except StaleAttemptError as error:
            refused.append(error)
        return PostResult(True)

    class Publishing:
        publish = staticmethod(post)

    ids = add_in_each(scheduler)
    scheduler.run_due(Publishing())
    assert len(refused) == len(ids)
    assert {scheduler.get_job(job_id).status for job_id in ids} == {JobStatus.CANCELLED}
    assert scheduler.last_outcomes["refused"] == len(ids)


def test_a_failure_is_told_once_whichever_chain_it_is_in(place: str, clock: ManualClock) -> None:
    told: list[ScheduledJob] = []
    with Scheduler(place, clock=clock, on_failure=told.append) as scheduler:
        ids = add_in_each(scheduler)
        scheduler.run_due(lambda account, content: PostResult(False, error="no", retryable=False))
    assert sorted(job.job_id for job in told) == sorted(ids)


def test_pacing_holds_in_every_chain(place: str, clock: ManualClock) -> None:
    with Scheduler(place, clock=clock, pacing=Pacing(min_gap_s=3600)) as scheduler:
        ids = add_in_each(scheduler, 2)
        assert scheduler.run_due(Plain()) == len(ids) // 2
        clock.advance(timedelta(hours=1))
        assert scheduler.run_due(Plain()) == len(ids) // 2


def test_what_is_too_late_expires_in_every_chain(scheduler: Scheduler, clock: ManualClock) -> None:
    ids = add_in_each(scheduler)
    clock.advance(timedelta(days=2))
    assert scheduler.run_due(Plain()) == 0
    assert {scheduler.get_job(job_id).status for job_id in ids} == {JobStatus.EXPIRED}


def test_one_that_acts_for_somebody_is_the_same_runner(scheduler: Scheduler) -> None:
    ids = add_in_each(scheduler)
    named = scheduler.acting("app:desk")
    named.cancel_job(ids[0])
    assert scheduler.history(ids[0])[-1].by == "app:desk"
    assert named.run_due(Plain()) == len(ids) - 1


# -- closing ---------------------------------------------------------------------------------------


def test_a_publisher_may_close_it(scheduler: Scheduler) -> None:
    """Whichever chain its job is of: nothing hangs, and what is known is recorded."""
    add_in_each(scheduler)

    def post(account_id: str, content: str) -> PostResult:
        scheduler.close()
        return PostResult(True)

    with pytest.raises(StorageError, match="closed"):
        scheduler.run_due(post)


def test_closed_it_refuses_to_run_and_lets_another_one(place: str, clock: ManualClock) -> None:
    scheduler = Scheduler(place, clock=clock)
    add_in_each(scheduler)
    scheduler.close()
    scheduler.close()
    with pytest.raises(StorageError, match="closed"):
        scheduler.run_due(Plain())
    with Scheduler(place, clock=clock) as other:
        assert other.run_due(Plain()) == SHARDS


def test_closing_ends_the_loops_of_all_chains(place: str, clock: ManualClock) -> None:
    begun: list[str] = []

    async def run() -> None:
        async def hang(account_id: str, content: str) -> PostResult:
            begun.append(account_id)
            await asyncio.Event().wait()
            raise AssertionError

        scheduler = Scheduler(place, clock=clock, concurrency=SHARDS)
        add_in_each(scheduler)
        await scheduler.start(hang)
        await eventually_async(lambda: len(begun) == SHARDS)
        await asyncio.to_thread(scheduler.close)

    asyncio.run(run())
    with Ledger(place, clock=clock) as ledger:
        assert ledger.counts()[JobStatus.RUNNING] == 0
        assert ledger.counts()[JobStatus.SCHEDULED] == SHARDS


def test_settings_that_are_none_open_nothing(place: str) -> None:
    with pytest.raises(ValidationError, match="concurrency"):
        Scheduler(place, concurrency=0)
    with pytest.raises(StorageError, match="there is no ledger"):
        Ledger(place, read_only=True)


def test_a_second_runner_of_a_ledger_for_one_is_refused() -> None:
    """And the first one goes on."""
    name = f"memory:{uuid4()}?shards={SHARDS}"
    with Scheduler(name) as first:
        with pytest.raises(SchedulerRunningError):
            Scheduler(name)
        add_in_each(first)
        assert first.run_due(Plain()) == SHARDS
    forget_memory_ledgers()


def test_how_safe_it_is_there_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Not once for each chain."""
    with Scheduler(postgres.new_url(shards=str(SHARDS))):
        pass
    told = [line for line in caplog.messages if "no synchronous standby" in line]
    assert len(told) == 1


def test_runners_on_a_server_share_the_jobs_of_all_chains(clock: ManualClock) -> None:
    place = postgres.new_url(shards=str(SHARDS))
    with Scheduler(place, clock=clock) as one, Scheduler(place, clock=clock) as two:
        ids, publisher = add_in_each(one, 4), Plain()
        while one.run_due(publisher, limit=1) + two.run_due(publisher, limit=1):
            pass
        assert sorted(publisher.posted) == sorted(ids)
        assert {seen.runner for seen in one.runners()} >= {
            runner.lease.runner for each in (one, two) for runner in each._runners
        }
