"""Lines as they are, handed out only as far as they were found sound: for who copies a log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from .cursor import Cursor
from .log import VerifiedLog
from .port import Block, Lines, Tail
from .position import Position
from .record import RECORDS, Record


class _Kept:
    """Lines that are kept as they pass."""

    def __init__(self, source: Lines) -> None:
        self._source = source
        self.blocks: deque[Block] = deque()

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the lines, and keep them."""
        for block in self._source.lines(after, until):
            self.blocks.append(block)
            yield block

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()


class SoundLines:
    """Reads on in the lines of a ledger, verifying them; `where` names those of a day in errors.

    `cursor` is behind what was handed out last, always at the end of a whole write.
    """

    def __init__(self, source: Lines, ledger_id: str | None, where: Callable[[str], str]) -> None:
        self._kept = _Kept(source)
        self._log: VerifiedLog[Record] = VerifiedLog(
            self._kept, ledger_id, where, RECORDS, follow_versions=False
        )
        self.cursor = Cursor()

    @property
    def position(self) -> Position:
        """Return where that is, for another one to go on from."""
        return self._log.position()

    def go_on_from(self, position: Position) -> None:
        """Stand where another one stood; before anything was read."""
        self._log.go_on_from(position)
        self.cursor = position.cursor()

    def read(self, until: Tail | None) -> Iterator[tuple[Block, Cursor]]:
        """Yield what follows, up to `until` or to the end: some whole lines of a day at a time, and
        a cursor behind them. A day that has a header alone is handed out with what follows it.

        Raises:
            LedgerCorruptError: what comes next does not verify; what is before it was handed out.
            StorageError: it cannot be read.
        """
        self._kept.blocks.clear()  # what was left when reading failed is read again
        steps = self._log.steps(until)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                damage = end.value
                break
            yield from self._up_to(self._log.cursor)
        if damage is not None:
            raise damage

    def _up_to(self, end: Cursor) -> Iterator[tuple[Block, Cursor]]:
        blocks = self._kept.blocks
        while (self.cursor.day, self.cursor.offset) < (end.day, end.offset):
            day, parts = blocks[0].day, []
            size = self.cursor.offset if day == self.cursor.day else 0
            while blocks and blocks[0].day == day and (day < end.day or size < end.offset):
                data = blocks.popleft().data
                room = end.offset - size if day == end.day else len(data)
                if room < len(data):
                    blocks.appendleft(Block(day, data[room:]))
                    data = data[:room]
                size += len(data)
                parts.append(data)
            data = b"".join(parts)
            if day == end.day:
                self.cursor = end.copy()
            else:  # no record of it is there: those would have been handed out
                self.cursor = self.cursor.copy()
                self.cursor.enter(day, len(data), data[-35:-3].decode())
            yield Block(day, data), self.cursor
