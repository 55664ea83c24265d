"""What may be a torn write at the end of the log, until something after it disproves it."""

from __future__ import annotations

from .findings import Broken
from .second_reader import Line, SoundRecord


class UnsoundTail:
    """The first line of the newest file that does not verify, and what follows it.

    It is an unacknowledged write that a crash cut short for as long as no sound record disproves
    it.
    """

    def __init__(self, line: Line, fault: Broken, whole_seq: int, seq: int) -> None:
        self.line = line
        self.fault = fault
        self._whole_seq = whole_seq
        self._last: tuple[int, str] | None = None
        """The sound record just before; None behind a part that is not readable."""
        self._seq = seq

    def goes_on(self) -> None:
        """Another line that does not verify."""
        self._last = None

    def admits(self, record: SoundRecord) -> bool:
        """Whether a sound record may stand here if the tail is a torn write.

        One of a later batch proves that what is torn was on disk; a repeated or an earlier one was
        never written here. Parts of one write may have got to the disk in any order.
        """
        follows = self._last is None or self._last == (record.seq - 1, record.prev)
        if record.batch > self._whole_seq + 1 or record.seq <= self._seq or not follows:
            return False
        self._seq, self._last = record.seq, (record.seq, record.hash)
        return True
