"""The tests of a program: the kit in `jobledger.testing`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_type

from hypothesis import given
from hypothesis import strategies as st

from jobledger import (
    At,
    Attempt,
    Cron,
    Every,
    Ledger,
    ManualClock,
    NewJob,
    PostResult,
    Publisher,
    Scheduler,
)
from jobledger import testing as kit
from jobledger.testing import (
    CrashReport,
    Fault,
    FaultyFileSystem,
    LifecycleMachine,
    Posts,
    ScheduleMachine,
    SimulatedDisk,
    commands,
    crash_everywhere,
    crash_point,
    disk_faults,
    jobs,
    ledgers,
    rules,
    schedule_commands,
    schedules,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Searching:
    """Posts once, for it looks first."""

    def __init__(self, platform: Posts) -> None:
        self._platform = platform

    def publish(self, attempt: Attempt) -> PostResult:
        key = attempt.idempotency_key
        found = self._platform.of_key(key)
        assert_type(found, str | None)
        crash_point("having looked")
        return PostResult(True, found or self._platform.post(attempt.job.job_id, key))

    def reconcile(self, attempt: Attempt) -> PostResult:
        found = self._platform.of_key(attempt.idempotency_key)
        return PostResult(found is not None, found)


class Platform:
    """Any class that can count posts is one."""

    def __init__(self) -> None:
        self.posted: list[str] = []

    def count(self, job_id: str) -> int:
        return self.posted.count(job_id)


class OnPlatform:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def publish(self, attempt: Attempt) -> PostResult:
        self._platform.posted.append(attempt.job.job_id)
        return PostResult(True)


class OurMachine(LifecycleMachine):
    """Whatever may happen, with a publisher of one's own."""

    accounts = ("mai", "lan")
    concurrency = 2
    on_interrupted = "fail"

    def make_publisher(self) -> Publisher:
        return Searching(Posts())


class OurSchedules(ScheduleMachine):
    """The same, of jobs that schedules make."""

    timezone = "Asia/Ho_Chi_Minh"

    def make_publisher(self) -> Publisher:
        return Searching(Posts())


def two_jobs(ledger: Ledger) -> None:
    ledger.add_jobs([NewJob("mai", "Xin chào", ledger.now()), NewJob("lan", "hi", ledger.now())])


def dies_everywhere() -> None:
    report = crash_everywhere(Searching)
    assert_type(report, CrashReport)
    assert_type(report.crashes, int)
    report.check()
    of_ours = crash_everywhere(
        OnPlatform, two_jobs, platform=Platform, on_interrupted="fail", power_cuts=False
    )
    assert_type([finding.posts for finding in of_ours.twice], list[int])


@given(new=jobs(NOON), ledger=ledgers(), fault=disk_faults())
def holds(new: NewJob, ledger: Ledger, fault: Fault) -> None:
    with ledger:
        assert_type(ledger.add_jobs([new]), list[str])


@given(change=commands())
def is_said(change: Callable[[Ledger, str], None]) -> None:
    """Take a change, which is called with a ledger and the id of a job."""


@given(said=schedules(accounts=st.just("mai")), change=schedule_commands())
def has_a_schedule(said: dict[str, Any], change: Callable[[Ledger, str], None]) -> None:
    with Ledger("jobs", fs=SimulatedDisk()) as ledger:
        change(ledger, ledger.add_schedule("daily", **said))


def strategies() -> None:
    assert_type(rules(), st.SearchStrategy[Cron | At | Every])
    assert_type(jobs(), st.SearchStrategy[NewJob])
    assert_type(jobs(accounts=st.just("mai")), st.SearchStrategy[NewJob])
    assert_type(ledgers(max_jobs=3), st.SearchStrategy[Ledger])
    assert_type(disk_faults(), st.SearchStrategy[Fault])


def main(directory: Path) -> None:
    assert_type(kit.ManualClock(NOON), ManualClock)
    fs = FaultyFileSystem(SimulatedDisk(), Fault(at=10_000, error=None))
    with Scheduler("jobs", fs=fs, clock=ManualClock(NOON)) as scheduler:
        scheduler.add_job("mai", "Xin chào", NOON)
        scheduler.run_due(Searching(Posts()))
    assert_type(fs.reached, bool)
    assert_type(fs.operations, list[tuple[str, str]])
    dies_everywhere()
    strategies()
