"""In an event loop: the scheduler beside the rest of a program, and its events as they come.

It prints:

    1 added
    2 started
    3 completed
"""

import asyncio
from datetime import UTC, datetime

from jobledger import PostResult, Scheduler


async def publish(account_id: str, content: str) -> PostResult:
    await asyncio.sleep(0)  # an HTTP request, say
    return PostResult(True, thread_id="17890")


async def main() -> None:
    with await asyncio.to_thread(Scheduler, "jobs") as scheduler:
        await scheduler.start(publish)
        now = datetime.now(UTC)
        await asyncio.to_thread(scheduler.add_job, "my-account", "Xin chào!", now)
        async for event in scheduler.awatch(after=0):
            print(event.seq, event.type)
            if event.type == "completed":
                break
        await scheduler.stop()


asyncio.run(main())
