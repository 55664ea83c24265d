"""How the scheduler's loop waits: until a due time, a change of the log by any process, or stop."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import datetime, timedelta
from math import inf

from ..ledger.clock import SystemClock
from .lookout import EARLY_S, Lookout
from .runs import LOOK_EVERY_S, Runs


class Waiting(Runs):
    """The methods of a Scheduler with which its loop waits, and those with which it is woken."""

    _loop: asyncio.AbstractEventLoop | None
    _loop_task: asyncio.Task[None] | None
    _wakeup: asyncio.Event | None
    _lookout: Lookout
    _stopping: bool

    @property
    def is_running(self) -> bool:
        """Whether the loop runs: it was started, has not ended, and neither has its event loop."""
        task, loop = self._loop_task, self._loop
        return task is not None and not task.done() and loop is not None and not loop.is_closed()

    async def _sleep(self, *, again_soon: bool) -> None:
        """Until something is to be done: a due time, a change of the log, the end of an attempt."""
        assert self._wakeup is not None
        if again_soon:
            await self._wait_for_wakeup(LOOK_EVERY_S)
            return
        until = self._next_moment()
        # Another clock than the machine's may stand still just before a due time.
        early_s = EARLY_S if type(self._clock) is SystemClock else 0.0
        while not self._wakeup.is_set() and not self._stopping:
            left_s = inf if until is None else (until - self._now()).total_seconds()
            if left_s <= 0:
                return
            self._uptime.look()
            if self._store.changed():
                return
            if left_s <= early_s:
                self._wait_precisely(left_s)
                early_s = 0.0  # once: a clock that was stopped must not stop the event loop
            else:
                await self._wait_for_wakeup(min(self._lookout.wait_s, left_s - early_s))

    async def _pause(self, seconds: float) -> None:
        """Sit an error out, unless stopping."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not self._stopping:
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
        has_room = len(self._running) < self._settings.concurrency
        with self._lock:
            due = self._board.next_time() if has_room else None
        left_s = inf if due is None else (due - self._now()).total_seconds()
        return self._lookout.calm_in_s(left_s, takes_s)

    def _next_moment(self) -> datetime | None:
        """When the clock alone gives the loop something to do."""
        # A job is due at its time, but expired or stuck only when more than the limit has passed.
        just_past = timedelta(microseconds=1)
        now = self._now()
        with self._lock:
            moments = [
                now + timedelta(seconds=left_s) + just_past for left_s in self._until_stuck_s(now)
            ]
            expiry = self._board.next_expiry(self._expire_after)
            has_room = len(self._running) < self._settings.concurrency
            due = self._board.next_time() if has_room else None
        if expiry is not None:
            moments.append(expiry + just_past)
        if due is not None:
            moments.append(due)
        if has_room:
            moments.extend(self._held_until.values())
        return min(moments, default=None)

    def _until_stuck_s(self, now: datetime) -> list[float]:
        """How long until each attempt that is under way is stuck."""
        longest_s = self._settings.max_running_minutes * 60
        every = list(self._running.values())
        return [
            max(longest_s - self._ran_s(running.job, now), 0.0)
            for running in every
            if running.end is None
        ]

    def _find_others(self) -> None:
        if not self._closed:  # else it is opening, and reads what may be years old
            self._lookout.found()

    def _wake(self) -> None:
        """Called by whoever changes something, in any thread."""
        loop, wakeup = self._loop, self._wakeup
        if loop is not None and wakeup is not None:
            with suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(wakeup.set)
