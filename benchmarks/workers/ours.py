"""Worker processes of jobledger, each a Scheduler with a lease."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

from jobledger import JobStatus, PostResult, Scheduler
from workers import TEXT, go, work_of

WORK = work_of(sys.argv[1:])


def publish(account_id: str, content: str) -> PostResult:
    """Post nothing."""
    return PostResult(True, thread_id="17890")


def main() -> None:
    """Add, and run until nothing of anybody is left."""
    with Scheduler(WORK.conninfo, concurrency=WORK.concurrency) as scheduler:

        def live() -> int:
            now, ran = datetime.now(UTC), 0
            for n in range(WORK.jobs):
                scheduler.add_job(WORK.account(n), TEXT, now)
            while scheduler.counts()[JobStatus.COMPLETED] < WORK.in_all:
                done = scheduler.run_due(publish)
                ran += done
                if not done:
                    time.sleep(0.005)
            return ran

        go(live)


if __name__ == "__main__":
    main()
