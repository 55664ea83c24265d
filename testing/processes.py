"""Simulated processes on one ledger and one clock: no threads, and waiting takes no time."""

from __future__ import annotations

import asyncio
import inspect
import logging
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from ..ledger import Background, Ledger, ManualClock
from ..scheduler import InPlace, Offload, Scheduler, Uptime
from .faults import Faulty
from .stores import Store


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the product, whose words about many crashes are of no use."""
    own = logging.getLogger("jobledger")
    before, own.disabled = own.disabled, True
    try:
        yield
    finally:
        own.disabled = before


class _Nobody(Background):
    """Nothing happens by itself: writing behind is a step like any other."""

    def wake(self) -> None:
        pass


class SimulatedWriter(Ledger):
    """A process that adds and changes jobs."""

    _BACKGROUND = _Nobody
    _SNAPSHOT_EVERY = 20

    def __del__(self) -> None:
        """Do nothing: what is forgotten was of a process that died, maybe while it opened it."""


class SimulatedRunner(Scheduler):
    """The process that runs them."""

    _BACKGROUND = _Nobody
    _SNAPSHOT_EVERY = 20

    def __del__(self) -> None:
        """Do nothing: what is forgotten was of a process that died, maybe while it opened it."""

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        assert isinstance(self._clock, ManualClock)
        return _Loop(self._clock)

    @staticmethod
    def _new_offload(*, is_remote: bool) -> Offload:
        return InPlace()

    def _new_uptime(self) -> Uptime:
        clock = self._clock
        assert isinstance(clock, ManualClock)
        begun = clock.now()
        return Uptime(lambda: (clock.now() - begun).total_seconds())


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose waiting takes no time: it moves the clock."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(_ClockSelector(clock))
        self._clock = clock
        self._begun = clock.now()
        # What is due at this moment is due: half a year on, a float has no room for less than that.
        self._clock_resolution = 1e-6

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Say nothing: what becomes of the tasks of a dead process is no news."""

    def close(self) -> None:
        """Let go of it, and of what a dead process has never begun."""
        for task in asyncio.all_tasks(self):
            work = task.get_coro()
            if (
                inspect.iscoroutine(work)
                and inspect.getcoroutinestate(work) == inspect.CORO_CREATED
            ):
                work.close()
        super().close()

    def time(self) -> float:
        return (self._clock.now() - self._begun).total_seconds()


class _ClockSelector(selectors.SelectSelector):
    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self._clock.advance(timedelta(microseconds=ceil(max(0.0, timeout) * 1e6)))
        return super().select(0)


class RestlessClock(ManualClock):
    """A clock with which something else happens while somebody looks at it: once for each time
    that `meanwhile` is set. It is how another process comes in between a decision and its append.
    """

    meanwhile: Callable[[], None] | None = None

    def now(self) -> datetime:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().now()


class Process:
    """One process with its own handle on the ledger, whose operations may fail."""

    def __init__(self, name: str, kind: type[Ledger], settings: dict[str, Any]) -> None:
        self.name = name
        self._kind = kind
        self._settings = settings
        self.ledger: Ledger | None = None
        self.faulty: Faulty | None = None
        """What its operations go through, as far as they can fail."""

    def open(self, store: Store) -> Ledger:
        """Return the handle, opened where there is none."""
        if self.ledger is None:
            self.ledger, self.faulty = store.open(self._kind, self._settings)
        return self.ledger

    def die(self) -> None:
        """Die without a word; its locks go with it."""
        if self.ledger is not None:
            self.ledger._abandon()
        self.ledger = None

    def close(self) -> None:
        """End it as one ends a program."""
        if self.ledger is not None:
            self.ledger.close()
        self.ledger = None
