"""An event in the envelope of the log: read, and as it was appended."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from support.eventstore import file_log

from jobledger import Event
from jobledger.domain.codec import SCHEMA, encode_data
from jobledger.domain.job import events as e
from jobledger.eventstore.record import NewRecord, Record
from jobledger.projections.logged_event import (
    EVENTS,
    LogEntry,
    LoggedEvent,
    NewEvent,
    to_event,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTED = e.JobNoted(attempt=1, message="né")


def test_the_domains_event_does_not_know_the_envelope() -> None:
    """What the log adds to a line is added to the event outside the domain, and nothing else."""
    envelope = set(LoggedEvent.__struct_fields__) - set(Event.__struct_fields__)
    assert envelope == {"schema", "batch", "more", "prev", "hash"}
    assert set(LoggedEvent.__struct_fields__) - envelope == set(Event.__struct_fields__)
    # No line says of which chain it is: whoever reads several does.
    of_the_log = set(LoggedEvent.__struct_fields__) - {"shard"}
    assert set(Record.__struct_fields__) - {"line"} == of_the_log


def test_what_is_appended_is_handed_out_as_reading_it_gives(directory: Path) -> None:
    """With the data that it was made of; or, of a record that has none, of its bytes."""
    schema, data = SCHEMA["noted"], encode_data(NOTED)
    seen: list[LogEntry] = []
    log = file_log(directory, clock=lambda: NOON, form=EVENTS, observer=seen.extend)
    log.append(
        [
            NewEvent(
                type="noted", job_id="a", version=1, schema=schema, data=data, by="cli:mai",
                event_data=NOTED,
            ),
            NewRecord(type="noted", job_id="a", version=2, schema=schema, data=data),
        ]
    )  # fmt: skip
    read = list(log.read())
    first, second = seen
    assert (type(first), type(second)) == (LoggedEvent, Record)
    assert first.data is NOTED
    assert [to_event(first), to_event(second)] == read
    assert [(each.by, each.more, to_event(each).data) for each in read] == [
        ("cli:mai", 1, NOTED),
        (None, 0, NOTED),
    ]
    log.close()
