"""The right to run a ledger's jobs: alone by a lock, or beside others by a lease."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from typing import Protocol

from ..domain import ScheduledJob
from ..eventstore import ClaimsJobs, Engine, Place, Remarks, RunnerLease, RunnerLock, SharesRuns
from ..instrumentation import OtherRunnerEnded, logger, tell
from ..ledger import find_runner_lock

LOOK_AT_OTHERS_S = 2.0
"""How often a runner looks whether others have come to an end."""
_LONGEST_HOST = 32


class Lease(Protocol):
    """The right of this runner, from `acquire` to `release`; the lock's promises are its own."""

    @property
    def is_shared(self) -> bool:
        """Whether others may run jobs of this ledger at the same time."""

    @property
    def runner(self) -> str:
        """Who this runner is, for the log."""

    def acquire(self) -> None:
        """Take it. Raises as `eventstore.RunnerLock.acquire`."""

    def check(self) -> None:
        """Check that it is still ours. Raises as `eventstore.RunnerLock.check`."""

    def look_at_others(self, running: Iterable[ScheduledJob]) -> None:
        """Find out of RUNNING jobs, that the log has by now and this process does not make, whose
        runners have ended; end those whose right has run out.

        Raises:
            StorageError: it cannot be found out.
        """

    def has_ended(self, job: ScheduledJob) -> bool:
        """Whether the runner of a RUNNING job had ended when it was last looked."""

    def valid_for_s(self) -> float | None:
        """For how long it holds without another word; None: until it is released."""

    def release(self) -> None:
        """Let go of it."""

    def abandon(self) -> None:
        """Let go of what is this process's alone."""


class SoleRight:
    """The right of the one runner: while it is held, nobody else runs anything."""

    is_shared = False

    def __init__(self, lock: RunnerLock, process_id: int) -> None:
        self.lock = lock
        self.runner = f"pid {process_id}"
        self.acquire, self.check = lock.acquire, lock.check
        self.release, self.abandon = lock.release, lock.abandon

    def look_at_others(self, running: Iterable[ScheduledJob]) -> None:
        """Do nothing: there are none."""

    def has_ended(self, job: ScheduledJob) -> bool:
        """Return True: what this process does not run itself, nobody runs."""
        return True

    def valid_for_s(self) -> None:
        """Return None: it holds until it is released."""


class SharedRight:
    """The right of one of many runners."""

    is_shared = True

    def __init__(self, lease: RunnerLease) -> None:
        self._lease = lease
        self._left: set[tuple[str, int]] = set()
        """The attempts whose runner has ended."""
        self.acquire, self.valid_for_s = lease.acquire, lease.valid_for_s
        self.check, self.release, self.abandon = lease.check, lease.release, lease.abandon

    @property
    def runner(self) -> str:
        """Return who this runner is: another one after each lease."""
        return self._lease.runner

    def look_at_others(self, running: Iterable[ScheduledJob]) -> None:
        """Find out who lives, and end those whose lease has run out.

        Who lives is asked for when the jobs are known: their runners had a lease before. What is
        this one's, and is not made here, nobody makes: its start was written late, after this
        process had given up waiting for an answer.
        """
        for runner in self._lease.end_lapsed():
            tell(OtherRunnerEnded(runner=runner))
        living = self._lease.living() - {self.runner}  # rule: own-runner-does-not-make-it
        # rule: unknown-runner-has-ended
        self._left = {(job.job_id, job.attempt) for job in running if job.runner not in living}

    def has_ended(self, job: ScheduledJob) -> bool:
        """Return whether the runner of a job had ended when it was looked."""
        return (job.job_id, job.attempt) in self._left  # rule: left-by-who-has-ended


def lease_of(engine: Engine, place: Place | None, process_id: int) -> Lease:
    """Return the right to run the jobs of a ledger, not taken yet; and say how safe it is there,
    where that is to be said.

    Raises:
        StorageError: its engine gives none.
    """
    is_told = isinstance(engine, ClaimsJobs) and engine.shard.number > 1  # of the first chain
    if isinstance(engine, Remarks) and not is_told:
        for remark in engine.remarks:
            logger(location=engine.location).warning(remark)
    if isinstance(engine, SharesRuns):
        host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:_LONGEST_HOST]
        return SharedRight(engine.lease(f"{host or 'host'}:{process_id}"))
    return SoleRight(find_runner_lock(engine, place), process_id)
