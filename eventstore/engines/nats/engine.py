"""The engine of a ledger in NATS JetStream: one stream a ledger, one message a write.

The servers compare and append: a message is taken if the stream still ends where its sender has
seen it end. Where no answer comes, the same message is sent again with the same expectation, which
lets it in once, until the answer is definite; then it is looked whose message stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from ....domain import LedgerCorruptError, StorageError
from ...clock_jump import Elapsed
from ...cursor import Cursor
from ...engine_time import TimeTold
from ...port import AppendFailedError, Block, Identity, Lines, Place, Tail, Write
from ...position import DayRead, Position
from ...record import Header
from ...runners import RunnerSeen
from ..files import FileSystem
from .connecting import OpenedStream, open_ledger
from .connection import NobodyThereError, UnansweredError
from .jetstream import WRONG_LAST, JetStream, RefusedError
from .lease import NatsLease
from .location import NatsLocation, parse
from .messages import StoredWrite, encode, encode_mark, names_of, token
from .pause import pause
from .places import Messages, gone
from .reading import NatsReading
from .runner_entries import time_of
from .stream_end import StreamEnd
from .turns import Turns

if TYPE_CHECKING:
    from ..registry import EngineOptions

FIND_OUT_S = 60.0
"""For how long it is tried to find out what became of a write."""
REACH_S = 12.0
"""For how long it is tried to write where nothing was taken: they choose another leader within some
ten seconds."""
FRESH_S = 1.0
"""For how long what the servers said of the end holds as what a write is compared with. They
compare the number of the last message; that this is the one which was seen is looked at here."""
_HEADERS_BYTES = 512
"""More than the headers of a message have, which count as its bytes."""


def open_nats(location: str, options: EngineOptions) -> NatsEngine:
    """Open a handle on the ledger of a location; it is made where there is none, unless the handle
    only reads.

    Raises:
        ValidationError: the location does not name a ledger.
        StorageError: no server can be reached, or they are none that keep what they acknowledge.
    """
    at = parse(location)
    streams = JetStream(at)
    try:
        if options.shard is not None:
            from .shard import open_shard  # for those who have several chains

            return open_shard(at, options, streams, options.shard)
        kind = NatsEngineWithFiles if at.files else NatsEngine
        return kind(at, options, streams, open_ledger(streams, at, options))
    except BaseException:
        streams.close()
        raise


class NatsEngine:
    """One handle on a ledger in a stream; any number of processes may hold one, on any host."""

    def __init__(
        self,
        location: NatsLocation,
        options: EngineOptions,
        streams: JetStream,
        opened: OpenedStream,
    ) -> None:
        self._at = location
        self.location = location.shown
        self._streams = streams
        self._turns = Turns(streams.connection, location)
        self.identity: Identity = opened.identity
        self.remarks = opened.remarks
        self._names = names = names_of(location, self.identity.ledger_id)
        self._messages = Messages(streams, location, names, self.identity)
        self._end = StreamEnd(self._messages, opened.created)
        self._own = NatsReading(self._messages)
        self._lease: NatsLease | None = None
        self.runner: str | None = None
        """Without whose lease nothing is appended; None: this handle is no runner's."""

    # -- reading -------------------------------------------------------------------------------

    @property
    def durable_seq(self) -> int:
        """Return the last record that is known to be acknowledged."""
        return self._end.tail.seq

    def where(self, day: str) -> str:
        """Name the lines of a day in errors."""
        return self._own.where(day)

    def tail(self) -> Tail:
        """Return the end of the newest write that was acknowledged.

        Raises:
            LedgerCorruptError: it is before one that was known here: `lost`.
        """
        self.look()
        return self._end.tail

    def look(self) -> None:
        """See how far the stream is. A runner sees every message, so that no mark escapes it."""
        self._end.look(scan=self.runner is not None)

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the lines behind `after`, some at a time."""
        return self._own.lines(after, until)

    def seek(self, seq: int, day: str, size: int) -> tuple[bytes, Cursor] | None:
        """Return the line of a record, and a cursor behind it (see `port.Seeks`)."""
        return self._own.seek(seq, day, size)

    def reading(self) -> Lines:
        """Return a way to read for another thread (see `port.ReadsApart`)."""
        return NatsReading(self._messages)

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

    def queue(self) -> AbstractContextManager[None]:
        """Have everybody else who appends wait from here to the append (see `port.Queues`)."""
        return self._turns.mine()

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Append a write behind `after`, as one message."""
        data, headers = encode(write, after, then)
        longest = self._streams.connection.max_payload
        if len(data) + _HEADERS_BYTES > longest:
            raise StorageError(
                f"cannot write to {self.location}: a write of {len(data)} bytes is one message, and"
                f" the servers take {longest}",
                path=self.location,
                hint="set max_payload in the configuration of each server (64MB at most), or add"
                " fewer jobs at once",
            )
        if self._lease is not None and self.runner is not None:
            self._lease.renew_if_lapsed()  # nobody has ended it, and nobody does from here on
        self._turns.wait()
        subject = self._names.day if write.header else self._names.write
        try:
            return self._append(subject, data, headers, after, then)
        except BaseException:
            self._end.doubt()
            raise

    def _append(
        self, subject: str, data: bytes, headers: dict[str, str], after: Cursor, then: Cursor
    ) -> bool:
        """Send it until the answer is definite."""
        unknown: Exception | None = None
        started, wait_s = monotonic(), 0.002
        while True:
            try:
                number = self._expected(after)
                if number is None and unknown is not None and self._is_mine(data, after, then):
                    return True
                self._check_not_ended()  # rule: nats-ended-runner-appends-nothing
                if number is None:
                    return False
                self._end.sent(self._send(subject, data, headers, number), number, then, len(data))
                return True
            except RefusedError as error:
                if error.code in WRONG_LAST:
                    self._end.doubt()
                elif error.is_passing:
                    unknown = error
                elif unknown is None:
                    raise self._not_written(error) from error
                else:
                    raise self._unknown(error) from error
                told: Exception = error
            except UnansweredError as error:
                self._end.check_stream()
                told = error
                unknown = unknown if isinstance(error, NobodyThereError) else error
            except LedgerCorruptError:
                raise
            except StorageError as error:  # nobody can be reached just now
                if unknown is None:
                    raise
                told = error
            if monotonic() > started + (REACH_S if unknown is None else FIND_OUT_S):
                raise (self._not_written if unknown is None else self._unknown)(told) from told
            pause(wait_s)
            wait_s = min(wait_s * 2, 0.2)

    def _expected(self, after: Cursor) -> int | None:
        """Return the number of the last message, behind which a write goes that follows `after`;
        None: somebody was faster."""
        end = self._end
        if end.age_s() > FRESH_S or (end.tail.day, end.tail.offset) < (after.day, after.offset):
            self.look()
        number, tail = end.state
        if tail.hash == after.hash:
            return number
        if (tail.day, tail.offset) > (after.day, after.offset):
            return None
        raise gone(self.location, after.seq)

    def _send(self, subject: str, data: bytes, headers: dict[str, str], number: int) -> int:
        """Send a message that is taken if the stream ends with `number`."""
        expected = {"Nats-Expected-Stream": self._names.stream}
        expected["Nats-Expected-Last-Sequence"] = str(number)  # rule: nats-compare-and-append
        return self._streams.publish(subject, data, headers | expected)

    def _is_mine(self, data: bytes, after: Cursor, then: Cursor) -> bool:
        """Say whether a write whose answer was lost is there."""
        found = self._messages.first_behind(after.day, after.offset, self._end.state[0])
        write = self._messages.write_at(found, self._end.state[0] + 1)
        return isinstance(write, StoredWrite) and write.hash == then.hash and write.data == data

    def _check_not_ended(self) -> None:
        """Check that no mark says that the runner of this handle was ended, up to the end of the
        stream as it is known, which is what the next message is compared with."""
        if self._lease is not None and self.runner in self._end.ended:
            raise self._lease.ended()

    def mark_ended(self, runner: str, by: str) -> None:
        """Append that a runner was ended: what it appends behind that is not taken.

        Raises:
            StorageError: it is not known to stand there.
        """
        deadline = monotonic() + FIND_OUT_S
        told: Exception | None = None
        while monotonic() < deadline:
            self.look()
            if runner in self._end.ended:
                return
            try:
                subject = f"{self._names.ended}.{token(runner)}"
                self._send(subject, encode_mark(runner, by), {}, self._end.state[0])
            except (RefusedError, UnansweredError) as error:
                told = error
                pause(0.05)
        raise StorageError(f"cannot end {runner} in {self.location}: {told}", path=self.location)

    def sync(self, cursor: Cursor) -> None:
        """Do nothing: what was acknowledged is on disk."""

    def reopen(self, cursor: Cursor | None) -> None:
        """Believe nothing of what was known (see `port.Reopens`)."""
        self._messages.forget()
        self._end.doubt()
        self.tail()

    def close(self) -> None:
        """Close the connection."""
        self._streams.close()

    # -- runners -------------------------------------------------------------------------------

    def lease(self, name: str) -> NatsLease:
        """Return a lease for a runner of this handle (see `port.SharesRuns`)."""
        self._lease = NatsLease(self, self._at, self.identity.ledger_id, name)
        return self._lease

    def runners(self) -> list[RunnerSeen]:
        """Return the runners, and those that ended lately."""
        lease = NatsLease(self, self._at, self.identity.ledger_id, "")
        try:
            return lease.all()
        finally:
            lease.close()

    def time(self, elapsed: Elapsed) -> TimeTold:
        """Ask the servers what time it is: the one that leads the stream (see `TellsTime`)."""
        self._streams.connection.connect()  # only the question itself is timed
        asked_s = elapsed()
        info = self._streams.info(self._names.stream)
        if info is None:
            raise StorageError(
                f"the servers of {self.location} do not say what time it is", path=self.location
            )
        return TimeTold(time_of(info.ts), asked_s, elapsed())

    # -- errors --------------------------------------------------------------------------------

    def _not_written(self, error: Exception) -> StorageError:
        return StorageError(f"cannot write to {self.location}: {error}", path=self.location)

    def _unknown(self, error: Exception) -> AppendFailedError:
        return AppendFailedError(f"cannot write to {self.location}: {error}", path=self.location)


class NatsEngineWithFiles(NatsEngine):
    """One that has a directory on this machine for what is derived from the log."""

    def __init__(
        self,
        location: NatsLocation,
        options: EngineOptions,
        streams: JetStream,
        opened: OpenedStream,
    ) -> None:
        super().__init__(location, options, streams, opened)
        fs = options.fs or FileSystem()
        self.place = Place(fs, Path(location.files).absolute())
        """The directory; it is there (see `port.HasPlace`)."""
        fs.make_directory(self.place.directory)
