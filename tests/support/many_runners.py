"""Several runners of one ledger in memory, whose clock is the test's own, and a server that is away
when the test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from typing import Any

from jobledger import Attempt, Ledger, ManualClock, PostResult, RetryPolicy, Scheduler
from jobledger.eventstore import Block, Cursor, Engine, Tail, Write
from jobledger.eventstore.engines import EngineOptions, register
from jobledger.testing.shared_memory import LEASE, SharedLedger, SharedMemoryEngine

from .domain import NOON
from .waiting import DEADLINE_S

_names = count()


class Desk:
    """A ledger on a shared engine, its clock, and the runners that a test opens."""

    def __init__(self, stack: ExitStack) -> None:
        self.clock = ManualClock(NOON)
        self.shared = SharedLedger("desk", self.clock.now)
        self._stack = stack
        self._scheme = f"shared{next(_names)}"
        self.is_there = threading.Event()
        """Whether the server answers; whoever asks it while it is away waits."""
        self.is_there.set()
        self.waiting = 0
        """How many calls wait for it."""
        stack.callback(self.is_there.set)
        register(self._scheme, self._open)
        self.ledger = stack.enter_context(Ledger(f"{self._scheme}:it", clock=self.clock))

    def _open(self, location: str, options: EngineOptions) -> Engine:
        return _OnServer(self)

    def runner(self, **settings: Any) -> Scheduler:
        given: dict[str, Any] = {"retry": RetryPolicy(base_s=0.0)} | settings
        one = Scheduler(f"{self._scheme}:it", clock=self.clock, **given)
        return self._stack.enter_context(one)

    def add(self, *accounts: str) -> list[str]:
        return [self.ledger.add_job(each, "text", NOON) for each in accounts]

    def ticked(self) -> bool:
        """Let a second pass, for a loop that looks again in two."""
        self.clock.advance(timedelta(seconds=1))
        return True

    def pass_time(self, *living: Scheduler, leases: float = 2.0) -> None:
        """Let time pass; the runners that live renew their leases meanwhile."""
        for _ in range(round(leases * 3)):
            self.clock.advance(LEASE / 3)
            for each in living:
                engine = each._engine
                assert isinstance(engine, SharedMemoryEngine)
                assert engine.held is not None
                engine.held.renew()


class _OnServer(SharedMemoryEngine):
    """A handle on the ledger of a desk, by way of its server."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.shared)
        self._desk = desk

    def tail(self) -> Tail:
        self._ask()
        return super().tail()

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        self._ask()
        return super().append(write, after=after, then=then)

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        self._ask()
        return super().lines(after, until)

    def _ask(self) -> None:
        self._desk.waiting += 1
        assert self._desk.is_there.wait(DEADLINE_S), "the server did not come back"
        self._desk.waiting -= 1


class Calling:
    """A publisher in whose midst something happens."""

    def __init__(self, meanwhile: Callable[[Attempt], object] = lambda attempt: None) -> None:
        self._meanwhile = meanwhile
        self.posted: list[str] = []

    def publish(self, attempt: Attempt) -> PostResult:
        self.posted.append(attempt.job.job_id)
        self._meanwhile(attempt)
        return PostResult(True)
