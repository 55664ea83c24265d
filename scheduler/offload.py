"""Where a runner in an event loop does its work with the ledger: in that loop, or beside it.

A directory answers in microseconds; work with it is done on the spot. A server may be away for ten
seconds, in which the event loop has timers, publishers that answer and a `stop` to see to: work
with it is done in a thread of its own, one piece after the other.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from math import inf
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

ResultT = TypeVar("ResultT")


class TooLateError(Exception):
    """Work was not done in the time that there was for it."""


def _of_no_use(result: object) -> None:
    """Do nothing with what nobody has taken."""


class Offload(Protocol):
    """Does work with the ledger for the code of an event loop, one piece after the other."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is done in another thread than the event loop's."""

    async def do(
        self,
        work: Callable[[], ResultT],
        left: Callable[[ResultT], object] = _of_no_use,
        *,
        over: asyncio.Event | None = None,
        longest_s: float = inf,
    ) -> ResultT:
        """Do the work and return what it gives, or raise what it raises.

        Nobody waits for longer than until `over` is set, or `longest_s` have passed, or the task is
        cancelled: then `left` gets what the work gives, or, where it has not begun, it is not done.

        Raises:
            TooLateError: it was left.
        """

    async def do_within(self, work: Callable[[], object], longest_s: float) -> None:
        """Do the work, and wait for its end no longer than that.

        Raises:
            TooLateError: it has not ended; it does so by itself if it can.
        """

    def soon(self, loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
        """Do the work when this turn of the event loop is over; nobody waits for it."""

    def leave_all(self) -> None:
        """Have nobody wait any more: what comes of the work goes to `left`. From any thread."""

    def wait_for_all(self, longest_s: float | None = None) -> bool:
        """Block until all that was begun is done; return whether it is."""

    def close(self, longest_s: float) -> None:
        """Begin nothing more, and wait no longer than that for what was begun."""


async def _first(one: asyncio.Event, other: asyncio.Event | None, longest_s: float | None) -> None:
    """Wait until one of both is set, or that time has passed."""
    if other is None and longest_s is None:
        await one.wait()
        return
    events = [one] if other is None else [one, other]
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=longest_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def offload_for(*, is_remote: bool) -> Offload:
    """Return what works with a ledger on this machine, or on a server."""
    return OnThread() if is_remote else InPlace()


class InPlace:
    """Work is done on the spot."""

    is_elsewhere = False

    async def do(
        self,
        work: Callable[[], ResultT],
        left: Callable[[ResultT], object] = _of_no_use,
        *,
        over: asyncio.Event | None = None,
        longest_s: float = inf,
    ) -> ResultT:
        """Do the work and return what it gives."""
        return work()

    async def do_within(self, work: Callable[[], object], longest_s: float) -> None:
        """Do the work."""
        work()

    def soon(self, loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
        """Do the work when this turn of the event loop is over."""
        loop.call_soon(work)

    def leave_all(self) -> None:
        """Do nothing: nobody waits."""

    def wait_for_all(self, longest_s: float | None = None) -> bool:
        """Return True: it is done."""
        return True

    def close(self, longest_s: float) -> None:
        """Do nothing."""


class _Errand(Generic[ResultT]):
    """A piece of work, who waits for it in an event loop, and what has become of it."""

    def __init__(
        self, work: Callable[[], ResultT], left: Callable[[ResultT], object] = _of_no_use
    ) -> None:
        self._work = work
        self._left = left
        self._loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()
        self._results: list[ResultT] = []
        self._error: BaseException | None = None
        self._is_left = False
        self._takers: list[str] = []
        """Who wants the result: the first one has it. Adding to a list is a single step."""

    def run(self) -> None:
        """Do the work, in the thread; what nobody takes is given back."""
        if self._is_left:
            return
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self._error = error
        is_told = self._tell()
        if (self._is_left or not is_told) and self._is_first("thread"):
            self.give_back()

    def _tell(self) -> bool:
        try:
            self._loop.call_soon_threadsafe(self.ended.set)
        except RuntimeError:  # that event loop has ended
            return False
        return True

    def leave(self) -> bool:
        """Wait for it no more; return whether there is a result to be given back."""
        self._is_left = True
        # Looked at behind the line above: one of both sees the other.
        return bool(self._results) and self._is_first("leaver")

    def give_back(self) -> None:
        """Give what nobody has taken to whoever is there for that, in the thread."""
        with suppress(Exception):  # what cannot be recorded is kept
            for result in self._results:
                self._left(result)

    def take(self) -> ResultT:
        """Return what the work has given, or raise what it has raised; it is done."""
        self._is_first("waiter")
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _is_first(self, who: str) -> bool:
        self._takers.append(who)
        return self._takers[0] == who


class OnThread:
    """Work is done in a daemon thread, which begins with the first of it."""

    is_elsewhere = True

    def __init__(self) -> None:
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._awaited: set[_Errand[Any]] = set()

    async def do(
        self,
        work: Callable[[], ResultT],
        left: Callable[[ResultT], object] = _of_no_use,
        *,
        over: asyncio.Event | None = None,
        longest_s: float = inf,
    ) -> ResultT:
        """Do the work in the thread, and wait for it while the event loop goes on."""
        errand = _Errand(work, left)
        self._awaited.add(errand)
        try:
            self._put(errand.run)
            await _first(errand.ended, over, None if longest_s == inf else max(longest_s, 0.0))
            if not errand.ended.is_set():
                raise TooLateError
        except BaseException:
            self._leave(errand)
            raise
        finally:
            self._awaited.discard(errand)
        return errand.take()

    async def do_within(self, work: Callable[[], object], longest_s: float) -> None:
        """Do the work in the thread, and wait no longer than that."""
        errand = _Errand(work)
        self._put(errand.run)
        try:
            async with asyncio.timeout(longest_s):
                await errand.ended.wait()
        except TimeoutError:
            raise TooLateError from None
        errand.take()

    def soon(self, loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
        """Do the work in the thread when this turn of the event loop is over."""
        loop.call_soon(self._put_if_open, work)

    def wait_for_all(self, longest_s: float | None = None) -> bool:
        """Block until all that was begun is done; return whether it is."""
        if self._thread is None or self._thread is threading.current_thread():
            return True
        done = threading.Event()
        with suppress(RuntimeError):
            self._put(done.set)
            return done.wait(longest_s)
        return True

    def close(self, longest_s: float) -> None:
        """Begin nothing more, and wait no longer than that for what was begun."""
        with self._lock:
            self._is_closed, thread = True, self._thread
            self._queue.put(None)
        if thread is not None and thread is not threading.current_thread():
            thread.join(longest_s)

    def leave_all(self) -> None:
        """Have nobody wait any more: what comes of the work goes to `left`."""
        for errand in list(self._awaited):
            self._leave(errand)

    def _leave(self, errand: _Errand[ResultT]) -> None:
        if errand.leave():
            self._put_if_open(errand.give_back)

    def _put_if_open(self, work: Callable[[], object]) -> None:
        with suppress(RuntimeError):
            self._put(work)

    def _put(self, work: Callable[[], object]) -> None:
        """Have it done behind all that waits.

        Raises:
            RuntimeError: it is closed, or no thread can be had.
        """
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the scheduler is closed")
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="jobledger-ledger", daemon=True)
                thread.start()
                self._thread = thread
            self._queue.put(work)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            with suppress(BaseException):  # whoever waits for it hears of it
                work()
