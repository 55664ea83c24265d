"""The rules about time, and the job as a value."""

from __future__ import annotations

import copy
import json
import math
import pickle
from datetime import timedelta
from typing import Any

import pytest
from support.domain import NOON

from jobledger import JobPriority, JobStatus, RetryPolicy, ScheduledJob, ValidationError
from jobledger.domain.job import hand_out
from jobledger.domain.policy import MAX_DELAY_S

TICK = timedelta(microseconds=1)


def job(**more: Any) -> ScheduledJob:
    fields: dict[str, Any] = {
        "job_id": "j", "account_id": "a", "content": "c", "scheduled_time": NOON,
    }  # fmt: skip
    return ScheduledJob(**(fields | more))


def test_backoff_doubles_from_two_minutes() -> None:
    """2, 4, 8 minutes."""
    assert [RetryPolicy().delay_s(n) for n in (1, 2, 3)] == [120, 240, 480]


def test_cap_jitter_and_overflow_are_bounded() -> None:
    """The cap comes before the jitter; no delay overflows the calendar."""
    assert RetryPolicy(cap_s=300).delay_s(3) == 300
    spread = RetryPolicy(base_s=10, factor=1, jitter=0.1)
    assert [round(spread.delay_s(1, roll), 6) for roll in (0.0, 0.5, 1.0)] == [9, 10, 11]
    assert RetryPolicy().delay_s(100_000) == MAX_DELAY_S
    assert RetryPolicy(cap_s=60).delay_s(100_000) == 60
    assert RetryPolicy(base_s=0).delay_s(5) == 0


@pytest.mark.parametrize("name", ["base_s", "factor", "cap_s", "jitter"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "1", True])
def test_a_policy_that_makes_no_sense_is_refused(name: str, value: Any) -> None:
    """The field is named."""
    with pytest.raises(ValidationError, match=name):
        RetryPolicy(**{name: value})


def test_jitter_is_at_most_everything() -> None:
    """More would make delays negative."""
    with pytest.raises(ValidationError, match="jitter"):
        RetryPolicy(jitter=1.01)
    with pytest.raises(ValidationError, match="base_s"):
        RetryPolicy(base_s=None)  # type: ignore[arg-type]


def test_expired_is_more_than_24_hours() -> None:
    """Exactly 24 is not; the limit can be given."""
    edge = NOON + timedelta(hours=24)
    assert not job().is_expired(edge)
    assert job().is_expired(edge + TICK)
    assert job().is_expired(NOON + timedelta(hours=2), timedelta(hours=1))


def test_ready_is_scheduled_due_and_not_expired() -> None:
    """From its time until 24 h later, in one state only."""
    edge = NOON + timedelta(hours=24)
    moments = [NOON - TICK, NOON, edge, edge + TICK]
    assert [job().is_ready(moment) for moment in moments] == [False, True, True, False]
    others = set(JobStatus) - {JobStatus.SCHEDULED}
    assert not any(job(status=status).is_ready(NOON) for status in others)


def test_retries_are_left_below_the_most() -> None:
    """can_retry."""
    assert [job(retry_count=n, max_retries=2).can_retry() for n in range(3)] == [True, True, False]
    assert not job(max_retries=0).can_retry()


def test_stuck_is_running_for_more_than_thirty_minutes() -> None:
    """Exactly thirty is not; only RUNNING jobs are."""
    running = job(status=JobStatus.RUNNING, started_at=NOON)
    edge = NOON + timedelta(minutes=30)
    assert not running.is_stuck(edge)
    assert running.is_stuck(edge + TICK)
    assert running.is_stuck(edge, 29.9)
    assert not job(started_at=NOON).is_stuck(edge + TICK)
    assert not job(status=JobStatus.RUNNING).is_stuck(edge + TICK)


def test_to_dict_has_the_sixteen_keys_as_json_values() -> None:
    """In their order, times as ISO 8601 with offset."""
    full = job(
        status=JobStatus.COMPLETED,
        priority=JobPriority.URGENT,
        created_at=NOON,
        started_at=NOON,
        completed_at=NOON,
        thread_id="t",
        metadata={"a": [1]},
        checkpoints={"not": "there"},
    )
    document = full.to_dict()
    assert list(document) == [
        "job_id", "account_id", "content", "scheduled_time", "priority", "status", "platform",
        "max_retries", "retry_count", "created_at", "started_at", "completed_at", "error",
        "thread_id", "status_message", "metadata",
    ]  # fmt: skip
    assert (document["status"], document["priority"]) == ("completed", 4)
    assert document["scheduled_time"] == "2026-03-02T12:00:00+00:00"
    assert document["error"] is None
    assert ScheduledJob.from_dict(json.loads(json.dumps(document))).to_dict() == document


def test_from_dict_takes_what_other_programs_add() -> None:
    """Unknown keys are ignored, missing ones have their defaults, bad ones are named."""
    minimal = {
        "job_id": "j",
        "account_id": "a",
        "content": "c",
        "scheduled_time": "2026-03-02T12:00:00Z",
    }
    assert ScheduledJob.from_dict({**minimal, "link_aff": 1, "version": 9}) == job()
    for bad in ({**minimal, "status": "asleep"}, {**minimal, "priority": 9}, {"job_id": "j"}):
        with pytest.raises(ValidationError, match="not a job"):
            ScheduledJob.from_dict(bad)


def test_a_job_handed_out_shares_nothing_that_can_change() -> None:
    """Metadata and checkpoints are copies, all the way down."""
    inner = job(metadata={"a": [{}]}, checkpoints={"c": [1]})
    outer = hand_out(inner)
    outer.metadata["a"][0]["x"] = 1
    outer.checkpoints["c"].append(2)
    outer.to_dict()["metadata"]["a"].append(3)
    assert (inner.metadata, inner.checkpoints) == ({"a": [{}]}, {"c": [1]})


def test_a_job_is_a_value() -> None:
    """Equal when its fields are; frozen; copies and pickles."""
    assert job() == job()
    assert copy.deepcopy(job()) == pickle.loads(pickle.dumps(job())) == job()  # noqa: S301
    with pytest.raises(AttributeError):
        job().content = "x"  # type: ignore[misc]
