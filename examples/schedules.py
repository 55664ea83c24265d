"""Schedules and slots: posts by a rule, each a job that is there before its time.

It prints:

    due at 2026-03-02 07:00, 2026-03-03 07:00, 2026-03-04 07:00
    10 jobs are there, the first is morning.20260302T0700: Chào buổi sáng, 02.03.
    without the third: 02.03. 03.03. 05.03.
    the next free slot is 2026-03-02 12:30
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from jobledger import At, JobStatus, Ledger, ManualClock, NextSlot

ZONE = "Asia/Ho_Chi_Minh"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")

clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))  # a Sunday
with Ledger("jobs", timezone=ZONE, clock=clock) as ledger:
    rule = At(("07:00",), weekdays=WEEKDAYS)
    coming = ledger.preview(rule, zone=ZONE, count=3)
    print("due at", ", ".join(f"{each.local:%Y-%m-%d %H:%M}" for each in coming))

    ledger.add_schedule(
        "morning", rule, account_id="my-shop", content="Chào buổi sáng, {date:%d.%m.}"
    )
    jobs = ledger.list_jobs(order="time")
    print(f"{len(jobs)} jobs are there, the first is {jobs[0].job_id}: {jobs[0].content}")

    ledger.skip_occurrence("morning", coming[2].local)
    left = ledger.list_jobs(status=JobStatus.SCHEDULED, order="time")
    print("without the third:", *(job.content[-6:] for job in left[:3]))

    ledger.set_slots("my-shop", {day: ["12:30"] for day in WEEKDAYS})
    job = ledger.get_job(ledger.add_job("my-shop", "Bữa trưa", NextSlot()))
    local = job.scheduled_time.astimezone(ZoneInfo(ZONE))
    print(f"the next free slot is {local:%Y-%m-%d %H:%M}")
