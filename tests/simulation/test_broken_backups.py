"""A backup that is killed at any operation: there as a whole, or clearly not there."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from support.durability import LEDGER, Events, events_of, let_go, without_background
from support.eventstore import NOON
from support.tiers import one_in

from jobledger import Ledger, ManualClock
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.integrity.verify import verify_directory
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Fault, FaultyFileSystem, Killed

TARGET = LEDGER.parent / "copy"


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """No thread, and nothing that a handle of the dead process would still do in its `__del__`."""
    with without_background(), patch.object(Ledger, "__del__", lambda self: None):
        yield
        gc.collect()


def a_ledger_of_two_days() -> tuple[SimulatedDisk, Events]:
    disk, clock = SimulatedDisk(), ManualClock(NOON)
    with Ledger(LEDGER, clock=clock, fs=disk) as ledger:
        ledger.add_job("a", "one", clock.now(), job_id="one")
        clock.advance(timedelta(days=1))
        ledger.add_job("a", "two", clock.now(), job_id="two")
        return disk, events_of(ledger)


def back_up(fs: FileSystem) -> None:
    ledger = Ledger(LEDGER, read_only=True, clock=ManualClock(NOON), fs=fs)
    try:
        ledger.backup(TARGET)
    finally:
        let_go(ledger)


def is_whole(disk: SimulatedDisk, events: Events) -> bool:
    """Whether there is a backup; then all of it is there, and sound, and can be gone on in."""
    names = disk.list_directory(TARGET.parent)
    others = set(names) - {LEDGER.name, TARGET.name}
    assert all(name.startswith(".copy.") and name.endswith(".partial") for name in others)
    if TARGET.name not in names:
        return False
    report = verify_directory(TARGET, fs=disk)
    assert (report.ok, report.notes, report.events) == (True, [], len(events))
    with Ledger(TARGET, clock=ManualClock(NOON), fs=disk) as copy:
        assert events_of(copy) == events
        assert copy.rebuild(check=True).changed == []
    return True


@pytest.mark.parametrize(
    "power_is_gone", one_in(2, [False, True]), ids=["the process", "the power"]
)
def test_a_backup_that_is_killed_is_there_as_a_whole_or_not_at_all(power_is_gone: bool) -> None:
    at, whole = 0, 0
    while True:
        at += 1
        disk, events = a_ledger_of_two_days()
        fs = FaultyFileSystem(disk, Fault(at, None, part=0.5))
        try:
            back_up(fs)
            break
        except Killed:
            disk.close_all()
        for seed in range(10 if power_is_gone else 1):
            left = disk.crash(random.Random(seed)) if power_is_gone else disk.as_it_is()
            whole += is_whole(left, events)
            again = TARGET.with_name("again")
            with Ledger(LEDGER, read_only=True, clock=ManualClock(NOON), fs=left) as ledger:
                ledger.backup(again)
            assert verify_directory(again, fs=left).ok
            assert verify_directory(LEDGER, fs=left).ok, "and the ledger has not noticed"
    assert not fs.reached
    assert at > 50, "each operation was the last one"
    assert whole > 0, "and after some of them there was a backup"
    assert is_whole(disk, events)
