"""Copying a ledger to another engine, its lines as they are; a copy that broke off is gone on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from ..domain import StorageError
from ..eventstore import DayRead, Engine, EventLog, Position, SoundLines, Tail, Write, reading_of
from ..eventstore.engines import EngineOptions, open_engine
from ..instrumentation import Progress
from ..projections import LogEntry
from .backup import BackupReport


class CopyReport(msgspec.Struct, frozen=True):
    """What is at the other place: the ledger up to the event `events`, of which `copied` are new
    there. `hash` is that of the last event's line."""

    location: str
    ledger: str
    events: int
    copied: int
    hash: str


def copied_as(report: BackupReport) -> CopyReport:
    """Return what a backup is as a copy: a whole one."""
    events = report.events
    return CopyReport(report.directory, report.ledger, events, events, report.hash)


def copy_ledger(
    source: Engine,
    log: EventLog[LogEntry],
    location: str | Path,
    now: Callable[[], datetime],
    progress: Progress,
) -> CopyReport:
    """Copy the ledger of `source`, up to where `log` stands now, to a location of another engine.

    Raises: as `copy_lines`, and as opening the engine.
    """
    log.refresh()
    if log.damage is not None:
        raise log.damage
    with log.still() as where:
        position = where()
    last = position.days[-1]
    end = Tail(position.ledger, last.day, last.size, last.seq, last.seq, last.hash)
    options = EngineOptions(clock=now, adopt=log.identity)
    with closing(open_engine(location, options)) as target:
        return copy_lines(source, log.has, target, end, progress)


def copy_lines(
    source: Engine,
    has: Callable[[DayRead], bool],
    target: Engine,
    end: Tail,
    progress: Progress,
) -> CopyReport:
    """Append to `target` what `source` has up to `end` and `target` lacks; `has` says whether
    `source` has, where a day ended, the record that it had.

    Raises:
        StorageError: `target` has another ledger, or more than this one; or it cannot be read or
            written: what was copied stays, and is gone on with.
        LedgerCorruptError: what is to be copied, or what is there, does not verify.
    """
    ledger_id = source.identity.ledger_id
    if target.identity.ledger_id != ledger_id:
        raise _another(target)
    there = SoundLines(target, ledger_id, target.where)
    for _ in there.read(target.tail()):
        pass
    with reading_of(source) as reading:
        lines = SoundLines(reading, ledger_id, source.where)
        if there.cursor.seq:
            _check_same(source, has, target, there.position)
            lines.go_on_from(there.position)
        before = after = lines.cursor
        for block, then in lines.read(end):
            header, rest = b"", block.data
            if then.day != after.day:
                header, _, rest = rest.partition(b"\n")
                header += b"\n"
            if not target.append(Write(block.day, header, rest), after=after, then=then):
                raise StorageError(
                    f"{target.location} is written to while a ledger is copied there",
                    path=target.location,
                )
            after = then
            progress(after.seq, end.seq)
    return CopyReport(target.location, ledger_id, after.seq, after.seq - before.seq, after.hash)


def _another(target: Engine) -> StorageError:
    return StorageError(
        f"there is another ledger in {target.location}",
        path=target.location,
        hint="a ledger is copied to where there is none: give another name",
    )


def _check_same(
    source: Engine, has: Callable[[DayRead], bool], target: Engine, position: Position
) -> None:
    """Check that the source has what the target has last."""
    last = next(day for day in reversed(position.days) if day.seq >= day.first_seq)
    if not has(last):
        raise StorageError(
            f"{target.location} has events that {source.location} does not have: it has gone on",
            path=target.location,
            hint="only one of a ledger and its copies may be written to",
        )
