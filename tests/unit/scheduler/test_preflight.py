"""Ahead of its time it is asked whether what a post needs can be had: once, and beside the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.waiting import DEADLINE_S, eventually_async

from jobledger import (
    Attempt,
    JobDeferred,
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    Scheduler,
    ValidationError,
)
from jobledger.domain import ScheduledJob

MINUTES = timedelta(minutes=1)


class Asked:
    """A publisher that is asked ahead of time, and answers what it is told to."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.posted: list[str] = []

    def publish(self, attempt: Attempt) -> PostResult:
        self.posted.append(attempt.job.job_id)
        return PostResult(True, thread_id="1")

    def preflight(self, job: ScheduledJob) -> str | None:
        self.asked.append(job.content)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, BaseException):
            raise answer
        return answer


class AskedAsync(Asked):
    async def preflight(self, job: ScheduledJob) -> str | None:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().preflight(job)


def run(
    directory: Path, clock: ManualClock, story: Callable[[Scheduler], Awaitable[None]], **more: Any
) -> None:
    async def main() -> None:
        with Scheduler(directory, clock=clock, **more) as scheduler:
            await story(scheduler)
            await scheduler.stop()

    asyncio.run(main())


def add(scheduler: Ledger, clock: ManualClock, minutes: float, text: str = "x") -> str:
    return scheduler.add_job("shop", text, clock.now() + minutes * MINUTES)


def found(scheduler: Ledger, job_id: str) -> list[str]:
    told = [event.data for event in scheduler.history(job_id)]
    return [data.reason for data in told if isinstance(data, JobDeferred)]


@pytest.mark.parametrize("kind", [Asked, AskedAsync])
def test_what_cannot_be_had_is_told_before_the_time_and_the_post_tried_all_the_same(
    directory: Path, clock: ManualClock, kind: type[Asked]
) -> None:
    """In its message, in the log and in what `why` says."""

    async def story(scheduler: Scheduler) -> None:
        publisher = kind("the image at 'https://x.example/a.jpg' cannot be had: HTTP 404")
        job_id = add(scheduler, clock, 11)
        await scheduler.start(publisher)
        await asyncio.sleep(0)
        assert publisher.asked == []
        clock.advance(1.5 * MINUTES)
        await eventually_async(lambda: scheduler.get_job(job_id).is_lacking)
        job = scheduler.get_job(job_id)
        assert job.status is JobStatus.SCHEDULED
        assert job.scheduled_time == clock.now() + 9.5 * MINUTES
        assert not job.is_held_back
        said = "ound ahead of its time: the image at 'https://x.example/a.jpg' cannot be had"
        assert said in (job.status_message or "")
        assert "Held back" not in (job.status_message or "")
        answer = scheduler.why(job_id).answer
        assert said in answer
        assert "it is tried all the same" in answer
        clock.advance(9.5 * MINUTES)
        await eventually_async(lambda: publisher.posted == [job_id])
        await eventually_async(lambda: scheduler.get_job(job_id).status is JobStatus.COMPLETED)
        assert publisher.asked == ["x"]
        assert scheduler.get_job(job_id).deferred_until is None

    run(directory, clock, story)


def test_an_unchanged_post_is_asked_about_once_and_nothing_is_recorded_where_all_is_there(
    directory: Path, clock: ManualClock
) -> None:
    """However often the loop turns, and what others change meanwhile."""

    async def story(scheduler: Scheduler) -> None:
        publisher = Asked()
        job_id = add(scheduler, clock, 9)
        await scheduler.start(publisher)
        await eventually_async(lambda: publisher.asked == ["x"])
        for minute in range(5):
            clock.advance(MINUTES)
            add(scheduler, clock, 5, f"another {minute}")
            await eventually_async(lambda: len(publisher.asked) == minute + 2)  # noqa: B023
        assert publisher.asked.count("x") == 1
        assert [event.type for event in scheduler.history(job_id)] == ["added"]

    run(directory, clock, story)


def test_a_post_that_is_changed_is_asked_about_again(directory: Path, clock: ManualClock) -> None:
    """What was missing is taken back where it can be had then; also when somebody else says so."""

    async def story(scheduler: Scheduler) -> None:
        publisher = Asked("there is no picture", None, None)
        job_id = add(scheduler, clock, 9)
        await scheduler.start(publisher)
        await eventually_async(lambda: scheduler.get_job(job_id).is_lacking)
        with Ledger(directory, clock=clock) as other:
            other.edit_job(job_id, content="y")
        clock.advance(MINUTES)
        await eventually_async(lambda: not scheduler.get_job(job_id).is_lacking)
        assert "can be had now" in (scheduler.get_job(job_id).status_message or "")
        assert "could not be had" not in scheduler.why(job_id).answer
        scheduler.reschedule_job(job_id, clock.now() + 5 * MINUTES)
        clock.advance(MINUTES)
        await eventually_async(lambda: publisher.asked == ["x", "y", "y"])
        assert len(found(scheduler, job_id)) == 2

    run(directory, clock, story)


def test_a_post_changed_while_it_is_asked_about_keeps_no_word_of_what_it_was(
    directory: Path, clock: ManualClock
) -> None:
    class Slow(Asked):
        def __init__(self) -> None:
            super().__init__()
            self.go_on = asyncio.Event()

        async def preflight(self, job: ScheduledJob) -> str | None:  # type: ignore[override]
            self.asked.append(job.content)
            if job.content == "x":
                await self.go_on.wait()
            return f"what {job.content} needs is not there"

    async def story(scheduler: Scheduler) -> None:
        publisher = Slow()
        job_id = add(scheduler, clock, 9)
        await scheduler.start(publisher)
        await eventually_async(lambda: publisher.asked == ["x"])
        scheduler.edit_job(job_id, content="y")
        clock.advance(MINUTES)
        await eventually_async(lambda: scheduler.get_job(job_id).is_lacking)
        publisher.go_on.set()
        add(scheduler, clock, 9, "z")
        clock.advance(MINUTES)
        await eventually_async(lambda: publisher.asked == ["x", "y", "z"])
        assert found(scheduler, job_id) == ["found ahead of its time: what y needs is not there"]

    run(directory, clock, story)


def test_a_runner_that_is_started_again_tells_nothing_twice(
    directory: Path, clock: ManualClock
) -> None:
    """It asks again, since it does not know, and finds the same."""
    for _ in range(2):

        async def story(scheduler: Scheduler) -> None:
            publisher = Asked("gone", "gone too")
            if not scheduler.list_jobs():
                scheduler.add_job("a", "x", clock.now() + 9 * MINUTES, job_id="one")
                scheduler.add_job("b", "x", clock.now() + 9 * MINUTES, job_id="two")
            await scheduler.start(publisher)
            await eventually_async(lambda: len(publisher.asked) == 2)
            jobs = "one", "two"
            await eventually_async(lambda: all(scheduler.get_job(j).is_lacking for j in jobs))
            await eventually_async(lambda: not scheduler._parts.preflight._tasks)
            assert sum(len(found(scheduler, job_id)) for job_id in jobs) == 2

        run(directory, clock, story)


def test_one_that_is_tried_again_is_not_asked_about_and_one_that_is_requeued_is(
    directory: Path, clock: ManualClock
) -> None:
    class Fails(Asked):
        def publish(self, attempt: Attempt) -> PostResult:
            return PostResult(False, error="no", retryable=attempt.job.retry_count == 0)

    async def story(scheduler: Scheduler) -> None:
        publisher = Fails()
        job_id = add(scheduler, clock, 5)
        await scheduler.start(publisher)
        await eventually_async(lambda: publisher.asked == ["x"])
        clock.advance(5 * MINUTES)
        await eventually_async(lambda: scheduler.get_job(job_id).retry_count == 1)
        clock.advance(MINUTES)
        clock.advance(MINUTES)
        await eventually_async(lambda: scheduler.get_job(job_id).status is JobStatus.FAILED)
        assert publisher.asked == ["x"]
        scheduler.requeue_job(job_id, clock.now() + 5 * MINUTES)
        clock.advance(MINUTES)
        await eventually_async(lambda: publisher.asked == ["x", "x"])

    run(directory, clock, story)


def test_a_publisher_that_hangs_holds_up_no_post_no_timer_and_no_stop(
    directory: Path, clock: ManualClock
) -> None:
    """Neither a plain one, whose thread is left alone, nor an async one."""
    let_go = threading.Event()

    class Hangs(Asked):
        def preflight(self, job: ScheduledJob) -> str | None:
            self.asked.append(job.content)
            let_go.wait(DEADLINE_S)
            return None

    class HangsAsync(Asked):
        async def preflight(self, job: ScheduledJob) -> str | None:  # type: ignore[override]
            self.asked.append(job.content)
            await asyncio.Event().wait()
            return None

    try:
        for number, publisher in enumerate((Hangs(), HangsAsync())):

            async def story(scheduler: Scheduler, asked: Asked = publisher) -> None:
                for minute in (5, 6, 7, 8, 9, 9.5):
                    add(scheduler, clock, minute)
                await scheduler.start(asked)
                await eventually_async(lambda: len(asked.asked) >= 4)
                clock.advance(5 * MINUTES)
                await eventually_async(lambda: len(asked.posted) == 1)

            run(directory.with_name(f"jobs-{number}"), clock, story)
    finally:
        let_go.set()


def test_one_that_does_not_answer_in_time_is_asked_no_more_and_told(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Hangs(Asked):
        async def preflight(self, job: ScheduledJob) -> str | None:  # type: ignore[override]
            self.asked.append(job.content)
            await asyncio.Event().wait()
            return None

    async def story(scheduler: Scheduler) -> None:
        publisher = Hangs()
        scheduler._parts.preflight.longest_s = 0.01
        job_id = add(scheduler, clock, 5)
        await scheduler.start(publisher)
        await eventually_async(lambda: "could not be asked ahead of time" in caplog.text)
        assert "no answer in 0.01 s" in caplog.text
        assert found(scheduler, job_id) == []

    run(directory, clock, story)


@pytest.mark.parametrize(
    "answer",
    [RuntimeError("oh no"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), 7, b"x"],
    ids=repr,
)
def test_what_is_no_answer_is_told_to_the_operator_and_the_loop_goes_on(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    async def story(scheduler: Scheduler) -> None:
        publisher = Asked(answer)
        job_id = add(scheduler, clock, 5)
        await scheduler.start(publisher)
        await eventually_async(lambda: "could not be asked ahead of time" in caplog.text)
        assert found(scheduler, job_id) == []
        clock.advance(5 * MINUTES)
        await eventually_async(lambda: publisher.posted == [job_id])

    run(directory, clock, story)


def test_a_validation_error_is_an_answer(directory: Path, clock: ManualClock) -> None:
    async def story(scheduler: Scheduler) -> None:
        job_id = add(scheduler, clock, 5)
        await scheduler.start(Asked(ValidationError("there is no tune", field="metadata.tune")))
        await eventually_async(lambda: scheduler.get_job(job_id).is_lacking)
        assert found(scheduler, job_id) == ["found ahead of its time: there is no tune"]

    run(directory, clock, story)


def test_nobody_is_asked_where_it_is_not_wished_or_cannot_be(
    directory: Path, clock: ManualClock
) -> None:
    """With None; held jobs; and those due at once, whose attempt tells."""

    async def not_wished(scheduler: Scheduler) -> None:
        publisher = Asked()
        job_id = add(scheduler, clock, 1)
        await scheduler.start(publisher)
        clock.advance(MINUTES)
        await eventually_async(lambda: publisher.posted == [job_id])
        assert publisher.asked == []

    run(directory, clock, not_wished, preflight=None)

    async def not_to_be(scheduler: Scheduler) -> None:
        publisher = Asked()
        scheduler.add_job("shop", "held", clock.now() + MINUTES, hold=True)
        due = add(scheduler, clock, 0, "due")
        await scheduler.start(publisher)
        add(scheduler, clock, 2, "soon")
        await eventually_async(lambda: publisher.posted == [due])
        clock.advance(MINUTES)
        await eventually_async(lambda: publisher.asked == ["soon"])

    run(directory, clock, not_to_be)


@pytest.mark.parametrize("ageing", [None, timedelta(minutes=1)])
def test_each_is_asked_about_when_its_own_time_for_that_comes(
    directory: Path, clock: ManualClock, ageing: timedelta | None
) -> None:
    async def story(scheduler: Scheduler) -> None:
        publisher = Asked()
        for minute in (25, 13, 18, 16):
            add(scheduler, clock, minute, f"{minute}")
        await scheduler.start(publisher)
        for so_far in (["13"], ["13", "16"], ["13", "16", "18"], ["13", "16", "18", "25"]):
            due = int(so_far[-1]) - 10
            clock.advance((due - (int(so_far[-2]) - 10 if so_far[:-1] else 0)) * MINUTES)
            await eventually_async(lambda: publisher.asked == so_far)  # noqa: B023

    run(directory, clock, story, ageing=ageing)


def test_one_of_the_wrong_shape_is_refused_when_it_is_given(directory: Path) -> None:
    class Wrong(Asked):
        def preflight(self) -> str | None:  # type: ignore[override]
            return None

    def start(scheduler: Scheduler) -> Coroutine[Any, Any, None]:
        return scheduler.start(Wrong())

    with Scheduler(directory) as scheduler, pytest.raises(ValidationError, match="preflight"):
        asyncio.run(start(scheduler))


@pytest.mark.parametrize("preflight", [timedelta(0), timedelta(minutes=-1), 10, "10 minutes"])
def test_a_setting_that_is_no_time_is_refused(directory: Path, preflight: Any) -> None:
    with pytest.raises(ValidationError, match="preflight"):
        Scheduler(directory, preflight=preflight)
