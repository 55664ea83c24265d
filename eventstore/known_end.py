"""The acknowledged end of a log as far as one handle has heard of it: what must never be lost."""

from __future__ import annotations

from ..domain import LedgerCorruptError
from .port import Tail
from .record import GENESIS


class KnownEnd:
    """Remembers it for a handle on an engine that is somewhere else, at `location`."""

    def __init__(self, location: str, ledger_id: str) -> None:
        self._location = location
        self.tail = Tail(ledger_id, "", 0, 0, 0, GENESIS)

    def meet(self, tail: Tail, known: Tail) -> Tail:
        """Take in an end that was heard of now, and return it; `known` is what was known before it
        was asked for: another thread may append meanwhile.

        Raises:
            LedgerCorruptError: it is before that, or another one: `lost`.
        """
        if tail.seq < known.seq or (
            tail.seq == known.seq and tail.hash != known.hash  # rule: another-record-is-a-loss-too
        ):
            raise self.lost(known.seq)  # rule: acknowledged-is-never-lost
        if tail.seq > self.tail.seq:
            self.tail = tail
        return tail

    def lost(self, seq: int) -> LedgerCorruptError:
        """Return the error for a record that was acknowledged, and is not there."""
        return LedgerCorruptError(
            f"{self._location}: record {seq} was acknowledged, and the server does not have it:"
            " it was restored from an older state, or a failover has lost it",
            path=self._location,
            kind="lost",
        )
