"""The codec: the data of an event to and from JSON, also where an older release wrote it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from .errors import StorageError
from .event import EventData
from .job.events import JOB_EVENTS, JobEvent
from .schedule.events import SCHEDULE_EVENTS, ScheduleEvent

EVENT_TYPES: dict[str, type[JobEvent | ScheduleEvent]] = {**JOB_EVENTS, **SCHEDULE_EVENTS}
"""All that there are, by their names in the log."""

SCHEMA: dict[str, int] = {}
"""The schema version that each type is written with today, where its data has nothing newer."""

NEWEST: dict[str, int] = {}
"""The newest schema version of each type that is known."""

DECODERS: dict[str, Callable[[bytes | msgspec.Raw], JobEvent | ScheduleEvent]] = {}
"""What decodes the data of each type, in the schema version of today."""

encode_data: Callable[[EventData], bytes] = msgspec.json.Encoder().encode
"""Returns the data of an event as JSON."""


def register(kind: type[JobEvent | ScheduleEvent]) -> None:
    """Enter in the tables what the class of a type declares."""
    SCHEMA[kind.TYPE] = 1 + len(kind.UPCASTERS)
    NEWEST[kind.TYPE] = max((SCHEMA[kind.TYPE], *(since for _, since in kind.SINCE)))
    DECODERS[kind.TYPE] = msgspec.json.Decoder(kind).decode


for _kind in EVENT_TYPES.values():
    register(_kind)


def decode_data(kind: str, schema: int, raw: bytes | msgspec.Raw) -> JobEvent | ScheduleEvent:
    """Return the typed data of an event, brought up from an older schema version where it has one.

    Raises:
        StorageError: the type or its version is unknown, so a newer release wrote it.
        msgspec.ValidationError, msgspec.DecodeError: the data is not of the type's form.
    """
    current = SCHEMA.get(kind)
    if current is not None and current <= schema <= NEWEST[kind]:
        return DECODERS[kind](raw)
    if current is None or not 1 <= schema <= current:
        raise StorageError(
            f"an event of type {kind!r}, schema {schema}, is not known to this release",
            remedy="upgrade",
        )
    data = msgspec.json.decode(raw)
    for bring_up in EVENT_TYPES[kind].UPCASTERS[schema - 1 :]:
        data = bring_up(data)
    return msgspec.convert(data, EVENT_TYPES[kind], strict=False)
