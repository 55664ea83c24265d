"""Workers on three NATS servers, of which one after the other is killed, as long as that is asked.

`kill_leaders` is one loop for a test, and for whoever has an hour.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from support.anchors import ROOT
from support.nats import Cluster, stream_of
from support.waiting import eventually

from jobledger import JobStatus, Ledger, NewJob, StorageError
from jobledger.eventstore import Cursor
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.integrity import verify_engine

JOBS = 30
GoesOn = Callable[[], bool]
"""Whether there is to be another round; asked before each."""


def kill_leaders(
    cluster: Cluster, url: str, directory: Path, chance: random.Random, goes_on: GoesOn
) -> Counter[str]:
    """Kill the server that leads the ledger's stream, and a worker, again and again, while jobs are
    added and posted; check that each was posted once, and that the log has all of it."""
    out = directory / "out.txt"
    out.touch()
    counts: Counter[str] = Counter()
    with workers(url, out, 3) as running, Ledger(url) as ledger:
        while goes_on():
            first = counts["jobs"]
            add(ledger, first, JOBS)
            counts["jobs"] += JOBS
            enough = len(posts(out)) + chance.randrange(1, JOBS // 2)
            eventually(partial(_has_posted, out, enough), "some posts")
            leader = cluster.leader(stream_of(url))
            leader.stop(signal.SIGKILL)
            counts["leaders killed"] += 1
            running.kill(chance.randrange(3))
            counts["workers killed"] += 1
            # Two are left, which is a majority: they go on by themselves.
            enough = first + JOBS
            eventually(partial(_is_done, ledger, enough), "what was added")
            leader.launch()
            eventually(leader.is_up, "the server that was killed")
        eventually(partial(_is_done, ledger, counts["jobs"]), "all of it")
        counted = Counter(posts(out))
        assert len(counted) == counts["jobs"]
        assert max(counted.values(), default=1) == 1, counted.most_common(3)
        _check_mirror(ledger, url, directory / "mirror")
    return counts


def _is_done(ledger: Ledger, count: int) -> bool:
    try:
        return ledger.counts()[JobStatus.COMPLETED] == count
    except StorageError:  # they choose a leader
        return False


def _has_posted(out: Path, count: int) -> bool:
    return len(posts(out)) >= count


def posts(out: Path) -> list[str]:
    """Return what the platform has."""
    return [line for line in out.read_text("utf-8").splitlines() if line.startswith("job-")]


def add(ledger: Ledger, first: int, count: int) -> None:
    """Add jobs that are due."""
    now = datetime.now(UTC)
    ledger.add_jobs(
        NewJob(f"account {n % 12}", f"text {n}", now, job_id=f"job-{n}")
        for n in range(first, first + count)
    )


def _check_mirror(ledger: Ledger, url: str, directory: Path) -> None:
    """Check that the log verifies, and that a mirror of it has the same bytes."""
    ledger.mirror(directory).catch_up()
    with closing(open_engine(url, EngineOptions(read_only=True))) as engine:
        assert verify_engine(engine).problems == []
        days: dict[str, bytes] = {}
        for block in engine.lines(Cursor(), None):
            days[block.day] = days.get(block.day, b"") + block.data
    there = {path.name: path.read_bytes() for path in directory.glob("events_*.jsonl")}
    assert there == {f"events_{day}.jsonl": data for day, data in days.items()}


class Workers:
    """Workers in processes of their own, of which each that is killed is replaced."""

    def __init__(self, url: str, out: Path) -> None:
        self._url, self._out = url, out
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        """Start one, and wait until it runs jobs."""
        process = subprocess.Popen(
            [sys.executable, "-m", "support.worker", self._url, str(self._out), "asked"],
            env=os.environ | {"PYTHONPATH": str(ROOT / "tests")}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def kill(self, place: int) -> None:
        """Kill one with SIGKILL, and start another in its place."""
        process = self.processes.pop(place)
        process.kill()
        process.wait(30)
        _close(process)
        self.start()


@contextmanager
def workers(url: str, out: Path, count: int) -> Iterator[Workers]:
    """Have some workers, of which none is left afterwards."""
    some = Workers(url, out)
    try:
        for _ in range(count):
            some.start()
        yield some
    finally:
        for process in some.processes:
            process.kill()
            process.wait(30)
            _close(process)


def _close(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    process.stdout.close()
