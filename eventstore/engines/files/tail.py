"""The end of the newest day file: is what does not verify there a torn write, or damage?

A batch is written only after the sync of the batch before it returned. So a sound record of a later
batch proves that everything before its batch was on disk, and a HEAD that is known to be durable
proves the same for its position. A sound record that does not belong where it stands was never
written there. A tail that none of these disproves is an unacknowledged write that a crash cut
short: it is kept aside and cut off. See docs/log-format.md, "The tail".
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ....domain import LedgerCorruptError, joined
from ...cursor import Cursor
from ...lines import cut
from ...log import COPIED_LAST, VerifiedLog
from ...port import Tail, TornTail
from ...record import MAX_WRITE_BYTES, RECORDS, R, Record, RecordError, decode_record
from ...scan import corrupt, look_at_each
from .filesystem import FileSystem, storage_errors
from .segment import DayFiles

_MAY_BE_TORN = ("unreadable", "hash")


def recover_tail(
    fs: FileSystem,
    files: DayFiles,
    log: VerifiedLog[R],
    head: Tail | None,
    damage: LedgerCorruptError | None,
) -> TornTail | None:
    """Make the end of the newest file sound: the log stands before what `damage` is about.

    Adds a newline that alone is missing, or cuts a torn write off and says so.

    Raises:
        LedgerCorruptError: it is damage; nothing was changed.
    """
    tail, lacks_newline = judge(fs, files, log, head, damage)
    cursor = log.cursor
    path = files.path(cursor.day)
    if lacks_newline:
        with storage_errors("write", path):
            fs.write_at(files.fd_to_write(cursor.day), b"\n", cursor.offset + len(tail))
        log.advance(None)
        return None
    if not tail:
        return None
    return _cut(fs, files.fd_to_write(cursor.day), path, tail, cursor.offset)


def judge(
    fs: FileSystem,
    files: DayFiles,
    log: VerifiedLog[R],
    head: Tail | None,
    damage: LedgerCorruptError | None,
) -> tuple[bytes, bool]:
    """Tell what stands behind the last whole write of the newest file, and whether that is a whole
    write but for its newline; else it is a torn one.

    Raises:
        LedgerCorruptError: it is damage.
    """
    if damage is not None and damage.kind not in _MAY_BE_TORN:
        raise damage  # a sound record that does not belong where it stands was never cut short
    cursor, path = log.cursor, files.path(log.cursor.day)
    size = files.size(cursor.day) - cursor.offset
    if size > MAX_WRITE_BYTES:
        too_long = f"{size} bytes do not verify, more than one write can be"
        raise damage or corrupt(path, cursor.line + 1, cursor.offset, "incomplete", too_long)
    with storage_errors("read", path):
        tail = fs.read_at(files.fd(cursor.day), size, cursor.offset)
    if not tail:
        return b"", False
    was_durable = head is not None and head.durable_seq > cursor.seq
    if damage is None and not was_durable and lacks_only_newline(tail, cursor):
        return tail, True
    reason = why_not_torn(tail, cursor, head)
    if reason is not None:
        error = damage or corrupt(path, cursor.line + 1, cursor.offset, "incomplete", reason)
        if was_durable:
            error.advice = joined(COPIED_LAST, error.advice)
        raise error
    return tail, False


def why_not_torn(tail: bytes, cursor: Cursor, head: Tail | None) -> str | None:
    """Why the bytes after `cursor` cannot be a torn write; None when they may well be one."""
    if head is not None and head.durable_seq > cursor.seq:  # rule: durable-is-not-torn
        return f"record {head.durable_seq} was on disk, and the log is sound only to {cursor.seq}"
    seq, prev = cursor.seq, cursor.hash
    gap = False
    lines, rest = cut(tail)
    for line in [*lines, rest]:
        try:
            record = decode_record(line)
        except RecordError as error:
            if error.kind == "form":
                return "a line in it has a sound hash and is no record"
            gap = True
            continue
        if record.batch > cursor.seq + 1:  # rule: later-batch-is-not-torn
            return (
                f"record {record.seq} in it is sound, and its batch {record.batch} was written"
                f" only after record {cursor.seq + 1} was on disk"
            )
        # Behind a part that did not get to the disk a record may be any later one of the write.
        # rule: stray-record-is-not-torn
        if record.seq <= seq or not (gap or _follows(record, seq, prev)):
            return f"record {record.seq} is sound, and does not belong after record {seq}"
        seq, prev, gap = record.seq, record.hash, False
    return None


def lacks_only_newline(tail: bytes, cursor: Cursor) -> bool:
    """Whether the tail is a whole write that lost nothing but its last newline."""
    lines, rest = cut(tail)
    records, fault = look_at_each([*lines, rest], cursor.seq, cursor.hash, RECORDS)
    return fault is None and records[-1].more == 0


def _follows(record: Record, seq: int, prev: str) -> bool:
    return record.seq == seq + 1 and record.prev == prev


def write_aside(fs: FileSystem, path: Path, data: bytes, offset: int) -> Path:
    """Keep bytes of a day's file, from `offset` on, in a new file beside it, durably.

    Raises:
        OSError: it cannot be written.
    """
    taken = set(fs.list_directory(path.parent))
    name, copy = f"{path.name}.torn-{offset}", 1
    while name in taken:
        copy += 1
        name = f"{path.name}.torn-{offset}-{copy}"
    kept = path.with_name(name)
    fs.write_file_durably(kept, data)  # rule: keep-what-is-cut-off
    return kept


def _cut(fs: FileSystem, fd: int, path: Path, tail: bytes, offset: int) -> TornTail:
    """Keep the bytes of a torn tail beside the log, durably, then cut them off, durably."""
    with storage_errors("keep the torn tail of", path):
        kept = write_aside(fs, path, tail, offset)
        try:
            fs.truncate(fd, offset)
            fs.sync_data(fd)  # rule: sync-the-cut
        except OSError:
            # After a failed sync the file only looks shorter, perhaps for ever: the next to open it
            # has to find the tail there, and to cut it off himself.
            with suppress(OSError):
                fs.write_at(fd, tail, offset)
            raise
    return TornTail(path=str(path), offset=offset, size=len(tail), kept=str(kept))
