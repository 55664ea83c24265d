"""Running jobs: what `run_due` does, in the caller's thread or in an event loop of its own."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from ..domain import commands as c
from ..domain.errors import (
    JobLedgerError,
    SchedulerRunningError,
    ValidationError,
)
from ..domain.job import ScheduledJob
from .attempt import Port, PostCallback, Publisher
from .attempting import Attempting, Running
from .calls import call_async, call_blocking, run_in_own_loop
from .execution import interruption, steps
from .log import logger

LOOK_EVERY_S = 0.1
"""How long it may take until a change by another process is noticed."""


class Runs(Attempting):
    """The methods of a Scheduler that run jobs without its loop."""

    _loop_task: asyncio.Task[None] | None

    # -- blocking ------------------------------------------------------------------------------

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that `run_due` makes for async publishers: a simulated one has its own time."""
        return asyncio.new_event_loop()

    def run_due(self, post_callback: PostCallback | Publisher, limit: int | None = None) -> int:
        """Recover stuck jobs, expire, then run what is due now, best first; return how many ran.

        Each due job gets one attempt, at most `limit` jobs in all; a job that the pacing of its
        account holds back is told so and left. A plain callback runs in the caller's thread, unless
        it has a `publish_timeout`.

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
        if self._settings.concurrency == 1 and not port.is_async(port.publish):
            return self._run_due_here(port, limit)
        return run_in_own_loop(self._run_due_together(port, limit), self._new_loop)

    def _run_due_here(self, port: Port, limit: int | None) -> int:
        now, done = self._now(), set[str]()
        count = 0
        running = None if limit == 0 else self._begin(port, now, done)
        try:
            while running is not None:
                job = running.job
                done.add(job.job_id)
                count += 1
                command = self._run_here(port, job)
                if count == limit:
                    self._end(job, command)
                    break
                running = self._end_and_begin(port, job, command, now, done)
        finally:
            self._running.clear()
        return count

    def _run_here(self, port: Port, job: ScheduledJob) -> c.OfAttempt:
        """Make the attempt; returns the command that records its end."""
        settings = self._attempt_settings()
        timeout_s = settings.timeout_s(job)
        flow = steps(job, port.reconcilable, settings)
        try:
            question = next(flow)
            while True:
                attempt = self._attempt(job, question)
                question = flow.send(call_blocking(port, question, attempt, timeout_s))
        except StopIteration as end:
            command: c.OfAttempt = end.value
            return command
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
                room = self._settings.concurrency - len(self._running)  # rule: room-for-more
                room = room if limit is None else min(room, limit - count)
                for running in self._begin_all(port, now, done, room) if room else ():
                    done.add(running.job.job_id)
                    count += 1
                    running.task = asyncio.create_task(self._run_async(port, running.job))
                if not self._running:
                    return count
                await asyncio.wait(
                    self._tasks(), timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED
                )
                self._collect()
                self._store.refresh()
                self._fence()
        finally:
            self._give_up(list(self._running.values()))

    async def _run_async(self, port: Port, job: ScheduledJob) -> None:
        settings = self._attempt_settings()
        timeout_s = settings.timeout_s(job)
        flow = steps(job, port.reconcilable, settings)
        try:
            question = next(flow)
            while True:
                attempt = self._attempt(job, question)
                question = flow.send(await call_async(port, question, attempt, timeout_s))
        except StopIteration as end:
            command = end.value
        await self._end_together(job, command)

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

    def _fence(self) -> None:
        """Give up the attempts whose job has gone on without them: cancelled, or recovered."""
        for job_id, running in list(self._running.items()):
            task = running.task
            if task is None or task.done() or self._is_current(running.job):
                continue
            del self._running[job_id]
            if not running.is_over:  # else its end is in the log, and its task ends by itself
                task.cancel()
                logger(job_id=job_id, attempt=running.job.attempt).warning("attempt given up")

    def _give_up(self, left: list[Running]) -> None:
        """Record as interrupted those of `left` that have not recorded an end of their own."""
        self._record_endings()
        for running in left:
            job = running.job
            if running.attempt is not None:
                running.attempt._cancel()
            if self._is_current(job):
                error = f"interrupted: the scheduler was stopped during attempt {job.attempt}"
                with suppress(JobLedgerError):
                    self._end(job, interruption(job, "stopped", error, self._attempt_settings()))
        self._running.clear()

    def _check_not_started(self) -> None:
        if self._loop_task is not None:
            raise SchedulerRunningError(
                "this scheduler runs already", pid=os.getpid(), hint="stop it first"
            )
