"""One day file: its name, its header, and reading its records verified and in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ....domain.errors import LedgerCorruptError, StorageError
from ...record import (
    FORMAT_VERSION,
    GENESIS,
    MAX_LINE_BYTES,
    RECORDS,
    Form,
    Header,
    RecordError,
    decode_header,
    decode_record,
    encode_header,
    own_hashes,
)
from .filesystem import FileSystem, storage_errors

_NAME = re.compile(r"events_(\d{4}-\d{2}-\d{2})\.jsonl")
_CHUNK = 256 * 1024
_NEARLY_ALWAYS = 4096
"""Most headers are shorter."""


class Cursor:
    """A verified position: everything before it was read, hashed and found in sequence.

    It stands only at the end of a whole write: a write whose last record (`more` 0) is missing does
    not move it.
    """

    __slots__ = ("batch", "day", "hash", "line", "offset", "seq", "write_offset")

    def __init__(self) -> None:
        self.day = ""
        self.offset = 0
        self.line = 0
        self.seq = 0
        self.hash = GENESIS
        self.batch = 0
        self.write_offset = 0
        """Where the first record of the last batch begins."""

    def copy(self) -> Cursor:
        """Another one at the same place."""
        other = Cursor.__new__(Cursor)
        other.day = self.day
        other.stand_at(self.offset, self.line, self.seq, self.hash, self.batch, self.write_offset)
        return other

    def stand_at(
        self, offset: int, line: int, seq: int, hash: str, batch: int, write_offset: int
    ) -> None:
        """Move within the day's file."""
        self.offset, self.line, self.seq, self.hash = offset, line, seq, hash
        self.batch, self.write_offset = batch, write_offset

    def move(self, lines: list[bytes], records: list[Any]) -> None:
        """Move behind these records, which follow, up to the end of a write; `lines` are theirs."""
        last = records[-1]
        begin = len(records)
        while begin and records[begin - 1].batch == last.batch:
            begin -= 1
        if begin or last.batch != self.batch:
            self.write_offset = self.offset + sum(map(len, lines[:begin])) + begin
        self.offset += sum(map(len, lines)) + len(lines)
        self.line += len(lines)
        self.seq, self.hash, self.batch = last.seq, last.hash, last.batch


def day_file(directory: Path, day: str) -> Path:
    return directory / f"events_{day}.jsonl"


def list_days(fs: FileSystem, directory: Path) -> list[str]:
    """The days that have a file, in order."""
    names = map(_NAME.fullmatch, fs.list_directory(directory))
    return sorted(match[1] for match in names if match)


def corrupt(
    path: Path, line: int | None, offset: int, kind: str, message: str
) -> LedgerCorruptError:
    """The error that names file, line (where it is known) and byte."""
    where = f"{path}, byte {offset}" if line is None else f"{path}, line {line}, byte {offset}"
    return LedgerCorruptError(
        f"{where}: {message}",
        path=str(path),
        line=line,
        offset=offset,
        kind=kind,
        hint="nothing was changed; `jobledger verify` shows all that is wrong",
    )


def create_segment(
    fs: FileSystem, directory: Path, cursor: Cursor, *, ledger: str, timezone: str, day: str
) -> tuple[str, int]:
    """Make the file of a new day, durably, chained to where `cursor` stands.

    Returns the header's hash and its length in bytes.
    """
    line, digest = encode_header(
        Header(
            format=FORMAT_VERSION,
            ledger=ledger,
            timezone=timezone,
            day=day,
            first_seq=cursor.seq + 1,
            previous=day_file(directory, cursor.day).name if cursor.day else None,
            prev=cursor.hash,
        )
    )
    fs.write_file_durably(day_file(directory, day), line)
    return digest, len(line)


def read_header(fs: FileSystem, fd: int, path: Path) -> tuple[Header, int]:
    """The header of an open day file, and its length in bytes.

    Raises:
        LedgerCorruptError: there is none that verifies.
        StorageError: a newer release wrote the file.
    """
    with storage_errors("read", path):
        start = fs.read_at(fd, _NEARLY_ALWAYS, 0)
        if b"\n" not in start:  # rule: header-of-any-length
            start = fs.read_at(fd, MAX_LINE_BYTES, 0)
    line, newline, _ = start.partition(b"\n")
    try:
        if not newline:
            raise RecordError("header", "the file has no header line")
        return decode_header(line), len(line) + 1
    except RecordError as error:
        if error.kind == "format":
            raise StorageError(
                f"{path}: {error.message}",
                path=str(path),
                hint="upgrade jobledger to read this ledger; nothing was changed",
            ) from None
        raise corrupt(path, 1, 0, "header", error.message) from None


def enter_segment(
    fs: FileSystem, fd: int, path: Path, day: str, cursor: Cursor, ledger: str | None
) -> Header:
    """Move `cursor` behind the header of the next day file, once the header continues the chain.

    Raises:
        LedgerCorruptError: it does not: another ledger's file, or a file between is missing.
    """
    header, length = read_header(fs, fd, path)
    previous = day_file(path.parent, cursor.day).name if cursor.day else None
    if header.day != day:  # rule: file-of-its-day
        raise corrupt(path, 1, 0, "header", f"the header is of {header.day}, not of {day}")
    if ledger is not None and header.ledger != ledger:  # rule: file-of-this-ledger
        raise corrupt(path, 1, 0, "header", f"the file is of another ledger, {header.ledger}")
    if header.previous != previous:  # rule: no-day-is-missing
        missing = path.with_name(header.previous or path.name)
        raise corrupt(
            missing, 1, 0, "missing", f"the file is missing: {path.name} follows {missing.name}"
        )
    if (
        header.prev != cursor.hash  # rule: day-continues-the-day-before
        or header.first_seq != cursor.seq + 1
    ):
        raise corrupt(path, 1, 0, "chain", f"the header does not follow record {cursor.seq}")
    cursor.day, cursor.offset, cursor.line = day, length, 1
    cursor.hash = header.hash
    cursor.write_offset = length
    return header


def check_record(record: Any, seq: int, prev: str) -> None:
    """Check that a record with a sound hash follows the record `seq`, whose hash is `prev`.

    Raises:
        RecordError: it does not.
    """
    if record.seq != seq + 1:  # rule: no-gap-in-sequence
        raise RecordError("sequence", f"sequence {record.seq} where {seq + 1} is due")
    if record.prev != prev:  # rule: previous-hash
        raise RecordError("chain", f"record {record.seq} does not chain to the record before it")
    if not 1 <= record.batch <= record.seq or record.more < 0:
        raise RecordError("sequence", f"record {record.seq} has an impossible batch")


def scan(
    fs: FileSystem,
    fd: int,
    path: Path,
    cursor: Cursor,
    limit: int,
    versions: dict[str, int] | None = None,
    *,
    form: Form = RECORDS,
) -> Iterator[list[Any]]:
    """The records from `cursor` up to byte `limit`, as lists of whole writes, moving the cursor.

    The cursor has moved behind a list when it is handed out. With `versions`, each job's versions
    are checked to go up by one, and kept there. What is left between the cursor and `limit` at
    the end is an incomplete write, for the caller to judge.

    A block is looked at as a whole first; only where something is wrong with it each line is.

    Raises:
        LedgerCorruptError: a line does not verify; everything before it was handed out.
    """
    read_from, rest = cursor.offset, b""
    records: list[Any] = []
    """What was read of a write that is not whole yet, from the cursor on; `lines` are its lines."""
    lines: list[bytes] = []
    while read_from < limit:
        with storage_errors("read", path):
            chunk = fs.read_at(fd, min(_CHUNK, limit - read_from), read_from)
        if not chunk:
            break
        read_from += len(chunk)
        block = rest + chunk
        fresh = block.split(b"\n")
        rest = fresh.pop()
        seq, prev = cursor.seq + len(records), records[-1].hash if records else cursor.hash
        found, fault = _read_block(block[: len(block) - len(rest)], fresh, seq, prev, form), None
        if found is None or not _take_versions(found, versions):
            found, fault = _look_at_each(fresh, seq, prev, form, versions)
        if fault is None and len(rest) > MAX_LINE_BYTES:  # rule: longest-line
            fault = RecordError("unreadable", f"a line is longer than {MAX_LINE_BYTES} bytes")
        records += found
        lines += fresh[: len(found)]
        whole = _count_whole(records)
        if whole:
            cursor.move(lines[:whole], records[:whole])
            handed_out, records, lines = records[:whole], records[whole:], lines[whole:]
            yield handed_out
        if fault is not None:
            _forget(versions, records)
            block = chunk = rest = b""  # or the error's traceback would hold them
            offset = cursor.offset + sum(map(len, lines)) + len(lines)
            raise corrupt(path, cursor.line + len(lines) + 1, offset, fault.kind, fault.message)
    _forget(versions, records)


def _read_block(
    block: bytes, lines: list[bytes], seq: int, prev: str, form: Form
) -> list[Any] | None:
    """The records of all the lines of a block; None where not each of them is in order.

    The same rules as those of `_look_at_each`, in a form that costs half as much.
    """
    try:
        records = form.read_all(block)
    except Exception:  # noqa: BLE001 - looking at each says which it is, and why
        return None
    hashes = [record.hash for record in records]
    if (
        hashes == own_hashes(lines)  # rule: hashes-of-a-block
        and [record.prev for record in records] == [prev, *hashes][:-1]  # rule: chain-of-a-block
        # rule: no-gap-in-a-block
        and [record.seq for record in records] == [*range(seq + 1, seq + 1 + len(lines))]
        and all(0 < record.batch <= record.seq for record in records)  # rule: batches-of-a-block
        and min([record.more for record in records], default=0) >= 0  # rule: followers-of-a-block
    ):
        return records
    return None


def _look_at_each(
    lines: list[bytes], seq: int, prev: str, form: Form, versions: dict[str, int] | None
) -> tuple[list[Any], RecordError | None]:
    """The records of the lines up to the first that is not in order, and what is wrong with it."""
    records: list[Any] = []
    for line in lines:
        try:
            record = decode_record(line, form.read)
            check_record(record, seq, prev)
            if versions is not None and not _take_versions([record], versions):
                due = versions.get(record.job_id, 0) + 1
                raise RecordError(
                    "version",
                    f"record {record.seq} has version {record.version} of job {record.job_id}"
                    f" where {due} is due",
                )
        except RecordError as fault:
            return records, fault
        records.append(record)
        seq, prev = record.seq, record.hash
    return records, None


def _take_versions(records: list[Any], versions: dict[str, int] | None) -> bool:
    """Take each record's version into `versions`; False, and none of them, where one does not
    follow the one before."""
    if versions is not None:
        for count, record in enumerate(records):
            job_id = record.job_id
            due = versions.get(job_id, 0) + 1
            if record.version != due:  # rule: no-gap-in-versions
                _forget(versions, records[:count])
                return False
            versions[job_id] = due
    return True


def _forget(versions: dict[str, int] | None, records: list[Any]) -> None:
    """Take back what these records did to `versions`."""
    if versions is None:
        return
    for record in reversed(records):
        if record.version == 1:
            del versions[record.job_id]
        else:
            versions[record.job_id] = record.version - 1


def _count_whole(records: list[Any]) -> int:
    """How many of the records belong to whole writes."""
    count = len(records)
    while count and records[count - 1].more:  # rule: whole-writes-only
        count -= 1
    return count
