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
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ..domain import commands as c
from ..domain.policy import EXPIRE_AFTER, MAX_RUNNING_MINUTES, Pacing, RetryPolicy
from ..eventstore.filesystem import FileSystem
from ..eventstore.position import Position
from ..eventstore.store import Durability
from ..projections.pace import Pace
from ..projections.projection import Change
from ..projections.rebuild import Progress
from ..projections.snapshot import Snapshot, SnapshotError
from ..projections.stored import ProjectionFactory
from .attempt import Port, PostCallback, Publisher
from .attempting import Running
from .calls import run_in_own_loop
from .clock import Clock
from .failures import FailureHook, OnFailure
from .log import logger
from .lookout import Lookout
from .runner_lock import RunnerLock
from .settings import RunSettings
from .uniqueness import Unique
from .waiting import Waiting

CANCEL_S = 1.0
"""How long `stop` waits for an async publisher that was cancelled to clean up."""


class Scheduler(Waiting):
    """A Ledger that also runs the jobs; only one process at a time can have it open.

    Opening it recovers every RUNNING job, since its runner is dead. `on_interrupted` says what
    becomes of an attempt whose outcome nobody knows when its publisher cannot be asked: `"retry"`
    posts again (at least once), `"fail"` never does (at most once). `concurrency` attempts run at
    once, never two of one account. A publisher that gives no answer in `publish_timeout` (None: it
    may take as long as it likes; a job may have its own) is cancelled or left alone, and its post
    is in doubt. `pacing` holds for every account that has none of its own in `pacing_by_account`.
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
        )
        self._on_failure = FailureHook(on_failure)
        reach = self._settings.reach
        self._pace = None if reach is None else Pace(reach)
        self._held_until: dict[str, datetime] = {}
        self._deferred: dict[str, tuple[datetime, int]] = {}
        self._running: dict[str, Running] = {}
        self._endings = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_task: asyncio.Task[None] | None = None
        self._wakeup: asyncio.Event | None = None
        self._lookout = Lookout()
        self._stopping = False
        self._end_run: Callable[[], object] = lambda: None
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
            self._runner_lock = RunnerLock(self._fs, self.directory)
            self._listeners.append(self._wake)
            self.recover_all_running_jobs()  # rule: orphans-are-recovered
        except BaseException:
            self.close()
            raise

    # -- the loop ------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the loop runs."""
        return self._loop_task is not None

    async def start(self, post_callback: PostCallback | Publisher) -> None:
        """Start the loop in the running event loop and return.

        Raises:
            SchedulerRunningError: it has been started already.
            ValidationError: the callback is none.
        """
        port = Port(post_callback)
        self._check_not_started()
        logger()  # imports structlog, which would be felt by the job after the first
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._wakeup = asyncio.Event()
        self._loop_task = asyncio.create_task(self._run_loop(port), name="jobledger-loop")

    async def stop(self) -> None:
        """Stop gracefully: start nothing more, wait `grace_s` for running attempts, cancel the rest
        and record them as interrupted, and bring the daily files up to date.

        A publisher that hangs cannot hold it up. Does nothing when the loop does not run.
        """
        task = self._loop_task
        if task is None:
            return
        self._stopping = True
        self._wake()
        await asyncio.wait([task], timeout=self._settings.grace_s)
        task.cancel()
        left = list(self._running.values())
        if left:
            _cancel_all(self._tasks())
            await asyncio.wait(self._tasks(), timeout=min(self._settings.grace_s, CANCEL_S))
        self._loop_task = None
        self._loop = None
        self._log_failures()
        self._give_up(left)
        self.write_behind()

    def run(self, post_callback: PostCallback | Publisher) -> None:
        """Run until SIGTERM or SIGINT, then stop gracefully: for a daemon.

        Signals are handled only in the main thread; elsewhere end it by `stop_soon`.
        """
        Port(post_callback)
        self._check_not_started()
        run_in_own_loop(self._run_until_signal(post_callback))

    async def _run_until_signal(self, post_callback: PostCallback | Publisher) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        handled = (signal.SIGTERM, signal.SIGINT)
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread:
            for number in handled:
                loop.add_signal_handler(number, ended.set)
        try:
            await self.start(post_callback)
            logger(directory=str(self.directory), pid=os.getpid()).info("scheduler running")
            self._end_run = lambda: loop.call_soon_threadsafe(ended.set)
            await ended.wait()
            logger(directory=str(self.directory)).info("scheduler stopping")
        finally:
            self._end_run = lambda: None
            await self.stop()
            if in_main_thread:
                for number in handled:
                    loop.remove_signal_handler(number)

    def stop_soon(self) -> None:
        """End a `run` of another thread, gracefully; returns at once."""
        self._end_run()

    async def _run_loop(self, port: Port) -> None:
        while not self._stopping:
            try:
                await self._turn(port)
            except Exception as error:  # noqa: BLE001 - whatever it was, the loop goes on
                logger(wait_s=self._settings.error_wait_s).error(
                    "error in the loop", error=repr(error)
                )
                await self._pause(self._settings.error_wait_s)
        # Stopping: what is running may end by itself; `stop` bounds the wait.
        while self._tasks():
            await asyncio.wait(self._tasks())
            self._log_failures()

    def _log_failures(self) -> None:
        while True:
            try:
                self._collect()
            except Exception as error:  # noqa: BLE001 - it is logged, and recovered when reopened
                logger().error("the end of an attempt could not be recorded", error=repr(error))
            else:
                return

    async def _turn(self, port: Port) -> None:
        assert self._wakeup is not None
        self._wakeup.clear()
        self._lookout.turn()
        self._collect()
        if self._store.is_poisoned:
            self._store.reopen()
            self.recover_all_running_jobs()
            logger().warning("the log was reopened after a failed write")
        self.recover_stuck_jobs()
        self.cleanup_expired_jobs()
        self._fence()
        left_out: set[str] = set()
        room = 0 if self._stopping else self._settings.concurrency - len(self._running)
        for running in self._begin_all(port, self._now(), left_out, room) if room > 0 else ():
            running.task = asyncio.create_task(self._run_async(port, running.job))
            running.task.add_done_callback(lambda _: self._wake())
        await asyncio.sleep(0)  # what has started is called before anything else is thought of
        await self._sleep(again_soon=bool(left_out))

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
        if self._runner_lock is not None:
            self._runner_lock.release()

    def _let_go(self) -> None:
        """Close, and let go of the runner lock. A loop that was not stopped is ended at once: its
        running attempts are recorded as interrupted."""
        loop, task = self._loop, self._loop_task
        if task is not None and loop is not None:
            self._stopping = True
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)
                loop.call_soon_threadsafe(_cancel_all, self._tasks())
        self._give_up(list(self._running.values()))
        try:
            super()._let_go()
        finally:
            if self._runner_lock is not None:
                self._runner_lock.release()
            self._on_failure.close()


def _cancel_all(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
