"""How the loop sleeps: until a due time, a change of the log by any process, or stop.

It looks at the clock and at the log's head again at least ten times a second, so a suspended
machine, a clock that jumps and another process's change are all noticed at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from math import inf

from ..domain import JobStatus
from .attempt_runner import LOOK_EVERY_S
from .dispatcher import Dispatcher
from .lease import LOOK_AT_OTHERS_S
from .ledger_access import LedgerAccess
from .offload import Offload, TooLateError
from .places import Places
from .preflight import Preflight
from .rescuer import Rescuer
from .running import RunningAttempts
from .settings import RunSettings
from .timing import EARLY_S, LoopTiming
from .uptime import Uptime


def _nobody_asks() -> None:
    """Nobody is told that the loop turns."""


class LoopSleep:
    """The sleep of one loop; whoever has something for it to do wakes it, from any thread.

    A due time of the machine's clock is met to the millisecond, by waiting for the last of them;
    another clock may stand still. `is_stopping` says that there is nothing to sleep for.
    """

    def __init__(
        self,
        ledger: LedgerAccess,
        dispatcher: Dispatcher,
        attempts: RunningAttempts,
        rescuer: Rescuer,
        settings: RunSettings,
        uptime: Uptime,
        offload: Offload,
        places: Places,
        preflight: Preflight,
        *,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._log = ledger.log
        self._state = ledger.state
        self._dispatcher = dispatcher
        self._attempts = attempts
        self._rescuer = rescuer
        self._settings = settings
        self._uptime = uptime
        self._offload = offload
        self._places = places
        self._preflight = preflight
        self._now = ledger.now
        self._is_real_time = ledger.is_real_time
        self._expire_after = ledger.expire_after
        self._next_planning = ledger.next_planning
        self._lease = ledger.lease
        self._is_stopping = is_stopping
        self._timing = LoopTiming()
        self.on_turn: Callable[[], None] = _nobody_asks
        """Called whenever the loop gets round to looking at the clock: at each turn, and several
        times a second while it sleeps."""
        self._wakeup = asyncio.Event()

    def begin(self) -> None:
        """Begin anew, in the event loop that is to sleep next: an Event keeps to its first one."""
        self._wakeup = asyncio.Event()

    def turn(self) -> None:
        """Note that a turn of the loop begins: what it was woken for so far is seen to in it."""
        self._wakeup.clear()
        self._timing.turn()
        self.on_turn()

    def found(self) -> None:
        """Note that another process has changed something."""
        self._timing.found()

    def wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake the loop, which sleeps in this event loop; from any thread."""
        with suppress(RuntimeError):  # the event loop is closed already
            loop.call_soon_threadsafe(self._wakeup.set)

    async def until_due(self, *, again_soon: bool) -> None:
        """Sleep until something is to be done: a due time, a change, the end of an attempt.

        `again_soon`: there is something that could not be done just now.
        """
        if again_soon:
            await self._wait_for_wakeup(LOOK_EVERY_S)
            return
        until = self._next_moment()
        # Another clock than the machine's may stand still just before a due time.
        early_s = EARLY_S if self._is_real_time else 0.0
        while not self._wakeup.is_set() and not self._is_stopping():
            left_s = inf if until is None else (until - self._now()).total_seconds()
            if left_s <= 0:
                return
            self._uptime.look()
            self.on_turn()
            if await self._has_changed(left_s - early_s):
                return
            if left_s <= early_s:
                self._wait_precisely(left_s)
                early_s = 0.0  # once: a clock that was stopped must not stop the event loop
            else:
                await self._wait_for_wakeup(min(self._timing.wait_s, left_s - early_s))

    async def _has_changed(self, longest_s: float) -> bool:
        """Whether others have changed something, as far as it can be found out in that time."""
        try:
            return await self._offload.do(self._log.changed, over=self._wakeup, longest_s=longest_s)
        except TooLateError:
            return False

    async def pause(self, seconds: float) -> None:
        """Sleep for so long, whatever is to be done, unless stopping."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not self._is_stopping():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return
            self.on_turn()
            self._wakeup.clear()
            await self._wait_for_wakeup(left)

    async def _wait_for_wakeup(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wakeup.wait()

    def _wait_precisely(self, seconds: float) -> None:
        """Wait for at most `EARLY_S`, in which nothing else runs in the event loop."""
        time.sleep(seconds)

    def standing(self) -> tuple[int, int, datetime | None]:
        """Return how many jobs run here, how many are SCHEDULED, and when the next is due."""
        with self._state.lock:
            board = self._state.board
            scheduled, at = board.counts()[JobStatus.SCHEDULED], board.next_time()
        return len(self._attempts.by_job), scheduled, at

    def calm_in_s(self, takes_s: float) -> float:
        """Return how long until files may be written, which takes so long; 0: now."""
        with self._state.lock:
            due = self._state.board.next_time() if self._places.free() > 0 else None
        left_s = inf if due is None else (due - self._now()).total_seconds()
        return self._timing.calm_in_s(left_s, takes_s)

    def _next_moment(self) -> datetime | None:
        """Return when the clock alone gives the loop something to do."""
        # A job is due at its time, but expired or stuck only when more than the limit has passed.
        just_past = timedelta(microseconds=1)
        now = self._now()
        with self._state.lock:
            moments = [
                now + timedelta(seconds=left_s) + just_past for left_s in self._until_stuck_s(now)
            ]
            expiry = self._state.board.next_expiry(self._expire_after)
            has_room = self._places.free() > 0
            due = self._state.board.next_time()
            planning = self._next_planning()
            asking = self._preflight.next_moment()
        if self._lease.is_shared:
            moments.append(now + timedelta(seconds=LOOK_AT_OTHERS_S))
        moments += [moment for moment in (planning, asking) if moment is not None]
        if expiry is not None:
            moments.append(expiry + just_past)
        # What has no room becomes due all the same where another chain's attempt may end first:
        # whoever has something due, and has said so, is told of the place.
        if due is not None and (has_room or (self._places.are_shared and due > now)):
            moments.append(due)
        if has_room:
            moments.extend(self._dispatcher.held_until.values())
        return min(moments, default=None)

    def _until_stuck_s(self, now: datetime) -> list[float]:
        """Return how long until each attempt that is under way is stuck."""
        longest_s = self._settings.max_running_minutes * 60
        every = list(self._attempts.by_job.values())
        return [
            max(longest_s - self._rescuer.ran_s(running.job, now), 0.0)
            for running in every
            if running.end is None
        ]
