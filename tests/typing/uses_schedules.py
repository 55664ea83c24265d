"""A program that posts again and again: by rules, and in the slots of its accounts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import assert_type

from jobledger import (
    At,
    Cron,
    Every,
    FromSchedule,
    Ledger,
    ManualClock,
    NewJob,
    NextSlot,
    Occurrence,
    Schedule,
    ScheduledJob,
    ScheduleStatus,
    Slots,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def plans(ledger: Ledger) -> Schedule:
    assert_type(
        ledger.add_schedule(
            "daily",
            Cron("0 9 * * mon-fri"),
            account_id="shop",
            content=["Good morning {date:%d.%m.}", "Hello number {n}"],
            order="shuffle",
            zone="Asia/Ho_Chi_Minh",
            until=date(2027, 1, 1),
            jitter=timedelta(minutes=3),
            misfire="all",
            overlap="skip",
        ),
        str,
    )
    ledger.edit_schedule("daily", rule=At(("09:00", "18:30")), grace=timedelta(minutes=1))
    ledger.skip_occurrence("daily", datetime(2026, 3, 4, 9))  # noqa: DTZ001
    ledger.pause_schedule("daily")
    ledger.resume_schedule("daily")
    assert_type(ledger.run_schedule_now("daily"), str)
    assert_type(ledger.plan_schedules(), int)
    assert_type(ledger.schedules(), list[Schedule])
    return ledger.get_schedule("daily")


def shows(ledger: Ledger, schedule: Schedule) -> list[str]:
    assert_type(schedule.rule, Cron | At | Every)
    assert_type((schedule.status, schedule.content), tuple[ScheduleStatus, tuple[str, ...]])
    assert_type(schedule.planned_until, datetime | None)
    found: list[str] = []
    for coming in ledger.upcoming(schedule.schedule_id, 3):
        assert_type((coming.at, coming.occurrence), tuple[datetime, Occurrence])
        assert_type((coming.job, coming.is_skipped), tuple[ScheduledJob | None, bool])
        found.append(coming.job_id)
    for job in ledger.jobs_of_schedule(schedule.schedule_id):
        assert_type(job.schedule, FromSchedule | None)
    return found


def takes_slots(ledger: Ledger) -> Slots | None:
    ledger.set_slots("shop", {"mon": ["9:00", "12:30"], "thu": ["9:00"]}, zone="Asia/Tokyo")
    ledger.add_job("shop", "in the next slot", NextSlot())
    ledger.add_jobs([NewJob("shop", "in the one after that", NextSlot())])
    assert_type(ledger.free_slots("shop", 2), list[datetime])
    assert_type(ledger.all_slots(), list[Slots])
    first, second = ledger.list_jobs("shop", order="time")[-2:]
    swapped = {first.job_id: second.scheduled_time, second.job_id: first.scheduled_time}
    assert_type(ledger.change_jobs("reschedule", list(swapped), times=swapped), int)
    return ledger.slots("shop")


def main(directory: Path) -> None:
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        schedule = plans(ledger)
        assert shows(ledger, schedule)[0].startswith("daily.2026030")
        slots = takes_slots(ledger)
        assert slots is not None
        assert slots.zone == "Asia/Tokyo"
        ledger.end_schedule("daily", "the season is over")
        assert ledger.get_schedule("daily").status is ScheduleStatus.ENDED
