"""Measuring: two ways of doing the same work in turn, in one run, and what the machine is.

A figure here is a ratio. The machine is busy with other things at times, so the two ways take turns
and the medians of their times are compared; a time by itself says little.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from math import log
from pathlib import Path
from statistics import linear_regression, median
from time import perf_counter
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
_MEASURED = ("--", ".", ":!docs/performance", ":!docs/performance.md")
"""All but what measuring writes, to git."""
_LIST = re.compile(r"\[\s*([^\[\]{}\"]*?)\s*\]")
"""A list of numbers, in JSON."""


class Run(NamedTuple):
    """A process that has ended: how long it took, and the most memory that it held."""

    seconds: float
    peak_mb: float


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def process(*arguments: str) -> Run:
    """Run Python with these arguments to its end, what it prints thrown away. It has the bytecode
    of what it imports from its second run on, as installed programs do."""
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(ROOT / ".cache/bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with Path(os.devnull).open("wb") as nowhere:
        begun = perf_counter()
        child = subprocess.Popen(
            [sys.executable, *arguments], stdout=nowhere, cwd=ROOT, env=environment
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {child.returncode}")
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return Run(seconds, usage.ru_maxrss / scale)


def in_turn(
    ways: Mapping[str, Callable[[], float]], rounds: int = 5, *, warm: bool = True
) -> dict[str, list[float]]:
    """Return the seconds of each way, taken in turn; with `warm` the first round does not count."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + warm):
        for name, way in ways.items():
            seconds = way()
            if number >= warm:
                taken[name].append(round(seconds, 9))
    return taken


def share(limit: Sequence[float], ours: Sequence[float]) -> float:
    """How much of the rate of `limit` is reached: the median over the pairs."""
    return round(median(a / b for a, b in zip(limit, ours, strict=True)), 3)


def middle(seconds: Sequence[float]) -> float:
    """Their median, to the nanosecond."""
    return round(median(seconds), 9)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Fit the power of the size that the time grows with: least squares of the logarithms."""
    slope = linear_regression(list(map(log, sizes)), list(map(log, seconds))).slope
    return round(slope, 2) + 0.0  # which makes 0 of -0


def commit() -> str:
    """Return the commit that is measured, with a `+` where the tree has changes (but for what
    measuring writes); empty without git."""
    try:
        done = [
            subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
            for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", *_MEASURED])
        ]
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done[0].stdout.strip() + "+" * bool(done[1].stdout.strip())


def tell(
    question: str, figures: Mapping[str, Any], *, packages: Sequence[str] = ("jobledger",)
) -> None:
    """Print what was found as one JSON document, with the machine, versions, commit and time."""
    known = dict.fromkeys(("jobledger", "msgspec", "transitions", *packages))
    document = {
        "question": question,
        "measured_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "machine": {"cpus": os.cpu_count(), "kind": platform.machine(), "os": platform.system()},
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{name: version(name) for name in known},
        },
        "commit": commit(),
        **figures,
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    print(_LIST.sub(lambda found: f"[{' '.join(found[1].split())}]", text))
