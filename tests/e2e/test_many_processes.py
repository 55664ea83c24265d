"""Many processes on one ledger: what each of them sees, and what a dead one leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jobledger import Scheduler, SchedulerRunningError

TESTS = Path(__file__).parents[1]


def test_no_process_ever_sees_a_state_that_no_prefix_of_the_log_gives() -> None:
    """Four writers, a runner and two readers at once; every change is there once."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "simulation.crowd", "--changes", "60"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["events"] > 4 * 60
    assert found["states"] >= 40


HEIRS = {
    "a program that inherited its files": """
        import subprocess
        child = subprocess.Popen(
            [sys.executable, "-c", "import signal; signal.pause()"], close_fds=False
        ).pid
    """,
    "a worker of multiprocessing": """
        import multiprocessing
        worker = multiprocessing.get_context("fork").Process(target=signal.pause)
        worker.start()
        child = worker.pid
    """,
}


@pytest.mark.parametrize("heir", HEIRS)
def test_a_dead_runners_child_does_not_keep_its_ledger(directory: Path, heir: str) -> None:
    """The runner is killed, its child lives on: the next runner takes over at once."""
    script = textwrap.dedent("""
        import signal, sys
        from jobledger import Scheduler
        scheduler = Scheduler(sys.argv[1])
    """)
    script += textwrap.dedent(HEIRS[heir]) + "\nprint(child, flush=True)\nsignal.pause()\n"
    runner = subprocess.Popen(
        [sys.executable, "-c", script, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert runner.stdout is not None
    child = int(runner.stdout.readline())
    try:
        with pytest.raises(SchedulerRunningError, match=f"process {runner.pid} already"):
            Scheduler(directory)
        runner.kill()
        runner.wait()
        os.kill(child, 0)  # it lives
        Scheduler(directory).close()
    finally:
        os.kill(child, signal.SIGKILL)
        runner.communicate()
