"""evolve: the job after an event."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from support.domain import NOON, Life, in_state

from jobledger import Event, InvalidTransitionError, JobPriority, JobStatus
from jobledger.domain.codec import decode_data, encode_data
from jobledger.domain.job import commands as c
from jobledger.domain.job import events as e
from jobledger.domain.job.evolve import evolve
from jobledger.domain.job.lifecycle import BY_TRIGGER


def event(life: Life, data: e.JobEvent, *, version: int | None = None) -> Event:
    """Make the next event of a life, or one that claims to be."""
    return Event(
        seq=99,
        at=life.now,
        type=data.TYPE,
        job_id="job",
        version=len(life.events) + 1 if version is None else version,
        data=data,
    )


def test_the_times_of_a_job_are_those_of_its_events() -> None:
    """created_at, started_at and completed_at."""
    life = Life()
    life.now += timedelta(minutes=1)
    attempt = life.start()
    life.now += timedelta(minutes=1)
    life.do(c.Complete(attempt=attempt, thread_id="t"))
    job = life.job
    assert job is not None
    assert [job.created_at, job.started_at, job.completed_at] == [
        NOON + timedelta(minutes=n) for n in range(3)
    ]
    assert (job.thread_id, job.version, job.order) == ("t", 3, 1)


def test_a_version_that_does_not_follow_is_refused() -> None:
    """Neither a gap nor a repetition."""
    life = Life()
    for version in (0, 1, 3):
        with pytest.raises(InvalidTransitionError):
            evolve(life.job, event(life, e.JobHeld(), version=version))
    with pytest.raises(InvalidTransitionError):
        evolve(None, event(life, e.JobHeld(), version=1))


@pytest.mark.parametrize("state", JobStatus)
def test_an_event_that_the_lifecycle_lacks_is_refused(state: JobStatus) -> None:
    """A forged history does not fold."""
    life = in_state(state)
    for data in (e.JobReleased(), e.JobStarted(attempt=9, reconcilable=False), e.JobCancelled()):
        legal = {
            "released": state is JobStatus.PENDING,
            "started": state is JobStatus.SCHEDULED,
            "cancelled": state in (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING),
        }[data.TYPE]
        if legal:
            assert evolve(life.job, event(life, data)) is not None
        else:
            with pytest.raises(InvalidTransitionError):
                evolve(life.job, event(life, data))


def test_removal_leaves_nothing() -> None:
    """None is what is left of the job."""
    life = Life()
    assert evolve(life.job, event(life, e.JobRemoved())) is None


def test_the_same_events_give_the_same_job() -> None:
    """Folded twice, and folded from their encoded form."""
    life = Life(metadata={"k": [1]})
    life.do(c.Hold(), c.Release(), c.Edit(priority=JobPriority.LOW, metadata={"m": 2}))
    attempt = life.start(reconcilable=True)
    life.do(
        c.Note(attempt=attempt, message="m"),
        c.Checkpoint(attempt=attempt, name="a", value=[1]),
        c.Checkpoint(attempt=attempt, name="b", value=None),
        c.Interrupt(attempt=attempt, reason="stuck", error="x"),
    )
    again = decoded = None
    for each in life.events:
        again = evolve(again, each)
        data = decode_data(each.type, 1, encode_data(each.data))
        decoded = evolve(decoded, msgspec.structs.replace(each, data=data))
    assert again == decoded == life.job
    assert life.job is not None
    assert life.job.checkpoints == {"a": [1], "b": None}


def test_a_success_clears_error_and_doubt() -> None:
    """What failed before is history."""
    life = Life()
    attempt = life.start(reconcilable=True)
    life.do(c.Interrupt(attempt=attempt, reason="crashed", error="x"))
    life.do(c.Complete(attempt=life.start(reconcilable=True)))
    assert life.job is not None
    assert (life.job.error, life.job.in_doubt, life.job.outcome_unknown) == (None, False, False)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda life: None, "Scheduled"),
        (lambda life: life.do(c.Hold()), "Held"),
        (lambda life: life.do(c.Cancel(reason="late")), "Cancelled: late"),
        (lambda life: life.start(), "Publishing (attempt 1)"),
        (
            lambda life: life.do(c.Fail(attempt=life.start(), error="x")),
            "Attempt 1 failed; retry 1 of 3 is due",
        ),
        (
            lambda life: life.do(c.PutBack(attempt=life.start(), error="x")),
            "Attempt 1 was not begun; the job is due again",
        ),
        (
            lambda life: life.do(c.PutBack(attempt=life.start(), error="x", of_account=True)),
            "Attempt 1 could post nothing for the account; the job is due again",
        ),
        (
            lambda life: life.do(c.Fail(attempt=life.start(), error="x", outcome_unknown=True)),
            "Outcome unknown: the post may be out; resolve or requeue it",
        ),
    ],
)
def test_the_status_message_says_what_is_going_on(make: object, says: str) -> None:
    """For people, in every state."""
    life = Life()
    make(life)  # type: ignore[operator]
    assert life.job is not None
    assert life.job.status_message == says


def test_an_event_that_leads_where_the_lifecycle_does_not_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Should `evolve` and the table ever disagree, nothing goes on from there."""
    life = Life()
    monkeypatch.setitem(BY_TRIGGER["hold"], "scheduled", ("cancelled",))
    with pytest.raises(InvalidTransitionError, match="from scheduled to pending, which the"):
        life.do(c.Hold())
