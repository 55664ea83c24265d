"""From a job's time to the call of its publisher, in a loop that waits for it.

    python benchmarks/latency.py [JOBS]

The start is made durable before the call. A second series is added by another process, due at once.
Before both, as the bare limit, as many timers of the event loop alone, as far apart: how late this
machine wakes anybody. Every value is kept.
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

BARE, OWN, OTHER = "a bare timer", "its own job", "another process's job"
APART_S = 0.043
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
        self.late_ms: dict[str, list[float]] = {BARE: [], OWN: [], OTHER: []}

    async def publish(self, attempt: Attempt) -> PostResult:
        late = datetime.now(UTC) - attempt.job.scheduled_time
        who = OWN if attempt.job.account_id == "own" else OTHER
        self.late_ms[who].append(round(late / timedelta(milliseconds=1), 3))
        return PostResult(True)

    def timer(self, due: float) -> None:
        late = asyncio.get_running_loop().time() - due
        self.late_ms[BARE].append(round(1000 * late, 3))


async def run(directory: Path, jobs: int) -> Watch:
    watch = Watch()
    loop = asyncio.get_running_loop()
    for number in range(jobs):
        due = loop.time() + 0.1 + APART_S * number
        loop.call_at(due, watch.timer, due)
    await until(watch.late_ms[BARE], jobs)
    with Scheduler(directory) as scheduler:
        await scheduler.start(watch)
        begin = datetime.now(UTC) + timedelta(seconds=0.5)
        for number in range(jobs):
            scheduler.add_job("own", "later", begin + timedelta(seconds=APART_S * number))
        await until(watch.late_ms[OWN], jobs)
        other = subprocess.Popen([sys.executable, "-c", _OTHER, str(directory), str(jobs)])
        await until(watch.late_ms[OTHER], jobs)
        other.wait()
        await scheduler.stop()
    return watch


async def until(values: list[float], count: int) -> None:
    while len(values) < count:
        await asyncio.sleep(0.05)


def at(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 2)


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 300
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
            "every millisecond late": watch.late_ms,
        },
    )


if __name__ == "__main__":
    main()
