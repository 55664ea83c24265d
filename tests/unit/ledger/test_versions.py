"""A change of what somebody saw: at its version or not at all; and of many jobs, in one write."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobledger import (
    InvalidTransitionError,
    JobMovedOnError,
    JobNotFoundError,
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    Scheduler,
    ValidationError,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Ledger:
    return Ledger(directory, clock=clock)


def _failed(ledger: Ledger, clock: ManualClock) -> str:
    with Scheduler(ledger.directory, clock=clock) as scheduler:
        job_id = scheduler.add_job("failing", "text", clock.now(), max_retries=0)
        scheduler.run_due(lambda account, content: PostResult.unknown("no answer"))
    return job_id


def _added(ledger: Ledger, clock: ManualClock, **more: Any) -> str:
    return ledger.add_job("a", "text", clock.now() + HOUR, **more)


Make = Callable[[Ledger, ManualClock], str]
Change = Callable[[Ledger, str, int], object]
CHANGES: dict[str, tuple[Make, Change]] = {
    "hold": (_added, lambda s, i, v: s.hold_job(i, version=v)),
    "release": (
        lambda s, k: _added(s, k, hold=True),
        lambda s, i, v: s.release_job(i, version=v),
    ),
    "edit": (_added, lambda s, i, v: s.edit_job(i, content="other", version=v)),
    "reschedule": (
        _added,
        lambda s, i, v: s.reschedule_job(i, s.now() + 2 * HOUR, version=v),
    ),
    "cancel": (_added, lambda s, i, v: s.cancel_job(i, version=v)),
    "requeue": (_failed, lambda s, i, v: s.requeue_job(i, s.now(), version=v)),
    "resolve": (_failed, lambda s, i, v: s.resolve_job(i, posted=True, version=v)),
    "remove": (_added, lambda s, i, v: s.remove_job(i, version=v)),
    "one of many": (_added, lambda s, i, v: s.change_jobs("hold", {i: v})),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_made_at_the_version_that_was_seen_or_not_at_all(
    ledger: Ledger, clock: ManualClock, name: str
) -> None:
    make, change = CHANGES[name]
    job_id = make(ledger, clock)
    seen = ledger.get_job(job_id)
    for other in (seen.version - 1 or seen.version + 2, seen.version + 1):
        with pytest.raises(JobMovedOnError, match=f"version {seen.version}, not {other}") as told:
            change(ledger, job_id, other)
        assert (told.value.job_id, told.value.expected) == (job_id, other)
        assert told.value.version == seen.version
        assert pickle.loads(pickle.dumps(told.value)).version == seen.version  # noqa: S301
    assert ledger.get_job(job_id) == seen
    change(ledger, job_id, seen.version)
    assert ledger.history(job_id)[-1].version == seen.version + 1


def test_a_change_by_another_process_counts(ledger: Ledger, clock: ManualClock) -> None:
    job_id = _added(ledger, clock)
    seen = ledger.get_job(job_id)
    with Ledger(ledger.directory, clock=clock) as other:
        other.edit_job(job_id, content="theirs")
    with pytest.raises(JobMovedOnError):
        ledger.edit_job(job_id, content="mine", version=seen.version)
    assert ledger.get_job(job_id).content == "theirs"


@pytest.mark.parametrize("version", [0, -1, True, "1", 1.0])
def test_what_is_no_version_is_refused(ledger: Ledger, clock: ManualClock, version: Any) -> None:
    job_id = _added(ledger, clock)
    with pytest.raises(ValidationError) as told:
        ledger.hold_job(job_id, version=version)
    assert told.value.field == "version"
    with pytest.raises(ValidationError):
        ledger.change_jobs("hold", {job_id: version})
    assert ledger.get_job(job_id).status is JobStatus.SCHEDULED


def test_many_are_changed_in_one_write(ledger: Ledger, clock: ManualClock) -> None:
    ids = [_added(ledger, clock) for _ in range(5)]
    before = {job_id: ledger.get_job(job_id) for job_id in ids}
    assert ledger.change_jobs("reschedule", ids, shift=-HOUR / 2) == 5
    assert {ledger.get_job(job_id).scheduled_time for job_id in ids} == {clock.now() + HOUR / 2}
    assert ledger.change_jobs("cancel", dict.fromkeys(ids, 2), reason="not today") == 5
    assert ledger.change_jobs("requeue", ids, scheduled_time=clock.now() + HOUR) == 5
    assert ledger.change_jobs("hold", ids) == 5
    assert ledger.change_jobs("release", ids) == 5
    assert ledger.change_jobs("remove", ids) == 5
    assert [event.type for event in ledger.history(ids[0])] == [
        "added", "rescheduled", "cancelled", "requeued", "held", "released", "removed",
    ]  # fmt: skip
    assert before.keys() & {job.job_id for job in ledger.list_jobs()} == set()
    lines = (next(ledger.directory.glob("events_*.jsonl"))).read_bytes().split(b"\n")
    batches = [line.split(b'"batch":')[1].split(b",")[0] for line in lines[6:-1]]
    assert [batches.count(batch) for batch in dict.fromkeys(batches)] == [5] * 6


def test_of_many_all_are_changed_or_none(ledger: Ledger, clock: ManualClock) -> None:
    one, two, held = (_added(ledger, clock, hold=last) for last in (False, False, True))
    seq = ledger.seq
    with pytest.raises(InvalidTransitionError, match=held):
        ledger.change_jobs("hold", [one, two, held])
    with pytest.raises(JobMovedOnError, match=two):
        ledger.change_jobs("hold", {one: 1, two: 2})
    with pytest.raises(JobNotFoundError, match="nobody"):
        ledger.change_jobs("hold", [one, "nobody"])
    with pytest.raises(ValidationError, match="scheduled_time"):
        ledger.change_jobs("reschedule", [one, two], shift=timedelta(days=400))
    assert ledger.seq == seq
    assert ledger.change_jobs("hold", []) == 0
    assert ledger.change_jobs("hold", [one, one]) == 1


def test_each_of_many_goes_to_a_time_of_its_own(ledger: Ledger, clock: ManualClock) -> None:
    """Naive ones are of the ledger's zone; all of them go, as they were seen, or none."""
    one, two = (_added(ledger, clock) for _ in range(2))
    times = {one: clock.now() + 2 * HOUR, two: (clock.now() + 3 * HOUR).replace(tzinfo=None)}
    assert ledger.change_jobs("reschedule", {one: 1, two: 1}, times=times) == 2
    assert [ledger.get_job(each).scheduled_time - clock.now() for each in (one, two)] == [
        2 * HOUR, 3 * HOUR,
    ]  # fmt: skip
    seq = ledger.seq
    with pytest.raises(JobMovedOnError, match=two):
        ledger.change_jobs("reschedule", {one: 2, two: 1}, times=times)
    with pytest.raises(ValidationError, match="scheduled_time"):
        ledger.change_jobs(
            "reschedule", [one, two], times=times | {two: clock.now() + 9_000 * HOUR}
        )
    assert ledger.seq == seq
    events = [event.to_dict() for event in ledger.events(seq - 2)]
    assert [(event["type"], event["more"]) for event in events] == [
        ("rescheduled", 1), ("rescheduled", 0),
    ]  # fmt: skip


def test_a_time_without_a_job_and_a_job_without_a_time_are_refused(
    ledger: Ledger, clock: ManualClock
) -> None:
    one, two = (_added(ledger, clock) for _ in range(2))
    for jobs, times, told in (
        ([one, two], {one: clock.now()}, f"'{two}' has no time"),
        ([one], {one: clock.now(), two: clock.now()}, f"'{two}' has no job"),
        ([one], [clock.now()], "times must say a time by each job's id"),
    ):
        with pytest.raises(ValidationError, match=told) as caught:
            ledger.change_jobs("reschedule", jobs, times=times)  # type: ignore[arg-type]  # a slip
        assert caught.value.field == "times"


@pytest.mark.parametrize(
    ("action", "arguments", "field"),
    [
        ("publish", {}, "action"),
        ("reschedule", {}, "shift"),
        ("reschedule", {"shift": 5}, "shift"),
        ("requeue", {}, "scheduled_time"),
        ("hold", {"reason": "why"}, "reason"),
        ("cancel", {"shift": HOUR}, "shift"),
        ("hold", {"times": {}}, "times"),
        ("reschedule", {"shift": HOUR, "times": {}}, "times"),
    ],
)
def test_an_action_takes_what_it_needs_and_no_more(
    ledger: Ledger, clock: ManualClock, action: Any, arguments: dict[str, Any], field: str
) -> None:
    job_id = _added(ledger, clock)
    with pytest.raises(ValidationError) as told:
        ledger.change_jobs(action, [job_id], **arguments)
    assert told.value.field == field
    with pytest.raises(ValidationError, match="not a text"):
        ledger.change_jobs("hold", job_id)
