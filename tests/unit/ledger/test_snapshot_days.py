"""What opening from a snapshot looks at of the days before it: one look at the directory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.durability import saving_snapshots, without_background

from jobledger import Ledger, ManualClock
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.integrity import pack_days
from jobledger.testing import Fault, FaultyFileSystem

LATER = date(2100, 1, 1)


@pytest.fixture(autouse=True)
def small_ledgers_are_worth_one() -> Iterator[None]:
    with without_background(), saving_snapshots(1):
        yield


def write_days(directory: Path, clock: ManualClock, count: int) -> None:
    """So many days, a job each; closing saves a snapshot."""
    with Ledger(directory, clock=clock, durability="none") as ledger:
        for _ in range(count):
            ledger.add_job("a", "text", clock.now() + timedelta(days=9), hold=True)
            clock.advance(timedelta(days=1))


def looks(directory: Path, clock: ManualClock) -> list[tuple[str, str]]:
    """Open it from its snapshot, and return what was asked of the disk for that."""
    fs = FaultyFileSystem(FileSystem(), Fault(0))
    with Ledger(directory, clock=clock, fs=fs, read_only=True):
        return list(fs.operations)


def opened(operations: list[tuple[str, str]], names: list[str]) -> list[str]:
    return sorted({name for what, name in operations if what == "open" and name in names})


def test_opening_asks_as_little_of_many_days_as_of_few(tmp_path: Path, clock: ManualClock) -> None:
    counts = []
    for days in (5, 50):
        directory = tmp_path / str(days)
        write_days(directory, clock, days)
        counts.append(len(looks(directory, clock)))
    assert counts[0] == counts[1]


def test_packed_days_are_opened_once(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """As long as they stay as long as they were then."""
    write_days(directory, clock, 6)
    pack_days(directory, LATER, unsealed=True)
    packed = sorted(path.name for path in directory.glob("events_*.zst"))
    assert len(packed) == 5
    assert opened(looks(directory, clock), packed) == packed
    with Ledger(directory, clock=clock) as ledger:  # which saves a snapshot that knows of them
        ledger.add_job("a", "text", clock.now())
    first = packed[:1]  # whose header says which ledger this is
    assert opened(looks(directory, clock), packed) == first
    (directory / packed[2]).write_bytes(b"nothing")
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        assert ledger.damage is not None
    assert "snapshot ignored" in caplog.text
