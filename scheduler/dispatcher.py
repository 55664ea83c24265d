"""The dispatcher: which due jobs are taken, and when; what starts together is one write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ..domain import InvalidTransitionError, JobNotFoundError, JobStatus, ScheduledJob, detached
from ..domain import commands as c
from ..ledger import Outcome
from ..projections import Board
from .account_holds import AccountHolds, Wait
from .adapter import PublisherAdapter
from .completer import Completer
from .ledger_access import LedgerAccess
from .pacing import AccountPacing
from .running import Running, RunningAttempts
from .uptime import Uptime


class Dispatcher:
    """Takes the due jobs that come first, never two of one account.

    `pacing` is None where no account has one. Where other runners run jobs of the ledger, too, what
    is taken is decided while nobody else can take anything.
    """

    def __init__(
        self,
        ledger: LedgerAccess,
        attempts: RunningAttempts,
        completer: Completer,
        pacing: AccountPacing | None,
        holds: AccountHolds,
        uptime: Uptime,
    ) -> None:
        self._log = ledger.log
        self._state = ledger.state
        self._handler = ledger.handler
        self._lease = ledger.lease
        self._attempts = attempts
        self._completer = completer
        self._pacing = pacing
        self._holds = holds
        self._uptime = uptime
        self._expire_after = ledger.expire_after
        self.held_until: dict[str, datetime] = {}
        """The accounts that were held back when a job was last looked for, and until when."""
        self._deferred: dict[str, tuple[datetime, int]] = {}
        """For each of them, the time that its jobs were told, and the log's position then."""

    def has_due(self, now: datetime) -> bool:
        """Say whether a job is due that may be begun, as far as is known."""
        held = {account_id for account_id, until in self.held_until.items() if until > now}
        with self._state.lock:
            board = self._state.board
            busy = {job.account_id for job in board.of_status(JobStatus.RUNNING)}
            busy |= self._attempts.accounts() | held
            return board.next_due(now, self._expire_after, without_accounts=busy) is not None

    def begin(
        self, publisher: PublisherAdapter, now: datetime, left_out: set[str]
    ) -> Running | None:
        """Take the due job that comes first; None when there is none to take."""
        if self._lease.is_shared:
            begun = self._begin_beside_others(publisher, now, left_out, 1)
            return begun[0] if begun else None
        busy = self._attempts.accounts()
        held = {account_id: wait[0] for account_id, wait in self._holds.held(now).items()}
        self._lease.check()
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
                    job, wait = self._paced(self._pacing, job, now, left_out)
            if job is None:
                self._tell_held(now)
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

    def _paced(
        self, pacing: AccountPacing, job: ScheduledJob, now: datetime, left_out: set[str]
    ) -> tuple[ScheduledJob, Wait | None]:
        """Return what of the job's account may be begun; with the wait, if it has to."""
        wait = pacing.held_back(job, now)  # rule: pacing-over-all-runners
        if wait is None:
            return job, None
        asking = pacing.first_to_ask(self._state.board, job.account_id, now, left_out)
        return (job, wait) if asking is None else (asking, None)

    def _begin_beside_others(
        self,
        publisher: PublisherAdapter,
        now: datetime,
        left_out: set[str],
        room: int,
        ending: Running | None = None,
    ) -> list[Running]:
        """Take as many due jobs as there is room for while no other runner can take any. With
        `ending`, whose end is known, that is recorded in the same write."""
        self._lease.check()
        claims: list[Running] = []
        held: dict[str, Wait] = {}
        ended = None if ending is None else ending.job.job_id
        ends = [] if ending is None or ending.end is None else [(ending.job.job_id, ending.end)]

        def choose(board: Board, at: datetime) -> list[tuple[str, c.Command]]:
            self._forget_all(claims)
            held.clear()
            held.update(self._holds.held(now))
            running = board.of_status(JobStatus.RUNNING)
            # rule: one-of-an-account-over-all-runners
            busy = {job.account_id for job in running if job.job_id != ended}
            busy |= self._attempts.accounts(but=ended)
            while len(claims) < room:
                job = board.next_due(
                    now,
                    self._expire_after,
                    without_accounts=busy | held.keys(),
                    without_jobs=left_out,
                )
                if job is None:
                    break
                wait = None
                if self._pacing is not None:
                    job, wait = self._paced(self._pacing, job, now, left_out)
                if wait is not None:
                    held[job.account_id] = wait
                    continue
                busy.add(job.account_id)
                claims.append(self._attempts.claim(job))
            return [*ends, *((claim.job.job_id, self._start(publisher)) for claim in claims)]

        try:
            # rule: taken-while-nobody-else-can
            outcomes = self._handler.change_each(choose, alone=True)
            if ending is not None:
                for (_, command), (_, outcome) in zip(ends, outcomes, strict=False):
                    self._completer.ended(ending, command, outcome)
        except BaseException as error:
            if ending is not None:
                ending.is_unsure = True
            self._doubt_claims(claims, error)
            raise
        begun = self._take_all(claims, outcomes[len(ends) :], left_out)
        self.held_until = {account_id: wait[0] for account_id, wait in held.items()}
        for account_id, wait in held.items():
            self._defer(account_id, *wait)
        return begun

    def begin_all(
        self, publisher: PublisherAdapter, now: datetime, left_out: set[str], room: int
    ) -> list[Running]:
        """Take as many due jobs as there is room for, the first ones first, in one write."""
        if self._lease.is_shared:
            return self._begin_beside_others(publisher, now, left_out, room)
        if self._pacing is not None or room == 1:
            return self._begin_one_by_one(publisher, now, left_out, room)
        self._lease.check()
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
        self._tell_held(now)
        return taken

    def give_back(self, begun: Iterable[Running]) -> None:
        """Put back what was begun and nobody makes: whoever wanted to is not there any more.

        Raises: as `Completer.record`; then it is kept.
        """
        error = RuntimeError("the loop was ended before")
        for running in begun:
            # rule: taken-by-nobody-is-put-back
            if running.end is None:  # else somebody has seen to it
                self._attempts.by_job.setdefault(running.job.job_id, running)
                self._completer.put_back(running, error)
        self._completer.record()

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
        if self._lease.is_shared:
            taken = self._begin_beside_others(publisher, now, left_out, 1, running)
            return taken[0] if taken else self.begin(publisher, now, left_out)
        self._lease.check()
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
        self._forget_all(claims)
        busy = self._attempts.accounts(but=ending) | self._holds.held(now).keys()
        # rule: one-of-an-account-at-a-time
        due = board.first_due(
            now, self._expire_after, room, without_accounts=busy, without_jobs=left_out
        )
        claims.extend(map(self._attempts.claim, due))

    def _forget_all(self, claims: list[Running]) -> None:
        while claims:
            self._completer.forget(claims.pop())

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
            runner=self._lease.runner,
        )

    def _tell_held(self, now: datetime) -> None:
        """Tell the jobs of accounts for which nothing can be posted, as the last look found them
        due."""
        held = self._holds.held(now)
        for account_id, wait in held.items():
            self._defer(account_id, *wait)
        self.held_until = {account_id: wait[0] for account_id, wait in held.items()}

    def _defer(self, account_id: str, until: datetime, reason: str) -> None:
        """Tell the due jobs of an account that they are held back: the first of them whenever the
        time changes, those behind it once."""
        if self._deferred.get(account_id) == (until, self._log.seq):
            return
        command = c.Defer(until=until, reason=reason, expire_after=self._expire_after)

        def choose(board: Board, now: datetime) -> list[tuple[str, c.Command]]:
            board.next_due(now, self._expire_after)  # what is due since the last look is told, too
            due = [job for job in board.due_of(account_id) if job.is_ready(now, self._expire_after)]
            return [
                (job.job_id, command)
                for place, job in enumerate(due)
                if not job.is_held_back or (place == 0 and job.deferred_until != until)
            ]

        self._handler.change_each(choose)
        self._deferred[account_id] = until, self._log.seq
