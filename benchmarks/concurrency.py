"""Empty async publishers: many attempts at a time, next to one at a time.

python benchmarks/concurrency.py [JOBS] [ROUNDS]
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from measure import in_turn, tell, timed

from jobledger import NewJob, PostResult, Scheduler

AT_A_TIME = (1, 4, 16, 64)


async def publish(account_id: str, content: str) -> PostResult:
    return PostResult(True, thread_id="17890")


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 960
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as place:
        schedulers = {n: Scheduler(Path(place, str(n)), concurrency=n) for n in AT_A_TIME}

        def run(number: int) -> float:
            scheduler, now = schedulers[number], datetime.now(UTC)
            scheduler.add_jobs([NewJob(f"account {n % 64}", "x" * 120, now) for n in range(jobs)])
            return timed(lambda: scheduler.run_due(publish))

        taken = in_turn({str(n): lambda n=n: run(n) for n in AT_A_TIME}, rounds)  # type: ignore[misc]
        for scheduler in schedulers.values():
            scheduler.close()
    rate = {name: round(jobs / median(seconds)) for name, seconds in taken.items()}
    tell(
        "empty async publishers: many at a time against one at a time",
        {
            "jobs": jobs,
            "seconds": taken,
            "jobs a second": rate,
            "times one at a time": {n: round(each / rate["1"], 2) for n, each in rate.items()},
        },
    )


if __name__ == "__main__":
    main()
