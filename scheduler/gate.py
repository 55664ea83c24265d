"""Who runs the jobs of one Scheduler just now: its loop, or one call of `run` or `run_due`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import sleep

from ..domain import SchedulerRunningError

_LOOK_EVERY_S = 0.1


class _Call:
    """A publisher is being called, or was."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.is_over = False


_calls: ContextVar[tuple[_Call, ...]] = ContextVar("jobledger_calls", default=())
"""The calls of publishers from which this code comes. A thread that a publisher makes by hand does
not know of them, a task or a thread that asyncio makes does."""


class Gate:
    """Lets one in at a time. `is_started` says whether the loop runs."""

    def __init__(self, is_started: Callable[[], bool]) -> None:
        self._is_started = is_started
        self._lock = threading.RLock()  # a signal handler may come here in the midst of it
        self._owner: list[int] | None = None
        """Who has been let in, with its thread."""

    @property
    def is_inside(self) -> bool:
        """Whether this is called from within a publisher that is being run."""
        return any(call.gate is self and not call.is_over for call in _calls.get())

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Within the `with` a publisher is called."""
        call = _Call(self)
        token = _calls.set((*_calls.get(), call))
        try:
            yield
        finally:
            call.is_over = True
            with suppress(ValueError):  # a coroutine that nobody goes on with ends anywhere
                _calls.reset(token)

    @contextmanager
    def shut(self, what: str) -> Iterator[None]:
        """Within the `with` nobody is in.

        Raises:
            SchedulerRunningError: somebody is, or the loop runs.
        """
        with self._lock:
            self._check(what)
            yield

    @contextmanager
    def entered(
        self, what: str, is_over: Callable[[], bool] = lambda: False, *, wait: bool = False
    ) -> Iterator[bool]:
        """Within the `with` one is in. With `wait` only when whoever else is has left, or `is_over`
        says that nobody wants it any more: then it is False.

        Raises:
            SchedulerRunningError: somebody else is in; with `wait`, the loop runs, or this would
                wait for itself.
        """
        me = [threading.get_ident()]
        try:
            while not self._enter(me, what, wait=wait):
                if is_over():
                    yield False
                    return
                sleep(_LOOK_EVERY_S)
            yield True
        finally:
            if self._owner is me:
                self._owner = None

    def _enter(self, me: list[int], what: str, *, wait: bool) -> bool:
        with self._lock:
            if wait and self._owner not in (None, me) and not self.is_inside:
                return False
            self._check(what)
            self._owner = me
            return True

    def _check(self, what: str) -> None:
        if self.is_inside or self._owner == [threading.get_ident()]:
            raise SchedulerRunningError(
                f"{what} was called by a publisher, or a signal handler, of jobs that are just run",
                pid=os.getpid(),
                hint="add jobs there: they are run by what runs already",
            )
        if self._owner is not None or self._is_started():
            raise SchedulerRunningError(
                "this scheduler runs already", pid=os.getpid(), hint="stop it first"
            )
