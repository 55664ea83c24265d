"""A field of a job goes everywhere that a job goes: whoever adds one and forgets a place is told.

A new field gets an example here first; then each place that it has to pass through is asked.
"""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from support.cli import run_here
from support.domain import NOON, Life, elsewhere

from jobledger import (
    JobPriority,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    Part,
    Post,
    ScheduledJob,
    ValidationError,
)
from jobledger.domain.event import Event
from jobledger.domain.job import commands as c
from jobledger.domain.job.decide import decide
from jobledger.domain.job.doubt import Doubt
from jobledger.domain.job.events import JobEvent
from jobledger.domain.job.evolve import evolve
from jobledger.interchange.fields import Row, to_document, to_job
from jobledger.interchange.rows import Told, read_rows
from jobledger.interchange.sources import find_sources
from jobledger.interchange.understanding.reading import RowReading
from jobledger.interchange.wishes import Wishes
from jobledger.interchange.writing.csv_form import write_csv

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
    "post": Post([Part("Xin chào", quote="17"), Part("More")], audience="public"),
}
"""What somebody may say of a new job."""
BECOMES: dict[str, tuple[str, Any]] = {
    "hold": ("status", JobStatus.PENDING),
    "publish_timeout": ("publish_timeout_s", 9.0),
}
"""Those that are another field of the job, with its value."""
TYPED: dict[str, list[str]] = {
    "account_id": [],
    "content": [],
    "scheduled_time": [],
    "priority": ["--priority", "high"],
    "max_retries": ["--max-retries", "7"],
    "platform": ["--platform", "mastodon"],
    "metadata": ["--metadata", '{"topic": "hello"}'],
    "hold": ["--hold"],
    "publish_timeout": ["--publish-timeout-s", "9"],
    "post": ["--quote", "17", "--then", "More", "--audience", "public"],
}
"""The same, as it is typed; nothing for what `add` takes by its place."""
OF_THE_LEDGER = {"version", "order", "status_message", "schedule", "runner", "trace"}
"""Fields of a job that a ledger makes itself, wherever the job comes from."""

NOT_IN_DAILY_FILES = {
    "version", "order", "attempt", "doubt", "doubted_attempt", "reconcilable", "deferred_until",
    "publish_timeout_s", "checkpoints", "schedule", "runner", "trace",
}  # fmt: skip
"""Fields of a job that `to_dict` and the daily files leave out."""

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
    "post": GIVEN["post"],
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
    assert GIVEN.keys() == set(NewJob.__struct_fields__) - {"job_id", "lenient"}, (
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
    """By the same names, each once, and passes it on."""
    arguments = set(inspect.signature(Ledger.add_job).parameters) - {"self"}
    assert arguments == set(NewJob.__struct_fields__), "see Ledger.add_job"
    with Ledger("memory:", clock=ManualClock(NOON)) as ledger:
        job = ledger.get_job(ledger.add_job(**GIVEN))
    for name, given in GIVEN.items():
        field, value = BECOMES.get(name, (name, given))
        assert getattr(job, field) == value, f"{name} is lost: see Ledger.add_job"


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_said_of_a_new_job_can_be_typed(name: str, tmp_path: Path) -> None:
    """As an argument or an option of `add`, one at a time."""
    assert name in TYPED, "give the new field an option of tools/commands/add.py, and here"
    given = GIVEN | {"scheduled_time": datetime.now(UTC) + timedelta(days=1)}
    words = [given["account_id"], given["content"], given["scheduled_time"].isoformat()]
    done = run_here(tmp_path / "jobs", "add", *words, *TYPED[name])
    assert done.code == 0, done.err
    with Ledger(tmp_path / "jobs", read_only=True) as ledger:
        [job] = ledger.list_jobs()
    field, value = BECOMES.get(name, (name, given[name]))
    assert getattr(job, field) == value, f"{name} is lost: see tools/commands/add.py"


@pytest.mark.parametrize("kind", PASTS)
def test_a_job_is_in_the_daily_files_as_it_is(kind: str) -> None:
    """In every field but those that are left out on purpose; and is read again as the same."""
    job = ScheduledJob(**PASTS[kind])
    told = {name for name in job.__struct_fields__ if name not in NOT_IN_DAILY_FILES}
    assert job.to_dict().keys() == told, "see ScheduledJob.to_dict, or NOT_IN_DAILY_FILES"
    again = ScheduledJob.from_dict(job.to_dict())
    assert {name: getattr(again, name) for name in told} == {
        name: getattr(job, name) for name in told
    }, "see ScheduledJob.from_dict"


@pytest.mark.parametrize("kind", PASTS)
def test_a_job_is_imported_as_it_was(kind: str) -> None:
    """In every field, but for what the ledger makes."""
    past = ScheduledJob(**PASTS[kind])
    [data] = _events_of(past)
    event = Event(seq=1, at=NOON, type=data.TYPE, job_id="job", version=1, data=data)
    job = evolve(None, event)
    assert job is not None
    assert _fields(job) == _fields(past), "see importing.take_over and evolve._added"


def _fails(error: ValidationError) -> None:
    pytest.fail(str(error))


@pytest.mark.parametrize("kind", PASTS)
def test_a_job_is_exported_as_it_is(kind: str, tmp_path: Path) -> None:
    """And read again as the same; through JSON and CSV, as they are written."""
    job = ScheduledJob(**PASTS[kind])
    document = msgspec.json.decode(msgspec.json.encode(to_document(job)))
    reading = RowReading(NOON, ZoneInfo("UTC"), Wishes())
    again = to_job(document, reading, _fails)
    assert _fields(again) == _fields(job), "see STATE and to_job in interchange/fields.py"
    file = tmp_path / "jobs.csv"
    file.write_bytes(write_csv([job]))
    [row] = read_rows(find_sources([str(file)], None, None), Wishes(), Told())
    assert isinstance(row, Row)
    again = to_job(row.values, reading, _fails)
    assert _fields(again) == _fields(job), "see interchange/understanding/cells.py"
