"""What time it is on the server."""

from __future__ import annotations

from ...clock_jump import Elapsed
from ...engine_time import TimeTold
from .connection import Connected, PostgresConnection

_TIME = b"SELECT clock_timestamp()"


def ask_time(connection: PostgresConnection, elapsed: Elapsed) -> TimeTold:
    """Ask over a connection that nobody else uses, and close it.

    Raises:
        StorageError: the server cannot be reached, or refuses.
    """

    def ask(connected: Connected) -> TimeTold:
        asked_s = elapsed()  # connected already: only the question itself is timed
        [(at,)] = connected.execute(_TIME, binary=True).fetchall()
        return TimeTold(at, asked_s, elapsed())

    try:
        return connection.ask(ask)
    finally:
        connection.close()
