"""Crash states by the thousand: seeded ledgers that live on simulated disks and die at any moment.

    PYTHONPATH=tests python -m simulation.crash_states --states 100000

Each seed is one ledger through several lives: it works, and before every operation of the disk a
few of the states are examined that a power cut just there may leave; it is closed, killed, or loses
its power, and goes on. Every examined state has to satisfy the rules of `support.durability`. Some
are hit by a second crash while they are being opened. A seed repeats its run.
"""

from __future__ import annotations

import argparse
import errno
import multiprocessing
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from support.durability import (
    LEDGER,
    ROUNDS,
    Broken,
    Events,
    check_log,
    check_whole,
    events_of,
    expect,
    journalling,
    let_go,
    open_after_crash,
    saving_snapshots,
    without_background,
)
from support.eventstore import NOON

from jobledger import JobLedgerError, Ledger, ManualClock, NewJob, PostResult, Scheduler
from jobledger.domain.errors import StorageError
from jobledger.domain.job.state import JobStatus
from jobledger.eventstore.port import Durability
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Fault, FaultyFileSystem, Killed


@dataclass
class Seen:
    """What was examined, by kind; `faults` counts failed syncs."""

    states: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: Seen) -> None:
        self.states += other.states
        self.counts += other.counts


class Life:
    """One ledger, from its making on, of one seed.

    `density` is how many states are examined before each operation of the disk, on average;
    `journal` how long its journal is, which it has from the first write on then.
    """

    def __init__(self, seed: int, density: float = 1.0, journal: int | None = None) -> None:
        self.seed = seed
        self.journal = journal
        self.chance = random.Random(seed)
        self.density = density
        self.seen = Seen()
        self.clock = ManualClock(NOON)
        kinds: list[Durability] = ["fsync", "batch", "none"]
        self.durability = self.chance.choices(kinds, [8, 1, 1])[0]
        self.disk = SimulatedDisk(self._before)
        self.acknowledged: Events = []
        """What every process has seen; a kill does not take it."""
        self.certain = 0
        """How many of them a power cut does not take either."""
        self.under_way: list[Events] = []
        """What examined states had beyond `acknowledged`, during the operation under way."""
        self._left: int | None = None
        self._quiet = False

    # -- living ----------------------------------------------------------------------------------

    def run(self) -> Seen:
        """Check every state that was chosen; return what was seen.

        Raises:
            Broken: a state breaks a rule.
        """
        # A third of the ledgers save snapshots all the time.
        snapshots = saving_snapshots(4 if self.seed % 3 == 0 else None)
        with without_background(), snapshots, journalling(self.journal):
            for _ in range(self.chance.randint(2, 5)):
                self._live(self.chance.choice(["closed", "killed", "power cut", "failed sync"]))
        return self.seen

    def _live(self, end: str) -> None:
        self.seen.counts[end] += 1
        self._left = None if end == "closed" else self.chance.randint(1, 130)
        at = self.chance.randint(1, 12) if end == "failed sync" else 0
        self._fs = FaultyFileSystem(self.disk, Fault(at, errno.EIO, only=("sync",)))
        if end == "failed sync":
            self._left = None
        ledger: Ledger | None = None
        try:
            ledger = self._opened()
            for _ in range(self.chance.randint(1, 12)):
                self._work(ledger)
            self._done(ledger.close)
            self.certain = len(self.acknowledged)
        except Killed:
            pass
        except StorageError as error:
            expect(end == "failed sync", f"a sound disk, and {error!r}")
        finally:
            self._left = None
            let_go(ledger)
            self.disk.close_all()
        if end in ("power cut", "failed sync") and self.chance.random() < 0.8:
            self.acknowledged = self.acknowledged[: self.certain]
            self.disk = self.disk.crash(random.Random(self.chance.getrandbits(64)))
            self.disk.before = self._before

    def _opened(self) -> Ledger:
        make: type[Ledger] = self.chance.choice([Ledger, Scheduler])
        before = self.acknowledged
        ledger = make(LEDGER, clock=self.clock, durability=self.durability, fs=self._fs)
        shown = events_of(ledger)
        expect(shown[: len(before)] == before, f"lost: {len(before)} were there, {len(shown)} are")
        self.acknowledged = shown
        if self.durability == "fsync":
            self.certain = len(shown)
        return ledger

    def _work(self, ledger: Ledger) -> None:
        kind = self.chance.choices(
            ["add", "add many", "change", "run", "day", "write", "rebuild", "sync"],
            [5, 3, 6, 3, 2, 2, 1, 1],
        )[0]
        before = len(self.acknowledged)
        self.under_way = []
        self._done(lambda: getattr(self, f"_{kind.replace(' ', '_')}")(ledger))
        news = events_of(ledger, before)
        for shown in self.under_way:
            whole = kind == "run" or len(shown) in (0, len(news))
            expect(whole and shown == news[: len(shown)], f"half of {kind}: {shown}")
        self.acknowledged += news
        if self.durability == "fsync":
            self.certain = len(self.acknowledged)

    def _done(self, work: Callable[[], object]) -> None:
        try:
            work()
        except JobLedgerError as error:
            if isinstance(error, StorageError):
                raise

    def _new(self) -> NewJob:
        return NewJob(
            account_id=self.chance.choice("ab"),
            content="x" * self.chance.choice([1, 80, 500]),
            scheduled_time=self.clock.now() + timedelta(minutes=self.chance.randint(-5, 5)),
            hold=self.chance.random() < 0.3,
        )

    def _add(self, ledger: Ledger) -> None:
        ledger.add_jobs([self._new()])

    def _add_many(self, ledger: Ledger) -> None:
        ledger.add_jobs([self._new() for _ in range(self.chance.randint(2, 6))])

    def _change(self, ledger: Ledger) -> None:
        jobs = ledger.list_jobs()
        if not jobs:
            return
        job = self.chance.choice(jobs)
        if job.status is JobStatus.PENDING:
            ledger.release_job(job.job_id)
        elif job.status is JobStatus.SCHEDULED:
            change = self.chance.choice([ledger.hold_job, ledger.cancel_job])
            change(job.job_id)
        elif job.status is JobStatus.CANCELLED:
            ledger.remove_job(job.job_id)

    def _run(self, ledger: Ledger) -> None:
        if isinstance(ledger, Scheduler):
            success = self.chance.random() < 0.7
            ledger.run_due(lambda account, content: PostResult(success=success), limit=2)

    def _day(self, ledger: Ledger) -> None:
        self.clock.advance(timedelta(hours=self.chance.choice([13, 30])))
        self._add(ledger)

    def _write(self, ledger: Ledger) -> None:
        if ledger.write_behind():  # else the disk has failed
            self.certain = len(self.acknowledged)

    def _rebuild(self, ledger: Ledger) -> None:
        ledger.rebuild()

    def _sync(self, ledger: Ledger) -> None:
        ledger._store.sync()
        self.certain = len(self.acknowledged)

    # -- examining -------------------------------------------------------------------------------

    def _before(self, operation: str, name: str) -> None:
        if self._quiet:
            return
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Killed
        self._quiet = True
        try:
            count = int(self.density) + (self.chance.random() < self.density % 1)
            for _ in range(count if operation != "lock" else 0):
                self.seen.counts[f"before {operation}"] += 1
                self._examine(self.disk, self.acknowledged[: self.certain], depth=1)
        finally:
            self._quiet = False

    def _examine(self, disk: SimulatedDisk, certain: Events, depth: int) -> None:
        left = disk.crash(random.Random(self.chance.getrandbits(64)))
        self.seen.states += 1
        self.seen.counts[f"crash {depth}"] += 1
        check_log(left, len(certain))
        if depth < 3 and self.chance.random() < 0.15:
            left.before = self._again(left, certain, depth, self.chance.randint(1, 12))
        ledger = open_after_crash(left, self.clock, certain)
        try:
            left.before = lambda operation, name: None
            shown = events_of(ledger)
            if depth == 1 and self.certain == len(self.acknowledged):
                self.under_way.append(shown[len(self.acknowledged) :])
            if self.chance.random() < 0.3:
                ledger.add_job("a", "after the crash", self.clock.now(), hold=True)
                shown = events_of(ledger)
            if depth < 3 and self.chance.random() < 0.1:
                self._examine(left, shown, depth + 1)
            check_whole(left, ledger)
        finally:
            let_go(ledger)

    def _again(
        self, left: SimulatedDisk, certain: Events, depth: int, at: int
    ) -> Callable[[str, str], None]:
        """Plan a second crash, before the `at`-th operation of the opening after the first."""
        steps = 0

        def before(operation: str, name: str) -> None:
            nonlocal steps
            steps += 1
            if steps == at:
                self._examine(left, certain, depth + 1)

        return before


def journal_of(seed: int) -> int | None:
    """Return how long the journal is of which `main` tries a seed."""
    return ROUNDS[seed % len(ROUNDS)]


def run_seed(seed: int, density: float = 1.0, journal: int | None = None) -> Seen:
    """Check the crash states of the story of one seed.

    Raises:
        Broken: a state breaks a rule; the message begins with the seed.
    """
    life = Life(seed, density, journal)
    try:
        return life.run()
    except Exception as error:
        raise Broken(f"seed {seed}, state {life.seen.states}: {error!r}") from error


def _tried(arguments: tuple[int, float]) -> tuple[int, Seen | None, str]:
    try:
        return arguments[0], run_seed(*arguments, journal_of(arguments[0])), ""
    except Broken as error:
        return arguments[0], None, "".join(traceback.format_exception(error))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--states", type=int, default=100_000, help="how many at least")
    parser.add_argument("--seed", type=int, help="the first seed; or the only one, with --one")
    parser.add_argument("--one", action="store_true", help="only that seed")
    parser.add_argument("--density", type=float, default=4.0, help="states at each operation")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    first = random.randrange(2**32) if arguments.seed is None else arguments.seed
    if arguments.one:
        one = run_seed(first, arguments.density, journal_of(first))
        print(f"{one.states} states, sound: {dict(one.counts)}")
        return 0
    print(f"from seed {first}", flush=True)
    total, bad, seeds, started = Seen(), 0, 0, time.monotonic()
    work = ((first + index, arguments.density) for index in range(10**9))
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        for seed, seen, error in pool.imap_unordered(_tried, work):
            seeds += 1
            if seen is None:
                bad += 1
                print(f"seed {seed}:\n{error}", flush=True)
            else:
                total.add(seen)
            if total.states >= arguments.states or bad >= 5:
                pool.terminate()
                break
    took = time.monotonic() - started
    print(f"{total.states} states of {seeds} ledgers in {took:.0f} s; {bad} ledgers broke a rule")
    for name, count in sorted(total.counts.items()):
        print(f"  {name:24} {count}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
