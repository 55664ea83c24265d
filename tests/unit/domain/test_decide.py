"""decide: given a job, when a command, then events or a refusal."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from support.domain import NOON, SECOND, Life, command_for, in_state, new

from jobledger import (
    InvalidScheduleTimeError,
    InvalidTransitionError,
    JobNotFoundError,
    JobPriority,
    JobStatus,
    RetryPolicy,
    ScheduledJob,
    StaleAttemptError,
    ValidationError,
)
from jobledger.domain.job import commands as c
from jobledger.domain.job import events as e
from jobledger.domain.job.decide import decide
from jobledger.domain.job.events import PAST_TENSE
from jobledger.domain.job.lifecycle import TABLE

MICROSECOND = timedelta(microseconds=1)
OF_ATTEMPT = {"note", "checkpoint", "complete", "retry", "fail", "interrupt"}


@pytest.mark.parametrize("trigger", PAST_TENSE)
@pytest.mark.parametrize("state", JobStatus)
def test_what_the_table_lacks_is_refused(state: JobStatus, trigger: str) -> None:
    """In every state; what it has is decided, or refused for another reason than the state."""
    life = in_state(state)
    command = command_for(trigger, life.now)
    if (state.value, trigger) in TABLE:
        if trigger in ("expire", "resolve"):
            with pytest.raises(InvalidTransitionError, match=r"late|known outcome"):
                decide(life.job, command, life.now)
        else:
            assert [item.TYPE for item in decide(life.job, command, life.now)] == [
                PAST_TENSE[trigger]
            ]
    else:
        refusal = StaleAttemptError if trigger in OF_ATTEMPT else InvalidTransitionError
        with pytest.raises(refusal) as caught:
            decide(life.job, command, life.now)
        assert isinstance(caught.value, StaleAttemptError | InvalidTransitionError)
        assert caught.value.job_id == "job"
        if isinstance(caught.value, InvalidTransitionError):
            assert (caught.value.state, caught.value.trigger) == (state.value, trigger)


def test_a_job_that_is_added_twice_is_refused() -> None:
    """Add is for what does not exist yet."""
    with pytest.raises(InvalidTransitionError):
        Life().do(c.Add(job_id="job", job=new()))


def test_start_needs_a_due_job() -> None:
    """Not a moment early, not when expired; exactly at its time and up to 24 h later."""
    life = Life()
    for distance, legal in [
        (-MICROSECOND, False),
        (timedelta(0), True),
        (timedelta(hours=24), True),
        (timedelta(hours=24) + MICROSECOND, False),
    ]:
        now = NOON + distance
        if legal:
            (started,) = decide(life.job, c.Start(reconcilable=True, runner="me"), now)
            assert started == e.JobStarted(attempt=1, reconcilable=True, runner="me")
        else:
            with pytest.raises(InvalidTransitionError, match=r"due at|expired"):
                decide(life.job, c.Start(), now)


def test_expire_needs_more_than_24_hours() -> None:
    """Exactly 24 h is not late enough; the setting counts."""
    life = Life()
    edge = NOON + timedelta(hours=24)
    with pytest.raises(InvalidTransitionError):
        decide(life.job, c.Expire(), edge)
    (expired,) = decide(life.job, c.Expire(), edge + SECOND)
    assert expired == e.JobExpired(late_s=86_401.0)
    assert decide(life.job, c.Expire(expire_after=timedelta(hours=1)), edge)


def test_an_edit_records_only_what_changes() -> None:
    """Nothing asked is an error, nothing changed is no event."""
    life = Life(metadata={"a": 1})
    assert life.do(c.Edit(content="text", metadata={"a": 1})) == []
    assert life.do(c.Edit(content="new", metadata={"a": 1})) == [e.JobEdited(content="new")]
    assert life.do(c.Edit(metadata=None)) == [e.JobEdited(metadata={})]
    with pytest.raises(ValidationError, match="nothing to edit"):
        life.do(c.Edit())
    for bad in (c.Edit(content=""), c.Edit(priority=1), c.Edit(metadata={"x": {1}})):  # type: ignore[arg-type]
        with pytest.raises(ValidationError):
            life.do(bad)


def test_times_are_checked_wherever_one_is_given() -> None:
    """reschedule and requeue, as add."""
    far = NOON + timedelta(days=366)
    with pytest.raises(InvalidScheduleTimeError):
        Life().do(c.Reschedule(scheduled_time=far))
    with pytest.raises(InvalidScheduleTimeError):
        in_state(JobStatus.FAILED).do(c.Requeue(scheduled_time=far))
    assert Life().do(c.Reschedule(scheduled_time=NOON)) == []


def test_failures_back_off_by_2_4_8_minutes_and_then_are_final() -> None:
    """The n-th failure waits 2**n minutes; after max_retries of them FAILED."""
    life = Life(max_retries=3)
    for failures, minutes in ((1, 2), (2, 4), (3, 8)):
        attempt = life.start()
        assert life.do(c.Fail(attempt=attempt, error="no")) == [
            e.JobRetried(
                attempt=failures,
                error="no",
                retry_count=failures,
                scheduled_time=life.now + timedelta(minutes=minutes),
            )
        ]
    attempt = life.start()
    assert life.do(c.Fail(attempt=attempt, error="no")) == [e.JobFailed(attempt=4, error="no")]


def test_a_failure_may_be_final_at_once() -> None:
    """Not retryable, or its outcome unknown."""
    life = Life()
    attempt = life.start()
    now = life.now
    assert decide(life.job, c.Fail(attempt=attempt, error="x", retryable=False), now) == [
        e.JobFailed(attempt=1, error="x")
    ]
    assert decide(life.job, c.Fail(attempt=attempt, error="x", outcome_unknown=True), now) == [
        e.JobFailed(attempt=1, error="x", outcome_unknown=True)
    ]


@pytest.mark.parametrize("on_interrupted", ["retry", "fail"])
@pytest.mark.parametrize("max_retries", [0, 2])
@pytest.mark.parametrize("reconcilable", [True, False])
def test_an_interruption_in_every_mode(
    reconcilable: bool, max_retries: int, on_interrupted: c.OnInterrupted
) -> None:
    """Asked again whatever is left; published again only where that is wanted and left."""
    life = Life(max_retries=max_retries)
    attempt = life.start(reconcilable=reconcilable)
    (event,) = life.do(
        c.Interrupt(attempt=attempt, reason="crashed", error="x", on_interrupted=on_interrupted)
    )
    assert isinstance(event, e.JobInterrupted)
    left = max_retries > 0
    again = reconcilable or (left and on_interrupted == "retry")
    assert event.scheduled_time == (life.now + timedelta(minutes=2) if again else None)
    assert event.retry_count == (1 if again and left else 0)
    assert event.in_doubt == reconcilable
    assert event.exhausted == (reconcilable and not left)
    assert life.job is not None
    assert life.job.outcome_unknown == (not again)


def test_the_settle_delay_replaces_the_backoff_only_where_someone_is_asked() -> None:
    """Publishing again keeps its backoff."""
    for reconcilable, delay in ((True, 5), (False, 120)):
        life = Life()
        attempt = life.start(reconcilable=reconcilable)
        life.do(c.Interrupt(attempt=attempt, reason="outcome_unknown", error="x", settle_s=5))
        assert life.job is not None
        assert life.job.scheduled_time == life.now + timedelta(seconds=delay)


def test_a_doubt_without_retries_stays_without_them() -> None:
    """Crashing again while asking neither gains a retry nor ends the asking."""
    life = Life(max_retries=0)
    for _ in range(3):
        attempt = life.start(reconcilable=True)
        life.do(c.Interrupt(attempt=attempt, reason="crashed", error="x"))
        assert life.job is not None
        assert (life.job.in_doubt, life.job.exhausted) == (True, True)
    attempt = life.start(reconcilable=True)
    life.do(c.Interrupt(attempt=attempt, reason="reconcile_failed", error="x", ask_always=False))
    assert life.job is not None
    assert (life.status, life.job.outcome_unknown) == (JobStatus.FAILED, True)


def _as_waiting(job: ScheduledJob | None) -> ScheduledJob:
    """Return what a waiting job is, but for what tells of the attempt that was begun meanwhile."""
    assert job is not None
    return msgspec.structs.replace(
        job, version=0, attempt=0, started_at=None, error=None, status_message=None
    )


@pytest.mark.parametrize("exhausted", [True, False])
@pytest.mark.parametrize("before", ["nothing", "in doubt", "may be out", "failed"])
def test_a_job_whose_publisher_was_never_called_is_what_it_was(
    before: str, exhausted: bool
) -> None:
    """Its time, its retries, what is in doubt about it: whatever came before."""
    life = Life(max_retries=1 if exhausted else 3)
    if before == "failed":
        life.do(c.Fail(attempt=life.start(), error="x"))
    elif before != "nothing":
        attempt = life.start(reconcilable=before == "in doubt")
        life.do(c.Interrupt(attempt=attempt, reason="crashed", error="x"))
    waiting = _as_waiting(life.job)
    attempt = life.start(reconcilable=waiting.in_doubt)
    [event] = life.do(c.PutBack(attempt=attempt, error="no thread"))
    assert isinstance(event, e.JobInterrupted if waiting.in_doubt else e.JobRetried)
    assert not event.called
    assert life.job is not None
    assert life.job.error == "no thread"
    now = _as_waiting(life.job)
    assert now == msgspec.structs.replace(waiting, reconcilable=now.reconcilable)
    with pytest.raises(StaleAttemptError):
        life.do(c.PutBack(attempt=attempt, error="no thread"))


@pytest.mark.parametrize("trigger", sorted(OF_ATTEMPT))
def test_a_stale_attempt_is_refused(trigger: str) -> None:
    """Of another number, of a job that runs no more, of one that is gone."""
    life = Life()
    life.start()
    life.do(c.Fail(attempt=1, error="x"))
    command = command_for(trigger, life.now)
    for job in (life.job, None):
        with pytest.raises(StaleAttemptError) as caught:
            decide(job, command, life.now)
        assert caught.value.attempt == 1
    life.start()
    with pytest.raises(StaleAttemptError):
        decide(life.job, command, life.now)


def test_resolve_is_for_unknown_outcomes() -> None:
    """Posted or not; then the outcome is known."""
    for posted, status in ((True, JobStatus.COMPLETED), (False, JobStatus.FAILED)):
        life = Life()
        attempt = life.start()
        life.do(c.Interrupt(attempt=attempt, reason="crashed", error="x", on_interrupted="fail"))
        life.do(c.Resolve(posted=posted, thread_id="t" if posted else None))
        assert life.status is status
        assert life.job is not None
        assert not life.job.outcome_unknown
        with pytest.raises(InvalidTransitionError):
            life.do(c.Resolve(posted=True))
    life = Life()
    attempt = life.start()
    life.do(c.Interrupt(attempt=attempt, reason="crashed", error="x", on_interrupted="fail"))
    with pytest.raises(ValidationError, match="thread_id"):
        life.do(c.Resolve(posted=False, thread_id="t"))
    life = in_state(JobStatus.FAILED)
    with pytest.raises(InvalidTransitionError, match="known outcome"):
        life.do(c.Resolve(posted=True))


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (c.Note(attempt=1, message=1), "message"),  # type: ignore[arg-type]
        (c.Checkpoint(attempt=1, name="", value=1), "name"),
        (c.Checkpoint(attempt=1, name="a\n", value=1), "name"),
        (c.Checkpoint(attempt=1, name="x" * 101, value=1), "name"),
        (c.Checkpoint(attempt=1, name="a", value={1}), "value"),
        (c.Checkpoint(attempt=1, name="a", value="x" * 65_536), "value"),
        (c.Cancel(reason=1), "reason"),  # type: ignore[arg-type]
    ],
)
def test_what_a_running_job_is_told_is_checked(command: c.Command, field: str) -> None:
    """The refusal names the field."""
    life = Life()
    life.start()
    with pytest.raises(ValidationError) as caught:
        life.do(command)
    assert caught.value.field == field


def test_a_requeued_job_has_all_its_retries_and_no_error() -> None:
    """And counts its attempts on."""
    life = Life(max_retries=1)
    for _ in range(2):
        life.do(c.Fail(attempt=life.start(), error="x"))
    assert life.status is JobStatus.FAILED
    life.do(c.Requeue(scheduled_time=life.now))
    assert life.job is not None
    assert (life.job.retry_count, life.job.error, life.job.attempt) == (0, None, 2)
    assert life.start() == 3


def test_a_doubt_that_nobody_looked_into_survives_a_requeue() -> None:
    """Cancelled in doubt and requeued: the next attempt still asks before it publishes."""
    life = Life(priority=JobPriority.HIGH)
    attempt = life.start(reconcilable=True)
    life.do(c.Interrupt(attempt=attempt, reason="crashed", error="x"))
    life.do(c.Cancel(), c.Requeue(scheduled_time=life.now))
    life.start(reconcilable=True)
    started = life.events[-1]
    assert isinstance(started.data, e.JobStarted)
    assert started.data.asks_first


def test_a_job_cancelled_in_mid_run_is_asked_about_when_it_comes_back() -> None:
    """The post may be out; where nobody can be asked, the person who requeues decides."""
    for reconcilable in (True, False):
        life = Life()
        life.start(reconcilable=reconcilable)
        assert life.do(c.Cancel()) == [e.JobCancelled(in_doubt=reconcilable)]
        life.do(c.Requeue(scheduled_time=life.now))
        life.start(reconcilable=reconcilable)
        started = life.events[-1].data
        assert isinstance(started, e.JobStarted)
        assert started.asks_first == reconcilable


def test_the_retry_policy_and_the_roll_come_with_the_command() -> None:
    """decide takes no chance of its own."""
    life = Life()
    attempt = life.start()
    retry = RetryPolicy(base_s=10, factor=1, jitter=0.5)
    for roll, seconds in ((0.0, 5), (0.5, 10), (1.0, 15)):
        (event,) = decide(
            life.job, c.Fail(attempt=attempt, error="x", retry=retry, roll=roll), life.now
        )
        assert isinstance(event, e.JobRetried)
        assert event.scheduled_time == life.now + timedelta(seconds=seconds)


def test_a_job_is_told_ahead_of_its_time_what_it_lacks_and_when_it_lacks_it_no_more() -> None:
    """Each once; and nothing is held back by it, nor anything told when its time has come."""
    life, due = Life(), NOON + timedelta(hours=1)
    life.do(c.Reschedule(scheduled_time=due))

    def standing() -> tuple[bool, bool]:
        assert life.job is not None
        return life.job.is_lacking, life.job.is_held_back

    assert life.do(c.Foretell(reason=None)) == []
    reason = "found ahead of its time: there is no picture"
    told = life.do(c.Foretell(reason="there is no picture"))
    assert told == [e.JobDeferred(until=due, reason=reason)]
    assert standing() == (True, False)
    assert life.do(c.Foretell(reason="there is no picture")) == []
    assert len(life.do(c.Foretell(reason="there is no video"))) == 1
    assert len(life.do(c.Foretell(reason=None))) == 1
    assert standing() == (False, False)
    life.do(c.Reschedule(scheduled_time=life.now))
    assert life.do(c.Foretell(reason="there is no picture")) == []


def test_a_job_is_told_once_until_when_it_is_held_back() -> None:
    life = Life()
    until = NOON + timedelta(hours=1)
    assert len(life.do(c.Defer(until=until, reason="pacing"))) == 1
    assert life.do(c.Defer(until=until, reason="pacing")) == []
    assert len(life.do(c.Defer(until=until + SECOND, reason="pacing"))) == 1


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (c.Resolve(posted="yes"), "posted"),  # type: ignore[arg-type]
        (c.Resolve(posted=True, thread_id=17), "thread_id"),  # type: ignore[arg-type]
        (c.Resolve(posted=False, thread_id="17"), "thread_id"),
    ],
)
def test_what_a_resolution_says_is_checked(command: c.Command, field: str) -> None:
    life = Life()
    attempt = life.start()
    life.do(c.Fail(attempt=attempt, error="?", retryable=False, outcome_unknown=True))
    with pytest.raises(ValidationError, match=field) as caught:
        life.do(command)
    assert caught.value.field == field


@pytest.mark.parametrize("trigger", sorted(set(PAST_TENSE) - {"add", "import"}))
def test_a_command_on_a_job_that_is_not_there_is_an_error_of_the_domain(trigger: str) -> None:
    """An attempt of a job that is gone is over; whatever else is asked finds no job."""
    command = command_for(trigger, NOON)
    of_attempt = isinstance(command, c.OfAttempt)
    with pytest.raises(StaleAttemptError if of_attempt else JobNotFoundError, match="cannot "):
        decide(None, command, NOON)
