"""Several real processes on one ledger, and real kills."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support.cli import Cli
from support.waiting import eventually

from jobledger import JobStatus, Ledger, Scheduler, SchedulerRunningError

WRITER = textwrap.dedent("""
    import sys
    from datetime import UTC, datetime
    from jobledger import Ledger

    directory, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with Ledger(directory) as ledger:
        for n in range(count):
            job_id = ledger.add_job("a", "x", datetime.now(UTC), hold=True, job_id=f"{name}-{n}")
            if n % 3 == 0:
                ledger.cancel_job(job_id)
            print(job_id, flush=True)
""")

RUNNER = textwrap.dedent("""
    import sys, threading
    from jobledger import Scheduler

    def publish(account_id, content):
        print("posting", flush=True)
        threading.Event().wait()

    with Scheduler(sys.argv[1]) as scheduler:
        scheduler.run(publish)
""")


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def test_four_writers_and_a_runner_lose_nothing(directory: Path) -> None:
    """Every acknowledged change is there once, and the log verifies."""
    with Scheduler(directory) as scheduler:
        writers = [start(WRITER, directory, f"w{n}", 40) for n in range(4)]
        acknowledged: set[str] = set()
        for writer in writers:
            output, _ = writer.communicate(timeout=60)
            assert writer.returncode == 0
            acknowledged |= set(output.split())
        jobs = {job.job_id: job for job in scheduler.list_jobs()}
        assert set(jobs) == acknowledged
        assert len(jobs) == 160
        cancelled = [job for job in jobs.values() if job.status is JobStatus.CANCELLED]
        assert len(cancelled) == 4 * 14
        assert scheduler.seq == 160 + 56
        assert scheduler.verify().ok
        assert scheduler.rebuild(check=True).changed == []


@pytest.mark.thorough
def test_writers_killed_at_random_lose_nothing_acknowledged(directory: Path) -> None:
    """SIGKILL after a random number of acknowledgements, again and again on one ledger."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    acknowledged: set[str] = set()
    for kill in range(12):
        writer = start(WRITER, directory, f"k{kill}", 1000)
        assert writer.stdout is not None
        for _ in range(chance.randrange(1, 25)):
            acknowledged.add(writer.stdout.readline().strip())
        writer.kill()
        rest, _ = writer.communicate()
        # What got through the pipe whole was acknowledged, too.
        acknowledged |= set(rest.rpartition("\n")[0].split())
    with Ledger(directory) as ledger:
        present = {job.job_id for job in ledger.list_jobs()}
        assert acknowledged <= present
        assert len(present - acknowledged) <= 12
        assert ledger.verify().ok
        assert ledger.rebuild(check=True).changed == []


def test_a_killed_runners_ledger_can_be_taken_over_at_once(directory: Path) -> None:
    """While it lives a second runner is refused with its pid; killed, its job is recovered."""
    with Ledger(directory) as ledger:
        job_id = ledger.add_job("a", "x", ledger.now())
    runner = start(RUNNER, directory)
    try:
        assert runner.stdout is not None
        assert runner.stdout.readline() == "posting\n"
        with pytest.raises(SchedulerRunningError) as caught:
            Scheduler(directory)
        assert caught.value.pid == runner.pid
    finally:
        runner.kill()
        runner.communicate()
    with Scheduler(directory) as scheduler:
        job = scheduler.get_job(job_id)
        assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 1)
        assert [event.type for event in scheduler.history(job_id)] == [
            "added", "started", "interrupted",
        ]  # fmt: skip


def test_an_exec_child_of_a_dead_runner_does_not_keep_the_ledger(directory: Path) -> None:
    """Locks are close-on-exec: a program that the publisher started holds nothing."""
    script = RUNNER.replace(
        'print("posting", flush=True)',
        "import subprocess; child = subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL)"
        "; print(child.pid, flush=True)",
    )
    with Ledger(directory) as ledger:
        ledger.add_job("a", "x", ledger.now())
    runner = start(script, directory)
    assert runner.stdout is not None
    child = int(runner.stdout.readline())
    try:
        runner.kill()
        runner.wait()
        with Scheduler(directory) as scheduler:
            assert scheduler.list_jobs(status=JobStatus.RUNNING) == []
    finally:
        os.kill(child, signal.SIGKILL)
        runner.communicate()


def test_a_forked_child_of_a_dead_runner_does_not_keep_the_ledger(directory: Path) -> None:
    """A fork lets go of every ledger: it can neither hold the runner's lock nor write."""
    script = textwrap.dedent("""
        import os, sys, threading
        from datetime import UTC, datetime
        from jobledger import JobLedgerError, Scheduler

        scheduler = Scheduler(sys.argv[1])
        child = os.fork()
        if child == 0:
            try:
                scheduler.add_job("a", "x", datetime.now(UTC))
            except JobLedgerError as error:
                print(os.getpid(), error, flush=True)
            threading.Event().wait()
        threading.Event().wait()
    """)
    runner = start(script, directory)
    assert runner.stdout is not None
    child, _, said = runner.stdout.readline().partition(" ")
    try:
        assert "was opened before this process was forked" in said
        with pytest.raises(SchedulerRunningError):
            Scheduler(directory)
        runner.kill()
        runner.wait()
        with Scheduler(directory) as scheduler:
            assert scheduler.seq == 0
    finally:
        os.kill(int(child), signal.SIGKILL)
        runner.kill()
        runner.communicate()


def test_a_program_that_never_closes_still_leaves_its_files_in_step(directory: Path) -> None:
    """At its normal end the daily files are brought up to date."""
    script = textwrap.dedent("""
        import sys
        from datetime import UTC, datetime
        from jobledger import Ledger
        ledger = Ledger(sys.argv[1])
        ledger.add_job("a", "x", datetime.now(UTC), job_id="mine")
    """)
    subprocess.run([sys.executable, "-c", script, str(directory)], check=True, timeout=60)
    (path,) = directory.glob("jobs_*.json")
    assert '"job_id": "mine"' in path.read_text()


def test_the_daily_files_follow_a_living_process(directory: Path) -> None:
    """Without any call in between, and without closing."""
    with Ledger(directory) as ledger:
        ledger.add_job("a", "x", ledger.now(), job_id="mine")
        eventually(lambda: list(directory.glob("jobs_*.json")), "the daily file")
        assert '"job_id": "mine"' in next(directory.glob("jobs_*.json")).read_text()


def test_a_running_ledger_can_be_verified_from_outside(directory: Path, tmp_path: Path) -> None:
    """`verify` takes no lock and never mistakes a write under way for damage."""
    writer = start(WRITER, directory, "w", 300)
    assert writer.stdout is not None
    assert writer.stdout.readline()
    cli = Cli(directory, tmp_path)
    verdicts = [cli.run("verify") for _ in range(4)]
    writer.communicate(timeout=60)
    assert [(verdict.returncode, verdict.stdout[:3]) for verdict in verdicts] == [(0, "ok:")] * 4
