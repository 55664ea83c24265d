"""Real processes, killed for real: SIGKILL at random moments, thousands of times if you like.

    PYTHONPATH=tests python -m simulation.kills --kills 3000

One process forks what it kills, so that a kill costs milliseconds. Each round is a ledger with two
writers at once, or with a runner whose publisher can be asked; they say over a pipe what was
acknowledged, and die at any moment after a random number of lines. Then every acknowledged event
has to be there, in its place, and `verify` has to be content; after a runner's round every post is
out exactly once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from support.durability import (
    ROUNDS,
    Broken,
    events_of,
    expect,
    journalling,
    without_background,
)
from support.eventstore import NOON

from jobledger import Attempt, JobStatus, Ledger, ManualClock, NewJob, PostResult, Scheduler
from jobledger.integrity.verify import verify_directory

Say = Callable[[str], None]
LIVES = 15
"""How many times each ledger is opened and its processes are killed."""
POSTS = 12


def write(directory: Path, name: str, life: int, say: Say) -> None:
    """Add, change and remove jobs for ever, over midnights."""
    clock = ManualClock(NOON + timedelta(hours=life))
    with Ledger(directory, clock=clock) as ledger:
        say("open")
        for n in range(10**9):
            new = NewJob(account_id=name, content="x" * 400, scheduled_time=clock.now())
            ids = ledger.add_jobs([new] * (1 + n % 4))
            for job_id in ids:
                say(f"added {job_id} {ledger.seq}")
            ledger.hold_job(ids[0])
            say(f"held {ids[0]} {ledger.seq}")
            ledger.cancel_job(ids[-1])
            say(f"cancelled {ids[-1]} {ledger.seq}")
            if n % 5 == 4:
                clock.advance(timedelta(hours=5))


class Platform:
    """Where posts go: a file with a line for each, which its own process would have written."""

    def __init__(self, path: Path, say: Say) -> None:
        self._path = path
        self._say = say

    def out(self) -> list[str]:
        return self._path.read_text().split() if self._path.exists() else []

    def publish(self, attempt: Attempt) -> PostResult:
        self._say("publishing")
        attempt.checkpoint("asked", attempt.number)
        with self._path.open("a") as file:
            file.write(f"{attempt.job.job_id}\n")
        return PostResult(success=True, thread_id=attempt.job.job_id)

    def reconcile(self, attempt: Attempt) -> PostResult:
        return PostResult(success=attempt.job.job_id in self.out(), thread_id=attempt.job.job_id)


def run(directory: Path, name: str, life: int, say: Say) -> None:
    """Publish what is due, a day later in each life."""
    clock = ManualClock(NOON + timedelta(hours=life))
    platform = Platform(directory.parent / "platform", say)
    with Scheduler(directory, clock=clock) as scheduler:
        say("open")
        while True:
            scheduler.run_due(platform, limit=1)
            say(f"ran x {scheduler.seq}")


class Child:
    """A forked process that works until it is killed, and what it said."""

    def __init__(self, work: Callable[..., None], directory: Path, name: str, life: int) -> None:
        read, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(read)
            _work_and_leave(work, directory, name, life, write)
        os.close(write)
        self._pipe = os.fdopen(read, "rb")
        self.lines: list[str] = []

    def wait_for(self, lines: int) -> None:
        while len(self.lines) < lines and (line := self._pipe.readline()):
            self.lines.append(line.decode().strip())

    def kill(self) -> None:
        status = self.end()
        expect(os.WIFSIGNALED(status), f"ended by itself, with {status}: {self.lines[-1:]}")

    def end(self) -> int:
        """Kill it if it still lives; how it ended."""
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        rest = self._pipe.read().rpartition(b"\n")[0]
        self.lines += rest.decode().split("\n") if rest else []
        self._pipe.close()
        return status


def _work_and_leave(
    work: Callable[..., None], directory: Path, name: str, life: int, pipe: int
) -> NoReturn:
    try:
        work(directory, name, life, lambda line: os.write(pipe, line.encode() + b"\n"))
    except BaseException as error:  # noqa: BLE001 - the parent has to hear of it
        os.write(pipe, f"failed: {error!r}\n".encode())
    finally:
        os._exit(3)


def kill_writers(directory: Path, chance: random.Random) -> int:
    """Two writers at once, killed and started again; how many kills."""
    said: list[str] = []
    for life in range(LIVES):
        children = [Child(write, directory, f"w{n}", life) for n in range(2)]
        for child in chance.sample(children, 2):
            child.wait_for(chance.choice([0, 1, chance.randint(2, 30)]))
            child.kill()
            said += child.lines
        check(directory, said)
    return 2 * LIVES


def kill_runner(directory: Path, chance: random.Random) -> int:
    """Kill a runner and start it again until everything is out; return how many kills it took."""
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        new = NewJob(account_id="a", content="x", scheduled_time=ledger.now(), max_retries=LIVES)
        ledger.add_jobs([new] * POSTS)
    said: list[str] = []
    for life in range(LIVES):
        child = Child(run, directory, "runner", life)
        child.wait_for(chance.choice([0, 1, 2, 3, 4, 5]))
        child.kill()
        said += child.lines
        check(directory, said)
    platform = Platform(directory.parent / "platform", lambda line: None)
    clock = ManualClock(NOON + timedelta(hours=LIVES))
    with Scheduler(directory, clock=clock) as scheduler:
        for _ in range(8):
            scheduler.run_due(platform)
            clock.advance(timedelta(hours=1))
        jobs = scheduler.list_jobs()
        expect({job.status for job in jobs} == {JobStatus.COMPLETED}, f"not all is out: {jobs}")
    out = platform.out()
    expect(sorted(out) == sorted(job.job_id for job in jobs), f"not once each: {out}")
    return LIVES


def check(directory: Path, said: list[str]) -> None:
    """Check the ledger against what its processes said.

    Raises:
        Broken: something acknowledged is gone, or something does not verify.
    """
    failed = [line for line in said if line.startswith("failed")]
    expect(not failed, "; ".join(failed))
    if not directory.exists():
        expect("open" not in said, "the ledger is gone")
        return
    days = list(directory.glob("events_*"))
    if not days:
        expect("open" not in said, "the log is gone")
        return
    report = verify_directory(directory)
    bad = [problem for problem in report.problems if problem.kind != "projection"]
    expect(not bad, f"verify: {bad}")
    with Ledger(directory) as ledger:
        events = events_of(ledger)
        expect(ledger.verify().ok, f"verify: {ledger.verify()}")
        expect(not ledger.rebuild(check=True).changed, "not what a rebuild gives")
    there = {(event["type"], event["job"]) for event in events}
    for line in said:
        kind, _, rest = line.partition(" ")
        if kind in ("added", "held", "cancelled"):
            expect((kind, rest.split()[0]) in there, f"lost: {line}")
    last = max((int(line.split()[2]) for line in said if line.count(" ") == 2), default=0)
    expect(last <= len(events), f"{last} events were acknowledged, {len(events)} are there")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--in", dest="place", type=Path, help="a directory on the disk to test")
    arguments = parser.parse_args()
    chance, kills, rounds, started = random.Random(arguments.seed), 0, 0, time.monotonic()
    print(f"seed {arguments.seed}", flush=True)
    with without_background():  # a process with threads cannot fork safely
        while kills < arguments.kills:
            place = Path(tempfile.mkdtemp(dir=arguments.place))
            try:
                kind = kill_runner if rounds % 3 == 2 else kill_writers
                with journalling(ROUNDS[rounds % len(ROUNDS)]):
                    kills += kind(place / "jobs", chance)
            except Broken as error:
                print(f"after {kills} kills, in {place}: {error}")
                return 1
            shutil.rmtree(place)
            rounds += 1
    took = time.monotonic() - started
    print(json.dumps({"kills": kills, "ledgers": rounds, "seconds": round(took, 1), "broken": 0}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
