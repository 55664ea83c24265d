"""Snapshots that are read, changed and written as a release would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from jobledger import ManualClock, NewJob, PostResult, Scheduler
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.projections.saved_runs import is_run_file, run_file
from jobledger.projections.snapshot import Snapshot
from jobledger.projections.snapshot_file import read_snapshot
from jobledger.projections.snapshot_writing import NewSnapshot
from jobledger.release import __version__


def read(directory: Path) -> Snapshot:
    """Return the snapshot of a ledger."""
    found = read_snapshot(FileSystem(), directory, __version__)
    assert found is not None
    return found


def write(directory: Path, snapshot: Snapshot, release: str = __version__) -> None:
    """Put one in place, all of it in one run, with the hashes that belong to it."""
    name = run_file(FileSystem().new_id())
    new = NewSnapshot(snapshot, release, name, {})
    (directory / name).write_bytes(b"".join(new.run()))
    (directory / "snapshot_board").write_bytes(b"".join(new.file(new.core())))


def forge(directory: Path, change: Callable[[Snapshot], object]) -> None:
    """Change what a snapshot says, and give it the hashes that belong to that."""
    saved = read(directory)
    change(saved)
    write(directory, saved)


def runs_of(directory: Path) -> list[Path]:
    """Return the files of runs, and what was left of writing some."""
    return sorted(path for path in directory.iterdir() if is_run_file(path.name))


class CountingSnapshots(FileSystem):
    """Counts the bytes that are written for snapshots."""

    def __init__(self) -> None:
        self.written = 0
        self._names: dict[int, str] = {}

    def open_write(self, path: Path, *, create: bool = False, truncate: bool = False) -> int:
        fd = super().open_write(path, create=create, truncate=truncate)
        self._names[fd] = path.name
        return fd

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        super().write_at(fd, data, offset)
        name = self._names[fd]
        if is_run_file(name) or "snapshot_board" in name:
            self.written += len(data)


def post(account: str, content: str) -> PostResult:
    return PostResult(True)


def live(scheduler: Scheduler, clock: ManualClock, jobs: int) -> None:
    """Add so many jobs, and post them, a day later each time."""
    clock.advance(timedelta(days=1))
    texts = [f"text {n}: xin chào các bạn" for n in range(jobs)]
    scheduler.add_jobs([NewJob(f"a{n % 5}", text, clock.now()) for n, text in enumerate(texts)])
    scheduler.run_due(post)


def log_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob("events_*"))
