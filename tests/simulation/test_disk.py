"""The simulated disk allows what a real one may do, and nothing that none does."""

from __future__ import annotations

import random
from pathlib import Path

from jobledger.testing.disk import SimulatedDisk

PATH = Path("/file")


def contents(disk: SimulatedDisk) -> set[bytes]:
    """Return what a power cut may leave of the file."""
    return {disk.crash(random.Random(seed)).read_file(PATH) for seed in range(300)}


def written(content: bytes) -> tuple[SimulatedDisk, int]:
    """Return a disk with a durable file of this content, and the file, open."""
    disk = SimulatedDisk()
    fd = disk.open_write(PATH, create=True)
    disk.write_at(fd, content, 0)
    disk.sync_data(fd)
    disk.sync_directory(PATH.parent)
    return disk, fd


def test_a_truncation_whose_sync_failed_may_never_happen() -> None:
    """Whatever is synced later: the file only looks shorter."""
    disk, fd = written(b"sound|torn")
    disk.truncate(fd, 6)
    disk.forget(fd)
    disk.sync_data(fd)
    assert contents(disk) == {b"sound|torn", b"sound|"}


def test_a_truncation_whose_sync_failed_takes_nothing_that_was_synced_behind_it() -> None:
    """It was made before; what lies behind the new may be of the old."""
    disk, fd = written(b"sound|a long torn tail")
    disk.truncate(fd, 6)
    disk.forget(fd)
    disk.write_at(fd, b"new", 6)
    disk.sync_data(fd)
    assert contents(disk) == {b"sound|new", b"sound|newong torn tail"}
