"""An engine in memory that many runners share, each by a lease on a clock of the test's own.

It is to PostgreSQL what `MemoryEngine` is to a directory: the same promises, checked by the same
contract (tests/contracts/test_runners.py), and no time passes but what the clock says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import msgspec

from ..domain import SchedulerRunningError
from ..eventstore import Cursor, Elapsed, RunnerEndedError, RunnerSeen, TimeTold, Write
from ..eventstore.engines import (
    EngineOptions,
    MemoryEngine,
    MemoryLedger,
    MemoryShard,
    NamedLedgers,
)

LEASE = timedelta(seconds=15)


class SharedLedger(MemoryLedger):
    """A ledger in memory, and the runners that it has; `now` is the engine's clock."""

    def __init__(
        self,
        name: str,
        now: Callable[[], datetime],
        *,
        timezone: str = "UTC",
        ledger_id: str | None = None,
    ) -> None:
        super().__init__(name, timezone=timezone, ledger_id=ledger_id)
        self.now = now
        self.runners: dict[str, RunnerSeen] = {}
        self.numbers = count(1)


class SharedMemoryEngine(MemoryEngine):
    """One handle on a SharedLedger."""

    def __init__(self, ledger: SharedLedger) -> None:
        super().__init__(ledger)
        self._shared = ledger
        self.held: SharedLease | None = None

    # It has no lock of one runner.
    runner_lock = None  # type: ignore[assignment]  # so that it is no `KeepsRunner`

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Append a write if the ledger still ends at `after`, and the lease of the handle lives."""
        if self.held is not None:
            self.held.check()
        return super().append(write, after=after, then=then)

    def lease(self, name: str) -> SharedLease:
        """Return a lease for a runner of this handle, not taken yet."""
        return SharedLease(self, self._shared, name)

    def runners(self) -> list[RunnerSeen]:
        """Return all runners that there ever were."""
        return list(self._shared.runners.values())

    def time(self, elapsed: Elapsed) -> TimeTold:
        """Return the time by the ledger's clock."""
        asked_s = elapsed()
        return TimeTold(self._shared.now(), asked_s, elapsed())


class SharedMemoryShard(SharedMemoryEngine):
    """One handle on one chain of a ledger that has several."""

    def __init__(self, ledger: SharedLedger, of: MemoryShard) -> None:
        super().__init__(ledger)
        self.shard, self.claim = of.shard, of.claim


class SharedLedgers:
    """Ledgers in memory by their names, as a server has them: its `open` is what `register` takes.

    `now` is the engine's clock.
    """

    def __init__(self, scheme: str, now: Callable[[], datetime]) -> None:
        self._named = NamedLedgers(
            scheme,
            lambda name, made: SharedLedger(
                name, now, timezone=made.timezone, ledger_id=made.ledger_id
            ),
        )

    def open(self, location: str, options: EngineOptions) -> SharedMemoryEngine:
        """Open a handle on the ledger of a location, or on one of its chains. Raises as
        `open_memory`."""
        ledger, of = self._named.find(location.partition(":")[2], options)
        return SharedMemoryEngine(ledger) if of is None else SharedMemoryShard(ledger, of)


class SharedLease:
    """The lease of one runner. Nothing renews it but `renew`, `check` and an append."""

    def __init__(self, engine: SharedMemoryEngine, ledger: SharedLedger, name: str) -> None:
        self._engine = engine
        self._ledger = ledger
        self._name = name
        self._steady_since: datetime | None = None
        self.runner = ""

    def acquire(self) -> None:
        """Take a new one."""
        ledger, now = self._ledger, self._ledger.now()
        self.runner = f"{self._name}:{next(ledger.numbers)}"
        ledger.runners[self.runner] = RunnerSeen(self.runner, now, now, now + LEASE)
        self._engine.held, self._steady_since = self, now

    def check(self) -> None:
        """Check that it still holds, and renew it where it has run out.

        Raises:
            RunnerEndedError: another runner has ended this one.
            SchedulerRunningError: none is held.
        """
        if not self.runner:
            raise SchedulerRunningError("there is no lease", path=self._ledger.location)
        if self._mine().ended_at is not None:
            raise RunnerEndedError(
                f"another runner has ended this one, {self.runner}", path=self._ledger.location
            )
        if self.valid_for_s() <= 0:
            self.renew()

    def renew(self) -> None:
        """Renew it, if nobody has ended this runner."""
        mine, now = self._mine(), self._ledger.now()
        if mine.ended_at is None:
            if mine.expires_at is not None and now > mine.expires_at:
                self._steady_since = now
            self._ledger.runners[self.runner] = msgspec.structs.replace(
                mine, renewed_at=now, expires_at=now + LEASE
            )

    def valid_for_s(self) -> float:
        """Say for how long it holds."""
        mine = self._mine()
        if mine.ended_at is not None or mine.expires_at is None:
            return 0.0
        return max((mine.expires_at - self._ledger.now()).total_seconds(), 0.0)

    def living(self) -> frozenset[str]:
        """Return the runners that nobody has ended."""
        return frozenset(seen.runner for seen in self._engine.runners() if seen.ended_at is None)

    def end_lapsed(self) -> list[str]:
        """End the runners whose lease has run out."""
        now, runners = self._ledger.now(), self._ledger.runners
        if self.valid_for_s() <= 0 or self._steady_since is None:
            return []
        if now - self._steady_since < LEASE:
            return []
        lapsed = [
            seen
            for seen in runners.values()
            if seen.ended_at is None
            and seen.runner != self.runner
            and seen.expires_at is not None
            and seen.expires_at < now
        ]
        for seen in lapsed:
            runners[seen.runner] = msgspec.structs.replace(seen, ended_at=now, ended_by=self.runner)
        return [seen.runner for seen in lapsed]

    def release(self) -> None:
        """Give it back."""
        if self.runner and self._mine().ended_at is None:
            self._ledger.runners[self.runner] = msgspec.structs.replace(
                self._mine(), ended_at=self._ledger.now(), ended_by=self.runner
            )
        self._engine.held = None

    def abandon(self) -> None:
        """Forget it: its process is dead, and nobody renews it any more."""
        self._engine.held = None

    def _mine(self) -> RunnerSeen:
        return self._ledger.runners[self.runner]
