"""A process that holds a lock and is stopped (Ctrl-Z, a debugger): nobody hangs, and it is said."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.tiers import one_in
from support.waiting import eventually

from jobledger import Ledger

_PUBLISHER = "from jobledger import PostResult\ndef post(a, c): return PostResult(True)\n"


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the ledger `jobs` in a process of its own, which is ready."""
    Ledger(tmp_path / "jobs").close()
    (tmp_path / "held_posts.py").write_text(_PUBLISHER)
    command = [sys.executable, "-m", "jobledger", "--ledger", str(tmp_path / "jobs"), "run"]
    with (tmp_path / "told").open("w") as told:
        process = subprocess.Popen(
            [*command, "--publisher", "held_posts:post"], cwd=tmp_path, stderr=told, text=True
        )
    eventually(lambda: "scheduler running" in (tmp_path / "told").read_text())
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("name", one_in(2, ["append.lock", "projections.lock"]))
def test_a_runner_ends_although_another_process_holds_a_lock(
    runner: subprocess.Popen[str], tmp_path: Path, name: str
) -> None:
    """It says after two seconds what it waits for, and whom to wake; SIGTERM ends it."""
    with Ledger(tmp_path / "jobs") as ledger:
        holder = os.open(tmp_path / "jobs" / name, os.O_RDWR | os.O_CREAT, 0o600)
        if name == "append.lock":
            ledger.add_job("a", "text", ledger.now())
        fcntl.flock(holder, fcntl.LOCK_EX)
        if name == "projections.lock":
            ledger.add_job("a", "text", ledger.now())
        eventually(lambda: "waiting for a lock" in (tmp_path / "told").read_text())
        told = (tmp_path / "told").read_text()
        assert name in told
        assert f"process {os.getpid()}" in told
        runner.send_signal(signal.SIGTERM)
        assert runner.wait(60) == 0
        os.close(holder)
