"""What reads the whole log holds little of it: the most memory on a log, and on one of four times
as many events, by the count of bytes that were allocated.

What of a closed job has to be known till the end is its id, its version and its state, packed.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from support.cli import run_inside
from support.histories import closed
from support.tiers import one_in

from jobledger import Ledger
from jobledger.integrity.verify import verify_directory

JOBS = 1000
MORE = 3000


def peaks(directory: Path, ask: Callable[[], object]) -> tuple[int, int]:
    """Measure the most memory of `ask`, on a log and on a longer one with all files in step."""
    found: list[int] = []
    for more in (JOBS, MORE):
        closed(directory, more)
        Ledger(directory).close()
        if not found:
            ask()  # what is only made once
        tracemalloc.start()
        ask()
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return found[0], found[1]


def growth(directory: Path, ask: Callable[[], object]) -> float:
    """By how many bytes the most memory of `ask` grows with each more closed job."""
    short, long = peaks(directory, ask)
    return (long - short) / MORE


def rebuild(directory: Path, *, check: bool = False) -> None:
    with Ledger(directory, use_snapshot=False, read_only=check) as ledger:
        ledger.rebuild(check=check)


@pytest.fixture(autouse=True)
def long_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have these logs count as long: a snapshot is saved, and little of the last files kept."""
    monkeypatch.setattr(Ledger, "_SNAPSHOT_EVERY", 1)
    monkeypatch.setattr("jobledger.projections.daily_files._MOST_KEPT", 100)


@pytest.mark.parametrize("with_snapshot", one_in(2, [False, True]))
def test_verify_keeps_little_of_a_job(directory: Path, with_snapshot: bool) -> None:
    """Of its daily file, and of the snapshot, no more than some jobs at a time as they are."""

    def ask() -> None:
        if not with_snapshot:
            (directory / "snapshot_board").unlink(missing_ok=True)
        assert verify_directory(directory).ok

    assert growth(directory, ask) < 450


def test_a_rebuild_keeps_little_of_a_job(directory: Path) -> None:
    """Also where every file is missing, and where the snapshot is written in the end."""

    def ask() -> None:
        for path in directory.glob("jobs_*"):
            path.unlink()
        rebuild(directory)

    assert growth(directory, ask) < 600


def test_checking_what_is_derived_keeps_little_of_a_job(directory: Path) -> None:
    assert growth(directory, lambda: rebuild(directory, check=True)) < 400


@pytest.mark.parametrize(
    "options", one_in(4, [[], ["--json"], ["--type", "failed"], ["--last", "5"]])
)
def test_audit_keeps_nothing(directory: Path, options: list[str]) -> None:
    """Four times the events, the same peak: that of a block of the file."""

    def ask() -> None:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            assert run_inside(directory, "audit", *options) == 0

    short, long = peaks(directory, ask)
    assert long < short * 1.3
