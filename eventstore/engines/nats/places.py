"""Finding messages of a stream by what they have: the numbers of records, days and offsets.

The stream has numbers of its own, which no record knows. What is behind a number never changes, so
what was seen once narrows every later search.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator
from time import monotonic

from ....domain import LedgerCorruptError
from ...port import Identity
from .jetstream import READ_S, JetStream
from .location import NatsLocation
from .messages import EndedMark, Names, StoredWrite, decode
from .pause import pause

_BLOCK_MESSAGES = 1000
_BLOCK_BYTES = 4 * 1024 * 1024
"""How much is fetched at a time, at most, but one message at least."""
_KEPT_MESSAGES = 512
_KEPT_BYTES = 4 * 1024 * 1024
_MARKS = 8192
_LATE_S = 0.05


class Messages:
    """The messages of one ledger's stream, of which some are kept; for any thread."""

    def __init__(
        self, streams: JetStream, location: NatsLocation, names: Names, identity: Identity
    ) -> None:
        self.streams = streams
        self.location = location
        self.names = names
        self.identity = identity
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, StoredWrite | EndedMark] = OrderedDict()
        self._kept_bytes = 0
        self._marks: dict[int, tuple[str, int, int]] = {}
        """Of writes that were seen: number → day, end, last record."""
        self._numbers: list[int] = []

    # -- fetching ------------------------------------------------------------------------------

    def last(self, subject: str = "") -> StoredWrite | EndedMark | None:
        """Return the newest message, as the leader has it; None: there is none."""
        stored = self.streams.last(self.names.stream, subject or self.names.everything)
        return None if stored is None else self.keep(decode(stored, self.names, self._where))

    def one(self, number: int) -> StoredWrite | EndedMark | None:
        """Return the message of a number, as the leader has it; None: there is none."""
        with self._lock:
            found = self._kept.get(number)
        if found is not None:
            return found
        stored = self.streams.get(self.names.stream, number)
        return None if stored is None else self.keep(decode(stored, self.names, self._where))

    def between(self, first: int, last: int) -> Iterator[StoredWrite | EndedMark]:
        """Yield the messages of these numbers, in order; all of them were acknowledged, also where
        the server that answers has not got them yet.

        Raises:
            StorageError: they cannot be read.
        """
        number = first
        while number <= last:
            with self._lock:
                found = self._kept.get(number)
            if found is not None:
                yield found
                number += 1
                continue
            some = self._some(number, min(last - number + 1, _BLOCK_MESSAGES))
            for message in some:
                if number <= message.number <= last:
                    yield message
            number = max(number, some[-1].number) + 1

    def _some(self, number: int, count: int) -> list[StoredWrite | EndedMark]:
        deadline = monotonic() + READ_S
        while True:
            found = self.streams.from_number(
                self.names.stream, number, count=count, size=_BLOCK_BYTES
            )
            if found:
                return [self.keep(decode(one, self.names, self._where)) for one in found]
            one = self.one(number)  # of the leader, where a follower is behind
            if one is not None:
                return [one]
            if monotonic() > deadline:
                raise LedgerCorruptError(
                    f"{self._where}: message {number} of the stream {self.names.stream} is gone",
                    path=self._where,
                    kind="lost",
                )
            pause(_LATE_S)

    def keep(self, message: StoredWrite | EndedMark) -> StoredWrite | EndedMark:
        """Remember a message, as long as there is room, and where it stands."""
        with self._lock:
            if isinstance(message, StoredWrite):
                self._mark(message)
                size = len(message.data)
            else:
                size = 0
            if message.number not in self._kept and size <= _KEPT_BYTES // 4:
                self._kept[message.number] = message
                self._kept_bytes += size
                while len(self._kept) > _KEPT_MESSAGES or self._kept_bytes > _KEPT_BYTES:
                    _, gone = self._kept.popitem(last=False)
                    self._kept_bytes -= len(gone.data) if isinstance(gone, StoredWrite) else 0
        return message

    def _mark(self, write: StoredWrite) -> None:
        if write.number in self._marks:
            return
        if len(self._numbers) >= _MARKS:  # every second one has to do
            for number in self._numbers[::2]:
                del self._marks[number]
            self._numbers = self._numbers[1::2]
        self._marks[write.number] = (write.day, write.ends, write.last)
        self._numbers.insert(bisect_left(self._numbers, write.number), write.number)

    def forget(self) -> None:
        """Know nothing any more: the stream is not what it was."""
        with self._lock:
            self._kept.clear()
            self._kept_bytes = 0
            self._marks.clear()
            self._numbers.clear()

    # -- finding -------------------------------------------------------------------------------

    def first_behind(self, day: str, offset: int, newest: int) -> int:
        """Return the number of the first message, up to `newest`, with bytes behind a place; the
        next number where there is none."""
        return self._first(lambda place: place[:2] > (day, offset), newest)

    def first_with(self, seq: int, newest: int) -> int:
        """Return the number of the message that has a record; as `first_behind`."""
        return self._first(lambda place: place[2] >= seq, newest)

    def _first(self, is_there: Callable[[tuple[str, int, int]], bool], newest: int) -> int:
        """Find the first message of which something is true that is true of all behind it."""
        with self._lock:
            numbers = [number for number in self._numbers if number <= newest]
            index = bisect_left(numbers, True, key=lambda n: is_there(self._marks[n]))
        low = numbers[index - 1] + 1 if index else 1
        high = numbers[index] if index < len(numbers) else newest + 1
        step = 1  # most searches end right behind what is known
        while low < high:
            middle = min(low + step - 1, (low + high) // 2)
            write = self.write_at(middle, high)  # what is before a write counts as the write
            if write is None or is_there((write.day, write.ends, write.last)):
                high = middle
            else:
                low, step = write.number + 1, step * 4
        return low

    def write_at(self, number: int, below: int) -> StoredWrite | None:
        """Return the write of a number, or the next one, whose number is below another; None: none
        is there. Marks are passed over."""
        while number < below:
            found = self.one(number)
            if isinstance(found, StoredWrite):
                return found
            number += 1
        return None

    @property
    def _where(self) -> str:
        return self.location.shown


def gone(where: str, seq: int) -> LedgerCorruptError:
    """Return the error for a record that was acknowledged and is not there."""
    return LedgerCorruptError(
        f"{where}: record {seq} was acknowledged, and the servers do not have it: the stream was"
        " restored or made anew, or a failover has lost it",
        path=where,
        kind="lost",
    )
