"""The loop: starts what is due, at its time, and what follows from that.

It expires what is too late, recovers what is stuck, starts the due jobs that come first, and sleeps
until the next due time, a change of the log by any process, or stop. It looks at the clock and at
the log's head again at least ten times a second, so a suspended machine, a clock that jumps and
another process's change are all noticed at once. Files that can wait are not written just before a
job is due.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

from ..domain.errors import JobLedgerError
from ..eventstore.store import EventStore
from ..instrumentation.log import logger
from ..instrumentation.telling import Repeated
from ..ledger.state import State
from .attempt import PublisherAdapter
from .attempt_runner import LOOK_EVERY_S, AttemptRunner
from .completer import Completer
from .dispatcher import Dispatcher
from .own_loop import CANCEL_S, cancel_anywhere
from .rescuer import Rescuer
from .running import RunningAttempts
from .settings import RunSettings
from .stop_request import Stop, StopRequest
from .timing import EARLY_S, LoopTiming
from .uptime import Uptime

_KEPT_WAIT_S = 1.0
"""The longest that an error is waited out while the end of an attempt is to be recorded."""


class Loop:
    """The loop of one scheduler, in whatever event loop it is started.

    `expire` marks the jobs that are too late. With `is_real_time` a due time is met to the
    millisecond, by waiting for the last of them; another clock may stand still.
    """

    def __init__(
        self,
        log: EventStore,
        state: State,
        dispatcher: Dispatcher,
        runner: AttemptRunner,
        attempts: RunningAttempts,
        completer: Completer,
        rescuer: Rescuer,
        settings: RunSettings,
        uptime: Uptime,
        *,
        directory: Path,
        now: Callable[[], datetime],
        is_real_time: bool,
        expire_after: timedelta,
        expire: Callable[[], int],
    ) -> None:
        self._log = log
        self._state = state
        self._dispatcher = dispatcher
        self._runner = runner
        self._attempts = attempts
        self._completer = completer
        self._rescuer = rescuer
        self._settings = settings
        self._uptime = uptime
        self._directory = directory
        self._now = now
        self._is_real_time = is_real_time
        self._expire_after = expire_after
        self._expire = expire
        self._timing = LoopTiming()
        self._trouble = Repeated("error in the loop", again="the loop works again")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._wakeup: asyncio.Event | None = None
        self._hurry: asyncio.Event | None = None
        self.is_stopping = False
        """From here on nothing is begun."""

    # -- starting and stopping -----------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the loop runs: it was started, has not ended, and neither has its event loop."""
        task, loop = self._task, self._loop
        return task is not None and not task.done() and loop is not None and not loop.is_closed()

    def let_go_of_a_dead_one(self) -> None:
        """Where its event loop has ended without `stop`, its attempts are interrupted."""
        task, loop = self._task, self._loop
        if task is not None and loop is not None and not loop.is_running():
            self._end(task)

    def start(self, publisher: PublisherAdapter) -> None:
        """Start in the running event loop."""
        loop = asyncio.get_running_loop()
        logger()  # imports structlog, which would be felt by the job after the first
        if self._task is not None:
            cancel_anywhere(self._task)
        self._runner.let_go_of_dead_loops()
        self.is_stopping = False
        self._runner.begin()
        self._loop = loop
        self._wakeup, self._hurry = asyncio.Event(), asyncio.Event()
        work = self._run(publisher)
        try:
            self._task = asyncio.create_task(work, name="jobledger-loop")
        except BaseException:
            work.close()
            raise
        self._task.add_done_callback(self._has_ended)

    def begin_to_stop(self) -> bool:
        """Begin nothing more; return whether it was running, or was left running."""
        if self._task is None or self._loop is None:
            return False
        self.is_stopping = True
        self.wake()
        return True

    async def stop(self) -> None:
        """Wait for what runs, as long as it may take, and cancel the rest; from any event loop."""
        task, loop = self._task, self._loop
        if task is None or loop is None:
            return
        if loop is asyncio.get_running_loop():
            await self._stop_here(task)
        elif loop.is_running():
            await self._stop_elsewhere(task, loop)
        else:
            self._end(task)

    async def _stop_here(self, task: asyncio.Task[None]) -> None:
        assert self._hurry is not None
        hurried = asyncio.ensure_future(self._hurry.wait())
        grace_s = self._settings.grace_s
        try:
            await asyncio.wait(
                [task, hurried], timeout=grace_s, return_when=asyncio.FIRST_COMPLETED
            )
            task.cancel()
            await self._runner.cancel_all(grace_s)
        finally:
            hurried.cancel()
            self._end(task)

    async def _stop_elsewhere(
        self, task: asyncio.Task[None], loop: asyncio.AbstractEventLoop
    ) -> None:
        stopping = asyncio.run_coroutine_threadsafe(self._stop_here(task), loop)
        longest_s = self._settings.grace_s + 2 * CANCEL_S
        try:
            await asyncio.wait([asyncio.wrap_future(stopping)], timeout=longest_s)
        finally:
            self._end(task)  # also where that event loop is blocked, or has ended meanwhile

    def _end(self, task: asyncio.Task[None]) -> None:
        """What stopping comes to, whatever has become of the event loop."""
        if self._task is task:
            self._task = self._loop = None
            cancel_anywhere(task)
            self._runner.give_up("the scheduler was stopped")

    def end(self) -> bool:
        """End at once, whatever has become of the event loop; return whether it had been started:
        what runs is interrupted."""
        self.is_stopping = True
        if self._task is None:
            return False
        self._end(self._task)
        return True

    async def run_until_asked(
        self,
        publisher: PublisherAdapter,
        stop: Stop,
        request: StopRequest,
        stop_all: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Start, and go on until `stop` is asked for; then `stop_all`.

        Raises:
            JobLedgerError: it has ended although nobody asked for it.
        """
        if stop.is_asked:
            return
        self.start(publisher)
        task, loop = self._task, asyncio.get_running_loop()
        assert task is not None
        asked = asyncio.Event()

        def wake() -> None:
            self.is_stopping = True  # from here on nothing is begun, also where the loop is blocked
            with suppress(RuntimeError):  # the loop is closed: it has ended
                loop.call_soon_threadsafe(self._see, stop, asked)

        with request.waking(wake):
            if stop.is_asked:
                wake()  # it was, between looking and listening
            waiting = asyncio.ensure_future(asked.wait())
            try:
                logger(directory=str(self._directory), pid=os.getpid()).info("scheduler running")
                await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
                logger(directory=str(self._directory)).info("scheduler stopping")
            finally:
                waiting.cancel()
                was_ended = task.done() and not self.is_stopping
                await stop_all()
        if was_ended:
            raise JobLedgerError("the loop has ended by itself", hint="start it again") from (
                None if task.cancelled() else task.exception()
            )

    def _see(self, stop: Stop, asked: asyncio.Event) -> None:
        if stop.is_asked:
            asked.set()
        if stop.is_at_once and self._hurry is not None:
            self._hurry.set()

    # -- turning -------------------------------------------------------------------------------

    async def _run(self, publisher: PublisherAdapter) -> None:
        trouble: BaseException | None = None
        while not self.is_stopping:
            try:
                if trouble is not None:
                    error, trouble = trouble, None
                    await self._sit_out(error)
                else:
                    await self._turn(publisher)
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
        while self._attempts.by_job:
            failure = self._runner.settle_and_fence()
            await self._runner.wait_for_an_end()
            if failure is not None:
                await asyncio.sleep(LOOK_EVERY_S)

    async def _sit_out(self, error: BaseException) -> None:
        # What is known and not written is not left lying for longer than it has to be.
        longest_s = _KEPT_WAIT_S if self._completer.kept else inf
        wait_s = min(self._settings.error_wait_s, longest_s)
        self._trouble.failed(error, wait_s=wait_s)
        await self._pause(wait_s)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        if self.is_stopping or self._task is not task:
            return
        if task.cancelled():  # by whoever ends its event loop, as `asyncio.run` does
            logger().warning("the loop was cancelled; start it again if jobs are to be run")
        else:
            logger().error("the loop has ended", error=task.exception())

    async def _turn(self, publisher: PublisherAdapter) -> None:
        assert self._wakeup is not None
        self._wakeup.clear()
        self._timing.turn()
        self._rescuer.settle()
        self._rescuer.recover_stuck()
        self._expire()
        self._runner.fence()
        left_out: set[str] = set()
        room = 0 if self.is_stopping else self._settings.concurrency - len(self._attempts.by_job)
        if room > 0:
            self._runner.check_threads()
            self._runner.launch(
                publisher, self._dispatcher.begin_all(publisher, self._now(), left_out, room)
            )
        self._trouble.worked()
        await asyncio.sleep(0)  # what has started is called before anything else is thought of
        await self._sleep(again_soon=bool(left_out))

    # -- waiting -------------------------------------------------------------------------------

    async def _sleep(self, *, again_soon: bool) -> None:
        """Until something is to be done: a due time, a change of the log, the end of an attempt."""
        assert self._wakeup is not None
        if again_soon:
            await self._wait_for_wakeup(LOOK_EVERY_S)
            return
        until = self._next_moment()
        # Another clock than the machine's may stand still just before a due time.
        early_s = EARLY_S if self._is_real_time else 0.0
        while not self._wakeup.is_set() and not self.is_stopping:
            left_s = inf if until is None else (until - self._now()).total_seconds()
            if left_s <= 0:
                return
            self._uptime.look()
            if self._log.changed():
                return
            if left_s <= early_s:
                self._wait_precisely(left_s)
                early_s = 0.0  # once: a clock that was stopped must not stop the event loop
            else:
                await self._wait_for_wakeup(min(self._timing.wait_s, left_s - early_s))

    async def _pause(self, seconds: float) -> None:
        """Sit an error out, unless stopping."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not self.is_stopping:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return
            assert self._wakeup is not None
            self._wakeup.clear()
            await self._wait_for_wakeup(left)

    async def _wait_for_wakeup(self, seconds: float) -> None:
        assert self._wakeup is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wakeup.wait()

    def _wait_precisely(self, seconds: float) -> None:
        """For at most `EARLY_S`, in which nothing else runs in the event loop."""
        time.sleep(seconds)

    def leave_alone_s(self, takes_s: float) -> float:
        """For the background thread: a job that is about to start, or has just done so, is not to
        wait for files, nor for the disk that is busy with them."""
        if not self.is_running:
            return 0.0
        has_room = len(self._attempts.by_job) < self._settings.concurrency
        with self._state.lock:
            due = self._state.board.next_time() if has_room else None
        left_s = inf if due is None else (due - self._now()).total_seconds()
        return self._timing.calm_in_s(left_s, takes_s)

    def _next_moment(self) -> datetime | None:
        """When the clock alone gives the loop something to do."""
        # A job is due at its time, but expired or stuck only when more than the limit has passed.
        just_past = timedelta(microseconds=1)
        now = self._now()
        with self._state.lock:
            moments = [
                now + timedelta(seconds=left_s) + just_past for left_s in self._until_stuck_s(now)
            ]
            expiry = self._state.board.next_expiry(self._expire_after)
            has_room = len(self._attempts.by_job) < self._settings.concurrency
            due = self._state.board.next_time() if has_room else None
        if expiry is not None:
            moments.append(expiry + just_past)
        if due is not None:
            moments.append(due)
        if has_room:
            moments.extend(self._dispatcher.held_until.values())
        return min(moments, default=None)

    def _until_stuck_s(self, now: datetime) -> list[float]:
        """How long until each attempt that is under way is stuck."""
        longest_s = self._settings.max_running_minutes * 60
        every = list(self._attempts.by_job.values())
        return [
            max(longest_s - self._rescuer.ran_s(running.job, now), 0.0)
            for running in every
            if running.end is None
        ]

    def find_others(self) -> None:
        """Another process has changed something."""
        self._timing.found()

    def wake(self) -> None:
        """Called by whoever changes something, in any thread."""
        loop, wakeup = self._loop, self._wakeup
        if loop is not None and wakeup is not None:
            with suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(wakeup.set)
