"""The start of the next due job on a board of 1,000 jobs and of many more.

    python benchmarks/next_due.py [JOBS] [ROUNDS]

All jobs but a few are for later; what is measured is finding, starting and completing the few.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from histories import BEGIN
from measure import in_turn, share, tell, timed

from jobledger import ManualClock, NewJob, PostResult, Scheduler

DUE = 50
_AT_ONCE = 10_000


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as place, ExitStack() as opened:
        ways = {}
        for jobs in (1_000, many):
            clock = ManualClock(BEGIN)
            scheduler = opened.enter_context(
                Scheduler(Path(place, str(jobs)), clock=clock, durability="none")
            )
            for first in range(0, jobs, _AT_ONCE):
                later = range(first, min(first + _AT_ONCE, jobs))
                scheduler.add_jobs(
                    [
                        NewJob(f"a{n % 100}", "text", BEGIN + timedelta(days=30, seconds=n))
                        for n in later
                    ]
                )
            scheduler.write_behind()

            def run(scheduler: Scheduler = scheduler, clock: ManualClock = clock) -> float:
                now = clock.now()
                scheduler.add_jobs([NewJob(f"a{n}", "text", now) for n in range(DUE)])
                return timed(lambda: scheduler.run_due(lambda account, text: PostResult(True)))

            ways[str(jobs)] = run
        taken = in_turn(ways, rounds)
    tell(
        "the start of the next due job on a small and a large board",
        {
            "jobs due": DUE,
            "seconds": taken,
            "times the small board": round(1 / share(taken["1000"], taken[str(many)]), 2),
        },
    )


if __name__ == "__main__":
    main()
