"""A ledger on a server, workers that run it, one who adds, a mirror, and an oracle outside of them.

What was acknowledged is kept here, and what was posted in a file that is the platform: it counts
each post, whoever sends it. The ledger is asked for neither.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from support import postgres
from support.anchors import ROOT
from support.cutting_proxy import CuttingProxy
from support.waiting import eventually, time_passes

from jobledger import JobStatus, Ledger, LedgerCorruptError, NewJob, StorageError, ValidationError
from jobledger.eventstore import Cursor, Shard, reading_of
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.integrity import verify_engine

WORKERS = 3
LEASE_S = 1.0
ACCOUNTS = 12
BACKLOG = 150
"""How many jobs wait at most: more are not added."""
BATCH = 15


class World:
    """All of it, from `__enter__` to `__exit__`; with `cuts` a proxy cuts everybody off. With
    `shards` the ledger has several chains."""

    def __init__(self, chance: random.Random, *, cuts: bool = False, shards: int = 1) -> None:
        self.chance = chance
        self.server = postgres.Server(postgres.server().programs)
        self.server.start()
        several = {} if shards == 1 else {"shards": str(shards)}
        self.url = self.server.url("soak", lease=str(LEASE_S), **several)
        self._proxy = CuttingProxy(self.server.port, chance.randrange(2**32), 20_000)
        self._way = self._through() if cuts else self.url
        self.directory = Path(tempfile.mkdtemp(prefix="soak-"))
        self.out = self.directory / "out.txt"
        self.out.touch()
        self.acknowledged: list[str] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.counts: Counter[str] = Counter()

    def _through(self) -> str:
        return self.url.replace(f":{self.server.port}/", f":{self._proxy.port}/")

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        self._ledger = self._opened()
        self._mirror = self._ledger.mirror(self.directory / "mirror")
        self.workers = [self._started() for _ in range(WORKERS)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        for worker in self.workers:
            _end(worker)
        with suppress(StorageError):
            self._mirror.close()
        with suppress(StorageError):
            self._ledger.close()
        self._proxy.__exit__(kind, error, traceback)
        self.server.end()

    def _opened(self) -> Ledger:
        while True:
            with suppress(StorageError):  # cut off while it opened: nothing was promised
                return Ledger(self._way)

    def _started(self) -> subprocess.Popen[bytes]:
        with (self.directory / "workers.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "support.worker", self._way, str(self.out), "asked"],
                env=os.environ | {"PYTHONPATH": str(ROOT / "tests")}, stdout=log, stderr=log,
            )  # fmt: skip

    # -- going on ------------------------------------------------------------------------------

    def go_on(self, seconds: float) -> None:
        """Let so much time pass, in which there is work, workers that fell are started again, and
        the mirror follows."""
        for _ in range(max(round(seconds / 0.1), 1)):
            if len(self.acknowledged) - len(self.posts()) < BACKLOG:
                self._add()
            for place, worker in enumerate(self.workers):
                if worker.poll() is not None:
                    self.workers[place] = self._started()
                    self.counts["workers started again"] += 1
            self._follow()
            time_passes(0.1)

    def _add(self) -> bool:
        """Add a batch, in one write of each chain; return whether all of it is there for sure."""
        first, now = len(self.acknowledged), datetime.now(UTC)
        jobs = [
            NewJob(f"account {n % ACCOUNTS}", f"text {n}", now, job_id=f"job-{n}", max_retries=1000)
            for n in range(first, first + BATCH)
        ]
        of_chain: dict[int, list[NewJob]] = {}
        for job in jobs:
            of_chain.setdefault(self._ledger.shard_of(job.account_id), []).append(job)
        if not all(self._added(some) for some in of_chain.values()):
            return False
        self.acknowledged += [str(job.job_id) for job in jobs]
        return True

    def _added(self, jobs: list[NewJob]) -> bool:
        """Add jobs, and say whether they are there; where it is not known whether they are, they
        are added again under their names."""
        try:
            self._ledger.add_jobs(jobs)
        except ValidationError:
            self.counts["adds that were there already"] += 1
        except LedgerCorruptError:
            raise
        except StorageError:
            self.counts["adds that were not answered"] += 1
            return False
        return True

    def _follow(self) -> None:
        try:
            self._mirror.catch_up()
        except LedgerCorruptError:
            raise
        except StorageError:
            self.counts["times that the mirror had to wait"] += 1

    def posts(self) -> Counter[str]:
        """Return how often each job was posted, as the platform has it."""
        lines = self.out.read_text("utf-8").splitlines()
        return Counter(line for line in lines if line.startswith("job-"))

    def kill_one(self) -> None:
        """Have a worker die in whatever it does, and another one come."""
        place = self.chance.randrange(len(self.workers))
        _end(self.workers[place])
        self.workers[place] = self._started()
        self.counts["workers killed"] += 1

    def stop_one(self, seconds: float) -> None:
        """Stop a worker for so long, as a suspended machine does, while all else goes on."""
        worker = self.chance.choice(self.workers)
        # By a thread: who was stopped in the midst of an append keeps everybody waiting, us too.
        waking = threading.Timer(seconds, worker.send_signal, (signal.SIGCONT,))
        worker.send_signal(signal.SIGSTOP)
        waking.start()
        self.counts["workers stopped"] += 1
        self.go_on(seconds)
        waking.join()

    def crash(self, seconds: float) -> None:
        """Have the server die as in a crash of its host, and come back after so long."""
        self.server.stop(signal.SIGQUIT)
        self.counts["crashes of the server"] += 1
        time_passes(seconds)
        self.server.start()

    # -- the oracle ----------------------------------------------------------------------------

    def check(self, *, may_repeat: bool) -> None:
        """Have all work done, and hold what is there against what was acknowledged and posted.

        `may_repeat`: a worker that was taken for dead while it was in the midst of its call may
        have posted as well; then the ledger has to say that it was interrupted.
        """
        self._proxy.is_cutting = False
        eventually(self._add, "a batch that is there for sure, and with it the one before")
        with Ledger(self.url) as ledger:
            expected = len(self.acknowledged)
            eventually(
                lambda: self._tended() and ledger.counts()[JobStatus.COMPLETED] == expected,
                f"the end of {expected} jobs",
            )
            self._check_posts(ledger, may_repeat)
        self._mirror.catch_up()
        for number in range(1, self._ledger.shards + 1):
            self._check_chain(number)
        self.counts["cuts"] = self._proxy.cuts

    def _check_chain(self, number: int) -> None:
        """Check that a chain verifies, and that its mirror has its bytes."""
        of = self._ledger.shards
        shard = None if of == 1 else Shard(number, of)
        url = self.url.replace(f"&shards={of}", "")
        directory = self._mirror.directory
        options = EngineOptions(read_only=True, shard=shard)
        with closing(open_engine(url, options)) as engine:
            report = verify_engine(engine)
            assert report.problems == [], report.problems
            with reading_of(engine) as reading:
                blocks = list(reading.lines(Cursor(), None))
        self._check_mirror(blocks, directory / f"shard-{number}" if shard else directory)
        self.counts["events"] += report.events

    def _tended(self) -> bool:
        self.workers = [each if each.poll() is None else self._started() for each in self.workers]
        return True

    def _check_posts(self, ledger: Ledger, may_repeat: bool) -> None:
        posts, there = self.posts(), {job.job_id for job in ledger.list_jobs()}
        lost = set(self.acknowledged) - there
        assert not lost, f"acknowledged, and not there: {sorted(lost)}"
        assert there == set(self.acknowledged) == set(posts)
        interrupted = Counter(
            event.job_id for event in ledger.events() if event.type == "interrupted"
        )
        again = {job_id: count - 1 for job_id, count in posts.items() if count > 1}
        if not may_repeat:
            assert not again, f"posted twice: {sorted(again)}"
        for job_id, count in again.items():
            assert interrupted[job_id] >= count, f"{job_id} was posted again, and nobody knows why"
        self.counts.update({
            "jobs": len(there),
            "lost": len(lost),
            "posted again": sum(again.values()),
            "attempts interrupted": interrupted.total(),
        })  # fmt: skip
        by = Counter(job.runner for job in ledger.list_jobs())
        for place, count in enumerate(sorted(by.values(), reverse=True), 1):
            if place <= WORKERS:
                self.counts[f"jobs of the runner that had most, place {place}"] = count

    def _check_mirror(self, blocks: Sequence[tuple[str, bytes]], directory: Path) -> None:
        days: dict[str, bytes] = {}
        for day, data in blocks:
            days[day] = days.get(day, b"") + data
        files = {path.name: path.read_bytes() for path in directory.glob("events_*")}
        assert files == {f"events_{day}.jsonl": data for day, data in days.items()}
        self.counts["bytes of the mirror, all the same"] += sum(map(len, files.values()))


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGCONT)
    worker.kill()
    worker.wait(30)
