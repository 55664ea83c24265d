"""Reading the lines of a ledger in a database: some at a time, by the numbers of the records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....domain import LedgerCorruptError
from ...cursor import Cursor
from ...port import Block, Identity, Tail
from ...position import DayRead, Position, PositionError
from ...record import GENESIS, Header, RecordError, day_name, decode_header, decode_record
from .connection import PostgresConnection
from .location import PostgresLocation

_BLOCK_ROWS = 2000
_BLOCK_BYTES = 4 * 1024 * 1024
"""How much is fetched at a time, at most, but one line at least."""
_TAIL = (
    "SELECT seq, day, ends, substring(line FROM octet_length(line) - 33 FOR 32)"
    " FROM {schema}.records WHERE ledger = %(ledger)s ORDER BY seq DESC LIMIT 1"
)
_LINES = (
    "SELECT seq, day, line FROM"
    " (SELECT *, sum(octet_length(line)) OVER (ORDER BY seq) AS size FROM"
    " (SELECT seq, day, line FROM {schema}.records WHERE ledger = %(ledger)s"
    " AND seq > %(after)s AND seq <= %(end)s ORDER BY seq LIMIT %(rows)s) AS next) AS sized"
    " WHERE size <= %(bytes)s OR seq = %(after)s + 1 ORDER BY seq"
)
_LINE = "SELECT day, ends, line FROM {schema}.records WHERE ledger = %(ledger)s AND seq = %(seq)s"
_HEADER = "SELECT header FROM {schema}.days WHERE ledger = %(ledger)s AND day = %(day)s"
_HEADERS = (
    "SELECT day, header FROM {schema}.days WHERE ledger = %(ledger)s"
    " AND day > %(after)s AND day <= %(day)s ORDER BY day"
)
_DAYS = (
    "SELECT day, first_seq, (SELECT ends FROM {schema}.records AS r WHERE r.ledger = d.ledger"
    " AND r.seq < coalesce(d.next_seq, 9223372036854775807) ORDER BY r.seq DESC LIMIT 1)"
    " FROM (SELECT *, lead(first_seq) OVER (ORDER BY day) AS next_seq FROM {schema}.days"
    " WHERE ledger = %(ledger)s) AS d ORDER BY day"
)


class PostgresReading:
    """A way to read the lines of one ledger over one connection. No transaction stays open."""

    def __init__(
        self,
        connection: PostgresConnection,
        location: PostgresLocation,
        number: int,
        identity: Identity,
    ) -> None:
        self._connection = connection
        self._location = location
        self._number = number
        self._identity = identity

    def where(self, day: str) -> str:
        """Name the lines of a day in errors."""
        return f"{self._location.shown}#{day_name(day)}"

    def tail(self) -> Tail:
        """Return the end of the newest write that is committed."""
        rows = self._rows(_TAIL)
        seq, day, ends, digest = rows[0] if rows else (0, "", 0, GENESIS.encode())
        return Tail(self._identity.ledger_id, day, ends, seq, seq, digest.decode("latin-1"))

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the lines behind `after`, some at a time."""
        day, seq = after.day, after.seq
        end = (self.tail() if until is None else until).seq
        while seq < end:
            rows = self._rows(_LINES, after=seq, end=end, rows=_BLOCK_ROWS, bytes=_BLOCK_BYTES)
            if not rows:
                return
            yield from self.blocks(rows, day)
            seq, day, _ = rows[-1]

    def blocks(self, rows: list[Any], day: str) -> Iterator[Block]:
        """Yield the lines of rows that follow one another, behind the last one of `day`."""
        parts: list[bytes] = []
        for _, of_day, line in rows:
            if of_day != day:
                if parts:
                    yield Block(day, b"".join(parts))
                parts = []
                # A day may have a header and nothing else; without one it does not verify.
                for begun, header in self._rows(_HEADERS, after=day, day=of_day):
                    if begun == of_day:
                        parts = [header, b"\n"]
                    else:
                        yield Block(begun, header + b"\n")
                day = of_day
            parts += (line, b"\n")
        yield Block(day, b"".join(parts))

    def seek(self, seq: int, day: str, size: int) -> tuple[bytes, Cursor] | None:
        """Return the line of a record, and a cursor behind it (see `port.Seeks`)."""
        rows = self._rows(_LINE, seq=seq)
        if not rows or rows[0][0] != day or rows[0][1] > size:
            return None
        _, ends, line = rows[0]
        try:
            record = decode_record(line)
        except RecordError:
            return None
        if record.seq != seq:
            return None
        cursor = Cursor()
        cursor.day = day
        cursor.stand_at(ends, 0, seq, record.hash, record.batch, ends)
        return line, cursor

    def days(self) -> list[tuple[str, int]]:
        """Return the days that have lines, each with its length."""
        return [(day, size) for day, _, size in self._rows(_DAYS)]

    def header(self, day: str) -> Header:
        """Return the header of a day."""
        rows = self._rows(_HEADER, day=day)
        try:
            return decode_header(rows[0][0])
        except (IndexError, RecordError) as error:
            where = self.where(day)
            raise LedgerCorruptError(
                f"{where}: the header does not verify: {error}",
                path=where, line=1, offset=0, kind="header",
            ) from None  # fmt: skip

    def check_position(self, position: Position) -> None:
        """Check that the log has what was before a position (see `port.Resumable`)."""
        if position.ledger != self._identity.ledger_id:
            raise PositionError(f"it is of another ledger, {position.ledger}")
        last = position.days[-1]
        there = [tuple(row) for row in self._rows(_DAYS) if row[0] <= last.day]
        before = [(read.day, read.first_seq, read.size) for read in position.days]
        if there[:-1] != before[:-1] or [row[:2] for row in there] != [row[:2] for row in before]:
            raise PositionError(f"there are other days up to {last.day} than there were")
        self.check_record(last)

    def check_record(self, end: DayRead) -> None:
        """Check that the log has, where a day ended when it was read, the record that it had."""
        sought = self.seek(end.seq, end.day, end.size)
        if sought is None or sought[1].offset != end.size or sought[1].hash != end.hash:
            raise PositionError(f"record {end.seq} of {end.day} is not the one that was there")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _rows(self, statement: str, **values: object) -> list[Any]:
        text = statement.replace("{schema}", self._location.schema)
        return self._connection.rows(text, {"ledger": self._number, **values})
