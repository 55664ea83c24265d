"""The chains of a ledger, for what goes by the numbers of events: each chain has its own."""

from __future__ import annotations

from .ledger import Ledger


def chain_of(ledger: Ledger, account_id: str) -> Ledger:
    """Return the handle on the chain that has an account: the ledger, unless it has several."""
    return chains_of(ledger)[ledger.shard_of(account_id) - 1]


def chains_of(ledger: Ledger) -> tuple[Ledger, ...]:
    """Return the handles on all chains: the ledger, unless it has several."""
    return ledger._chains()
