"""N jobs added, started and completed by `run_due`, next to three bare durable appends a job.

    python benchmarks/lifecycle.py [JOBS] [ROUNDS]

The callback does nothing. The start of each attempt is durable before it is called.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bare import Bare, lines_of
from measure import in_turn, middle, share, tell, timed

from jobledger import PostResult, Scheduler


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    done = PostResult(True, thread_id="17890")
    with tempfile.TemporaryDirectory() as place:
        directory, bare = Path(place, "jobs"), Bare(Path(place, "bare"))
        with Scheduler(directory) as scheduler:

            def live() -> None:
                now = datetime.now(UTC)
                for _ in range(jobs):
                    scheduler.add_job("my-shop", "x" * 120, now)
                assert scheduler.run_due(lambda account, content: done) == jobs

            taken = in_turn(
                {
                    "run_due": lambda: timed(live),
                    "bare": lambda: _bare(bare, lines_of(directory, 3 * jobs)),
                },
                rounds,
            )
    tell(
        "add, start and complete by run_due against three bare durable appends a job",
        {
            "jobs": jobs,
            "seconds": taken,
            "times the bare rate": share(taken["bare"], taken["run_due"]),
            "median microseconds a job": {
                name: round(1e6 * middle(seconds) / jobs, 1) for name, seconds in taken.items()
            },
        },
    )


def _bare(bare: Bare, lines: list[bytes]) -> float:
    return timed(lambda: bare.write(lines))


if __name__ == "__main__":
    main()
