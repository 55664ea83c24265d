"""The engine of a ledger in a PostgreSQL database: one line a row, one transaction a write.

Nothing is acknowledged before COMMIT has answered. Where it does not answer, what became of it is
found out: the same write is made again, under the lock that the old transaction holds until it is
decided, and behind the same record; the primary key lets it in once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import psycopg

from ....domain import LedgerBusyError, StorageError
from ...clock_jump import Elapsed
from ...cursor import Cursor
from ...engine_time import TimeTold
from ...known_end import KnownEnd
from ...port import AppendFailedError, Block, Identity, Lines, Place, Tail, Write
from ...position import DayRead, Position
from ...record import Header
from ...runners import RunnerSeen
from ..files import FileSystem
from .clock import ask_time
from .connecting import Opened
from .connection import PostgresConnection, failed
from .in_line import FoundInLine, found, take_turn
from .lease import PostgresLease
from .location import PostgresLocation
from .reading import PostgresReading
from .values import AppendCall, call_of

if TYPE_CHECKING:
    from ..registry import EngineOptions

FIND_OUT_S = 60.0
"""For how long it is tried to find out what became of a write."""
_HASH = (
    "SELECT substring(line FROM octet_length(line) - 33 FOR 32) FROM {schema}.records"
    " WHERE ledger = %(ledger)s AND seq = %(seq)s"
)
_COMMIT_SOMETHING = b"SELECT pg_logical_emit_message(true, 'jobledger', '')"
"""A message that nobody gets: its commit waits for all that was committed before."""
_PAUSE = threading.Event()
"""Never set: a way to wait."""


class PostgresEngine:
    """One handle on a ledger in a database; any number of processes may hold one, on any host."""

    def __init__(self, location: PostgresLocation, options: EngineOptions, opened: Opened) -> None:
        self._at = location
        self.location = location.shown
        self._check, self._number = opened.check, opened.number
        self.identity: Identity = opened.identity
        self.remarks = opened.remarks
        self._writing = self._connect()
        self._own = self._new_reading()
        # In a turn another connection may not be had: a pooler has few, and others wait in them.
        self._in_turn = PostgresReading(self._writing, location, self._number, self.identity)
        self._turn_of: int | None = None
        self._known = KnownEnd(self.location, self.identity.ledger_id)
        self._is_queued = False
        self._found: FoundInLine | None = None
        """What there was when the turn came, while it lasts."""
        self._lease: PostgresLease | None = None
        self.runner: str | None = None
        """Without whose lease nothing is appended; None: this handle is no runner's."""

    def _new_reading(self) -> PostgresReading:
        return PostgresReading(self._connect(), self._at, self._number, self.identity)

    def _connect(self) -> PostgresConnection:
        return PostgresConnection(self._at, self._check)

    # -- reading -------------------------------------------------------------------------------

    @property
    def durable_seq(self) -> int:
        """Return the last record that is known to be committed."""
        return self._known.tail.seq

    def where(self, day: str) -> str:
        """Name the lines of a day in errors."""
        return self._own.where(day)

    def tail(self) -> Tail:
        """Return the end of the newest write that is committed.

        Raises:
            LedgerCorruptError: it is before one that was known here: `lost`.
        """
        known = self._known.tail  # before it is asked: another thread may append meanwhile
        found = self._found_in_turn()
        return self._known.meet(self._reading().tail() if found is None else found.tail, known)

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the lines behind `after`, some at a time: no transaction stays open between."""
        found = self._found_in_turn()
        if found is None or until != found.tail or after.seq != found.after:
            return self._reading().lines(after, until)
        return self._reading().blocks(found.rows, after.day) if found.rows else iter(())

    def _has_turn(self) -> bool:
        """Say whether this very thread has the turn: what goes with it is no other one's."""
        return self._turn_of == threading.get_ident()

    def _reading(self) -> PostgresReading:
        return self._in_turn if self._has_turn() else self._own

    def _found_in_turn(self) -> FoundInLine | None:
        return self._found if self._has_turn() else None

    def seek(self, seq: int, day: str, size: int) -> tuple[bytes, Cursor] | None:
        """Return the line of a record, and a cursor behind it (see `port.Seeks`)."""
        return self._own.seek(seq, day, size)

    def reading(self) -> Lines:
        """Return a way to read by a connection of its own (see `port.ReadsApart`)."""
        return self._new_reading()

    def days(self) -> list[tuple[str, int]]:
        """Return the days that have lines, each with its length."""
        return self._own.days()

    def header(self, day: str) -> Header:
        """Return the header of a day."""
        return self._own.header(day)

    def check_position(self, position: Position) -> None:
        """Check that the log has what was before a position (see `port.Resumable`)."""
        self._own.check_position(position)

    def check_record(self, end: DayRead) -> None:
        """Check that the log has, where a day ended when it was read, the record that it had."""
        self._own.check_record(end)

    # -- appending -----------------------------------------------------------------------------

    @contextmanager
    def queue(self) -> Iterator[None]:
        """Have everybody else who appends wait from here to the append (see `port.Queues`)."""
        try:
            known = self._known.tail
            with self._writing.use() as connected:
                answers = connected.execute(take_turn(self._number, self._at.schema, known.seq))
                while answers.nextset():
                    pass
                self._found = found(answers.fetchall(), known)
        except psycopg.Error as error:
            self._writing.drop()
            raise self._not_written(error) from error
        except BaseException:
            self._writing.drop()
            raise
        self._is_queued, self._turn_of = True, threading.get_ident()
        try:
            yield
        finally:
            self._is_queued, self._found, self._turn_of = False, None, None
            if not self._writing.is_idle():  # nothing was appended
                self._writing.drop()

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Append a write behind `after`, in a transaction of its own or in that of the `queue`."""
        call = call_of(self._number, self.runner, write, after, then)
        try:
            answer = self._append(call)
        except psycopg.Error as error:
            if _is_definite(error):
                self._writing.drop()
                raise self._not_written(error) from error
            answer = self._find_out(call, then, error)
        if self._writing.is_ahead:  # rule: acknowledged-is-on-the-standby
            answer = self._find_out(call, then, None)
        if answer == "lapsed" and self._lease is not None:
            self._lease.renew()  # nobody has ended it, and nobody does from here on
            return False
        if answer == "ended" and self._lease is not None:
            raise self._lease.ended()  # rule: ended-runner-appends-nothing
        if answer == "written" and then.seq > after.seq:
            self._known.tail = Tail(
                self.identity.ledger_id, then.day, then.offset, then.seq, then.seq, then.hash
            )
        elif answer == "lost":
            raise self._known.lost(after.seq)
        elif answer not in ("written", "behind"):
            raise StorageError(
                f"cannot write to {self.location}: synchronous_commit is off for this session",
                path=self.location,
                hint="needs synchronous_commit=on, for the role and the database too",
            )
        return answer == "written"

    def _append(self, call: AppendCall) -> str:
        statement, values = self._statement(call.statement), call.values
        with self._writing.use() as connected:
            if not self._is_queued:
                answers = connected.execute(statement, values)
            else:
                with connected.pipeline():  # both in one round trip
                    answers = connected.execute(statement, values)
                    connected.execute(b"COMMIT")  # of nothing, where nothing was written
            [(answer,)] = answers.fetchall()
            self._found = None  # it ends elsewhere now
            return str(answer)

    def _find_out(self, call: AppendCall, then: Cursor, error: psycopg.Error | None) -> str:
        """Find out what became of a write whose answer is lost, by making it again.

        The old transaction has the lock until it is decided, so that this one waits for it. Where
        that was committed, the record is there with this very hash; where it was not, it is written
        now, and one that comes late violates the primary key. That it can be seen does not say that
        a synchronous standby has it, too: a commit after it does.

        Raises:
            AppendFailedError: it could not be found out.
        """
        self._is_queued, self._found, self._turn_of = False, None, None
        deadline = monotonic() + FIND_OUT_S
        while True:
            self._writing.drop()
            self._writing.is_ahead = False
            try:
                answer = self._append(call)
                if answer == "behind" and self._is_mine(then):
                    answer = "written"
                    with self._writing.use() as connected:
                        # rule: found-is-on-the-standby
                        connected.execute(_COMMIT_SOMETHING)
                if not self._writing.is_ahead:
                    return answer
                told, is_definite = "its synchronous standby does not have what was written", False
            except psycopg.Error as again:
                told = failed("write to", self._at, again).message
                is_definite = _is_definite(again)
            if is_definite or monotonic() > deadline:
                raise AppendFailedError(told, path=self.location) from error
            _PAUSE.wait(0.2)

    def _is_mine(self, then: Cursor) -> bool:
        with self._writing.use() as connected:
            row = connected.execute(
                self._statement(_HASH), {"ledger": self._number, "seq": then.seq}
            ).fetchone()
        return row is not None and row[0] == then.hash.encode()

    def sync(self, cursor: Cursor) -> None:
        """Do nothing: what was committed is on disk."""

    def reopen(self, cursor: Cursor | None) -> None:
        """Connect anew (see `port.Reopens`)."""
        self._writing.drop()
        self._own.close()
        self.tail()

    def close(self) -> None:
        """Close the connections."""
        self._writing.close()
        self._own.close()

    # -- runners -------------------------------------------------------------------------------

    def lease(self, name: str) -> PostgresLease:
        """Return a lease for a runner of this handle (see `port.SharesRuns`)."""
        self._lease = PostgresLease(self, self._at, self._number, self._connect, name)
        return self._lease

    def runners(self) -> list[RunnerSeen]:
        """Return the runners, and those that ended lately."""
        lease = PostgresLease(self, self._at, self._number, self._connect, "")
        try:
            return lease.all()
        finally:
            lease.close()

    def time(self, elapsed: Elapsed) -> TimeTold:
        """Ask the server what time it is (see `TellsTime`)."""
        return ask_time(self._connect(), elapsed)

    # -- errors --------------------------------------------------------------------------------

    def _statement(self, text: str) -> bytes:
        return text.replace("{schema}", self._at.schema).encode()

    def _not_written(self, error: psycopg.Error) -> StorageError:
        told = failed("write to", self._at, error)
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return LedgerBusyError(told.message, path=told.path)
        return told


class PostgresEngineWithFiles(PostgresEngine):
    """One that has a directory on this machine for what is derived from the log."""

    def __init__(self, location: PostgresLocation, options: EngineOptions, opened: Opened) -> None:
        super().__init__(location, options, opened)
        fs = options.fs or FileSystem()
        self.place = Place(fs, Path(location.files).absolute())
        """The directory; it is there (see `port.HasPlace`)."""
        try:
            fs.make_directory(self.place.directory)
        except BaseException:
            self.close()
            raise


def _is_definite(error: psycopg.Error) -> bool:
    """Whether the server has said that the transaction is none: not that it, or the way to it, has
    come to an end, which a COMMIT may have survived."""
    if not isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return True
    return error.sqlstate is not None and not error.sqlstate.startswith(("08", "57P"))
