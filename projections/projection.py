"""The protocol of a projection, and the step from a record to the event that projections apply."""

from __future__ import annotations

from typing import Protocol

import msgspec

from ..domain.errors import LedgerCorruptError
from ..domain.events import Event, decode_data
from ..domain.job import ScheduledJob
from ..eventstore.record import Record


class Change(msgspec.Struct, frozen=True):
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


def to_event(record: Record) -> Event:
    """The event of a record.

    Raises:
        StorageError: a newer release wrote it.
        LedgerCorruptError: its data is not of its type's form.
    """
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
        job_id=record.job,
        version=record.version,
        data=data,
        schema=record.schema,
        batch=record.batch,
        more=record.more,
        prev=record.prev,
        hash=record.hash,
    )
