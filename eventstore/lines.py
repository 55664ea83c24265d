"""Lines out of bytes: where the log's own reading cuts them, whoever judges them then.

`verify` cuts them by itself, and shares nothing with this (`integrity/second_reader.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from .port import Block
from .record import MAX_LINE_BYTES, RECORDS, Form, Record


class DayLine(NamedTuple):
    """A line of a day, without its newline; one that is not whole lacks that.

    So does the last one of a day that was cut short or is still being written, and each piece of
    one that is longer than any may be; that one is too long itself.
    """

    day: str
    data: bytes
    is_whole: bool

    @property
    def is_too_long(self) -> bool:
        """Say whether it has no end where each sound line has one."""
        return not self.is_whole and len(self.data) > MAX_LINE_BYTES


def cut(block: bytes) -> tuple[list[bytes], bytes]:
    """Cut a block into its whole lines, without their newlines, and what is behind the last one.

    A newline ends a line, and nothing else does: U+2028 and its like may stand in a text.
    """
    *lines, rest = block.split(b"\n")
    return lines, rest


def lines_of(blocks: Iterable[Block]) -> Iterator[DayLine]:
    """Yield the lines of blocks as an engine has them, each day's by itself; a day without a byte
    has one empty line. Memory does not grow with a line that has no end."""
    day, rest, is_new = "", b"", False
    for block in blocks:
        if block.day != day:
            if rest or is_new:
                yield DayLine(day, rest, False)
            day, rest, is_new = block.day, b"", True
        lines, rest = cut(rest + block.data)
        for data in lines:
            yield DayLine(day, data, True)
        is_new = is_new and not lines
        if len(rest) > MAX_LINE_BYTES:
            yield DayLine(day, rest, False)
            rest, is_new = b"", False
    if rest or is_new:
        yield DayLine(day, rest, False)


def _read_with_line(line: bytes) -> Record:
    record = RECORDS.read(line)
    msgspec.structs.force_setattr(record, "line", line)  # nobody else has it yet
    return record


def _read_with_lines(lines: bytes) -> list[Record]:
    return [_read_with_line(line) for line in cut(lines)[0]]


RECORDS_WITH_LINES = Form(_read_with_line, _read_with_lines, RECORDS.make)
"""Records as `RECORDS` has them, each with the line that it was read from."""
