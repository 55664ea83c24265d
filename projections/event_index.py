"""Which events a job has: an index from jobs to the numbers of their events, made of the log.

It is looked into, never believed: who looks up a job gets numbers that may be of another one, reads
those events in the log, and counts whether they are all there. It is kept in runs, each for events
that follow one another, sorted by job; two neighbours of like size become one, so that there are
few of them, however long the log is.
"""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from zlib import crc32

import msgspec

from ..domain import JobLedgerError
from ..eventstore import has_right_check, with_check
from ..eventstore.engines.files import FileSystem

FORMAT = 1
MOST_EVENTS = 2**32 - 1
"""An entry has 32 bits for a job, and 32 for the number of an event."""
_NAME = re.compile(r"snapshot_events_(\d+)-(\d+)\.index")
_LONGEST_HEADER = 4096
_ENTRY = 8
_AT_ONCE = 512
"""So many entries of a file are read at once, when no more are left to look through."""


class EventIndexError(JobLedgerError):
    """A file of the index cannot be used. Internal: it is left out, and made anew."""


def _first_entry(job_id: str) -> int:
    """Return what is not after any entry of a job: sorted, those of a job stand together."""
    return crc32(job_id.encode()) << 32


class IndexRun(Protocol):
    """The index of the events from `first` to `last`; the latter's record has this `hash`."""

    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def hash(self) -> str: ...

    def find(self, job_id: str) -> list[int]:
        """Return the numbers that may be of a job's events, in order; none of its is missing.

        Raises:
            EventIndexError: they cannot be read.
        """

    def entries(self) -> array[int]:
        """Return all entries, sorted.

        Raises:
            EventIndexError: they cannot be read.
        """


class MemoryRun(msgspec.Struct, frozen=True):
    """A run in memory."""

    first: int
    last: int
    hash: str
    sorted: array[int]

    @classmethod
    def of(cls, events: Iterable[tuple[str, int]], first: int, last: int, hash: str) -> MemoryRun:
        """Make one of the job and the number of each event."""
        entries = sorted(_first_entry(job_id) | seq for job_id, seq in events)
        return cls(first, last, hash, array("Q", entries))

    def find(self, job_id: str) -> list[int]:
        """Return the numbers that may be of a job's events (see `IndexRun`)."""
        first = _first_entry(job_id)
        found = self.sorted[
            bisect_left(self.sorted, first) : bisect_left(self.sorted, first + 2**32)
        ]
        return [entry - first for entry in found]

    def entries(self) -> array[int]:
        """Return all entries, sorted."""
        return self.sorted


class _Header(msgspec.Struct, frozen=True):
    """The first line of a run's file; its entries follow, of eight bytes, the highest first."""

    format: int
    ledger: str
    first: int
    last: int
    hash: str
    sum: str
    """Of the bytes of the entries: who reads them all checks it."""


class FileRun:
    """A run in a file. Only what is looked for is read."""

    def __init__(self, fs: FileSystem, path: Path, header: _Header, begin: int) -> None:
        self._fs = fs
        self.path = path
        self.first, self.last, self.hash = header.first, header.last, header.hash
        self._begin = begin
        self._sum = header.sum

    def find(self, job_id: str) -> list[int]:
        """Return the numbers that may be of a job's events (see `IndexRun`)."""
        first = _first_entry(job_id)
        found: list[int] = []
        with self._open() as fd:
            count = self.last - self.first + 1
            at = self._bisect(fd, first, count)
            while at < count:
                for entry in self._read(fd, at, min(_AT_ONCE, count - at)):
                    if entry >= first + 2**32:
                        return found
                    if entry >= first:
                        found.append(entry - first)
                at += _AT_ONCE
        return found

    def _bisect(self, fd: int, first: int, count: int) -> int:
        """Return where to begin to look: not behind the first entry that is not before `first`."""
        low, high = 0, count
        while high - low > _AT_ONCE:
            middle = (low + high) // 2
            if self._read(fd, middle, 1)[0] < first:
                low = middle + 1
            else:
                high = middle
        return low

    def entries(self) -> array[int]:
        """Return all entries, sorted."""
        with self._open() as fd:
            entries = self._read(fd, 0, self.last - self.first + 1)
        if _sum(entries) != self._sum:
            raise EventIndexError(f"{self.path} is damaged")
        return entries

    @contextmanager
    def _open(self) -> Iterator[int]:
        try:
            fd = self._fs.open_read(self.path)
            try:
                yield fd
            finally:
                self._fs.close(fd)
        except OSError as error:
            raise EventIndexError(f"{self.path} cannot be read: {error.strerror}") from error

    def _read(self, fd: int, index: int, count: int) -> array[int]:
        data = self._fs.read_at(fd, count * _ENTRY, self._begin + index * _ENTRY)
        if len(data) != count * _ENTRY:
            raise EventIndexError(f"{self.path} is too short")
        return _decode(data)


class EventIndex:
    """The index of the events from the first to `last`, in a few runs."""

    def __init__(self, runs: Iterable[IndexRun] = ()) -> None:
        self.runs: list[IndexRun] = list(runs)

    @property
    def last(self) -> int:
        """The number of the last event that is in it."""
        return self.runs[-1].last if self.runs else 0

    def add(self, run: MemoryRun) -> None:
        """Take in the events that follow.

        Raises:
            EventIndexError: a run that it would become one with cannot be read.
        """
        runs = [*self.runs, run]
        while len(runs) > 1 and _size(runs[-2]) < 2 * _size(runs[-1]):
            runs[-2:] = [_merged(runs[-2], runs[-1])]
        self.runs = runs

    def find(self, job_id: str) -> list[int]:
        """Return the numbers that may be of a job's events, in order; none of its is missing, of
        those that are in here.

        Raises:
            EventIndexError: they cannot be read.
        """
        return [seq for run in self.runs for seq in run.find(job_id)]


def _size(run: IndexRun) -> int:
    return run.last - run.first + 1


def _merged(one: IndexRun, other: IndexRun) -> MemoryRun:
    both = sorted([*one.entries(), *other.entries()])  # two sorted parts: hardly more than a copy
    return MemoryRun(one.first, other.last, other.hash, array("Q", both))


def encode_run(run: IndexRun, ledger_id: str) -> tuple[str, bytes]:
    """Return the name and the bytes of a run's file."""
    entries = run.entries()
    header = _Header(FORMAT, ledger_id, run.first, run.last, run.hash, _sum(entries))
    name = f"snapshot_events_{run.first}-{run.last}.index"
    return name, with_check(msgspec.json.encode(header)) + _encode(entries)


def _sum(entries: array[int]) -> str:
    return sha256(_encode(entries)).hexdigest()[:16]


def _encode(entries: array[int]) -> bytes:
    if sys.byteorder == "little":
        entries = entries[:]
        entries.byteswap()
    return entries.tobytes()


def _decode(data: bytes) -> array[int]:
    entries = array("Q", data)
    if sys.byteorder == "little":
        entries.byteswap()
    return entries


def list_runs(fs: FileSystem, directory: Path) -> list[Path]:
    """Return the files of runs that there are, in no particular order.

    Raises:
        OSError: the directory cannot be read.
    """
    return [directory / name for name in fs.list_directory(directory) if _NAME.fullmatch(name)]


def read_runs(fs: FileSystem, directory: Path, ledger_id: str) -> list[FileRun]:
    """Return the runs on disk that follow one another from the first event on, as far as they go;
    what cannot be used is left out.

    Raises:
        OSError: the directory cannot be read.
    """
    longest: dict[int, FileRun] = {}
    for path in list_runs(fs, directory):
        try:
            run = _open_run(fs, path, ledger_id)
        except (EventIndexError, OSError):
            continue
        if run.first not in longest or longest[run.first].last < run.last:
            longest[run.first] = run
    runs: list[FileRun] = []
    while (follows := longest.get(runs[-1].last + 1 if runs else 1)) is not None:
        runs.append(follows)
    return runs


def _open_run(fs: FileSystem, path: Path, ledger_id: str) -> FileRun:
    fd = fs.open_read(path)
    try:
        line, newline, _ = fs.read_at(fd, _LONGEST_HEADER, 0).partition(b"\n")
        if not newline or not has_right_check(line):
            raise EventIndexError(f"{path} does not begin with a header")
        try:
            header = msgspec.json.decode(line, type=_Header)
        except msgspec.MsgspecError as error:
            raise EventIndexError(f"{path} has a header of another kind") from error
        if header.format != FORMAT or header.ledger != ledger_id or header.last < header.first:
            raise EventIndexError(f"{path} is of another release or ledger")
        if fs.size(fd) != len(line) + 1 + (header.last - header.first + 1) * _ENTRY:
            raise EventIndexError(f"{path} has not the size that it should have")
        return FileRun(fs, path, header, len(line) + 1)
    finally:
        fs.close(fd)
