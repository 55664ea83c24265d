"""Reading lines verified: blocks of bytes in, whole writes of records out.

The rules of the log that hold on every engine: a line's hash, the chain, no gap in the sequence nor
in a job's versions, whole writes only, and each day under a header that continues the day before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import le
from pathlib import Path

from ..domain import LedgerCorruptError, StorageError
from .cursor import Cursor
from .layers import Layers
from .lines import cut
from .port import Block, Identity
from .record import (
    FORMAT_VERSION,
    MAX_LINE_BYTES,
    Form,
    Header,
    R,
    RecordError,
    Sealed,
    day_name,
    decode_header,
    decode_line,
    own_hashes,
)


def corrupt(
    path: Path | str, line: int | None, offset: int, kind: str, message: str
) -> LedgerCorruptError:
    """Return the error that names file, line (where it is known) and byte."""
    where = f"{path}, byte {offset}" if line is None else f"{path}, line {line}, byte {offset}"
    return LedgerCorruptError(
        f"{where}: {message}",
        path=str(path),
        line=line,
        offset=offset,
        kind=kind,
        hint="nothing was changed",
        remedy="verify",
    )


def new_header(identity: Identity, day: str, cursor: Cursor) -> Header:
    """Make the header of a new day, chained to where `cursor` stands."""
    return Header(
        format=FORMAT_VERSION,
        ledger=identity.ledger_id,
        timezone=identity.timezone,
        day=day,
        first_seq=cursor.seq + 1,
        previous=day_name(cursor.day) if cursor.day else None,
        prev=cursor.hash,
        host=identity.host,
    )


def parse_header(block: bytes, path: Path | str) -> tuple[Header, int]:
    """Parse the header that lines begin with; return it and its length in bytes.

    Raises:
        LedgerCorruptError: there is none that verifies.
        StorageError: a newer release wrote it.
    """
    line, newline, _ = block.partition(b"\n")
    try:
        if not newline:
            raise RecordError("header", "the file has no header line")
        return decode_header(line), len(line) + 1
    except RecordError as error:
        if error.kind == "format":
            raise StorageError(
                f"{path}: {error.message}",
                path=str(path),
                hint="nothing was changed",
                remedy="upgrade",
            ) from None
        raise corrupt(path, 1, 0, "header", error.message) from None


def enter_day(
    block: Block, cursor: Cursor, ledger: str | None, where: Callable[[str], str]
) -> tuple[Header, bytes]:
    """Move `cursor` behind the header of the day that `block` begins, once the header continues the
    chain; return it, and what is behind it.

    Raises:
        LedgerCorruptError: it does not: another ledger's lines, or a day between is missing.
        StorageError: as `parse_header`.
    """
    day, data = block
    path = where(day)
    header, length = parse_header(data, path)
    previous = day_name(cursor.day) if cursor.day else None
    if header.day != day:  # rule: file-of-its-day
        raise corrupt(path, 1, 0, "header", f"the header is of {header.day}, not of {day}")
    if ledger is not None and header.ledger != ledger:  # rule: file-of-this-ledger
        raise corrupt(path, 1, 0, "header", f"the file is of another ledger, {header.ledger}")
    if header.previous != previous:  # rule: no-day-is-missing
        name, missing = day_name(day), header.previous or day_name(day)
        raise corrupt(
            f"{path.removesuffix(name)}{missing}",
            1,
            0,
            "missing",
            f"the file is missing: {name} follows {missing}",
        )
    if (
        header.prev != cursor.hash  # rule: day-continues-the-day-before
        or header.first_seq != cursor.seq + 1
    ):
        raise corrupt(path, 1, 0, "chain", f"the header does not follow record {cursor.seq}")
    cursor.enter(day, length, header.hash)
    return header, data[length:]


def check_record(record: Sealed, seq: int, prev: str) -> None:
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
    blocks: Iterable[Block],
    cursor: Cursor,
    where: Callable[[str], str],
    versions: Layers | None,
    form: Form[R],
    enter: Callable[[Block], bytes],
    *,
    in_parts: bool = False,
) -> Iterator[list[R]]:
    """Yield the records of `blocks`, which begin at `cursor`, as lists of whole writes, moving the
    cursor.

    The cursor has moved behind a list when it is handed out. With `versions`, each job's versions
    are checked to go up by one, and kept there. `enter` moves the cursor behind the header that a
    day begins with and returns what is behind it. What is left behind the cursor at the end is an
    incomplete write, for the caller to judge. With `in_parts`, for what is known to be in the log,
    a write need not be whole: its records are handed out as they are read.

    A block is looked at as a whole first; only where something is wrong with it each line is.

    Raises:
        LedgerCorruptError: a line does not verify; everything before it was handed out.
    """
    rest = b""
    records: list[R] = []
    """What was read of a write that is not whole yet, from the cursor on; `lines` are its lines."""
    lines: list[bytes] = []
    for day, data in blocks:
        if day != cursor.day:
            if rest or records:
                _forget(versions, records)
                why = f"the file ends in an incomplete write, but {day} follows it"
                path = where(cursor.day)
                raise corrupt(path, cursor.line + 1, cursor.offset, "incomplete", why)
            data = enter(Block(day, data))
        block = rest + data
        fresh, rest = cut(block)
        seq, prev = cursor.seq + len(records), records[-1].hash if records else cursor.hash
        found, fault = _read_block(block[: len(block) - len(rest)], fresh, seq, prev, form), None
        if found is None or not _take_versions(found, versions):
            found, fault = look_at_each(fresh, seq, prev, form, versions)
        if fault is None and len(rest) > MAX_LINE_BYTES:  # rule: longest-line
            fault = RecordError("unreadable", f"a line is longer than {MAX_LINE_BYTES} bytes")
        records += found
        lines += fresh[: len(found)]
        whole = len(records) if in_parts else _count_whole(records)
        if whole:
            cursor.move(lines[:whole], records[:whole])
            handed_out, records, lines = records[:whole], records[whole:], lines[whole:]
            yield handed_out
        if fault is not None:
            _forget(versions, records)
            block = data = rest = b""  # or the error's traceback would hold them
            offset = cursor.offset + sum(map(len, lines)) + len(lines)
            path = where(cursor.day)
            raise corrupt(path, cursor.line + len(lines) + 1, offset, fault.kind, fault.message)
    _forget(versions, records)


def _read_block(
    block: bytes, lines: list[bytes], seq: int, prev: str, form: Form[R]
) -> list[R] | None:
    """Return the records of all the lines of a block; None where not each of them is in order.

    The same rules as those of `look_at_each`, in a form that costs half as much.
    """
    try:
        records = form.read_all(block)
    except Exception:  # noqa: BLE001 - looking at each says which it is, and why
        return None
    hashes = [record.hash for record in records]
    seqs = [record.seq for record in records]
    batches = [record.batch for record in records]
    if (
        hashes == own_hashes(lines)  # rule: hashes-of-a-block
        and [record.prev for record in records] == [prev, *hashes][:-1]  # rule: chain-of-a-block
        # rule: no-gap-in-a-block
        and seqs == [*range(seq + 1, seq + 1 + len(lines))]
        # rule: batches-of-a-block
        and (min(batches, default=1) > 0 and all(map(le, batches, seqs)))
        and min([record.more for record in records], default=0) >= 0  # rule: followers-of-a-block
    ):
        return records
    return None


def look_at_each(
    lines: Iterable[bytes],
    seq: int,
    prev: str,
    form: Form[R],
    versions: Layers | None = None,
) -> tuple[list[R], RecordError | None]:
    """Return the records of the lines up to the first out of order, and what is wrong there; the
    first follows record `seq`, whose hash is `prev`."""
    records: list[R] = []
    for line in lines:
        try:
            record = decode_line(line, form.read)
            check_record(record, seq, prev)
            if versions is not None and not _take_versions([record], versions):
                due = versions.get(record.job_id) + 1
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


def _take_versions(records: Sequence[Sealed], versions: Layers | None) -> bool:
    """Take each record's version into `versions`; False, and none of them, where one does not
    follow the one before."""
    if versions is not None:
        now, is_bare = versions.now, versions.is_bare
        for record in records:
            job_id = record.job_id
            due = now.get(job_id, 0) + 1
            if due == 1 and not is_bare:
                due += versions.older(job_id)
            if record.version != due:  # rule: no-gap-in-versions
                _forget(versions, records[: record.seq - records[0].seq])
                return False
            now[job_id] = due
    return True


def _forget(versions: Layers | None, records: Sequence[Sealed]) -> None:
    """Take back what these records did to `versions`."""
    if versions is None:
        return
    for record in reversed(records):
        if record.version == 1:
            del versions.now[record.job_id]
        else:
            versions.now[record.job_id] = record.version - 1


def _count_whole(records: Sequence[Sealed]) -> int:
    """How many of the records belong to whole writes."""
    count = len(records)
    while count and records[count - 1].more:  # rule: whole-writes-only
        count -= 1
    return count
