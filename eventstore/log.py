"""The log of a ledger as one reader knows it: read forward from the first record, and verified.

A VerifiedLog is a position that only moves on. It knows nothing of turns and of who may write; it
says how far the lines are sound.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from operator import itemgetter
from typing import Generic

from ..domain import JobLedgerError, LedgerCorruptError
from .cursor import Cursor
from .layers import Layers
from .port import Block, Lines, Seeks, Tail
from .position import DayRead, Position
from .record import Form, Header, R, Repaired, decode_line
from .scan import corrupt, enter_day, scan

COPIED_LAST = (
    "its end was lost, or this is a copy of a running ledger in which HEAD came last, as"
    " it never does in a `backup`"
)
"""What a HEAD that is ahead of the log means for people."""

Steps = Generator[list[R], None, LedgerCorruptError | None]
"""Whole writes in order; its return value is what does not verify."""


class VerifiedLog(Generic[R]):
    """Reads `source`; `deliver` gets every record once, whole writes at a time.

    Without a `ledger_id` the lines may be of any ledger.

    `cursor` is the end of the last whole write that was read, `versions` the version of every job
    up to there; without `follow_versions`, for who only passes records on, memory does not grow
    with the jobs. `where` names the lines of a day in errors, `form` is what records are handed out
    as.
    """

    def __init__(
        self,
        source: Lines,
        ledger_id: str | None,
        where: Callable[[str], str],
        form: Form[R],
        deliver: Callable[[Sequence[R]], None] = lambda records: None,
        *,
        follow_versions: bool = True,
    ) -> None:
        self._source = source
        self._ledger_id = ledger_id
        self._where = where
        self._deliver = deliver
        self._follow_versions = follow_versions
        self._form = form
        self._first_seqs: list[tuple[str, int]] = []
        """The days that were entered, each with its first number."""
        self._ended: dict[str, DayRead] = {}
        """The days before the cursor's, in order."""
        self.cursor = Cursor()
        self.versions = Layers()
        self.repairs: list[Repaired] = []
        """The repairs in what was read."""
        self.is_whole = True
        """Whether the cursor, the versions and whoever gets the records have all seen the same.
        Not within a step that moves them; where that is broken off, it stays so."""

    def advance(self, until: Tail | None) -> LedgerCorruptError | None:
        """Read on, to `until`, or without it to the end of what there is, delivering what is read.

        Returns what does not verify, for the caller to judge: it may be a torn write. What is left
        at the end without a fault is an incomplete write.

        Raises:
            StorageError: the lines cannot be read.
        """
        steps = self.steps(until)
        self.is_whole = False  # rule: half-read-is-read-anew
        while True:
            try:
                records = next(steps)
            except StopIteration as end:
                damage: LedgerCorruptError | None = end.value
                self.is_whole = True
                return damage
            except JobLedgerError:
                self.is_whole = True  # up to where it went
                raise
            self._deliver(records)

    def steps(self, until: Tail | None) -> Steps[R]:
        """Do what `advance` does, step by step: the cursor stands behind what was handed out last,
        which is delivered to nobody."""
        versions = self.versions if self._follow_versions else None
        blocks = self._source.lines(self.cursor, until)
        try:
            yield from scan(blocks, self.cursor, self._where, versions, self._form, self._enter)
        except LedgerCorruptError as damage:
            return damage
        return None

    def _enter(self, block: Block) -> bytes:
        ended = self.day_read()
        header, rest = enter_day(block, self.cursor, self._ledger_id, self._where)
        self._entered(header, ended)
        return rest

    def _entered(self, header: Header, ended: DayRead) -> None:
        if ended.day:
            self._ended[ended.day] = ended
        self.note_repair(header)
        self._first_seqs.append((header.day, header.first_seq))

    def note_repair(self, header: Header) -> None:
        """Remember the repair that a day was begun by, if it was."""
        if header.repaired is not None:
            self.repairs.append(header.repaired)

    def day_read(self) -> DayRead:
        """Return the day that the cursor is in, up to there."""
        cursor = self.cursor
        first_seq = self._first_seqs[-1][1] if self._first_seqs else 1
        return DayRead(cursor.day, cursor.offset, first_seq, cursor.seq, cursor.hash)

    @property
    def size_bytes(self) -> int:
        """How many bytes all days have up to the cursor."""
        return sum(day.size for day in list(self._ended.values())) + self.cursor.offset

    def position(self) -> Position:
        """Return where the cursor stands now, for another handle to go on from. The versions in it
        are shared with this one, and so cost nothing; they do not change."""
        return Position(
            ledger=self._ledger_id or "",
            days=[*self._ended.values(), self.day_read()],
            line=self.cursor.line,
            batch=self.cursor.batch,
            write_offset=self.cursor.write_offset,
            repairs=list(self.repairs),
            versions=self.versions.freeze(),
        )

    def go_on_from(self, position: Position) -> None:
        """Stand where another handle stood; this one must not have read anything yet, and the log
        has what is before it."""
        *earlier, _ = position.days
        self._ended = {read.day: read for read in earlier}
        self._first_seqs = [(read.day, read.first_seq) for read in position.days]
        self.cursor, self.versions = position.cursor(), position.versions
        self.repairs = list(position.repairs)

    def check_tail(self, tail: Tail | None) -> None:
        """Check, at the end of what is sound, that the log has what its acknowledged end says.

        Raises:
            LedgerCorruptError: it is shorter, or its record is another one.
        """
        cursor = self.cursor
        if tail is None:
            return
        if tail.durable_seq > cursor.seq:  # rule: log-is-not-shorter-than-head
            raise self.behind(tail)
        # After a power cut a new day's header may be there while HEAD is still the day before's.
        end = self.day_read() if tail.day == cursor.day else self._ended.get(tail.day)
        # rule: last-record-is-heads
        if tail.offset and end is not None and end.seq == tail.seq and end.hash != tail.hash:
            raise corrupt(
                self._where(tail.day),
                cursor.line if tail.day == cursor.day else None,
                tail.offset,
                "chain",
                f"record {tail.seq} is not the one that HEAD has",
            )

    def behind(self, tail: Tail) -> LedgerCorruptError:
        """Return the error for a log that ends before what is known to have been durable."""
        cursor = self.cursor
        return corrupt(
            self._where(cursor.day),
            cursor.line + 1,
            cursor.offset,
            "truncated",
            f"the log ends at record {cursor.seq}, but record {tail.durable_seq} was on disk:"
            f" {COPIED_LAST}",
        )

    def go_on(self, then: Cursor, header: Header | None, versions: Mapping[str, int]) -> None:
        """Stand behind a write that was appended here, and need not be read: at `then`, behind the
        `header` of a day if it began one, where these jobs have these `versions`. It is whole again
        once its records were `told`."""
        self.is_whole = False  # rule: half-told-is-read-anew
        if header is not None:
            self._entered(header, self.day_read())
        self.cursor = then
        self.versions.now.update(versions)

    def told(self) -> None:
        """Note that whoever gets the records has those of the write that was appended here."""
        self.is_whole = True

    def first_of_day(self, day: str) -> int:
        """Return the number of the first record of a day or of a later one; where there is none,
        the one that comes next."""
        index = bisect_left(self._first_seqs, day, key=itemgetter(0))
        found = self._first_seqs[index : index + 1]
        return found[0][1] if found else self.cursor.seq + 1

    def read(
        self, after: int, reading: AbstractContextManager[Lines], until: int | None = None
    ) -> Iterator[R]:
        """Yield the records behind `after` up to the cursor as it is now, in order, as `reading`
        has them, which is entered when the first is asked for. `until` is the last one that is
        wanted: where it is found by its number, nothing behind it is read; else some are given."""
        return self._read(reading, self._index_of(after + 1), after, self._end(), until)

    def _read(
        self,
        reading: AbstractContextManager[Lines],
        index: int,
        after: int,
        end: Tail,
        wanted: int | None,
    ) -> Iterator[R]:
        if after >= min(end.seq, end.seq if wanted is None else wanted):
            return
        day = self._day(index)
        with reading as source:
            until = self._sooner(source, end, wanted)
            sought = None
            if after >= day.first_seq and isinstance(source, Seeks):
                sought = source.seek(after, day.day, day.size)
            if sought is not None:
                try:
                    for record in self._behind(sought[1], source, after, until, end):
                        after = record.seq
                        yield record
                    return
                except LedgerCorruptError:
                    pass  # who reads from the day's beginning knows the line, and tells of it
            yield from self._behind(self._begin(index), source, after, until, end)

    def _sooner(self, source: Lines, end: Tail, wanted: int | None) -> Tail:
        """Return where the record `wanted` ends, if that is before `end` and found."""
        if wanted is None or wanted >= end.seq or not isinstance(source, Seeks):
            return end
        day = self._day(self._index_of(wanted))
        sought = source.seek(wanted, day.day, day.size)
        return end if sought is None else self._at(sought[1])

    def find(
        self, seqs: Iterable[int], reading: AbstractContextManager[Lines]
    ) -> Iterator[R | None]:
        """Yield the record of each number, of those that were read by now, as `reading` has them,
        which has to be one that `Seeks`; None for one that is not found in that way."""
        with reading as source:
            assert isinstance(source, Seeks)
            for seq in seqs:
                day = self._day(self._index_of(seq))
                sought = source.seek(seq, day.day, day.size)
                yield None if sought is None else decode_line(sought[0], self._form.read)

    def _index_of(self, seq: int) -> int:
        """Return which of the days that were read has a record, or begins with it."""
        return max(bisect_right(self._first_seqs, seq, key=itemgetter(1)) - 1, 0)

    def _day(self, index: int) -> DayRead:
        """Return one of the days that were read, up to where it was."""
        if index + 1 < len(self._first_seqs):
            return self._ended[self._first_seqs[index][0]]
        return self.day_read()

    def _begin(self, index: int) -> Cursor:
        """Return a cursor at the end of the day before one that was read."""
        cursor = Cursor()
        if index:
            ended = self._day(index - 1)
            cursor.enter(ended.day, ended.size, ended.hash)
            cursor.seq = ended.seq
        return cursor

    def _behind(
        self, cursor: Cursor, source: Lines, after: int, until: Tail, end: Tail
    ) -> Iterator[R]:
        """Yield the records after `after`, from `cursor` on, which is before that; up to `until`,
        which may be in a write before the `end`."""

        def enter(block: Block) -> bytes:
            return enter_day(block, cursor, self._ledger_id, self._where)[1]

        blocks = source.lines(cursor, until)
        in_parts = until is not end
        for records in scan(
            blocks, cursor, self._where, None, self._form, enter, in_parts=in_parts
        ):
            if records[-1].seq > after:
                yield from (record for record in records if record.seq > after)

    def _end(self) -> Tail:
        return self._at(self.cursor)

    def _at(self, cursor: Cursor) -> Tail:
        return Tail(
            self._ledger_id or "", cursor.day, cursor.offset, cursor.seq, cursor.seq, cursor.hash
        )
