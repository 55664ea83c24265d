"""Recovery: a crash between the post and its record, in every mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.publishers import Asking, Crash, Recording, crash, dying

from jobledger import (
    Attempt,
    InvalidTransitionError,
    JobStatus,
    ManualClock,
    OutcomeUnknown,
    PostResult,
    ScheduledJob,
    Scheduler,
)
from jobledger.explanation import Surroundings, explain

MINUTES = timedelta(minutes=1)


@pytest.fixture
def reopen(directory: Path, clock: ManualClock) -> Iterator[Callable[..., Scheduler]]:
    """Give what opens a scheduler; each call closes the one before, as a restart does."""
    opened: list[Scheduler] = []

    def open_anew(**settings: Any) -> Scheduler:
        if opened:
            opened.pop().close()
        opened.append(Scheduler(directory, clock=clock, **settings))
        return opened[-1]

    yield open_anew
    if opened:
        opened.pop().close()


def crashed_job(
    reopen: Callable[..., Scheduler], clock: ManualClock, publisher: Any, **job: Any
) -> str:
    """Leave a job whose runner died inside its publisher; the ledger has been let go of."""
    scheduler = reopen()
    job_id = scheduler.add_job("a", "x", clock.now(), **job)
    with dying():
        scheduler.run_due(publisher)
    return job_id


def facts(job: ScheduledJob) -> tuple[JobStatus, int, bool, bool]:
    return job.status, job.retry_count, job.in_doubt, job.outcome_unknown


def test_opening_recovers_a_running_job_with_backoff(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """At least once: back to SCHEDULED in two minutes, counted as a failed attempt."""
    job_id = crashed_job(reopen, clock, crash)
    scheduler = reopen()
    job = scheduler.get_job(job_id)
    assert facts(job) == (JobStatus.SCHEDULED, 1, False, False)
    assert job.scheduled_time == clock.now() + 2 * MINUTES
    assert scheduler.history(job_id)[-1].type == "interrupted"
    clock.advance(2 * MINUTES)
    post = Recording()
    assert scheduler.run_due(post) == 1
    assert post.posted == ["x"]
    assert scheduler.get_job(job_id).status is JobStatus.COMPLETED


def test_without_retries_left_a_crashed_job_fails_with_its_outcome_unknown(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """It may be out; a person resolves or requeues it."""
    job_id = crashed_job(reopen, clock, crash, max_retries=0)
    scheduler = reopen()
    assert facts(scheduler.get_job(job_id)) == (JobStatus.FAILED, 0, False, True)
    scheduler.resolve_job(job_id, posted=True, thread_id="found")
    job = scheduler.get_job(job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "found")


def test_at_most_once_never_posts_again_by_itself(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """on_interrupted="fail": FAILED with outcome unknown, although retries are left."""
    job_id = crashed_job(reopen, clock, crash)
    scheduler = reopen(on_interrupted="fail")
    assert facts(scheduler.get_job(job_id)) == (JobStatus.FAILED, 0, False, True)
    clock.advance(60 * MINUTES)
    assert scheduler.run_due(Recording()) == 0
    scheduler.requeue_job(job_id, clock.now())
    post = Recording()
    assert scheduler.run_due(post) == 1
    assert scheduler.get_job(job_id).status is JobStatus.COMPLETED


def test_a_post_that_is_out_is_completed_without_posting(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """The next attempt asks before anything else, and takes the id that it is told."""
    publisher = Asking(crash, lambda attempt: PostResult(True, "already-out"))
    job_id = crashed_job(reopen, clock, publisher)
    scheduler = reopen()
    assert facts(scheduler.get_job(job_id)) == (JobStatus.SCHEDULED, 1, True, False)
    clock.advance(2 * MINUTES)
    assert scheduler.run_due(publisher) == 1
    assert publisher.calls == ["publish", "reconcile"]
    job = scheduler.get_job(job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "already-out")


def test_a_post_that_is_not_out_is_published_in_the_same_attempt(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """Not out, and a retry was left."""
    job_id = crashed_job(reopen, clock, Asking(crash))
    scheduler = reopen()
    clock.advance(2 * MINUTES)
    publisher = Asking(on_reconcile=lambda attempt: PostResult(False))
    scheduler.run_due(publisher)
    assert publisher.calls == ["reconcile", "publish"]
    job = scheduler.get_job(job_id)
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 2)


def test_a_post_that_is_not_out_has_failed_when_no_retry_was_left(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """It is asked all the same; the outcome is known then, so there is nothing to resolve."""
    job_id = crashed_job(reopen, clock, Asking(crash), max_retries=0)
    scheduler = reopen()
    assert facts(scheduler.get_job(job_id)) == (JobStatus.SCHEDULED, 0, True, False)
    clock.advance(2 * MINUTES)
    publisher = Asking(on_reconcile=lambda attempt: PostResult(False))
    scheduler.run_due(publisher)
    assert publisher.calls == ["reconcile"]
    assert facts(scheduler.get_job(job_id)) == (JobStatus.FAILED, 0, False, False)
    with pytest.raises(InvalidTransitionError):
        scheduler.resolve_job(job_id, posted=True)


def test_a_post_that_nobody_can_tell_of_is_left_to_a_person(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """FAILED with outcome unknown, never retried by itself; requeued, it is published."""
    job_id = crashed_job(reopen, clock, Asking(crash))
    scheduler = reopen()
    clock.advance(2 * MINUTES)
    scheduler.run_due(Asking(on_reconcile=lambda attempt: None))
    job = scheduler.get_job(job_id)
    assert facts(job) == (JobStatus.FAILED, 1, False, True)
    clock.advance(60 * MINUTES)
    publisher = Asking()
    assert scheduler.run_due(publisher) == 0
    scheduler.requeue_job(job_id, clock.now())
    scheduler.run_due(publisher)
    assert publisher.calls == ["publish"]
    assert facts(scheduler.get_job(job_id)) == (JobStatus.COMPLETED, 0, False, False)


@pytest.mark.parametrize("answer", [lambda attempt: 1 / 0, lambda attempt: "yes"])
def test_when_asking_fails_it_is_asked_again_while_retries_are_left(
    reopen: Callable[..., Scheduler], clock: ManualClock, answer: Callable[[Attempt], Any]
) -> None:
    """Nothing is published on a guess; at the end a person is asked."""
    job_id = crashed_job(reopen, clock, Asking(crash), max_retries=2)
    scheduler = reopen()
    publisher = Asking(on_reconcile=answer)
    seen = []
    for _ in range(4):
        clock.advance(30 * MINUTES)
        scheduler.run_due(publisher)
        seen.append(facts(scheduler.get_job(job_id)))
    assert publisher.calls == ["reconcile", "reconcile"]
    assert seen == [
        (JobStatus.SCHEDULED, 2, True, False),
        (JobStatus.FAILED, 2, False, True),
        (JobStatus.FAILED, 2, False, True),
        (JobStatus.FAILED, 2, False, True),
    ]


def test_a_publisher_that_can_no_longer_be_asked_follows_on_interrupted(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """The program was changed between the crash and the restart."""
    job_id = crashed_job(reopen, clock, Asking(crash))
    scheduler = reopen(on_interrupted="fail")
    clock.advance(2 * MINUTES)
    post = Recording()
    scheduler.run_due(post)
    assert post.posted == []
    assert facts(scheduler.get_job(job_id)) == (JobStatus.FAILED, 1, False, True)


def test_the_attempt_in_doubt_is_there_to_ask_with(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """Its number and its checkpoints, which were durable before checkpoint() returned; what the
    asking itself records belongs to the attempt that asks."""

    def publish(attempt: Attempt) -> PostResult:
        attempt.checkpoint("container", "c-9")
        raise Crash

    asked: list[tuple[int, dict[str, Any]]] = []

    def reconcile(attempt: Attempt) -> PostResult:
        asked.append((attempt.number, attempt.checkpoints))
        attempt.note("asking")
        return PostResult(True)

    crashed_job(reopen, clock, Asking(publish))
    scheduler = reopen()
    clock.advance(2 * MINUTES)
    scheduler.run_due(Asking(on_reconcile=reconcile))
    assert asked == [(1, {"container": "c-9"})]
    (noted,) = scheduler.events(types=["noted"])
    assert noted.to_dict()["data"]["attempt"] == 2


def raise_unknown(*_: object) -> PostResult:
    raise OutcomeUnknown("timed out after sending")


@pytest.mark.parametrize("publish", [raise_unknown, lambda *_: PostResult.unknown("timed out")])
def test_an_unknown_outcome_is_asked_about_after_a_settle_delay(
    reopen: Callable[..., Scheduler], clock: ManualClock, publish: Callable[..., PostResult]
) -> None:
    """The publisher itself says that it cannot tell."""
    scheduler = reopen(settle_s=30)
    job_id = scheduler.add_job("a", "x", clock.now())
    publisher = Asking(publish, lambda attempt: PostResult(True, "out"))
    scheduler.run_due(publisher)
    job = scheduler.get_job(job_id)
    assert facts(job) == (JobStatus.SCHEDULED, 1, True, False)
    assert job.scheduled_time == clock.now() + timedelta(seconds=30)
    clock.advance(timedelta(seconds=30))
    scheduler.run_due(publisher)
    assert publisher.calls == ["publish", "reconcile"]
    assert scheduler.get_job(job_id).status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("mode", "status", "unknown"),
    [("retry", JobStatus.SCHEDULED, False), ("fail", JobStatus.FAILED, True)],
)
def test_an_unknown_outcome_that_cannot_be_asked_about_follows_on_interrupted(
    reopen: Callable[..., Scheduler],
    clock: ManualClock,
    mode: str,
    status: JobStatus,
    unknown: bool,
) -> None:
    """As after a crash."""
    scheduler = reopen(on_interrupted=mode)
    job_id = scheduler.add_job("a", "x", clock.now())
    scheduler.run_due(raise_unknown)
    job = scheduler.get_job(job_id)
    assert (job.status, job.outcome_unknown) == (status, unknown)


def test_stuck_jobs_are_recovered_after_thirty_minutes(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """Exactly thirty is not stuck; the number is a setting and an argument."""
    scheduler = reopen()
    job_id = scheduler.add_job("a", "x", clock.now())
    counts = []

    def hang(account_id: str, content: str) -> PostResult:
        clock.advance(30 * MINUTES)
        counts.append(scheduler.recover_stuck_jobs())
        counts.append(scheduler.recover_stuck_jobs(29.9))
        return PostResult(True)

    scheduler.run_due(hang)
    assert counts == [0, 1]
    job = scheduler.get_job(job_id)
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 1)
    assert scheduler.recover_stuck_jobs() == 0


def test_recovering_all_leaves_alone_what_runs_here(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """An attempt that this very process is making is not a dead runner's."""
    scheduler = reopen()
    scheduler.add_job("a", "x", clock.now())
    counts = []

    def post(account_id: str, content: str) -> PostResult:
        counts.append(scheduler.recover_all_running_jobs())
        return PostResult(True)

    scheduler.run_due(post)
    assert counts == [0]
    assert scheduler.list_jobs()[0].status is JobStatus.COMPLETED


def test_an_interrupted_run_is_recorded_when_python_can_still_do_it(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """Ctrl-C inside a plain publisher."""

    def interrupted(account_id: str, content: str) -> PostResult:
        raise KeyboardInterrupt

    scheduler = reopen()
    job_id = scheduler.add_job("a", "x", clock.now())
    with pytest.raises(KeyboardInterrupt):
        scheduler.run_due(interrupted)
    event = scheduler.history(job_id)[-1]
    assert (event.type, event.to_dict()["data"]["reason"]) == ("interrupted", "stopped")


def test_crashing_again_and_again_never_posts_more_often_than_retries_allow(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """At least once is still bounded: max_retries + 1 attempts."""
    tries = []

    def dying_post(account_id: str, content: str) -> PostResult:
        tries.append(content)
        raise Crash

    scheduler = reopen()
    job_id = scheduler.add_job("a", "x", clock.now())
    for _ in range(8):
        if len(tries) < 4:
            with dying():
                scheduler.run_due(dying_post)
            scheduler = reopen()
        else:
            assert scheduler.run_due(dying_post) == 0
        clock.advance(20 * MINUTES)
    assert len(tries) == 4
    assert scheduler.get_job(job_id).status is JobStatus.FAILED


@pytest.mark.parametrize("first", [crash, Asking(crash)])
def test_an_attempt_that_failed_does_not_hide_an_earlier_one_that_may_be_out(
    reopen: Callable[..., Scheduler], clock: ManualClock, first: Any
) -> None:
    """Posted again without asking, refused for good: the first post may be out all the same."""
    job_id = crashed_job(reopen, clock, first)
    scheduler = reopen()
    clock.advance(2 * MINUTES)
    scheduler.run_due(Recording(lambda: PostResult(False, error="busy")))
    clock.advance(4 * MINUTES)
    scheduler.run_due(Recording(lambda: PostResult(False, error="banned", retryable=False)))
    job = scheduler.get_job(job_id)
    assert (job.status, job.outcome_unknown, job.error) == (JobStatus.FAILED, True, "banned")
    around = Surroundings(now=clock.now(), zone=ZoneInfo("UTC"))
    said = explain(job, scheduler.history(job_id), around).answer
    assert "attempt 1 before it was interrupted, and may have posted" in said
    assert "twice" not in said
    scheduler.resolve_job(job_id, posted=False)
    assert not scheduler.get_job(job_id).may_be_out


def test_a_post_or_a_requeue_settles_what_may_have_been_out(
    reopen: Callable[..., Scheduler], clock: ManualClock
) -> None:
    """A later final failure is then what it says."""
    job_id = crashed_job(reopen, clock, crash)
    scheduler = reopen()
    assert scheduler.get_job(job_id).may_be_out
    scheduler.cancel_job(job_id)
    scheduler.requeue_job(job_id, clock.now())
    scheduler.run_due(Recording(lambda: PostResult(False, error="banned", retryable=False)))
    assert not scheduler.get_job(job_id).outcome_unknown
