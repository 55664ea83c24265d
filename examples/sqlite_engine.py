"""An engine of one's own, in one file: a ledger in an SQLite database, `sqlite:PATH`.

A write is a row, and its primary key the record that it follows: of two who append after the same
record, the second violates it. What is derived from the log (daily files, snapshots), and the lock
of the runner, is in a directory beside the database.

    register("sqlite", SqliteEngine)          # or an entry point of the group jobledger.engines
    with Ledger("sqlite:posts.db") as ledger: ...
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobledger import StorageError
from jobledger.eventstore import (
    GENESIS,
    AppendFailedError,
    Block,
    Cursor,
    Identity,
    Place,
    Tail,
    Write,
)
from jobledger.eventstore.engines import EngineOptions
from jobledger.eventstore.engines.files import FileSystem

TABLES = (
    "CREATE TABLE IF NOT EXISTS ledger (only INTEGER PRIMARY KEY CHECK (only = 1), id, zone)",
    "CREATE TABLE IF NOT EXISTS writes"
    " (after INTEGER PRIMARY KEY, last INTEGER, day TEXT, end INTEGER, hash TEXT, lines BLOB)",
)


class SqliteEngine:
    """One handle on a ledger in a database; any number of processes may hold one."""

    def __init__(self, location: str, options: EngineOptions) -> None:
        self.location = location
        path = Path(location.removeprefix("sqlite:")).absolute()
        if options.read_only and not path.exists():
            raise StorageError(f"there is no ledger in {path}", path=str(path))
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA synchronous=FULL")  # a commit is on disk when it returns
        with self._writing():
            for table in TABLES:
                self._db.execute(table)
            made = (str(uuid.uuid4()), options.timezone or "UTC")
            self._db.execute("INSERT OR IGNORE INTO ledger VALUES (1, ?, ?)", made)
        self.identity = Identity(*self._db.execute("SELECT id, zone FROM ledger").fetchone())
        self.place = Place(options.fs or FileSystem(), path.with_name(f"{path.name}.files"))
        self.place.fs.make_directory(self.place.directory)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Wait for the database from the beginning: in the middle SQLite would refuse instead."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

    def tail(self) -> Tail:
        """Return the end of the newest write."""
        newest = "SELECT day, end, last, hash FROM writes ORDER BY after DESC LIMIT 1"
        row = self._db.execute(newest).fetchone() or ("", 0, 0, GENESIS)
        day, end, last, digest = row
        return Tail(self.identity.ledger_id, day, end, last, last, digest)

    @property
    def durable_seq(self) -> int:
        """Return the last record: a commit is on disk when it returns."""
        return self.tail().seq

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the writes behind `after`, one by one: no transaction stays open between two."""
        seq, end = after.seq, (until or self.tail()).seq
        while seq < end:
            following = "SELECT last, day, lines FROM writes WHERE after = ?"
            row = self._db.execute(following, (seq,)).fetchone()
            if row is None:
                return
            seq, day, lines = row
            yield Block(day, lines)

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Insert a write, unless there is one after the same record."""
        row = (after.seq, then.seq, then.day, then.offset, then.hash, write.header + write.lines)
        try:
            with self._writing():
                self._db.execute("INSERT INTO writes VALUES (?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            return False
        except sqlite3.Error as error:
            raise AppendFailedError(f"cannot write to {self.location}: {error}") from error
        return True

    def where(self, day: str) -> str:
        """Name the lines of a day in errors."""
        return f"{self.location}#events_{day}.jsonl"

    def sync(self, cursor: Cursor) -> None:
        """Do nothing: every commit is synced."""

    def close(self) -> None:
        """Close the database."""
        self._db.close()
