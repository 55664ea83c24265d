"""Repair: cutting a damaged log back to its sound part, with its owner's consent and on the record.

Nothing else ever takes something out of a log. What is removed is copied aside first; the repair is
recorded in the header of the day file that it begins, so it is in the chain, and every release can
read on behind it. A repair under way is written down in `repair.json`: with that there, nobody
opens the log for writing, and the next repair finishes it. See docs/adr/0005.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from ....domain.errors import LedgerCorruptError, StorageError
from ....domain.times import Moment, in_utc
from ...checked import has_right_check, with_check
from ...log import VerifiedLog
from ...port import Identity, Tail
from ...record import (
    FORMAT_VERSION,
    GENESIS,
    MAX_LINE_BYTES,
    RECORDS,
    Header,
    Record,
    RecordError,
    Repaired,
    day_name,
    decode_record,
    encode_header,
)
from ...scan import corrupt
from .copying import copy_file
from .filesystem import FileSystem, located, storage_errors
from .head import HEAD_NAME, HeadFile, encode_head
from .ledger_directory import LOCK_NAME, REPAIR_NAME, first_identity
from .os_errors import is_no_file
from .owner import DIRECTORY_MODE
from .segment import DayFiles, day_file, find_days
from .tail import judge

_CHUNK = 1024 * 1024
_LONGEST_REASON = 500


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


class Plan(msgspec.Struct, frozen=True):
    """A repair that has begun: everything that is needed to finish it."""

    damage: Damage
    new_day: str
    kept: str
    at: Moment


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
    log = VerifiedLog(files, identity.ledger_id, lambda day: str(day_file(directory, day)), RECORDS)
    try:
        found = _damage_of(log, files, fs, directory, head, identity.ledger_id)
        if found is None:
            return None
        parts = list(_parts(fs, directory, days, log))
        events = [event for part in parts for event in _readable(fs, directory, part, log)]
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
            size = fs.file_size(path)
        if day > cursor.day:
            yield RemovedPart(path.name, 1, 0, size, path.name)
        elif size > cursor.offset:
            left = size - cursor.offset
            kept = f"{path.name}.from-{cursor.offset}"
            yield RemovedPart(path.name, cursor.line + 1, cursor.offset, left, kept)


def _readable(
    fs: FileSystem, directory: Path, part: RemovedPart, log: VerifiedLog[Record]
) -> Iterator[LostEvent]:
    """Yield the events of a part whose lines are sound in themselves, and that nothing else has."""
    for line in _lines(fs, directory / part.file, part.offset):
        with suppress(RecordError):
            record = decode_record(line)
            if record.seq > log.cursor.seq:
                yield LostEvent(record.seq, record.type, record.job_id)


def _lines(fs: FileSystem, path: Path, offset: int) -> Iterator[bytes]:
    rest = b""
    with storage_errors("read", path):
        fd = fs.open_read(path)
        try:
            while chunk := fs.read_at(fd, _CHUNK, offset):
                offset += len(chunk)
                *lines, rest = (rest + chunk).split(b"\n")
                yield from lines
                if len(rest) > MAX_LINE_BYTES:
                    rest = b""
        finally:
            fs.close(fd)
    yield rest


# -- repairing -----------------------------------------------------------------------------------


def repair(fs: FileSystem, directory: Path, now: datetime) -> Plan | None:
    """Cut the log back to what is sound, keep what goes aside, and put it on record; or finish a
    repair that was broken off. None where there is nothing to do.

    On return everything is on disk. The caller makes sure that no runner is at work.

    Raises:
        StorageError: as `assess`; or a file cannot be written: then call it again.
    """
    directory = located(fs, directory)
    lock = directory / LOCK_NAME
    with storage_errors("lock", lock):
        fs.check_owner(directory)
        fd = fs.open_write(lock, create=True)
        fs.lock(fd, wait=True)
    try:
        with storage_errors("repair", directory):
            plan = _take_up(fs, directory)
            if plan is None:
                damage = assess(fs, directory)
                if damage is None:
                    return None
                plan = _begin(fs, directory, damage, in_utc(now))
            _finish(fs, directory, plan)
            return plan
    finally:
        fs.close(fd)


def read_plan(fs: FileSystem, directory: Path) -> Plan | None:
    """Read the repair that was begun and not finished, if there is one.

    Raises:
        StorageError: there is one, and nobody can say what it was to do; another repair can.
    """
    path = directory / REPAIR_NAME
    try:
        data = fs.read_file(path)
        if not has_right_check(data):  # rule: check-of-a-plan
            raise ValueError("its check does not match its bytes")
        return msgspec.json.decode(data, type=Plan)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StorageError(
            f"{path}, the plan of a repair that was begun, cannot be read: {error}",
            path=str(path),
            hint="`jobledger repair --accept-loss` puts it aside and looks at the log anew",
        ) from error


def _take_up(fs: FileSystem, directory: Path) -> Plan | None:
    """Return the repair to finish. What is no plan is put aside: what it was to do, and what is
    done of it, can be seen from the log."""
    try:
        return read_plan(fs, directory)
    except StorageError as error:
        if isinstance(error.__cause__, OSError) and not is_no_file(error.__cause__):
            raise  # nobody can say
        _remove_derived(fs, directory)
        taken = set(fs.list_directory(directory))
        names = (f"{REPAIR_NAME}.damaged" + (f"-{n}" if n else "") for n in range(len(taken) + 1))
        aside = next(name for name in names if name not in taken)
        fs.rename(directory / REPAIR_NAME, directory / aside)
        fs.sync_directory(directory)
        return None


def _begin(fs: FileSystem, directory: Path, damage: Damage, now: datetime) -> Plan:
    """Copy aside what goes, durably, and only then write down what is going to be done."""
    taken = set(fs.list_directory(directory))
    base = f"damaged_{now:%Y%m%dT%H%M%SZ}"
    names = (base + (f"-{n}" if n else "") for n in range(len(taken) + 1))
    kept = next(name for name in names if name not in taken)
    fs.make_one_directory(directory / kept, DIRECTORY_MODE)
    for part in damage.parts:
        copy_file(fs, directory / part.file, directory / kept / part.kept, part.offset)
    if HEAD_NAME in taken:
        copy_file(fs, directory / HEAD_NAME, directory / kept / HEAD_NAME)
    fs.sync_directory(directory / kept)
    fs.sync_directory(directory)
    day = now.date().isoformat()
    if damage.day >= day:
        day = (date.fromisoformat(damage.day) + timedelta(days=1)).isoformat()
    plan = Plan(damage, day, kept, now)
    fs.write_file_durably(directory / REPAIR_NAME, with_check(msgspec.json.encode(plan)))
    return plan


def _finish(fs: FileSystem, directory: Path, plan: Plan) -> None:
    """Every step may have been done before, by a repair that was broken off."""
    damage = plan.damage
    line, digest = encode_header(_header(plan, directory))
    new_path = day_file(directory, plan.new_day)
    if not _begins_with(fs, new_path, line):
        for part in damage.parts:
            if part.offset == 0:
                with suppress(FileNotFoundError):
                    fs.remove(directory / part.file)
            else:
                _cut(fs, directory, part, plan)
        fs.sync_directory(directory)
        fs.write_file_durably(new_path, line)
    _write_head(fs, directory, plan, len(line), digest)
    _remove_derived(fs, directory)
    fs.remove(directory / REPAIR_NAME)
    fs.sync_directory(directory)


def _remove_derived(fs: FileSystem, directory: Path) -> None:
    """Let what is derived be made anew.

    It is gone for sure when this returns, before the plan is: a marker that came back would be
    ahead of the log.
    """
    for name in fs.list_directory(directory):
        path = directory / name
        if name.startswith("snapshot_") and not fs.is_directory(path):
            fs.remove(path)
    fs.sync_directory(directory)


def _header(plan: Plan, directory: Path) -> Header:
    """Make the header that puts the repair on record; wherever the ledger is, and whatever was
    wrong, it stays short."""
    damage = plan.damage
    why = damage.message.replace(f"{directory}/", "")
    return Header(
        format=FORMAT_VERSION,
        ledger=damage.ledger,
        timezone=damage.timezone,
        day=plan.new_day,
        first_seq=damage.seq + 1,
        previous=day_name(damage.day) if damage.day else None,
        prev=damage.hash if damage.day else GENESIS,
        repaired=Repaired(
            at=plan.at,
            lost_to=damage.lost_to,
            bytes=sum(part.size for part in damage.parts),
            kept=plan.kept,
            why=why if len(why) <= _LONGEST_REASON else f"{why[: _LONGEST_REASON - 1]}…",
        ),
    )


def _begins_with(fs: FileSystem, path: Path, line: bytes) -> bool:
    try:
        fd = fs.open_read(path)
    except FileNotFoundError:
        return False
    try:
        return fs.read_at(fd, len(line), 0) == line
    finally:
        fs.close(fd)


def _cut(fs: FileSystem, directory: Path, part: RemovedPart, plan: Plan) -> None:
    """Replace a file by its beginning, if what goes is what was kept.

    Nothing is truncated: whoever still has the file open has to notice that it is not the log's
    any more, and a sync that fails must not leave a file whose length is only believed.

    Raises:
        StorageError: somebody has written to it since.
    """
    path, kept = directory / part.file, directory / plan.kept / part.kept
    fd = fs.open_read(path)
    try:
        if fs.size(fd) == part.offset:
            return  # it was done
        if not _same(fs, fd, part.offset, kept):
            raise StorageError(
                f"{path} has changed since its repair was begun",
                path=str(path),
                hint=f"see what is in it and in {kept}; removing {REPAIR_NAME} gives up the repair"
                " that was begun",
            )
    finally:
        fs.close(fd)
    beginning = path.with_name(f".{path.name}.tmp")
    copy_file(fs, path, beginning, end=part.offset)
    fs.rename(beginning, path)


def _same(fs: FileSystem, fd: int, offset: int, kept: Path) -> bool:
    """Whether the file from `offset` on is what was kept."""
    copy = fs.open_read(kept)
    try:
        done = 0
        while True:
            chunk = fs.read_at(copy, _CHUNK, done)
            if chunk != fs.read_at(fd, _CHUNK, offset + done):
                return False
            if not chunk:
                return True
            done += len(chunk)
    finally:
        fs.close(copy)


def _write_head(fs: FileSystem, directory: Path, plan: Plan, offset: int, digest: str) -> None:
    seq = plan.damage.seq
    head = Tail(plan.damage.ledger, plan.new_day, offset, seq, seq, digest)
    fs.write_file_durably(directory / HEAD_NAME, encode_head(head))
