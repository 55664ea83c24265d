"""Several processes that plan one schedule at once, and are killed in the midst of it."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobledger import JobStatus, Ledger, ManualClock

BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 60
PLANS = f"""
import sys
from datetime import UTC, datetime, timedelta
from jobledger import Ledger, ManualClock
for day in range(int(sys.argv[2]), {DAYS} + 1):
    clock = ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=day))
    with Ledger(sys.argv[1], clock=clock, durability="none") as ledger:
        print(day, flush=True)
        ledger.plan_schedules()
"""


def planner(directory: Path, day: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PLANS, str(directory), str(day)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def killed_at(process: subprocess.Popen[str], day: int) -> None:
    """Kill a planner as it begins with a day, wherever it is by then."""
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= day:
            break
    process.kill()
    process.wait(60)
    process.stdout.close()


@pytest.mark.thorough
def test_whoever_plans_and_is_killed_no_post_is_missing_and_none_is_there_twice(
    directory: Path,
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with Ledger(directory, clock=ManualClock(BEGIN)) as ledger:
        ledger.add_schedule("s", "0 9,18 * * *", account_id="shop", content="text {n}")
    day = 0
    while day < DAYS:
        first, second = planner(directory, day), planner(directory, day)
        day = min(day + chance.randrange(4, 12), DAYS)
        killed_at(first, day)
        killed_at(second, day - chance.randrange(3))
    with Ledger(directory, clock=ManualClock(BEGIN + DAYS * DAY)) as ledger:
        ledger.plan_schedules()
        jobs = [job for job in ledger.list_jobs() if job.schedule is not None]
        times = [BEGIN.replace(hour=hour) + n * DAY for n in range(DAYS + 15) for hour in (9, 18)]
        end = BEGIN + (DAYS + 14) * DAY
        expected = [moment for moment in times if BEGIN < moment <= end]
        assert sorted(job.scheduled_time for job in jobs) == expected
        assert Counter(job.schedule.number for job in jobs if job.schedule).total() == len(jobs)
        assert len({job.content for job in jobs}) == len(jobs)
        assert {job.status for job in jobs} == {JobStatus.SCHEDULED}
        assert ledger.verify().ok
