"""Attempts: which jobs are taken, what is recorded of them, and what becomes of those that nobody
runs any more.

What starts or ends together is one write.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from ..domain.errors import (
    InvalidTransitionError,
    JobLedgerError,
    JobNotFoundError,
    StorageError,
)
from ..domain.job import commands as c
from ..domain.job.events import Event
from ..domain.job.state import JobStatus, ScheduledJob, hand_out
from ..instrumentation.foreign import described
from ..instrumentation.log import logger
from ..instrumentation.secrets import hide_in
from ..ledger.clock import SystemClock
from ..ledger.ledger import Ledger
from ..projections.board import Board
from ..projections.pace import Pace
from ..projections.queue import rank
from . import recovery
from .attempt import Attempt, Port
from .completer import Completer, Outcome
from .execution import Question, interruption
from .failures import FailureHook, tell_outcome
from .running import Running
from .settings import AttemptSettings, RunSettings, positive
from .uptime import Uptime


class RecorderOf:
    """What a completer asks of its ledger (`completer.Recorder`)."""

    def __init__(self, ledger: Attempting) -> None:
        self._ledger = ledger

    def catch_up(self) -> None:
        store = self._ledger._store
        if store.is_poisoned:
            raise StorageError(
                "a write has failed; whether it is in the log is unknown until it is reopened",
                path=str(self._ledger.directory),
            )
        store.refresh()

    def find(self, job_id: str) -> ScheduledJob | None:
        with self._ledger._lock:
            return self._ledger._board.get(job_id)

    def change(self, job_id: str, command: c.Command) -> ScheduledJob | None:
        return Ledger._change(self._ledger, job_id, command)

    def change_together(self, changes: Sequence[tuple[str, c.Command]]) -> list[Outcome]:
        outcomes = self._ledger._change_each(lambda board, now: list(changes))
        return [outcome for _, outcome in outcomes]

    def events_of(self, job_id: str) -> Sequence[Event]:
        return self._ledger.history(job_id)

    def doubt(self, running: Running, error: str) -> c.OfAttempt:
        settings = self._ledger._attempt_settings()
        return interruption(running.job, "outcome_unknown", error, settings, settle=True)


class Attempting(Ledger):
    """The methods of a Scheduler that take jobs, and let their attempts record something."""

    _settings: RunSettings
    _pace: Pace | None
    """When the accounts posted; None where no account has a pacing."""
    _held_until: dict[str, datetime]
    """The accounts that were held back when a job was last looked for, and until when."""
    _on_failure: FailureHook
    _deferred: dict[str, tuple[datetime, int]]
    """For each of them, the time that its jobs were told, and the log's position then."""
    _running: dict[str, Running]
    """The attempts that this process is making, or whose end it has not recorded yet, by job."""
    _completer: Completer
    _uptime: Uptime

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
        """Recover every job RUNNING longer than that (None: the setting); return how many.

        What counts is the time in which this process ran, not what passes while it is stopped or
        its machine asleep; by a clock of your own it is that clock's time. A RUNNING job that this
        process is not running itself is recovered whatever its time: its runner is dead.
        """
        minutes = self._settings.max_running_minutes
        if max_running_minutes is not None:
            minutes = positive("max_running_minutes", max_running_minutes, or_zero=True)
        self._uptime.look()
        choose = recovery.stuck(self._attempt_settings, minutes, self._is_ours, self._ran_s)
        return self._recover(choose, "recovered stuck jobs")

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

    def _ran_s(self, job: ScheduledJob, now: datetime) -> float:
        """For how long one of our jobs has been running; 0 for one that has ended."""
        running = self._running.get(job.job_id)
        if running is None or running.end is not None or job.started_at is None:
            return 0.0
        if type(self._clock) is SystemClock:
            return self._uptime.look() - running.begun_s
        return (now - job.started_at).total_seconds()

    def _attempt_settings(self) -> AttemptSettings:
        return self._settings.of_attempt(random.random())

    def _is_ours(self, job: ScheduledJob) -> bool:
        mine = self._running.get(job.job_id)
        return mine is not None and mine.number == job.attempt

    # -- what is known, and not in the log -------------------------------------------------------

    def _settle(self) -> None:
        """Bring the log up to what is known here; after a failed write it is opened again first.

        Raises:
            StorageError: that cannot be done just now; nothing is forgotten.
        """
        if self._store.is_poisoned:
            self._store.reopen()
            self._completer.record()
            self.recover_all_running_jobs()
            logger().warning("the log was reopened after a failed write")
        elif self._running:
            self._completer.record()

    def _change(self, job_id: str, command: c.Command) -> ScheduledJob | None:
        """As any change; but what is known of a job's attempt goes before anything else of it."""
        running = self._running.get(job_id) if isinstance(job_id, str) else None
        if running is not None and running.end is not None:
            self._settle()
        return super()._change(job_id, command)

    def _put_back(self, running: Running, error: BaseException) -> None:
        """The publisher of an attempt was not called, and will not be."""
        command = c.PutBack(attempt=running.number, error=f"not called: {described(error)}")
        self._completer.end(running, command)

    # -- taking jobs ---------------------------------------------------------------------------

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
            claim = self._claim(job)
            try:
                started = super()._change(job.job_id, self._start(port))
            except (InvalidTransitionError, JobNotFoundError):
                self._completer.forget(claim)
                left_out.add(job.job_id)  # another process was faster, or the clock went back
                continue
            except BaseException as error:
                self._doubt_claims([claim], error)
                raise
            return self._take(claim, started)

    def _begin_all(self, port: Port, now: datetime, left_out: set[str], room: int) -> list[Running]:
        """Take as many due jobs as there is room for, the first ones first, in one write."""
        if self._pace is not None or room == 1:
            return self._begin_one_by_one(port, now, left_out, room)
        self._check_runner()
        taken: list[Running] = []
        claims: list[Running] = []

        def choose(board: Board, at: datetime) -> list[tuple[str, c.Command]]:
            self._claim_first(board, port, now, left_out, room - len(taken), claims)
            return [(claim.job.job_id, self._start(port)) for claim in claims]

        while len(taken) < room:
            claims.clear()
            try:
                outcomes = self._change_each(choose)
            except BaseException as error:
                self._doubt_claims([*taken, *claims], error)
                raise
            begun = self._take_all(claims, outcomes, left_out)
            taken += begun
            if len(begun) == len(outcomes):
                break
        return taken

    def _begin_one_by_one(
        self, port: Port, now: datetime, left_out: set[str], room: int
    ) -> list[Running]:
        taken: list[Running] = []
        while len(taken) < room:
            try:
                running = self._begin(port, now, left_out)
            except BaseException as error:
                self._doubt_claims(taken, error)
                raise
            if running is None:
                break
            taken.append(running)
        return taken

    def _end_and_begin(
        self, port: Port, running: Running, now: datetime, left_out: set[str]
    ) -> Running | None:
        """Record how an attempt ended and take the next due job, in one write: both are durable
        before the next publisher is called."""
        command = running.end
        assert command is not None
        if self._pace is not None or running.steps or running.is_unsure:
            # Pacing has to know of this post before it allows another.
            self._completer.record()
            return self._begin(port, now, left_out)
        self._check_runner()
        claims: list[Running] = []

        def choose(board: Board, at: datetime) -> list[tuple[str, c.Command]]:
            self._claim_first(board, port, now, left_out, 1, claims, ending=running.job.job_id)
            starts = [(claim.job.job_id, self._start(port)) for claim in claims]
            return [(running.job.job_id, command), *starts]

        try:
            (_, ended), *rest = self._change_each(choose)
            self._completer.ended(running, command, ended)
            begun = self._take_all(claims, rest, left_out)
        except BaseException as error:
            running.is_unsure = True
            self._doubt_claims(claims, error)
            raise
        return begun[0] if begun else self._begin(port, now, left_out)

    def _claim(self, job: ScheduledJob) -> Running:
        """From here on the job's next attempt may be in the log, as one of ours."""
        claim = Running(job, job.attempt + 1)
        self._running[job.job_id] = claim
        return claim

    def _claim_first(
        self,
        board: Board,
        port: Port,
        now: datetime,
        left_out: set[str],
        room: int,
        claims: list[Running],
        *,
        ending: str | None = None,
    ) -> None:
        """Claim the due jobs that come first, each of another account, in place of what was claimed
        before. The job `ending` is as good as over."""
        while claims:
            self._completer.forget(claims.pop())
        busy = {
            running.job.account_id for job_id, running in self._running.items() if job_id != ending
        }
        # rule: one-of-an-account-at-a-time
        due = board.first_due(
            now, self._expire_after, room, without_accounts=busy, without_jobs=left_out
        )
        claims.extend(map(self._claim, due))

    def _doubt_claims(self, claims: Iterable[Running], error: BaseException) -> None:
        """The write that begins these attempts has failed, or one after it: what of them is in the
        log is put back, since nobody calls their publishers."""
        for claim in claims:
            claim.is_unsure = True
            self._put_back(claim, error)

    def _take_all(
        self,
        claims: list[Running],
        outcomes: Sequence[tuple[str, Outcome]],
        left_out: set[str],
    ) -> list[Running]:
        """The claims that have become attempts."""
        begun = []
        for claim, (job_id, outcome) in zip(claims, outcomes, strict=True):
            if isinstance(outcome, ScheduledJob):
                begun.append(self._take(claim, outcome))
            else:
                self._completer.forget(claim)
                left_out.add(job_id)  # another process was faster, or the clock went back
        return begun

    def _take(self, claim: Running, started: ScheduledJob | None) -> Running:
        assert started is not None
        claim.job = hand_out(started)
        claim.begun_s = self._uptime.look()
        return claim

    def _start(self, port: Port) -> c.Start:
        return c.Start(
            reconcilable=port.reconcilable,
            expire_after=self._expire_after,
            runner=f"pid {self._fs.process_id()}",
        )

    def _check_runner(self) -> None:
        """Whether this process may still run jobs."""

    # -- pacing --------------------------------------------------------------------------------

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

    # -- attempts that are under way ---------------------------------------------------------------

    def _attempt(self, running: Running, question: Question) -> Attempt:
        """What the publisher gets: this attempt, or the one in doubt where it is asked about it."""
        job = running.job
        key = self.idempotency_key(job.job_id)
        number = job.doubted_attempt if question == "reconcile" else job.attempt
        attempt = Attempt(job, key, self._record, number=number, is_current=self._is_newest)
        running.attempt = attempt
        return attempt

    def _record(self, job_id: str, command: c.OfAttempt) -> ScheduledJob | None:
        """Change a running job as its attempt says, without a word of what is secret."""
        command = hide_in(command)
        running = self._running.get(job_id)
        if running is None or running.number != command.attempt:
            return self._change(job_id, command)  # which refuses it
        return self._completer.record_step(running, command)

    def _is_current(self, running: Running) -> bool:
        """Whether the log still has this attempt running."""
        with self._lock:
            return running.is_attempt_of(self._board.get(running.job.job_id))

    def _is_newest(self, job: ScheduledJob) -> bool:
        """The same, with what other processes have changed by now. For any thread."""
        with suppress(JobLedgerError):  # a closed or broken log: what is known has to do
            self._store.refresh()
        with self._lock:
            return Running(job, job.attempt).is_attempt_of(self._board.get(job.job_id))
