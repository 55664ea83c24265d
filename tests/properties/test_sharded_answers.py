"""A ledger of several shards answers as one without, whatever is said to both.

What may differ is said here: which of two jobs of different accounts comes first that have one
priority and one time, and the numbers of events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import uuid4

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON

from jobledger import (
    Event,
    JobLedgerError,
    JobPriority,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    NextSlot,
    ScheduledJob,
    ValidationError,
)
from jobledger.eventstore.engines.memory import forget_memory_ledgers

ACCOUNTS = [f"account-{n}" for n in range(6)]
JOBS = [f"job-{n}" for n in range(8)]
SCHEDULES = ["early", "late"]
Call = Callable[[Ledger], object]

accounts = st.sampled_from(ACCOUNTS)
jobs = st.sampled_from(JOBS)
minutes = st.integers(0, 3).map(lambda count: NOON + timedelta(minutes=count))
priorities = st.sampled_from(JobPriority)
versions = st.sampled_from([None, None, None, 1, 2])


def on_a_job(method: str, **said: Any) -> st.SearchStrategy[Call]:
    """Say something to a job, which may be there or not."""
    return st.builds(
        lambda job, version, values: (
            lambda ledger: getattr(ledger, method)(job, **values, version=version)
        ),
        jobs,
        versions,
        st.fixed_dictionaries(said),
    )


def add(account: str, job: str, at: Any, priority: JobPriority, hold: bool) -> Call:
    return lambda ledger: ledger.add_job(
        account, f"text of {job}", at, priority, job_id=job, hold=hold
    )


def add_some(account: str, some: list[str]) -> Call:
    return lambda ledger: ledger.add_jobs(
        [NewJob(account, "one of some", NOON, job_id=job) for job in some]
    )


def add_schedule(name: str, account: str) -> Call:
    return lambda ledger: ledger.add_schedule(
        name, "30 9 * * mon,thu", account_id=account, content="on {date:%d.%m.}"
    )


def on_a_schedule(method: str, name: str) -> Call:
    return lambda ledger: getattr(ledger, method)(name)


def cancel_all_of(account: str) -> Call:
    return lambda ledger: ledger.change_jobs(
        "cancel", [job.job_id for job in ledger.list_jobs(account, JobStatus.SCHEDULED)]
    )


calls: st.SearchStrategy[Call | timedelta] = st.one_of(
    st.builds(add, accounts, jobs, minutes, priorities, st.booleans()),
    st.builds(add, accounts, jobs, st.just(NextSlot()), priorities, st.just(False)),
    st.builds(add_some, accounts, st.lists(jobs, max_size=3)),
    st.builds(cancel_all_of, accounts),
    on_a_job("hold_job"),
    on_a_job("release_job"),
    on_a_job("edit_job", content=st.sampled_from(["another", ""])),
    on_a_job("reschedule_job", scheduled_time=minutes),
    on_a_job("cancel_job"),
    on_a_job("requeue_job", scheduled_time=minutes),
    on_a_job("resolve_job", posted=st.booleans()),
    on_a_job("remove_job"),
    st.builds(
        lambda account: lambda ledger: ledger.set_slots(account, {"fri": ["18:00", "19:30"]}),
        accounts,
    ),
    st.builds(add_schedule, st.sampled_from(SCHEDULES), accounts),
    st.builds(
        on_a_schedule,
        st.sampled_from(["pause_schedule", "resume_schedule", "skip_occurrence", "end_schedule"]),
        st.sampled_from(SCHEDULES),
    ),
    st.just(lambda ledger: ledger.cleanup_expired_jobs()),
    st.just(lambda ledger: ledger.plan_schedules()),
    st.sampled_from([timedelta(minutes=1), timedelta(hours=30), timedelta(days=4)]),
)


@settings(max_examples=60)
@given(st.lists(calls, max_size=30))
def test_it_answers_as_a_ledger_without_shards(said: list[Call | timedelta]) -> None:
    clock = ManualClock(NOON)
    moments = [clock.now()]
    with (
        closing(Ledger(f"memory:{uuid4()}", clock=clock)) as whole,
        closing(Ledger(f"memory:{uuid4()}?shards=3", clock=clock)) as sharded,
    ):
        for call in said:
            if isinstance(call, timedelta):
                clock.advance(call)
                moments.append(clock.now())
            else:
                assert answer(sharded, call) == answer(whole, call)
        look_the_same(sharded, whole)
        for moment in moments:
            alike(sharded.as_of(moment).list_jobs(), whole.as_of(moment).list_jobs())
        assert sharded.verify().ok
    forget_memory_ledgers()


def answer(ledger: Ledger, call: Call) -> object:
    """Return what a call gives, or with which words it is refused: of two reasons that something
    is not acceptable any may be told."""
    try:
        return call(ledger)
    except ValidationError:
        return ValidationError
    except JobLedgerError as error:
        return type(error), error.message


def look_the_same(sharded: Ledger, whole: Ledger) -> None:
    """Ask both the same questions."""
    asked: list[Callable[[Ledger], object]] = [
        lambda ledger: ledger.counts(),
        lambda ledger: ledger.accounts(),
        lambda ledger: ledger.count_unknown(),
        lambda ledger: ledger.all_slots(),
        lambda ledger: ledger.seq,
        lambda ledger: sorted(ledger.known_ids()),
        lambda ledger: {
            each.schedule_id: msgspec.structs.replace(each, order_added=0)
            for each in ledger.schedules()
        },
        lambda ledger: [ledger.counts(account) for account in ACCOUNTS],
        lambda ledger: [ledger.free_slots(account, 3) for account in ACCOUNTS],
    ]
    for ask in asked:
        assert ask(sharded) == ask(whole)
    for job in whole.known_ids():
        assert [said(event) for event in sharded.history(job)] == [
            said(event) for event in whole.history(job)
        ]
        assert answer(sharded, lambda ledger, job=job: ledger.get_job(job).to_dict()) == answer(  # type: ignore[misc]  # a loop's own
            whole,
            lambda ledger, job=job: ledger.get_job(job).to_dict(),  # type: ignore[misc]  # as above
        )
        assert str(sharded.why(job).answer) == str(whole.why(job).answer)
    alike(sharded.get_ready_jobs(), whole.get_ready_jobs())
    for status in (None, JobStatus.SCHEDULED):
        alike(sharded.list_jobs(status=status), whole.list_jobs(status=status))
    for account in ACCOUNTS:
        assert [job.job_id for job in sharded.list_jobs(account)] == [
            job.job_id for job in whole.list_jobs(account)
        ]
    assert [job.job_id for job in paged(sharded)] == [
        job.job_id for job in sharded.list_jobs(order="time")
    ]
    assert sorted(map(repr, map(said, sharded.events()))) == sorted(
        map(repr, map(said, whole.events()))
    )


def said(event: Event) -> tuple[object, ...]:
    """Return what an event says, but for its number."""
    return event.at, event.type, event.job_id, event.version, event.data


def paged(ledger: Ledger) -> Iterator[ScheduledJob]:
    after: str | None = None
    while page := ledger.list_jobs(order="time", limit=3, after=after):
        yield from page
        after = page[-1].cursor


def alike(found: list[ScheduledJob], wanted: list[ScheduledJob]) -> None:
    """Check that two lists are in one order, but for what may differ, and have the same jobs."""

    def grouped(some: list[ScheduledJob]) -> list[tuple[object, list[dict[str, Any]]]]:
        by_rank = groupby(some, key=lambda job: (-job.priority, job.scheduled_time))
        return [
            (key, sorted((job.to_dict() for job in of_one), key=lambda job: job["job_id"]))
            for key, of_one in by_rank
        ]

    assert grouped(found) == grouped(wanted)


def test_the_jobs_of_an_account_are_in_the_order_of_adding() -> None:
    clock = ManualClock(NOON)
    with Ledger(f"memory:{uuid4()}?shards=3", clock=clock) as ledger:
        added = [ledger.add_job(ACCOUNTS[n % 2], "text", NOON) for n in range(10)]
        listed = [job.job_id for job in ledger.list_jobs() if job.account_id == ACCOUNTS[0]]
    assert listed == added[::2]
    forget_memory_ledgers()
