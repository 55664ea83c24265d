"""What a ledger does off its callers' path: writing daily files and syncing, soon after a change.

One daemon thread a ledger, started at its first change. It holds the ledger weakly, so a ledger
that is dropped without being closed does not live on in it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from time import monotonic
from typing import Protocol


class WritesBehind(Protocol):
    def _write_due(self) -> bool:
        """Do what is due; False asks to be called again."""

    def leave_alone_s(self, takes_s: float) -> float:
        """How long a `_write_due` that takes so long would be in the way of something that
        hurries; 0: now is a good moment."""


_SHARE = 8
"""After writing, it leaves its owner alone for so many times as long as that took."""
LONGEST_BACKOFF_S = 30.0
"""So rarely at most what fails again and again is tried."""
_MOST_DOUBLED = 16


class Background:
    """Calls `_write_due` of its owner `interval_s` after a `wake`, once for all in between; up to
    `longest_s` after it where the writing is so much work that it would be in the way, or the owner
    wants to be left alone.

    Its thread goes on whatever `_write_due` raises. What fails is tried again after twice the
    time, each time, up to half a minute; how long a try took counts as waiting. `works_again` ends
    that. Where no thread can be started, or it has died, `wake` tries again; meanwhile `is_late`
    says so, and the owner calls `work_here`.
    """

    def __init__(
        self,
        owner: WritesBehind,
        interval_s: float,
        longest_s: float,
        time: Callable[[], float] = monotonic,
    ) -> None:
        self._interval_s = interval_s
        self._longest_s = longest_s
        self._time = time
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._retry = threading.Event()
        """Set when what has failed is not to be waited out any longer."""
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._lacks_thread = False
        self._again_in_s: float | None = None
        """When there is something to do also where nothing wakes it."""
        self._failures = 0
        self._worked_at = -longest_s
        # Last: where this was interrupted, an owner that goes finds nothing to end.
        self._owner = weakref.ref(owner, lambda _: self._end())

    def wake(self) -> None:
        """Something changed. Cheap; called for every change. It never raises."""
        if self._wake.is_set() and not self._lacks_thread:
            return
        self._wake.set()
        thread = self._thread
        if thread is None or not thread.is_alive():
            self._start()

    def wake_in(self, seconds: float | None) -> None:
        """Have the work done again after so long, also where nothing changes; for who does the
        work. None: there is nothing to wait for."""
        self._again_in_s = seconds

    def _start(self) -> None:
        with self._start_lock:
            running = self._thread is not None and self._thread.is_alive()
            if running or self._stopping.is_set():
                return
            thread = threading.Thread(target=self._run, name="jobledger-background", daemon=True)
            try:
                thread.start()
            except (RuntimeError, MemoryError):  # the system allows no more threads just now
                self._lacks_thread = True
                return
            self._thread, self._lacks_thread = thread, False

    @property
    def is_late(self) -> bool:
        """Whether there may be work that no thread does, or that one fails at."""
        return self._lacks_thread or self._failures > 0

    def work_here(self) -> None:
        """Do the work in the calling thread where there is none for it, once in `longest_s`; more
        rarely what fails."""
        now, owner = self._time(), self._owner()
        wait_s = max(self._longest_s, self._backoff_s())
        if self._lacks_thread and owner is not None and now - self._worked_at >= wait_s:
            self._worked_at = now
            self._count(owner._write_due())

    def works_again(self) -> None:
        """Note that what failed has been done by somebody else, or that what it failed for is over:
        the next time it is tried as soon as ever. Cheap where nothing has failed."""
        if self._failures:
            self._failures = 0
            self._retry.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._work()
            except BaseException:  # noqa: BLE001 - it must live on, whatever it was
                self._failures += 1
                self._wake.set()
                self._stopping.wait(self._longest_s)

    def _work(self) -> None:
        took_s = 0.0
        while True:
            self._wake.wait(self._again_in_s)
            self._back_off(took_s)
            latest = self._time() + self._longest_s
            self._stopping.wait(max(self._interval_s, min(_SHARE * took_s, self._longest_s)))
            self._give_way(took_s, latest)
            if self._stopping.is_set():
                return
            self._wake.clear()
            owner = self._owner()
            if owner is None:
                self._end()
                return
            begun = self._time()
            self._again_in_s = None
            self._count(owner._write_due())
            if self._again_in_s is None:  # else what takes its time is still to come
                took_s = self._time() - begun
            del owner

    def _back_off(self, took_s: float) -> None:
        """Wait out what has failed, the last try of which took so long."""
        self._retry.clear()
        wait_s = self._backoff_s() - took_s  # looked at behind the line above: it may be over
        if wait_s > 0 and not self._stopping.is_set():
            self._retry.wait(wait_s)

    def _backoff_s(self) -> float:
        failures = self._failures
        if not failures:
            return 0.0
        doubled_s: float = self._interval_s * 2 ** min(failures, _MOST_DOUBLED)
        return min(doubled_s, LONGEST_BACKOFF_S)

    def _count(self, is_done: bool) -> None:
        if is_done:
            self._failures = 0
        else:
            self._failures += 1
            self._wake.set()

    def _give_way(self, took_s: float, latest: float) -> None:
        """Wait for a good moment, until the `latest` one."""
        while not self._stopping.is_set() and (owner := self._owner()) is not None:
            wait_s = min(owner.leave_alone_s(took_s), latest - self._time())
            del owner
            if wait_s <= 0:
                return
            self._stopping.wait(wait_s)

    def _end(self) -> None:
        self._stopping.set()
        self._retry.set()
        self._wake.set()

    def stop(self, longest_s: float | None = None) -> bool:
        """End the thread, waiting for a call that is under way, but no longer than `longest_s`;
        return whether it has ended."""
        self._end()
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(longest_s)
        return not thread.is_alive()
