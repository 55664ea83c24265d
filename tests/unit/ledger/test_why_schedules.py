"""`Ledger.why` of a schedule, and of the jobs that it has made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import (
    JobNotFoundError,
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    Scheduler,
    ScheduleStatus,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MAKES = "It makes posts of account shop at 09:00, every day, in Etc/UTC."


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def scheduler(directory: Path, clock: ManualClock) -> Iterator[Scheduler]:
    with Scheduler(directory, clock=clock, timezone="Etc/UTC") as opened:
        opened.add_schedule("daily", "0 9 * * *", account_id="shop", content="Hello")
        yield opened


def why(ledger: Ledger, schedule_id: str = "daily") -> list[str]:
    found = ledger.why(f"schedule:{schedule_id}").standing
    assert found[0].startswith("It makes posts of account shop ")
    return found[1:]


def test_it_says_when_the_next_is_and_which_job(scheduler: Scheduler) -> None:
    found = scheduler.why("schedule:daily")
    assert (found.job_id, found.status) == ("schedule:daily", ScheduleStatus.ACTIVE)
    assert found.standing == [
        MAKES,
        "The next one is job daily.20260303T0900, at 2026-03-03 09:00:00 (in 21.0 h).",
    ]
    assert found.twice == []
    assert found.said("vi").answer.startswith("Lịch này tạo bài cho tài khoản shop lúc 09:00")


def test_what_is_skipped_is_not_the_next(scheduler: Scheduler) -> None:
    scheduler.skip_occurrence("daily")
    scheduler.cancel_job("daily.20260304T0900")
    assert why(scheduler) == [
        "The next one is job daily.20260305T0900, at 2026-03-05 09:00:00 (in 2.9 d).",
        "Skipped: 20260303T0900.",
    ]


def test_one_that_is_years_away_says_when_it_becomes_a_job(scheduler: Scheduler) -> None:
    scheduler.add_schedule("leap", "0 9 29 2 *", account_id="shop", content="Leap")
    assert why(scheduler, "leap") == [
        "The next one comes at 2028-02-29 09:00:00 (in 728.9 d), and becomes a job a year ahead of"
        " that."
    ]


def test_it_says_that_it_is_paused_and_by_whom(scheduler: Scheduler) -> None:
    scheduler.acting("web:lan").pause_schedule("daily")
    assert why(scheduler) == [
        "It was paused by web:lan at 2026-03-02 12:00:00 (0 ms ago): it makes nothing, and its"
        " waiting jobs are held, until it is resumed."
    ]
    held = scheduler.why("daily.20260303T0900")
    assert held.status is JobStatus.PENDING
    assert held.standing[-1] == "Its schedule has changed it: its schedule was paused."


def test_it_says_why_it_has_ended_and_what_still_waits(scheduler: Scheduler) -> None:
    scheduler.edit_job("daily.20260305T0900", content="mine")
    scheduler.end_schedule("daily", "season over")
    assert why(scheduler) == [
        "It has ended at 2026-03-02 12:00:00 (0 ms ago): by hand, 'season over'.",
        "Of its posts 1 still wait, the last comes at 2026-03-05 09:00:00 (in 2.9 d).",
        "daily.20260305T0900: made or changed by hand, and left as that is.",
    ]
    scheduler.add_schedule("two", "0 9 * * *", account_id="shop", content="x", max_count=2)
    assert why(scheduler, "two")[0].endswith(": so many as were asked for are planned.")


def test_it_says_what_was_left_out_and_that_drafts_wait_for_somebody(
    directory: Path, clock: ManualClock
) -> None:
    with Ledger(directory, clock=clock, unique=True) as ledger:
        ledger.add_schedule("daily", "0 9 * * *", account_id="shop", content="x", hold=True)
        assert why(ledger) == [
            "The next one is job daily.20260303T0900, at 2026-03-03 09:00:00 (in 21.0 h).",
            "Its jobs are drafts: each runs once it is released.",
            "No runner works on this ledger: start one.",
            "When it was last planned 13 were left out, since the account has their text already:"
            " 20260304T0900, 20260305T0900, 20260306T0900.",
        ]


def test_a_job_names_its_schedule_and_what_became_of_it_there(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    scheduler.edit_job("daily.20260304T0900", content="mine")
    first, second = (scheduler.why(f"daily.2026030{day}T0900").standing for day in (3, 4))
    assert first[1:] == ["It is post 1 of schedule daily, the occurrence 20260303T0900."]
    assert second[2:] == ["It was changed by hand, so its schedule leaves it as it is."]
    scheduler.edit_schedule("daily", misfire="skip")
    clock.advance(timedelta(hours=22))
    scheduler.run_due(lambda *post: PostResult(True))
    assert scheduler.why("daily.20260303T0900").standing[0] == (
        "It was left out, 1.0 h after its time (2026-03-03 09:00:00): it was later than its"
        " schedule allows."
    )
    scheduler.skip_occurrence("daily")
    assert (
        scheduler.why("daily.20260304T0900")
        .standing[0]
        .endswith(": this occurrence of its schedule was skipped.")
    )


def test_that_a_schedule_uses_its_text_again_is_no_double(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    """Of the same text by hand, or of another schedule, it is said."""
    assert scheduler.why("daily.20260303T0900").twice == []
    scheduler.add_job("shop", "Hello", NOON, job_id="by-hand")
    [twice] = scheduler.why("daily.20260303T0900").twice
    assert "by-hand" in twice


def test_one_that_expired_by_itself_was_changed_by_nobody(
    scheduler: Scheduler, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=3))
    scheduler.cleanup_expired_jobs()
    found = scheduler.why("daily.20260303T0900").standing
    assert found[-1] == "It is post 1 of schedule daily, the occurrence 20260303T0900."


def test_as_of_a_moment_it_is_what_it_was(scheduler: Scheduler) -> None:
    view = scheduler.as_of(scheduler.seq)
    scheduler.end_schedule("daily")
    assert scheduler.why("schedule:daily", view=view).status is ScheduleStatus.ACTIVE
    with pytest.raises(JobNotFoundError, match="no schedule 'daily'"):
        scheduler.why("schedule:daily", view=scheduler.as_of(0))
    with pytest.raises(JobNotFoundError, match="the nearest is 'daily'"):
        scheduler.why("schedule:daly")


def test_it_can_be_typed(scheduler: Scheduler, directory: Path) -> None:
    done = run_here(directory, "why", "schedule:daily")
    assert (done.code, done.out.startswith(MAKES[:40])) == (0, True)
    assert '"status": "active"' in run_here(directory, "why", "--json", "schedule:daily").out
