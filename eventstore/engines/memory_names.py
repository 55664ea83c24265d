"""The ledgers in memory by their names, each of one chain or of several."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import uuid4

from ...domain import StorageError
from ..port import Identity
from ..shards import Shard, check_same

if TYPE_CHECKING:
    from .registry import EngineOptions

LedgerT = TypeVar("LedgerT")


class MemoryShard:
    """Which chain a handle in memory is of, and the ids that the chains of its name have."""

    def __init__(self, shard: Shard, claimed: dict[str, int], lock: threading.Lock) -> None:
        self.shard = shard
        self._claimed = claimed
        self._lock = lock

    def claim(self, keys: Sequence[str]) -> list[str]:
        """Note that these ids are this chain's; return those that another has (see
        `shards.ClaimsJobs`)."""
        number = self.shard.number
        with self._lock:
            return [key for key in keys if self._claimed.setdefault(key, number) != number]


class NamedLedgers(Generic[LedgerT]):
    """What has the ledgers of one kind by their names; `make` makes one, `scheme` is theirs."""

    def __init__(self, scheme: str, make: Callable[[str, Identity], LedgerT]) -> None:
        self._scheme = scheme
        self._make = make
        self.forget()

    def forget(self) -> None:
        """Have none; handles that are open go on with theirs."""
        self._lock = threading.Lock()
        self._ledgers: dict[str, LedgerT] = {}
        self._shards: dict[str, int] = {}
        """How many chains a name has; 1 without shards."""
        self._claimed: dict[str, dict[str, int]] = {}

    def find(self, name: str, options: EngineOptions) -> tuple[LedgerT, MemoryShard | None]:
        """Return the ledger of a name, or the chain of it that is asked for; it is made where there
        is none, unless it is only read.

        Raises:
            StorageError: there is none, or it has another number of chains.
        """
        asked, shown = options.shard, f"{self._scheme}:{name}"
        with self._lock:
            has = self._shards.get(name)
            check_same(asked, has, shown)
            of = (asked.of or has) if asked is not None else 1
            chain = name if asked is None else f"{name}?shard={asked.number}"
            ledger = self._ledgers.get(chain)
            if ledger is None:
                if options.read_only or of is None:
                    raise StorageError(
                        f"there is no ledger {shown} in this process",
                        path=shown,
                        remedy="make_ledger",
                    )
                made = options.adopt or Identity(str(uuid4()), options.timezone or "UTC")
                ledger = self._ledgers[chain] = self._make(chain, made)
                self._shards[name] = of
            if asked is None:
                return ledger, None
            claimed = self._claimed.setdefault(name, {})
            return ledger, MemoryShard(Shard(asked.number, of), claimed, self._lock)
