"""Worker processes on one PostgreSQL server: one module a library, each doing the same work.

Each is a program: `python -m workers.NAME CONNINFO RUN NUMBER WORKERS CONCURRENCY JOBS`. It makes
itself ready, prints `ready`, and waits for a line. Then it adds its share of the jobs one by one,
runs what is there until all jobs of all workers are done, and prints `done` and how many it ran.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

ACCOUNTS = 64
"""Over which the jobs of one worker are spread; each has its own."""
TEXT = "x" * 120


class Work(NamedTuple):
    """What one worker is to do: `number` is its own, of `workers`; it adds `jobs`."""

    conninfo: str
    run: str
    number: int
    workers: int
    concurrency: int
    jobs: int

    @property
    def in_all(self) -> int:
        """Return the jobs of all workers."""
        return self.jobs * self.workers

    def account(self, n: int) -> str:
        """Return the account of the worker's n-th job."""
        return f"account-{self.number}-{n % ACCOUNTS}"


def work_of(arguments: list[str]) -> Work:
    """Read what is to be done from the command line."""
    conninfo, run, number, workers, concurrency, jobs = arguments
    return Work(conninfo, run, int(number), int(workers), int(concurrency), int(jobs))


def go(work: Callable[[], int]) -> None:
    """Say that all is ready, wait for the word, do it, and tell how many jobs were run here."""
    print("ready", flush=True)
    sys.stdin.readline()
    print(f"done {work()}", flush=True)
