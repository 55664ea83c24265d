"""What the journal has and the day's file lacks after a power cut, and putting it back.

Nothing of the journal is believed: its lines count where the day's file has the same, or where they
are sound and follow those before them.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ....domain import LedgerCorruptError
from ....instrumentation import EndPutBack, tell
from ...lines import cut
from ...record import RECORDS, RecordError, decode_record
from ...scan import corrupt, look_at_each
from .filesystem import FileSystem, storage_errors
from .journal import JOURNAL_NAME, Entry, read_journal
from .packed_days import day_length, is_packed, open_day
from .segment import DayFiles, day_file, find_days
from .tail import write_aside


class Kept(NamedTuple):
    """The bytes of a day from `begin` on that the journal keeps."""

    day: str
    begin: int
    data: bytes
    is_there: bool
    """Whether the day's file has them, too, as it has unless the power failed."""

    @property
    def end(self) -> int:
        """Return where they end in the day's file."""
        return self.begin + len(self.data)

    def over(self, data: bytes, offset: int, count: int) -> bytes:
        """Return up to `count` bytes of the day from `offset` on, of which its file has `data`."""
        if offset >= self.end or offset + count <= self.begin:
            return data
        before = data[: max(self.begin - offset, 0)]
        kept = self.data[max(offset - self.begin, 0) : offset + count - self.begin]
        return before + kept + data[len(before) + len(kept) :]


def kept_in_journal(fs: FileSystem, directory: Path, ledger_id: str) -> Kept | None:
    """Return what the journal keeps of the newest day; None where that is nothing.

    Raises:
        LedgerCorruptError: the journal is of another ledger, or the log lacks what was on disk
            before the journal began.
        StorageError: it cannot be read.
    """
    path = directory / JOURNAL_NAME
    with storage_errors("read", path):
        entries = read_journal(fs, directory)
    if not entries or not (days := find_days(fs, directory)):
        return None
    first, newest = entries[0].head, days[-1]
    # rule: journal-of-this-ledger
    if first.ledger != ledger_id:
        raise corrupt(path, 1, 0, "head", "JOURNAL is of another ledger")
    if first.day < newest:
        return None  # that day was synced to its end before the next one began
    if first.day > newest:  # rule: journal-knows-the-day
        why = f"it was on disk before record {first.seq} was written, as JOURNAL says"
        raise corrupt(day_file(directory, first.day), 1, 0, "missing", why)
    return _kept_of(fs, directory, entries)


def _kept_of(fs: FileSystem, directory: Path, entries: list[Entry]) -> Kept | None:
    """Return what the entries have that counts, all of the newest day."""
    day, begin = entries[0].head.day, entries[0].begin
    path = day_file(directory, day)
    with storage_errors("read", path):
        size = day_length(fs, path)
        fd, _ = open_day(fs, path)
        try:
            there = fs.read_at(fd, entries[-1].head.offset - begin, begin)
        finally:
            fs.close(fd)
    data = b"".join(entry.lines for entry in entries)
    if there == data:
        return Kept(day, begin, data, is_there=True)
    end, before = begin, None
    for entry in entries:
        same = there[entry.begin - begin : entry.head.offset - begin] == entry.lines
        if not same and not _is_sound(entry, before):  # rule: journal-is-not-believed
            break  # it was never acknowledged
        end, before = entry.head.offset, entry
    if before is None:
        return None
    if size < begin:  # rule: journal-knows-the-length
        raise _shortened(path, size, entries[0])
    data = data[: end - begin]
    return Kept(day, begin, data, is_there=there[: len(data)] == data)


def _is_sound(entry: Entry, before: Entry | None) -> bool:
    """Whether the lines of an entry are one whole write that ends as it says, and follow."""
    lines, rest = cut(entry.lines)
    if rest or not lines:
        return False
    try:
        first = decode_record(lines[0])
    except RecordError:
        return False
    seq, prev = first.seq - 1, first.prev
    if before is not None:
        seq, prev = before.head.seq, before.head.hash
    records, fault = look_at_each(lines, seq, prev, RECORDS)
    last = (entry.head.seq, entry.head.hash)
    return fault is None and not records[-1].more and (records[-1].seq, records[-1].hash) == last


def _shortened(path: Path, size: int, first: Entry) -> LedgerCorruptError:
    return corrupt(
        path, None, size, "truncated",
        f"it has {size} bytes, and had {first.begin} on disk before record {first.head.seq} was"
        " written, as JOURNAL says: its end was lost, or an older copy was put here beside that",
    )  # fmt: skip


def lacking(fs: FileSystem, directory: Path, ledger_id: str) -> Kept | None:
    """Return what the journal keeps and the newest day's file lacks, for who may not put it back.

    Raises: as `kept_in_journal`.
    """
    kept = kept_in_journal(fs, directory, ledger_id)
    return None if kept is None or kept.is_there else kept


def put_back(fs: FileSystem, directory: Path, files: DayFiles, kept: Kept) -> Kept | None:
    """Have what the journal keeps in the newest day's file, on disk there; within the turn. Returns
    it, and None where that day is packed, so that nothing can be done, or need be.

    All of it is written, also what is there: it was read from the page cache, which proves nothing
    after a failed sync. What is written over and is something else is kept beside the log.

    Raises:
        StorageError: it cannot be written.
    """
    path = day_file(directory, kept.day)
    with storage_errors("read", path):
        if kept.is_there and is_packed(fs, path):
            return None  # by a stranger; who packs has synced what it was packed from
    fd = files.fd_to_write(kept.day)
    with storage_errors("write", path):
        aside = None if kept.is_there else _keep_aside(fs, fd, path, kept)
        fs.write_at(fd, kept.data, kept.begin)  # rule: write-what-the-journal-keeps
        fs.sync_data(fd)  # rule: sync-what-the-journal-kept
    if not kept.is_there:
        size = len(kept.data)
        tell(EndPutBack(path=str(path), offset=kept.begin, size=size, kept=aside))
    return kept


def _keep_aside(fs: FileSystem, fd: int, path: Path, kept: Kept) -> str | None:
    """Copy aside what is where the kept bytes go, durably, unless they have all of it."""
    there = fs.read_at(fd, len(kept.data), kept.begin)
    if kept.data.startswith(there):
        return None
    return str(write_aside(fs, path, there, kept.begin))
