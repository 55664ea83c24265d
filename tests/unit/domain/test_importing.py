"""Taking over: a job from elsewhere keeps its state, where the lifecycle can lead there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from support.domain import NOON, elsewhere
from support.strategies import jobs_elsewhere

from jobledger import (
    Event,
    ImportedJob,
    InvalidScheduleTimeError,
    InvalidTransitionError,
    JobStatus,
    ScheduledJob,
    ValidationError,
)
from jobledger.domain.codec import decode_data, encode_data
from jobledger.domain.job import commands as c
from jobledger.domain.job import events as e
from jobledger.domain.job.decide import decide
from jobledger.domain.job.evolve import evolve

DAY = timedelta(days=1)


def taken(item: ImportedJob, at: datetime = NOON) -> ScheduledJob:
    """Return the job as it is after its import."""
    (data,) = decide(None, c.Import(job_id=item.job.job_id, job=item), at)
    raw = encode_data(data)
    read = decode_data("added", 1, raw)
    event = Event(seq=7, at=at, type="added", job_id=item.job.job_id, version=1, data=read)
    job = evolve(None, event)
    assert job is not None
    return job


@settings(max_examples=200, deadline=None)
@given(jobs_elsewhere())
def test_every_field_is_taken_over_as_it_is(item: ImportedJob) -> None:
    """Through the log's JSON; only what was not known is filled in, as documented."""
    before, after = item.job, taken(item)
    for name in before.__struct_fields__:
        expected = getattr(before, name)
        if name == "attempt" and not expected:
            tried = before.status in ("running", "completed", "failed")
            expected = before.retry_count + tried
        elif name == "doubted_attempt" and before.in_doubt:
            expected = expected or after.attempt
        elif name == "created_at" or (name == "started_at" and before.status == "running"):
            expected = expected or NOON
        elif name in ("version", "order"):
            expected = {"version": 1, "order": 7}[name]
        assert getattr(after, name) == expected, name
    again = taken(ImportedJob(after, "again"))
    assert msgspec.structs.replace(again, order=after.order) == after


def test_the_event_says_where_the_job_comes_from() -> None:
    """It is `added`, by the trigger `import`, with a file and a line."""
    command = c.Import(job_id="job", job=elsewhere(status=JobStatus.EXPIRED))
    (data,) = decide(None, command, NOON)
    assert isinstance(data, e.JobAdded)
    assert data.trigger == "import"
    assert data.imported == e.Imported(source="posts.csv", line=3, status=JobStatus.EXPIRED)
    assert msgspec.structs.replace(data, imported=None).trigger == "add"


def test_a_running_job_without_a_start_counts_from_the_import() -> None:
    """Otherwise nobody could ever find it stuck."""
    job = taken(elsewhere(status=JobStatus.RUNNING))
    assert job.started_at == NOON
    assert job.is_stuck(NOON + timedelta(minutes=31))
    assert taken(elsewhere(status=JobStatus.CANCELLED)).started_at is None


def test_times_of_the_past_are_accepted_however_old() -> None:
    """An open job may be at most a year ahead, any other at any time."""
    old = datetime(1900, 1, 1, tzinfo=UTC)
    assert taken(elsewhere(scheduled_time=old, created_at=old)).created_at == old
    year = NOON + 365 * DAY
    for status in (JobStatus.PENDING, JobStatus.SCHEDULED):
        assert taken(elsewhere(status=status, scheduled_time=year)).status is status
        with pytest.raises(InvalidScheduleTimeError, match="at most a year from now"):
            taken(elsewhere(status=status, scheduled_time=year + DAY))
    closed = elsewhere(status=JobStatus.CANCELLED, scheduled_time=year + DAY)
    assert taken(closed).scheduled_time == year + DAY


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("completed_at", {"completed_at": NOON}),
        ("completed_at", {"status": JobStatus.COMPLETED}),
        ("outcome_unknown", {"outcome_unknown": True}),
        ("in_doubt", {"in_doubt": True}),
        ("in_doubt", {"in_doubt": True, "attempt": 1, "status": JobStatus.FAILED}),
        ("exhausted", {"exhausted": True}),
        (
            "may_be_out",
            {"may_be_out": True, "status": JobStatus.COMPLETED, "completed_at": NOON},
        ),
        ("deferred_until", {"deferred_until": NOON, "status": JobStatus.PENDING}),
        ("retry_count", {"retry_count": -1}),
        ("retry_count", {"retry_count": True}),
        ("attempt", {"attempt": 1.0}),
        ("max_retries", {"max_retries": "3"}),
        ("status", {"status": "scheduled"}),
        ("account_id", {"account_id": ""}),
        ("content", {"content": " \n"}),
        ("content", {"content": "x" * 501}),
        ("platform", {"platform": 1}),
        ("priority", {"priority": 2}),
        ("error", {"error": "\ud800"}),
        ("thread_id", {"thread_id": 1789}),
        ("status_message", {"status_message": "x" * 20_001}),
        ("metadata", {"metadata": {"a": float("nan")}}),
        ("checkpoints", {"checkpoints": {"": 1}}),
        ("checkpoints", {"checkpoints": [1]}),
        ("checkpoints", {"checkpoints": {str(n): "x" * 60_000 for n in range(9)}}),
        ("reconcilable", {"reconcilable": "yes"}),
        ("publish_timeout_s", {"publish_timeout_s": 0}),
        ("publish_timeout_s", {"publish_timeout_s": float("nan")}),
        ("publish_timeout_s", {"publish_timeout_s": "1"}),
        ("created_at", {"created_at": datetime(1899, 12, 31, tzinfo=UTC)}),
        ("started_at", {"started_at": datetime(2026, 3, 2)}),  # noqa: DTZ001 - that is the fault
        ("scheduled_time", {"scheduled_time": None}),
        (
            "created_at",
            {"created_at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))},
        ),
        ("scheduled_time", {"scheduled_time": datetime.max.replace(tzinfo=UTC)}),
        ("job_id", {"job_id": "a b"}),
    ],
)
def test_what_is_not_acceptable_is_refused_by_its_field(field: str, fields: dict[str, Any]) -> None:
    """The message begins with the field, and the error has it."""
    with pytest.raises(ValidationError) as caught:
        taken(elsewhere(**fields))
    assert caught.value.field is not None
    assert caught.value.field.startswith(field)
    assert str(caught.value).startswith(field)


def test_more_failures_than_retries_are_accepted() -> None:
    """Another scheduler may have counted so; the next failure is final."""
    job = taken(elsewhere(retry_count=5, max_retries=3))
    assert (job.retry_count, job.attempt, job.can_retry()) == (5, 5, False)


@pytest.mark.parametrize("status", JobStatus)
def test_what_is_there_cannot_be_imported(status: JobStatus) -> None:
    """Import is for what does not exist yet."""
    done = NOON if status is JobStatus.COMPLETED else None
    item = elsewhere(status=status, completed_at=done)
    with pytest.raises(InvalidTransitionError):
        decide(taken(item), c.Import(job_id="job", job=item), NOON)
