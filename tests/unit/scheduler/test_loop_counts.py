"""How often the loop wakes up, what it does then, and who gives way to it: no clock is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest
from support.domain import NOON
from support.durability import LEDGER, without_background
from support.publishers import Recording
from support.waiting import eventually_async

from jobledger import Ledger, ManualClock, NewJob, PostResult, Scheduler, SystemClock
from jobledger.scheduler.adapter import PublisherAdapter
from jobledger.scheduler.attempt_runner import LOOK_EVERY_S
from jobledger.scheduler.timing import CALM_S, EARLY_S, LOOK_SOON_S, LoopTiming
from jobledger.testing import Fault, FaultyFileSystem, SimulatedDisk


class Seconds:
    """A clock of seconds that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Watched(Scheduler):
    """A scheduler in memory whose loop waits in no time: it moves the clock, and notes how far."""

    def __init__(self, clock: ManualClock, *, by_the_machine: bool = False) -> None:
        self.waits: list[float] = []
        self.precise: list[float] = []
        self.turns = 0
        self.late_s = 0.0
        """By how much a wait is longer than was asked for."""
        self.disk = FaultyFileSystem(SimulatedDisk())
        self.moved = clock
        super().__init__(LEDGER, fs=self.disk, clock=None if by_the_machine else clock)
        turn = self._parts.loop._turn

        async def count(publisher: PublisherAdapter) -> None:
            self.turns += 1
            await turn(publisher)

        self._parts.loop._turn = count  # type: ignore[method-assign]
        self._parts.sleep._wait_for_wakeup = self._wait_for_wakeup  # type: ignore[method-assign]
        self._parts.sleep._wait_precisely = self._wait_precisely  # type: ignore[method-assign]

    async def _wait_for_wakeup(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)
        self.moved.advance(timedelta(seconds=seconds + self.late_s))

    def _wait_precisely(self, seconds: float) -> None:
        assert len(self.precise) < 1000, "it waits for ever"
        self.precise.append(seconds)
        self.moved.advance(timedelta(seconds=seconds))

    async def run_until(self, moment: datetime, publisher: Recording) -> None:
        await self.start(publisher)
        await eventually_async(lambda: self.moved.now() >= moment)
        await self.stop()


@pytest.fixture(autouse=True)
def nothing_by_itself() -> Iterator[None]:
    with without_background():
        yield


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


def test_a_turn_with_nothing_to_do_only_looks(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No lock, no write; whether somebody has changed something is asked four times at most, and
    each time it is HEAD that is looked at, and that the runner's lock is still there."""

    async def main() -> None:
        with Watched(clock) as scheduler:
            scheduler.add_job("a", "x", clock.now() + timedelta(days=1))
            port = PublisherAdapter(Recording())
            monkeypatch.setattr(scheduler._parts.sleep, "until_due", _no_sleep)
            scheduler.disk.fault = Fault(0)
            await scheduler._parts.loop._turn(port)
            looked = list(scheduler.disk.operations)
            scheduler.disk.fault = None
            assert {operation for operation, _ in looked} <= {"size", "read"}
            assert {name for _, name in looked} <= {"HEAD", "runner.lock"}
            assert looked.count(("read", "HEAD")) <= 4
            assert len(looked) <= 10

    asyncio.run(main())


async def _no_sleep(*, again_soon: bool) -> None:
    pass


def test_waiting_looks_at_head_ten_times_a_second_and_at_nothing_else(clock: ManualClock) -> None:
    """Ten seconds without a change are one turn and a hundred looks."""

    async def main() -> None:
        with Watched(clock) as scheduler:
            scheduler.add_job("a", "x", clock.now() + timedelta(days=1))
            scheduler.disk.fault = Fault(0)
            await scheduler.start(Recording())
            await eventually_async(lambda: scheduler.turns > 0)
            await eventually_async(lambda: len(scheduler.waits) > 1)
            turns, waits, begun = scheduler.turns, len(scheduler.waits), clock.now()
            scheduler.disk.operations.clear()
            await eventually_async(lambda: clock.now() - begun >= timedelta(seconds=10))
            looks, waited = list(scheduler.disk.operations), len(scheduler.waits) - waits
            took_s = (clock.now() - begun).total_seconds()
            assert scheduler.turns == turns
            assert waited <= took_s / LOOK_EVERY_S + 1
            assert set(looks) <= {("size", "HEAD"), ("read", "HEAD")}
            assert looks.count(("read", "HEAD")) <= waited + 1
            await scheduler.stop()

    asyncio.run(main())


def test_the_job_starts_at_its_time_to_the_microsecond(clock: ManualClock) -> None:
    """The last wait is as long as what is left, not as long as a look may wait."""

    async def main() -> None:
        with Watched(clock) as scheduler:
            due = clock.now() + timedelta(seconds=3, microseconds=141_592)
            job_id = scheduler.add_job("a", "x", due)
            await scheduler.run_until(due + timedelta(seconds=1), Recording())
            assert scheduler.get_job(job_id).started_at == due
            assert max(scheduler.waits) <= LOOK_EVERY_S
            assert scheduler.precise == []

    asyncio.run(main())


@pytest.mark.parametrize("late_s", [0.0, 0.0009, 0.0014])
def test_timers_that_are_late_do_not_make_a_job_late(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch, late_s: float
) -> None:
    """By the machine's clock the timer is set for a little earlier, and the rest is short."""
    monkeypatch.setattr(SystemClock, "now", lambda _: clock.now())

    async def main() -> None:
        with Watched(clock, by_the_machine=True) as scheduler:
            due = clock.now() + timedelta(seconds=1)
            job_id = scheduler.add_job("a", "x", due)
            scheduler.late_s = late_s
            await scheduler.run_until(due + timedelta(seconds=1), Recording())
            assert scheduler.get_job(job_id).started_at == due
            assert 0 < sum(scheduler.precise) <= EARLY_S

    asyncio.run(main())


def test_a_clock_that_stands_still_does_not_stop_the_event_loop(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As libraries do that freeze the machine's time in tests: a millisecond before a due time."""
    monkeypatch.setattr(SystemClock, "now", lambda _: NOON)

    async def main() -> None:
        with Watched(clock, by_the_machine=True) as scheduler:
            scheduler.add_job("a", "x", NOON + timedelta(seconds=EARLY_S / 2))
            await scheduler.start(Recording())
            await eventually_async(lambda: len(scheduler.waits) >= 10)
            await scheduler.stop()
            assert len(scheduler.precise) <= scheduler.turns

    asyncio.run(main())


def test_a_publisher_is_called_before_the_loop_thinks_of_its_sleep(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = list[str]()

    async def post(account_id: str, content: str) -> PostResult:
        order.append("called")
        return PostResult(True)

    async def sleep(*, again_soon: bool) -> None:
        order.append("sleeps")

    async def main() -> None:
        with Scheduler(directory, clock=clock, concurrency=2) as scheduler:
            monkeypatch.setattr(scheduler._parts.sleep, "until_due", sleep)
            scheduler.add_jobs([NewJob(account, "x", clock.now()) for account in "ab"])
            await scheduler._parts.loop._turn(PublisherAdapter(post))

    asyncio.run(main())
    assert order == ["called", "called", "sleeps"]


def test_looks_are_frequent_after_a_change_by_another_process() -> None:
    """A hundredth of a second at first, a tenth of the time since then, a tenth of a second in the
    end: twelve looks in the first tenth of a second and in any later decade a few more."""
    time = Seconds()
    timing = LoopTiming(time)
    assert timing.wait_s == LOOK_EVERY_S
    timing.found()
    assert timing.wait_s == LOOK_SOON_S
    begun, looks = time.now, 0
    while timing.wait_s < LOOK_EVERY_S:
        time.now += timing.wait_s
        looks += 1
    assert looks <= 40
    assert time.now - begun <= 1.1
    time.now += 1000
    assert timing.wait_s == LOOK_EVERY_S


def test_the_loop_remembers_who_changed_something(directory: Path, clock: ManualClock) -> None:
    """Its own changes are no reason to look more often; another handle's are. Files wait for the
    turns that come of either."""

    async def main() -> None:
        with (
            Scheduler(directory, clock=clock) as scheduler,
            Ledger(directory, clock=clock) as other,
        ):
            time = Seconds()
            scheduler._parts.sleep._timing = LoopTiming(time)
            post = Recording()
            await scheduler.start(post)
            scheduler.add_job("a", "here", clock.now())
            await eventually_async(lambda: post.posted == ["here"])
            assert scheduler._parts.sleep._timing.wait_s == LOOK_EVERY_S
            other.add_job("a", "elsewhere", clock.now())
            await eventually_async(lambda: post.posted == ["here", "elsewhere"])
            assert scheduler._parts.sleep._timing.wait_s == LOOK_SOON_S
            assert scheduler.leave_alone_s(0.0) == CALM_S
            await scheduler.stop()

    asyncio.run(main())


@pytest.mark.parametrize(
    "take_in",
    [
        lambda scheduler: scheduler.add_job("b", "its own", NOON),
        lambda scheduler: scheduler.list_jobs(),
        lambda scheduler: scheduler.run_due(Recording()),
        lambda scheduler: scheduler.cleanup_expired_jobs(),
        lambda scheduler: scheduler.write_behind(),
    ],
    ids=["a change", "a question", "running what is due", "cleaning up", "writing behind"],
)
def test_whoever_takes_in_what_another_handle_has_done_tells_the_timing(
    directory: Path, clock: ManualClock, take_in: Callable[[Scheduler], object]
) -> None:
    """It need not be the loop's wait that comes across it first."""
    time = Seconds()
    with (
        Scheduler(directory, clock=clock) as scheduler,
        Ledger(directory, clock=clock) as other,
    ):
        scheduler._parts.sleep._timing = LoopTiming(time)
        scheduler.add_job("a", "here", clock.now())
        take_in(scheduler)
        assert scheduler._parts.sleep._timing.wait_s == LOOK_EVERY_S
        other.add_job("a", "elsewhere", clock.now())
        take_in(scheduler)
        assert scheduler._parts.sleep._timing.wait_s == LOOK_SOON_S
        time.now += 1000
        take_in(scheduler)
        assert scheduler._parts.sleep._timing.wait_s == LOOK_EVERY_S


def test_what_is_read_at_the_opening_is_no_reason_to_look_more_often(
    directory: Path, clock: ManualClock
) -> None:
    with Ledger(directory, clock=clock) as other:
        other.add_job("a", "long ago", clock.now())
    with Scheduler(directory, clock=clock) as scheduler:
        assert scheduler._parts.sleep._timing.wait_s == LOOK_EVERY_S


def test_files_give_way_to_what_is_about_to_start() -> None:
    """Before a due time as long as writing may take, and until what is due has started."""
    time = Seconds()
    timing = LoopTiming(time)
    assert timing.calm_in_s(inf, 0.0) == 0
    assert timing.calm_in_s(CALM_S, 0.0) == 0
    assert timing.calm_in_s(CALM_S / 2, 0.0) == CALM_S * 1.5
    assert timing.calm_in_s(0.05, 0.03) == 0
    assert timing.calm_in_s(0.05, 0.04) == 0.05 + CALM_S
    assert timing.calm_in_s(-CALM_S / 2, 0.0) == CALM_S / 2
    assert timing.calm_in_s(-60, 0.0) == 0  # its account is busy: it will not start now
    timing.turn()
    assert timing.calm_in_s(inf, 0.0) == CALM_S
    time.now += CALM_S
    assert timing.calm_in_s(inf, 0.0) == 0


def test_files_give_way_only_while_the_loop_runs_and_has_room(
    directory: Path, clock: ManualClock
) -> None:
    async def main() -> None:
        with Scheduler(directory, clock=clock, grace_s=0.05) as scheduler:
            scheduler._parts.sleep._timing = LoopTiming(Seconds())
            scheduler._parts.sleep._timing.turn = lambda: None  # type: ignore[method-assign]  # long ago
            scheduler.add_job("a", "soon", clock.now() + timedelta(seconds=CALM_S / 2))
            assert scheduler.leave_alone_s(0.0) == 0
            await scheduler.start(_hang)
            assert scheduler.leave_alone_s(0.0) == CALM_S * 1.5
            scheduler.add_job("a", "now", clock.now())
            await eventually_async(lambda: scheduler._parts.attempts.by_job)
            assert scheduler.leave_alone_s(0.0) == 0
            await scheduler.stop()
            assert scheduler.leave_alone_s(0.0) == 0
        with Ledger(directory, clock=clock) as ledger:
            assert ledger.leave_alone_s(0.0) == 0

    asyncio.run(main())


async def _hang(account_id: str, content: str) -> Any:
    await asyncio.Event().wait()
