"""A runner with schedules: it plans them, and what is late does not come as a burst."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobledger import JobStatus, Ledger, ManualClock, Pacing, PostResult, Scheduler

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGIN = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(BEGIN)


@pytest.fixture
def scheduler(directory: Path, clock: ManualClock) -> Iterator[Scheduler]:
    with Scheduler(directory, clock=clock) as opened:
        yield opened


def hourly(ledger: Ledger, rule: str = "0 * * * *", **more: Any) -> None:
    said: dict[str, Any] = {"account_id": "shop", "content": "{date:%dT%H}"}
    ledger.add_schedule("hourly", rule, **(said | more))


def run(scheduler: Scheduler) -> list[str]:
    """Run what is due; return the texts that were posted."""
    posted: list[str] = []

    def post(account_id: str, content: str) -> PostResult:
        posted.append(content)
        return PostResult(True)

    scheduler.run_due(post)
    return posted


def left_out(scheduler: Scheduler) -> int:
    return sum(
        job.schedule is not None and job.schedule.cause == "misfired"
        for job in scheduler.list_jobs(status=JobStatus.EXPIRED)
    )


def test_each_occurrence_is_posted_at_its_time(scheduler: Scheduler, clock: ManualClock) -> None:
    hourly(scheduler)
    posted = []
    for _ in range(30):
        clock.advance(HOUR)
        posted.append(run(scheduler))
    expected = [BEGIN + timedelta(minutes=30) + n * HOUR for n in range(30)]
    assert posted == [[f"{moment:%dT%H}"] for moment in expected]


def test_of_what_is_late_the_newest_is_posted(scheduler: Scheduler, clock: ManualClock) -> None:
    hourly(scheduler)
    clock.advance(10 * HOUR)
    assert run(scheduler) == ["02T10"]
    assert left_out(scheduler) == 9


def test_what_is_in_time_is_posted_beside_it(scheduler: Scheduler, clock: ManualClock) -> None:
    """By five minutes it is not late: it comes as it would have, after the newest of the late."""
    hourly(scheduler)
    clock.advance(9 * HOUR + timedelta(minutes=35))
    assert run(scheduler) == ["02T09", "02T10"]
    assert left_out(scheduler) == 8


def test_without_a_grace_all_but_the_newest_are_late(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    hourly(scheduler, grace=timedelta(0))
    clock.advance(9 * HOUR + timedelta(minutes=35))
    assert run(scheduler) == ["02T10"]


@pytest.mark.parametrize(
    ("more", "posted"),
    [
        ({"misfire": "skip"}, []),
        ({"misfire": "all"}, ["02T08", "02T09", "02T10"]),
        ({"misfire": "all", "catch_up": 2}, ["02T09", "02T10"]),
    ],
)
def test_a_schedule_says_what_of_it_is_posted(
    scheduler: Scheduler, clock: ManualClock, more: dict[str, Any], posted: list[str]
) -> None:
    hourly(scheduler, **more)
    clock.advance(10 * HOUR)
    assert run(scheduler) == posted
    assert left_out(scheduler) == 10 - len(posted)


def test_days_of_sleep_make_no_burst(scheduler: Scheduler, clock: ManualClock) -> None:
    """Neither within the horizon nor far beyond it, and it goes on as before."""
    hourly(scheduler)
    for asleep in (3 * DAY, 50 * DAY):
        clock.advance(asleep)
        now = clock.now()
        assert run(scheduler) == [f"{now - timedelta(minutes=30):%dT%H}"]
        clock.advance(HOUR)
        assert len(run(scheduler)) == 1
    waiting = scheduler.list_jobs(status=JobStatus.SCHEDULED, order="time")
    assert waiting[0].scheduled_time == clock.now() + timedelta(minutes=30)
    assert len(waiting) >= 13 * 24


def test_a_sleep_beyond_the_horizon_is_told_and_makes_no_jobs_for_the_past(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    hourly(scheduler)
    clock.advance(50 * DAY)
    run(scheduler)
    planned: Any = [
        event.data
        for event in scheduler.history("schedule:hourly")
        if event.type == "schedule_planned"
    ][-1]
    assert planned.since == clock.now() - DAY
    assert planned.missed == 23


def test_a_clock_that_goes_back_posts_nothing_twice(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    hourly(scheduler)
    clock.advance(3 * HOUR)
    assert run(scheduler) == ["02T03"]
    clock.advance(-2 * HOUR)
    assert run(scheduler) == []
    clock.advance(3 * HOUR)
    assert run(scheduler) == ["02T04"]


def test_one_that_was_changed_by_hand_is_not_left_out(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    hourly(scheduler)
    scheduler.edit_job("hourly.20260302T0300", content="by hand")
    clock.advance(10 * HOUR)
    assert sorted(run(scheduler)) == ["02T10", "by hand"]


def test_what_pacing_holds_back_is_not_late_for_that(directory: Path, clock: ManualClock) -> None:
    """It is later than its grace, and was looked at in time."""
    pacing = Pacing(min_gap_s=90 * 60)
    with Scheduler(directory, clock=clock, pacing=pacing) as scheduler:
        hourly(scheduler)
        posted = []
        for _ in range(6 * 12):
            clock.advance(timedelta(minutes=5))
            posted += run(scheduler)
        assert posted == ["02T01", "02T02", "02T03", "02T04"]


def test_a_retry_is_not_late(scheduler: Scheduler, clock: ManualClock) -> None:
    hourly(scheduler, "0 1 * * *")
    clock.advance(HOUR / 2)
    scheduler.run_due(lambda *post: PostResult(False, error="busy"))
    clock.advance(3 * HOUR)
    assert run(scheduler) == ["02T01"]


@pytest.mark.parametrize(("overlap", "posted"), [("queue", True), ("skip", False)])
def test_one_that_is_due_before_the_one_before_is_over(
    scheduler: Scheduler, clock: ManualClock, overlap: Any, posted: bool
) -> None:
    """Where it is to be retried, that is; a running one counts as well."""
    hourly(scheduler, overlap=overlap, max_retries=9)
    clock.advance(HOUR)
    for _ in range(5):
        scheduler.run_due(lambda *post: PostResult(False, error="busy"))
        clock.advance(timedelta(minutes=12))
    assert ("02T02" in run(scheduler)) is posted
    second = scheduler.get_job("hourly.20260302T0200")
    assert second.status_message is not None
    assert ("the post before it was not over" in second.status_message) is not posted


def test_the_loop_plans_by_itself(directory: Path) -> None:
    """By the machine's clock: a schedule that another process adds is posted when it is due."""
    posted: list[str] = []

    async def main() -> None:
        with Scheduler(directory) as scheduler, Ledger(directory) as other:
            done = asyncio.Event()
            loop = asyncio.get_running_loop()

            def post(account_id: str, content: str) -> PostResult:
                posted.append(content)
                loop.call_soon_threadsafe(done.set)
                return PostResult(True)

            await scheduler.start(post)
            other.add_schedule("s", "0 9 * * *", account_id="shop", content="post {n}")
            other.run_schedule_now("s")
            await asyncio.wait_for(done.wait(), 30)
            await scheduler.stop()

    asyncio.run(main())
    assert posted == ["post 15"]


def test_a_runner_records_what_it_plans_as_its_own(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    hourly(scheduler)
    clock.advance(2 * DAY)
    run(scheduler)
    planned = scheduler.history("schedule:hourly")[-1]
    assert planned.by is not None
    assert planned.by.startswith("runner:")
