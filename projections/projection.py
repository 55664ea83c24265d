"""The protocol of a projection, and the step from a record to the event that projections apply."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import msgspec
from msgspec.structs import force_setattr

from ..domain.errors import LedgerCorruptError, StorageError
from ..domain.job.codec import DECODERS, SCHEMA, decode_data
from ..domain.job.events import Event
from ..domain.job.state import ScheduledJob
from ..eventstore.record import RECORDS, Form, NewRecord, Record

LogEntry = Event | Record
"""A record of a ledger's log as projections take it in: its event, or what `to_event` refuses."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """One event with the job before and after it (None: not there)."""

    event: Event
    before: ScheduledJob | None
    after: ScheduledJob | None


class Projection(Protocol):
    """Something derived from the log, change by change.

    It sees every change once, in order, and depends on nothing else: no clock, no other files. So
    applying the whole log to a fresh one gives what a live one has.
    """

    name: str

    def apply(self, change: Change) -> None:
        """Take one change in."""


_raw_events = msgspec.json.Decoder(Event[msgspec.Raw])
_read_raw = _raw_events.decode


def _read_event(line: bytes) -> LogEntry:
    event = _read_raw(line)
    try:
        # Nobody else has it yet.
        force_setattr(event, "data", decode_data(event.type, event.schema, event.data))
    except (msgspec.MsgspecError, RecursionError, StorageError):
        record: Record = RECORDS.read(line)
        return record  # which may be sound all the same; `to_event` says what is wrong
    return event  # type: ignore[return-value] # its data is decoded by now


def _read_events(lines: bytes) -> list[LogEntry]:
    events: list[Any] = _raw_events.decode_lines(lines)
    for event in events:
        kind = event.type
        if event.schema == SCHEMA[kind]:  # nearly always
            data = DECODERS[kind](event.data)
        else:
            data = decode_data(kind, event.schema, event.data)
        force_setattr(event, "data", data)
    return events


def _make_event(
    new: NewRecord, seq: int, batch: int, more: int, at: datetime, prev: str, hash: str
) -> LogEntry:
    if new.decoded is None:
        record: Record = RECORDS.make(new, seq, batch, more, at, prev, hash)
        return record
    return Event(
        seq=seq,
        at=at,
        type=new.type,
        job_id=new.job_id,
        version=new.version,
        data=new.decoded,
        schema=new.schema,
        by=new.by,
        batch=batch,
        more=more,
        prev=prev,
        hash=hash,
    )


EVENTS: Form[LogEntry] = Form(_read_event, _read_events, _make_event)
"""Records as events, with their data typed; those for which `to_event` raises stay records."""


def to_event(record: LogEntry) -> Event:
    """Return the event of a record; an event as it is.

    Raises:
        StorageError: a newer release wrote it.
        LedgerCorruptError: its data is not of its type's form.
    """
    if isinstance(record, Event):
        return record
    try:
        data = decode_data(record.type, record.schema, record.data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise LedgerCorruptError(
            f"record {record.seq}: the data of this {record.type!r} event is not readable: {error}",
            kind="event",
        ) from None
    return Event(
        seq=record.seq,
        at=record.at,
        type=record.type,
        job_id=record.job_id,
        version=record.version,
        data=data,
        schema=record.schema,
        by=record.by,
        batch=record.batch,
        more=record.more,
        prev=record.prev,
        hash=record.hash,
    )
