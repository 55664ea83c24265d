"""`jobledger verify` of a large log on two cores, against the same on one.

    python benchmarks/verify.py [EVENTS] [ROUNDS]

With a second core a process beside reads the files, and this one judges what the lines mean. Whole
processes, in turn; the one core is what the system allows the process (`sched_setaffinity`), so
where that is not to be had, or there is one core, nothing is compared, and the answer says so. Then
the same log with its days archived, all but the newest of thirty.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from measure import in_turn, middle, process, share, tell

_MAKE = """
import sys
from pathlib import Path
sys.path.insert(0, "benchmarks")
from histories import lived_for_days
lived_for_days(Path(sys.argv[1]), int(sys.argv[2]) // 3, int(sys.argv[3]))
"""
_ON_CORES = """
import json, os, sys
from runpy import run_module
os.sched_setaffinity(0, json.loads(sys.argv.pop(1)))
run_module("jobledger", run_name="__main__")
"""
_DAYS = 30
_FAR = "9999-01-01"


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    figures: dict[str, Any] = {"events": events, "days": _DAYS}
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        tell("verify on two cores", figures | {"why not": "there are no two cores to choose from"})
        return
    with tempfile.TemporaryDirectory() as place:
        directory = str(Path(place, "jobs"))
        process("-c", _MAKE, directory, str(events), str(_DAYS))
        process("-m", "jobledger", "--dir", directory, "rebuild")
        figures["megabytes"] = _megabytes(directory)
        figures["as it is"] = compared(directory, cores[:2], rounds)
        process("-m", "jobledger", "--dir", directory, "archive", "--unsealed", "--before", _FAR)
        figures["megabytes archived"] = _megabytes(directory)
        figures["archived"] = compared(directory, cores[:2], rounds)
    tell("verify on two cores, against one", figures)


def compared(directory: str, cores: list[int], rounds: int) -> dict[str, Any]:
    """Verify it on both of these cores and on the first alone, in turn."""
    ways = {f"{count} cores": partial(_verified, directory, cores[:count]) for count in (2, 1)}
    taken = in_turn(ways, rounds)
    return {
        "times as fast on two cores": share(taken["1 cores"], taken["2 cores"]),
        "median seconds": {name: middle(seconds) for name, seconds in taken.items()},
        "seconds": taken,
    }


def _verified(directory: str, cores: list[int]) -> float:
    words = ("--dir", directory, "verify")
    return process("-c", _ON_CORES, str(cores), *words).seconds


def _megabytes(directory: str) -> float:
    """How much room the files of the log take."""
    files = [path for path in Path(directory).iterdir() if path.name.startswith("events_")]
    return round(sum(path.stat().st_size for path in files) / 2**20, 1)


if __name__ == "__main__":
    main()
