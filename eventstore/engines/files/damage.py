"""Damage: what is wrong with a log that opening refuses, and what a repair would take away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from ....domain import LedgerCorruptError, StorageError
from ...lines import lines_of
from ...log import VerifiedLog
from ...port import Identity, Tail
from ...record import RECORDS, Record, RecordError, decode_record
from ...scan import corrupt
from .filesystem import FileSystem, located, storage_errors
from .head import HEAD_NAME, HeadFile
from .ledger_directory import first_identity
from .packed_days import day_length, is_packed, packed_path
from .restoring import kept_in_journal, lacking
from .segment import DayFiles, day_file, find_days
from .tail import judge


class RemovedPart(msgspec.Struct, frozen=True):
    """A file's bytes from `offset` (on line `line`) to its end, `kept` under this name."""

    file: str
    line: int
    offset: int
    size: int
    kept: str


class LostEvent(msgspec.Struct, frozen=True):
    """An event in what goes that can still be read."""

    seq: int
    type: str
    job: str


class Damage(msgspec.Struct, frozen=True):
    """What is wrong with a log, what is sound before it, and what a repair would take away.

    The events behind `seq` go, up to `lost_to` as far as anybody knows; `events` are those of them
    that can be read. `day` is empty where nothing is sound.
    """

    ledger: str
    timezone: str
    message: str
    day: str
    offset: int
    seq: int
    hash: str
    lost_to: int
    parts: list[RemovedPart]
    events: list[LostEvent]


def assess(fs: FileSystem, directory: Path) -> Damage | None:
    """Say what a repair would do; None where opening does not refuse the log.

    Raises:
        StorageError: there is no ledger, it cannot be read, a newer release wrote it, or so little
            of it can be read that nobody knows which ledger it was.
    """
    directory = located(fs, directory)
    days = find_days(fs, directory)
    head = _read_head(fs, directory)
    if not days and head is None:
        raise StorageError(f"there is no ledger in {directory}", path=str(directory))
    identity = first_identity(fs, directory, days) if days else Identity("", "")
    if not identity.ledger_id:
        raise StorageError(
            f"no file of the log in {directory} begins with a header that can be read",
            path=str(directory),
            hint="nothing can be repaired: bring back a copy",
        )
    files = DayFiles(fs, directory, read_only=True)
    with suppress(LedgerCorruptError):  # then it does not say what is lacking
        files.kept = lacking(fs, directory, identity.ledger_id)
    log = VerifiedLog(files, identity.ledger_id, lambda day: str(day_file(directory, day)), RECORDS)
    try:
        found = _damage_of(log, files, fs, directory, head, identity.ledger_id)
        if found is None:
            return None
        parts = list(_parts(fs, directory, days, log))
        events = list(_lost(log, files))
        cursor = log.cursor
        ours = head is not None and head.ledger == identity.ledger_id
        known = [cursor.seq, *(event.seq for event in events)]
        return Damage(
            ledger=identity.ledger_id,
            timezone=identity.timezone,
            message=found.message,
            day=cursor.day,
            offset=cursor.offset,
            seq=cursor.seq,
            hash=cursor.hash,
            lost_to=max([*known, head.seq] if head is not None and ours else known),
            parts=parts,
            events=events,
        )
    finally:
        files.close()


def _read_head(fs: FileSystem, directory: Path) -> Tail | None:
    head_file = HeadFile(fs, directory, read_only=True)
    with storage_errors("read", head_file.path):
        try:
            return head_file.read()
        finally:
            head_file.close()


def _damage_of(
    log: VerifiedLog[Record],
    files: DayFiles,
    fs: FileSystem,
    directory: Path,
    head: Tail | None,
    ledger_id: str,
) -> LedgerCorruptError | None:
    """Why opening refuses; the log's cursor is then at the end of what is sound."""
    try:
        damage = log.advance(None)
        if damage is not None and files.next_day(log.cursor.day) is not None:
            return damage
        kept_in_journal(fs, directory, ledger_id)  # which may know of more
        if head is not None and head.ledger != ledger_id:
            path = directory / HEAD_NAME
            return corrupt(path, 1, 0, "head", "HEAD is of another ledger")
        judge(fs, files, log, head, damage)
        log.check_tail(head)
    except LedgerCorruptError as error:
        return error
    return None


def _parts(
    fs: FileSystem, directory: Path, days: list[str], log: VerifiedLog[Record]
) -> Iterator[RemovedPart]:
    cursor = log.cursor
    for day in days:
        if day < cursor.day:
            continue
        path = day_file(directory, day)
        with storage_errors("read", path):
            packed = is_packed(fs, path)
        if day > cursor.day:
            if packed:
                path = packed_path(path)
            with storage_errors("read", path):
                size = fs.file_size(path)
            yield RemovedPart(path.name, 1, 0, size, path.name)
            continue
        with storage_errors("read", path):
            size = day_length(fs, path)
        if size > cursor.offset:
            left = size - cursor.offset
            # Of a packed day all is kept, packed as it is.
            kept = packed_path(path).name if packed else f"{path.name}.from-{cursor.offset}"
            yield RemovedPart(path.name, cursor.line + 1, cursor.offset, left, kept)


def _lost(log: VerifiedLog[Record], files: DayFiles) -> Iterator[LostEvent]:
    """Yield the events behind what is sound whose lines are sound in themselves, and that nothing
    before has."""
    for line in lines_of(files.lines(log.cursor, None)):
        with suppress(RecordError):
            record = decode_record(line.data)
            if record.seq > log.cursor.seq:
                yield LostEvent(record.seq, record.type, record.job_id)
