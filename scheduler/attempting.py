"""Attempts: which jobs are taken, and how it is recorded that an attempt has ended.

What starts or ends together is one write. Jobs that nobody runs any more are recovered here, too.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import NamedTuple

from ..domain import commands as c
from ..domain.errors import (
    InvalidTransitionError,
    JobLedgerError,
    JobNotFoundError,
)
from ..domain.job import JobStatus, ScheduledJob, hand_out
from ..projections.board import Board
from ..projections.pace import Pace
from ..projections.queue import rank
from . import recovery
from .attempt import Attempt, Port
from .execution import Question
from .failures import FailureHook, tell_end, tell_outcome
from .ledger import Ledger
from .log import logger
from .secrets import hide_in
from .settings import AttemptSettings, RunSettings, positive


class Running:
    """An attempt that this process is running."""

    __slots__ = ("attempt", "is_over", "job", "task")

    def __init__(self, job: ScheduledJob) -> None:
        self.job = job
        self.attempt: Attempt | None = None
        """What its publisher has been given."""
        self.task: asyncio.Task[None] | None = None
        self.is_over = False
        """Its publisher has answered, and the end is recorded or about to be."""


class _Ending(NamedTuple):
    """How an attempt ended; `recorded` is done when that is durable."""

    job: ScheduledJob
    command: c.OfAttempt
    recorded: asyncio.Future[None]


class Attempting(Ledger):
    """The methods of a Scheduler that take jobs, and record how their attempts end."""

    _settings: RunSettings
    _pace: Pace | None
    """When the accounts posted; None where no account has a pacing."""
    _held_until: dict[str, datetime]
    """The accounts that were held back when a job was last looked for, and until when."""
    _on_failure: FailureHook
    _deferred: dict[str, tuple[datetime, int]]
    """For each of them, the time that its jobs were told, and the log's position then."""
    _running: dict[str, Running]
    """The attempts that this process is making, by job."""
    _endings: list[_Ending]
    """How attempts ended that are about to be recorded."""

    # -- recovery ------------------------------------------------------------------------------

    def recover_all_running_jobs(self) -> int:
        """Recover every RUNNING job that this process is not running itself; return how many.

        Opening a Scheduler does it. A job goes back to SCHEDULED with backoff while retries are
        left, else it is FAILED; what happens with one whose publisher can be asked is in
        docs/lifecycle.md, "In doubt".
        """
        choose = recovery.orphans(self._attempt_settings, self._is_ours)
        return self._recover(choose, "recovered jobs of a dead runner")

    def recover_stuck_jobs(self, max_running_minutes: float | None = None) -> int:
        """Recover every job RUNNING longer than that (None: the setting); return how many."""
        minutes = self._settings.max_running_minutes
        if max_running_minutes is not None:
            minutes = positive("max_running_minutes", max_running_minutes, or_zero=True)
        return self._recover(
            recovery.stuck(self._attempt_settings, minutes), "recovered stuck jobs"
        )

    def cleanup_expired_jobs(self) -> int:
        """Mark the PENDING and SCHEDULED jobs that are too late as EXPIRED; return how many."""
        count = super().cleanup_expired_jobs()
        if count:
            logger(count=count).warning("jobs expired: it was too late to post them")
        return count

    def _recover(self, choose: Callable[..., recovery.Choice], message: str) -> int:
        def each(board: Board, now: datetime) -> list[tuple[str, c.Command]]:
            return [(job.job_id, command) for job, command in choose(board, now)]

        outcomes = [job for _, job in self._change_each(each) if isinstance(job, ScheduledJob)]
        if outcomes:
            logger(count=len(outcomes)).warning(message)
        for job in outcomes:
            if job.status is JobStatus.FAILED:
                tell_outcome(job)
                self._on_failure.tell(job)
        return len(outcomes)

    def _attempt_settings(self) -> AttemptSettings:
        return self._settings.of_attempt(random.random())

    def _is_ours(self, job: ScheduledJob) -> bool:
        mine = self._running.get(job.job_id)
        return mine is not None and mine.job.attempt == job.attempt

    # -- attempts ------------------------------------------------------------------------------

    def _begin(self, port: Port, now: datetime, left_out: set[str]) -> Running | None:
        """Take the due job that comes first; None when there is none to take."""
        busy = {running.job.account_id for running in self._running.values()}
        held: dict[str, datetime] = {}
        self._check_runner()
        while True:
            self._store.refresh()
            with self._lock:
                job = self._board.next_due(
                    now,
                    self._expire_after,
                    without_accounts=busy | held.keys(),
                    without_jobs=left_out,
                )
                wait = None if job is None else self._held_back(job, now)
                if job is not None and wait is not None:
                    asking = self._first_to_ask(job.account_id, now, left_out)
                    job, wait = (job, wait) if asking is None else (asking, None)
            if job is None:
                self._held_until = held
                return None
            if wait is not None:
                held[job.account_id] = wait[0]
                self._defer(job.account_id, *wait)
                continue
            try:
                started = self._change(job.job_id, self._start(port))
            except (InvalidTransitionError, JobNotFoundError):
                left_out.add(job.job_id)  # another process was faster, or the clock went back
                continue
            assert started is not None
            return self._take(started)

    def _begin_all(self, port: Port, now: datetime, left_out: set[str], room: int) -> list[Running]:
        """Take as many due jobs as there is room for, the first ones first, in one write."""
        if self._pace is not None or room == 1:
            return self._begin_one_by_one(port, now, left_out, room)
        self._check_runner()
        taken: list[Running] = []

        def choose(board: Board, at: datetime) -> list[tuple[str, c.Command]]:
            return self._first_due(board, port, now, left_out, room - len(taken))

        while len(taken) < room:
            outcomes = self._change_each(choose)
            for job_id, outcome in outcomes:
                if isinstance(outcome, ScheduledJob):
                    taken.append(self._take(outcome))
                else:
                    left_out.add(job_id)  # another process was faster, or the clock went back
            if all(isinstance(outcome, ScheduledJob) for _, outcome in outcomes):
                break
        return taken

    def _begin_one_by_one(
        self, port: Port, now: datetime, left_out: set[str], room: int
    ) -> list[Running]:
        taken: list[Running] = []
        while len(taken) < room:
            running = self._begin(port, now, left_out)
            if running is None:
                break
            taken.append(running)
        return taken

    def _first_due(
        self,
        board: Board,
        port: Port,
        now: datetime,
        left_out: set[str],
        room: int,
        *,
        ending: str | None = None,
    ) -> list[tuple[str, c.Command]]:
        """The due jobs that come first, each of another account, to be started. The job `ending`
        is as good as over."""
        busy = {
            running.job.account_id for job_id, running in self._running.items() if job_id != ending
        }
        # rule: one-of-an-account-at-a-time
        due = board.first_due(
            now, self._expire_after, room, without_accounts=busy, without_jobs=left_out
        )
        return [(job.job_id, self._start(port)) for job in due]

    def _start(self, port: Port) -> c.Start:
        return c.Start(
            reconcilable=port.reconcilable,
            expire_after=self._expire_after,
            runner=f"pid {self._fs.process_id()}",
        )

    def _take(self, started: ScheduledJob) -> Running:
        running = Running(hand_out(started))
        self._running[started.job_id] = running
        return running

    def _check_runner(self) -> None:
        """Whether this process may still run jobs."""

    def _held_back(self, job: ScheduledJob, now: datetime) -> tuple[datetime, str] | None:
        """Until when the pacing of its account holds a due job back, and why; None: not at all."""
        pacing = self._settings.pacing_of(job.account_id)
        if pacing is None or self._pace is None:
            return None
        wait = self._pace.allowed_at(job, pacing)
        return wait if wait is not None and wait[0] > now else None

    def _first_to_ask(
        self, account_id: str, now: datetime, left_out: set[str]
    ) -> ScheduledJob | None:
        """Of an account that may not post now, the due job in doubt that may be asked about.

        It is held back by the posts of others only, and stands in the way of those.
        """
        assert self._pace is not None
        in_doubt = (self._board.get(job_id) for job_id in self._pace.doubted(account_id))
        due = [
            job
            for job in in_doubt
            if job is not None
            and job.in_doubt
            and job.job_id not in left_out
            and job.is_ready(now, self._expire_after)
            and self._held_back(job, now) is None
        ]
        return min(due, key=rank, default=None)

    def _defer(self, account_id: str, until: datetime, reason: str) -> None:
        """Tell the due jobs of an account that they are held back: the first of them whenever the
        time changes, those behind it once."""
        if self._deferred.get(account_id) == (until, self._store.seq):
            return
        command = c.Defer(until=until, reason=reason, expire_after=self._expire_after)

        def choose(board: Board, now: datetime) -> recovery.Choice:
            due = [job for job in board.due_of(account_id) if job.is_ready(now, self._expire_after)]
            return [
                (job, command)
                for place, job in enumerate(due)
                if job.deferred_until is None or (place == 0 and job.deferred_until != until)
            ]

        self._change_all(choose)
        self._deferred[account_id] = until, self._store.seq

    def _attempt(self, job: ScheduledJob, question: Question) -> Attempt:
        """What the publisher gets: this attempt, or the one in doubt where it is asked about it."""
        key = self.idempotency_key(job.job_id)
        number = job.doubted_attempt if question == "reconcile" else job.attempt
        attempt = Attempt(job, key, self._record, number=number, is_current=self._is_newest)
        mine = self._running.get(job.job_id)
        if mine is not None and mine.job.attempt == job.attempt:
            mine.attempt = attempt
        return attempt

    def _record(self, job_id: str, command: c.OfAttempt) -> ScheduledJob | None:
        """Change a running job as its attempt says, without a word of what is secret."""
        return self._change(job_id, hide_in(command))

    def _end(self, job: ScheduledJob, command: c.OfAttempt) -> None:
        """Record how an attempt ended, unless the job has gone on without it."""
        [(_, outcome)] = self._change_each(partial(_these, [(job.job_id, hide_in(command))]))
        self._tell_end(job, command, outcome)

    def _end_and_begin(
        self, port: Port, job: ScheduledJob, command: c.OfAttempt, now: datetime, left_out: set[str]
    ) -> Running | None:
        """Record how an attempt ended and take the next due job, in one write: both are durable
        before the next publisher is called."""
        if self._pace is not None:  # which has to know of this post before it allows another
            self._end(job, command)
            del self._running[job.job_id]
            return self._begin(port, now, left_out)
        self._check_runner()

        def choose(board: Board, at: datetime) -> list[tuple[str, c.Command]]:
            due = self._first_due(board, port, now, left_out, 1, ending=job.job_id)
            return [(job.job_id, hide_in(command)), *due]

        (_, ended), *rest = self._change_each(choose)
        self._tell_end(job, command, ended)
        del self._running[job.job_id]
        for job_id, outcome in rest:
            if isinstance(outcome, ScheduledJob):
                return self._take(outcome)
            left_out.add(job_id)
        return self._begin(port, now, left_out)

    async def _end_together(self, job: ScheduledJob, command: c.OfAttempt) -> None:
        """Record how an attempt ended, in one write with all that end in this turn of the loop."""
        if self._is_ours(job):
            self._running[job.job_id].is_over = True
        loop = asyncio.get_running_loop()
        ending = _Ending(job, command, loop.create_future())
        self._endings.append(ending)
        if len(self._endings) == 1:
            loop.call_soon(self._record_endings)
        await ending.recorded

    def _record_endings(self) -> None:
        endings, self._endings = self._endings, []
        if not endings:
            return
        failure: BaseException | None = None
        try:
            self._record_each(endings)
        except BaseException as error:  # noqa: BLE001 - each of the attempts has to hear of it
            failure = error
        loop = endings[0].recorded.get_loop()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            if _is_running(loop):
                _settle(endings, failure)
            else:
                loop.call_soon_threadsafe(_settle, endings, failure)

    def _record_each(self, endings: list[_Ending]) -> None:
        while endings:
            once = {ending.job.job_id: ending for ending in reversed(endings)}  # the first of each
            changes = [(job_id, hide_in(ending.command)) for job_id, ending in once.items()]
            for job_id, outcome in self._change_each(partial(_these, changes)):
                self._tell_end(once[job_id].job, once[job_id].command, outcome)
            endings = [ending for ending in endings if once[ending.job.job_id] is not ending]

    def _tell_end(
        self,
        job: ScheduledJob,
        command: c.OfAttempt,
        outcome: ScheduledJob | JobLedgerError | None,
    ) -> None:
        """Say how an attempt ended, now that this is durable."""
        mine = self._running.get(job.job_id)
        raised_at = mine.attempt._raised_at if mine is not None and mine.attempt else ""
        tell_end(job, command, outcome, raised_at)
        if isinstance(outcome, ScheduledJob):
            self._on_failure.tell(outcome)

    def _is_current(self, job: ScheduledJob) -> bool:
        """Whether the log still has this attempt running."""
        with self._lock:
            now = self._board.get(job.job_id)
        return now is not None and now.status is JobStatus.RUNNING and now.attempt == job.attempt

    def _is_newest(self, job: ScheduledJob) -> bool:
        """The same, with what other processes have changed by now. For any thread."""
        with suppress(JobLedgerError):  # a closed or broken log: what is known has to do
            self._store.refresh()
        return self._is_current(job)


def _these(
    changes: Sequence[tuple[str, c.Command]], board: Board, now: datetime
) -> list[tuple[str, c.Command]]:
    """For `_change_each`: what is to be changed, whatever the board says."""
    return list(changes)


def _settle(endings: list[_Ending], failure: BaseException | None) -> None:
    """Let those go on who wait for their ends to be recorded."""
    for ending in endings:
        if ending.recorded.done():
            continue
        if failure is None:
            ending.recorded.set_result(None)
        else:
            ending.recorded.set_exception(failure)


def _is_running(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this is called from within the loop."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
