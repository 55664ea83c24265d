"""The lease of a runner: a row that a thread of its own renews, by the clock of the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol
from uuid import uuid4

import psycopg

from ....domain import SchedulerRunningError, StorageError
from ...clock_jump import boot_time
from ...lease_time import LeaseTime
from ...runners import RunnerEndedError, RunnerSeen
from .connection import PostgresConnection, failed
from .location import PostgresLocation
from .schema import wait_in_line

_EXPIRES = "clock_timestamp() + make_interval(secs => %(lease_s)s)"
_TAKE = (
    "INSERT INTO {schema}.runners (ledger, runner, expires_at)"
    f" VALUES (%(ledger)s, %(runner)s, {_EXPIRES}) RETURNING extract(epoch FROM started_at)::float8"
)
_RENEW = (
    f"UPDATE {{schema}}.runners SET renewed_at = clock_timestamp(), expires_at = {_EXPIRES}"
    " WHERE ledger = %(ledger)s AND runner = %(runner)s AND ended_at IS NULL"
    " RETURNING extract(epoch FROM pg_postmaster_start_time())::float8"
)
_LEAVE = (
    "UPDATE {schema}.runners SET ended_at = clock_timestamp(), ended_by = runner"
    " WHERE ledger = %(ledger)s AND runner = %(runner)s AND ended_at IS NULL"
)
_END = (
    "UPDATE {schema}.runners SET ended_at = clock_timestamp(), ended_by = %(runner)s"
    " WHERE ledger = %(ledger)s AND ended_at IS NULL AND expires_at < clock_timestamp()"
    " AND runner <> %(runner)s"
    # What this one knew when it sent this may be long ago, and of another server.
    " AND extract(epoch FROM pg_postmaster_start_time())::float8 = %(start)s"
    " AND EXISTS (SELECT FROM {schema}.runners own WHERE own.ledger = %(ledger)s"
    " AND own.runner = %(runner)s AND own.ended_at IS NULL"
    " AND own.expires_at > clock_timestamp() + make_interval(secs => %(lease_s)s / 3))"
    " RETURNING runner"
)
_LIVING = "SELECT runner FROM {schema}.runners WHERE ledger = %(ledger)s AND ended_at IS NULL"
_ALL = (
    "SELECT runner, started_at, renewed_at, expires_at, ended_at, ended_by FROM {schema}.runners"
    " WHERE ledger = %(ledger)s AND (ended_at IS NULL OR ended_at > now() - interval '1 day')"
    " ORDER BY started_at"
)


_uptime = boot_time() or time.monotonic


class Leased(Protocol):
    """The engine whose appends need the lease."""

    runner: str | None


class PostgresLease:
    """The right of a runner of this process; `acquire` takes one, `release` gives it back."""

    def __init__(
        self,
        engine: Leased,
        location: PostgresLocation,
        number: int,
        connect: Callable[[], PostgresConnection],
        name: str,
    ) -> None:
        self._engine = engine
        self._at = location
        self._number = number
        self._connection = connect()
        self._name = name
        self._lock = threading.Lock()
        self._stop: threading.Event | None = None
        self._time = LeaseTime(location.lease_s, _uptime)
        self.runner = ""

    # -- having it -----------------------------------------------------------------------------

    def acquire(self) -> None:
        """Take a new one, and have it renewed from here on."""
        self._end_thread()
        runner = f"{self._name}:{uuid4().hex[:12]}"
        with self._lock:  # the thread of the one before may be in the midst of a renewal
            sent = _uptime()
            self._rows(_TAKE, runner)
            self.runner, self._engine.runner = runner, runner
            self._time.taken(sent)
        stop = self._stop = threading.Event()
        threading.Thread(
            target=self._keep, args=(stop, runner), name="jobledger-lease", daemon=True
        ).start()

    def check(self) -> None:
        """Check that it still holds; where it has run out it is renewed, if nobody was faster.

        Raises:
            RunnerEndedError: another runner has ended this one.
            SchedulerRunningError: none is held.
        """
        if not self.runner or self._stop is None:
            raise SchedulerRunningError(
                f"there is no lease for the jobs of {self._at.shown}", path=self._at.shown
            )
        if self.valid_for_s() <= 0:
            self.renew()
        if self._time.was_ended:
            raise self.ended()

    def valid_for_s(self) -> float:
        """Say for how long it holds, as far as is known here."""
        return self._time.valid_for_s()

    def renew(self) -> None:
        """Renew it now.

        Raises:
            RunnerEndedError: another runner has ended this one.
            StorageError: it cannot be renewed.
        """
        if not self._renew(self.runner):
            raise self.ended()

    def ended(self) -> RunnerEndedError:
        """Note that this runner was ended, and return the error that says so."""
        self._time.was_ended = True
        return RunnerEndedError(
            f"another runner has ended this one, {self.runner}, which had not renewed its lease for"
            f" {self._at.lease_s:g} s",
            path=self._at.shown,
        )

    def release(self) -> None:
        """Give it back, so that others need not wait until it has run out."""
        self._end_thread()
        with self._lock:  # else a renewal that is just beginning would connect again behind this
            if self.runner and self._engine.runner == self.runner:
                self._engine.runner = None
                with suppress(StorageError):  # then it runs out
                    self._rows(_LEAVE, self.runner)
            self._connection.close()

    def abandon(self) -> None:
        """Forget it: in the child of a fork it is the parent's."""
        self._stop, self._engine.runner = None, None
        self._connection.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    # -- others --------------------------------------------------------------------------------

    def living(self) -> frozenset[str]:
        """Return the runners that nobody has ended."""
        return frozenset(row[0] for row in self._rows(_LIVING, self.runner))

    def end_lapsed(self) -> list[str]:
        """End the runners whose lease has run out (see `port.RunnerLease`)."""
        if not self._time.may_end_others:
            return []
        values = self._values(self.runner) | {"start": self._time.start}
        try:
            with self._connection.use() as connected, connected.transaction():
                # No append is between its look at a lease and its commit.
                connected.execute(wait_in_line(self._number))
                if not self._time.may_end_others:  # that took long
                    return []
                rows = connected.execute(self._text(_END), values).fetchall()
        except psycopg.Error as error:
            self._connection.drop()
            raise failed("end runners of", self._at, error) from error
        return [row[0] for row in rows]

    def all(self) -> list[RunnerSeen]:
        """Return the runners, and those that ended lately."""
        return [RunnerSeen(*row) for row in self._rows(_ALL, "")]

    # -- renewing ------------------------------------------------------------------------------

    def _keep(self, stop: threading.Event, runner: str) -> None:
        """Renew it until `stop`, in a thread of its own: nothing that the runner does delays it."""
        every_s = self._at.lease_s / 3
        while not stop.wait(every_s if self.valid_for_s() > every_s else every_s / 10):
            try:
                if not self._renew(runner, stop):
                    return
            except StorageError:
                pass  # tried again; whoever appends meanwhile is told

    def _renew(self, runner: str, stop: threading.Event | None = None) -> bool:
        with self._lock:
            if stop is not None and stop.is_set():
                return False  # it was given back meanwhile, and its connection closed
            sent = _uptime()
            rows = self._rows(_RENEW, runner)
            if runner != self.runner:
                return False  # another one was taken meanwhile, of which this says nothing
            if not rows:
                self._time.was_ended = True
                return False
            self._time.renewed(sent, rows[0][0])
            return True

    def _end_thread(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _rows(self, statement: str, runner: str) -> list[Any]:
        text = self._text(statement)

        def ask(connected: psycopg.Connection[Any]) -> list[Any]:
            cursor = connected.execute(text, self._values(runner))
            return [] if cursor.description is None else cursor.fetchall()

        return self._connection.ask(ask)

    def _text(self, statement: str) -> bytes:
        return statement.replace("{schema}", self._at.schema).encode()

    def _values(self, runner: str) -> dict[str, object]:
        return {"ledger": self._number, "runner": runner, "lease_s": self._at.lease_s}
