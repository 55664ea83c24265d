"""Whole lives a second with worker processes on one PostgreSQL server, beside other libraries.

    python benchmarks/peers_workers.py [JOBS] [ROUNDS] [WORKERS,…] [CONCURRENCY,…]

Each worker adds its share of the jobs one by one, durably, and runs whatever is there until all
are done; a life ends when its end is recorded. The libraries take turns on the same server, which
has fsync and synchronous_commit on. One job an account at a time, where a library can: ours always
does, Procrastinate by a lock of its own, DBOS not.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import count
from statistics import median
from time import perf_counter
from typing import IO
from urllib.parse import urlencode

import psycopg
from measure import ROOT, in_turn, share, tell
from others.postgres import Server

MODULES = {
    "jobledger": "ours",
    "jobledger, 2 shards": "ours",
    "jobledger, 4 shards": "ours",
    "Procrastinate": "procrastinate_workers",
    "DBOS": "dbos_workers",
}
_PACKAGES = {"Procrastinate": "procrastinate", "DBOS": "dbos"}
_runs = count()


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    here = [name for name in MODULES if name not in _PACKAGES or find_spec(_PACKAGES[name])]
    points = [(many, wide) for many in _numbers(3, "1,2,4,8") for wide in _numbers(4, "1,8")]
    lives: dict[str, dict[str, int]] = {}
    times: dict[str, dict[str, dict[str, float]]] = {}
    server = Server()
    try:
        if "Procrastinate" in here:
            from others.procrastinate_postgres import make_tables

            make_tables(server.conninfo)
        for many, wide in points:
            ways: dict[str, Callable[[], float]] = {
                name: partial(_run, server, name, many, wide, jobs // many) for name in here
            }
            taken = in_turn(ways, rounds)
            point = f"{many} workers of concurrency {wide}"
            in_all = jobs // many * many
            lives[point] = {name: round(in_all / median(taken[name])) for name in here}
            times[point] = {
                one: {name: share(taken[name], taken[one]) for name in here if name in _PACKAGES}
                for one in here
                if one not in _PACKAGES
            }
            print(point, lives[point], times[point], file=sys.stderr)
    finally:
        server.stop()
    tell(
        "whole lives a second with worker processes on one PostgreSQL server",
        {"jobs": jobs, "lives a second": lives, "times the rate of": times},
        packages=[_PACKAGES[name] for name in here if name in _PACKAGES],
    )


def _numbers(place: int, otherwise: str) -> list[int]:
    said = sys.argv[place] if len(sys.argv) > place else otherwise
    return [int(each) for each in said.split(",")]


def _conninfo(server: Server, name: str, run: str) -> str:
    if name == "Procrastinate":
        return server.conninfo
    parts = psycopg.conninfo.conninfo_to_dict(server.conninfo)
    options = {"host": parts["host"]}
    if name not in _PACKAGES:
        options["ledger"] = run
    if "shards" in name:
        options["shards"] = name.split()[1]
    return f"postgresql://{parts['user']}@/{parts['dbname']}?{urlencode(options)}"


def _run(server: Server, name: str, workers: int, concurrency: int, jobs: int) -> float:
    """Return the seconds from the word to the last end, with so many new worker processes."""
    run = f"run-{next(_runs)}"
    conninfo = _conninfo(server, name, run)
    numbers = [[str(n) for n in (number, workers, concurrency, jobs)] for number in range(workers)]
    children = [
        subprocess.Popen(
            [sys.executable, "-m", f"workers.{MODULES[name]}", conninfo, run, *each],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            cwd=ROOT / "benchmarks",
        )
        for each in numbers
    ]  # fmt: skip
    try:
        for child in children:
            if _said(child) != "ready":
                raise SystemExit(f"a worker of {name} did not begin")
        begun = perf_counter()
        for child in children:
            _pipe(child.stdin).write("go\n")
            _pipe(child.stdin).flush()
        ran = [int(_said(child).partition(" ")[2]) for child in children]
        seconds = perf_counter() - begun
    finally:
        for child in children:
            _pipe(child.stdin).close()
            child.wait()
    if sum(ran) != workers * jobs:
        raise SystemExit(f"the workers of {name} ran {ran} of {workers * jobs} jobs")
    return seconds


def _said(child: subprocess.Popen[str]) -> str:
    return _pipe(child.stdout).readline().strip()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise SystemExit("a worker has no pipe")
    return pipe


if __name__ == "__main__":
    main()
