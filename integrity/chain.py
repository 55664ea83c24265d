"""The chain of the log, checked line by line and file by file by the second reader.

Headers, hashes, sequence, links, versions and whole writes, and what the end of the newest file may
look like after a crash (docs/log-format.md, "The tail"). What the events mean is left to whoever is
handed the whole writes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from ..domain import StorageError
from .findings import Findings
from .packed_reader import ENDING
from .reading import Read, ReadLine
from .second_reader import (
    FIRST_PREV,
    LONGEST_WRITE,
    Broken,
    Line,
    SoundHeader,
    SoundRecord,
    parse_header,
)
from .unsound_tail import UnsoundTail

LOG_FORMAT = 1


class LinePlace(msgspec.Struct, frozen=True):
    """Where a line stands: after the event `seq`, whose line it is unless `at` is None (a header).

    `file` counts the day files from 1.
    """

    seq: int
    hash: str
    at: datetime | None
    path: Path
    file: int
    line: int
    offset: int
    end: int

    @property
    def day(self) -> str:
        return day_of(self.path)


class PlacedRecord(msgspec.Struct, frozen=True):
    """A record and where its line stands."""

    record: SoundRecord
    place: LinePlace


class ChainCheck:
    """One pass over all day files, in order.

    `begin` gets the first sound header, `apply` each whole write as long as nothing was wrong
    before it. Lines at the positions `wanted` (sequence numbers) are remembered in `found`: the
    event's own line, and the headers after it.
    """

    def __init__(
        self,
        findings: Findings,
        *,
        durable_seq: int,
        wanted: Collection[int],
        begin: Callable[[SoundHeader], None],
        apply: Callable[[Sequence[PlacedRecord]], None],
    ) -> None:
        self._findings = findings
        self._durable_seq = durable_seq
        self._wanted = frozenset(wanted)
        self._begin = begin
        self._apply = apply
        self.first: SoundHeader | None = None
        self.events = 0
        self.size = 0
        """The bytes that were read, of all files."""
        self.last: LinePlace | None = None
        """The last record of the last whole write."""
        self.day_ends: list[LinePlace] = []
        """For each day with a whole write, its last record."""
        self.found: dict[int, list[LinePlace]] = {}
        self._file, self._newest = 0, False
        self._hash: str | None = FIRST_PREV
        """The hash that the next line has to name as `prev`; None after an unreadable line."""
        self._seq = 0
        self._versions: dict[str, int] = {}
        self._write: list[PlacedRecord] = []
        """The records so far of the write that is being read."""
        self._tail: UnsoundTail | None = None
        self._host: dict[str, object] | None = None
        self._whole_end = 0
        """The byte behind the last whole write of the file."""

    @property
    def seq(self) -> int:
        """The last record of the last whole write."""
        return 0 if self.last is None else self.last.seq

    def run(self, paths: Sequence[Path], read: Read, progress: Callable[[int], None]) -> None:
        """Check the files as somebody reads them; `progress` gets the bytes so far in all of them.

        Raises:
            StorageError: a file cannot be read, or a newer release wrote it.
        """

        def report(done: int) -> None:
            progress(self.size + done)

        for index, path in enumerate(paths):
            self._file, self._newest = index + 1, index == len(paths) - 1
            previous = name_of(paths[index - 1]) if index else None
            self.size += self._check_file(path, previous, read(path, report))

    def _check_file(self, path: Path, previous: str | None, lines: Iterable[ReadLine]) -> int:
        """Check one file; how many bytes it has."""
        self._write, self._tail = [], None
        end = 0
        try:
            end = self._check_lines(path, previous, lines)
        except Broken as fault:  # what was packed, from here on
            self._findings.add(fault.kind, path, fault.message)
            self._hash, self._write, self._tail = None, [], None
            return 0
        self._check_end(path, end)
        return end

    def _check_lines(self, path: Path, previous: str | None, lines: Iterable[ReadLine]) -> int:
        end = 0
        for line, found in lines:
            end = line.end
            if found is None:
                self._check_header(path, line, previous)
                self._whole_end = end
            elif isinstance(found, Broken):
                self._take_broken(path, line, found)
            elif self._tail is None or not self._tail.admits(found):
                self._take(path, line, found)
        return end

    # -- the header ----------------------------------------------------------------------------

    def _check_header(self, path: Path, line: Line, previous: str | None) -> None:
        before, self._hash = self._hash, None
        try:
            header = parse_header(line)
        except Broken as fault:
            self._report(path, line, fault)
            return
        if header.format > LOG_FORMAT:
            raise StorageError(
                f"{path}: log format {header.format} is not known to this release",
                path=str(path),
                remedy="upgrade",
            )
        try:
            self._check_continues(path, header, previous, before)
        except Broken as fault:
            self._report(path, line, fault)
        else:
            self._hash = header.hash
            self._note_host(path, header.host)
            if isinstance(header.repaired, dict):
                self._note_repair(path, header.repaired)
            self._remember(
                LinePlace(self._seq, header.hash, None, path, self._file, 1, 0, line.end)
            )
        if isinstance(header.first_seq, int):
            self._seq = header.first_seq - 1
        if not line.whole:  # a header is never torn: its file is made whole
            self._report(path, line, Broken("header", "the header lacks its newline"))

    def _note_host(self, path: Path, host: object) -> None:
        """Note where the log went on in another place than before."""
        if not isinstance(host, dict):
            return
        if self._host not in (None, host):
            self._findings.note(
                f"{path} was begun in another place than the day before, on {host.get('name')}"
            )
        self._host = host

    def _note_repair(self, path: Path, repaired: dict[str, object]) -> None:
        self._findings.note(
            f"{path} was begun by a repair at {repaired.get('at')}: what was behind event"
            f" {self._seq}, up to {repaired.get('lost_to')}, is kept in {repaired.get('kept')}"
        )

    def _check_continues(
        self, path: Path, header: SoundHeader, previous: str | None, before: str | None
    ) -> None:
        if header.day != day_of(path):
            raise Broken("header", f"the header is of {header.day}")
        if self.first is None:
            self.first = header
            self._begin(header)
        elif header.ledger != self.first.ledger:
            raise Broken("header", f"the file is of ledger {header.ledger}")
        elif header.timezone != self.first.timezone:
            raise Broken("header", f"the file has the time zone {header.timezone}")
        if header.previous != previous:
            raise Broken(
                "missing", f"the file follows {header.previous}, but {previous} is before it"
            )
        if header.prev != before and before is not None:
            raise Broken("chain", "the header does not chain to the file before")
        if header.first_seq != self._seq + 1:
            raise Broken("sequence", f"the header does not follow record {self._seq}")

    # -- records -------------------------------------------------------------------------------

    def _take_broken(self, path: Path, line: Line, fault: Broken) -> None:
        self._hash = None
        if self._newest and fault.kind in ("unreadable", "hash"):
            if self._tail is None:
                self._tail = UnsoundTail(line, fault, self.seq, self._seq)
            self._tail.goes_on()
            return
        self._drop_tail(path)
        self._write = []
        self._report(path, line, fault)

    def _take(self, path: Path, line: Line, record: SoundRecord) -> None:
        self._drop_tail(path)
        fault = self._fault_of(record)
        self._seq, self._hash = record.seq, record.hash
        self._versions[record.job] = record.version
        if fault is not None:
            self._write = []
            self._report(path, line, fault)
            return
        self.events += 1
        place = LinePlace(
            record.seq, record.hash, record.at, path, self._file, line.number, line.offset, line.end
        )
        self._write.append(PlacedRecord(record, place))
        if record.more == 0:
            if not line.whole:
                self._miss_newline(path, line)
            self._end_write(place)

    def _fault_of(self, record: SoundRecord) -> Broken | None:
        """Return what is wrong with a sound record here; behind unreadable lines less is known."""
        due = self._seq + 1
        if self._hash is not None and record.seq != due:
            return Broken("sequence", f"sequence {record.seq} where {due} is due")
        if self._hash is not None and record.prev != self._hash:
            return Broken("chain", f"record {record.seq} does not chain to the one before it")
        if self._write and record.more != self._write[-1].record.more - 1:
            left = self._write[-1].record.more
            return Broken("incomplete", f"record {record.seq} is not one of the {left} still due")
        version = self._versions.get(record.job, 0) + 1
        if record.version != version and not self._findings.problems:
            return Broken("version", f"version {record.version} of {record.job}, {version} is due")
        return None

    def _end_write(self, place: LinePlace) -> None:
        write, self._write = self._write, []
        self._whole_end = place.end
        if self.day_ends and self.day_ends[-1].path == place.path:
            self.day_ends[-1] = place
        else:
            self.day_ends.append(place)
        self.last = place
        for each in write:
            self._remember(each.place)
        if not self._findings.problems:  # behind a fault every state is a guess
            self._apply(write)

    def _remember(self, place: LinePlace) -> None:
        if place.seq in self._wanted:
            self.found.setdefault(place.seq, []).append(place)

    # -- the end of a file ---------------------------------------------------------------------

    def _drop_tail(self, path: Path) -> None:
        """Report as damage what was taken for a torn write: something after it disproves it."""
        if self._tail is not None:
            self._report(path, self._tail.line, self._tail.fault)
            self._tail, self._hash, self._write = None, None, []

    def _miss_newline(self, path: Path, line: Line) -> None:
        """Take in a sound last line without its newline: lost where the line was known to be on
        disk."""
        if self._newest and self._durable_seq <= self.seq:
            self._findings.note(f"{path}: the last newline is missing; the next open adds it")
        else:
            self._report(path, line, Broken("truncated", "the line's newline is missing"))

    def _check_end(self, path: Path, end: int) -> None:
        if self._tail is None and not self._write:
            return
        short = end - self._whole_end <= LONGEST_WRITE
        if self._newest and short and self._durable_seq <= self.seq:
            self.events -= len(self._write)
            self._findings.note(
                f"{path}: an unacknowledged write after record {self.seq} is incomplete;"
                " the next open for writing cuts it off"
            )
        elif self._tail is not None:
            self._drop_tail(path)
        else:
            place = self._write[0].place
            self._findings.add(
                "incomplete",
                path,
                "a write's last records are missing",
                line=place.line,
                offset=place.offset,
            )

    def _report(self, path: Path, line: Line, fault: Broken) -> None:
        self._findings.add(fault.kind, path, fault.message, line=line.number, offset=line.offset)


def day_of(path: Path) -> str:
    """Return the day in a day file's name."""
    return name_of(path)[len("events_") : -len(".jsonl")]


def name_of(path: Path) -> str:
    """Return a day file's name, which headers have also where it was packed since."""
    return path.name.removesuffix(ENDING)
