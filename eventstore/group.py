"""Group commit: callers who wait while somebody writes go into the next write together."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..domain.errors import ValidationError
from .record import MAX_LINE_BYTES, NewRecord, Record
from .tail import MAX_WRITE_BYTES

MAX_APPEND_BYTES = MAX_WRITE_BYTES // 2
"""The most that one write carries, so that no torn tail is longer than MAX_WRITE_BYTES."""
ENVELOPE_BYTES = 512
"""More than a record has around its data."""


class Append:
    """One caller's records, waiting for a write that may carry those of others too.

    `done` says that the write is over; then there is either an `error` or the `result`.
    """

    __slots__ = ("done", "error", "expected_seq", "records", "result", "size")

    def __init__(self, records: Sequence[NewRecord], size: int, expected_seq: int | None) -> None:
        self.records = records
        self.expected_seq = expected_seq
        self.size = size
        self.result: list[Record] = []
        self.error: Exception | None = None
        self.done = False


class Waiting:
    """Those who wait, in the order in which they came."""

    def __init__(self) -> None:
        self._appends: list[Append] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._appends)

    def join(self, records: Sequence[NewRecord], expected_seq: int | None = None) -> Append:
        """Wait with these records.

        Raises:
            ValidationError: they are too many for one write, or one is too long for a line.
        """
        sizes = [len(new.data) + ENVELOPE_BYTES for new in records]
        if max(sizes, default=0) > MAX_LINE_BYTES:
            raise ValidationError(f"a record is longer than {MAX_LINE_BYTES} bytes", field="data")
        if sum(sizes) > MAX_APPEND_BYTES:
            raise ValidationError(
                f"{len(records)} records in one write are about {sum(sizes)} bytes, over"
                f" {MAX_APPEND_BYTES}",
                field="jobs",
                hint="add them in several parts",
            )
        append = Append(records, sum(sizes), expected_seq)
        with self._lock:
            self._appends.append(append)
        return append

    def take(self) -> list[Append]:
        """As many from the front as fit into one write; the rest are for the next."""
        with self._lock:
            taken, size = 0, 0
            for append in self._appends:
                size += append.size
                if taken and size > MAX_APPEND_BYTES:
                    break
                taken += 1
            together, self._appends = self._appends[:taken], self._appends[taken:]
        return together
