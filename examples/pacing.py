"""Pacing: at least an hour between two posts of an account, and two of them a day.

It prints:

    09:00 ['first']
    09:00 second: Held back until 2026-03-02 10:00:00 UTC: …
    10:00 ['second']
    11:00 nothing: the quota of the day is used up
    next day, 09:00 ['third']
"""

from datetime import UTC, datetime, timedelta

from jobledger import JobStatus, ManualClock, Pacing, PostResult, Scheduler

HOUR = timedelta(hours=1)
posted: list[str] = []


def post(account_id: str, content: str) -> PostResult:
    posted.append(content)
    return PostResult(True)


def run() -> list[str]:
    posted.clear()
    scheduler.run_due(post)
    return posted


clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
pacing = Pacing(min_gap_s=3600, quota=2)
with Scheduler("jobs", clock=clock, pacing=pacing, expire_after=timedelta(days=3)) as scheduler:
    for text in ("first", "second", "third"):
        scheduler.add_job("my-account", text, clock.now(), job_id=text)
    print("09:00", run())
    [held, *_] = scheduler.list_jobs(status=JobStatus.SCHEDULED)
    print(f"09:00 {held.content}: {held.status_message}")
    clock.advance(HOUR)
    print("10:00", run())
    clock.advance(HOUR)
    print("11:00", run() or "nothing: the quota of the day is used up")
    clock.advance(22 * HOUR)
    print("next day, 09:00", run())
