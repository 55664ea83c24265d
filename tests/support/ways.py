"""Every way in which a publisher is called: in the caller's thread, in one of its own, async,
several at once, by `run_due` and by the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from support.waiting import eventually_async

from jobledger import Attempt, Event, JobStatus, ManualClock, PostResult, ScheduledJob, Scheduler

WAYS = ("here", "in a thread", "async", "a coroutine given back", "together", "loop", "loop, plain")
GOOD = "good"
"""The job that is run after the one that a test is about."""


class Given:
    """A publisher that does what it was given, except for the good job."""

    def __init__(self, publish: Callable[[Attempt], Any]) -> None:
        self._publish = publish
        self.attempts: list[Attempt] = []

    def publish(self, attempt: Attempt) -> Any:
        if attempt.job.job_id == GOOD:
            return PostResult(True, GOOD)
        self.attempts.append(attempt)
        return self._publish(attempt)


class GivenAndAsked(Given):
    def __init__(
        self, publish: Callable[[Attempt], Any], reconcile: Callable[[Attempt], Any]
    ) -> None:
        super().__init__(publish)
        self.reconcile = reconcile


class Async:
    """The same, async."""

    def __init__(self, given: Any) -> None:
        self._given = given
        if hasattr(given, "reconcile"):
            self.reconcile = self._reconcile

    async def publish(self, attempt: Attempt) -> Any:
        await asyncio.sleep(0)
        return self._given.publish(attempt)

    async def _reconcile(self, attempt: Attempt) -> Any:
        await asyncio.sleep(0)
        return self._given.reconcile(attempt)


class GivesBack:
    """A plain publisher that gives a coroutine back."""

    def __init__(self, given: Any) -> None:
        self._asynchronous = Async(given)
        if hasattr(given, "reconcile"):
            self.reconcile = lambda attempt: self._asynchronous.reconcile(attempt)

    def publish(self, attempt: Attempt) -> Any:
        return self._asynchronous.publish(attempt)


class Way:
    """Runs jobs in one of the ways, on a ledger of its own."""

    def __init__(self, way: str, directory: Path, clock: ManualClock, **settings: Any) -> None:
        self._way = way
        self._clock = clock
        timeout = timedelta(minutes=5) if way == "in a thread" else None
        self.scheduler = Scheduler(
            directory,
            clock=clock,
            durability="none",
            publish_timeout=timeout,
            concurrency=2 if way == "together" else 1,
            error_wait_s=0.01,
            **settings,
        )

    def run(self, given: Any) -> None:
        """Run what is due; of the loop, until the good job is out."""
        if self._way.startswith("loop"):
            asyncio.run(self._loop(given if self._way == "loop, plain" else Async(given)))
        elif self._way in ("async", "together"):
            self.scheduler.run_due(Async(given))
        elif self._way == "a coroutine given back":
            self.scheduler.run_due(GivesBack(given))
        else:
            self.scheduler.run_due(given)

    async def _loop(self, publisher: Any) -> None:
        def is_over() -> bool:
            return not self.scheduler.get_ready_jobs() and not self.scheduler.list_jobs(
                status=JobStatus.RUNNING
            )

        await self.scheduler.start(publisher)
        await eventually_async(is_over, "the end of what is due")
        await self.scheduler.stop()

    def post(self, given: Any, job_id: str = "job", **job: Any) -> ScheduledJob:
        """Add a job and the good one after it, run both; the good one has to come out."""
        scheduler, now = self.scheduler, self._clock.now()
        scheduler.add_job("a", "text", now, job_id=job_id, **job)
        scheduler.add_job("b", "text", now, job_id=GOOD)
        self.run(given)
        assert scheduler.get_job(GOOD).status is JobStatus.COMPLETED
        return scheduler.get_job(job_id)

    def again(self, given: Any, job_id: str = "job") -> ScheduledJob:
        """Run the job once more, when it is due."""
        due = self.scheduler.get_job(job_id).scheduled_time
        self._clock.advance(max(due - self._clock.now(), timedelta(0)))
        self.run(given)
        return self.scheduler.get_job(job_id)

    def last(self, job_id: str = "job") -> Event:
        return self.scheduler.history(job_id)[-1]
