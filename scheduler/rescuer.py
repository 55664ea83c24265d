"""Rescue: what becomes of attempts that nobody makes any more, and of what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from ..domain import JobStatus, ScheduledJob
from ..domain import commands as c
from ..instrumentation import logger
from ..projections import Board
from . import recovery
from .completer import Completer
from .failures import FailureHook, tell_outcome
from .ledger_access import LedgerAccess
from .running import RunningAttempts
from .settings import RunSettings, positive
from .uptime import Uptime


class Rescuer:
    """Recovers the RUNNING jobs that no attempt of this process makes, or one that makes no end.

    What counts is the time in which this process ran, or that of a clock of somebody's own.
    """

    def __init__(
        self,
        ledger: LedgerAccess,
        attempts: RunningAttempts,
        completer: Completer,
        settings: RunSettings,
        uptime: Uptime,
        on_failure: FailureHook,
    ) -> None:
        self._log = ledger.log
        self._handler = ledger.handler
        self._attempts = attempts
        self._completer = completer
        self._settings = settings
        self._uptime = uptime
        self._on_failure = on_failure
        self._by_uptime = ledger.is_real_time
        self._works_again = ledger.works_again

    def recover_all(self) -> int:
        """Recover every RUNNING job that this process is not running itself; return how many."""
        choose = recovery.orphans(self._settings.roll, self._attempts.is_ours)
        return self._recover(choose, "recovered jobs of a dead runner")

    def recover_stuck(self, max_running_minutes: float | None = None) -> int:
        """Recover every job RUNNING longer than that (None: the setting); return how many."""
        minutes = self._settings.max_running_minutes
        if max_running_minutes is not None:
            minutes = positive("max_running_minutes", max_running_minutes, or_zero=True)
        self._uptime.look()
        choose = recovery.stuck(self._settings.roll, minutes, self._attempts.is_ours, self.ran_s)
        return self._recover(choose, "recovered stuck jobs")

    def _recover(self, choose: Callable[..., recovery.Choice], message: str) -> int:
        def each(board: Board, now: datetime) -> list[tuple[str, c.Command]]:
            return [(job.job_id, command) for job, command in choose(board, now)]

        outcomes = [
            job for _, job in self._handler.change_each(each) if isinstance(job, ScheduledJob)
        ]
        if outcomes:
            logger(count=len(outcomes)).warning(message)
        for job in outcomes:
            if job.status is JobStatus.FAILED:
                tell_outcome(job)
                self._on_failure.tell(job)
        return len(outcomes)

    def ran_s(self, job: ScheduledJob, now: datetime) -> float:
        """For how long one of our jobs has been running; 0 for one that has ended."""
        running = self._attempts.by_job.get(job.job_id)
        if running is None or running.end is not None or job.started_at is None:
            return 0.0
        if self._by_uptime:
            return self._uptime.look() - running.begun_s
        return (now - job.started_at).total_seconds()

    def settle_those(self, job_ids: Iterable[str]) -> None:
        """Settle what is known of attempts, if it is of one of these jobs; raises as `settle`."""
        by_job = self._attempts.by_job
        running = [by_job.get(job_id) for job_id in job_ids if isinstance(job_id, str)]
        if any(one is not None and one.end is not None for one in running):
            self.settle()

    def settle(self) -> None:
        """Bring the log up to what is known here; after a failed write it is opened again first.

        Raises:
            StorageError: that cannot be done just now; nothing is forgotten.
        """
        if self._log.is_poisoned:
            self._log.reopen()
            self._works_again()
            self._completer.record()
            self.recover_all()
            logger().warning("the log was reopened after a failed write")
        elif self._attempts.by_job:
            self._completer.record()
