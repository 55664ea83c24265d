"""What the messages of a ledger's stream are: writes, and marks of runners that were ended.

A write is one message: its bytes are its lines, with the header line of the day before them where
the day begins. Where they stand in the log says one header of the message, so that a reader finds
its way without parsing lines; what counts is in the lines, and they are verified as everywhere.

A mark stands in the same order as the writes. Whoever appends behind what it has seen has seen
each mark before that, or is refused: so an ended runner appends nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from ....domain import LedgerCorruptError
from ...cursor import Cursor
from ...port import Tail, Write
from .jetstream import StoredMessage
from .location import NatsLocation

PLACE = "Jobledger"
"""The header of a write: day, where it begins and ends in the bytes of the day, its first and its
last record, the hash of its last line, and the length of the day before where it begins one."""


class Names(NamedTuple):
    """What a ledger's stream and its subjects are called. The subjects have the ledger's id in
    them: what is sent for one ledger is never taken by another in its place."""

    stream: str
    everything: str
    writes: str
    write: str
    day: str
    ended: str


def names_of(location: NatsLocation, ledger_id: str) -> Names:
    """Return the names for a ledger."""
    root = f"jobledger.{location.ledger}.{token(ledger_id)}"
    return Names(
        stream=stream_of(location),
        everything=f"{root}.>",
        writes=f"{root}.write.>",
        write=f"{root}.write.more",
        day=f"{root}.write.day",
        ended=f"{root}.ended",
    )


def stream_of(location: NatsLocation) -> str:
    """Return the name of a ledger's stream."""
    return f"jobledger-{location.ledger}"


def token(text: str) -> str:
    """Return a text as a part of a subject."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)


class StoredWrite(NamedTuple):
    """A write as the stream has it."""

    number: int
    day: str
    begins: int
    ends: int
    first: int
    last: int
    hash: str
    before: int
    """The length of the day before, where it begins one."""
    data: bytes

    def tail(self, ledger_id: str) -> Tail:
        """Return the end of the log behind it."""
        return Tail(ledger_id, self.day, self.ends, self.last, self.last, self.hash)


class EndedMark(NamedTuple):
    """A mark that a runner was ended."""

    number: int
    runner: str


class _Mark(msgspec.Struct):
    runner: str
    by: str


def encode(write: Write, after: Cursor, then: Cursor) -> tuple[bytes, dict[str, str]]:
    """Return the bytes and the headers of a write."""
    data = write.header + write.lines
    before = f" {after.offset}" if write.header else ""
    place = (
        f"{then.day} {then.offset - len(data)} {then.offset} {after.seq + 1} {then.seq}"
        f" {then.hash}{before}"
    )
    return data, {PLACE: place}


def encode_mark(runner: str, by: str) -> bytes:
    """Return the bytes of a mark."""
    return msgspec.json.encode(_Mark(runner, by))


def decode(stored: StoredMessage, names: Names, where: str) -> StoredWrite | EndedMark:
    """Return what a message of the stream is.

    Raises:
        LedgerCorruptError: it is none of a ledger's.
    """
    try:
        if stored.subject.startswith(names.ended):
            mark = msgspec.json.decode(stored.data, type=_Mark)
            return EndedMark(stored.number, mark.runner)
        day, begins, ends, first, last, digest, *before = stored.headers[PLACE].split(" ")
        return StoredWrite(
            stored.number, day, int(begins), int(ends), int(first), int(last), digest,
            int(before[0]) if before else 0, stored.data,
        )  # fmt: skip
    except (KeyError, ValueError, msgspec.MsgspecError):
        raise LedgerCorruptError(
            f"{where}: message {stored.number} of the stream {names.stream} is none that jobledger"
            " has written",
            path=where,
            kind="form",
        ) from None
