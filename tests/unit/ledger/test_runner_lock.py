"""The runner lock when somebody has cleaned up what looked like a stale lock file."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobledger import Ledger, ManualClock, PostResult, Scheduler, SchedulerRunningError


def post(account_id: str, content: str) -> PostResult:
    return PostResult(success=True)


def test_a_runner_whose_lock_file_was_removed_takes_it_again(
    directory: Path, clock: ManualClock
) -> None:
    """Before it starts its next job; then nobody else can run."""
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now())
        (directory / "runner.lock").unlink()
        assert scheduler.run_due(post) == 1
        with pytest.raises(SchedulerRunningError):
            Scheduler(directory, clock=clock)


def test_of_two_runners_without_a_lock_between_them_one_starts_nothing(
    directory: Path, clock: ManualClock
) -> None:
    """The one that came later has the new file; the first notices before it posts anything."""
    with Scheduler(directory, clock=clock) as first:
        (directory / "runner.lock").unlink()
        with Scheduler(directory, clock=clock) as second:
            second.add_job("a", "x", clock.now())
            with pytest.raises(SchedulerRunningError, match="already runs"):
                first.run_due(post)
            assert second.run_due(post) == 1
        second.close()


def test_anybody_can_see_who_runs_a_ledger_and_since_when(
    directory: Path, clock: ManualClock
) -> None:
    """And nobody is disturbed by it."""
    with Ledger(directory, clock=clock) as beside:
        assert (beside.runner_pid(), beside.runner_since()) == (None, None)
        with Scheduler(directory, clock=clock):
            os.utime(directory / "runner.lock", (1_790_000_000, 1_790_000_000))
            assert beside.runner_pid() == os.getpid()
            assert beside.runner_since() == datetime.fromtimestamp(1_790_000_000, UTC)
        assert (beside.runner_pid(), beside.runner_since()) == (None, None)


def test_an_engine_without_a_file_does_not_say_since_when(clock: ManualClock) -> None:
    with Scheduler("memory:since-when", clock=clock) as scheduler:
        assert (scheduler.runner_pid(), scheduler.runner_since()) == (os.getpid(), None)
