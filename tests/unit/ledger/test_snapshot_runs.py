"""The runs of a snapshot: how much is written to save one, who removes them, what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from errno import EIO, ENOSPC
from itertools import count
from pathlib import Path
from random import Random

import pytest
from support import snapshots
from support.domain import NOON
from support.durability import LEDGER, let_go, saving_snapshots, without_background
from support.snapshots import CountingSnapshots, live, log_of, runs_of
from support.tiers import one_in

from jobledger import JobStatus, Ledger, ManualClock, Scheduler, StorageError
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.projections.saved_runs import is_run_file
from jobledger.testing import Fault, FaultyFileSystem
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Killed


@pytest.fixture(autouse=True)
def without_threads() -> Iterator[None]:
    with without_background():
        yield


# -- how much is written ---------------------------------------------------------------------------


def test_a_save_writes_in_proportion_to_what_changed(tmp_path: Path, clock: ManualClock) -> None:
    """However many closed jobs there are."""
    written = []
    for history in (200, 4000):
        fs = CountingSnapshots()
        with (
            saving_snapshots(60),
            Scheduler(tmp_path / str(history), clock=clock, fs=fs, durability="none") as scheduler,
        ):
            live(scheduler, clock, history)
            assert scheduler.write_behind()
            before = fs.written
            live(scheduler, clock, history // 20 + 20)
            assert scheduler.write_behind()
            written.append((fs.written - before) / (history // 20 + 20))
    assert written[1] < written[0]


def test_over_many_saves_little_is_written_and_there_are_few_runs(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy in small: every 600 events, and later every twentieth."""
    monkeypatch.setattr(Ledger, "_SNAPSHOT_EVERY", 600)
    fs, most = CountingSnapshots(), 0
    with Scheduler(directory, clock=clock, fs=fs, durability="none") as scheduler:
        for _ in range(25):
            live(scheduler, clock, 200)
            scheduler._behind.save_snapshot()
            most = max(most, len(runs_of(directory)))
        assert scheduler.verify().ok
    assert 1 < most <= 6
    assert fs.written <= 0.5 * log_of(directory)


def test_a_day_that_was_touched_and_has_the_same_jobs_is_not_written_again(
    directory: Path, clock: ManualClock
) -> None:
    """Where its jobs are is as it was, and the event that touched it last is another one."""
    later = [clock.now() + timedelta(days=10 + n) for n in range(8)]
    with saving_snapshots(8), Ledger(directory, clock=clock) as ledger:
        ids = [ledger.add_job("a", "text", day) for day in later]
        for n in range(40):
            ledger.add_job("a", f"text {n}", clock.now() + timedelta(days=30))
    with saving_snapshots(8), Ledger(directory, clock=clock) as ledger:
        for n in range(10):
            ledger.edit_job(ids[0], content=f"changed {n}")
        assert ledger.write_behind()
        assert len(runs_of(directory)) == 2
        assert ledger.verify().problems == []


# -- which files there are -------------------------------------------------------------------------


def named_by(directory: Path) -> list[Path]:
    saved = snapshots.read(directory).saved
    assert saved is not None
    return sorted(directory / run.named.name for run in saved.runs.runs)


def test_a_run_that_no_snapshot_names_is_removed(directory: Path, clock: ManualClock) -> None:
    """As one that was being written when its process died; what is only called so is left."""
    others = ("snapshot_closed_x.run.json", "snapshot_closed_x.runs", "snapshot_closed_.run")
    with saving_snapshots(60), Scheduler(directory, clock=clock) as scheduler:
        for name in ("snapshot_closed_1-a.run", ".snapshot_closed_1-b.run.tmp", *others):
            (directory / name).write_bytes(b"left")
        live(scheduler, clock, 40)
        assert scheduler.write_behind()
        assert runs_of(directory) == named_by(directory)
        assert all((directory / name).exists() for name in others)


def test_a_rebuild_removes_the_runs_too(directory: Path, clock: ManualClock) -> None:
    with saving_snapshots(60), Scheduler(directory, clock=clock) as scheduler:
        live(scheduler, clock, 40)
        assert scheduler.write_behind()
        assert len(runs_of(directory)) == 1
        scheduler.rebuild()
        assert runs_of(directory) == []
        live(scheduler, clock, 40)
        assert scheduler.write_behind()
        assert scheduler.verify().ok


def test_two_handles_that_take_turns_take_nothing_from_each_other(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Each has its jobs on pages of its own, in runs that the other one removes."""
    with (
        saving_snapshots(20),
        Scheduler(directory, clock=clock) as one,
        Ledger(directory, clock=clock) as other,
    ):
        for turn in range(12):
            live(one, clock, 12)
            assert len(other.list_jobs()) == 12 * (turn + 1)
            saver: Ledger = (one, other)[turn % 2]
            assert saver.write_behind()
            assert runs_of(directory) == named_by(directory)
            with Ledger(directory, clock=clock, read_only=True) as fresh:
                assert fresh.list_jobs() == one.list_jobs() == other.list_jobs()
                assert fresh.verify().notes == []
        assert all(one.get_job(job.job_id) == job for job in other.list_jobs())
    assert "not written" not in caplog.text


def test_whoever_is_overtaken_while_saving_gives_up_without_a_word(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process puts a snapshot in place meanwhile, and removes the run that none names."""

    class Overtaken(FileSystem):
        other: Ledger | None = None

        def sync_data(self, fd: int) -> None:
            super().sync_data(fd)
            other, self.other = self.other, None
            if other is not None:
                other.list_jobs()
                other._behind.save_snapshot()

    fs = Overtaken()
    with saving_snapshots(20), Scheduler(directory, clock=clock, fs=fs) as scheduler:
        live(scheduler, clock, 12)
        with Ledger(directory, clock=clock) as other:
            scheduler._store.sync()
            fs.other = other
            scheduler._behind.save_snapshot()
            assert fs.other is None
        assert runs_of(directory) == named_by(directory)
        assert "not written" not in caplog.text
        live(scheduler, clock, 12)
        assert scheduler.write_behind()
        assert scheduler.verify().ok
        assert len(scheduler.list_jobs()) == 24


def test_a_run_that_is_removed_before_it_is_named_is_not_named(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process rebuilds just then, and there is to be no snapshot."""

    class Rebuilt(FileSystem):
        other: Ledger | None = None

        def open_write(self, path: Path, *, create: bool = False, truncate: bool = False) -> int:
            if path.name == "projections.lock":
                other, self.other = self.other, None
                if other is not None:
                    other.rebuild()
            return super().open_write(path, create=create, truncate=truncate)

    fs = Rebuilt()
    with saving_snapshots(20), Scheduler(directory, clock=clock, fs=fs) as scheduler:
        live(scheduler, clock, 12)
        with Ledger(directory, clock=clock) as other:
            fs.other = other
            scheduler._behind.save_snapshot()
            assert not (directory / "snapshot_board").exists()
        assert "was removed meanwhile" in caplog.text
        live(scheduler, clock, 12)
        assert scheduler.write_behind()
        assert runs_of(directory) == named_by(directory)
        assert scheduler.verify().notes == []


def test_a_reader_that_comes_while_a_run_is_removed_reads_the_newer_one(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Late(FileSystem):
        scheduler: Scheduler | None = None

        def open_read(self, path: Path) -> int:
            scheduler, self.scheduler = self.scheduler, None
            if scheduler is not None and is_run_file(path.name):
                live(scheduler, clock, 12)
                assert scheduler.write_behind()
            else:
                self.scheduler = scheduler
            return super().open_read(path)

    with saving_snapshots(20), Scheduler(directory, clock=clock) as scheduler:
        live(scheduler, clock, 12)
        assert scheduler.write_behind()
        fs = Late()
        fs.scheduler = scheduler
        with Ledger(directory, clock=clock, fs=fs, read_only=True) as reader:
            assert fs.scheduler is None
            assert reader._state.board.jobs.places.saved is not None
            assert len(reader.list_jobs()) == 24
    assert "snapshot ignored" not in caplog.text


# -- what is missing or another's ------------------------------------------------------------------


def several_runs(directory: Path, clock: ManualClock) -> list[Path]:
    with saving_snapshots(60), Scheduler(directory, clock=clock) as scheduler:
        for jobs in (100, 40):
            live(scheduler, clock, jobs)
            assert scheduler.write_behind()
    found = runs_of(directory)
    assert len(found) == 2
    return found


def _removed(run: Path, other: Path) -> None:
    run.unlink()


def _shorter(run: Path, other: Path) -> None:
    run.write_bytes(run.read_bytes()[:-1])


def _a_directory(run: Path, other: Path) -> None:
    run.unlink()
    run.mkdir()


def _a_link(run: Path, other: Path) -> None:
    run.rename(run.with_name("elsewhere"))
    run.symlink_to(run.with_name("elsewhere"))


def _the_others_table(run: Path, other: Path) -> None:
    size = run.stat().st_size
    run.write_bytes(other.read_bytes()[-size:].rjust(size, b"0"))


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "harm", [_removed, _shorter, _a_directory, _a_link, _the_others_table], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("read_only", [True, False])
def test_a_run_that_is_not_what_it_was_is_answered_from_never(
    which: int,
    harm: Callable[[Path, Path], None],
    read_only: bool,
    directory: Path,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    runs = several_runs(directory, clock)
    harm(runs[which], runs[1 - which])
    with saving_snapshots(60), Ledger(directory, clock=clock, read_only=read_only) as ledger:
        report = ledger.verify()
        with suppress(StorageError):  # once, and it says what it is
            ledger.list_jobs()
        found = ledger.list_jobs()
    assert len(found) == 140
    assert {job.status for job in found} == {JobStatus.COMPLETED}
    assert caplog.text.count("snapshot ignored") == 1
    assert report.ok
    assert "will not be used" in report.notes[0]
    if not read_only:
        with Ledger(directory, clock=clock, read_only=True) as ledger:
            assert ledger._state.board.jobs.places.saved is not None
            assert ledger.list_jobs() == found
            assert ledger.verify().notes == []


def test_a_copy_without_the_runs_is_as_one_without_a_snapshot(
    directory: Path, clock: ManualClock
) -> None:
    several_runs(directory, clock)
    copy = directory.with_name("copy")
    shutil.copytree(directory, copy, ignore=shutil.ignore_patterns("*.run"))
    with Ledger(copy, clock=clock, read_only=True) as ledger:
        assert len(ledger.list_jobs()) == 140


# -- crashes ---------------------------------------------------------------------------------------


def saving(disk: SimulatedDisk, fault: Fault) -> FaultyFileSystem:
    """Save a second snapshot, of jobs of the first one too, and meet a fault while that is done."""
    clock, fs = ManualClock(NOON), FaultyFileSystem(disk)
    with saving_snapshots(8):
        scheduler = Scheduler(LEDGER, clock=clock, fs=fs)
        try:
            live(scheduler, clock, 8)
            assert scheduler.write_behind()
            live(scheduler, clock, 3)
            for job in scheduler.list_jobs()[:2]:
                scheduler.remove_job(job.job_id)
            fs.fault = fault
            scheduler._behind.save_snapshot()
            fs.fault = None
            assert len(scheduler.list_jobs()) == 9
        except Killed:
            pass
        finally:
            let_go(scheduler)
    return fs


def check_right(disk: SimulatedDisk, caplog: pytest.LogCaptureFixture) -> None:
    """Open what is left: it is right, a snapshot is of use, and the next one tidies up."""
    clock = ManualClock(NOON + timedelta(days=9))
    caplog.clear()
    with saving_snapshots(10_000), Ledger(LEDGER, clock=clock, fs=disk) as ledger:
        assert ledger._state.board.jobs.places.saved is not None
        assert len(ledger.list_jobs()) == 9
        assert ledger.verify().ok
    with saving_snapshots(8), Scheduler(LEDGER, clock=clock, fs=disk) as scheduler:
        live(scheduler, clock, 8)
        assert scheduler.write_behind()
        assert len(scheduler.list_jobs()) == 17
    with Ledger(LEDGER, clock=clock, fs=disk, read_only=True) as ledger:
        saved = ledger._snapshots._in_use if ledger._snapshots is not None else None
        assert saved is not None
        named = {run.named.name for run in saved.runs.runs}
    assert {name for name in disk.list_directory(LEDGER) if is_run_file(name)} == named
    assert "snapshot ignored" not in caplog.text


@pytest.mark.parametrize("error", one_in(3, [None, EIO, ENOSPC]), ids=["killed", "EIO", "full"])
def test_wherever_a_save_is_broken_off_it_costs_nothing(
    error: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """The process dies at each of its operations, or one fails: there is a snapshot all the same,
    of then or of now, and nothing of it is left over."""
    for at in count(1):
        disk = SimulatedDisk()
        fs = saving(disk, Fault(at, error))
        disk.close_all()
        check_right(disk, caplog)
        if not fs.reached:
            assert at > 20
            return


@pytest.mark.parametrize("seed", one_in(2, range(2)))
def test_whatever_a_power_cut_leaves_of_a_save_it_costs_nothing(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    for at in count(1):
        disk = SimulatedDisk()
        fs = saving(disk, Fault(at, None))
        check_right(disk.crash(Random(seed)), caplog)
        if not fs.reached:
            assert at > 20
            return
