"""Every k-th operation of the disk fails: `io_failures.py` with the kinds that differ most."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from support.durability import (
    LEDGER,
    check_whole,
    events_of,
    let_go,
    open_after_crash,
    without_background,
)
from support.eventstore import NOON
from support.tiers import one_in

from jobledger import Ledger, ManualClock, StorageError
from jobledger.eventstore.position import DayRead
from jobledger.projections.writer import ProjectionWriter
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Fault, FaultyFileSystem, Killed
from simulation.io_failures import WORKS, Tally, fail_every

CHANGING = {"write", "sync", "create", "rename", "sync_directory", "lock", "read", "open", "list"}


def test_a_file_that_a_failed_write_left_right_is_made_sure_of() -> None:
    """Its name was not on disk yet; whoever finds it as it should be does not leave it so."""
    place = DayRead("2026-03-02", 1, 1, 1, "")
    path, states = Path("/jobs_2026-03-02.json"), list[SimulatedDisk]()
    disk = SimulatedDisk(
        lambda *operation: states.extend(disk.crash(random.Random(seed)) for seed in range(20))
    )
    failing = FaultyFileSystem(disk, Fault(1, only=["sync_directory"]))
    with pytest.raises(StorageError):
        ProjectionWriter(failing, path.parent, "id").write("name", [(path, [b"content"])], place)
    states.clear()
    ProjectionWriter(disk, path.parent, "id").write("name", [(path, [b"content"])], place)
    positions = [ProjectionWriter(left, path.parent, "id").position("name") for left in states]
    assert set(positions) == {None, 1}
    for left, position in zip(states, positions, strict=True):
        assert position is None or left.read_file(path) == b"content"


@pytest.mark.parametrize("name", one_in(7, WORKS))
@pytest.mark.parametrize("kind", one_in(3, ["EIO once", "short write", "killed in a write"]))
def test_no_failure_of_any_operation_loses_or_doubles_anything(name: str, kind: str) -> None:
    """Whatever fails, and when, and whether the process or the power is gone then: all that was
    acknowledged is there, nothing else is half there, and everything verifies."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, tally = random.Random(seed), Tally()
    with without_background():
        operations = fail_every(name, kind, tally, every=100, both=False, chance=chance)
    assert operations >= 20
    assert tally.reached.total() == operations, "each operation failed"
    missed = {"read", "open", "list"} if name == "look and verify" else CHANGING
    assert missed <= set(tally.operations), "each kind of operation was among those that failed"


@pytest.mark.parametrize("seed", range(10))
def test_a_cut_that_a_failed_sync_forgot_does_not_come_undone_behind_a_new_day(seed: int) -> None:
    """A process cut a torn write off and died when the sync of that failed: the file looks as if it
    had never been there. Only the newest file may end in one, so the next day makes sure of it."""
    clock, disk = ManualClock(NOON), SimulatedDisk()
    with Ledger(LEDGER, clock=clock, fs=disk) as ledger:
        ledger.add_job("a", "first", clock.now(), job_id="first")
        log = LEDGER / f"events_{clock.now().date()}.jsonl"
    whole = len(disk.read_file(log))
    fd = disk.open_write(log)
    disk.write_at(fd, b'{"seq":', whole)
    disk.sync_data(fd)
    disk.truncate(fd, whole)
    disk.forget(fd)
    disk.close(fd)
    clock.advance(timedelta(days=1))
    ledger = Ledger(LEDGER, clock=clock, fs=disk)
    ledger.add_job("a", "second", clock.now(), job_id="second")
    shown = events_of(ledger)
    let_go(ledger)
    left = disk.crash(random.Random(seed))
    ledger = open_after_crash(left, clock, shown)
    check_whole(left, ledger)
    assert left.read_file(log)[whole:] == b""


@pytest.mark.thorough
def test_a_write_cut_short_on_a_full_disk_while_schedules_are_planned() -> None:
    """Drawn by chance once: the tail came back in an older file, and opening refused."""
    chance = random.Random(2930679019)
    with without_background():
        args = ("plan schedules", "short write", Tally())
        assert fail_every(*args, every=100, both=False, chance=chance) >= 20


@pytest.mark.thorough
def test_a_repair_is_over_only_when_what_it_removed_is_gone_for_sure() -> None:
    """However much of what was done to names the power cut keeps: a marker that is ahead of the
    log never comes back without the plan that says that the repair goes on."""
    operations = _operations_of_a_repair()
    last = range(operations.index(("remove", "snapshot_daily_files.json")), len(operations))
    assert len(last) >= 3
    for at in last:
        for seed in range(40):
            work = WORKS["repair"]()
            disk = work.prepare()
            with pytest.raises(Killed):
                work.do(FaultyFileSystem(disk, Fault(at + 1, None)))
            disk.close_all()
            work.check(disk.crash(random.Random(seed)))


def _operations_of_a_repair() -> list[tuple[str, str]]:
    work = WORKS["repair"]()
    fs = FaultyFileSystem(work.prepare(), Fault(10_000))  # counts, and is never reached
    work.do(fs)
    return fs.operations
