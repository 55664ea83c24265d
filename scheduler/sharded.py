"""A Scheduler over several chains of one location: `?shards=N`.

Each chain has a whole Scheduler of its own: its right to run, its recovery, its loop. What they
have in common is how many posts go out at once, and who asks them to begin and to stop.
"""

from __future__ import annotations

from ..ledger import LedgerSettings, ShardedLedger, ShardSet, open_shards
from .scheduler import Scheduler
from .shared import SharedParts


class ShardedScheduler(ShardedLedger, Scheduler):
    """What `Scheduler` gives where its location has several chains.

    `concurrency` is of all chains together, who take turns; in each the best due job comes first.
    """

    _handles: tuple[Scheduler, ...] = ()

    def _open_runner(self, of_ledger: LedgerSettings, shared: SharedParts) -> None:
        shards = open_shards(
            of_ledger, Scheduler, lambda one, of_shard: one._open_runner(of_shard, shared)
        )
        self._handles = shards.handles
        self._runners = tuple(runner for each in shards.handles for runner in each._runners)
        self._over(ShardSet(shards.handles), of_ledger)

    def _check_open(self, what: str) -> None:
        for each in self._handles:
            each._check_open(what)

    def _is_inside(self) -> bool:
        return any(each._is_inside() for each in self._handles)

    def close(self) -> None:
        """As `Scheduler.close`, of all chains: none begins anything while others are closed."""
        if self._original is None and not self._closed and not self._is_inside():
            for runner in self._runners:
                runner.end()
        try:
            super().close()
        finally:
            if self._on_failure is not None and self._original is None and not self._is_inside():
                self._on_failure.close()
