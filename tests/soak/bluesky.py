"""Workers that post to a real server of the AT Protocol, and either of them killed, for some time.

    PYTHONPATH=tests python -m soak.bluesky --seconds 600

Ends with 1 where a post is there twice, or is not there although its job is completed.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from support.anchors import ROOT
from support.pds_server import Pds
from support.waiting import time_passes

from jobledger import JobStatus, Ledger, NewJob, Part, Post

JOBS = 30
ACCOUNTS = 4


class Campaign:
    """A ledger, its worker, and a server; what is killed of them is started again."""

    def __init__(self, pds: Pds, directory: Path, chance: random.Random) -> None:
        self._pds = pds
        self._directory = directory
        self._chance = chance
        self._handles = [f"s{uuid4().hex[:12]}.test" for _ in range(ACCOUNTS)]
        self._dids = [pds.account(handle) for handle in self._handles]
        self._numbers = count(1)
        self._wanted: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    def round(self) -> None:
        """Add jobs, kill until they are all completed, and look at what is there."""
        with Ledger(self._directory, durability="none") as ledger:
            ledger.add_jobs([self._job() for _ in range(JOBS)])
        worker = self._start()
        while worker.poll() is None:
            time_passes(self._chance.uniform(0.05, 1.2))
            victims = self._chance.choice(["worker", "worker", "server", "both"])
            if victims != "server":
                worker.kill()
                worker.wait()
                self.counts["workers killed"] += 1
            if victims != "worker":
                self._pds.kill()
                time_passes(self._chance.uniform(0.0, 0.3))
                self._pds.start_again()
                self.counts["servers killed"] += 1
            if worker.poll() is not None:
                if victims == "server":
                    break
                worker = self._start()
            if self._chance.random() < 0.2:
                worker.wait()
        assert worker.wait() == 0, (self._directory.parent / "log").read_text("utf-8")[-2000:]
        self._check()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "support.bluesky_worker", self._directory, self._pds.url]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "tests"), "NO_PROXY": "*"}
        with (self._directory.parent / "log").open("ab") as log:
            return subprocess.Popen(
                list(map(str, command)), env=environment, stdout=log, stderr=log
            )

    def _job(self) -> NewJob:
        texts = [f"post {next(self._numbers)}" for _ in range(self._chance.choice([1, 1, 1, 3]))]
        self._wanted.update(texts)
        post = Post([Part(text) for text in texts]) if len(texts) > 1 else None
        self.counts["jobs"] += 1
        self.counts["posts"] += len(texts)
        handle = self._chance.choice(self._handles)
        now = datetime.now(UTC)
        return NewJob(handle, texts[0], now, max_retries=10_000, platform="bluesky", post=post)

    def _check(self) -> None:
        with Ledger(self._directory, read_only=True) as ledger:
            found = {status: number for status, number in ledger.counts().items() if number}
            assert found == {JobStatus.COMPLETED: self.counts["jobs"]}, found
        there = Counter(
            post["value"]["text"] for did in self._dids for post in self._pds.posts(did)
        )
        self.counts["posts twice"] = sum((there - self._wanted).values())
        self.counts["posts lost"] = sum((self._wanted - there).values())
        assert there == self._wanted, self.counts


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int)
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if given.seed is None else given.seed
    print(f"== bluesky, seed {seed}", flush=True)
    end = time.monotonic() + given.seconds
    pds = Pds()
    pds.start()
    try:
        with TemporaryDirectory() as root:
            campaign = Campaign(pds, Path(root) / "jobs", random.Random(seed))
            while time.monotonic() < end:
                campaign.round()
            for what, number in campaign.counts.items():
                print(f"   {number:9,} {what}", flush=True)
    finally:
        pds.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
