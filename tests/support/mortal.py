"""A runner in a process of its own that kills itself, really, at one of its points.

    python -m support.mortal DIR URL KIND POINT    (with tests/ on the path)

KIND is `threads`, `bluesky`, `mastodon` or `webhook`. It adds a job where there is none, runs what
is due, and with POINT (from 1) ends by SIGKILL there; 0 lets it live, and print how many points it
passed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from support.crashes import ACCOUNT, HANDLE, TEXT, TOKEN, CutDisk, CutTransport, Points
from support.eventstore import ACKNOWLEDGING

from jobledger import RetryPolicy, Scheduler
from jobledger.publishers import (
    BlueskyPublisher,
    MastodonPublisher,
    ThreadsPublisher,
    WebhookPublisher,
)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class SyncingDisk(CutDisk):
    """A point on either side of a sync that is a real one."""

    def sync_data(self, fd: int) -> None:
        if self._names.get(fd, "").startswith(ACKNOWLEDGING):
            self._points("before a sync of the log")
            os.fdatasync(fd)
            self._points("after a sync of the log")


async def no_pause(seconds: float) -> None:
    """Return at once: the fake platform is as ready now as it will be later."""
    await asyncio.sleep(0)


def main(directory: str, url: str, kind: str, point: int) -> int:
    points = Points((point,), die)
    common: dict[str, Any] = {"transport": lambda: CutTransport(points), "sleep": no_pause}
    publishers: dict[str, Callable[[], Any]] = {
        "threads": lambda: ThreadsPublisher({ACCOUNT: TOKEN}, base_url=f"{url}/v1.0", **common),
        "bluesky": lambda: BlueskyPublisher(
            {ACCOUNT: TOKEN}, handles={ACCOUNT: HANDLE}, base_url=url, **common
        ),
        "mastodon": lambda: MastodonPublisher(url, {ACCOUNT: TOKEN}, **common),
        "webhook": lambda: WebhookPublisher(
            f"{url}/webhook", status_url=f"{url}/webhook/{{key}}", **common
        ),
    }
    publisher = publishers[kind]()
    platform = "threads" if kind == "webhook" else kind
    with Scheduler(directory, fs=SyncingDisk(points), retry=RetryPolicy(base_s=0.0)) as scheduler:
        if not scheduler.list_jobs():
            scheduler.add_job(ACCOUNT, TEXT, datetime.now(UTC), platform=platform)
        points.armed = True
        scheduler.run_due(publisher)
        points.armed = False
    print(len(points.passed))
    return 0


if __name__ == "__main__":
    directory, url, kind, point = sys.argv[1:]
    sys.exit(main(directory, url, kind, int(point)))
