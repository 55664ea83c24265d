"""The port of the engines: what keeps the lines of a ledger, and what some can do besides.

An engine keeps the lines of one ledger in one order, and does one thing: compare and append.
Everything else is `EventLog`, once, over any engine: chaining and verifying, versions, following,
group commit, decisions, unknown outcomes. What the lines are says docs/log-format.md; they are the
same bytes on every engine, under the same header lines by UTC day, so a place in the log (a day, an
offset in it, a line) means the same everywhere.

`Engine` is all that is needed. The other protocols are capabilities: an engine that has one is
asked for it, and of one that has not nothing is missed but what the capability is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

import msgspec

from ..domain import LedgerCorruptError, StorageError
from .cursor import Cursor
from .record import Header, Host, R

if TYPE_CHECKING:
    from .engines.files import FileSystem
    from .log import VerifiedLog
    from .position import DayRead, Position

Durability = Literal["fsync", "batch", "none"]


class Identity(msgspec.Struct, frozen=True):
    """What a ledger is, fixed when it is created.

    `fault` says why that is not known, in a handle that only reads; then there is no id. `host` is
    where this handle is, on engines to which that matters.
    """

    ledger_id: str
    timezone: str
    fault: LedgerCorruptError | None = None
    host: Host | None = None


class Tail(msgspec.Struct, frozen=True):
    """The acknowledged end of a log: behind the record `seq`, at byte `offset` of the lines of
    `day`.

    `hash` is that of the line before it; `durable_seq` (at most `seq`) is known to be on disk.
    """

    ledger: str
    day: str
    offset: int
    seq: int
    durable_seq: int
    hash: str


class Block(NamedTuple):
    """Lines of one day that follow one another, or parts of lines: put together, those of a day are
    its bytes. A day's first block holds its whole header line."""

    day: str
    data: bytes


class Write(NamedTuple):
    """The lines of one write, each with its newline. `header` is the header line of the day, where
    the day begins with this write; else it is empty."""

    day: str
    header: bytes
    lines: bytes


class AppendFailedError(StorageError):
    """A write or a sync failed, and nobody knows how far it got. Internal: the log accepts no more
    until it is reopened, and says that the outcome is unknown."""


class LogReplacedError(StorageError):
    """What was opened is no longer the log. Internal: whoever reads it starts anew."""


class Lines(Protocol):
    """A way to read the lines of a ledger."""

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the bytes behind `after`, in order: up to `until`, or without it to the end,
        acknowledged or not.

        `after` is where the reader has come to, always the end of a whole write: what was handed
        out and is no whole write is handed out again. Nothing is checked.

        Raises:
            StorageError: they cannot be read.
        """

    def close(self) -> None:
        """Let go of everything held. Calling it again does nothing."""


class Engine(Lines, Protocol):
    """One handle on the lines of a ledger. It is appended to, and synced, by one thread at a time.

    `tail` may be asked for meanwhile by any; `lines` too, unless the engine `ReadsApart`: then they
    are for the one who follows the log.
    """

    @property
    def identity(self) -> Identity:
        """The ledger's id and time zone."""

    @property
    def location(self) -> str:
        """Where the ledger is, for errors and the operational log: without anything secret."""

    @property
    def durable_seq(self) -> int:
        """The last record that is known to be durable: the one before the next batch."""

    def tail(self) -> Tail | None:
        """Say how far the ledger is acknowledged, by whomever; None: nobody knows. Cheap enough to
        ask many times a second.

        Raises:
            StorageError: it cannot be found out.
        """

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Append a write if the log still ends at `after`: all of it or nothing, as durable on
        return as the engine's setting says, and acknowledged from then on to everybody.

        False: somebody was faster; nothing was written. `then` is where the log ends with it. What
        is before a write that begins a day is made durable first.

        Raises:
            AppendFailedError: whether it was written is unknown.
            StorageError: nothing was written.
        """

    def where(self, day: str) -> str:
        """Say where the lines of a day are, in the words of an error."""

    def sync(self, cursor: Cursor) -> None:
        """Make everything up to `cursor`, where the log ends, durable, whatever the setting.

        Raises:
            AppendFailedError: it cannot be made so.
        """


class TornTail(msgspec.Struct, frozen=True):
    """What was cut off the end of a log: how many bytes, from where, and where they are kept."""

    path: str
    offset: int
    size: int
    kept: str


@runtime_checkable
class Exclusive(Protocol):
    """An engine that lets one writer have it for itself, from the tail to the append: then no
    append is in vain."""

    @property
    def torn(self) -> TornTail | None:
        """What was cut off when the end was made sound last, if anything was."""

    def turn(self) -> AbstractContextManager[None]:
        """Wait for the turn, and have it within the `with`.

        Raises:
            LedgerBusyError: somebody else has it all the time.
        """

    def settle(self, log: VerifiedLog[R], *, opening: bool = False) -> None:
        """Bring `log` to the end, and make that end sound and its own: what a writer left behind
        that died is kept and made durable where it is whole, else cut off. Within the turn.

        With `opening` nothing is believed of what this handle knew.

        Raises:
            LedgerCorruptError: the log does not verify; nothing was changed.
            StorageError: it cannot be read or written.
        """

    def let_go(self) -> None:
        """Give the turn back where an interruption kept it from being given back."""


@runtime_checkable
class Queues(Protocol):
    """An engine to which appends are made in vain where others are faster, and that lets a writer
    keep them waiting once: so that none is overtaken for ever."""

    def queue(self) -> AbstractContextManager[None]:
        """Wait, first come, first served; nobody else appends within the `with`, up to the first
        append in it.

        Raises:
            LedgerBusyError: the turn does not come.
            StorageError: it cannot be waited for.
        """


@runtime_checkable
class Remarks(Protocol):
    """An engine that has something to say of how safe its ledger is there."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What whoever opens the ledger should know, each in a sentence without its full stop."""


@runtime_checkable
class ReadsApart(Protocol):
    """An engine whose own `lines` are for the one who follows the log."""

    def reading(self) -> Lines:
        """Return another way to read them, which disturbs nobody, for one thread."""


@runtime_checkable
class Seeks(Protocol):
    """A way to read lines that finds a record without reading what is before it."""

    def seek(self, seq: int, day: str, size: int) -> tuple[bytes, Cursor] | None:
        """Return the line of the record `seq` of a day that had `size` bytes, without its newline,
        and a cursor behind it, whose `line` is not known. The line is sound in itself. None: it is
        not found in this way, and has to be looked for by reading.

        Raises:
            StorageError: the lines cannot be read.
        """


@runtime_checkable
class Resumable(Protocol):
    """An engine that can go on from a place in the log without reading what is before it."""

    def check_position(self, position: Position) -> None:
        """Check, without reading it, that the log has what was before `position`.

        Raises:
            PositionError: it has not.
            StorageError: it cannot be read.
        """

    def check_record(self, end: DayRead) -> None:
        """Check that the log has, where a day ended when it was read, the record that it had.

        Raises: as `check_position`.
        """


@runtime_checkable
class Reopens(Protocol):
    """An engine that holds what may be of no use after a failed write."""

    def reopen(self, cursor: Cursor | None) -> None:
        """Open everything anew, standing at `cursor`; None: nowhere, it is going to be read anew.

        Raises:
            LogReplacedError: the log is another one now.
            StorageError: it cannot be opened; what was open still is.
        """


class Place(NamedTuple):
    """A directory of a ledger's own, for what is derived from the log and for its runner's lock."""

    fs: FileSystem
    directory: Path


@runtime_checkable
class HasPlace(Protocol):
    """An engine that has a place for files."""

    @property
    def place(self) -> Place:
        """The place; it is there."""


@runtime_checkable
class KeepsDayFiles(Protocol):
    """An engine whose lines are the day files of a directory, with HEAD beside them."""

    @property
    def day_files(self) -> Place:
        """The directory."""


@runtime_checkable
class KnowsDays(Protocol):
    """An engine that knows its days without reading them."""

    def days(self) -> list[tuple[str, int]]:
        """Return the days that have lines, in order, each with its length in bytes.

        Raises:
            StorageError: they cannot be read.
        """

    def header(self, day: str) -> Header:
        """Return the header of a day.

        Raises:
            LedgerCorruptError: it does not verify.
            StorageError: it cannot be read.
        """


def reading_of(engine: Engine) -> AbstractContextManager[Lines]:
    """Return a way to read the lines that disturbs nobody: one of its own, or the engine's."""
    return closing(engine.reading()) if isinstance(engine, ReadsApart) else nullcontext(engine)
