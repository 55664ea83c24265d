"""A result that a living runner knows is never forgotten, whatever keeps it from being written."""

from __future__ import annotations

import asyncio
import errno
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from support.eventstore import ACKNOWLEDGING, WatchedFileSystem
from support.publishers import Asking, dying
from support.waiting import eventually_async

from jobledger import (
    Attempt,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    NotPosted,
    OutcomeUnknown,
    PostResult,
    Scheduler,
    StorageError,
)
from jobledger.domain.job.decide import decide
from jobledger.scheduler.adapter import PublisherAdapter

Mode = Literal["retry", "fail"]
NO_ROOM = OSError(errno.ENOSPC, "no room")
TROUBLES: dict[str, Callable[[WatchedFileSystem], None]] = {
    "full disk": lambda fs: fs.fail("write", "events_", NO_ROOM, always=True),
    "half a line": lambda fs: fs.fail("write", "events_", NO_ROOM, always=True, written=40),
    "failed sync": lambda fs: fs.fail(
        "sync", ACKNOWLEDGING, OSError(errno.EIO, "bad"), always=True
    ),
    "no HEAD": lambda fs: fs.fail("write", "HEAD", NO_ROOM, always=True),
    "no lock": lambda fs: fs.fail("lock", "append", OSError(errno.ENOLCK, "none"), always=True),
    "no memory": lambda fs: fs.fail("write", "events_", MemoryError(), always=True),
}


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


class Platform:
    """Counts posts, and breaks the disk while the first of them is being made."""

    def __init__(self, fs: WatchedFileSystem, trouble: str, answers: dict[str, Any]) -> None:
        self.fs = fs
        self.trouble = trouble
        self.answers = answers
        self.posts: Counter[str] = Counter()

    def post(self, account_id: str, content: str) -> PostResult:
        if not self.posts:
            TROUBLES[self.trouble](self.fs)
        self.posts[content] += 1
        answer = self.answers[content]
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, PostResult)
        return answer

    async def post_async(self, account_id: str, content: str) -> PostResult:
        await asyncio.sleep(0)
        return self.post(account_id, content)


def ends(scheduler: Ledger, job_id: str) -> list[str]:
    """Return what happened to a job after it was added and begun."""
    events = scheduler.history(job_id)
    assert [event.type for event in events[:2]] == ["added", "started"]
    return [
        f"interrupted: {event.data.reason}" if event.type == "interrupted" else event.type  # type: ignore[union-attr]
        for event in events[2:]
    ]


@pytest.mark.parametrize("mode", ["retry", "fail"])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("kind", ["plain", "async"])
def test_the_loop_writes_a_result_as_soon_as_it_can(
    directory: Path, clock: ManualClock, kind: str, trouble: str, mode: Mode
) -> None:
    """Nothing is posted again, nothing is called crashed, and the next job waits for it."""
    fs = WatchedFileSystem()
    platform = Platform(fs, trouble, {"x": PostResult(True, "id-x"), "y": PostResult(True, "id-y")})
    post: Any = platform.post if kind == "plain" else platform.post_async

    async def main() -> None:
        with Scheduler(
            directory, clock=clock, fs=fs, error_wait_s=0.01, on_interrupted=mode
        ) as scheduler:
            first = scheduler.add_job("a", "x", clock.now())
            second = scheduler.add_job("a", "y", clock.now())
            await scheduler.start(post)
            await eventually_async(lambda: scheduler._parts.completer.kept)
            assert scheduler.recover_all_running_jobs() == 0
            await eventually_async(lambda: scheduler._parts.loop._trouble._failures >= 2)
            assert platform.posts == {"x": 1}
            fs.mend()
            await eventually_async(lambda: scheduler.get_job(second).status == "completed")
            await scheduler.stop()
            assert scheduler.get_job(first).thread_id == "id-x"
            assert [ends(scheduler, job) for job in (first, second)] == [["completed"]] * 2
            assert platform.posts == {"x": 1, "y": 1}
            assert scheduler.verify().ok

    run(main())


ANSWERS: dict[str, tuple[Any, dict[Mode, str]]] = {
    "success": (PostResult(True, "17"), {"retry": "completed", "fail": "completed"}),
    "failure": (PostResult(False, error="busy"), {"retry": "retried", "fail": "retried"}),
    "final failure": (
        PostResult(False, error="banned", retryable=False),
        {"retry": "failed", "fail": "failed"},
    ),
    "not posted": (NotPosted("busy"), {"retry": "retried", "fail": "retried"}),
    "unknown": (
        OutcomeUnknown("cut off"),
        {"retry": "interrupted: outcome_unknown", "fail": "interrupted: outcome_unknown"},
    ),
    "error": (
        ValueError("broken"),
        {"retry": "retried", "fail": "interrupted: outcome_unknown"},
    ),
}


@pytest.mark.parametrize("mode", ["retry", "fail"])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("kind", ["plain", "async"])
def test_run_due_keeps_a_result_for_the_next_call(
    directory: Path, clock: ManualClock, kind: str, trouble: str, mode: Mode
) -> None:
    """The call says that it could not be recorded; until it is, nothing else is run."""
    fs = WatchedFileSystem()
    platform = Platform(fs, trouble, {"x": PostResult(True, "id-x"), "y": PostResult(True, "id-y")})
    post: Any = platform.post if kind == "plain" else platform.post_async
    with Scheduler(directory, clock=clock, fs=fs, on_interrupted=mode) as scheduler:
        first = scheduler.add_job("a", "x", clock.now())
        second = scheduler.add_job("b", "y", clock.now())
        for _ in range(3):
            with pytest.raises((StorageError, MemoryError)):
                scheduler.run_due(post)
            assert platform.posts == {"x": 1}
        fs.mend()
        assert scheduler.run_due(post, limit=0) == 0
        assert scheduler.get_job(first).thread_id == "id-x"
        assert scheduler.run_due(post) == 1
        assert [ends(scheduler, first)] == [["completed"]]
        assert scheduler.get_job(second).status is JobStatus.COMPLETED
        assert platform.posts == {"x": 1, "y": 1}


@pytest.mark.parametrize("mode", ["retry", "fail"])
@pytest.mark.parametrize("trouble", ["full disk", "failed sync", "no lock"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_every_kind_of_end_is_kept(
    directory: Path, clock: ManualClock, answer: str, trouble: str, mode: Mode
) -> None:
    """As it would have been recorded at once, and once."""
    fs = WatchedFileSystem()
    given, expected = ANSWERS[answer]
    platform = Platform(fs, trouble, {"x": given})
    with Scheduler(directory, clock=clock, fs=fs, on_interrupted=mode) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        with pytest.raises(StorageError):
            scheduler.run_due(platform.post)
        fs.mend()
        scheduler.run_due(platform.post)
        assert ends(scheduler, job_id) == [expected[mode]]
        assert platform.posts == {"x": 1}


@pytest.mark.parametrize("mode", ["retry", "fail"])
@pytest.mark.parametrize("by", ["run_due", "the loop"])
def test_fifty_results_at_once_are_kept(
    directory: Path, clock: ManualClock, by: str, mode: Mode
) -> None:
    """Half of them failed; all are written, each once."""
    fs = WatchedFileSystem()
    names = [f"text {n}" for n in range(50)]
    platform = Platform(
        fs, "full disk", {name: PostResult(n % 2 == 0, error="x") for n, name in enumerate(names)}
    )
    settings: dict[str, Any] = {"concurrency": 50, "on_interrupted": mode, "error_wait_s": 0.01}

    async def loop(scheduler: Scheduler) -> None:
        await scheduler.start(platform.post_async)
        await eventually_async(lambda: len(scheduler._parts.completer.kept) == 50)
        await eventually_async(lambda: scheduler._parts.loop._trouble._failures >= 1)
        fs.mend()
        await eventually_async(lambda: not scheduler._parts.attempts.by_job)
        await scheduler.stop()

    with Scheduler(directory, clock=clock, fs=fs, **settings) as scheduler:
        jobs = scheduler.add_jobs([NewJob(name, name, clock.now()) for name in names])
        if by == "run_due":
            with pytest.raises(StorageError):
                scheduler.run_due(platform.post_async)
            assert len(scheduler._parts.completer.kept) == 50
            fs.mend()
            scheduler.run_due(platform.post_async, limit=0)
        else:
            run(loop(scheduler))
        seen = Counter(tuple(ends(scheduler, job)) for job in jobs)
        assert seen == {("completed",): 25, ("retried",): 25}
        assert set(platform.posts.values()) == {1}


@pytest.mark.parametrize("operation", ["write", "sync"])
@pytest.mark.parametrize("target", [ACKNOWLEDGING, "HEAD"], ids=["the log", "HEAD"])
def test_one_failure_that_passes_is_no_failure_of_the_run(
    directory: Path, clock: ManualClock, operation: str, target: str | tuple[str, ...]
) -> None:
    """The log is opened again at once; whether it had the end already or not, it has it once."""
    fs = WatchedFileSystem()

    def post(account_id: str, content: str) -> PostResult:
        if content == "x":
            fs.fail(operation, target, OSError(errno.EIO, "once"))
        return PostResult(True, f"id-{content}")

    with Scheduler(directory, clock=clock, fs=fs) as scheduler:
        jobs = [scheduler.add_job("a", text, clock.now()) for text in "xyz"]
        assert scheduler.run_due(post) == 3
        for job_id, text in zip(jobs, "xyz", strict=True):
            assert scheduler.get_job(job_id).thread_id == f"id-{text}"
            assert [event.type for event in scheduler.history(job_id)].count("completed") == 1


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_end_that_is_in_the_log_all_the_same_is_not_refused(
    directory: Path, clock: ManualClock, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its write said that it failed, behind the last byte: HEAD could not be moved."""
    caplog.set_level("INFO", logger="jobledger")
    fs = WatchedFileSystem()
    platform = Platform(fs, "no HEAD", {"x": ANSWERS[answer][0]})
    with Scheduler(directory, clock=clock, fs=fs) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        with pytest.raises(StorageError):
            scheduler.run_due(platform.post)
        fs.mend()
        with Ledger(directory, clock=clock) as other:  # which takes in what is there
            assert ends(other, job_id) == [ANSWERS[answer][1]["retry"]]
        scheduler.run_due(platform.post)
        assert ends(scheduler, job_id) == [ANSWERS[answer][1]["retry"]]
        assert scheduler.last_outcomes["refused"] == 0
    assert "stale" not in caplog.text
    assert caplog.text.count('event="attempt ended"') == 1


def test_a_result_that_others_were_faster_than_is_refused_and_told(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """While it could not be written here, somebody cancelled the job elsewhere."""
    fs = WatchedFileSystem()
    platform = Platform(fs, "full disk", {"x": PostResult(True, "id-x")})
    with Scheduler(directory, clock=clock, fs=fs) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        with pytest.raises(StorageError):
            scheduler.run_due(platform.post)
        with Ledger(directory, clock=clock) as other:
            other.cancel_job(job_id)
        fs.mend()
        scheduler.run_due(platform.post)
        assert ends(scheduler, job_id) == ["cancelled"]
        assert scheduler.last_outcomes["refused"] == 1
    assert "stale result refused" in caplog.text
    assert "thread_id=id-x" in caplog.text


@pytest.mark.parametrize(
    "cancel",
    [
        lambda scheduler, job_id: scheduler.cancel_job(job_id),
        lambda scheduler, job_id: scheduler.change_jobs("cancel", [job_id]),
    ],
    ids=["alone", "among many"],
)
def test_what_is_kept_goes_before_anything_else_of_its_job(
    directory: Path, clock: ManualClock, cancel: Callable[[Scheduler, str], object]
) -> None:
    """Cancelled by this very process: the post is out, so it is too late for that."""
    fs = WatchedFileSystem()
    platform = Platform(fs, "no lock", {"x": PostResult(True, "id-x")})
    with Scheduler(directory, clock=clock, fs=fs) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        with pytest.raises(StorageError):
            scheduler.run_due(platform.post)
        with pytest.raises(StorageError):
            cancel(scheduler, job_id)
        fs.mend()
        with pytest.raises(Exception, match="COMPLETED"):
            cancel(scheduler, job_id)
        assert ends(scheduler, job_id) == ["completed"]


def test_time_does_not_make_a_kept_result_stuck(directory: Path, clock: ManualClock) -> None:
    fs = WatchedFileSystem()
    platform = Platform(fs, "no lock", {"x": PostResult(True, "id-x")})
    with Scheduler(directory, clock=clock, fs=fs) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        with pytest.raises(StorageError):
            scheduler.run_due(platform.post)
        fs.mend()
        clock.advance(timedelta(hours=3))
        assert scheduler.recover_stuck_jobs() == 0
        assert scheduler.recover_all_running_jobs() == 0
        scheduler.run_due(platform.post)
        assert ends(scheduler, job_id) == ["completed"]


@pytest.mark.parametrize("by", ["close", "start", "stop"])
def test_what_is_kept_is_written_by_whatever_comes_next(
    directory: Path, clock: ManualClock, by: str
) -> None:
    """Closing, the loop's start on the same handle, its stop."""
    fs = WatchedFileSystem()
    platform = Platform(fs, "full disk", {"x": PostResult(True, "id-x")})

    async def loop(scheduler: Scheduler) -> None:
        if by == "stop":
            fs.fail("write", "events_", NO_ROOM, always=True)
        await scheduler.start(platform.post)
        if by == "start":
            await eventually_async(lambda: not scheduler._parts.attempts.by_job)
        fs.mend()
        await scheduler.stop()

    scheduler = Scheduler(directory, clock=clock, fs=fs, error_wait_s=60)
    job_id = scheduler.add_job("a", "x", clock.now())
    with pytest.raises(StorageError):
        scheduler.run_due(platform.post)
    fs.mend()
    if by != "close":
        run(loop(scheduler))
        assert ends(scheduler, job_id) == ["completed"]
    scheduler.close()
    with Ledger(directory, clock=clock) as ledger:
        assert ends(ledger, job_id) == ["completed"]


@pytest.mark.parametrize("way", ["run_due", "the loop"])
def test_a_runner_that_ends_without_having_managed_it_says_what_it_knew(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """Job, attempt, outcome and id, as an error: there is nobody else who knows. The next runner
    finds a job that its runner has left, and says that."""
    fs = WatchedFileSystem()
    platform = Platform(fs, "full disk", {"x": PostResult(True, "id-x")})

    async def loop(scheduler: Scheduler) -> None:
        await scheduler.start(platform.post)
        await eventually_async(lambda: scheduler._parts.completer.kept)
        await scheduler.stop()

    scheduler = Scheduler(directory, clock=clock, fs=fs, error_wait_s=0.01, grace_s=0.05)
    job_id = scheduler.add_job("a", "x", clock.now())
    if way == "run_due":
        with pytest.raises(StorageError):
            scheduler.run_due(platform.post)
    else:
        run(loop(scheduler))
    assert "is not in the log" not in caplog.text
    scheduler.close()
    [record] = [r for r in caplog.records if "is not in the log" in r.getMessage()]
    assert record.levelname == "ERROR"
    for said in (f"job_id={job_id}", "attempt=1", "outcome=posted", "thread_id=id-x"):
        assert said in record.getMessage()
    with Scheduler(directory, clock=clock) as following:
        assert ends(following, job_id) == ["interrupted: crashed"]


# -- steps -------------------------------------------------------------------------------------


def steps_of(scheduler: Ledger, job_id: str) -> list[tuple[str, Any]]:
    return [
        (event.type, getattr(event.data, "value", getattr(event.data, "message", None)))
        for event in scheduler.history(job_id)
        if event.type in ("checkpointed", "noted")
    ]


@pytest.mark.parametrize("mode", ["retry", "fail"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_checkpoint_that_could_not_be_written_is_recorded_before_the_end(
    directory: Path, clock: ManualClock, trouble: str, mode: Mode
) -> None:
    """Its publisher went on and posted."""
    fs = WatchedFileSystem()
    tries: list[type[BaseException]] = []

    def publish(attempt: Attempt) -> PostResult:
        attempt.checkpoint("draft", 1)
        TROUBLES[trouble](fs)
        steps: list[Callable[[], None]] = [
            lambda: attempt.checkpoint("container", {"id": 9}),
            lambda: attempt.note("sending"),
            lambda: attempt.checkpoint("container", {"id": 9}),
        ]
        for step in steps:
            with pytest.raises(StorageError) as caught:
                step()
            tries.append(caught.type)
        return PostResult(True, "17")

    with Scheduler(directory, clock=clock, fs=fs, on_interrupted=mode) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        with pytest.raises((StorageError, MemoryError)):
            scheduler.run_due(Asking(publish))
        fs.mend()
        scheduler.run_due(Asking(publish), limit=0)
        job = scheduler.get_job(job_id)
        assert (job.thread_id, job.checkpoints) == ("17", {"draft": 1, "container": {"id": 9}})
        assert steps_of(scheduler, job_id) == [
            ("checkpointed", 1), ("checkpointed", {"id": 9}), ("noted", "sending"),
        ]  # fmt: skip
        assert ends(scheduler, job_id)[-1] == "completed"
    assert len(tries) == 3


def test_a_checkpoint_that_is_made_when_there_is_room_again_takes_the_kept_ones_with_it(
    directory: Path, clock: ManualClock
) -> None:
    """In the order in which they were made."""
    fs = WatchedFileSystem()

    def publish(attempt: Attempt) -> PostResult:
        TROUBLES["no lock"](fs)
        with pytest.raises(StorageError):
            attempt.checkpoint("one", 1)
        fs.mend()
        attempt.checkpoint("two", 2)
        attempt.note("three")
        return PostResult(True)

    with Scheduler(directory, clock=clock, fs=fs) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        assert scheduler.run_due(Asking(publish)) == 1
        assert steps_of(scheduler, job_id) == [
            ("checkpointed", 1), ("checkpointed", 2), ("noted", "three"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "mode", "end"),
    [
        (True, "retry", JobStatus.SCHEDULED),
        (True, "fail", JobStatus.SCHEDULED),
        (False, "retry", JobStatus.SCHEDULED),
        (False, "fail", JobStatus.FAILED),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_our_own_error_says_nothing_of_the_post_that_it_came_through(
    directory: Path,
    clock: ManualClock,
    asked: bool,
    mode: Mode,
    end: JobStatus,
    wrapped: bool,
) -> None:
    """A publisher checkpoints after it has posted, and lets the error out: the outcome is unknown,
    and the step is there to ask with."""
    fs = WatchedFileSystem()
    posts: list[str] = []

    def publish(attempt: Attempt) -> PostResult:
        posts.append(attempt.job.content)
        TROUBLES["no lock"](fs)
        try:
            attempt.checkpoint("posted", "id-17")
        except StorageError as error:
            if wrapped:
                raise RuntimeError("the post could not be finished") from error
            raise
        return PostResult(True)

    def reconcile(attempt: Attempt) -> PostResult:
        return PostResult("posted" in attempt.checkpoints, attempt.checkpoints.get("posted"))

    class Deaf:
        def publish(self, attempt: Attempt) -> PostResult:
            return publish(attempt)

    publisher: Any = Asking(publish, reconcile) if asked else Deaf()
    with Scheduler(directory, clock=clock, fs=fs, on_interrupted=mode) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        with pytest.raises(StorageError):
            scheduler.run_due(publisher)
        fs.mend()
        scheduler.run_due(publisher, limit=0)
        job = scheduler.get_job(job_id)
        assert (job.status, job.in_doubt, job.outcome_unknown) == (
            end, asked, end is JobStatus.FAILED,
        )  # fmt: skip
        assert job.checkpoints == {"posted": "id-17"}
        assert ends(scheduler, job_id)[-1] == "interrupted: outcome_unknown"
        if asked:
            clock.advance(timedelta(minutes=2))
            scheduler.run_due(publisher)
            assert scheduler.get_job(job_id).thread_id == "id-17"
    assert posts == ["x"]


# -- attempts that are in the log, and were not made -----------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("trouble", ["failed sync", "no HEAD", "full disk", "no lock"])
def test_a_start_of_which_nobody_knows_whether_it_is_in_the_log_is_no_attempt(
    directory: Path, clock: ManualClock, trouble: str, concurrency: int
) -> None:
    """No publisher is called for it, no retry used up, nothing called crashed."""
    fs = WatchedFileSystem()
    posts: list[str] = []

    async def post(account_id: str, content: str) -> PostResult:
        posts.append(content)
        return PostResult(True)

    with Scheduler(
        directory, clock=clock, fs=fs, concurrency=concurrency, on_interrupted="fail"
    ) as scheduler:
        jobs = scheduler.add_jobs([NewJob(f"a{n}", "x", clock.now()) for n in range(3)])
        TROUBLES[trouble](fs)
        for _ in range(2):
            with pytest.raises(StorageError):
                scheduler.run_due(post)
        assert posts == []
        fs.mend()
        assert scheduler.run_due(post) == 3
        for job_id in jobs:
            job = scheduler.get_job(job_id)
            assert (job.status, job.retry_count) == (JobStatus.COMPLETED, 0)
            types = {event.type for event in scheduler.history(job_id)}
            assert types <= {"added", "started", "retried", "completed"}
    assert posts == ["x"] * 3


def test_a_start_that_went_with_an_end_is_put_back(directory: Path, clock: ManualClock) -> None:
    """Both were in one write, of which nobody knew: the end counts, the start does not."""
    fs = WatchedFileSystem()
    platform = Platform(fs, "no HEAD", {"x": PostResult(True), "y": PostResult(True)})
    with Scheduler(directory, clock=clock, fs=fs) as scheduler:
        first, second = (scheduler.add_job("a", text, clock.now()) for text in "xy")
        with pytest.raises(StorageError):
            scheduler.run_due(platform.post)
        fs.mend()
        scheduler.run_due(platform.post, limit=0)
        assert ends(scheduler, first) == ["completed"]
        assert ends(scheduler, second) == ["retried"]
        job = scheduler.get_job(second)
        assert (job.status, job.retry_count, job.scheduled_time) == (
            JobStatus.SCHEDULED, 0, clock.now(),
        )  # fmt: skip
        assert scheduler.run_due(platform.post) == 1
    assert platform.posts == {"x": 1, "y": 1}


def test_a_runner_that_did_end_is_called_so(directory: Path, clock: ManualClock) -> None:
    """The other side of it."""
    scheduler = Scheduler(directory, clock=clock)
    job_id = scheduler.add_job("a", "x", clock.now())

    def die(attempt: Attempt) -> PostResult:
        from support.publishers import Crash

        raise Crash

    with dying():
        scheduler.run_due(Asking(die))
    with Scheduler(directory, clock=clock) as following:
        assert ends(following, job_id) == ["interrupted: crashed"]


def test_an_answer_that_cannot_be_put_into_a_line_keeps_no_other_from_being_recorded(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is, its attempt ends, with its outcome unknown."""

    def decide_or_fail(job: Any, command: Any, now: Any) -> Any:
        if getattr(command, "thread_id", None) == "odd":
            raise TypeError("cannot be encoded")
        return decide(job, command, now)

    monkeypatch.setattr("jobledger.ledger.command_handler.decide", decide_or_fail)

    async def post(account_id: str, content: str) -> PostResult:
        return PostResult(True, content)

    with Scheduler(directory, clock=clock, concurrency=3, on_interrupted="fail") as scheduler:
        texts = ("fine", "odd", "good")
        jobs = {text: scheduler.add_job(text, text, clock.now()) for text in texts}
        assert scheduler.run_due(post) == 3
        assert scheduler.get_job(jobs["fine"]).thread_id == "fine"
        assert scheduler.get_job(jobs["good"]).thread_id == "good"
        odd = scheduler.get_job(jobs["odd"])
        assert (odd.status, odd.outcome_unknown) == (JobStatus.FAILED, True)
        assert odd.error == "the publisher posted, and what it said cannot be recorded (TypeError)"


def test_what_is_asked_of_a_claim_before_it_is_one(directory: Path, clock: ManualClock) -> None:
    """Between a job's being chosen and its start's being in the log it is nobody else's."""
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now())
        running = scheduler._parts.dispatcher.begin(
            PublisherAdapter(lambda a, c: PostResult(True)), clock.now(), set()
        )
        assert running is not None
        assert scheduler.recover_all_running_jobs() == 0
        scheduler._parts.completer.put_back(running, RuntimeError("not now"))
        scheduler._parts.rescuer.settle()
        assert scheduler.list_jobs()[0].status is JobStatus.SCHEDULED
