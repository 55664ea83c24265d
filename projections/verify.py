"""verify: every record of every file, read by code that shares nothing with the writer's.

The chain, the sequence and the versions are checked here a second time from docs/log-format.md with
the standard library alone, so that one mistake cannot hide in both. What the events mean is the
domain's, and there is only one of that.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ..domain.errors import LedgerCorruptError, StorageError
from ..eventstore.filesystem import FileSystem, storage_errors
from ..eventstore.head import HEAD_NAME, Head, decode_head
from ..eventstore.record import Record
from .board import Board
from .daily_files import DailyFiles, files_on_disk, job_file
from .projection import to_event
from .writer import Marker, read_marker

ProblemKind = Literal[
    "missing", "header", "unreadable", "form", "hash", "sequence", "chain", "version",
    "incomplete", "truncated", "head", "event", "transition", "projection", "format",
]  # fmt: skip

_FILE = re.compile(r"events_(\d{4}-\d{2}-\d{2})\.jsonl")
_LINE = re.compile(rb'(?s)(.*),"hash":"([0-9a-f]{32})"\}')
_CHUNK = 256 * 1024
_LONGEST_LINE = 1024 * 1024


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: in which file, on which line (from 1), at which byte."""

    kind: ProblemKind
    path: str
    line: int | None
    offset: int | None
    message: str


class VerifyReport(msgspec.Struct, frozen=True):
    """What was read and what is wrong with it. `head` is the last sound record's place and hash.

    `notes` are worth knowing and not wrong: an unacknowledged tail that the next open cuts off.
    """

    ok: bool
    events: int
    files: int
    head: dict[str, Any]
    problems: list[Problem]
    notes: list[str] = []

    def to_dict(self) -> dict[str, Any]:
        """The report with the keys that `jobledger verify --json` prints."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        del document["notes"]
        return document


class _Envelope(msgspec.Struct, frozen=True):
    seq: int
    batch: int
    more: int
    at: datetime
    type: str
    job: str
    version: int
    schema: int
    prev: str


class _Line(msgspec.Struct, frozen=True):
    number: int
    offset: int
    data: bytes
    whole: bool


class _Broken(Exception):
    def __init__(self, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Verifier:
    """One pass over a ledger directory, or over a copy of one; it takes no lock."""

    def __init__(
        self,
        directory: Path,
        *,
        fs: FileSystem | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._directory = directory
        self._fs = fs or FileSystem()
        self._progress = progress
        self._problems: list[Problem] = []
        self._notes: list[str] = []
        self._events = 0
        self._ledger: str | None = None
        self._seq = 0
        self._hash: str | None = "0" * 32
        """The hash that the next line has to name as `prev`; None after an unreadable line."""
        self._whole_seq = 0
        """The last record of the last whole write."""
        self._last_hash: str | None = None
        self._hash_at_head: str | None = None
        self._head: Head | None = None
        self._versions: dict[str, int] = {}
        self._board: Board | None = Board()
        self._files: DailyFiles | None = None

    def run(self) -> VerifyReport:
        """Read everything and say what is wrong.

        Raises:
            StorageError: there is no ledger, it cannot be read, or a newer release wrote it.
        """
        with storage_errors("read", self._directory):
            names = self._fs.list_directory(self._directory)
            # HEAD and the marker first: what is appended meanwhile can only be beyond them.
            self._head = self._read_head(names)
            marker = read_marker(self._fs, self._directory)
        days = sorted(match[1] for match in map(_FILE.fullmatch, names) if match)
        if not days and self._head is None:
            raise StorageError(
                f"there is no ledger in {self._directory}", path=str(self._directory)
            )
        paths = [self._directory / f"events_{day}.jsonl" for day in days]
        with storage_errors("read", self._directory):
            total = sum(path.stat().st_size for path in paths)
        done = 0
        for index, path in enumerate(paths):
            last = index == len(paths) - 1
            done = self._verify_file(path, paths[index - 1] if index else None, last, done, total)
        self._check_head(paths)
        if not self._problems:
            self._check_daily_files(marker)
        else:
            self._notes.append("the daily files were not compared: mend the log first")
        return VerifyReport(
            ok=not self._problems,
            events=self._events,
            files=len(paths),
            head={"seq": self._whole_seq, "hash": self._last_hash},
            problems=self._problems,
            notes=self._notes,
        )

    def _read_head(self, names: list[str]) -> Head | None:
        path = self._directory / HEAD_NAME
        if HEAD_NAME not in names:
            self._notes.append("there is no HEAD: a log cut at a line's end would not be noticed")
            return None
        head = decode_head(self._fs.read_file(path))
        if head is None:
            self._notes.append(f"{path} is not readable and was not used")
        return head

    # -- one file ------------------------------------------------------------------------------

    def _verify_file(
        self, path: Path, previous: Path | None, newest: bool, done: int, total: int
    ) -> int:
        pending: list[Record] = []
        start = (1, 0)
        """Line and offset of the first record of the write that is being read."""
        broken: tuple[_Line, _Broken] | None = None
        """In the newest file: the first fault, a torn tail for as long as nothing disproves it."""
        for line in self._lines(path):
            self._progress(done + line.offset + len(line.data), total)
            if line.number == 1:
                self._verify_header(path, previous, line)
                if line.data and not line.whole:  # a header is never torn: its file is made whole
                    self._report(path, line, _Broken("header", "the header lacks its newline"))
                start = (2, len(line.data) + 1)
                continue
            try:
                record = self._parse(line)
                if broken is not None:
                    if record.batch <= self._whole_seq + 1:
                        continue  # of the same write, whose parts may have got to disk unordered
                    self._report(path, broken[0], broken[1])
                    broken = None
                    self._follow_blindly(record)
                self._check_record(record)
            except _Broken as fault:
                if newest and fault.kind in ("unreadable", "hash"):
                    broken = broken or (line, fault)
                else:
                    self._report(path, line, fault)
                self._hash = None
                continue
            self._events += 1
            self._seq, self._hash = record.seq, record.hash
            if self._head is not None and record.seq == self._head.seq:
                self._hash_at_head = record.hash
            if not pending:
                start = (line.number, line.offset)
            pending.append(record)
            if record.more == 0:
                self._whole_seq, self._last_hash = record.seq, record.hash
                self._fold(path, start, pending)
                pending = []
            if not line.whole:
                self._miss_newline(path, line, record, newest)
        tail = broken is not None or bool(pending)
        if tail and newest and not self._beyond(self._whole_seq):
            self._events -= len(pending)
            self._seq -= len(pending)
            self._notes.append(
                f"{path}: an unacknowledged write after record {self._whole_seq} is incomplete;"
                " the next open for writing cuts it off"
            )
        elif broken is not None:
            self._report(path, *broken)
        elif pending:
            line = _Line(start[0], start[1], b"", True)
            self._report(path, line, _Broken("incomplete", "a write's last records are missing"))
        with storage_errors("read", path):
            return done + path.stat().st_size

    def _miss_newline(self, path: Path, line: _Line, record: Record, newest: bool) -> None:
        """A sound last line without its newline: lost where the line was known to be on disk."""
        if newest and record.more == 0 and not self._beyond(record.seq - 1):
            self._notes.append(f"{path}: the last newline is missing; the next open adds it")
        elif record.more == 0:
            self._report(path, line, _Broken("truncated", "the line's newline is missing"))

    def _beyond(self, seq: int) -> bool:
        return self._head is not None and self._head.durable_seq > seq

    def _lines(self, path: Path) -> Iterator[_Line]:
        number, offset, rest = 1, 0, b""
        with storage_errors("read", path), path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                for data in lines:
                    yield _Line(number, offset, data, True)
                    number, offset = number + 1, offset + len(data) + 1
                if len(rest) > _LONGEST_LINE:
                    yield _Line(number, offset, b"", False)
                    return
        if rest or number == 1:
            yield _Line(number, offset, rest, False)

    def _split(self, line: _Line) -> tuple[dict[str, Any], bytes, str]:
        match = _LINE.fullmatch(line.data)
        if match is None:
            raise _Broken("unreadable", "the line does not end in a hash")
        body, digest = match[1], match[2].decode()
        if hashlib.sha256(body).digest()[:16].hex() != digest:
            raise _Broken("hash", "the line's hash does not match its bytes")
        try:
            document = json.loads(line.data)
        except (ValueError, RecursionError) as error:
            raise _Broken("form", f"the line is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise _Broken("form", "the line is not a JSON object")
        return document, body, digest

    def _verify_header(self, path: Path, previous: Path | None, line: _Line) -> None:
        day = path.name[len("events_") : -len(".jsonl")]
        try:
            document, _, digest = self._split(line)
            form = document.get("format")
            if not isinstance(form, int):
                raise _Broken("header", "the file does not begin with a header")
            if form > 1:
                raise StorageError(
                    f"{path}: log format {form} is not known to this release",
                    path=str(path),
                    hint="upgrade jobledger to verify this ledger",
                )
            if document.get("day") != day:
                raise _Broken("header", f"the header is of {document.get('day')}")
            if self._ledger is None:
                self._ledger = str(document.get("ledger"))
                try:
                    self._files = DailyFiles(ZoneInfo(str(document.get("timezone"))))
                except (ZoneInfoNotFoundError, ValueError):
                    self._notes.append(
                        f"the time zone {document.get('timezone')} is not known on this machine"
                    )
            elif document.get("ledger") != self._ledger:
                raise _Broken("header", f"the file is of ledger {document.get('ledger')}")
            named, before = document.get("previous"), previous.name if previous else None
            if named != before:
                raise _Broken("missing", f"the file follows {named}, but {before} is before it")
            if document.get("prev") != self._hash and self._hash is not None:
                raise _Broken("chain", "the header does not chain to the file before")
            if document.get("first_seq") != self._seq + 1:
                raise _Broken("sequence", f"the header does not follow record {self._seq}")
            self._hash = digest
        except _Broken as fault:
            kind: ProblemKind = (
                "header" if fault.kind in ("unreadable", "hash", "form") else fault.kind
            )
            self._report(path, line, _Broken(kind, fault.message))
            self._hash = None
            match = re.search(rb'"first_seq":(\d+)', line.data)
            if match is not None:
                self._seq = int(match[1]) - 1

    def _parse(self, line: _Line) -> Record:
        document, _, digest = self._split(line)
        try:
            data = msgspec.Raw(json.dumps(document.pop("data")).encode())
            named = msgspec.convert(document, _Envelope)
            fields = {name: getattr(named, name) for name in _Envelope.__struct_fields__}
            return Record(**fields, data=data, hash=digest)
        except (KeyError, msgspec.ValidationError, ValueError) as error:
            raise _Broken("form", f"the line is not a record: {error}") from None

    def _follow_blindly(self, record: Record) -> None:
        """Go on behind unreadable lines: what stands there cannot be checked against them."""
        self._hash = None
        self._seq = record.seq - 1

    def _check_record(self, record: Record) -> None:
        after_fault = self._hash is None
        if record.seq != self._seq + 1 and not after_fault:
            due, self._seq = self._seq + 1, record.seq
            self._hash = record.hash
            raise _Broken("sequence", f"sequence {record.seq} where {due} is due")
        if self._hash is not None and record.prev != self._hash:
            raise _Broken("chain", f"record {record.seq} does not chain to the one before it")
        due = self._versions.get(record.job, 0) + 1
        self._versions[record.job] = record.version
        if record.version != due and not self._problems:
            raise _Broken("version", f"version {record.version} of {record.job}, {due} is due")

    # -- what the events mean ------------------------------------------------------------------

    def _fold(self, path: Path, start: tuple[int, int], records: list[Record]) -> None:
        if self._board is None or self._problems:
            return  # behind a fault every state is a guess
        for record in records:
            try:
                change = self._board.apply(to_event(record))
            except LedgerCorruptError as error:
                kind: ProblemKind = "event" if error.kind == "event" else "transition"
                line = _Line(start[0], start[1], b"", True)
                self._report(path, line, _Broken(kind, error.message))
                return
            if self._files is not None:
                self._files.apply(change)

    def _check_head(self, paths: list[Path]) -> None:
        head, path = self._head, self._directory / HEAD_NAME
        if head is None:
            return
        if self._ledger is not None and head.ledger != self._ledger:
            self._add("head", path, f"HEAD is of ledger {head.ledger}")
        elif head.durable_seq > self._whole_seq and not self._problems:
            where = paths[-1] if paths else path
            size = where.stat().st_size
            message = f"the log ends at record {self._whole_seq}, HEAD says {head.durable_seq}"
            self._problems.append(Problem("truncated", str(where), None, size, message))
        elif self._hash_at_head not in (None, head.hash) and head.offset:
            self._add("head", path, f"record {head.seq} is not the one that HEAD has")

    def _check_daily_files(self, marker: Marker | None) -> None:
        files, board = self._files, self._board
        if files is None or board is None:
            return
        with storage_errors("read", self._directory):
            on_disk = files_on_disk(self._fs, self._directory)
        if marker is None and not on_disk:
            if files.days():
                self._notes.append("there are no daily files: opening the ledger makes them")
            return
        seen = 0 if marker is None else marker.seq
        behind = 0
        for day in sorted({*on_disk, *files.days()}):
            path = job_file(self._directory, day)
            if marker is not None and files.touched_after(day, seen):
                behind += 1
                continue
            try:
                present = self._fs.read_file(path)
            except FileNotFoundError:
                present = None
            if present == files.render(day, board.jobs):
                continue
            if read_marker(self._fs, self._directory) != marker:
                self._notes.append("the daily files are being written; they were not compared")
                return
            if present is None:
                fault = "the file is missing"
            elif not files.knows(day):
                fault = "the log has no job of this day"
            else:
                fault = "the file is not what the log gives"
            self._add("projection", path, f"{fault}; `Ledger.rebuild()` mends it")
        if behind:
            self._notes.append(f"{behind} daily files are behind; the next open brings them up")

    def _add(self, kind: ProblemKind, path: Path, message: str) -> None:
        self._problems.append(Problem(kind, str(path), None, None, message))

    def _report(self, path: Path, line: _Line, fault: _Broken) -> None:
        self._problems.append(
            Problem(fault.kind, str(path), line.number, line.offset, fault.message)
        )


def verify(
    directory: Path,
    *,
    fs: FileSystem | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> VerifyReport:
    """Check a whole ledger directory; `progress` gets the bytes read and the bytes in all.

    Raises:
        StorageError: there is no ledger, it cannot be read, or a newer release wrote it.
    """
    return Verifier(directory, fs=fs, progress=progress).run()
