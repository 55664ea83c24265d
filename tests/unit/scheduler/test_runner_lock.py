"""Who runs a ledger's jobs."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from jobledger import Ledger, ManualClock, Scheduler, SchedulerRunningError


def test_the_runner_is_known_by_its_pid(directory: Path, clock: ManualClock) -> None:
    """To any handle, as long as it runs and no longer."""
    with Ledger(directory, clock=clock) as ledger:
        assert ledger.runner_pid() is None
        with Scheduler(directory, clock=clock):
            assert ledger.runner_pid() == os.getpid()
        assert ledger.runner_pid() is None


def test_a_runner_whose_pid_is_not_readable_is_one_all_the_same(
    directory: Path, clock: ManualClock
) -> None:
    """0 stands for: somebody does, it does not say who."""
    with Ledger(directory, clock=clock) as ledger, Scheduler(directory, clock=clock):
        (directory / "runner.lock").write_bytes(b"")
        assert ledger.runner_pid() == 0
        with pytest.raises(SchedulerRunningError, match="another process already runs"):
            Scheduler(directory, clock=clock)


def test_asking_who_runs_never_keeps_a_runner_from_starting(
    directory: Path, clock: ManualClock
) -> None:
    """However often it is asked meanwhile."""
    with Ledger(directory, clock=clock) as ledger:
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                ledger.runner_pid()

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            for _ in range(30):
                Scheduler(directory, clock=clock).close()
        finally:
            done.set()
            thread.join()
