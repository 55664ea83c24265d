"""From a job's time to the call of its publisher, in a loop that waits for it.

    python benchmarks/latency.py [JOBS]

The start is made durable before the call. A second series is added by another process, due at once.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measure import tell

from jobledger import Attempt, PostResult, Scheduler

_OTHER = """
import sys, time
from datetime import UTC, datetime
from jobledger import Ledger
with Ledger(sys.argv[1]) as ledger:
    for n in range(int(sys.argv[2])):
        ledger.add_job("other", "now", datetime.now(UTC))
        time.sleep(0.13)
"""


class Watch:
    """Notes how late each call is."""

    def __init__(self) -> None:
        self.late_ms: dict[str, list[float]] = {"own": [], "other": []}

    async def publish(self, attempt: Attempt) -> PostResult:
        late = datetime.now(UTC) - attempt.job.scheduled_time
        self.late_ms[attempt.job.account_id].append(late / timedelta(milliseconds=1))
        return PostResult(True)


async def run(directory: Path, jobs: int) -> Watch:
    watch = Watch()
    with Scheduler(directory) as scheduler:
        await scheduler.start(watch)
        begin = datetime.now(UTC) + timedelta(seconds=0.5)
        for number in range(jobs):
            scheduler.add_job("own", "later", begin + timedelta(milliseconds=43 * number))
        while len(watch.late_ms["own"]) < jobs:
            await asyncio.sleep(0.05)
        other = subprocess.Popen([sys.executable, "-c", _OTHER, str(directory), str(jobs)])
        while len(watch.late_ms["other"]) < jobs:
            await asyncio.sleep(0.05)
        other.wait()
        await scheduler.stop()
    return watch


def at(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 2)


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        watch = asyncio.run(run(Path(place, "jobs"), jobs))
    tell(
        "from a job's time to the call of its publisher",
        {
            "jobs": jobs,
            "took seconds": round(time.monotonic() - begun, 1),
            "milliseconds late": {
                who: {"p50": at(late, 0.5), "p90": at(late, 0.9), "p99": at(late, 0.99)}
                for who, late in watch.late_ms.items()
            },
        },
    )


if __name__ == "__main__":
    main()
