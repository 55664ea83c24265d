"""Failures are heard: in the operational log by how much they matter, and by a hook."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.publishers import Asking, Recording, crash, dying
from support.waiting import DEADLINE_S, eventually

from jobledger import (
    Attempt,
    JobStatus,
    ManualClock,
    OutcomeUnknown,
    PostResult,
    ScheduledJob,
    Scheduler,
    ValidationError,
    mark_secret,
)
from jobledger.scheduler import failures
from jobledger.scheduler.failures import FailureHook, without_text

LOGGER = "jobledger"
TEXT = "what nobody is to read in a log"


def ended(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the lines about attempts that ended: their levels and what they say."""
    return [
        (record.levelname, record.getMessage().removeprefix('event="attempt ended" '))
        for record in caplog.records
        if 'event="attempt ended"' in record.getMessage()
    ]


def refuses(attempt: Attempt) -> PostResult:
    return PostResult(False, error="refused", retryable=False)


def fails(attempt: Attempt) -> PostResult:
    return PostResult(False, error="try later")


def cannot_tell(attempt: Attempt) -> PostResult:
    raise OutcomeUnknown("no answer")


@pytest.mark.parametrize(
    ("publish", "level", "says"),
    [
        (lambda attempt: PostResult(True, "t"), "INFO", "attempt=1 status=completed"),
        (refuses, "ERROR", "attempt=1 status=failed error=refused"),
        (
            fails,
            "WARNING",
            'attempt=1 status=scheduled error="try later" again_at=2026-03-02T12:02:00+00:00',
        ),
        (
            cannot_tell,
            "ERROR",
            'attempt=1 status=failed error="OutcomeUnknown: no answer" trace=… outcome_unknown'
            ' hint="where it is certain that nothing was posted, have the publisher raise'
            ' NotPosted: it is tried again then"',
        ),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_how_an_attempt_ended_is_told_by_how_much_it_matters(
    directory: Path,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    publish: Callable[[Attempt], PostResult],
    level: str,
    says: str,
    is_async: bool,
) -> None:
    """A post that is out is no news; what is tried again is; for the rest a person has to look."""

    class Publisher:
        async def publish(self, attempt: Attempt) -> PostResult:
            return publish(attempt)

    class Plain:
        def publish(self, attempt: Attempt) -> PostResult:
            return publish(attempt)

    caplog.set_level(logging.INFO, LOGGER)
    with Scheduler(directory, clock=clock, on_interrupted="fail") as scheduler:
        job_id = scheduler.add_job("a", TEXT, clock.now())
        scheduler.run_due(Publisher() if is_async else Plain())
    [(told, line)] = ended(caplog)
    start, _, rest = line.partition(" trace=")
    if rest:
        place, _, more = rest.removeprefix('"').partition('"')
        assert Path(__file__).name in place
        assert place.endswith("in cannot_tell")
        line = f"{start} trace=…{more}"
    assert told == level
    assert line == f"job_id={job_id} account_id=a {says}"
    assert TEXT not in caplog.text


def test_a_job_in_doubt_is_told_as_one(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked about, so that nobody has to do anything yet."""
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", TEXT, clock.now())
        scheduler.run_due(Asking(on_publish=cannot_tell))
    [(level, line)] = ended(caplog)
    assert level == "WARNING"
    assert line.endswith(" in_doubt")


def deep(depth: int) -> None:
    if depth:
        deep(depth - 1)
    raise ValueError(f"cannot post {TEXT!r}: {SECRET}")


SECRET = "tok-4711-failures"


def test_the_end_of_the_traceback_is_told_and_neither_the_text_nor_a_secret(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the publisher was entered, and the last three calls; of the text nothing, though the
    error quotes it."""
    mark_secret(SECRET)

    def post(account_id: str, content: str) -> PostResult:
        deep(20)
        return PostResult(True)

    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", TEXT, clock.now(), max_retries=0)
        scheduler.run_due(post)
    [(level, line)] = ended(caplog)
    assert level == "ERROR"
    assert "error=\"ValueError: cannot post '[the text of the post]': ***\"" in line
    trace = line.split('trace="')[1].split('"')[0]
    places = trace.split(" > ")
    assert [place.rpartition(" in ")[2].rpartition(".")[2] for place in places] == [
        "post", "…", "deep", "deep", "deep",
    ]  # fmt: skip
    assert all(place == "…" or place.startswith(f"{__file__}:") for place in places)
    assert TEXT not in caplog.text
    assert SECRET not in caplog.text


def test_a_text_is_left_out_in_whatever_form_an_error_quotes_it(clock: ManualClock) -> None:
    job = ScheduledJob(
        job_id="1",
        account_id="a",
        content="hai\nlines, 'quoted' and \"quoted\" và nữa",
        scheduled_time=clock.now(),
    )
    quotes = [job.content, repr(job.content), json.dumps(job.content), ascii(job.content)]
    for quoted in [*quotes, job.content[:20] + "…", json.dumps(job.content)[:20]]:
        told = without_text(f"cannot post {quoted}: HTTP 400", job)
        assert "lines" not in told
        assert told.startswith("cannot post ")
        assert told.endswith("HTTP 400")


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        ("hi", "this is 'hi': which", "this is '[the text of the post]': which"),
        ("5", "HTTP 503, code 15", "HTTP 503, code 15"),
        ("(.*)", "cannot post (.*)", "cannot post [the text of the post]"),
        ("The weather today is fine", "The weather API is down", "The weather API is down"),
    ],
)
def test_what_stands_in_an_error_by_chance_stays(
    clock: ManualClock, content: str, error: str, told: str
) -> None:
    """A short text is left out where it is a word of its own, a beginning where it is long."""
    job = ScheduledJob(job_id="1", account_id="a", content=content, scheduled_time=clock.now())
    assert without_text(error, job) == told


def test_what_a_dead_runner_left_behind_is_told_when_it_has_failed(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """By the log and by the hook of whoever opens the ledger next."""
    told: list[ScheduledJob] = []
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", TEXT, clock.now())
        with dying():
            scheduler.run_due(crash)
    with Scheduler(directory, clock=clock, on_interrupted="fail", on_failure=told.append):
        pass
    [job] = told
    assert job.outcome_unknown
    assert job.error == "interrupted: the runner ended during attempt 1"
    [(level, line)] = ended(caplog)
    assert level == "ERROR"
    assert line.endswith(" outcome_unknown")
    with Scheduler(directory, clock=clock, on_failure=told.append):
        pass
    assert told == [job], "what was told is not told again"


def test_that_jobs_expired_is_told(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with Scheduler(directory, clock=clock) as scheduler:
        for n in range(3):
            scheduler.add_job("a", f"text {n}", clock.now())
        clock.advance(timedelta(days=2))
        assert scheduler.run_due(Recording()) == 0
    assert caplog.messages == ['event="jobs expired: it was too late to post them" count=3']


# -- the hook --------------------------------------------------------------------------------------


def test_the_hook_gets_what_has_failed_and_nothing_else(
    directory: Path, clock: ManualClock
) -> None:
    """After that is durable, in a thread of its own."""
    told: list[tuple[str, JobStatus, str]] = []
    answers = iter([PostResult(True, "t"), PostResult(False, error="no", retryable=False)])

    def hook(job: ScheduledJob, error: str) -> None:
        thread = threading.current_thread().name
        told.append((thread, scheduler.get_job(job.job_id).status, error))

    with Scheduler(directory, clock=clock, on_failure=hook) as scheduler:
        for n in range(2):
            scheduler.add_job("a", f"text {n}", clock.now())
        scheduler.run_due(lambda account_id, content: next(answers))
        retried = scheduler.add_job("a", "retried", clock.now())
        scheduler.run_due(lambda account_id, content: PostResult(False))
        assert scheduler.get_job(retried).status is JobStatus.SCHEDULED
        eventually(lambda: told)
    assert told == [("jobledger-on-failure", JobStatus.FAILED, "no")]


@pytest.mark.parametrize("takes", [1, 2, "any", "more"])
def test_the_hook_gets_the_error_where_it_takes_two(
    directory: Path, clock: ManualClock, takes: object
) -> None:
    told: list[tuple[object, ...]] = []
    hooks: dict[object, Any] = {
        1: lambda job: told.append((job.error,)),
        2: lambda job, error: told.append((job.error, error)),
        "any": lambda *arguments: told.append((arguments[0].error,)),
        "more": lambda job, extra=None: told.append((job.error, extra)),
    }
    with Scheduler(directory, clock=clock, on_failure=hooks[takes]) as scheduler:
        scheduler.add_job("a", "text", clock.now())
        scheduler.run_due(Asking(on_publish=refuses))
    assert told == [{2: ("refused", "refused"), "more": ("refused", None)}.get(takes, ("refused",))]


async def an_async_one(job: ScheduledJob) -> None:
    """Nobody would await it."""


@pytest.mark.parametrize(
    "hook", ["print", 7, lambda: None, lambda a, b, c: None, an_async_one, object()]
)
def test_what_cannot_be_called_with_a_failure_is_refused_when_it_is_given(
    directory: Path, hook: Any
) -> None:
    with pytest.raises(ValidationError, match="on_failure") as caught:
        Scheduler(directory, on_failure=hook)
    assert caught.value.field == "on_failure"
    assert not directory.exists()


class Unheard(BaseException):
    """What no `except Exception` catches."""


@pytest.mark.parametrize(
    "error",
    [OSError("no network"), Unheard(), SystemExit(1), KeyboardInterrupt(), RecursionError()],
)
def test_a_hook_that_fails_changes_nothing_and_is_told_of_once(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    """It is called for the next failure all the same."""
    calls: list[str] = []

    def hook(job: ScheduledJob) -> None:
        calls.append(job.content)
        raise error

    with Scheduler(directory, clock=clock, on_failure=hook) as scheduler:
        for n in range(5):
            scheduler.add_job("a", f"text {n}", clock.now())
        assert scheduler.run_due(Asking(on_publish=refuses)) == 5
        assert {job.status for job in scheduler.list_jobs()} == {JobStatus.FAILED}
    assert sorted(calls) == [f"text {n}" for n in range(5)]
    assert len([line for line in caplog.messages if "on_failure failed" in line]) == 1


def test_a_hook_that_hangs_holds_up_neither_the_loop_nor_closing(
    directory: Path,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other jobs run meanwhile; what nobody was told of in the end is in the operational log."""
    monkeypatch.setattr(failures, "LAST_CALLS_S", 0.05)
    gate, called = threading.Event(), threading.Event()

    def hook(job: ScheduledJob) -> None:
        called.set()
        gate.wait()

    async def main() -> None:
        await scheduler.start(Asking(on_publish=refuses))
        await asyncio.to_thread(
            eventually, lambda: not scheduler.list_jobs(status=JobStatus.SCHEDULED)
        )
        await scheduler.stop()

    with Scheduler(directory, clock=clock, on_failure=hook) as scheduler:
        for n in range(3):
            scheduler.add_job("a", f"text {n}", clock.now())
        asyncio.run(main())
        assert called.wait(DEADLINE_S)
    assert 'event="failures that on_failure was not told of" count=3' in caplog.messages
    gate.set()


def test_what_waits_to_be_told_is_bounded(
    clock: ManualClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook that hangs does not eat the memory; that failures have no room is told."""
    monkeypatch.setattr(failures, "MOST_WAITING", 10)
    gate, called = threading.Event(), threading.Event()

    def on_failure(job: ScheduledJob) -> None:
        called.set()
        gate.wait()

    hook, job = FailureHook(on_failure), failed(clock)
    hook.tell(job)
    assert called.wait(DEADLINE_S)
    for _ in range(50):
        hook.tell(job)
    assert len(hook._waiting) == 10
    assert len([line for line in caplog.messages if "too many failures wait" in line]) == 1
    gate.set()
    hook.close()
    assert not hook._waiting


def test_where_no_thread_can_be_started_the_next_failure_tells_of_both(
    clock: ManualClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[ScheduledJob] = []
    hook, job = FailureHook(told.append), failed(clock)

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        hook.tell(job)
    assert "no thread can be started" in caplog.text
    assert told == []
    hook.tell(job)
    hook.close()
    assert told == [job, job]


def test_a_hook_may_use_and_close_the_scheduler(directory: Path, clock: ManualClock) -> None:
    """It is called from a thread of its own, as any thread may use one."""
    done, has_run = threading.Event(), threading.Event()

    def hook(job: ScheduledJob) -> None:
        scheduler.requeue_job(job.job_id, clock.now() + timedelta(hours=1))
        assert has_run.wait(DEADLINE_S)  # closing ends a `run_due` of another thread
        scheduler.close()
        done.set()

    scheduler = Scheduler(directory, clock=clock, on_failure=hook)
    job_id = scheduler.add_job("a", "text", clock.now())
    scheduler.run_due(Asking(on_publish=refuses))
    has_run.set()
    assert done.wait(DEADLINE_S)
    with Scheduler(directory, clock=clock) as scheduler:
        assert scheduler.get_job(job_id).status is JobStatus.SCHEDULED


def test_a_hook_that_closes_while_it_is_waited_for_waits_for_nobody(
    directory: Path, clock: ManualClock
) -> None:
    """Both close the same scheduler: neither has a lock that the other one needs."""
    entered, closing = threading.Event(), threading.Event()
    closed: list[str] = []

    def hook(job: ScheduledJob) -> None:
        entered.set()
        assert closing.wait(DEADLINE_S)
        scheduler.close()
        closed.append("by the hook")

    scheduler = Scheduler(directory, clock=clock, on_failure=hook)
    scheduler.add_job("a", "text", clock.now())
    scheduler.run_due(Asking(on_publish=refuses))
    assert entered.wait(DEADLINE_S)
    let_go = scheduler._let_go

    def meet() -> None:
        closing.set()
        let_go()

    scheduler._let_go = meet  # type: ignore[method-assign]
    scheduler.close()
    assert closed == ["by the hook"]


def failed(clock: ManualClock) -> ScheduledJob:
    return ScheduledJob(
        job_id="1", account_id="a", content="x", scheduled_time=clock.now(),
        status=JobStatus.FAILED, error="no",
    )  # fmt: skip
