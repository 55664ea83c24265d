"""All jobs by id, the closed ones packed; and the sets of ids: both like a dict and a set."""

from __future__ import annotations

import random
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobledger import JobPriority, JobStatus, ScheduledJob
from jobledger.domain.job.doubt import Doubt
from jobledger.domain.job.state import NO_KEYS
from jobledger.projections import jobs as module
from jobledger.projections import picked_jobs
from jobledger.projections.id_set import IdSet
from jobledger.projections.jobs import Jobs
from jobledger.projections.picked_jobs import pack, place_in_file, unpack

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
IDS = [f"j{n}" for n in range(20)]


def _count_reading(patch: pytest.MonkeyPatch) -> list[object]:
    """Note the pages that are read from now on."""
    read: list[object] = []

    def counted(page: Any) -> Any:
        read.append(page)
        return unpack(page)

    patch.setattr(module, "unpack", counted)
    patch.setattr(picked_jobs, "unpack", counted)
    return read


def job_of(job_id: str, status: JobStatus, version: int = 1, **fields: Any) -> ScheduledJob:
    return ScheduledJob(
        job_id=job_id,
        account_id="a",
        content=f"text of {job_id}",
        scheduled_time=NOON,
        status=status,
        version=version,
        **fields,
    )


CHANGES = st.lists(
    st.tuples(st.sampled_from(IDS), st.sampled_from([*JobStatus, None])), max_size=300
)


@given(changes=CHANGES)
@settings(max_examples=150, deadline=None)
def test_jobs_are_like_a_dict(changes: list[tuple[str, JobStatus | None]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PAGE_JOBS", 3)
        jobs, model = Jobs(), dict[str, ScheduledJob]()
        for version, (job_id, status) in enumerate(changes):
            if status is not None:
                model[job_id] = job_of(job_id, status, version)
                jobs.put(model[job_id])
            elif job_id in model:
                del model[job_id]
                jobs.remove(job_id)
            assert jobs.find(job_id) == model.get(job_id)
            assert sum(not page.is_empty for page in jobs.pages) <= 3 * len(IDS)
        assert dict(jobs) == model
        assert len(jobs) == len(model)
        assert set(jobs.open) == {i for i, job in model.items() if job.status in module.OPEN}
        half = IDS[::2]
        present = [job_id for job_id in half if job_id in model]
        assert [job_id for job_id in half if job_id in jobs] == present
        assert {job.job_id: job for job in jobs.collect(present)} == {i: model[i] for i in present}
        with pytest.raises(KeyError):
            jobs["nobody"]


@given(changes=CHANGES)
@settings(max_examples=150, deadline=None)
def test_members_are_like_a_set(changes: list[tuple[str, JobStatus | None]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobledger.projections.id_set._FEW", 2)
        members, model = IdSet(), set[str]()
        for job_id, _ in changes:
            if job_id in model:
                model.remove(job_id)
                members.remove(job_id)
            else:
                model.add(job_id)
                members.add(job_id)
            assert len(members) == len(model)
        assert sorted(members) == sorted(model)


def test_members_that_left_are_not_kept_for_ever() -> None:
    members = IdSet()
    for n in range(100_000):
        members.add(f"j{n}")
        if n >= 10:
            members.remove(f"j{n - 10}")
    assert len(members) == 10
    assert len(members._all) < 200


def test_closed_jobs_are_packed() -> None:
    """A page is many jobs, and reading jobs next to each other reads it once."""
    jobs = Jobs()
    for n in range(10_000):
        jobs.put(job_of(f"j{n}", JobStatus.COMPLETED))
    assert len(jobs.recent) < 2 * module.PAGE_JOBS
    assert len(jobs.pages) == (len(jobs) - len(jobs.recent)) // module.PAGE_JOBS
    with pytest.MonkeyPatch.context() as patch:
        read = _count_reading(patch)
        for n in range(module.PAGE_JOBS):
            assert jobs[f"j{n}"].job_id == f"j{n}"
        assert len(read) == 1
        jobs.collect([f"j{n}" for n in range(10_000)])
    assert len(read) == len(jobs.pages)


@given(changes=CHANGES, times=st.lists(st.integers(0, 9), min_size=20, max_size=20))
@settings(max_examples=150, deadline=None)
def test_jobs_that_were_picked_stay_as_they_were(
    changes: list[tuple[str, JobStatus | None]], times: list[int]
) -> None:
    """Whatever changes afterwards; in the order of their times, then of adding."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PAGE_JOBS", 2)
        patch.setattr(picked_jobs, "PAGE_JOBS", 2)
        patch.setattr(picked_jobs, "_MOST_OPEN", 1)
        jobs, model = Jobs(), dict[str, ScheduledJob]()
        picked, expected = jobs.pick(()), list[ScheduledJob]()
        for version, (job_id, status) in enumerate(changes):
            if version == len(changes) // 2:
                chosen = list(model)[::2]
                picked = jobs.pick(chosen, picked_jobs.Pages())
                expected = [model[job_id] for job_id in chosen]
            if status is not None:
                when = NOON + timedelta(hours=times[version % 20])
                job = job_of(job_id, status, version, order=version)
                model[job_id] = msgspec.structs.replace(job, scheduled_time=when)
                jobs.put(model[job_id])
            elif job_id in model:
                del model[job_id]
                jobs.remove(job_id)
        assert len(picked) == len(expected)
        for _ in range(2):
            assert list(picked.in_order()) == sorted(expected, key=place_in_file)
            assert {job.job_id: job for job in picked} == {job.job_id: job for job in expected}
        assert {job.job_id: job for job in jobs.each()} == model
        assert len(list(jobs.each())) == len(model)


@pytest.mark.parametrize(
    ("jobs_mixed", "reads", "bytes_each"), [(1, 2.1, 60), (7, 2.1, 60), (100_000, 3.5, 350)]
)
def test_few_jobs_are_there_as_values_while_they_are_put_in_order(
    jobs_mixed: int, reads: float, bytes_each: int
) -> None:
    """Closed nearly in the order of their times, with one that was late, or in any order: each page
    is read a few times."""
    chance = random.Random(1)
    jobs, count = Jobs(), 20_000
    for n in range(count):
        seconds = 0 if n == 15_000 else n + chance.randrange(jobs_mixed)
        when = NOON + timedelta(seconds=seconds)
        job = job_of(f"j{n}", JobStatus.FAILED, order=n, error=f"no {chance.random()}")
        jobs.put(msgspec.structs.replace(job, scheduled_time=when))
    picked = jobs.pick(jobs, picked_jobs.Pages())
    with pytest.MonkeyPatch.context() as patch:
        read = _count_reading(patch)
        tracemalloc.start()
        last, seen = (NOON - timedelta(days=1), 0), 0
        for job in picked.in_order():
            assert last < place_in_file(job)
            last, seen = place_in_file(job), seen + 1
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert seen == count
    assert len(read) <= reads * len(jobs.pages)
    assert peak / count < bytes_each, "as values they take 700 bytes each"


def test_the_same_jobs_are_the_same_however_they_are_packed() -> None:
    """And one that differs, lacks or is there besides makes them others."""
    one, other = Jobs(), Jobs()
    for n in range(1_000):
        one.put(job_of(f"j{n}", JobStatus.COMPLETED))
        other.put(job_of(f"j{999 - n}", JobStatus.COMPLETED))
    assert one.same_as(other)
    other.put(job_of("j5", JobStatus.FAILED))
    assert not one.same_as(other)
    other.put(job_of("j5", JobStatus.COMPLETED))
    assert one.same_as(other)
    other.remove("j7")
    assert not one.same_as(other)
    other.put(job_of("j1000", JobStatus.COMPLETED))
    assert not one.same_as(other)


def test_jobs_that_are_only_said_to_be_on_a_page_are_not_there() -> None:
    """The other one may be anything: what it says of its pages is looked up in them."""
    one, other = Jobs(), Jobs()
    for n in range(1_000):
        one.put(job_of(f"j{n}", JobStatus.COMPLETED))
        other.put(job_of(f"k{n}" if n == 3 else f"j{n}", JobStatus.COMPLETED))
    other.places.put(["j3"], other.places.get("k3") - 1)
    with pytest.raises(KeyError):
        one.same_as(other)


def test_a_page_gives_back_what_was_packed() -> None:
    whole = job_of(
        "j",
        JobStatus.FAILED,
        priority=JobPriority.URGENT,
        error="không được 🙈",
        metadata={"n": 2**70, "x": [1.5, None, {"y": True}]},
        checkpoints={"container": "17"},
        created_at=NOON + timedelta(microseconds=1),
        completed_at=datetime.max.replace(tzinfo=UTC),
        started_at=datetime.min.replace(tzinfo=UTC),
        doubt=Doubt.UNKNOWN,
        publish_timeout_s=0.1,
    )
    bare = job_of("k", JobStatus.CANCELLED, metadata=NO_KEYS)
    assert unpack(pack([whole, bare])) == [whole, bare]


def test_the_empty_dict_that_jobs_share_cannot_be_changed() -> None:
    """A projection of a user's own gets the jobs themselves, not copies."""
    with pytest.raises(TypeError, match="cannot be changed"):
        NO_KEYS["x"] = 1
    for change in (
        lambda: NO_KEYS.update(x=1),
        lambda: NO_KEYS.setdefault("x", 1),
        lambda: NO_KEYS.__ior__({"x": 1}),
    ):
        with pytest.raises(TypeError):
            change()
    assert NO_KEYS == {}
