"""Scheduler: a runner of a ledger.

The facade: what each method promises is said here, and done by its parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Unpack

from ..domain import MAX_RUNNING_MINUTES, Pacing, RetryPolicy, ScheduledJob, StorageError
from ..domain import commands as c
from ..instrumentation import JobsExpired, tell
from ..ledger import Ledger, LedgerOptions, LedgerSettings, MeantChange, tell_of_moving
from .adapter import PublisherAdapter
from .attempt import PostCallback, Publisher
from .completer import OUTCOMES
from .due_run import check_limit
from .failures import FailureHook, OnFailure
from .lease import lease_of
from .ledger_access import LedgerAccess
from .pacing import AccountPacing
from .parts import RunnerParts
from .runs import Runs
from .settings import RunSettings, check_known
from .shared import Making, SharedParts


class Scheduler(Ledger, Making):
    """A Ledger that also runs the jobs: on a directory by one process at a time, on a server by any
    number, each with a lease (docs/scale.md).

    It takes what a Ledger does, but for `read_only`, and what follows. Opening it recovers every
    RUNNING job whose runner is dead. `on_interrupted` says what becomes of an attempt whose
    outcome nobody knows when its publisher cannot be asked: `"retry"` posts again (at least once),
    `"fail"` never does (at most once: then an exception says that nothing was posted only where it
    is `NotPosted`). `concurrency` attempts run at once, never two of one account. A publisher that
    gives no answer in `publish_timeout` (None: it may take as long as it likes; a job may have its
    own) is cancelled or left alone, and its post is in doubt. `ageing`: a due job gains one step of
    priority for each such time that it waits, so that one of low priority is not passed over for
    ever. `preflight` ahead of a post's time the loop asks its publisher, where it has a method of
    that name, whether what the post needs can be had (None: never). `pacing` holds for every
    account that has none of its own in `pacing_by_account`. `grace_s` is how long `stop` waits for
    running attempts, `settle_s` how long a publisher that reported an unknown outcome is left alone
    before it is asked, `error_wait_s` how long the loop waits out an error. When that was a failed
    write (a full disk, say), the loop then reopens the log, and goes on as soon as that succeeds.
    `on_failure` is called for each job that an attempt,
    or its recovery, left FAILED, with the job and, where it takes two arguments, its error: after
    that is durable, in a thread of its own, one after the other; whatever it raises is logged and
    changes nothing. `close` waits up to 10 s for the calls that are left. What it does of itself is
    recorded as caused by `runner:PID`, whatever `by` is.

    Raises:
        SchedulerRunningError: another runner has this ledger; and as `Ledger`.
    """

    _runners: tuple[RunnerParts, ...] = ()
    """What runs the jobs of each chain; none before it is made: `close` works on half of one."""
    _on_failure: FailureHook | None = None

    def __init__(
        self,
        location: str | Path = "jobs",
        *,
        max_running_minutes: float = MAX_RUNNING_MINUTES,
        retry: RetryPolicy = RetryPolicy(),
        on_interrupted: c.OnInterrupted = "retry",
        concurrency: int = 1,
        publish_timeout: timedelta | None = None,
        pacing: Pacing | None = None,
        pacing_by_account: Mapping[str, Pacing] | None = None,
        grace_s: float = 10.0,
        settle_s: float = 60.0,
        error_wait_s: float = 10.0,
        on_failure: OnFailure | None = None,
        ageing: timedelta | None = None,
        preflight: timedelta | None = timedelta(minutes=10),
        **of_ledger: Unpack[LedgerOptions],
    ) -> None:
        check_known(of_ledger)
        settings = RunSettings(
            max_running_minutes=max_running_minutes,
            retry=retry,
            on_interrupted=on_interrupted,
            concurrency=concurrency,
            publish_timeout=publish_timeout,
            pacing=pacing,
            pacing_by_account=pacing_by_account,
            grace_s=grace_s,
            settle_s=settle_s,
            error_wait_s=error_wait_s,
            ageing=ageing,
            preflight=preflight,
        )
        self._on_failure = FailureHook(on_failure)
        self._shared = SharedParts(settings, self._on_failure, self)
        try:
            self._open_runner(LedgerSettings(location=location, **of_ledger), self._shared)
            self._runs = Runs(self._shared, self._runners, self.location, self._check_open)
        except BaseException:
            self.close()
            raise

    def _open_runner(self, of_ledger: LedgerSettings, shared: SharedParts) -> None:
        """Open the ledger, acquire the right to run it, recover. Where it raises, close it."""
        pacing = AccountPacing.of(shared.settings, of_ledger.expire_after)
        self._open(of_ledger, [] if pacing is None else [pacing])
        self._parts = parts = RunnerParts(self._access(), pacing, shared, self.write_behind)
        self._runners = (parts,)
        if shared.settings.ageing is not None:
            self._state.board.let_age(shared.settings.ageing)
        parts.lease.acquire()
        tell_of_moving(self)
        self._metrics.watched = parts.watch
        self._state.on_change.append(parts.loop.wake)
        self._state.on_others.append(parts.loop.find_others)
        self.recover_all_running_jobs()  # rule: orphans-are-recovered

    @classmethod
    def _over_shards(cls) -> type[Ledger] | None:
        from .sharded import ShardedScheduler  # for those who have several chains

        return ShardedScheduler if cls is Scheduler else None

    def _access(self) -> LedgerAccess:
        """Return what of this ledger its runner works with; what it does is recorded as its own."""
        me = f"runner:{self._fs.process_id()}"
        return LedgerAccess(
            log=self._store,
            state=self._state,
            handler=self._handler.acting(me),
            history=self._history,
            lease=lease_of(self._engine, self._place, self._fs.process_id()),
            location=self.location,
            patience=self._patience,
            expire_after=self._expire_after,
            now=self._now,
            is_real_time=self._is_real_time,
            key_of=self.idempotency_key,
            media_path=self.media_path,
            remove_media=self.remove_media,
            expire=lambda: self.acting(me).cleanup_expired_jobs(),
            plan=self.acting(me)._plan,
            next_planning=self._next_planning,
            works_again=self._behind.try_soon,
            is_closed=lambda: self._closed,
            is_let_go=lambda: self._is_let_go,
            check_open=self._check_open,
        )

    # -- starting and stopping -----------------------------------------------------------------

    async def start(self, post_callback: PostCallback | Publisher) -> None:
        """Start the loop in the running event loop and return.

        A loop whose event loop has ended without `stop` is let go of first: its attempts are
        recorded as interrupted.

        Raises:
            SchedulerRunningError: it has been started already, or `run_due` is running.
            StorageError: it is closed.
            ValidationError: the callback is none.
        """
        publisher = PublisherAdapter(post_callback)
        self._check_open("start")
        self._runs.start(publisher)

    async def stop(self) -> None:
        """Stop gracefully: start nothing more, wait `grace_s` for running attempts, cancel the rest
        and record them as interrupted, and bring the daily files up to date.

        A publisher that hangs cannot hold it up. Cancelling this ends the grace time: then it is
        stopped, too. From another event loop, or one in which it was not started, it does the same.
        Awaited by a publisher it asks the loop to end after that, and returns at once. Does nothing
        when the loop does not run.
        """
        await self._runs.stop()

    @property
    def is_running(self) -> bool:
        """Whether the loop runs: it was started, has not ended, and neither has its event loop."""
        return self._runs.is_running

    def run(self, post_callback: PostCallback | Publisher) -> None:
        """Run until SIGTERM, SIGINT or SIGHUP, then stop gracefully: for a daemon.

        A second signal ends it at once, and what is known is recorded. Afterwards the handlers of
        the signals are what they were; an ignored SIGHUP (`nohup`), and a handler of the program's
        own for it, are left alone. Signals are handled only in the main thread; elsewhere
        `stop_soon` ends it. Also within a running event loop, as in a notebook; it blocks there.

        Raises:
            SchedulerRunningError: it runs already.
            JobLedgerError: the loop has ended although nobody asked for it.
            StorageError: it is closed.
        """
        publisher = PublisherAdapter(post_callback)
        self._check_open("run")
        self._runs.run(publisher, self.stop)

    def run_due(self, post_callback: PostCallback | Publisher, limit: int | None = None) -> int:
        """Recover stuck jobs, expire, then run what is due now, best first; return how many ran.

        Each due job gets one attempt, at most `limit` jobs in all; a job that the pacing of its
        account holds back is told so and left. A plain callback runs in the caller's thread, unless
        it has a `publish_timeout`; async ones in an event loop that is the same at every call. Of
        calls in several threads one runs jobs, and the others wait for their turn.

        `stop_soon` ends it when the attempts that run have ended. So do SIGTERM, SIGINT and SIGHUP
        in the main thread, where the program has no handler of its own: it ends with the attempt
        that runs or after `grace_s`, at a second one at once; then SIGINT raises KeyboardInterrupt,
        the others SystemExit.

        Raises:
            SchedulerRunningError: this scheduler has been started; or a publisher calls this.
            StorageError: an end could not be recorded: the next call, `start` or `close` does.
        """
        publisher = PublisherAdapter(post_callback)
        check_limit(limit)
        self._check_open("run_due")
        return self._runs.run_due(publisher, limit)

    @property
    def last_outcomes(self) -> Mapping[str, int]:
        """Count what became of the attempts since the latest `run_due` or `start` began: how many
        `completed`, failed and will be `retried`, `failed` for good, ended `unknown` to anybody,
        were `interrupted` (to be tried or asked again), or were `refused`, because their job had
        gone on without them."""
        every = [each.completer.outcomes for each in self._runners]
        return {name: sum(outcomes[name] for outcomes in every) for name in OUTCOMES}

    def stop_soon(self) -> None:
        """Ask a `run` or `run_due` to end gracefully; return at once.

        From any thread, or a signal handler. Where nothing runs it is kept: the next `run` or
        `run_due` ends as soon as it begins, and has used it up.

        Raises:
            StorageError: it is closed.
        """
        self._check_open("stop_soon")
        self._shared.stop_request.ask()

    def stop_now(self) -> None:
        """Ask a `run` or `run_due` to end at once, giving up the attempts that run, which are
        recorded as interrupted; return at once. As `stop_soon` in all else.

        Raises:
            StorageError: it is closed.
        """
        self._check_open("stop_now")
        self._shared.stop_request.ask_at_once()

    # -- recovery ------------------------------------------------------------------------------

    def recover_all_running_jobs(self) -> int:
        """Recover every RUNNING job that a dead runner left; return how many.

        Opening a Scheduler does it. A job is SCHEDULED with backoff while retries are left, else
        FAILED; of one whose publisher can be asked see docs/lifecycle.md, "In doubt".
        """
        return sum(runner.rescuer.recover_all() for runner in self._runners)

    def recover_stuck_jobs(self, max_running_minutes: float | None = None) -> int:
        """Recover every job RUNNING longer than that (None: the setting); return how many.

        What counts is the time in which this process ran, not what passes while it is stopped or
        its machine asleep; by a clock of your own it is that clock's time. A RUNNING job that this
        process is not running itself is recovered whatever its time if its runner is dead.
        """
        return sum(each.rescuer.recover_stuck(max_running_minutes) for each in self._runners)

    def cleanup_expired_jobs(self) -> int:
        """Mark the PENDING and SCHEDULED jobs that are too late as EXPIRED; return how many."""
        count = super().cleanup_expired_jobs()
        if count:
            tell(JobsExpired(count=count))
        return count

    def _change(
        self, job_id: str, command: c.Command, version: int | None = None
    ) -> ScheduledJob | None:
        """As any change; but what is known of a job's attempt goes before anything else of it."""
        for each in self._runners:
            each.rescuer.settle_those([job_id])
        return super()._change(job_id, command, version)

    def _change_all(self, changes: Sequence[MeantChange]) -> None:
        for runner in self._runners:
            runner.rescuer.settle_those(meant.job_id for meant in changes)
        super()._change_all(changes)

    # -- letting go ----------------------------------------------------------------------------

    def leave_alone_s(self, takes_s: float) -> float:
        """For the background thread: a job that is about to start, or has just done so, is not to
        wait for files, nor for the disk that is busy with them."""
        return max((runner.loop.leave_alone_s(takes_s) for runner in self._runners), default=0.0)

    def _abandon(self) -> None:
        super()._abandon()
        for runner in self._runners:
            runner.abandon()

    def _is_inside(self) -> bool:
        return super()._is_inside() or any(each.completer.is_inside() for each in self._runners)

    def close(self) -> None:
        """As `Ledger.close`; then wait up to 10 s for the calls of `on_failure` that are left.

        Raises:
            StorageError: as `Ledger.close`.
        """
        try:
            super().close()
        finally:
            # Else a thread closes, and waits for them.
            if self._on_failure is not None and not self._is_inside():
                self._on_failure.close()

    def _let_go(self) -> None:
        """Let go of the ledger and of the runner lock. A loop that was not stopped is ended at
        once, and so is a `run_due` of another thread: running attempts are recorded as interrupted.

        How attempts ended that could not be recorded is recorded now, or logged as an error: there
        is nobody left afterwards who knows it.
        """
        for runner in self._runners:
            runner.end()
        try:
            super()._let_go()
        finally:
            for runner in self._runners:
                runner.release()

    def _check_open(self, what: str) -> None:
        """Check that it is open, for `what`.

        Raises:
            StorageError: this scheduler is closed, or was another process's before a fork.
        """
        self._store.check_not_forked()
        if self._closed:
            raise StorageError(
                f"{what}: the scheduler of {self.location} is closed",
                path=self.location,
                hint="open another one",
            )
