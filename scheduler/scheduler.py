"""Scheduler: the one runner of a ledger.

The loop expires what is too late, recovers what is stuck, starts the due job that comes first, and
sleeps until the next due time, a change of the log by any process, or stop. It looks at the clock
and at the log's head again at least ten times a second, so a suspended machine, a clock that jumps
and another process's change are all noticed at once. Files that can wait are not written just
before a job is due.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ..domain.errors import JobLedgerError
from ..domain.job import commands as c
from ..domain.policy import EXPIRE_AFTER, MAX_RUNNING_MINUTES, Pacing, RetryPolicy
from ..eventstore.filesystem import FileSystem
from ..eventstore.position import Position
from ..eventstore.store import Durability
from ..instrumentation.log import logger
from ..instrumentation.telling import Repeated
from ..ledger.clock import Clock
from ..ledger.runner_lock import RunnerLock
from ..ledger.uniqueness import Unique
from ..projections.pace import Pace
from ..projections.projection import Change
from ..projections.rebuild import Progress
from ..projections.snapshot import Snapshot, SnapshotError
from ..projections.stored import ProjectionFactory
from .attempt import Port, PostCallback, Publisher
from .attempting import RecorderOf
from .calls import NotCalledError, can_start_threads
from .completer import Completer
from .failures import FailureHook, OnFailure
from .gate import Gate
from .lookout import Lookout
from .own_loop import CANCEL_S, OwnLoop
from .running import Running
from .runs import LOOK_EVERY_S, cancel_anywhere
from .settings import RunSettings
from .signals import StopSignals
from .stopping import Interrupted, Stop, StopRequest
from .uptime import Uptime
from .waiting import Waiting

_KEPT_WAIT_S = 1.0
"""The longest that an error is waited out while the end of an attempt is to be recorded."""


class Scheduler(Waiting):
    """A Ledger that also runs the jobs; only one process at a time can have it open.

    Opening it recovers every RUNNING job, since its runner is dead. `on_interrupted` says what
    becomes of an attempt whose outcome nobody knows when its publisher cannot be asked: `"retry"`
    posts again (at least once), `"fail"` never does (at most once: then an exception says that
    nothing was posted only where it is `NotPosted`). `concurrency` attempts run at once, never two
    of one account. A publisher that gives no answer in `publish_timeout` (None: it
    may take as long as it likes; a job may have its own) is cancelled or left alone, and its post
    is in doubt. `ageing`: a due job gains one step of priority for each such time that it waits, so
    that one of low priority is not passed over for ever. `pacing` holds for every account that has
    none of its own in `pacing_by_account`.
    `grace_s` is how long `stop` waits for running attempts,
    `settle_s` how long a publisher that reported an unknown outcome is left alone before it is
    asked, `error_wait_s` how long the loop waits out an error. When that was a failed write (a full
    disk, say), the loop then reopens the log, and goes on as soon as that succeeds.
    `on_failure` is called for each job that an attempt, or its recovery, left FAILED, with the job
    and, where it takes two arguments, its error: after that is durable, in a thread of its own, one
    after the other; whatever it raises is logged and changes nothing. `close` waits up to 10 s for
    the calls that are left.

    Raises:
        SchedulerRunningError: another runner has this ledger; and as `Ledger`.
    """

    def __init__(
        self,
        directory: str | Path = "jobs",
        *,
        timezone: str | ZoneInfo | None = None,
        durability: Durability = "fsync",
        clock: Clock | None = None,
        expire_after: timedelta = EXPIRE_AFTER,
        max_running_minutes: float = MAX_RUNNING_MINUTES,
        retry: RetryPolicy = RetryPolicy(),
        on_interrupted: c.OnInterrupted = "retry",
        concurrency: int = 1,
        publish_timeout: timedelta | None = None,
        pacing: Pacing | None = None,
        pacing_by_account: Mapping[str, Pacing] | None = None,
        unique: Unique = False,
        grace_s: float = 10.0,
        settle_s: float = 60.0,
        error_wait_s: float = 10.0,
        on_failure: OnFailure | None = None,
        ageing: timedelta | None = None,
        projections: Iterable[ProjectionFactory] = (),
        allow_network: bool = False,
        use_snapshot: bool = True,
        progress: Progress = lambda done, total: None,
        fs: FileSystem | None = None,
    ) -> None:
        self._closed = True
        self._settings = RunSettings(
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
        )
        self._on_failure = FailureHook(on_failure)
        reach = self._settings.reach
        self._pace = None if reach is None else Pace(reach)
        self._held_until: dict[str, datetime] = {}
        self._deferred: dict[str, tuple[datetime, int]] = {}
        self._running: dict[str, Running] = {}
        self._completer = Completer(self._running, RecorderOf(self), self._on_failure)
        self._uptime = Uptime()
        self._gate = Gate(lambda: self.is_running)
        self._stop_request = StopRequest()
        self._own_loop = OwnLoop(lambda: self._new_loop())
        self._no_thread: NotCalledError | None = None
        self._not_called = 0
        self._is_recording_soon = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_task: asyncio.Task[None] | None = None
        self._wakeup: asyncio.Event | None = None
        self._lookout = Lookout()
        self._trouble = Repeated("error in the loop", again="the loop works again")
        self._stopping = False
        self._hurry: asyncio.Event | None = None
        self._runner_lock: RunnerLock | None = None
        super().__init__(
            directory,
            timezone=timezone,
            durability=durability,
            clock=clock,
            expire_after=expire_after,
            unique=unique,
            projections=projections,
            allow_network=allow_network,
            use_snapshot=use_snapshot,
            progress=progress,
            fs=fs,
        )
        try:
            if ageing is not None:
                self._board.let_age(ageing)
            self._runner_lock = RunnerLock(self._fs, self.directory)
            self._runner_lock.acquire()
            self._listeners.append(self._wake)
            self.recover_all_running_jobs()  # rule: orphans-are-recovered
        except BaseException:
            self.close()
            raise

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
        port = Port(post_callback)
        self._check_open("start")
        task, loop = self._loop_task, self._loop
        if task is not None and loop is not None and not loop.is_running():
            self._end_loop(task)
        with self._gate.shut("start"):
            self._start_loop(port)

    def _start_loop(self, port: Port) -> None:
        loop = asyncio.get_running_loop()
        logger()  # imports structlog, which would be felt by the job after the first
        if self._loop_task is not None:
            cancel_anywhere(self._loop_task)
        self._let_go_of_dead_loops()
        self._stopping = self._is_recording_soon = False
        self._no_thread = None
        self._completer.outcomes.clear()
        self._loop = loop
        self._wakeup, self._hurry = asyncio.Event(), asyncio.Event()
        work = self._run_loop(port)
        try:
            self._loop_task = asyncio.create_task(work, name="jobledger-loop")
        except BaseException:
            work.close()
            raise
        self._loop_task.add_done_callback(self._loop_has_ended)

    async def stop(self) -> None:
        """Stop gracefully: start nothing more, wait `grace_s` for running attempts, cancel the rest
        and record them as interrupted, and bring the daily files up to date.

        A publisher that hangs cannot hold it up. Cancelling this ends the grace time: then it is
        stopped, too. From another event loop, or one in which it was not started, it does the same.
        Awaited by a publisher it asks the loop to end after that, and returns at once. Does nothing
        when the loop does not run.
        """
        task, loop = self._loop_task, self._loop
        if task is None or loop is None:
            return
        self._stopping = True
        self._wake()
        if self._gate.is_inside:
            return
        self._patience.hurry()
        try:
            if loop is asyncio.get_running_loop():
                await self._stop_here(task)
            elif loop.is_running():
                await self._stop_elsewhere(task, loop)
            else:
                self._end_loop(task)
            self.write_behind()
        finally:
            if not self._closed:
                self._patience.calm_down()

    async def _stop_here(self, task: asyncio.Task[None]) -> None:
        assert self._hurry is not None
        hurried = asyncio.ensure_future(self._hurry.wait())
        grace_s = self._settings.grace_s
        try:
            await asyncio.wait(
                [task, hurried], timeout=grace_s, return_when=asyncio.FIRST_COMPLETED
            )
            task.cancel()
            await self._cancel_all(grace_s)
        finally:
            hurried.cancel()
            self._end_loop(task)

    async def _stop_elsewhere(
        self, task: asyncio.Task[None], loop: asyncio.AbstractEventLoop
    ) -> None:
        stopping = asyncio.run_coroutine_threadsafe(self._stop_here(task), loop)
        longest_s = self._settings.grace_s + 2 * CANCEL_S
        try:
            await asyncio.wait([asyncio.wrap_future(stopping)], timeout=longest_s)
        finally:
            self._end_loop(task)  # also where that event loop is blocked, or has ended meanwhile

    def _end_loop(self, task: asyncio.Task[None]) -> None:
        """What stopping comes to, whatever has become of the event loop."""
        if self._loop_task is task:
            self._loop_task = self._loop = None
            cancel_anywhere(task)
            self._give_up("the scheduler was stopped")

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
        port = Port(post_callback)
        self._check_open("run")
        request, grace_s = self._stop_request, self._settings.grace_s
        longest_s = grace_s + 2 * CANCEL_S  # then it is not stopping that takes so long
        with (
            StopSignals(request.ask, request.ask_at_once, longest_s, of_program=True),
            request.seen() as stop,
            self._hurrying(),
            self._gate.entered("run"),
        ):
            try:
                self._own_loop.run(self._run_until_asked(port, stop), lambda: stop.is_at_once)
            except Interrupted:
                logger().warning("a publisher was interrupted, or left alone")
            finally:
                self._stopping = True
                if self._loop_task is not None:
                    self._end_loop(self._loop_task)

    async def _run_until_asked(self, port: Port, stop: Stop) -> None:
        if stop.is_asked:
            return
        self._start_loop(port)
        task, loop = self._loop_task, asyncio.get_running_loop()
        assert task is not None
        asked = asyncio.Event()

        def wake() -> None:
            self._stopping = True  # from here on nothing is begun, also where the loop is blocked
            with suppress(RuntimeError):  # the loop is closed: it has ended
                loop.call_soon_threadsafe(self._see, stop, asked)

        with self._stop_request.waking(wake):
            if stop.is_asked:
                wake()  # it was, between looking and listening
            waiting = asyncio.ensure_future(asked.wait())
            try:
                logger(directory=str(self.directory), pid=os.getpid()).info("scheduler running")
                await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
                logger(directory=str(self.directory)).info("scheduler stopping")
            finally:
                waiting.cancel()
                was_ended = task.done() and not self._stopping
                await self.stop()
        if was_ended:
            raise JobLedgerError("the loop has ended by itself", hint="start it again") from (
                None if task.cancelled() else task.exception()
            )

    def _see(self, stop: Stop, asked: asyncio.Event) -> None:
        if stop.is_asked:
            asked.set()
        if stop.is_at_once and self._hurry is not None:
            self._hurry.set()

    def stop_soon(self) -> None:
        """End a `run` or `run_due` gracefully; returns at once.

        From any thread, or a signal handler. Where nothing runs it is kept: the next `run` or
        `run_due` ends as soon as it begins, and has used it up.

        Raises:
            StorageError: it is closed.
        """
        self._check_open("stop_soon")
        self._stop_request.ask()

    # -- the loop ------------------------------------------------------------------------------

    async def _run_loop(self, port: Port) -> None:
        trouble: BaseException | None = None
        while not self._stopping:
            try:
                if trouble is not None:
                    error, trouble = trouble, None
                    await self._sit_out(error)
                else:
                    await self._turn(port)
            except (KeyboardInterrupt, SystemExit, GeneratorExit):
                raise  # the program, or its event loop, is to end
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                trouble = error  # of somebody else: nobody has cancelled this
            except BaseException as error:  # noqa: BLE001 - whatever it was, the loop goes on
                trouble = error
                await asyncio.sleep(0)
        # Stopping: what is running may end by itself, and be recorded; `stop` bounds the wait.
        while self._running:
            failure = self._settle_and_fence()
            await self._wait_for_an_end()
            if failure is not None:
                await asyncio.sleep(LOOK_EVERY_S)

    async def _sit_out(self, error: BaseException) -> None:
        # What is known and not written is not left lying for longer than it has to be.
        longest_s = _KEPT_WAIT_S if self._completer.kept else inf
        wait_s = min(self._settings.error_wait_s, longest_s)
        self._trouble.failed(error, wait_s=wait_s)
        await self._pause(wait_s)

    def _loop_has_ended(self, task: asyncio.Task[None]) -> None:
        if self._stopping or self._loop_task is not task:
            return
        if task.cancelled():  # by whoever ends its event loop, as `asyncio.run` does
            logger().warning("the loop was cancelled; start it again if jobs are to be run")
        else:
            logger().error("the loop has ended", error=task.exception())

    async def _turn(self, port: Port) -> None:
        assert self._wakeup is not None
        self._wakeup.clear()
        self._lookout.turn()
        self._settle()
        self.recover_stuck_jobs()
        self.cleanup_expired_jobs()
        self._fence()
        left_out: set[str] = set()
        room = 0 if self._stopping else self._settings.concurrency - len(self._running)
        if room > 0:
            self._check_threads()
            self._launch(port, self._begin_all(port, self._now(), left_out, room))
        self._trouble.worked()
        await asyncio.sleep(0)  # what has started is called before anything else is thought of
        await self._sleep(again_soon=bool(left_out))

    def _check_threads(self) -> None:
        """Begin nothing that could not be gone on with: after a publisher could not be called for
        want of a thread.

        Raises:
            NotCalledError: it could not be called now either.
        """
        missing = self._no_thread
        if missing is not None and not can_start_threads():
            raise NotCalledError(missing.message, hint=missing.hint)
        self._no_thread = None

    def _who_follows(self) -> list[Callable[[Change], object]]:
        followers = super()._who_follows()
        return followers if self._pace is None else [*followers, self._pace.apply]

    def _check_fits(self, snapshot: Snapshot) -> None:
        super()._check_fits(snapshot)
        known = snapshot.pace
        if self._pace is not None and (
            known is None or not self._pace.reaches(known)  # rule: snapshot-reaches-back
        ):
            raise SnapshotError(
                "it does not say when the accounts posted, which pacing has to know"
            )

    def _capture(self, position: Position) -> Snapshot:
        pace = None if self._pace is None else self._pace.capture()
        return msgspec.structs.replace(super()._capture(position), pace=pace)

    def _restore(self, snapshot: Snapshot) -> None:
        super()._restore(snapshot)
        if self._pace is not None and snapshot.pace is not None:
            self._pace.restore(snapshot.pace)  # rule: pacing-goes-on

    # -- letting go ----------------------------------------------------------------------------

    def _check_runner(self) -> None:
        if self._runner_lock is not None:
            self._runner_lock.check()

    def _abandon(self) -> None:
        super()._abandon()
        self._stopping = True
        self._own_loop.abandon()
        if self._runner_lock is not None:
            self._runner_lock.abandon()

    def _is_inside(self) -> bool:
        return super()._is_inside() or self._completer.is_inside()

    def close(self) -> None:
        """As `Ledger.close`; then wait up to 10 s for the calls of `on_failure` that are left.

        Raises:
            StorageError: as `Ledger.close`.
        """
        try:
            super().close()
        finally:
            if not self._is_inside():  # else a thread closes, and waits for them
                self._on_failure.close()

    def _let_go(self) -> None:
        """Let go of the ledger and of the runner lock. A loop that was not stopped is ended at
        once, and so is a `run_due` of another thread: running attempts are recorded as interrupted.

        How attempts ended that could not be recorded is recorded now, or logged as an error: there
        is nobody left afterwards who knows it.
        """
        self._stopping = True
        if self._loop_task is not None:
            self._end_loop(self._loop_task)
        else:
            self._give_up("the scheduler was closed")
        self._completer.tell_lost()
        try:
            super()._let_go()
        finally:
            self._own_loop.close()
            if self._runner_lock is not None:
                self._runner_lock.release()
