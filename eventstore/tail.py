"""The end of the newest day file: is what does not verify there a torn write, or damage?

A batch is written only after the sync of the batch before it returned. So a sound record of a later
batch proves that everything before its batch was on disk, and a HEAD that is known to be durable
proves the same for its position. A tail that neither disproves is an unacknowledged write that a
crash cut short: it is kept aside and cut off. See docs/log-format.md, "The tail".
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from .filesystem import FileSystem, storage_errors
from .head import Head
from .record import RecordError, decode_record
from .segment import Cursor

MAX_WRITE_BYTES = 64 * 1024 * 1024
"""No single write is longer, so no torn tail is."""


class TornTail(msgspec.Struct, frozen=True):
    """What was cut off at open: how many bytes, from where, and where they are kept."""

    path: str
    offset: int
    size: int
    kept: str


def why_not_torn(tail: bytes, cursor: Cursor, head: Head | None) -> str | None:
    """Why the bytes after `cursor` cannot be a torn write; None when they may well be one."""
    if head is not None and head.durable_seq > cursor.seq:
        return f"record {head.durable_seq} was on disk, and the log is sound only to {cursor.seq}"
    if len(tail) > MAX_WRITE_BYTES:
        return f"{len(tail)} bytes do not verify, more than one write can be"
    for line in tail.split(b"\n"):
        try:
            record = decode_record(line)
        except RecordError:
            continue
        if record.batch > cursor.seq + 1:
            return (
                f"record {record.seq} behind it is sound, and its batch {record.batch} was written"
                f" only after record {cursor.seq + 1} was on disk"
            )
    return None


def lacks_only_newline(tail: bytes) -> bool:
    """Whether the tail ends in a sound record that lost nothing but its newline."""
    last = tail.rpartition(b"\n")[2]
    try:
        decode_record(last)
    except RecordError:
        return False
    return True


def cut(fs: FileSystem, fd: int, path: Path, tail: bytes, offset: int) -> TornTail:
    """Keep the bytes of a torn tail beside the log, durably, then cut them off, durably."""
    with storage_errors("keep the torn tail of", path):
        taken = set(fs.list_directory(path.parent))
        name, copy = f"{path.name}.torn-{offset}", 1
        while name in taken:
            copy += 1
            name = f"{path.name}.torn-{offset}-{copy}"
        kept = path.with_name(name)
        fs.write_file_durably(kept, tail)
        fs.truncate(fd, offset)
        fs.sync_data(fd)
    return TornTail(path=str(path), offset=offset, size=len(tail), kept=str(kept))
