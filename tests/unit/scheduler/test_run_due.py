"""Running jobs: order, retries, results, blocking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.eventstore import ACKNOWLEDGING, WatchedFileSystem
from support.publishers import Asking, Recording

from jobledger import (
    Attempt,
    JobPriority,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    PostResult,
    RetryPolicy,
    Scheduler,
    StaleAttemptError,
    ValidationError,
)
from jobledger.domain.job import commands as c
from jobledger.scheduler.adapter import PublisherAdapter


@pytest.fixture
def scheduler(directory: Path, clock: ManualClock) -> Iterator[Scheduler]:
    """Open a scheduler on a ledger of its own."""
    with Scheduler(directory, clock=clock) as opened:
        yield opened


def test_due_jobs_run_in_order_and_complete(scheduler: Scheduler, clock: ManualClock) -> None:
    """Highest priority first; the result is recorded."""
    for priority in JobPriority:
        scheduler.add_job("a", priority.name, clock.now(), priority)
    later = scheduler.add_job("a", "later", clock.now() + timedelta(minutes=1))
    post = Recording()
    assert scheduler.run_due(post) == 4
    assert post.posted == ["URGENT", "HIGH", "NORMAL", "LOW"]
    assert scheduler.get_job(later).status is JobStatus.SCHEDULED
    done = scheduler.list_jobs(status=JobStatus.COMPLETED)
    assert {(job.thread_id, job.completed_at, job.error) for job in done} == {
        ("t-1", clock.now(), None)
    }


def test_a_failure_is_retried_after_2_4_and_8_minutes_then_fails(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """The backoff, from the log."""
    job_id = scheduler.add_job("a", "x", clock.now())
    post = Recording(lambda: PostResult(False, error="no luck"))
    for minutes in (2, 4, 8):
        assert scheduler.run_due(post) == 1
        job = scheduler.get_job(job_id)
        assert job.status is JobStatus.SCHEDULED
        assert job.scheduled_time == clock.now() + timedelta(minutes=minutes)
        assert job.error == "no luck"
        clock.advance(timedelta(minutes=minutes, microseconds=-1))
        assert scheduler.run_due(post) == 0
        clock.advance(timedelta(microseconds=1))
    assert scheduler.run_due(post) == 1
    job = scheduler.get_job(job_id)
    assert (job.status, job.retry_count, job.error) == (JobStatus.FAILED, 3, "no luck")
    assert job.outcome_unknown is False


def test_a_final_failure_is_not_retried(scheduler: Scheduler, clock: ManualClock) -> None:
    """retryable=False."""
    job_id = scheduler.add_job("a", "x", clock.now())
    scheduler.run_due(Recording(lambda: PostResult(False, error="banned", retryable=False)))
    assert scheduler.get_job(job_id).status is JobStatus.FAILED


def test_the_retry_policy_is_a_setting(directory: Path, clock: ManualClock) -> None:
    """Base, factor and cap decide when the next attempt is due."""
    retry = RetryPolicy(base_s=1, factor=10, cap_s=50)
    with Scheduler(directory, clock=clock, retry=retry) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        for seconds in (10, 50):
            scheduler.run_due(Recording(lambda: PostResult(False)))
            due = clock.now() + timedelta(seconds=seconds)
            assert scheduler.get_job(job_id).scheduled_time == due
            clock.advance(timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda a, c: PostResult(False), "the publisher gave no reason"),
        (lambda a, c: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda *both: both.nothing, "AttributeError: "),
    ],
)
def test_a_publisher_that_raises_has_failed_with_a_clear_error(
    scheduler: Scheduler, clock: ManualClock, answer: Callable[..., Any], error: str
) -> None:
    """A failed attempt, and the loop goes on."""
    job_id = scheduler.add_job("a", "x", clock.now())
    assert scheduler.run_due(answer) == 1
    job = scheduler.get_job(job_id)
    assert job.status is JobStatus.SCHEDULED
    assert job.error is not None
    assert job.error.startswith(error)


def test_what_a_publisher_says_is_made_fit_for_the_log(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """Lone surrogates and endless errors neither break the record nor undo a success."""
    posted = scheduler.add_job("a", "x", clock.now())
    scheduler.run_due(Recording(lambda: PostResult(True, "id-\ud800")))
    assert scheduler.get_job(posted).status is JobStatus.COMPLETED
    failed = scheduler.add_job("a", "x", clock.now())
    scheduler.run_due(Recording(lambda: PostResult(False, error="\udfff" + "e" * 100_000)))
    error = scheduler.get_job(failed).error
    assert error is not None
    assert len(error) <= 2000


def test_async_callbacks_run_too(scheduler: Scheduler, clock: ManualClock) -> None:
    """A coroutine function, an object with an async publish, and a function giving a coroutine."""

    async def post(account_id: str, content: str) -> PostResult:
        await asyncio.sleep(0)
        return PostResult(True, thread_id=content)

    class Publisher:
        async def publish(self, attempt: Attempt) -> PostResult:
            return await post(attempt.job.account_id, attempt.job.content)

    for publisher in (post, Publisher(), lambda a, c: post(a, c)):
        job_id = scheduler.add_job("a", "text", clock.now())
        assert scheduler.run_due(publisher) == 1
        assert scheduler.get_job(job_id).thread_id == "text"


def test_run_due_works_inside_a_running_event_loop(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """It blocks, as it says, and does not collide with the caller's loop."""

    async def post(account_id: str, content: str) -> PostResult:
        return PostResult(True)

    async def main() -> int:
        return scheduler.run_due(post)

    scheduler.add_job("a", "x", clock.now())
    assert asyncio.run(main()) == 1


def test_limit_and_one_attempt_a_call(directory: Path, clock: ManualClock) -> None:
    """A job whose retry is due at once still runs only once in a call."""
    with Scheduler(directory, clock=clock, retry=RetryPolicy(base_s=0)) as scheduler:
        for n in range(5):
            scheduler.add_job("a", str(n), clock.now())
        post = Recording(lambda: PostResult(False))
        assert scheduler.run_due(post, limit=2) == 2
        assert scheduler.run_due(post, limit=0) == 0
        assert scheduler.run_due(post) == 5
        for wrong in ("all", -1, True):
            with pytest.raises(ValidationError, match="limit"):
                scheduler.run_due(post, limit=wrong)  # type: ignore[arg-type]


def test_expired_jobs_expire_instead_of_running(scheduler: Scheduler, clock: ManualClock) -> None:
    """A machine that slept for two days does not post two-day-old news."""
    old = scheduler.add_job("a", "old", clock.now())
    clock.advance(timedelta(days=2))
    new = scheduler.add_job("a", "new", clock.now())
    post = Recording()
    assert scheduler.run_due(post) == 1
    assert post.posted == ["new"]
    assert scheduler.get_job(old).status is JobStatus.EXPIRED
    assert scheduler.get_job(new).status is JobStatus.COMPLETED


def test_the_start_is_durable_before_the_publisher_is_called(
    scheduler: Scheduler, directory: Path, clock: ManualClock
) -> None:
    """Another handle, as another process has it, sees RUNNING from inside the publisher."""
    job_id = scheduler.add_job("a", "x", clock.now())
    seen = []

    def post(account_id: str, content: str) -> PostResult:
        with Ledger(directory, read_only=True) as other:
            seen.append(other.get_job(job_id).status)
        return PostResult(True)

    scheduler.run_due(post)
    assert seen == [JobStatus.RUNNING]


def test_a_publisher_gets_the_attempt_with_its_checkpoints(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """Number, key, notes; checkpoints of earlier attempts are there in later ones."""
    job_id = scheduler.add_job("a", "x", clock.now())
    seen: list[tuple[int, str, dict[str, Any]]] = []

    class Publisher:
        def publish(self, attempt: Attempt) -> PostResult:
            seen.append((attempt.number, attempt.idempotency_key, attempt.checkpoints))
            attempt.checkpoint("container", {"id": attempt.number})
            attempt.note("container made")
            assert scheduler.get_job(job_id).status_message == "container made"
            assert attempt.checkpoints["container"] == {"id": attempt.number}
            return PostResult(attempt.number == 2)

    scheduler.run_due(Publisher())
    clock.advance(timedelta(minutes=2))
    scheduler.run_due(Publisher())
    (first, key, none), (second, same_key, kept) = seen
    assert (first, second, none, kept) == (1, 2, {}, {"container": {"id": 1}})
    assert key == same_key == scheduler.idempotency_key(job_id)
    assert [event.type for event in scheduler.history(job_id)] == [
        "added", "started", "checkpointed", "noted", "retried",
        "started", "checkpointed", "noted", "completed",
    ]  # fmt: skip


def test_a_bad_checkpoint_is_refused_and_changes_nothing(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """Not JSON, too large, no name: ValidationError in the publisher."""
    scheduler.add_job("a", "x", clock.now())
    refused: list[str | None] = []

    class Publisher:
        def publish(self, attempt: Attempt) -> PostResult:
            for name, value in [("a", object()), ("b", "x" * 70_000), ("", 1), ("c", float("nan"))]:
                with pytest.raises(ValidationError) as caught:
                    attempt.checkpoint(name, value)
                refused.append(caught.value.field)
            return PostResult(True)

    scheduler.run_due(Publisher())
    assert refused == ["value", "value", "name", "value"]
    assert not list(scheduler.events(types=["checkpointed"]))


def test_the_result_of_a_cancelled_attempt_is_refused(
    scheduler: Scheduler, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged and changes nothing; the publisher's own later steps raise."""
    job_id = scheduler.add_job("a", "x", clock.now())

    class Publisher:
        def publish(self, attempt: Attempt) -> PostResult:
            scheduler.cancel_job(job_id)
            with pytest.raises(StaleAttemptError):
                attempt.checkpoint("late", 1)
            with pytest.raises(StaleAttemptError):
                attempt.note("late")
            return PostResult(True, "t")

    assert scheduler.run_due(Publisher()) == 1
    assert scheduler.get_job(job_id).status is JobStatus.CANCELLED
    assert "stale result refused" in caplog.text


def test_the_result_of_a_removed_job_is_refused(scheduler: Scheduler, clock: ManualClock) -> None:
    """Cancelled and removed while it ran: nothing comes back to life."""
    job_id = scheduler.add_job("a", "x", clock.now())

    def post(account_id: str, content: str) -> PostResult:
        scheduler.cancel_job(job_id)
        scheduler.remove_job(job_id)
        return PostResult(True)

    scheduler.run_due(post)
    assert scheduler.list_jobs() == []
    assert scheduler.history(job_id)[-1].type == "removed"


def test_what_a_post_says_is_not_logged(
    scheduler: Scheduler, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The operational log has ids and states, not content."""
    caplog.set_level("DEBUG")
    scheduler.add_job("a", "the secret words", clock.now())
    scheduler.run_due(Recording())
    assert "attempt ended" in caplog.text
    assert "the secret words" not in caplog.text


@pytest.mark.parametrize("publisher", [None, "posts:publish", 7, Recording])
def test_what_cannot_publish_is_refused(scheduler: Scheduler, publisher: Any) -> None:
    """Not callable, or a class instead of an instance."""
    with pytest.raises(ValidationError, match="publisher"):
        scheduler.run_due(publisher)


@pytest.mark.parametrize(
    "settings",
    [
        {"on_interrupted": "maybe"},
        {"concurrency": 0},
        {"concurrency": True},
        {"retry": 5},
        {"max_running_minutes": 0},
        {"grace_s": -1},
        {"ageing": timedelta(0)},
        {"ageing": 5},
    ],
)
def test_wrong_settings_are_refused(directory: Path, settings: dict[str, Any]) -> None:
    """ValidationError names the setting; nothing was made."""
    with pytest.raises(ValidationError, match=next(iter(settings))):
        Scheduler(directory, **settings)
    assert not directory.exists()


def test_concurrency_never_runs_two_jobs_of_one_account(
    directory: Path, clock: ManualClock
) -> None:
    """With three at once and two accounts, never more than one of each runs."""
    with Scheduler(directory, clock=clock, concurrency=3) as scheduler:
        for n in range(8):
            scheduler.add_job("ab"[n % 2], str(n), clock.now())
        running: set[str] = set()
        widths = []

        async def post(account_id: str, content: str) -> PostResult:
            assert account_id not in running
            running.add(account_id)
            widths.append(len(running))
            await asyncio.sleep(0)
            running.remove(account_id)
            return PostResult(True)

        assert scheduler.run_due(post) == 8
        assert max(widths) == 2
        assert len(scheduler.list_jobs(status=JobStatus.COMPLETED)) == 8


@pytest.mark.parametrize("concurrency", [1, 2])
def test_with_ageing_low_jobs_do_not_starve(
    directory: Path, clock: ManualClock, concurrency: int
) -> None:
    """An urgent job is added for each that runs: after three steps the low one has its turn. Lists
    keep their order, and without ageing it would wait for ever."""
    ageing = timedelta(minutes=10)
    turns = dict[timedelta | None, int | None]()
    for setting in (None, ageing):
        where = directory / f"{setting}"
        with Scheduler(where, clock=clock, ageing=setting, concurrency=concurrency) as scheduler:
            low = scheduler.add_job("a", "low", clock.now(), JobPriority.LOW)
            turns[setting] = None
            for turn in range(40):
                scheduler.add_job("a", "urgent", clock.now(), JobPriority.URGENT)
                waiting = scheduler.list_jobs(status=JobStatus.SCHEDULED)
                assert [job.priority for job in waiting][-1] is JobPriority.LOW

                async def post(account_id: str, content: str) -> PostResult:
                    return PostResult(True)

                scheduler.run_due(post, limit=1)
                if scheduler.get_job(low).status is JobStatus.COMPLETED:
                    turns[setting] = turn
                    break
                clock.advance(timedelta(minutes=1))
    assert turns == {None: None, ageing: 30}


def test_every_step_of_an_attempt_is_on_disk_before_anything_depends_on_it(
    directory: Path, clock: ManualClock
) -> None:
    """The start before the publisher is called, a checkpoint before it returns, a result before the
    next job starts: nothing written to the log is unsynced at any of these moments."""
    fs = WatchedFileSystem()
    moments: list[str] = []

    def look(moment: str) -> None:
        of_the_log = [name for name, file in fs.calls if file.startswith(ACKNOWLEDGING)]
        assert [name for name in of_the_log if name in ("write", "sync")][-1] == "sync", moment
        moments.append(moment)

    def publish(attempt: Attempt) -> PostResult:
        look(f"{attempt.job.content} started")
        attempt.checkpoint("half way")
        look(f"{attempt.job.content} checkpointed")
        return PostResult(True)

    with Scheduler(directory, clock=clock, fs=fs) as scheduler:
        scheduler.add_jobs([NewJob("a", text, clock.now()) for text in ("one", "two")])
        begun = fs.count("sync", ACKNOWLEDGING)
        scheduler.run_due(Asking(publish))
        # started, checkpointed, completed; twice
        assert fs.count("sync", ACKNOWLEDGING) - begun <= 6
        look("end")
    assert moments == ["one started", "one checkpointed", "two started", "two checkpointed", "end"]


def test_of_two_ends_of_one_attempt_the_first_counts(directory: Path, clock: ManualClock) -> None:
    """Both come before the first is recorded."""
    with Scheduler(directory, clock=clock) as scheduler:
        for name in ("a", "b"):
            scheduler.add_job(name, "text", clock.now(), job_id=name)
        publisher = PublisherAdapter(lambda account, content: PostResult(True))
        first, other = scheduler._parts.dispatcher.begin_all(publisher, clock.now(), set(), 2)
        completer = scheduler._parts.completer
        completer.end(first, c.Complete(attempt=1, thread_id="17"))
        completer.end(other, c.Complete(attempt=1, thread_id="18"))
        completer.end(first, c.Fail(attempt=1, error="late"))
        completer.record()
        assert [event.type for event in scheduler.history("a")] == ["added", "started", "completed"]
        assert scheduler.get_job("b").thread_id == "18"
        assert completer.kept == []
