"""The end of a ledger's stream as one handle knows it: what must never be lost again."""

from __future__ import annotations

import threading
from time import monotonic

from ....domain import LedgerCorruptError, StorageError
from ...cursor import Cursor
from ...port import Tail
from ...record import GENESIS
from .connecting import identity_of
from .messages import EndedMark, StoredWrite
from .places import Messages, gone

LOST_AFTER_S = 12.0
"""For how long servers may say less than was acknowledged before it is believed: one that has just
become their leader may not have come to the end of what it has."""
_LARGE = 64 * 1024
_MOST_SCANNED = 64


class StreamEnd:
    """The number of the last message, and the end of the log there; for any thread.

    `ended` has the runners whose marks were seen. A handle of a runner sees every message behind
    the one at which its lease began, so that none of its own marks escapes it.
    """

    def __init__(self, messages: Messages, created: str) -> None:
        self._messages = messages
        self._created = created
        self._lock = threading.RLock()
        self._number = 0
        self.tail = Tail(messages.identity.ledger_id, "", 0, 0, 0, GENESIS)
        """The acknowledged end as far as this handle has heard of it."""
        self.ended: set[str] = set()
        self._last_size = 0
        self._has_looked = False
        self._looked_at = 0.0
        self._less_since: float | None = None

    @property
    def state(self) -> tuple[int, Tail]:
        """Return the number of the last message, and the end of the log with it."""
        with self._lock:
            return self._number, self.tail

    def age_s(self) -> float:
        """Say how long ago the servers said that this is the end."""
        return monotonic() - self._looked_at

    def doubt(self) -> None:
        """Have the next write look before it is sent."""
        self._looked_at = 0.0

    def look(self, *, scan: bool) -> None:
        """Ask the servers how far the stream is; with `scan` every message is seen on the way.

        Raises:
            LedgerCorruptError: they have less than was acknowledged, or something else: `lost`.
            StorageError: they do not answer.
        """
        with self._lock:
            asked = monotonic()
            if self._last_size > _LARGE and self._is_same_by_number():
                self._looked_at = asked
                return
            last = self._messages.last()
            number = 0 if last is None else last.number
            if number < self._number:
                self._note_less(asked)  # rule: nats-acknowledged-is-never-lost
                return
            self._less_since = None
            if last is not None:
                if number == self._number:
                    self._check_same(last)
                else:
                    self._go_on(last, scan=scan)
            self._looked_at, self._has_looked = asked, True

    def _is_same_by_number(self) -> bool:
        """Say whether nothing has come, without fetching a large message."""
        info = self._messages.streams.info(self._messages.names.stream)
        return info is not None and info.last_number == self._number

    def _check_same(self, last: StoredWrite | EndedMark) -> None:
        if isinstance(last, StoredWrite) and last.hash != self.tail.hash:
            raise gone(self._messages.location.shown, self.tail.seq)

    def _go_on(self, last: StoredWrite | EndedMark, *, scan: bool) -> None:
        """Know what has come, up to the last message."""
        between = last.number - self._number - 1
        newest = last if isinstance(last, StoredWrite) else None
        if between and self._has_looked and (scan or between <= _MOST_SCANNED):
            for message in self._messages.between(self._number + 1, last.number - 1):
                if isinstance(message, EndedMark):
                    self.ended.add(message.runner)
                elif newest is None or message.number > newest.number:
                    newest = message
        elif between and newest is None:
            found = self._messages.last(self._messages.names.writes)
            newest = found if isinstance(found, StoredWrite) else None
        if isinstance(last, EndedMark):
            self.ended.add(last.runner)
        if newest is not None:
            self._check_follows(newest, between)
            self.tail = newest.tail(self._messages.identity.ledger_id)
            self._last_size = len(newest.data)
        # A write that came meanwhile may have others behind it: then the next append is refused.
        self._number = last.number if newest is None else max(last.number, newest.number)

    def _check_follows(self, newest: StoredWrite, between: int) -> None:
        """Check that what has come is behind what was acknowledged, not in its place."""
        if newest.last < self.tail.seq or (not between and newest.first != self.tail.seq + 1):
            raise gone(self._messages.location.shown, self.tail.seq)

    def check_stream(self) -> None:
        """Check that the stream is the one that was opened, as far as servers say something.

        Raises:
            LedgerCorruptError: it is another one.
        """
        messages = self._messages
        where = messages.location.shown
        try:
            info = messages.streams.info(messages.names.stream)
        except StorageError:
            return
        if info is None or info.created == self._created:
            return
        if identity_of(info, messages.location).ledger_id == messages.identity.ledger_id:
            return  # it was restored: what it has says whether something is lost
        raise LedgerCorruptError(
            f"{where}: the stream there is another ledger than the one that was opened here",
            path=where,
            kind="lost",
        )

    def _note_less(self, now: float) -> None:
        """Note that the servers say less than was acknowledged. It is believed at once where the
        stream is another one, else when they have said so for a while."""
        messages = self._messages
        info = messages.streams.info(messages.names.stream)
        is_other = info is not None and info.created != self._created
        self._less_since = self._less_since or now
        if is_other or now - self._less_since > LOST_AFTER_S:
            raise gone(messages.location.shown, self.tail.seq)

    def sent(self, number: int, behind: int, then: Cursor, size: int) -> None:
        """Know that a write of this handle is the message `number`, behind the message `behind`.

        Raises:
            LedgerCorruptError: it stands elsewhere: the stream is not the one that it was.
        """
        if number != behind + 1:
            raise gone(self._messages.location.shown, then.seq)
        with self._lock:
            self._looked_at, self._less_since = monotonic(), None
            if number > self._number:
                ledger = self._messages.identity.ledger_id
                self._number, self._last_size = number, size
                self.tail = Tail(ledger, then.day, then.offset, then.seq, then.seq, then.hash)
