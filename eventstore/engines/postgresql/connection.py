"""A connection to PostgreSQL that is made when it is needed, and made again when it broke."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from ....domain import StorageError
from .location import PostgresLocation

ResultT = TypeVar("ResultT")
Connected = psycopg.Connection[TupleRow]


class PostgresConnection:
    """One connection, for one thread at a time. `check` looks at each new one, and may refuse it.

    Nothing is kept in the session from one transaction to the next, so that a pooler may lie
    between: no prepared statements, no settings, no temporary tables.
    """

    def __init__(
        self,
        location: PostgresLocation,
        check: Callable[[Connected], None] = lambda connected: None,
    ) -> None:
        self._location = location
        self._check = check
        self._connected: Connected | None = None
        self.is_ahead = False
        """The server has said that it waited no longer for its synchronous standby: that may not
        have what was committed. Set back by who sees to it."""
        self._lock = threading.RLock()
        self._pid = os.getpid()

    @contextmanager
    def use(self) -> Iterator[Connected]:
        """Have it for oneself, connected, within the `with`; in autocommit.

        Raises:
            psycopg.Error: it cannot be connected, or what is done with it fails.
        """
        with self._lock:
            connected = self._connected
            if connected is None or connected.closed:
                connected = psycopg.connect(
                    self._location.conninfo, autocommit=True, prepare_threshold=None
                )
                connected.add_notice_handler(self._hear)
                try:
                    self._check(connected)
                except BaseException:
                    connected.close()
                    raise
                self._connected = connected
            yield connected

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.source_function == "SyncRepWaitForLSN":  # its words are in any language
            self.is_ahead = True

    def ask(self, query: Callable[[Connected], ResultT]) -> ResultT:
        """Read something, which may be asked again where the connection has broken.

        Raises:
            StorageError: the server cannot be reached, or refuses.
        """
        try:
            try:
                with self.use() as connected:
                    return query(connected)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                self.drop()
                with self.use() as connected:
                    return query(connected)
        except psycopg.Error as error:
            self.drop()
            raise failed("read", self._location, error) from error

    def rows(self, statement: str, values: dict[str, Any]) -> list[TupleRow]:
        """Return the rows of a statement that only reads. Raises as `ask`."""
        text = statement.encode()
        return self.ask(lambda one: one.execute(text, values, binary=True).fetchall())

    def is_idle(self) -> bool:
        """Say whether it has no transaction open."""
        connected = self._connected
        status = None if connected is None else connected.info.transaction_status
        return status in (None, TransactionStatus.IDLE)

    def drop(self) -> None:
        """Close it; whoever uses it next is connected anew."""
        with self._lock:
            connected, self._connected = self._connected, None
            if connected is not None and os.getpid() == self._pid:
                with suppress(psycopg.Error):
                    connected.close()

    def close(self) -> None:
        """Close it, unless it is the parent's of a fork: that goes on using it."""
        if os.getpid() != self._pid:
            self._connected = None  # libpq closes it in the process that made it alone
            return
        self.drop()


def failed(what: str, location: PostgresLocation, error: psycopg.Error) -> StorageError:
    """Return the error for what the server or the way to it has refused."""
    told = error.diag.message_primary or str(error).strip().partition("\n")[0]
    state = f" (SQLSTATE {error.sqlstate})" if error.sqlstate else ""
    return StorageError(f"cannot {what} {location.shown}: {told}{state}", path=location.shown)
