"""Noticing that a ledger is not where it was: that it is a copy, which may go on beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..eventstore import Engine, KnowsDays
from ..instrumentation import WrittenElsewhere, tell

if TYPE_CHECKING:
    from .ledger import Ledger


def moved_from(engine: Engine, day: str) -> str | None:
    """Say on which machine the newest day of the log was begun, where that was not here: on another
    one, or in another directory. None: it was here, or nobody knows.

    Raises:
        LedgerCorruptError: the header of the day does not verify.
        StorageError: it cannot be read.
    """
    here = engine.identity.host
    if here is None or not day or not isinstance(engine, KnowsDays):
        return None
    there = engine.header(day).host
    return None if there is None or there.is_same(here) else there.name


def tell_of_moving(ledger: Ledger) -> None:
    """Warn that a ledger whose jobs are about to be run is not where it was."""
    there = ledger.moved_from
    if there is not None:  # rule: told-of-a-copy
        tell(WrittenElsewhere(directory=ledger.location, host=there))
