"""LogReader: one pass over a log, without a turn, in constant memory, and on past damage.

A handle that keeps state has to stop at damage, because behind it every state is a guess. A reader
who only looks at events need not: each line carries its own hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Generic

from ..domain import LedgerCorruptError
from .lines import DayLine, lines_of
from .log import VerifiedLog
from .port import Block, Engine, Identity, KnowsDays, Tail, reading_of
from .record import Form, R, RecordError, Repaired, decode_line
from .scan import corrupt, parse_header


class LogReader(Generic[R]):
    """The events of an engine in order, from the first one, or from a later day (`begin`).

    `form` is what records are handed out as. The engine is closed with the reader.

    `records` gives what is acknowledged and was not read yet; `changed` says whether there is more.
    So one reader follows a log for as long as it likes, over day changes and whoever writes.

    What does not verify goes to `damages`, in order, and reading goes on behind it with every line
    that is sound in itself; whether those are all, and in their place, nobody can prove any more.
    """

    def __init__(self, engine: Engine, form: Form[R]) -> None:
        self._engine = engine
        self._form = form
        self.identity = _identity_of(engine)
        self._log = VerifiedLog(
            engine, self.identity.ledger_id or None, engine.where, form, follow_versions=False
        )
        self._rest: _Rest[R] | None = None
        """What reads on behind damage."""
        self.damages: list[LedgerCorruptError] = []

    def begin(self, day: date | None) -> None:
        """Leave out the days in which nothing can be of `day` or later; before reading.

        A record never stands under an earlier day than its own. Some engines cannot leave out any.
        """
        if day is None or not isinstance(self._engine, KnowsDays):
            return
        sizes = dict(self._engine.days())
        days = list(sizes)
        if len(days) < 2 or days[0] >= day.isoformat():
            return
        before = max(name for name in days[:-1] if name < day.isoformat())
        try:
            header = self._engine.header(days[days.index(before) + 1])
        except LedgerCorruptError:
            return  # it will be met, and told of, on the way from the first day
        cursor = self._log.cursor
        cursor.day, cursor.seq, cursor.hash = before, header.first_seq - 1, header.prev
        cursor.offset = sizes[before]

    @property
    def repairs(self) -> list[Repaired]:
        """Return the repairs in what was read."""
        return self._log.repairs

    @property
    def seq(self) -> int:
        """Return the sequence number of the last record read."""
        return self._log.cursor.seq if self._rest is None else self._rest.seq

    def changed(self) -> bool:
        """Say whether there are acknowledged records that were not read yet."""
        tail = self._tail()
        return tail is not None and tail.seq > self.seq

    def unread(self) -> int:
        """Return how many bytes there are that were not read yet; 0 where the engine can't say."""
        if not isinstance(self._engine, KnowsDays):
            return 0
        place = self._log.cursor if self._rest is None else self._rest.place
        return sum(size for day, size in self._engine.days() if day >= place.day) - place.offset

    def _tail(self) -> Tail | None:
        tail = self._engine.tail()
        if tail is not None and self.identity.ledger_id not in ("", tail.ledger):
            where = self._engine.where(tail.day)
            raise corrupt(where, 1, 0, "head", "HEAD is of another ledger")
        return tail

    def records(self) -> Iterator[R]:
        """Yield the records that are acknowledged by now and were not read before, in order."""
        tail = self._tail()
        if self._rest is None:
            steps = self._log.steps(tail)
            damage: LedgerCorruptError | None
            try:
                while True:
                    yield from next(steps)
            except StopIteration as end:
                damage = end.value or self._too_short(tail)
            if damage is None:
                return
            self.damages.append(damage)
            self._rest = _Rest(self._engine, self._log, self.damages, self._form)
        yield from self._rest.records(tail)

    def _too_short(self, tail: Tail | None) -> LedgerCorruptError | None:
        if tail is None or tail.durable_seq <= self._log.cursor.seq:
            return None
        return self._log.behind(tail)

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()


def _identity_of(engine: Engine) -> Identity:
    """Which ledger it is, by the first header that is sound; without an id where none is."""
    if engine.identity.fault is None or not isinstance(engine, KnowsDays):
        return engine.identity
    for day, _ in engine.days():
        try:
            header = engine.header(day)
        except LedgerCorruptError:
            continue  # it will be met, and told of, when the day is read
        return Identity(header.ledger, header.timezone)
    return engine.identity


class _Rest(Generic[R]):
    """What is behind damage: every line that is sound in itself; one damage for each bad run."""

    def __init__(
        self, engine: Engine, log: VerifiedLog[R], damages: list[LedgerCorruptError], form: Form[R]
    ) -> None:
        self._engine = engine
        self._damages = damages
        self._log = log
        self._form = form
        self.place = log.cursor.copy()
        """Where the next line begins: nothing is sure of it but the day and the offset."""
        self.seq, self._hash = log.cursor.seq, log.cursor.hash
        self._following = True
        """Whether what comes next is still within the damage that is already known."""

    def records(self, tail: Tail | None) -> Iterator[R]:
        with reading_of(self._engine) as source:
            try:
                yield from self._records(source.lines(self.place.copy(), tail))
            except LedgerCorruptError as damage:  # the file has become shorter
                self._add(damage)

    def _records(self, blocks: Iterator[Block]) -> Iterator[R]:
        place = self.place
        for line in lines_of(blocks):
            if line.day != place.day and self._enter(line):
                continue
            if line.is_whole:
                record = self._judge(line.data)
                place.offset += len(line.data) + 1
                place.line += 1
                if record is not None:
                    yield record
            elif line.is_too_long:
                self._note(RecordError("unreadable", "a line without an end"))
                place.offset += len(line.data)
            # Else more of it is still to come, or was lost.

    def _enter(self, line: DayLine) -> bool:
        """Go on to the day of its first line; move behind that if it is the header, and say so."""
        place, path = self.place, self._engine.where(line.day)
        place.day, place.offset, place.line = line.day, 0, 0
        try:
            header, length = parse_header(line.data + b"\n" * line.is_whole, path)
        except LedgerCorruptError as damage:
            self._add(damage)
            return False
        self._log.note_repair(header)
        place.offset, place.line, self._hash = length, 1, header.hash
        if header.first_seq != self.seq + 1 and not self._following:
            self._note(RecordError("chain", f"the header does not follow record {self.seq}"))
        return True

    def _judge(self, line: bytes) -> R | None:
        """Return the record of a line that is sound in itself, else None; a new fault is noted."""
        try:
            record = decode_line(line, self._form.read)
        except RecordError as fault:
            self._note(fault)
            return None
        if record.seq <= self.seq:
            self._note(RecordError("sequence", f"record {record.seq} stands here again"))
            return None
        if record.prev != self._hash and not self._following:
            self._note(RecordError("chain", f"record {record.seq} does not chain"))
        self.seq, self._hash, self._following = record.seq, record.hash, False
        return record

    def _note(self, fault: RecordError) -> None:
        place = self.place
        path = self._engine.where(place.day)
        self._add(corrupt(path, place.line + 1, place.offset, fault.kind, fault.message))

    def _add(self, damage: LedgerCorruptError) -> None:
        """Note damage, unless it goes on from the line before, or is what led here."""
        led_here = self._damages[0]
        if not self._following and (damage.path, damage.line) != (led_here.path, led_here.line):
            self._damages.append(damage)
        self._following = True
