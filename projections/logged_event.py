"""An event as the log has it: in its envelope, read from a line, or made of what is appended.

The envelope is the log's: the domain, and whatever is derived, asks for the event alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic

import msgspec
from msgspec.structs import force_setattr

from ..domain import (
    DECODERS,
    SCHEMA,
    DataT,
    Event,
    JobEvent,
    LedgerCorruptError,
    ScheduleEvent,
    StorageError,
    decode_data,
)
from ..eventstore import RECORDS, Form, NewRecord, Record

_KEYS = (
    "shard", "seq", "batch", "more", "at", "type", "job", "version", "schema", "by", "data", "prev",
    "hash",
)  # fmt: skip
"""Those of a line, in their order; `by` is there only where that was said, and `shard`, which no
line has, where the ledger has several chains."""


class LoggedEvent(Event[DataT], Generic[DataT], frozen=True, kw_only=True, gc=False):
    """An event with the envelope of its record, explained in docs/log-format.md.

    `schema` is that of `data`, which was brought up where its line is older. One class, so that a
    line is decoded in one go.
    """

    schema: int
    batch: int
    more: int
    prev: str
    hash: str

    def to_dict(self) -> dict[str, Any]:
        """Return the event with the keys and values of its line in the log, in their order; behind
        its `shard`, if it has one."""
        line = super().to_dict() | {name: getattr(self, name) for name in _ENVELOPE}
        return {key: line[key] for key in _KEYS if key in line}


_ENVELOPE = tuple(LoggedEvent.__annotations__)

LogEntry = LoggedEvent | Record
"""A record of a ledger's log as projections take it in: its event, or what `to_event` refuses."""


class NewEvent(NewRecord, frozen=True, kw_only=True, gc=False):
    """A new record with the data that its own was made of, so that it need not be decoded again:
    it must be equal to what reading `data` gives."""

    event_data: JobEvent | ScheduleEvent


_raw_events = msgspec.json.Decoder(LoggedEvent[msgspec.Raw])
_read_raw = _raw_events.decode


def _read_event(line: bytes) -> LogEntry:
    event = _read_raw(line)
    try:
        _decode_data_of(event)
    except (msgspec.MsgspecError, RecursionError, StorageError):
        record: Record = RECORDS.read(line)
        return record  # which may be sound all the same; `to_event` says what is wrong
    return event  # type: ignore[return-value] # its data is decoded by now


def _decode_data_of(event: LoggedEvent[msgspec.Raw]) -> None:
    data = decode_data(event.type, event.schema, event.data)
    force_setattr(event, "data", data)  # nobody else has it yet
    force_setattr(event, "schema", max(event.schema, SCHEMA[event.type]))


def _read_events(lines: bytes) -> list[LogEntry]:
    events = _raw_events.decode_lines(lines)
    for event in events:
        kind = event.type
        if event.schema == SCHEMA[kind]:  # nearly always
            force_setattr(event, "data", DECODERS[kind](event.data))
        else:
            _decode_data_of(event)
    return events  # type: ignore[return-value] # their data is decoded by now


def _make_event(
    new: NewRecord, seq: int, batch: int, more: int, at: datetime, prev: str, hash: str
) -> LogEntry:
    if not isinstance(new, NewEvent):
        record: Record = RECORDS.make(new, seq, batch, more, at, prev, hash)
        return record
    return LoggedEvent(
        seq=seq,
        at=at,
        type=new.type,
        job_id=new.job_id,
        version=new.version,
        data=new.event_data,
        by=new.by,
        schema=new.schema,
        batch=batch,
        more=more,
        prev=prev,
        hash=hash,
    )


EVENTS: Form[LogEntry] = Form(_read_event, _read_events, _make_event)
"""Records as events, with their data typed; those for which `to_event` raises stay records."""


def to_event(record: LogEntry) -> LoggedEvent:
    """Return the event of a record; an event as it is.

    Raises:
        StorageError: a newer release wrote it.
        LedgerCorruptError: its data is not of its type's form.
    """
    if isinstance(record, LoggedEvent):
        return record
    try:
        data = decode_data(record.type, record.schema, record.data)
    except StorageError as error:
        raise StorageError(
            f"record {record.seq}: {error.message}", hint=error.advice, remedy=error.remedy
        ) from None
    except (msgspec.MsgspecError, RecursionError) as error:
        raise LedgerCorruptError(
            f"record {record.seq}: the data of this {record.type!r} event is not readable: {error}",
            kind="event",
        ) from None
    return LoggedEvent(
        seq=record.seq,
        at=record.at,
        type=record.type,
        job_id=record.job_id,
        version=record.version,
        data=data,
        by=record.by,
        schema=max(record.schema, SCHEMA[record.type]),
        batch=record.batch,
        more=record.more,
        prev=record.prev,
        hash=record.hash,
    )
