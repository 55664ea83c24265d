"""Whatever text and metadata there is goes into the log and comes back the same."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON
from support.strategies import jobs_elsewhere, posts, values, words
from support.tiers import one_in

from jobledger import Event, JobPriority, JobStatus, Ledger, ManualClock, NewJob, ScheduledJob
from jobledger.domain.codec import SCHEMA, decode_data, encode_data
from jobledger.domain.errors import JobLedgerError
from jobledger.domain.job import commands as c
from jobledger.domain.job import events as e
from jobledger.domain.job.decide import decide
from jobledger.domain.job.evolve import evolve
from jobledger.domain.job.importing import take_over
from jobledger.domain.job.lifecycle import NEW, REMOVED, TABLE
from jobledger.domain.job.origin import Cause, FromSchedule
from jobledger.testing.strategies import keys, platforms, texts

moments = st.timedeltas(timedelta(days=-364), timedelta(days=364)).map(lambda by: NOON + by)
jobs = st.builds(
    NewJob,
    account_id=texts,
    content=texts,
    scheduled_time=moments,
    priority=st.sampled_from(JobPriority),
    max_retries=st.integers(0, 1000),
    platform=platforms,
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
        "until": moments,
        "publish_timeout_s": st.none() | st.floats(0.001, 1e6),
        "priority": st.sampled_from(JobPriority),
        "reason": words,
        "late_s": st.floats(0, 1e9),
        "imported": st.none() | jobs_elsewhere().map(lambda item: take_over(item, NOON).imported),
    }
    known["post"] = st.none() | posts
    known["schedule"] = st.none() | st.sampled_from(get_args(Cause))
    if kind is e.JobAdded:
        known["schedule"] = st.none() | st.builds(
            FromSchedule, schedule_id=words, occurrence=words, number=st.integers(1, 10**6)
        )
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
@given(st.sampled_from(list(e.JOB_EVENTS.values())).flatmap(data_of))
def test_the_data_of_every_event_comes_back_from_its_json(data: e.EventData) -> None:
    """encode_data and decode_data are inverse."""
    assert decode_data(data.TYPE, SCHEMA[data.TYPE], encode_data(data)) == data


class Moment(datetime):
    """A time that holds more than the log does."""


class Count(IntEnum):
    TWO = 2


class Words(StrEnum):
    HELLO = "xin chào"


@pytest.mark.parametrize(
    "fields",
    [
        {"scheduled_time": Moment(2026, 3, 2, 12, tzinfo=UTC)},
        {"scheduled_time": datetime(2026, 3, 2, 12, fold=1, tzinfo=UTC)},
        {"scheduled_time": datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))},
        {"max_retries": Count.TWO},
        {"account_id": Words.HELLO, "content": Words.HELLO, "platform": Words.HELLO},
        {"metadata": {Words.HELLO: [Words.HELLO, Count.TWO, (1.0, True)]}},
        {"publish_timeout": timedelta(seconds=5)},
    ],
    ids=str,
)
def test_what_is_decided_is_what_reading_it_gives_to_the_very_types(fields: dict[str, Any]) -> None:
    """What was just appended is not decoded again: it must not differ in anything."""
    job = msgspec.structs.replace(NewJob("mai", "xin chào", NOON), **fields)
    [data] = decide(None, c.Add(job_id="j", job=job), NOON)
    read = decode_data(data.TYPE, SCHEMA[data.TYPE], encode_data(data))
    assert repr(read) == repr(data)
    assert [type(value) for value in msgspec.structs.astuple(read)] == [
        type(value) for value in msgspec.structs.astuple(data)
    ]


OFTEN = {"start", "retry", "interrupt", "resolve", "requeue"}
"""What makes a walk long: without it most would soon be cancelled or removed."""
impatient = jobs.map(lambda new: msgspec.structs.replace(new, max_retries=new.max_retries % 3))
"""Jobs whose retries a walk can use up."""


def command_of(trigger: str, now: datetime, attempt: int) -> st.SearchStrategy[c.Command]:
    """Any command of a trigger, of that attempt where it is of one."""
    soon = st.timedeltas(timedelta(hours=-30), timedelta(hours=30)).map(lambda by: now + by)
    number = st.just(attempt)
    failure: dict[str, Any] = {"attempt": number, "error": words}
    strategies: dict[str, st.SearchStrategy[c.Command]] = {
        "add": st.builds(c.Add, job_id=st.just("j"), job=impatient),
        "import": jobs_elsewhere().map(lambda item: c.Import(job_id="j", job=item)),
        "hold": st.builds(c.Hold),
        "release": st.builds(c.Release),
        "edit": st.builds(c.Edit, content=texts, priority=st.sampled_from(JobPriority)),
        "reschedule": st.builds(c.Reschedule, scheduled_time=soon),
        "defer": st.builds(c.Defer, until=soon, reason=words)
        | st.builds(c.Foretell, reason=st.none() | words),
        "start": st.builds(c.Start, reconcilable=st.booleans()),
        "note": st.builds(c.Note, attempt=number, message=words),
        "checkpoint": st.builds(c.Checkpoint, attempt=number, name=st.just("n"), value=values),
        "complete": st.builds(c.Complete, attempt=number, thread_id=st.none() | words),
        "retry": st.builds(c.Fail, **failure),
        "fail": st.builds(
            c.Fail, **failure, retryable=st.just(False), outcome_unknown=st.booleans()
        ),
        "interrupt": st.builds(
            c.Interrupt,
            **failure,
            reason=st.sampled_from(["crashed", "stuck", "reconcile_failed"]),
            on_interrupted=st.sampled_from(["retry", "fail"]),
            settle_s=st.none() | st.floats(0, 100),
            ask_always=st.booleans(),
        )
        | st.builds(c.PutBack, **failure),
        "cancel": st.builds(c.Cancel, reason=st.just("") | words),
        "expire": st.builds(c.Expire),
        "requeue": st.builds(c.Requeue, scheduled_time=soon),
        "resolve": st.builds(c.Resolve, posted=st.booleans(), thread_id=st.none() | words),
        "remove": st.builds(c.Remove),
    }
    return strategies[trigger]


def check_sense(job: ScheduledJob, before: ScheduledJob | None) -> None:
    """Check what holds of every job that a legal history leads to."""
    assert (job.completed_at is not None) == (job.status is JobStatus.COMPLETED)
    assert not job.outcome_unknown or job.status is JobStatus.FAILED
    assert not job.in_doubt or job.status not in (JobStatus.COMPLETED, JobStatus.FAILED)
    assert not job.exhausted or job.in_doubt
    started = before is not None and before.status is not JobStatus.RUNNING
    begins = started and job.status is JobStatus.RUNNING
    if before is not None:
        assert job.attempt == before.attempt + begins
        assert job.retry_count <= max(before.retry_count, job.max_retries)


@pytest.mark.parametrize("part", one_in(3, range(3)))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_walk_of_commands_stays_inside_the_lifecycle(part: int, data: st.DataObject) -> None:
    """Each event follows legally, versions have no gaps, a refusal changes nothing, and the log
    that was written down and read back folds into the same jobs."""
    job: ScheduledJob | None = None
    now, versions, folded = NOON, 0, []
    log: list[tuple[Event, bytes]] = []
    for _ in range(data.draw(st.integers(10, 40))):
        state = NEW if job is None else job.status.value
        legal = [trigger for source, trigger in TABLE if source == state]
        legal += [trigger for trigger in legal if trigger in OFTEN] * 6
        triggers = legal if data.draw(st.integers(0, 9)) else list(e.PAST_TENSE)
        trigger = data.draw(st.sampled_from(triggers))
        attempt = 0 if job is None else job.attempt - data.draw(st.integers(0, 9)) // 9
        now += data.draw(st.timedeltas(timedelta(minutes=-5), timedelta(hours=1)))
        if job is None and trigger not in ("add", "import", "note", "complete"):
            continue  # the ledger does not ask for a change of a job that is not there
        if job is not None and trigger == "start":
            now = max(now, job.scheduled_time)
        command = data.draw(command_of(trigger, now, attempt))
        try:
            decided = decide(job, command, now)
        except JobLedgerError:
            continue
        for item in decided:
            versions += 1
            before, source = job, state
            event = Event(
                seq=versions, at=now, type=item.TYPE, job_id="j", version=versions, data=item
            )
            job = evolve(before, event)
            state = REMOVED if job is None else job.status.value
            assert state in TABLE[source, item.trigger]
            assert before is None or before.status is not JobStatus.COMPLETED or job is None
            if job is not None:
                assert job.version == versions
                check_sense(job, before)
            log.append((event, encode_data(item)))
            folded.append(job)
        if state == REMOVED:
            break
    again: ScheduledJob | None = None
    for (each, line), expected in zip(log, folded, strict=True):
        decoded = decode_data(each.type, SCHEMA[each.type], line)
        assert repr(decoded) == repr(each.data)  # live state is made of what was decided
        again = evolve(again, Event(**(msgspec.structs.asdict(each) | {"data": decoded})))
        assert again == expected
