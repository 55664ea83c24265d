"""From due to called with a PostgreSQL server: of what another process adds for now, and of a job
that waits for its time.

    python benchmarks/latency_postgresql.py [JOBS] [SHARDS,…]

One process adds, as a web application does; this one is a worker whose loop sleeps until there is
something to do. Both clocks are this machine's.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import psycopg
from measure import tell
from others.postgres import Server

from jobledger import Attempt, PostResult, Scheduler

_OTHER = """
import sys, time
from datetime import UTC, datetime, timedelta
from jobledger import Ledger
with Ledger(sys.argv[1]) as ledger:
    for n in range(int(sys.argv[2])):
        ledger.add_job(f"now {n}", "text", datetime.now(UTC))
        time.sleep(0.31)
"""


class Watch:
    """Notes how late each call is."""

    def __init__(self) -> None:
        self.late_ms: dict[str, list[float]] = {"now": [], "later": []}

    async def publish(self, attempt: Attempt) -> PostResult:
        late = datetime.now(UTC) - attempt.job.scheduled_time
        kind = attempt.job.account_id.partition(" ")[0]
        self.late_ms[kind].append(round(late / timedelta(milliseconds=1), 2))
        return PostResult(True)


async def run(place: str, jobs: int) -> Watch:
    watch = Watch()
    with Scheduler(place, concurrency=4) as scheduler:
        await scheduler.start(watch)
        other = subprocess.Popen([sys.executable, "-c", _OTHER, place, str(jobs)])
        begin = datetime.now(UTC) + timedelta(seconds=2)
        for n in range(jobs):
            at = begin + timedelta(seconds=0.29 * n)
            await asyncio.to_thread(scheduler.add_job, f"later {n}", "text", at)
        while any(len(late) < jobs for late in watch.late_ms.values()):
            await asyncio.sleep(0.1)
        other.wait()
        await scheduler.stop()
    return watch


def _of(values: list[float]) -> dict[str, float]:
    ranked = sorted(values)
    return {
        name: ranked[min(len(ranked) - 1, int(part * len(ranked)))]
        for name, part in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
    }


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    shards = (sys.argv[2] if len(sys.argv) > 2 else "1,4").split(",")
    found: dict[str, dict[str, dict[str, float]]] = {}
    server = Server()
    try:
        parts = psycopg.conninfo.conninfo_to_dict(server.conninfo)
        for number in shards:
            options = {"host": parts["host"], "ledger": f"late-{number}"}
            if number != "1":
                options["shards"] = number
            place = f"postgresql://{parts['user']}@/{parts['dbname']}?{urlencode(options)}"
            watch = asyncio.run(run(place, jobs))
            found[f"{number} shards" if number != "1" else "one chain"] = {
                kind: _of(late) for kind, late in watch.late_ms.items()
            }
    finally:
        server.stop()
    tell(
        "from due to called with a PostgreSQL server",
        {"jobs": jobs, "milliseconds late": found},
        packages=["psycopg"],
    )


if __name__ == "__main__":
    main()
