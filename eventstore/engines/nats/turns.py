"""Turns at appending: politeness among those who append at once, so that none is always overtaken.

Who was overtaken says so to all, by a message that nobody keeps; whoever hears it holds its next
write back for a moment. Nothing depends on it: what is compared is compared by the servers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from uuid import uuid4

from ....domain import StorageError
from .connection import NatsConnection, UnansweredError
from .location import NatsLocation

TURN_S = 0.3
"""For how long somebody's turn is respected: who has died with it keeps nobody for longer."""
_LONGEST_S = 5.0
_ECHO_S = 0.1


class Turns:
    """The turns at one ledger, as one handle hears of them."""

    def __init__(self, connection: NatsConnection, location: NatsLocation) -> None:
        self._connection = connection
        self._subject = f"jobledger-turns.{location.ledger}"
        self._me = uuid4().hex[:12]
        self._changed = threading.Condition()
        self._waiting: dict[str, float] = {}
        """Who wants a turn, in the order in which that was heard, and until when it counts."""
        self._is_mine = False
        connection.hear(self._subject, self._hear)

    def wait(self) -> None:
        """Wait until nobody else has a turn, which is a moment at most."""
        if self._waiting and not self._is_mine:
            self._wait_for(lambda: not self._others())

    @contextmanager
    def mine(self) -> Iterator[None]:
        """Have the turn within the `with`, behind those who asked before."""
        self._say("want")
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._me in self._waiting, _ECHO_S)
            self._wait_for(lambda: not self._before_me())
            self._is_mine = True
            yield
        finally:
            self._is_mine = False
            self._say("done")

    def _wait_for(self, is_so: Callable[[], bool]) -> None:
        deadline = monotonic() + _LONGEST_S
        with self._changed:
            while not is_so() and monotonic() < deadline:
                self._changed.wait(0.05)

    def _others(self) -> list[str]:
        now = monotonic()
        return [who for who, until in self._waiting.items() if until > now and who != self._me]

    def _before_me(self) -> list[str]:
        if self._me not in self._waiting:
            return []
        now, found = monotonic(), []
        for who, until in self._waiting.items():
            if who == self._me:
                break
            if until > now:
                found.append(who)
        return found

    def _say(self, what: str) -> None:
        with suppress(StorageError, UnansweredError):
            self._connection.publish(self._subject, f"{what} {self._me}".encode())

    def _hear(self, data: bytes) -> None:
        """Take in what was said; called in the connection's thread."""
        what, _, who = data.decode("utf-8", "replace")[:64].partition(" ")
        with self._changed:
            now = monotonic()
            for each in [each for each, until in self._waiting.items() if until <= now]:
                del self._waiting[each]
            if what == "want":
                self._waiting[who] = now + TURN_S
            else:
                self._waiting.pop(who, None)
            self._changed.notify_all()
