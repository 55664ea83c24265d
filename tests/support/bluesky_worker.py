"""A runner of posts for Bluesky in a process of its own, to be killed at any moment.

    python -m support.bluesky_worker DIR URL    (with tests/ on the path)

It runs what is due until nothing is left; its accounts are their handles.
"""

from __future__ import annotations

import sys

from support.pds_server import PASSWORD
from support.waiting import time_passes

from jobledger import JobStatus, RetryPolicy, Scheduler
from jobledger.publishers import BlueskyPublisher, Timeouts


def main(directory: str, url: str) -> int:
    publisher = BlueskyPublisher(
        lambda account_id: PASSWORD, base_url=url, timeouts=Timeouts(read_s=20, whole_s=30)
    )
    often = RetryPolicy(base_s=0.01, cap_s=0.2)
    with Scheduler(directory, concurrency=4, retry=often, settle_s=0.1) as scheduler:
        while scheduler.counts()[JobStatus.SCHEDULED]:
            if not scheduler.run_due(publisher):
                time_passes(0.05)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
