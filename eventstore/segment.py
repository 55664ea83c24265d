"""One day file: its name, its header, and reading its records verified and in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..domain.errors import LedgerCorruptError, StorageError
from .filesystem import FileSystem, storage_errors
from .record import (
    FORMAT_VERSION,
    GENESIS,
    MAX_LINE_BYTES,
    RECORDS,
    Form,
    Header,
    RecordError,
    check_own_hash,
    decode_header,
    decode_record,
    encode_header,
)

_NAME = re.compile(r"events_(\d{4}-\d{2}-\d{2})\.jsonl")
_CHUNK = 256 * 1024


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
        start = fs.read_at(fd, 4096, 0)
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
    if header.day != day:
        raise corrupt(path, 1, 0, "header", f"the header is of {header.day}, not of {day}")
    if ledger is not None and header.ledger != ledger:
        raise corrupt(path, 1, 0, "header", f"the file is of another ledger, {header.ledger}")
    if header.previous != previous:
        missing = path.with_name(header.previous or path.name)
        raise corrupt(
            missing, 1, 0, "missing", f"the file is missing: {path.name} follows {missing.name}"
        )
    if header.prev != cursor.hash or header.first_seq != cursor.seq + 1:
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
    if record.seq != seq + 1:
        raise RecordError("sequence", f"sequence {record.seq} where {seq + 1} is due")
    if record.prev != prev:
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

    Raises:
        LedgerCorruptError: a line does not verify; everything before it was handed out.
    """
    offset, line_number, seq, prev = cursor.offset, cursor.line, cursor.seq, cursor.hash
    batch, batch_offset = cursor.batch, cursor.write_offset
    read_from, rest = offset, b""
    pending: list[Any] = []
    """The records so far of a write that goes on in the next chunk."""
    while read_from < limit:
        with storage_errors("read", path):
            chunk = fs.read_at(fd, min(_CHUNK, limit - read_from), read_from)
        if not chunk:
            break
        read_from += len(chunk)
        block = rest + chunk
        lines = block.split(b"\n")
        rest = lines.pop()
        each = _read_all(form, block[: len(block) - len(rest)], lines)
        records = pending
        whole = 0
        """How many of `records` belong to whole writes."""
        fault: RecordError | None = None
        for line in lines:
            try:
                record = next(each)
                check_own_hash(line, record)
                if (
                    record.seq != seq + 1
                    or record.prev != prev
                    or record.batch != batch
                    or record.more < 0
                ):
                    check_record(record, seq, prev)  # of the same batch nothing else can be wrong
                if versions is not None:
                    job_id = record.job_id
                    due = versions.get(job_id, 0) + 1
                    if record.version != due:
                        raise RecordError(
                            "version",
                            f"record {record.seq} has version {record.version} of job"
                            f" {job_id} where {due} is due",
                        )
                    versions[job_id] = due
            except RecordError as error:
                fault = error
                break
            if record.batch != batch:
                batch, batch_offset = record.batch, offset
            offset += len(line) + 1
            line_number += 1
            seq, prev = record.seq, record.hash
            records.append(record)
            if record.more == 0:
                whole = len(records)
                end = offset, line_number, seq, prev, batch, batch_offset
        if fault is None and len(rest) > MAX_LINE_BYTES:
            fault = RecordError("unreadable", f"a line is longer than {MAX_LINE_BYTES} bytes")
        pending = records[whole:]
        if whole:
            cursor.stand_at(*end)
            yield records[:whole] if pending else records
        if fault is not None:
            _forget(versions, pending)
            raise corrupt(path, line_number + 1, offset, fault.kind, fault.message)
    _forget(versions, pending)


def _read_all(form: Form, block: bytes, lines: list[bytes]) -> Iterator[Any]:
    """What each of the lines is read as: all at once where none is in the way."""
    try:
        records = form.read_all(block)
    except Exception:  # noqa: BLE001 - reading them one by one says which it is, and why
        records = []
    if len(records) == len(lines):
        return iter(records)
    return (decode_record(line, form.read) for line in lines)


def _forget(versions: dict[str, int] | None, write: list[Any]) -> None:
    """Take back what an incomplete write did to `versions`."""
    if versions is None:
        return
    for record in reversed(write):
        if record.version == 1:
            del versions[record.job_id]
        else:
            versions[record.job_id] = record.version - 1
