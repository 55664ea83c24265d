"""One event loop for every coroutine that a Scheduler has run outside its caller's own.

A client that a publisher shares between its calls (a connection pool, say) belongs to the event
loop that it was first used in. So there is one, whichever thread calls and however often.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from ..instrumentation import is_interruption
from .permission import Permission
from .stop_request import Interrupted, Stop

ResultT = TypeVar("ResultT")

CANCEL_S = 1.0
"""How long something async that was cancelled may take to clean up."""
_LOOK_EVERY_S = 0.1
_PATIENCE = 30
"""How many looks long a run that was given up may take to end by itself."""


class OwnLoop:
    """An event loop that is made when it is first needed and lives until `close`.

    One `run` at a time: whoever uses it sees to that. What a run leaves behind (a publisher that
    hangs) is waited for by nobody, and goes on when the loop is run again.
    """

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self._new_loop = new_loop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False
        self._pid = os.getpid()

    @property
    def is_running(self) -> bool:
        return self._loop is not None and self._loop.is_running()

    def run(
        self,
        work: Coroutine[Any, Any, ResultT],
        is_given_up: Callable[[], bool] = lambda: False,
    ) -> ResultT:
        """Run `work` to its end, in this thread; in one of its own where an event loop runs here.

        In the latter case nobody waits for much longer when `is_given_up` says so; work that has
        not begun by then is not begun any more. When waiting is interrupted, it is cancelled.

        Raises:
            Interrupted: it was given up, and has not ended.
            RuntimeError: no thread can be started.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._run(work)
        return self._run_elsewhere(work, is_given_up)

    def _run(
        self,
        work: Coroutine[Any, Any, ResultT],
        begins: Callable[[asyncio.Task[ResultT]], object] = lambda task: None,
    ) -> ResultT:
        try:
            # One that runs still is blocked by a publisher, and was left alone.
            if self._loop is None or self._loop.is_closed() or self._loop.is_running():
                self._loop = self._new_loop()
            loop = self._loop
            task = loop.create_task(work)
        except BaseException:
            work.close()
            raise
        begins(task)
        try:
            return _run_on(loop, task)
        except BaseException:  # an interrupt breaks the loop off: its task may still clean up
            if not task.done():
                task.cancel()
                loop.run_until_complete(asyncio.wait([task], timeout=2 * CANCEL_S))
            raise
        finally:
            if self._is_closed:
                self._close()
            elif self._loop is not loop:
                _end(loop)

    def _run_elsewhere(
        self, work: Coroutine[Any, Any, ResultT], is_given_up: Callable[[], bool]
    ) -> ResultT:
        results: list[ResultT] = []
        errors: list[BaseException] = []
        tasks: list[asyncio.Task[ResultT]] = []
        may_begin, is_awaited = Permission(), True

        def begins(task: asyncio.Task[ResultT]) -> None:
            tasks.append(task)
            if not is_awaited:  # looked at behind the line above: one of both sees the other
                task.cancel()

        def call() -> None:
            if not may_begin.use():
                return
            try:
                results.append(self._run(work, begins))
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                errors.append(error)

        thread = threading.Thread(target=call, name="jobledger-own-loop", daemon=True)
        try:
            thread.start()
            left = _PATIENCE
            while thread.is_alive() and left:
                thread.join(_LOOK_EVERY_S)
                left -= is_given_up()
        except BaseException:
            is_awaited = False
            if may_begin.withdraw():
                work.close()
            for task in tasks:
                cancel_anywhere(task)
            raise
        if errors:
            raise errors[0]
        if not results:
            if may_begin.withdraw():
                work.close()
            raise Interrupted("a publisher blocks its event loop, and is left alone")
        return results[0]

    def close(self) -> None:
        """Let go of it: at once, or, where it runs in this or another thread, when that ends."""
        self._is_closed = True
        if not self.is_running:
            self._close()

    def _close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is None or loop.is_closed():
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            _end(loop)
            return
        with suppress(RuntimeError, MemoryError):  # no thread: then without a clean end
            thread = threading.Thread(target=_end, args=(loop,), daemon=True)
            thread.start()
            thread.join(2 * CANCEL_S)
        if not loop.is_running():
            loop.close()

    def abandon(self) -> None:
        """Let go of it without a word to anybody in it.

        In the child of a fork it is not even closed, nor may it close itself when it is forgotten:
        that would take the parent's descriptors out of the selector that both share.
        """
        loop, self._loop = self._loop, None
        if loop is None or loop.is_running():
            return
        if os.getpid() == self._pid:
            loop.close()
        else:
            _of_parents.append(loop)
            with suppress(AttributeError):
                loop._closed = True  # type: ignore[attr-defined]  # else it closes itself at exit


def cancel_anywhere(task: asyncio.Task[Any]) -> None:
    """Cancel a task of any event loop, from any thread."""
    loop = task.get_loop()
    with suppress(RuntimeError):  # the loop is closed: nothing of it goes on
        if asyncio._get_running_loop() is loop:
            task.cancel()
        else:
            loop.call_soon_threadsafe(task.cancel)


async def until_at_once(work: Coroutine[Any, Any, Any], stop: Stop) -> Any:
    """Do the work, unless it is to end at once.

    Raises:
        Interrupted: it has been cancelled.
    """
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=_LOOK_EVERY_S)
            if stop.is_at_once and not task.done():
                raise Interrupted
    except BaseException:
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_S)
        raise
    return task.result()


def is_in_event_loop() -> bool:
    """Say whether an event loop runs in this thread, which waits for whoever asks."""
    return asyncio._get_running_loop() is not None


def is_dead(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether an event loop has ended, or is left while another one runs here."""
    return loop.is_closed() or not loop.is_running()


def _run_on(loop: asyncio.AbstractEventLoop, task: asyncio.Task[ResultT]) -> ResultT:
    """Run the loop until the task is done.

    A SystemExit that ends a task breaks the loop off, too. Where that was a task which a publisher
    has made for itself, the loop goes on: whoever awaits that task gets the exception. One that a
    signal handler of the program's has raised ends the program, as it wants.
    """
    while True:
        try:
            return loop.run_until_complete(task)
        except SystemExit as error:
            if task.done() or is_interruption(error) or not _came_from_a_task(error):
                raise


def _came_from_a_task(error: BaseException) -> bool:
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(frame.f_code.co_flags & inspect.CO_COROUTINE for frame in frames)


_of_parents: list[asyncio.AbstractEventLoop] = []
"""Kept, so that they are never closed."""


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop, giving what is left in it the time to clean up."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=CANCEL_S))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
