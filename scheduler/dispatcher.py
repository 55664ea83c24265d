"""The dispatcher: which due jobs are taken, and when; what starts together is one write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from ..domain import InvalidTransitionError, JobNotFoundError, ScheduledJob, detached
from ..domain import commands as c
from ..ledger import Outcome
from ..projections import Board
from .attempt import PublisherAdapter
from .completer import Completer
from .ledger_access import LedgerAccess
from .pacing import AccountPacing
from .running import Running, RunningAttempts
from .uptime import Uptime


class Dispatcher:
    """Takes the due jobs that come first, never two of one account.

    `check_runner` raises where this process may not run jobs any more. `pacing` is None where no
    account has one.
    """

    def __init__(
        self,
        ledger: LedgerAccess,
        attempts: RunningAttempts,
        completer: Completer,
        pacing: AccountPacing | None,
        uptime: Uptime,
        *,
        check_runner: Callable[[], None],
    ) -> None:
        self._log = ledger.log
        self._state = ledger.state
        self._handler = ledger.handler
        self._process_id = ledger.process_id
        self._attempts = attempts
        self._completer = completer
        self._pacing = pacing
        self._uptime = uptime
        self._expire_after = ledger.expire_after
        self._check_runner = check_runner
        self.held_until: dict[str, datetime] = {}
        """The accounts that were held back when a job was last looked for, and until when."""
        self._deferred: dict[str, tuple[datetime, int]] = {}
        """For each of them, the time that its jobs were told, and the log's position then."""

    def begin(
        self, publisher: PublisherAdapter, now: datetime, left_out: set[str]
    ) -> Running | None:
        """Take the due job that comes first; None when there is none to take."""
        busy = self._attempts.accounts()
        held: dict[str, datetime] = {}
        self._check_runner()
        while True:
            self._log.refresh()
            with self._state.lock:
                job = self._state.board.next_due(
                    now,
                    self._expire_after,
                    without_accounts=busy | held.keys(),
                    without_jobs=left_out,
                )
                wait = None
                if job is not None and self._pacing is not None:
                    wait = self._pacing.held_back(job, now)
                    if wait is not None:
                        board, account_id = self._state.board, job.account_id
                        asking = self._pacing.first_to_ask(board, account_id, now, left_out)
                        job, wait = (job, wait) if asking is None else (asking, None)
            if job is None:
                self.held_until = held
                return None
            if wait is not None:
                held[job.account_id] = wait[0]
                self._defer(job.account_id, *wait)
                continue
            claim = self._attempts.claim(job)
            try:
                started = self._handler.change(job.job_id, self._start(publisher))
            except (InvalidTransitionError, JobNotFoundError):
                self._completer.forget(claim)
                left_out.add(job.job_id)  # another process was faster, or the clock went back
                continue
            except BaseException as error:
                self._doubt_claims([claim], error)
                raise
            return self._take(claim, started)

    def begin_all(
        self, publisher: PublisherAdapter, now: datetime, left_out: set[str], room: int
    ) -> list[Running]:
        """Take as many due jobs as there is room for, the first ones first, in one write."""
        if self._pacing is not None or room == 1:
            return self._begin_one_by_one(publisher, now, left_out, room)
        self._check_runner()
        taken: list[Running] = []
        claims: list[Running] = []

        def choose(board: Board, at: datetime) -> list[tuple[str, c.Command]]:
            self._claim_first(board, publisher, now, left_out, room - len(taken), claims)
            return [(claim.job.job_id, self._start(publisher)) for claim in claims]

        while len(taken) < room:
            claims.clear()
            try:
                outcomes = self._handler.change_each(choose)
            except BaseException as error:
                self._doubt_claims([*taken, *claims], error)
                raise
            begun = self._take_all(claims, outcomes, left_out)
            taken += begun
            if len(begun) == len(outcomes):
                break
        return taken

    def _begin_one_by_one(
        self, publisher: PublisherAdapter, now: datetime, left_out: set[str], room: int
    ) -> list[Running]:
        taken: list[Running] = []
        while len(taken) < room:
            try:
                running = self.begin(publisher, now, left_out)
            except BaseException as error:
                self._doubt_claims(taken, error)
                raise
            if running is None:
                break
            taken.append(running)
        return taken

    def end_and_begin(
        self, publisher: PublisherAdapter, running: Running, now: datetime, left_out: set[str]
    ) -> Running | None:
        """Record how an attempt ended and take the next due job, in one write: both are durable
        before the next publisher is called."""
        command = running.end
        assert command is not None
        if self._pacing is not None or running.steps or running.is_unsure:
            # Pacing has to know of this post before it allows another.
            self._completer.record()
            return self.begin(publisher, now, left_out)
        self._check_runner()
        claims: list[Running] = []

        def choose(board: Board, at: datetime) -> list[tuple[str, c.Command]]:
            self._claim_first(board, publisher, now, left_out, 1, claims, ending=running.job.job_id)
            starts = [(claim.job.job_id, self._start(publisher)) for claim in claims]
            return [(running.job.job_id, command), *starts]

        try:
            (_, ended), *rest = self._handler.change_each(choose)
            self._completer.ended(running, command, ended)
            begun = self._take_all(claims, rest, left_out)
        except BaseException as error:
            running.is_unsure = True
            self._doubt_claims(claims, error)
            raise
        return begun[0] if begun else self.begin(publisher, now, left_out)

    def _claim_first(
        self,
        board: Board,
        publisher: PublisherAdapter,
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
        busy = self._attempts.accounts(but=ending)
        # rule: one-of-an-account-at-a-time
        due = board.first_due(
            now, self._expire_after, room, without_accounts=busy, without_jobs=left_out
        )
        claims.extend(map(self._attempts.claim, due))

    def _doubt_claims(self, claims: Iterable[Running], error: BaseException) -> None:
        """Put back the attempts whose write has failed, or one after it: nobody calls their
        publishers, whatever of them is in the log."""
        for claim in claims:
            claim.is_unsure = True
            self._completer.put_back(claim, error)

    def _take_all(
        self,
        claims: list[Running],
        outcomes: Sequence[tuple[str, Outcome]],
        left_out: set[str],
    ) -> list[Running]:
        """Take the claims that have become attempts, and leave the other jobs out."""
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
        claim.job = detached(started)
        claim.begun_s = self._uptime.look()
        return claim

    def _start(self, publisher: PublisherAdapter) -> c.Start:
        return c.Start(
            reconcilable=publisher.reconcilable,
            expire_after=self._expire_after,
            runner=f"pid {self._process_id()}",
        )

    def _defer(self, account_id: str, until: datetime, reason: str) -> None:
        """Tell the due jobs of an account that they are held back: the first of them whenever the
        time changes, those behind it once."""
        if self._deferred.get(account_id) == (until, self._log.seq):
            return
        command = c.Defer(until=until, reason=reason, expire_after=self._expire_after)

        def choose(board: Board, now: datetime) -> list[tuple[str, c.Command]]:
            due = [job for job in board.due_of(account_id) if job.is_ready(now, self._expire_after)]
            return [
                (job.job_id, command)
                for place, job in enumerate(due)
                if job.deferred_until is None or (place == 0 and job.deferred_until != until)
            ]

        self._handler.change_each(choose)
        self._deferred[account_id] = until, self._log.seq
