"""What a writer finds when its turn has come: the log's end, and the lines behind what it knew.

Both come in one answer with the turn: while somebody has it, everybody else waits.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...port import Tail
from .schema import wait_in_line

_MANY = 200
"""So many lines at most are read with the turn; who is behind by more reads them as always."""


class FoundInLine(msgspec.Struct, frozen=True):
    """The end of the log, and the rows of its lines behind the record `after`."""

    after: int
    tail: Tail
    rows: list[tuple[int, str, bytes]]


def take_turn(ledger: int, schema: str, after: int) -> bytes:
    """Return the SQL that begins a transaction, waits in line, and reads from the record `after`
    on; for one round trip."""
    return (
        b"BEGIN; %b; SELECT seq, day, ends, line FROM %b.records WHERE ledger = %d AND seq >= %d"
        b" ORDER BY seq LIMIT %d"
    ) % (wait_in_line(ledger), schema.encode(), ledger, after, _MANY + 1)


def found(rows: list[tuple[Any, ...]], known: Tail) -> FoundInLine | None:
    """Make what was found of the rows behind `known`; None: that says too little, and has to be
    asked for as always."""
    if not known.seq or not rows or len(rows) > _MANY:
        return None
    seq, _, _, line = rows[0]
    if seq != known.seq or line[-34:-2].decode("latin-1") != known.hash:
        return None
    seq, day, ends, line = rows[-1]
    tail = Tail(known.ledger, day, ends, seq, seq, line[-34:-2].decode("latin-1"))
    return FoundInLine(known.seq, tail, [(seq, day, line) for seq, day, _, line in rows[1:]])
