"""Running jobs: recovery, attempts from their start to their recorded end, and `run_due`."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from ..domain import commands as c
from ..domain.errors import (
    InvalidTransitionError,
    JobLedgerError,
    JobNotFoundError,
    SchedulerRunningError,
    StaleAttemptError,
    ValidationError,
)
from ..domain.job import JobStatus, ScheduledJob, hand_out
from ..domain.policy import RetryPolicy
from . import recovery
from .attempt import Attempt, Port, PostCallback, Publisher
from .calls import call_async, call_blocking, run_in_own_loop
from .execution import AttemptSettings, Question, interruption, steps
from .ledger import Ledger
from .log import logger


class Running:
    """An attempt that this process is running."""

    __slots__ = ("job", "task")

    def __init__(self, job: ScheduledJob) -> None:
        self.job = job
        self.task: asyncio.Task[None] | None = None


class Runs(Ledger):
    """The methods of a Scheduler that run jobs without its loop."""

    _max_running_minutes: float
    _settle_s: float
    _retry: RetryPolicy
    _on_interrupted: c.OnInterrupted
    _concurrency: int
    _running: dict[str, Running]
    """The attempts that this process is making, by job."""
    _loop_task: asyncio.Task[None] | None

    # -- recovery ------------------------------------------------------------------------------

    def recover_all_running_jobs(self) -> int:
        """Recover every RUNNING job that this process is not running itself; return how many.

        Opening a Scheduler does it. A job goes back to SCHEDULED with backoff while retries are
        left, else it is FAILED; what happens with one whose publisher can be asked is in
        docs/lifecycle.md, "In doubt".
        """
        choose = recovery.orphans(self._settings, self._is_ours)
        return self._recover(choose, "recovered jobs of a dead runner")

    def recover_stuck_jobs(self, max_running_minutes: float | None = None) -> int:
        """Recover every job RUNNING longer than that (None: the setting); return how many."""
        minutes = self._max_running_minutes
        if max_running_minutes is not None:
            minutes = positive("max_running_minutes", max_running_minutes, or_zero=True)
        return self._recover(recovery.stuck(self._settings, minutes), "recovered stuck jobs")

    def _recover(self, choose: Callable[..., recovery.Choice], message: str) -> int:
        count = self._change_all(choose)
        if count:
            logger(count=count).warning(message)
        return count

    def _settings(self) -> AttemptSettings:
        return AttemptSettings(
            retry=self._retry,
            on_interrupted=self._on_interrupted,
            settle_s=self._settle_s,
            roll=random.random(),
        )

    def _is_ours(self, job: ScheduledJob) -> bool:
        mine = self._running.get(job.job_id)
        return mine is not None and mine.job.attempt == job.attempt

    # -- attempts ------------------------------------------------------------------------------

    def _begin(self, port: Port, now: datetime, left_out: set[str]) -> Running | None:
        """Take the due job that comes first; None when there is none to take."""
        accounts = {running.job.account_id for running in self._running.values()}
        while True:
            self._store.refresh()
            with self._lock:
                job = self._board.next_due(
                    now, self._expire_after, without_accounts=accounts, without_jobs=left_out
                )
            if job is None:
                return None
            command = c.Start(
                reconcilable=port.reconcilable,
                expire_after=self._expire_after,
                runner=f"pid {os.getpid()}",
            )
            try:
                started = self._change(job.job_id, command)
            except (InvalidTransitionError, JobNotFoundError):
                left_out.add(job.job_id)  # another process was faster, or the clock went back
                continue
            assert started is not None
            running = Running(hand_out(started))
            self._running[started.job_id] = running
            return running

    def _attempt(self, job: ScheduledJob, question: Question) -> Attempt:
        """What the publisher gets: this attempt, or the one in doubt where it is asked about it."""
        key = self.idempotency_key(job.job_id)
        number = job.doubted_attempt if question == "reconcile" else job.attempt
        return Attempt(job, key, self._change, number=number)

    def _end(self, job: ScheduledJob, command: c.OfAttempt) -> None:
        """Record how an attempt ended, unless the job has gone on without it."""
        log = logger(job_id=job.job_id, account_id=job.account_id, attempt=job.attempt)
        try:
            after = self._change(job.job_id, command)
        except StaleAttemptError as error:
            log.warning("stale result refused", reason=error.message)
            return
        if after is not None:
            log.info("attempt ended", status=after.status.value, error=after.error)

    # -- blocking ------------------------------------------------------------------------------

    def run_due(self, post_callback: PostCallback | Publisher, limit: int | None = None) -> int:
        """Recover stuck jobs, expire, then run what is due now, best first; return how many ran.

        Each due job gets one attempt, at most `limit` jobs in all. A plain callback runs in the
        caller's thread.

        Raises:
            SchedulerRunningError: this scheduler has been started.
            StorageError: a change could not be recorded; the job is recovered at the next opening.
        """
        port = Port(post_callback)
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
            raise ValidationError(f"limit must be an int, not {limit!r}", field="limit")
        if limit is not None and limit < 0:
            raise ValidationError(f"limit must be at least 0, not {limit}", field="limit")
        self._check_not_started()
        self.recover_stuck_jobs()
        self.cleanup_expired_jobs()
        if self._concurrency == 1 and not port.is_async(port.publish):
            return self._run_due_here(port, limit)
        return run_in_own_loop(self._run_due_together(port, limit))

    def _run_due_here(self, port: Port, limit: int | None) -> int:
        now, done = self._now(), set[str]()
        count = 0
        while limit is None or count < limit:
            running = self._begin(port, now, done)
            if running is None:
                break
            job = running.job
            done.add(job.job_id)
            count += 1
            try:
                self._run_here(port, job)
            finally:
                del self._running[job.job_id]
        return count

    def _run_here(self, port: Port, job: ScheduledJob) -> None:
        settings = self._settings()
        flow = steps(job, port.reconcilable, settings)
        try:
            question = next(flow)
            while True:
                question = flow.send(call_blocking(port, question, self._attempt(job, question)))
        except StopIteration as end:
            self._end(job, end.value)
        except (KeyboardInterrupt, SystemExit):
            stopped = interruption(
                job, "stopped", f"interrupted: stopped during attempt {job.attempt}", settings
            )
            self._end(job, stopped)
            raise

    async def _run_due_together(self, port: Port, limit: int | None) -> int:
        now, done = self._now(), set[str]()
        count = 0
        try:
            while True:
                while len(self._running) < self._concurrency and (limit is None or count < limit):
                    running = self._begin(port, now, done)
                    if running is None:
                        break
                    done.add(running.job.job_id)
                    count += 1
                    running.task = asyncio.create_task(self._run_async(port, running.job))
                if not self._running:
                    return count
                await asyncio.wait(self._tasks(), return_when=asyncio.FIRST_COMPLETED)
                self._collect()
        finally:
            self._give_up(list(self._running.values()))

    async def _run_async(self, port: Port, job: ScheduledJob) -> None:
        flow = steps(job, port.reconcilable, self._settings())
        try:
            question = next(flow)
            while True:
                question = flow.send(await call_async(port, question, self._attempt(job, question)))
        except StopIteration as end:
            self._end(job, end.value)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [running.task for running in self._running.values() if running.task is not None]

    def _collect(self) -> None:
        """Let go of the attempts that have ended.

        Raises:
            Exception: what kept one of them from recording its end.
        """
        failures = []
        for job_id, running in list(self._running.items()):
            if running.task is not None and running.task.done():
                del self._running[job_id]
                if not running.task.cancelled() and running.task.exception() is not None:
                    failures.append(running.task.exception())
        if failures and failures[0] is not None:
            raise failures[0]

    def _give_up(self, left: list[Running]) -> None:
        """Record as interrupted those of `left` that have not recorded an end of their own."""
        for running in left:
            job = running.job
            if self._is_current(job):
                error = f"interrupted: the scheduler was stopped during attempt {job.attempt}"
                with suppress(JobLedgerError):
                    self._end(job, interruption(job, "stopped", error, self._settings()))
        self._running.clear()

    def _is_current(self, job: ScheduledJob) -> bool:
        """Whether the log still has this attempt running."""
        with self._lock:
            now = self._board.get(job.job_id)
        return now is not None and now.status is JobStatus.RUNNING and now.attempt == job.attempt

    def _check_not_started(self) -> None:
        if self._loop_task is not None:
            raise SchedulerRunningError(
                "this scheduler runs already", pid=os.getpid(), hint="stop it first"
            )


def positive(name: str, value: float, *, or_zero: bool = False) -> float:
    least = "≥ 0" if or_zero else "> 0"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValidationError(f"{name} must be a number {least}, not {value!r}", field=name)
    if not (value > 0 or (or_zero and value == 0)):
        raise ValidationError(f"{name} must be {least}, not {value!r}", field=name)
    return float(value)
