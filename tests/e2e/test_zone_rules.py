"""A zone whose rules change while jobs wait: real processes, each with its own files of zones."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobledger import Ledger

ZONE = "Test/Town"
HOUR = timedelta(hours=1)
NOON = "2026-03-01T12:00:00+00:00"
JUST_AFTER = "2026-03-01T02:10:00+00:00"
"""Ten minutes after a job: by other rules the last one planned is beyond the days that are planned
ahead."""
ADDS = f"""
import sys
from datetime import datetime
from jobledger import Ledger, ManualClock
with Ledger(sys.argv[1], clock=ManualClock(datetime.fromisoformat(sys.argv[2]))) as ledger:
    ledger.add_schedule("s", "0 9 * * *", account_id="shop", content="text {{n}}", zone={ZONE!r})
    ledger.edit_job(ledger.jobs_of_schedule("s")[5].job_id, content="by hand")
"""
RUNS = """
import sys
from datetime import datetime
from jobledger import ManualClock, PostResult, Scheduler
with Scheduler(sys.argv[1], clock=ManualClock(datetime.fromisoformat(sys.argv[2]))) as scheduler:
    for _ in range(3):
        scheduler.run_due(lambda *post: PostResult(True))
"""


def write_zone(directory: Path, hours: int) -> Path:
    """Write a file of a zone that is always so many hours ahead of UTC; return where zones are."""
    name = f"+{hours:02}".encode()
    counts = struct.pack(">6l", 0, 0, 0, 0, 1, len(name) + 1)
    block = struct.pack(">lBB", hours * 3600, 0, 0) + name + b"\0"
    head = b"TZif2" + bytes(15) + counts
    path = directory / f"zones-{hours}" / ZONE
    path.parent.mkdir(parents=True)
    path.write_bytes(head + block + head + block + f"\n<+{hours:02}>-{hours}\n".encode())
    return directory / f"zones-{hours}"


def python(program: str, directory: Path, zones: Path, now: str = NOON) -> None:
    env = os.environ | {"PYTHONTZPATH": str(zones)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(directory), now],
        env=env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def jobs_of(directory: Path) -> dict[str, dict[str, Any]]:
    with Ledger(directory, read_only=True) as ledger:
        return {job.job_id: job.to_dict() for job in ledger.list_jobs()}


@pytest.mark.parametrize("now", [NOON, JUST_AFTER], ids=["noon", "just after one"])
@pytest.mark.parametrize("hours", [6, 8])
def test_jobs_move_to_the_new_moment_of_the_same_local_time(
    tmp_path: Path, hours: int, now: str
) -> None:
    """In the log with its reason, each once; what somebody has changed by hand stays."""
    directory = tmp_path / "jobs"
    python(ADDS, directory, write_zone(tmp_path, 7), now)
    before = jobs_of(directory)
    by_hand = next(job_id for job_id, job in before.items() if job["content"] == "by hand")
    python(RUNS, directory, write_zone(tmp_path, hours), now)
    after = jobs_of(directory)
    # Those of the next day may have become due, or past, by the change.
    later = sorted(before, key=lambda job_id: before[job_id]["scheduled_time"])[2:]
    for job_id in later:
        times = [datetime.fromisoformat(jobs[job_id]["scheduled_time"]) for jobs in (before, after)]
        moved = timedelta(0) if job_id == by_hand else (7 - hours) * HOUR
        assert times[1] - times[0] == moved, job_id
        assert after[job_id]["content"] == before[job_id]["content"]
    assert before.keys() <= after.keys()
    with Ledger(directory, read_only=True) as ledger:
        told = [event for event in ledger.events() if event.type == "rescheduled"]
        assert {json.dumps(event.to_dict()["data"].get("schedule")) for event in told} == {
            '"zone_rules"'
        }
        assert len({event.job_id for event in told}) == len(told) >= len(later) - 1
        assert ledger.verify().ok


def test_with_the_same_rules_nothing_is_written(tmp_path: Path) -> None:
    directory = tmp_path / "jobs"
    zones = write_zone(tmp_path, 7)
    python(ADDS, directory, zones)
    with Ledger(directory, read_only=True) as ledger:
        seq = ledger.seq
    python(RUNS, directory, zones)
    with Ledger(directory, read_only=True) as ledger:
        later = [event.type for event in ledger.events(seq)]
    assert "rescheduled" not in later
    assert "cancelled" not in later
