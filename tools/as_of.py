"""A moment as it is typed, and the state at it."""

from __future__ import annotations

from datetime import datetime

from ..interchange import parse_time
from ..ledger import Ledger, LedgerView
from .session import (
    zone_of,
)


def parse_moment_of(ledger: Ledger, text: str) -> datetime:
    """Read a time as typed, in the ledger's zone; a date is its end."""
    return parse_time(text).bound(ledger.now(), zone_of(ledger), end=True)


def as_of(ledger: Ledger, moment: datetime | int | None) -> LedgerView:
    """Return the state at a moment; of a damaged log at most the last one that is sound."""
    if moment is None:
        return ledger.as_of(ledger.now()) if ledger.shards > 1 else ledger.as_of(seq=ledger.seq)
    if isinstance(moment, int) and ledger.damage is not None:
        moment = min(moment, ledger.seq)
    return ledger.as_of(moment)


def said(view: LedgerView, ledger: Ledger) -> str:
    """Say a position in words."""
    if view.at is None:
        return "before the first event"
    at = view.at.astimezone(zone_of(ledger))
    number = f"{view.seq} events" if ledger.shards > 1 else f"event {view.seq}"
    return f"{number}, {at:%Y-%m-%d %H:%M:%S} ({ledger.timezone})"
