"""Reading the lines of a ledger in a stream: some messages at a time."""

from __future__ import annotations

from collections.abc import Iterator

from ....domain import LedgerCorruptError
from ...cursor import Cursor
from ...lines import cut
from ...port import Block, Tail
from ...position import DayRead, Position, PositionError
from ...record import Header, RecordError, day_name, decode_header, decode_record
from .messages import StoredWrite, decode
from .places import Messages

_DAYS_AT_A_TIME = 200


class NatsReading:
    """A way to read the lines of one ledger, for any thread."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def where(self, day: str) -> str:
        """Name the lines of a day in errors."""
        return f"{self._messages.location.shown}#{day_name(day)}"

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the lines behind `after`, some at a time."""
        messages = self._messages
        newest = self._newest()
        number = messages.first_behind(after.day, after.offset, newest)
        end = None if until is None else (until.day, until.offset)
        day, size = "", 0
        parts: list[bytes] = []
        for message in messages.between(number, newest):
            if not isinstance(message, StoredWrite):
                continue
            data = message.data
            if message.day == after.day and message.begins < after.offset:
                data = data[after.offset - message.begins :]
            is_last = end is not None and (message.day, message.ends) >= end
            if end is not None and is_last:
                if (message.day, message.begins) >= end:
                    break
                if message.day == end[0]:
                    data = data[: len(data) - (message.ends - end[1])]
            if parts and (message.day != day or size > 1 << 20):
                yield Block(day, b"".join(parts))
                parts, size = [], 0
            day = message.day
            parts.append(data)
            size += len(data)
            if is_last:
                break
        if parts:
            yield Block(day, b"".join(parts))

    def _newest(self) -> int:
        newest = self._messages.last()
        return 0 if newest is None else newest.number

    def seek(self, seq: int, day: str, size: int) -> tuple[bytes, Cursor] | None:
        """Return the line of a record, and a cursor behind it (see `port.Seeks`)."""
        newest = self._newest()
        number = self._messages.first_with(seq, newest)
        found = self._messages.write_at(number, newest + 1)
        if found is None or found.day != day:
            return None
        offset = found.begins
        for line in cut(found.data)[0]:
            offset += len(line) + 1
            try:
                record = decode_record(line)
            except RecordError:
                continue  # the header, or what is damaged
            if record.seq == seq:
                break
        else:
            return None
        if offset > size:
            return None
        cursor = Cursor()
        cursor.day = day
        cursor.stand_at(offset, 0, seq, record.hash, record.batch, offset)
        return line, cursor

    # -- days ----------------------------------------------------------------------------------

    def days(self) -> list[tuple[str, int]]:
        """Return the days that have lines, each with its length."""
        return [(day, size) for day, _, size in self._days()]

    def _days(self) -> list[tuple[str, int, int]]:
        """Return the days with their first record and their length: each length is in the message
        with which the next day begins."""
        begun = list(self._begun())
        newest = self._messages.last(self._messages.names.writes)
        sizes = [write.before for write in begun[1:]]
        sizes += [newest.ends] if isinstance(newest, StoredWrite) else []
        return [(write.day, write.first, size) for write, size in zip(begun, sizes, strict=False)]

    def _begun(self) -> Iterator[StoredWrite]:
        """Yield the messages with which days begin."""
        messages, number = self._messages, 1
        newest = messages.last(messages.names.day)
        while newest is not None and number <= newest.number:
            some = messages.streams.from_number(
                messages.names.stream, number, count=_DAYS_AT_A_TIME, size=1 << 22,
                subject=messages.names.day,
            )  # fmt: skip
            for stored in some:
                write = decode(stored, messages.names, messages.location.shown)
                if isinstance(write, StoredWrite):
                    yield write
                number = stored.number + 1
            if not some:  # a server that is behind
                yield from self._rest_of_days(number, newest.number)
                return

    def _rest_of_days(self, number: int, newest: int) -> Iterator[StoredWrite]:
        for message in self._messages.between(number, newest):
            if isinstance(message, StoredWrite) and not message.begins:
                yield message

    def header(self, day: str) -> Header:
        """Return the header of a day."""
        newest = self._newest()
        number = self._messages.first_behind(day, 0, newest)
        found = self._messages.write_at(number, newest + 1)
        try:
            if found is None or found.day != day or found.begins:
                raise RecordError("header", "there is none")
            return decode_header(found.data.partition(b"\n")[0])
        except RecordError as error:
            where = self.where(day)
            raise LedgerCorruptError(
                f"{where}: the header does not verify: {error}",
                path=where, line=1, offset=0, kind="header",
            ) from None  # fmt: skip

    # -- going on ------------------------------------------------------------------------------

    def check_position(self, position: Position) -> None:
        """Check that the log has what was before a position (see `port.Resumable`)."""
        if position.ledger != self._messages.identity.ledger_id:
            raise PositionError(f"it is of another ledger, {position.ledger}")
        last = position.days[-1]
        there = [row for row in self._days() if row[0] <= last.day]
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
        """Do nothing: the connection is the engine's."""
