"""Which engine a location in PostgreSQL means: with files or without, of one chain or of more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .connecting import open_ledger
from .engine import PostgresEngine, PostgresEngineWithFiles
from .location import parse

if TYPE_CHECKING:
    from ..registry import EngineOptions


def open_postgres(location: str, options: EngineOptions) -> PostgresEngine:
    """Open a handle on the ledger of a location; it is made where there is none, unless the handle
    only reads.

    Raises:
        ValidationError: the location does not name a ledger.
        StorageError: the server cannot be reached, or is none that keeps what it acknowledges.
    """
    at = parse(location)
    opened = open_ledger(at, options)
    if opened.shard is not None:
        from .shard import open_shard  # for those who have several chains

        return open_shard(at, options, opened)
    kind = PostgresEngineWithFiles if at.files else PostgresEngine
    return kind(at, options, opened)
