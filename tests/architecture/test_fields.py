"""A field of a job goes everywhere that a job goes: whoever adds one and forgets a place is told.

A new field gets an example here first; then each place that it has to pass through is asked.
"""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from support.domain import NOON, Life, elsewhere

from jobledger import JobPriority, JobStatus, Ledger, NewJob, ScheduledJob
from jobledger.domain.job import commands as c
from jobledger.domain.job.decide import decide
from jobledger.domain.job.doubt import Doubt
from jobledger.domain.job.events import Event, JobEvent
from jobledger.domain.job.evolve import evolve
from jobledger.tools.interchange.fields import to_document, to_job

GIVEN: dict[str, Any] = {
    "account_id": "shop",
    "content": "Xin chào",
    "scheduled_time": NOON,
    "priority": JobPriority.HIGH,
    "max_retries": 7,
    "platform": "mastodon",
    "metadata": {"topic": "hello"},
    "hold": True,
    "publish_timeout": timedelta(seconds=9),
}
"""What somebody may say of a new job."""
BECOMES: dict[str, tuple[str, Any]] = {
    "hold": ("status", JobStatus.PENDING),
    "publish_timeout": ("publish_timeout_s", 9.0),
}
"""Those that are another field of the job, with its value."""
OF_THE_LEDGER = {"version", "order", "status_message"}
"""Fields of a job that a ledger makes itself, wherever the job comes from."""

COMMON: dict[str, Any] = {
    "job_id": "job",
    "account_id": "shop",
    "content": "Xin chào",
    "scheduled_time": NOON,
    "priority": JobPriority.HIGH,
    "platform": "mastodon",
    "max_retries": 7,
    "retry_count": 2,
    "created_at": NOON - timedelta(days=1),
    "started_at": NOON - timedelta(hours=1),
    "metadata": {"topic": "hello"},
    "attempt": 4,
    "publish_timeout_s": 9.0,
    "checkpoints": {"container": "17"},
    "reconcilable": True,
}
PASTS: dict[str, dict[str, Any]] = {
    "waiting": COMMON | {
        "deferred_until": NOON + timedelta(hours=1),
        "doubt": Doubt.ASK,
        "doubted_attempt": 3,
    },
    "failed": COMMON | {"status": JobStatus.FAILED, "error": "HTTP 500"},
    "out": COMMON | {
        "status": JobStatus.COMPLETED,
        "completed_at": NOON,
        "thread_id": "post-1",
    },
}  # fmt: skip
"""Jobs as they are elsewhere; between them every field has a value that is not its default."""


def _events_of(job: ScheduledJob) -> list[JobEvent]:
    return decide(None, c.Import(job_id="job", job=elsewhere(**_fields(job))), NOON)


def _fields(job: ScheduledJob) -> dict[str, Any]:
    return {name: getattr(job, name) for name in job.__struct_fields__ if name not in OF_THE_LEDGER}


def test_every_field_has_an_example() -> None:
    """One that is not its default, so that it is seen where it is lost."""
    assert GIVEN.keys() == set(NewJob.__struct_fields__) - {"job_id"}, (
        "give the new field of NewJob a value in GIVEN"
    )
    default = NewJob("a", "b", NOON + timedelta(days=1))
    assert [name for name, value in GIVEN.items() if value == getattr(default, name)] == []
    told = {name for past in PASTS.values() for name in past}
    assert told == set(ScheduledJob.__struct_fields__) - OF_THE_LEDGER, (
        "give the new field of ScheduledJob a value in PASTS"
    )
    plain = ScheduledJob(job_id="a", account_id="b", content="c", scheduled_time=NOON)
    always = COMMON.keys() - {"job_id", "account_id", "content", "scheduled_time"}
    assert [name for name in always if COMMON[name] == getattr(plain, name)] == []


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_said_of_a_new_job_is_a_field_of_the_job(name: str) -> None:
    """It goes through `decide`, the event, and `evolve`."""
    job = Life(**GIVEN).job
    field, value = BECOMES.get(name, (name, GIVEN[name]))
    assert getattr(job, field) == value, f"{name} is lost: see decide._add and evolve._added"


def test_add_job_takes_what_is_said_of_a_new_job() -> None:
    """By the same names, each once."""
    arguments = set(inspect.signature(Ledger.add_job).parameters) - {"self"}
    assert arguments == set(NewJob.__struct_fields__), "see Ledger.add_job"


@pytest.mark.parametrize("kind", PASTS)
def test_a_job_is_imported_as_it_was(kind: str) -> None:
    """In every field, but for what the ledger makes."""
    past = ScheduledJob(**PASTS[kind])
    [data] = _events_of(past)
    event = Event(seq=1, at=NOON, type=data.TYPE, job_id="job", version=1, data=data)
    job = evolve(None, event)
    assert job is not None
    assert _fields(job) == _fields(past), "see importing.take_over and evolve._added"


@pytest.mark.parametrize("kind", PASTS)
def test_a_job_is_exported_as_it_is(kind: str) -> None:
    """And read again as the same; through JSON, as it is written."""
    job = ScheduledJob(**PASTS[kind])
    document = msgspec.json.decode(msgspec.json.encode(to_document(job)))
    again = to_job(document, NOON)
    assert _fields(again) == _fields(job), "see STATE and to_job in tools/interchange/fields.py"
