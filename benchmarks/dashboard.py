"""The dashboard of a large ledger: its pages, its streams, and what the server holds.

    python benchmarks/dashboard.py [JOBS] [ROUNDS] [STREAMS]

A real `jobledger serve`, asked over HTTP. A job has ten events. `first byte` is what a browser
waits for; pages take turns. Streams: from the append's acknowledgement, by another process, to the
receiver. Memory is that of the server when every page was asked for, beside a process that only
holds the ledger and listed a page of it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import Any

import httpx
from histories import busy
from measure import ROOT, in_turn, middle, tell

from jobledger import Ledger

EDITS = 7
TOKEN = "a-token-for-measuring-only"
IDLE_S = 5.0
APPENDS = 40
_BARE = """
import sys
from pathlib import Path
from jobledger import Ledger
with Ledger(Path(sys.argv[1]), read_only=True) as ledger:
    ledger.list_jobs(limit=50)
    ledger.list_jobs(text="no such text", limit=50)
    print(open("/proc/self/status").read())
"""


@contextmanager
def served(directory: Path) -> Iterator[tuple[str, int]]:
    """Serve a ledger; give its address, and the process's id."""
    command = [sys.executable, "-m", "jobledger", "--dir", str(directory), "serve", "--port", "0"]
    environment = os.environ | {"JOBLEDGER_TOKEN": TOKEN}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield line.split()[1].partition("/enter")[0], process.pid
        finally:
            process.terminate()
            process.wait()


def pages(ledger: Ledger) -> dict[str, str]:
    """Return the addresses that are asked for, by what they are."""
    jobs = ledger.list_jobs(order="time", limit=200)
    job = jobs[-1]
    past = f"at={ledger.seq // 2}"
    day = job.scheduled_time.date().isoformat()
    return {
        "today": "/",
        "calendar, a month": f"/calendar?view=month&day={day}",
        "calendar, a week": f"/calendar?view=week&day={day}",
        "jobs": "/jobs",
        "jobs of an account": f"/jobs?account_id={job.account_id}",
        "jobs by text": "/jobs?text=no+such+text",
        "a job": f"/jobs/{job.job_id}",
        "inbox": "/inbox",
        "an account": f"/accounts/one?id={job.account_id}",
        "accounts": "/accounts",
        "log": "/log",
        "today, of the past": f"/?{past}",
        "a job, of the past": f"/jobs/{job.job_id}?{past}",
        "api: jobs": "/api/v1/jobs?limit=50",
        "api: events": f"/api/v1/events?after={ledger.seq - 50}",
    }


def asked(client: httpx.Client, address: str) -> float:
    """Return the seconds to the first byte of a page."""
    begun = perf_counter()
    with client.stream("GET", address) as answer:
        taken = perf_counter() - begun
        answer.read()
    if answer.status_code != 200:
        raise SystemExit(f"{address}: {answer.status_code}")
    return taken


def memory(pid: int) -> float:
    """Return the megabytes that a process holds."""
    with Path(f"/proc/{pid}/statm").open() as file:
        return round(int(file.read().split()[1]) * resource.getpagesize() / 2**20, 1)


def processor(pid: int) -> float:
    """Return the seconds of a processor that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare(directory: Path) -> float:
    """Return the megabytes of a process that only holds the ledger."""
    done = subprocess.run(
        [sys.executable, "-c", _BARE, str(directory)],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    kilobytes = next(line for line in done.stdout.splitlines() if line.startswith("VmRSS"))
    return round(int(kilobytes.split()[1]) / 2**10, 1)


async def _listen(host: str, port: int, heard: asyncio.Queue[tuple[int, float]]) -> None:
    """Open a stream, and tell of each event when it comes."""
    reader, writer = await asyncio.open_connection(host, port)
    lines = ("GET /events HTTP/1.1", f"Host: {host}:{port}", f"Authorization: Bearer {TOKEN}")
    writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    heard.put_nowait((0, 0.0))
    try:
        while line := await reader.readline():
            if line.startswith(b"id: "):
                heard.put_nowait((int(line[4:]), perf_counter()))
    finally:
        writer.close()


async def streamed(origin: str, pid: int, directory: Path, streams: int) -> dict[str, Any]:
    """Open so many streams, let nothing happen, then append; return what was seen."""
    host, port = origin.removeprefix("http://").split(":")
    heard: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
    tasks = [asyncio.create_task(_listen(host, int(port), heard)) for _ in range(streams)]
    for _ in range(streams):
        await heard.get()
    await asyncio.sleep(1)
    before = processor(pid)
    await asyncio.sleep(IDLE_S)
    idle = (processor(pid) - before) / IDLE_S
    late: list[float] = []
    with Ledger(directory) as ledger:
        for number in range(APPENDS):
            due = ledger.now() + timedelta(days=1)
            await asyncio.to_thread(ledger.add_job, "measured", f"post {number}", due)
            acknowledged = perf_counter()
            for _ in range(streams):
                _, at = await heard.get()
                late.append(max(at - acknowledged, 0.0))
            await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "open": streams,
        "idle share of a core": round(idle, 4),
        "milliseconds late": {
            "p50": round(1000 * median(late), 1),
            "p99": round(1000 * quantiles(late, n=100)[98], 1),
        },
    }


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    streams = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place, "jobs")
        busy(directory, jobs, edits=EDITS)
        with Ledger(directory) as ledger:
            events, addresses = ledger.seq, pages(ledger)
            ledger.history(ledger.list_jobs(limit=1)[0].job_id)  # its index is there from then on
        with served(directory) as (origin, pid):
            headers = {"authorization": f"Bearer {TOKEN}"}
            with httpx.Client(base_url=origin, headers=headers, timeout=600) as client:
                first = {name: asked(client, address) for name, address in addresses.items()}
                taken = in_turn(
                    {
                        name: lambda address=address: asked(client, address)  # type: ignore[misc]
                        for name, address in addresses.items()
                    },
                    rounds,
                )
            held = memory(pid)
            sleep(0.5)
            seen = asyncio.run(streamed(origin, pid, directory, streams))
        alone = bare(directory)
    medians = {name: round(1000 * middle(seconds), 1) for name, seconds in taken.items()}
    tell(
        "the dashboard of a large ledger",
        {
            "jobs": jobs,
            "events": events,
            "milliseconds to the first byte": medians,
            "slowest page": max(medians.items(), key=lambda one: one[1]),
            "first question": {name: round(1000 * seconds, 1) for name, seconds in first.items()},
            "streams": seen,
            "megabytes": {"server": held, "ledger alone": alone},
            "seconds": taken,
        },
        packages=("jobledger", "starlette", "uvicorn"),
    )


if __name__ == "__main__":
    main()
