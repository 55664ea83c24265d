"""Worker processes of jobledger, each a Scheduler with a lease (in each shard, where there are
several)."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime

from jobledger import JobStatus, PostResult, Scheduler
from workers import TEXT, go, work_of

WORK = work_of(sys.argv[1:])
_RAN: list[str] = []


def publish(account_id: str, content: str) -> PostResult:
    """Post nothing."""
    _RAN.append(account_id)
    return PostResult(True, thread_id="17890")


async def publish_async(account_id: str, content: str) -> PostResult:
    """Post nothing, in an event loop."""
    return publish(account_id, content)


def is_over(scheduler: Scheduler) -> bool:
    """Look whether nothing of anybody is left."""
    return scheduler.counts()[JobStatus.COMPLETED] >= WORK.in_all


async def run_loops(scheduler: Scheduler) -> None:
    """Run what is there by the loop of each shard, as a daemon does."""
    await scheduler.start(publish_async)
    while not await asyncio.to_thread(is_over, scheduler):
        await asyncio.sleep(0.02)
    await scheduler.stop()


def run_calls(scheduler: Scheduler) -> None:
    """Run what is there by calls of `run_due`."""
    while not is_over(scheduler):
        if not scheduler.run_due(publish):
            time.sleep(0.005)


def main() -> None:
    """Add, and run until nothing of anybody is left."""
    with Scheduler(WORK.conninfo, concurrency=WORK.concurrency) as scheduler:

        def live() -> int:
            now = datetime.now(UTC)
            for n in range(WORK.jobs):
                scheduler.add_job(WORK.account(n), TEXT, now)
            if scheduler.shards > 1 and WORK.concurrency > 1:
                asyncio.run(run_loops(scheduler))
            else:
                run_calls(scheduler)
            return len(_RAN)

        go(live)


if __name__ == "__main__":
    main()
