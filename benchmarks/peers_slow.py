"""Adds and lives of each library on a disk that takes longer: there the count of syncs decides.

    python benchmarks/peers_slow.py [ADDS] [LIVES] [ROUNDS]

Each call that waits for the disk (fsync, fdatasync, msync, a write to a file that was opened with
O_DSYNC, …) takes so many milliseconds longer, after the real one, in this process, its threads and
its servers: a small library in C that is preloaded (`others/slow_disk.py`), which counts them, too.
All libraries and all delays take turns in one process. Where there is no C compiler nothing is
measured, and the answer says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bare import Bare, lines_of
from measure import in_turn, tell, timed
from others import NotHereError
from others.slow_disk import SlowDisk, is_preloaded, preloading
from others.taking_part import Company, gather

DELAYS_MS = (0, 1, 5)
QUESTION = "adds and lives on a slow disk, in other libraries"


class Turns:
    """One operation of every peer, at every delay."""

    def __init__(self, disk: SlowDisk, works: dict[str, Callable[[], object]], count: int) -> None:
        self._disk = disk
        self._works = works
        self._count = count
        self._calls: Counter[str] = Counter()
        self._runs: Counter[str] = Counter()

    def take(self, rounds: int) -> dict[str, Any]:
        """Return how many a second, by delay, and how many calls waited for the disk for one."""
        ways = {
            f"{name} +{delay} ms": partial(self._one, name, work, delay)
            for delay in DELAYS_MS
            for name, work in self._works.items()
        }
        taken = in_turn(ways, rounds)
        return {
            "a second": {
                name: [round(self._count / median(taken[f"{name} +{ms} ms"])) for ms in DELAYS_MS]
                for name in self._works
            },
            "waits for the disk": {
                name: round(self._calls[name] / self._runs[name] / self._count, 2)
                for name in self._works
            },
            "seconds": taken,
        }

    def _one(self, name: str, work: Callable[[], object], delay: float) -> float:
        before = self._disk.calls()
        self._disk.slow(delay)
        try:
            return timed(work)
        finally:
            self._disk.slow(0)
            self._calls[name] += self._disk.calls() - before
            self._runs[name] += 1


def main() -> None:
    if is_preloaded():
        measure(*map(int, sys.argv[1:]))
        return
    with tempfile.TemporaryDirectory() as place:
        try:
            environment = os.environ | preloading(Path(place))
        except NotHereError as error:
            tell(QUESTION, {"why not": str(error)})
            return
        command = [sys.executable, __file__, *(sys.argv[1:] or ("50", "25", "5"))]
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def measure(adds: int = 50, lives: int = 25, rounds: int = 5) -> None:
    """As the process that has the slow disk."""
    disk = SlowDisk()
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        place = Path(name)
        company = gather(place, opened)
        adding = Turns(disk, _adding(company, place, adds), adds).take(rounds)
        living = Turns(disk, _living(company, place, lives), lives).take(rounds)
        told = company.told("durability", "bare")
    tell(
        QUESTION,
        {
            "adds": adds,
            "lives": lives,
            "milliseconds longer": DELAYS_MS,
            "peers": told,
            "not here": company.missing,
            "adding": adding,
            "living": living,
        },
        packages=company.packages(),
    )


def _adding(company: Company, place: Path, adds: int) -> dict[str, Callable[[], object]]:
    works: dict[str, Callable[[], object]] = {
        name: partial(peer.add, adds) for name, peer in company.peers.items()
    }
    return works | {"bare": _bare(place, "adds", adds)}


def _living(company: Company, place: Path, lives: int) -> dict[str, Callable[[], object]]:
    works: dict[str, Callable[[], object]] = {
        name: partial(peer.live, lives) for name, peer in company.living().items()
    }
    return works | {"bare": _bare(place, "lives", 3 * lives)}


def _bare(place: Path, name: str, lines: int) -> Callable[[], object]:
    """Append and sync so many of our lines; they are there once ours has had its turn."""
    bare = Bare(place / f"bare {name}")
    return lambda: bare.write(lines_of(place / "jobledger/jobs", lines))


if __name__ == "__main__":
    main()
