"""Pacing: least gaps and quotas by account, decided from the events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.publishers import Asking, Recording, crash, dying
from support.waiting import eventually_async

from jobledger import (
    JobStatus,
    Ledger,
    ManualClock,
    OutcomeUnknown,
    Pacing,
    PostResult,
    Scheduler,
    ValidationError,
)
from jobledger.explanation import Surroundings, explain

MINUTE = timedelta(minutes=1)
FIVE = Pacing(min_gap_s=300)
THREE_A_DAY = Pacing(quota=3)


@pytest.fixture
def opened(directory: Path, clock: ManualClock) -> Any:
    """Open schedulers on one ledger, one after the other."""
    schedulers: list[Scheduler] = []

    def opening(**settings: Any) -> Scheduler:
        for old in schedulers:
            old.close()
        schedulers.append(Scheduler(directory, clock=clock, **settings))
        return schedulers[-1]

    yield opening
    schedulers[-1].close()


Opening = Callable[..., Scheduler]


def add(scheduler: Ledger, clock: ManualClock, *job_ids: str, account: str = "mai") -> None:
    for job_id in job_ids:
        scheduler.add_job(account, f"text of {job_id}", clock.now(), job_id=job_id)


def posted_at(scheduler: Scheduler) -> dict[str, datetime | None]:
    done = scheduler.list_jobs(status=JobStatus.COMPLETED)
    return {job.job_id: job.completed_at for job in done}


def test_posts_of_an_account_keep_their_distance(opened: Opening, clock: ManualClock) -> None:
    """To the microsecond; other accounts are not held up."""
    scheduler = opened(pacing=FIVE)
    add(scheduler, clock, "a", "b")
    add(scheduler, clock, "other", account="lan")
    begun = clock.now()
    assert scheduler.run_due(Recording()) == 2
    clock.advance(5 * MINUTE - timedelta(microseconds=1))
    assert scheduler.run_due(Recording()) == 0
    clock.advance(timedelta(microseconds=1))
    assert scheduler.run_due(Recording()) == 1
    assert posted_at(scheduler) == {"a": begun, "other": begun, "b": begun + 5 * MINUTE}


def test_a_quota_counts_in_a_moving_window(opened: Opening, clock: ManualClock) -> None:
    """The fourth goes out when the first is a day old, not at midnight."""
    scheduler = opened(pacing=THREE_A_DAY, expire_after=timedelta(days=9))
    add(scheduler, clock, *"abcdef")
    begun = clock.now()
    for _ in range(6):
        scheduler.run_due(Recording(), limit=1)
        clock.advance(timedelta(hours=1))
    assert set(posted_at(scheduler)) == {"a", "b", "c"}
    clock.advance(begun + timedelta(days=1) - clock.now() - timedelta(microseconds=1))
    assert scheduler.run_due(Recording()) == 0
    clock.advance(timedelta(microseconds=1))
    assert scheduler.run_due(Recording()) == 1
    assert posted_at(scheduler)["d"] == begun + timedelta(days=1)


def test_a_job_that_is_held_back_says_so(opened: Opening, clock: ManualClock) -> None:
    """In its status message, once; the others behind it too; and no longer once it has run."""
    scheduler = opened(pacing=FIVE)
    add(scheduler, clock, "a", "b", "c")
    for _ in range(3):
        scheduler.run_due(Recording())
    says = "Held back until 2026-03-02 12:05:00 UTC: posts of this account are at least 5 min apart"
    for job_id in ("b", "c"):
        job = scheduler.get_job(job_id)
        assert (job.status, job.status_message) == (JobStatus.SCHEDULED, says)
        assert job.deferred_until == clock.now() + 5 * MINUTE
        assert [event.type for event in scheduler.history(job_id)] == ["added", "deferred"]
    clock.advance(5 * MINUTE)
    scheduler.run_due(Recording())
    assert scheduler.get_job("b").deferred_until is None
    assert "12:10:00" in str(scheduler.get_job("c").status_message)
    assert len(scheduler.history("c")) == 3


def test_the_number_of_events_does_not_grow_with_the_square_of_the_jobs(
    opened: Opening, clock: ManualClock
) -> None:
    """Each job is told once when it is held back, and again when it is the next."""
    scheduler = opened(pacing=FIVE, durability="none")
    count = 40
    add(scheduler, clock, *(f"j{n:02}" for n in range(count)))
    for _ in range(count):
        scheduler.run_due(Recording())
        clock.advance(5 * MINUTE)
    assert len(posted_at(scheduler)) == count
    deferred = [event for event in scheduler.events() if event.type == "deferred"]
    assert len(deferred) <= 2 * count


def test_why_says_what_holds_a_job_back(opened: Opening, clock: ManualClock) -> None:
    """With the time and the rule."""
    scheduler = opened(pacing=Pacing(quota=1, window_s=7200))
    add(scheduler, clock, "a", "b")
    scheduler.run_due(Recording())
    around = Surroundings(now=clock.now(), zone=ZoneInfo("Asia/Ho_Chi_Minh"), runner=7)
    said = explain(scheduler.get_job("b"), scheduler.history("b"), around).answer
    assert said.endswith(
        "It is held back until 2026-03-02 21:00:00 at least: this account may post 1 times in 2 h."
    )


def test_pacing_survives_a_restart(opened: Opening, clock: ManualClock) -> None:
    """It is decided from the log, also of posts whose jobs were removed."""
    scheduler = opened()
    add(scheduler, clock, "a", "b")
    scheduler.run_due(Recording(), limit=1)
    scheduler.remove_job("a")
    clock.advance(MINUTE)
    scheduler = opened(pacing=FIVE)
    assert scheduler.run_due(Recording()) == 0
    clock.advance(4 * MINUTE)
    assert scheduler.run_due(Recording()) == 1


def test_accounts_have_pacings_of_their_own(opened: Opening, clock: ManualClock) -> None:
    """Instead of that of all."""
    scheduler = opened(pacing=FIVE, pacing_by_account={"fast": Pacing()})
    add(scheduler, clock, "a", "b")
    add(scheduler, clock, "c", "d", account="fast")
    scheduler.run_due(Recording())
    assert set(posted_at(scheduler)) == {"a", "c", "d"}
    scheduler = opened(pacing_by_account={"mai": FIVE})
    assert scheduler.run_due(Recording()) == 0


def test_a_failure_that_is_known_not_to_be_out_does_not_count(
    opened: Opening, clock: ManualClock
) -> None:
    """Only posts are paced."""
    scheduler = opened(pacing=FIVE)
    add(scheduler, clock, "a", "b")
    scheduler.run_due(Recording(lambda: PostResult(False, error="no", retryable=False)), limit=1)
    assert scheduler.run_due(Recording()) == 1
    assert set(posted_at(scheduler)) == {"b"}


def test_a_post_that_may_be_out_counts_until_it_is_known_not_to_be(
    opened: Opening, clock: ManualClock
) -> None:
    """After a crash, and after an outcome that the publisher does not know."""
    scheduler = opened(pacing=FIVE, on_interrupted="fail")
    add(scheduler, clock, "a", "b")
    with dying():
        scheduler.run_due(crash, limit=1)
    scheduler = opened(pacing=FIVE, on_interrupted="fail")
    assert scheduler.get_job("a").outcome_unknown
    assert scheduler.run_due(Recording()) == 0
    scheduler.resolve_job("a", posted=False)
    assert scheduler.run_due(Recording()) == 1


def test_a_doubt_about_itself_does_not_hold_a_job_back(opened: Opening, clock: ManualClock) -> None:
    """Asking is not posting; another job of the account waits."""

    def unknown(attempt: object) -> PostResult:
        raise OutcomeUnknown("cut off")

    scheduler = opened(pacing=Pacing(min_gap_s=3600), settle_s=60)
    add(scheduler, clock, "a", "b")
    publisher = Asking(unknown, lambda attempt: PostResult(True, "was-out"))
    assert scheduler.run_due(publisher) == 1
    clock.advance(MINUTE)
    assert scheduler.run_due(publisher) == 1
    assert scheduler.get_job("a").thread_id == "was-out"
    assert scheduler.get_job("b").deferred_until is not None
    assert publisher.calls == ["publish", "reconcile"]


def test_a_post_settled_by_hand_counts_when_it_was_made(
    opened: Opening, clock: ManualClock
) -> None:
    """Not when somebody said so."""
    scheduler = opened(pacing=FIVE, on_interrupted="fail")
    add(scheduler, clock, "a", "b")
    with dying():
        scheduler.run_due(crash, limit=1)
    scheduler = opened(pacing=FIVE, on_interrupted="fail")
    clock.advance(5 * MINUTE)
    scheduler.resolve_job("a", posted=True)
    assert scheduler.run_due(Recording()) == 1


def test_a_held_back_job_can_be_changed_and_expires(opened: Opening, clock: ManualClock) -> None:
    """It is an ordinary SCHEDULED job."""
    scheduler = opened(pacing=Pacing(quota=1, window_s=30 * 3600))
    add(scheduler, clock, "a", "b", "c", "d")
    scheduler.run_due(Recording())
    scheduler.hold_job("b")
    assert scheduler.get_job("b").status_message == "Held"
    scheduler.reschedule_job("c", clock.now() + timedelta(hours=30))
    assert scheduler.get_job("c").deferred_until is None
    clock.advance(timedelta(hours=24, microseconds=1))
    scheduler.run_due(Recording())
    assert scheduler.get_job("d").status is JobStatus.EXPIRED
    clock.advance(timedelta(hours=6))
    scheduler.run_due(Recording())
    assert set(posted_at(scheduler)) == {"a", "c"}


def test_the_loop_runs_a_held_back_job_as_soon_as_it_is_allowed(directory: Path) -> None:
    """With the real clock, and without looking at it all the time."""

    async def main() -> None:
        with Scheduler(directory, pacing=Pacing(min_gap_s=0.3)) as scheduler:
            now = datetime.now(UTC)
            for job_id in "abc":
                scheduler.add_job("mai", job_id, now, job_id=job_id)
            await scheduler.start(Recording())
            await eventually_async(lambda: len(posted_at(scheduler)) == 3, "three posts")
            await scheduler.stop()
            first, second, third = sorted(at for at in posted_at(scheduler).values() if at)
            gap = timedelta(seconds=0.3)
            started = [event.at for event in scheduler.events() if event.type == "started"]
            assert started[1] >= first + gap
            assert started[2] >= second + gap
            assert third > second

    asyncio.run(main())


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"min_gap_s": -1}, "min_gap_s"),
        ({"min_gap_s": float("nan")}, "min_gap_s"),
        ({"min_gap_s": "5"}, "min_gap_s"),
        ({"window_s": float("inf")}, "window_s"),
        ({"quota": 0}, "quota"),
        ({"quota": True}, "quota"),
        ({"quota": 2.0}, "quota"),
    ],
)
def test_a_pacing_that_is_none_is_refused(arguments: dict[str, Any], field: str) -> None:
    """By name."""
    with pytest.raises(ValidationError) as caught:
        Pacing(**arguments)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "settings",
    [
        {"pacing": 5},
        {"pacing_by_account": [FIVE]},
        {"pacing_by_account": {"mai": 5}},
        {"publish_timeout": 5},
        {"publish_timeout": timedelta(0)},
    ],
)
def test_wrong_settings_are_refused(directory: Path, settings: dict[str, Any]) -> None:
    """Before anything is made."""
    with pytest.raises(ValidationError, match=next(iter(settings))):
        Scheduler(directory, **settings)
    assert not directory.exists()


def test_a_slow_account_does_not_hold_up_the_others(directory: Path) -> None:
    """Its publisher never answers, with two slots: the jobs of all others go out meanwhile."""

    async def main() -> None:
        release = asyncio.Event()
        order: list[str] = []

        async def publish(account_id: str, content: str) -> PostResult:
            if account_id == "slow":
                await release.wait()
            order.append(account_id)
            return PostResult(True)

        with Scheduler(directory, concurrency=2) as scheduler:
            now = datetime.now(UTC)
            for number in range(5):
                scheduler.add_job("slow", f"s{number}", now - MINUTE, job_id=f"s{number}")
            for account in ("a", "b", "c"):
                for number in range(3):
                    scheduler.add_job(account, f"{account}{number}", now)
            await scheduler.start(publish)
            await eventually_async(lambda: len(order) == 9, "the others' posts")
            assert "slow" not in order
            # Priority, time and order of adding hold among the others.
            assert order == ["a"] * 3 + ["b"] * 3 + ["c"] * 3
            release.set()
            await eventually_async(lambda: len(order) == 14, "all posts")
            await scheduler.stop()

    asyncio.run(main())
