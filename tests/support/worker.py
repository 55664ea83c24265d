"""A worker as a program: `python worker.py LOCATION OUT KIND`, killed and stopped by the tests.

What it posts is a line in OUT, which is the platform: of one job each. The kinds of publishers:
  asked   can be asked what is out
  fenced  waits until the file OUT.go is there, has its right confirmed, and posts then
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.waiting import eventually, time_passes

from jobledger import Attempt, JobLedgerError, PostResult, RetryPolicy, Scheduler


class Platform:
    """A file to which each post appends a line, at once and whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def post(self, what: str) -> None:
        with self._path.open("ab", buffering=0) as file:
            file.write(f"{what}\n".encode())

    def has(self, what: str) -> bool:
        return what in self._path.read_text("utf-8").splitlines()


class Asked:
    """A publisher that is slow enough to be killed in the midst of it."""

    def __init__(self, out: Path) -> None:
        self._platform = Platform(out)

    def publish(self, attempt: Attempt) -> PostResult:
        time_passes(0.005)
        self._platform.post(attempt.job.job_id)
        time_passes(0.005)
        return PostResult(True, thread_id=attempt.job.job_id)

    def reconcile(self, attempt: Attempt) -> PostResult:
        return PostResult(self._platform.has(attempt.job.job_id), thread_id=attempt.job.job_id)


class Fenced:
    """A publisher that asks for its right when it is about to do what cannot be taken back."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._go = out.with_suffix(".go")
        self._platform = Platform(out)

    def publish(self, attempt: Attempt) -> PostResult:
        self._platform.post(f"begun by {os.getpid()}")
        eventually(self._go.exists, "the word to go on")
        try:
            attempt.checkpoint("sending")
        except JobLedgerError as error:
            self._platform.post(f"refused {os.getpid()}: {type(error).__name__}")
            raise
        self._platform.post(attempt.job.job_id)
        return PostResult(True)


def main(location: str, out: str, kind: str) -> None:
    made = Asked(Path(out)) if kind == "asked" else Fenced(Path(out))
    with Scheduler(
        location, error_wait_s=0.2, settle_s=0.0, grace_s=0.2, retry=RetryPolicy(base_s=0.01)
    ) as scheduler:
        print("ready", flush=True)
        scheduler.run(made)


if __name__ == "__main__":
    main(*sys.argv[1:])
