"""Rescue: what becomes of attempts that nobody makes any more, and of what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from ..domain import JobStatus, ScheduledJob
from ..domain import commands as c
from ..eventstore import RunnerEndedError
from ..instrumentation import JobsRescued, LeaseLost, LogReopened, described, tell
from ..projections import Board
from . import recovery
from .attempt_told import tell_outcome
from .completer import Completer
from .failures import FailureHook
from .ledger_access import LedgerAccess
from .own_loop import cancel_anywhere
from .running import RunningAttempts
from .settings import RunSettings, positive
from .uptime import Uptime

_LOOK_EVERY_S = 10.0
"""How often it is looked at others that run nothing just now."""


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
        self._state = ledger.state
        self._handler = ledger.handler
        self._lease = ledger.lease
        self._attempts = attempts
        self._completer = completer
        self._settings = settings
        self._uptime = uptime
        self._on_failure = on_failure
        self._by_uptime = ledger.is_real_time
        self._look_at = 0.0
        """When it is looked at others again that run nothing just now."""
        self._works_again = ledger.works_again

    def keep_right(self) -> None:
        """Go on as another runner where this one was ended: what it runs is not its own any more.

        Raises:
            SchedulerRunningError: this process may not run jobs any more.
            StorageError: whether it may cannot be found out.
        """
        if not self._lease.is_shared:
            return  # looked at when a job is taken
        try:
            self._lease.check()
        except RunnerEndedError as error:
            tell(LeaseLost(runner=self._lease.runner, error=described(error)))
            for running in list(self._attempts.by_job.values()):
                # rule: ended-runner-gives-up
                if running.end is None and self._completer.drop(running):
                    running.give_up()
                    if running.task is not None:
                        cancel_anywhere(running.task)
            self._lease.acquire()  # rule: ended-runner-goes-on-as-another

    def recover_all(self) -> int:
        """Recover every RUNNING job whose runner has ended; return how many."""
        self.look_at_others()
        choose = recovery.orphans(self._settings.roll, self._is_left)
        return self._recover(choose)

    def recover_stuck(self, max_running_minutes: float | None = None) -> int:
        """Recover every job RUNNING longer than that (None: the setting); return how many."""
        minutes = self._settings.max_running_minutes
        if max_running_minutes is not None:
            minutes = positive("max_running_minutes", max_running_minutes, or_zero=True)
        self._uptime.look()
        self.look_at_others()
        choose = recovery.stuck(
            self._settings.roll, minutes, self._attempts.is_ours, self._is_left, self.ran_s
        )
        return self._recover(choose, stuck=True)

    def look_at_others(self) -> None:
        """Find out which runners have ended, where there may be others, of jobs that run there."""
        if not self._lease.is_shared:
            return
        self._log.refresh()
        with self._state.lock:
            running = self._state.board.of_status(JobStatus.RUNNING)
            theirs = [job for job in running if not self._attempts.is_ours(job)]
        if theirs or self._uptime.look() >= self._look_at:
            self._lease.look_at_others(theirs)
            self._look_at = self._uptime.look() + _LOOK_EVERY_S

    def _is_left(self, job: ScheduledJob) -> bool:
        return not self._attempts.is_ours(job) and self._lease.has_ended(job)

    def _recover(self, choose: Callable[..., recovery.Choice], *, stuck: bool = False) -> int:
        def each(board: Board, now: datetime) -> list[tuple[str, c.Command]]:
            return [(job.job_id, command) for job, command in choose(board, now)]

        outcomes = [
            job for _, job in self._handler.change_each(each) if isinstance(job, ScheduledJob)
        ]
        if outcomes:
            tell(JobsRescued(count=len(outcomes), stuck=stuck))
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
        self.keep_right()
        if self._log.is_poisoned:
            self._log.reopen()
            self._works_again()
            self._completer.record()
            self.recover_all()
            tell(LogReopened())
        elif self._attempts.by_job:
            self._completer.record()
