"""The job as a value: to a dict and back, frozen, and nobody else's to change."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.domain import NOON

from jobledger import (
    JobPriority,
    JobStatus,
    Ledger,
    ManualClock,
    ScheduledJob,
    ValidationError,
)
from jobledger.domain.job.state import DICT_KEYS, detached

KEYS = [
    "job_id", "account_id", "content", "scheduled_time", "priority", "status", "platform",
    "max_retries", "retry_count", "created_at", "started_at", "completed_at", "error",
    "thread_id", "status_message", "metadata",
]  # fmt: skip
"""The keys of a job, by hand from the contract."""

FULL = ScheduledJob(
    job_id="j",
    account_id="a",
    content="một\u2028hai 🎉",
    scheduled_time=NOON,
    priority=JobPriority.URGENT,
    status=JobStatus.COMPLETED,
    platform="x",
    max_retries=5,
    retry_count=2,
    created_at=NOON - timedelta(hours=1),
    started_at=NOON + timedelta(microseconds=1),
    completed_at=NOON + timedelta(seconds=1),
    error="earlier: no",
    thread_id="t",
    status_message="Published",
    metadata={"list": [1, {"deep": None}], "text": "x"},
)
"""A job with something in each of the 16 fields."""

LEAST = ScheduledJob(job_id="j", account_id="a", content="c", scheduled_time=NOON)


# -- to_dict -----------------------------------------------------------------------------------


def test_the_dict_holds_plain_json() -> None:
    """Times with an offset, the priority as a number from 1 to 4, the status in lower case."""
    data = FULL.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert type(data["priority"]) is int
    assert type(data["status"]) is str
    assert (data["priority"], data["status"]) == (4, "completed")
    assert tuple(data) == DICT_KEYS
    assert data["scheduled_time"] == "2026-03-02T12:00:00+00:00"
    assert data["started_at"] == "2026-03-02T12:00:00.000001+00:00"
    assert LEAST.to_dict()["completed_at"] is None


@pytest.mark.parametrize("priority", JobPriority)
@pytest.mark.parametrize("status", JobStatus)
def test_every_status_and_priority_comes_back(status: JobStatus, priority: JobPriority) -> None:
    """As the members that they were."""
    job = msgspec.structs.replace(LEAST, status=status, priority=priority)
    again = ScheduledJob.from_dict(job.to_dict())
    assert (again.status, again.priority) == (status, priority)
    assert type(again.status) is JobStatus
    assert type(again.priority) is JobPriority


# -- from_dict ---------------------------------------------------------------------------------


@pytest.mark.parametrize("job", [FULL, LEAST])
def test_the_dict_gives_the_job_again(job: ScheduledJob) -> None:
    """Directly, and after a journey through JSON."""
    assert ScheduledJob.from_dict(job.to_dict()) == job
    assert ScheduledJob.from_dict(json.loads(json.dumps(job.to_dict()))) == job


def test_what_is_missing_but_not_needed_has_its_default() -> None:
    """The four keys without which there is no job are enough."""
    data = {name: LEAST.to_dict()[name] for name in KEYS[:4]}
    assert ScheduledJob.from_dict(data) == LEAST


def test_unknown_keys_are_ignored_and_the_inside_cannot_be_set() -> None:
    """Not even by the names of its fields."""
    data = FULL.to_dict() | {"link_aff": "x", "version": 9, "attempt": 9, "in_doubt": True}
    assert ScheduledJob.from_dict(data) == FULL


@pytest.mark.parametrize("missing", KEYS[:4])
def test_a_key_that_is_missing_is_named(missing: str) -> None:
    """Each of the four that are needed."""
    data = FULL.to_dict()
    del data[missing]
    with pytest.raises(ValidationError, match=f"not a job: .*{missing}"):
        ScheduledJob.from_dict(data)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("job_id", 1),
        ("account_id", None),
        ("content", ["x"]),
        ("scheduled_time", "tomorrow"),
        ("scheduled_time", None),
        ("scheduled_time", 1_772_452_800),
        ("priority", 0),
        ("priority", 5),
        ("priority", "2"),
        ("priority", "HIGH"),
        ("status", "SCHEDULED"),
        ("status", "lost"),
        ("status", 1),
        ("max_retries", "3"),
        ("max_retries", True),
        ("retry_count", 1.5),
        ("created_at", "12:00"),
        ("error", 5),
        ("metadata", None),
        ("metadata", []),
        ("metadata", {1: 2}),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(key: str, value: object) -> None:
    """Nothing is guessed or converted."""
    with pytest.raises(ValidationError, match=f"not a job: .*{key}"):
        ScheduledJob.from_dict(FULL.to_dict() | {key: value})


@pytest.mark.parametrize("key", ["scheduled_time", "created_at", "started_at", "completed_at"])
def test_a_time_without_an_offset_is_refused(key: str) -> None:
    """All times of a job are aware; guessing a zone would move the post."""
    with pytest.raises(ValidationError, match=key):
        ScheduledJob.from_dict(FULL.to_dict() | {key: "2026-03-02T12:00:00"})


def test_a_time_with_another_offset_is_the_same_instant_in_utc() -> None:
    """So that a job read from a dict compares and prints as one from the ledger."""
    hanoi = datetime(2026, 3, 2, 19, 0, tzinfo=timezone(timedelta(hours=7)))
    job = ScheduledJob.from_dict(LEAST.to_dict() | {"scheduled_time": hanoi.isoformat()})
    assert job.scheduled_time == NOON
    assert job.scheduled_time.utcoffset() == timedelta(0)


# -- a value -----------------------------------------------------------------------------------


def test_a_job_cannot_be_changed() -> None:
    """No field of it, whatever it is."""
    for name in ScheduledJob.__struct_fields__:
        with pytest.raises(AttributeError):
            setattr(LEAST, name, None)


def test_jobs_made_without_metadata_do_not_share_any() -> None:
    """Each has an empty dict of its own."""
    one = ScheduledJob(job_id="1", account_id="a", content="c", scheduled_time=NOON)
    one.metadata["k"] = 1
    one.checkpoints["k"] = 1
    two = ScheduledJob(job_id="2", account_id="a", content="c", scheduled_time=NOON)
    assert (two.metadata, two.checkpoints) == ({}, {})


def test_a_dict_of_a_job_shares_nothing_with_it() -> None:
    """Neither the dict that it gives nor the one that it was made from."""
    job = ScheduledJob.from_dict(FULL.to_dict())
    given = job.to_dict()
    made = ScheduledJob.from_dict(given)
    given["metadata"]["list"][1]["deep"] = "changed"
    given["metadata"]["more"] = 1
    assert job.metadata == FULL.metadata
    assert made.metadata == FULL.metadata


def test_what_is_handed_out_shares_nothing_mutable() -> None:
    """Neither metadata nor checkpoints, at any depth."""
    job = msgspec.structs.replace(FULL, metadata={"a": [[1]]}, checkpoints={"b": {"c": [2]}})
    out = detached(job)
    assert out == job
    out.metadata["a"][0].append(9)
    out.checkpoints["b"]["c"].clear()
    out.metadata.clear()
    assert (job.metadata, job.checkpoints) == ({"a": [[1]]}, {"b": {"c": [2]}})


@pytest.mark.parametrize("query", ["get", "list", "ready", "past"])
def test_changing_what_a_ledger_hands_out_changes_no_ledger(
    query: str, directory: Path, clock: ManualClock
) -> None:
    """By whichever query it was handed out, with metadata or without."""
    with Ledger(directory, clock=clock, durability="none") as ledger:
        for job_id, metadata in (("with", {"k": [1]}), ("without", {})):
            given: dict[str, Any] = dict(metadata)
            ledger.add_job("a", "c", clock.now(), metadata=given, job_id=job_id)
            given["later"] = True
            past = ledger.as_of(ledger.seq)

            def ask(job_id: str = job_id, past: Any = past) -> ScheduledJob:
                if query == "get":
                    return ledger.get_job(job_id)
                if query == "past":
                    job: ScheduledJob = past.get_job(job_id)
                    return job
                jobs = ledger.list_jobs() if query == "list" else ledger.get_ready_jobs()
                return next(job for job in jobs if job.job_id == job_id)

            first = ask()
            first.metadata.setdefault("k", []).append(2)
            first.metadata["new"] = 1
            first.checkpoints["new"] = 1
            assert ask().metadata == metadata
            assert ask().checkpoints == {}


def test_an_events_data_that_is_changed_changes_no_ledger(
    directory: Path, clock: ManualClock
) -> None:
    """The history is read off the log, not lent."""
    with Ledger(directory, clock=clock, durability="none") as ledger:
        job_id = ledger.add_job("a", "c", clock.now(), metadata={"k": [1]})
        for _ in range(2):
            (event,) = ledger.history(job_id)
            data: Any = event.data
            assert data.metadata == {"k": [1]}
            data.metadata["k"].append(2)
        assert ledger.get_job(job_id).metadata == {"k": [1]}


def test_the_times_of_a_ledgers_jobs_are_in_utc(directory: Path, clock: ManualClock) -> None:
    """Also for a ledger of another zone and a time of a third."""
    with Ledger(directory, clock=clock, durability="none", timezone="Asia/Ho_Chi_Minh") as ledger:
        moment = clock.now().astimezone(timezone(timedelta(hours=-5)))
        job = ledger.get_job(ledger.add_job("a", "c", moment))
    assert job.scheduled_time.utcoffset() == timedelta(0)
    assert job.scheduled_time == moment
    assert job.created_at == clock.now()
    assert job.created_at is not None
    assert job.created_at.tzinfo == UTC


def test_an_id_of_a_subclass_of_str_names_the_same_job(directory: Path, clock: ManualClock) -> None:
    """Given by a template engine, say: it is text, when adding as when changing."""

    class Markup(str):
        __slots__ = ()

    with Ledger(directory, clock=clock, durability="none") as ledger:
        ledger.add_job("a", "c", clock.now(), job_id="mine")
        ledger.hold_job(Markup("mine"))
        assert ledger.get_job(Markup("mine")).status is JobStatus.PENDING
        assert ledger.add_job("a", "c", clock.now(), job_id=Markup("other")) == "other"
        assert [event.job_id for event in ledger.history("other")] == ["other"]


@pytest.mark.parametrize("data", [[], None, "job", 1])
def test_what_is_no_dict_is_no_job(data: Any) -> None:
    with pytest.raises(ValidationError, match="not a job"):
        ScheduledJob.from_dict(data)
