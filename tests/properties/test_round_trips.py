"""Whatever text and metadata there is goes into the log and comes back the same."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from jobledger import JobPriority, Ledger, ManualClock, NewJob, ScheduledJob
from jobledger.domain import events as e

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
texts = words.filter(lambda text: bool(text.strip()))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
moments = st.timedeltas(timedelta(days=-364), timedelta(days=364)).map(lambda by: NOON + by)
jobs = st.builds(
    NewJob,
    account_id=texts,
    content=texts,
    scheduled_time=moments,
    priority=st.sampled_from(JobPriority),
    max_retries=st.integers(0, 1000),
    platform=texts,
    metadata=st.dictionaries(keys, values, max_size=4),
    hold=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(jobs, min_size=1, max_size=5))
def test_jobs_come_back_from_a_reopened_ledger_as_they_went_in(news: list[NewJob]) -> None:
    """Every field; the same again in the daily files and in `from_dict`."""
    with tempfile.TemporaryDirectory() as name:
        clock, directory = ManualClock(NOON), Path(name) / "jobs"
        with Ledger(directory, clock=clock, durability="none") as ledger:
            ids = ledger.add_jobs(news)
        with Ledger(directory, clock=clock, durability="none") as ledger:
            assert ledger.verify().problems == []
            for new, job_id in zip(news, ids, strict=True):
                job = ledger.get_job(job_id)
                for field in ("account_id", "content", "scheduled_time", "priority", "platform"):
                    assert getattr(job, field) == getattr(new, field)
                assert (job.max_retries, job.metadata) == (new.max_retries, new.metadata)
                line = msgspec.json.decode(msgspec.json.encode(job.to_dict()))
                assert ScheduledJob.from_dict(line).to_dict() == job.to_dict()


def data_of(kind: type[e.EventData]) -> st.SearchStrategy[e.EventData]:
    """Any data of one event type."""
    known: dict[Any, st.SearchStrategy[Any]] = {
        "metadata": st.dictionaries(keys, values, max_size=3),
        "value": values,
        "scheduled_time": moments,
        "priority": st.sampled_from(JobPriority),
        "reason": words,
        "late_s": st.floats(0, 1e9),
    }
    if kind is e.JobInterrupted:
        known["reason"] = st.sampled_from(["crashed", "stuck", "stopped"])
    by_type = {"int": st.integers(0, 10**6), "bool": st.booleans(), "str": words}
    fields = {
        field.name: known[field.name]
        if field.name in known
        else next(by_type[name] for name in by_type if name in str(field.type))
        for field in msgspec.structs.fields(kind)
    }
    return st.builds(kind, **fields)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(e.EVENT_TYPES.values())).flatmap(data_of))
def test_the_data_of_every_event_comes_back_from_its_json(data: e.EventData) -> None:
    """encode_data and decode_data are inverse."""
    assert e.decode_data(data.TYPE, e.SCHEMA[data.TYPE], e.encode_data(data)) == data
