"""Repair: cutting a damaged log back to its sound part, with its owner's consent and on the record.

Nothing else ever takes something out of a log. What is removed is copied aside first; the repair is
recorded in the header of the day file that it begins, so it is in the chain, and every release can
read on behind it. A repair under way is written down in `repair.json`: with that there, nobody
opens the log for writing, and the next repair finishes it. See docs/adr/0005.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from ....domain import LedgerCorruptError, Moment, StorageError, in_utc
from ...checked import has_right_check, with_check
from ...port import Tail
from ...record import (
    FORMAT_VERSION,
    GENESIS,
    Header,
    Repaired,
    day_name,
    encode_header,
)
from .copying import copy_file
from .damage import Damage, RemovedPart, assess
from .filesystem import FileSystem, located, storage_errors
from .head import HEAD_NAME, encode_head
from .journal import JOURNAL_NAME, read_journal
from .ledger_directory import LOCK_NAME, REPAIR_NAME, first_identity
from .os_errors import is_no_file
from .owner import DIRECTORY_MODE
from .packed_days import packed_path, unpack_day
from .restoring import kept_in_journal, put_back
from .segment import DayFiles, day_file, find_days

_CHUNK = 1024 * 1024
_LONGEST_REASON = 500


class Plan(msgspec.Struct, frozen=True):
    """A repair that has begun: everything that is needed to finish it."""

    damage: Damage
    new_day: str
    kept: str
    at: Moment


def repair_directory(fs: FileSystem, directory: Path, now: datetime) -> Plan | None:
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
                _put_back(fs, directory)
                damage = assess(fs, directory)
                if damage is None:
                    return None
                plan = _begin(fs, directory, damage, in_utc(now))
            _finish(fs, directory, plan)
            return plan
    finally:
        fs.close(fd)


def _put_back(fs: FileSystem, directory: Path) -> None:
    """Have what the journal keeps in the newest file, where it can be believed, as opening has."""
    files = DayFiles(fs, directory, read_only=False)
    try:
        with suppress(LedgerCorruptError, StorageError):
            ledger_id = first_identity(fs, directory, find_days(fs, directory)).ledger_id
            kept = kept_in_journal(fs, directory, ledger_id)
            if kept is not None:
                put_back(fs, directory, files, kept)
    finally:
        files.close()


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
            remedy="repair_anew",
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
        if _is_packed(part):
            copy_file(fs, directory / part.kept, directory / kept / part.kept)
        else:
            copy_file(fs, directory / part.file, directory / kept / part.kept, part.offset)
    if HEAD_NAME in taken:
        copy_file(fs, directory / HEAD_NAME, directory / kept / HEAD_NAME)
    if read_journal(fs, directory):  # another ledger's, or of a day that is lost
        copy_file(fs, directory / JOURNAL_NAME, directory / kept / JOURNAL_NAME)
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
        with suppress(FileNotFoundError):  # rule: repair-ends-the-journal
            fs.remove(directory / JOURNAL_NAME)
        for part in damage.parts:
            if part.offset == 0:
                with suppress(FileNotFoundError):
                    fs.remove(directory / part.file)
            elif _is_packed(part):
                _cut_packed(fs, directory, part)
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


def _is_packed(part: RemovedPart) -> bool:
    """Whether the file that is cut is packed."""
    return part.offset > 0 and part.kept == packed_path(Path(part.file)).name


def _cut_packed(fs: FileSystem, directory: Path, part: RemovedPart) -> None:
    """Replace a packed day by the beginning of it, as it was before it was packed."""
    path = directory / part.file
    if packed_path(path).name in fs.list_directory(directory):  # else it was done
        unpack_day(fs, path, part.offset)
        fs.remove(packed_path(path))


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
