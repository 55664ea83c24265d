"""The event types: to JSON and back, for ever."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec
import pytest
from support.domain import NOON

from jobledger import JobPriority, JobStatus, StorageError
from jobledger.domain.codec import EVENT_TYPES, SCHEMA, decode_data, encode_data
from jobledger.domain.job import events as e
from jobledger.domain.job.events import JOB_EVENTS, PAST_TENSE
from jobledger.domain.job.evolve import STEPS
from jobledger.domain.times import timestamp

LATER = NOON + timedelta(microseconds=1)

EXAMPLES: list[e.EventData] = [
    e.JobAdded(
        account_id="a",
        content="một\u2028hai",
        scheduled_time=LATER,
        priority=JobPriority.URGENT,
        max_retries=0,
        platform="threads",
        metadata={"k": [1, None, {"x": 2.5}]},
        hold=True,
    ),
    e.JobAdded(
        account_id="a",
        content="c",
        scheduled_time=NOON,
        priority=JobPriority.LOW,
        max_retries=3,
        platform="x",
    ),
    e.JobHeld(),
    e.JobReleased(),
    e.JobEdited(content="new"),
    e.JobEdited(priority=JobPriority.HIGH, metadata={}),
    e.JobEdited(metadata={"a": {"b": []}}),
    e.JobRescheduled(scheduled_time=LATER),
    e.JobDeferred(until=LATER, reason="at least 5 min apart"),
    e.JobStarted(attempt=1, reconcilable=True, asks_first=True, runner="pid 7"),
    e.JobStarted(attempt=2, reconcilable=False),
    e.JobNoted(attempt=1, message="half way"),
    e.JobCheckpointed(attempt=1, name="sent", value={"id": [1, "x"]}),
    e.JobCheckpointed(attempt=1, name="nothing", value=None),
    e.JobCompleted(attempt=1, thread_id="t"),
    e.JobCompleted(attempt=1),
    e.JobCompleted(attempt=3, thread_id="t", found=True, asked_about=2, remark="no id"),
    e.JobCompleted(attempt=3, found=False, asked_about=1),
    e.JobRetried(attempt=1, error="no", retry_count=1, scheduled_time=LATER),
    e.JobRetried(attempt=1, error="no", retry_count=0, scheduled_time=LATER, called=False),
    e.JobFailed(attempt=4, error="no", outcome_unknown=True),
    e.JobFailed(attempt=4, error=""),
    e.JobInterrupted(attempt=1, reason="stopped", error="x", retry_count=0),
    e.JobInterrupted(
        attempt=1,
        reason="outcome_unknown",
        error="x",
        retry_count=1,
        scheduled_time=LATER,
        in_doubt=True,
        exhausted=True,
    ),
    e.JobCancelled(),
    e.JobCancelled(reason="late"),
    e.JobExpired(late_s=86_400.000001),
    e.JobRequeued(scheduled_time=LATER),
    e.JobResolved(posted=False),
    e.JobResolved(posted=True, thread_id="t"),
    e.JobRemoved(),
]

examples = pytest.mark.parametrize(
    "data", EXAMPLES, ids=[f"{n}-{data.TYPE}" for n, data in enumerate(EXAMPLES)]
)


def test_there_is_an_example_of_every_type() -> None:
    """Else the tests below would prove less than they say."""
    assert {type(data) for data in EXAMPLES} == set(JOB_EVENTS.values())
    assert all(JOB_EVENTS[data.TYPE] is type(data) for data in EXAMPLES)


@examples
def test_an_events_data_is_the_same_after_the_log(data: e.EventData) -> None:
    """Encoded and decoded, to the microsecond and the kind of each value."""
    again = decode_data(data.TYPE, SCHEMA[data.TYPE], encode_data(data))
    assert again == data
    assert type(again) is type(data)
    assert encode_data(again) == encode_data(data)
    assert decode_data(data.TYPE, SCHEMA[data.TYPE], msgspec.Raw(encode_data(data))) == data


@examples
def test_an_events_data_is_one_line_of_json(data: e.EventData) -> None:
    """Only what was set is there, and nothing that would break the line."""
    raw = encode_data(data)
    assert b"\n" not in raw
    document = msgspec.json.decode(raw)
    assert set(document) <= set(data.__struct_fields__)


def test_an_edit_keeps_apart_what_was_emptied_and_what_was_left_alone() -> None:
    """Metadata emptied is `{}`, left alone it is not there."""
    assert encode_data(e.JobEdited(metadata={})) == b'{"metadata":{}}'
    assert encode_data(e.JobEdited(content="x")) == b'{"content":"x"}'


def test_an_interruption_leads_where_its_time_says() -> None:
    """SCHEDULED with one, else FAILED."""
    there, gone = (data for data in reversed(EXAMPLES) if isinstance(data, e.JobInterrupted))
    assert (there.status, gone.status) == (JobStatus.SCHEDULED, JobStatus.FAILED)


@pytest.mark.parametrize("schema", [0, -1])
def test_a_version_that_never_was_is_refused_as_an_error_of_ours(schema: int) -> None:
    """Not as a KeyError out of the middle of a replay."""
    with pytest.raises((StorageError, msgspec.MsgspecError)):
        decode_data("held", schema, b"{}")


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("added", b"{}"),
        ("started", b'{"attempt":"1","reconcilable":false}'),
        ("rescheduled", b'{"scheduled_time":"tomorrow"}'),
        ("interrupted", b'{"attempt":1,"reason":"bored","error":"","retry_count":0}'),
        ("held", b"[]"),
        ("held", b"{"),
    ],
)
def test_data_that_is_not_of_its_types_form_is_refused(kind: str, raw: bytes) -> None:
    """A missing key, a wrong kind, an unknown reason, or no JSON at all."""
    with pytest.raises(msgspec.MsgspecError):
        decode_data(kind, 1, raw)


def test_an_upcast_brings_up_times_and_numbers_as_the_newest_form_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A version that lacked a key gets it; the rest is as decoding it directly would be."""
    newest = EXAMPLES[0]
    assert isinstance(newest, e.JobAdded)
    monkeypatch.setitem(SCHEMA, "added", 2)
    upcasters = (lambda data: data | {"platform": "threads"},)
    monkeypatch.setattr(e.JobAdded, "UPCASTERS", upcasters)
    old = msgspec.json.decode(encode_data(newest))
    del old["platform"]
    assert decode_data("added", 1, msgspec.json.encode(old)) == newest


def test_every_older_version_has_its_upcaster() -> None:
    """No event of any release is without a way up: a type's number counts its upcasters."""
    assert {name: 1 + len(kind.UPCASTERS) for name, kind in EVENT_TYPES.items()} == SCHEMA


def test_every_declared_type_is_an_event_and_has_its_step() -> None:
    """A class that is no member of the union, or that `evolve` does not know, is a mistake."""
    declared = {kind for kind in e.EventData.__subclasses__() if kind.__module__ == e.__name__}
    assert set(JOB_EVENTS.values()) == declared
    assert set(STEPS) == set(JOB_EVENTS.values())


@examples
def test_an_event_follows_from_a_trigger_of_its_type(data: e.EventData) -> None:
    """By that it is looked up in the lifecycle."""
    assert data.trigger in data.TRIGGERS
    assert PAST_TENSE[data.trigger] == data.TYPE


def test_only_an_event_with_two_triggers_has_to_say_which() -> None:
    """What has come to be was added or imported; `evolve` takes the only trigger of the others."""
    assert [kind for kind in JOB_EVENTS.values() if len(kind.TRIGGERS) != 1] == [e.JobAdded]


def test_a_time_is_written_in_utc_with_six_digits() -> None:
    """Whatever zone it is in, and also on a whole second."""
    hanoi = timezone(timedelta(hours=7))
    assert timestamp(datetime(2026, 3, 2, 19, 0, tzinfo=hanoi)) == "2026-03-02T12:00:00.000000Z"
    assert timestamp(LATER) == "2026-03-02T12:00:00.000001Z"
