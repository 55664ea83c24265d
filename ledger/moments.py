"""Moments: which event is the last one at or before a time, for a log that is in another order.

The times of a log mostly go up with its numbers, but not where the clock went back. So it is known
of each few events what the earliest time is from there to the end of the log: that goes up, and is
looked into by halving.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from ..eventstore import EventLog
from ..projections import LogEntry

_BLOCK = 64
"""So many events have one entry, of eight bytes."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Known(NamedTuple):
    """What was read: the times of the events behind `begin`, a multiple of `_BLOCK`, up to `last`.
    Never changed, so that any thread may use it and a signal's handler may interrupt it."""

    begin: int
    last: int
    earliest: array[int]
    """Of each block, the earliest time in it or behind it."""


class Moments:
    """Finds moments of one log. Each event's time is read at most once, and none of a day that is
    over before the moment: no event is under an earlier day than its own."""

    def __init__(self, log: EventLog[LogEntry]) -> None:
        self._log = log
        self._known: _Known | None = None

    def last_at(self, moment: datetime) -> int:
        """Return the number of the last event that is not later than the moment; 0: all are.

        Raises:
            StorageError: the log cannot be read.
        """
        known = self._brought_up(moment)
        block = bisect_right(known.earliest, _number(moment)) - 1
        if block < 0:
            return known.begin  # what is before it is of days before
        first = known.begin + block * _BLOCK
        until = min(first + _BLOCK, known.last)
        records = islice(self._log.read(first, until), until - first)
        return max((record.seq for record in records if record.at <= moment), default=first)

    def _brought_up(self, moment: datetime) -> _Known:
        """Return what is known, from before the moment to the end of the log."""
        begin = self._log.first_of_day(moment.date().isoformat()) - 1
        begin -= begin % _BLOCK
        known = self._known or _Known(begin, begin, array("q"))
        if begin < known.begin:
            known = _joined(self._read(_Known(begin, begin, array("q")), known.begin), known)
        if known.last < self._log.seq:
            known = self._read(known, self._log.seq)
        self._known = known
        return known

    def _read(self, known: _Known, until: int) -> _Known:
        """Read on."""
        earliest, last = known.earliest[:], known.last
        records: Iterable[LogEntry] = self._log.read(last, until)
        for record in islice(records, until - last):
            at = _number(record.at)
            _bring_down(earliest, at)
            if last % _BLOCK == 0:
                earliest.append(at)
            last = record.seq
        return _Known(known.begin, last, earliest)


def _joined(one: _Known, other: _Known) -> _Known:
    """Join what follows."""
    if other.earliest:
        _bring_down(one.earliest, other.earliest[0])
    return _Known(one.begin, other.last, one.earliest + other.earliest)


def _bring_down(earliest: array[int], at: int) -> None:
    """Take in a time behind all of these: mostly it is later, too."""
    index = len(earliest)
    while index and earliest[index - 1] > at:
        index -= 1
        earliest[index] = at


def _number(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
