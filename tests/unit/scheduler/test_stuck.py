"""Stuck counts the time in which this process ran; of others it counts whether they live."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.domain import elsewhere
from support.publishers import Recording
from support.waiting import eventually, eventually_async, time_passes

from jobledger import (
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    RetryPolicy,
    Scheduler,
    SystemClock,
)
from jobledger.scheduler.uptime import Uptime


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Machine:
    """A machine whose wall clock and monotonic clock are moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monotonic = Seconds()
        self.wall = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
        monkeypatch.setattr(SystemClock, "now", lambda _: self.wall)

    def awake(self, seconds: float, scheduler: Scheduler) -> None:
        """Time passes, and somebody looks at the clock ten times a second."""
        for _ in range(round(seconds * 10)):
            self.monotonic.now += 0.1
            scheduler._parts.uptime.look()
        self.wall += timedelta(seconds=seconds)

    def asleep(self, seconds: float, *, monotonic: bool) -> None:
        """Nobody is awake: stopped with its clock going on (SIGSTOP), or suspended."""
        self.wall += timedelta(seconds=seconds)
        if monotonic:
            self.monotonic.now += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def opened(directory: Path, machine: Machine, **settings: Any) -> Scheduler:
    scheduler = Scheduler(directory, **settings)
    parts = scheduler._parts
    parts.uptime = uptime = Uptime(machine.monotonic)
    for part in (parts.rescuer, parts.dispatcher, parts.runner, parts.sleep):
        part._uptime = uptime
    return scheduler


@pytest.mark.parametrize("monotonic", [True, False], ids=["stopped", "suspended"])
@pytest.mark.parametrize("asleep_s", [3600.0, 86_400.0])
def test_an_attempt_does_not_grow_old_while_nobody_is_awake(
    directory: Path, machine: Machine, asleep_s: float, monotonic: bool
) -> None:
    """Thirty minutes of being awake are what makes it stuck."""
    counts: list[int] = []
    with opened(directory, machine) as scheduler:
        job_id = scheduler.add_job("a", "x", scheduler.now())

        def post(account_id: str, content: str) -> PostResult:
            machine.awake(10, scheduler)
            machine.asleep(asleep_s, monotonic=monotonic)
            counts.append(scheduler.recover_stuck_jobs())
            machine.awake(29 * 60 + 45, scheduler)
            counts.append(scheduler.recover_stuck_jobs())
            machine.awake(10, scheduler)
            counts.append(scheduler.recover_stuck_jobs())
            return PostResult(True)

        scheduler.run_due(post)
        assert counts == [0, 0, 1]
        assert scheduler.history(job_id)[-1].data.reason == "stuck"  # type: ignore[union-attr]


@pytest.mark.parametrize("by_s", [86_400.0, -86_400.0])
def test_a_wall_clock_that_is_set_makes_nothing_stuck(
    directory: Path, machine: Machine, by_s: float
) -> None:
    """NTP, or a person; nor does it keep what is stuck from being so."""
    counts: list[int] = []
    with opened(directory, machine, max_running_minutes=1) as scheduler:
        scheduler.add_job("a", "x", scheduler.now())

        def post(account_id: str, content: str) -> PostResult:
            machine.wall += timedelta(seconds=by_s)
            counts.append(scheduler.recover_stuck_jobs())
            machine.awake(61, scheduler)
            counts.append(scheduler.recover_stuck_jobs())
            return PostResult(True)

        scheduler.run_due(post)
        assert counts == [0, 1]


def test_by_a_clock_in_hand_it_is_that_clocks_time(directory: Path, clock: ManualClock) -> None:
    """As ever, for tests."""
    counts: list[int] = []
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now())

        def post(account_id: str, content: str) -> PostResult:
            clock.advance(timedelta(minutes=30))
            counts.append(scheduler.recover_stuck_jobs())
            clock.advance(timedelta(microseconds=1))
            counts.append(scheduler.recover_stuck_jobs())
            return PostResult(True)

        scheduler.run_due(post)
        assert counts == [0, 1]


def test_the_loop_finds_a_stuck_attempt_of_its_own(directory: Path) -> None:
    """With the machine's clocks: it looks at them while it waits."""
    gate = threading.Event()

    def hang(account_id: str, content: str) -> PostResult:
        gate.wait(20)
        return PostResult(True)

    async def main() -> None:
        retry = RetryPolicy(base_s=3600)
        with Scheduler(
            directory, max_running_minutes=0.005, retry=retry, grace_s=0.05
        ) as scheduler:
            job_id = scheduler.add_job("a", "x", scheduler.now())
            await scheduler.start(hang)
            await eventually_async(lambda: scheduler.get_job(job_id).retry_count == 1)
            assert scheduler.history(job_id)[-1].data.reason == "stuck"  # type: ignore[union-attr]
            assert scheduler.is_running
            await scheduler.stop()

    try:
        run(main())
    finally:
        gate.set()


def test_an_attempt_that_nobody_makes_is_recovered_whatever_its_time(
    directory: Path, clock: ManualClock
) -> None:
    """Its runner is dead, since the right to run is ours: here it was taken over from elsewhere."""
    with Scheduler(directory, clock=clock) as scheduler, Ledger(directory, clock=clock) as other:
        item = elsewhere(scheduled_time=clock.now())
        job = msgspec.structs.replace(
            item.job, job_id="foreign", status=JobStatus.RUNNING, completed_at=None,
            thread_id=None, started_at=clock.now(),
        )  # fmt: skip
        other.import_jobs([msgspec.structs.replace(item, job=job)])
        assert scheduler.recover_stuck_jobs() == 1
        event = scheduler.history("foreign")[-1]
        assert event.data.reason == "crashed"  # type: ignore[union-attr]
        assert scheduler.recover_stuck_jobs() == 0


_RUNNER = textwrap.dedent("""
    import sys, threading
    from datetime import timedelta
    from pathlib import Path
    from jobledger import PostResult, RetryPolicy, Scheduler

    here = Path(sys.argv[1])

    def post(account_id, content):
        with (here / "posts").open("a") as file:
            file.write(content)
        while not (here / "go").exists():
            threading.Event().wait(0.01)
        return PostResult(True, "17")

    TWO_SECONDS = timedelta(seconds=2)
    scheduler = Scheduler(here / "jobs", retry=RetryPolicy(base_s=0.1), LIMIT)
    scheduler.add_job("a", "x", scheduler.now())
    scheduler.run(post)
    scheduler.close()
""")


@pytest.mark.parametrize("limit", ["max_running_minutes=2 / 60", "publish_timeout=TWO_SECONDS"])
def test_a_runner_that_was_stopped_and_goes_on_posts_once(tmp_path: Path, limit: str) -> None:
    """SIGSTOP for longer than an attempt may take, SIGCONT; by either limit."""
    script = _RUNNER.replace("LIMIT", limit)
    runner = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    try:
        eventually((tmp_path / "posts").exists, "a post")
        os.kill(runner.pid, signal.SIGSTOP)
        stopped = Path(f"/proc/{runner.pid}/stat")
        eventually(lambda: stopped.read_text().rpartition(")")[2].split()[0] == "T")
        time_passes(3)  # what it sleeps through is what is tested
        (tmp_path / "go").touch()
        os.kill(runner.pid, signal.SIGCONT)
        with Ledger(tmp_path / "jobs") as ledger:
            eventually(lambda: ledger.list_jobs()[0].status is JobStatus.COMPLETED)
            assert ledger.list_jobs()[0].retry_count == 0
        runner.terminate()
        assert runner.wait(20) == 0
        assert (tmp_path / "posts").read_text() == "x"
    finally:
        runner.kill()
        runner.wait()


def test_running_out_of_time_is_no_reason_to_look_elsewhere(directory: Path) -> None:
    """An attempt that has answered is not stuck, however long ago it began."""
    with Scheduler(directory, max_running_minutes=0.0001) as scheduler:
        scheduler.add_job("a", "x", scheduler.now())
        assert scheduler.run_due(Recording()) == 1
        assert scheduler.recover_stuck_jobs() == 0
