"""What of a snapshot is read when, what is touched to save one, and what is damaged in between."""

from __future__ import annotations

import random
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support import snapshots
from support.durability import saving_snapshots, without_background

from jobledger import (
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    PostResult,
    Scheduler,
    StorageError,
    ValidationError,
)
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.projections import saved_ids, saved_index, snapshot_writing
from jobledger.projections.jobs import Jobs
from jobledger.projections.picked_jobs import pack
from jobledger.projections.saved_runs import is_run_file
from jobledger.projections.snapshot_writing import NewSnapshot
from jobledger.testing import Fault, FaultyFileSystem

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def small_ledgers_are_worth_one() -> Iterator[None]:
    with without_background(), saving_snapshots(1):
        yield


@pytest.fixture
def snapshot(directory: Path) -> Path:
    return directory / "snapshot_board"


def post(account: str, content: str) -> PostResult:
    return PostResult(True)


def live(directory: Path, clock: ManualClock, jobs: int) -> None:
    """Close so many jobs, and save a snapshot."""
    with Scheduler(directory, clock=clock, durability="none") as scheduler:
        scheduler.add_jobs(
            [NewJob(f"a{n % 5}", f"text {n}", clock.now(), job_id=f"j{n}") for n in range(jobs)]
        )
        scheduler.run_due(post)


def all_of(ledger: Ledger) -> dict[str, Any]:
    """Tell all that a ledger knows of its jobs, in every way that it can be asked."""
    jobs = ledger.list_jobs()
    board = ledger._state.board
    return {
        "jobs": {job.job_id: job for job in jobs},
        "one by one": {job.job_id: ledger.get_job(job.job_id) for job in jobs},
        "by status": {s: {job.job_id for job in ledger.list_jobs(status=s)} for s in JobStatus},
        "by account": {a: ledger.list_jobs(account_id=a) for a in ledger.accounts()},
        "page": ledger.list_jobs(limit=7, order="latest"),
        "counts": ledger.counts(),
        "counts of accounts": {a: ledger.counts(a) for a in ledger.accounts()},
        "ids": ledger.known_ids(),
        "versions": {job_id: ledger._store.version(job_id) for job_id in ledger.known_ids()},
        "days": {day: ledger._derived.days.render(day, board.jobs) for day in _days(ledger)},
    }


def _days(ledger: Ledger) -> list[str]:
    return ledger._derived.days.days()


def reads(directory: Path, clock: ManualClock, ask: Callable[[Ledger], object]) -> int:
    """Return how often the snapshot is read in opening a ledger and asking something."""
    fs = FaultyFileSystem(FileSystem(), Fault(0))
    with Ledger(directory, clock=clock, fs=fs, read_only=True) as ledger:
        ask(ledger)
    return reads_of_runs(fs)


def reads_of_runs(fs: FaultyFileSystem) -> int:
    return sum(what == "read" and is_run_file(name) for what, name in fs.operations)


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.counts(),
        lambda ledger: ledger.accounts(),
        lambda ledger: ledger.counts("a1"),
        lambda ledger: ledger.get_job("j7"),
        lambda ledger: ledger.get_ready_jobs(),
        lambda ledger: ledger.list_jobs(status=JobStatus.SCHEDULED),
    ],
    ids=["counts", "accounts", "counts of one", "a job", "ready", "what waits"],
)
def test_opening_and_asking_read_as_little_of_many_closed_jobs_as_of_few(
    ask: Callable[[Ledger], object], tmp_path: Path, clock: ManualClock
) -> None:
    found = []
    for jobs in (40, 400):
        live(tmp_path / str(jobs), clock, jobs)
        found.append(reads(tmp_path / str(jobs), clock, ask))
    assert found[0] == found[1] <= 6


def test_an_add_looks_at_one_block_or_none(directory: Path, clock: ManualClock) -> None:
    """That nobody had its id before is looked up, and mostly there is no need to read for that."""
    live(directory, clock, 400)
    fs = FaultyFileSystem(FileSystem())
    with saving_snapshots(10_000), Ledger(directory, clock=clock, fs=fs) as ledger:
        ledger.add_job("a", "text", clock.now())  # who else is in the file of its day is read, too
        fs.fault = Fault(0, only=("read",))
        ledger.add_job("a", "text", clock.now(), job_id="new")
        assert reads_of_runs(fs) == 0
        with pytest.raises(ValidationError, match="used before"):
            ledger.add_job("a", "text", clock.now(), job_id="j7")
        assert reads_of_runs(fs) == 1


def test_closed_jobs_take_no_memory_behind_a_snapshot(directory: Path, clock: ManualClock) -> None:
    """Neither where it was opened from one, nor where one was saved."""
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_jobs([NewJob("a", f"text {n}", clock.now()) for n in range(50)])
        scheduler.run_due(post)
        board, versions = scheduler._state.board, scheduler._store._follower.log.versions
        assert len(versions.fresh()) == 50
        assert scheduler.write_behind()
        assert (len(versions.fresh()), len(board.jobs.places.fresh())) == (0, 0)
        assert {page._data for page in board.jobs.pages} == {None}
        scheduler.add_job("a", "one more", clock.now())
        assert len(versions.fresh()) == 1
    with Ledger(directory, clock=clock) as ledger:
        assert len(ledger._store._follower.log.versions.fresh()) <= 1
        assert len(ledger.list_jobs()) == 51


# -- saving ----------------------------------------------------------------------------------------


def test_what_is_saved_is_shared_and_not_copied(directory: Path, clock: ManualClock) -> None:
    """Nothing is done for each closed job while the state is held."""
    live(directory, clock, 50)
    with saving_snapshots(10_000), Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_jobs([NewJob("a", f"more {n}", clock.now()) for n in range(50)])
        scheduler.run_due(post)
        jobs = scheduler._state.board.jobs
        versions, places = scheduler._store._follower.log.versions, jobs.places
        now = versions.now, places.now
        with scheduler._store.still() as position, scheduler._state.lock:
            saved = scheduler._state.capture(position())
        assert (saved.position.versions.before, saved.board.jobs.places.before) == now
        assert saved.position.versions.before is now[0] is versions.before
        assert saved.board.jobs.places.before is now[1] is places.before
        assert (versions.now, places.now) == ({}, {})


def test_nobody_waits_while_a_snapshot_is_written(directory: Path, clock: ManualClock) -> None:
    """In the midst of each of its parts another thread adds a job, and is answered."""
    added = list[str]()

    class Busy(FileSystem):
        ledger: Ledger | None = None

        def write_at(self, fd: int, data: bytes, offset: int) -> None:
            super().write_at(fd, data, offset)
            ledger, self.ledger = self.ledger, None  # what is written for that is not meant
            if ledger is not None and not data.startswith(b"{") and offset:
                thread = threading.Thread(target=self.add, args=(ledger,))
                thread.start()
                thread.join()
            self.ledger = ledger

        def add(self, ledger: Ledger) -> None:
            added.append(ledger.add_job("a", "meanwhile", clock.now() + DAY))

    fs = Busy()
    with Scheduler(directory, clock=clock, fs=fs, durability="none") as scheduler:
        scheduler.add_jobs([NewJob("a", f"text {n}", clock.now()) for n in range(20)])
        scheduler.run_due(post)
        fs.ledger = scheduler
        scheduler._behind.save_snapshot()
        fs.ledger = None
        assert len(added) > 10
        assert scheduler.verify().ok
        expected = all_of(scheduler)
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        assert all_of(ledger) == expected


def test_no_part_of_it_is_of_many_jobs(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: who waits for the interpreter waits for a part of them."""
    most = dict.fromkeys(("packed", "ids", "sorted"), 0)
    encode = zlib.compress

    def packed(jobs: list[Any]) -> bytes:
        most["packed"] = max(most["packed"], len(jobs))
        return pack(jobs)

    def compressed(data: bytes, level: int) -> bytes:
        most["ids"] = max(most["ids"], data.count(b"j"))
        return encode(data, level)

    def ordered(these: Any) -> list[Any]:
        most["sorted"] = max(most["sorted"], len(these))
        return sorted(these)

    monkeypatch.setattr(snapshot_writing, "pack", packed)
    monkeypatch.setattr(zlib, "compress", compressed)
    monkeypatch.setattr(saved_index, "sorted", ordered, raising=False)
    jobs = [NewJob("a", "text", clock.now() + DAY, job_id=f"j{n}") for n in range(30_000)]
    with Ledger(directory, clock=clock, durability="none") as ledger:
        ledger.add_jobs(jobs)
        for job in jobs[:5_000]:
            ledger.cancel_job(str(job.job_id))
    assert 256 <= most["packed"] <= 512
    assert 0 < most["ids"] <= 2 * 1024
    assert 0 < most["sorted"] <= 4 * 2048


# -- over many snapshots -------------------------------------------------------------------------


def a_change(chance: random.Random, scheduler: Scheduler, clock: ManualClock) -> None:
    jobs = scheduler.list_jobs()
    closed = [job for job in jobs if job.status not in (JobStatus.SCHEDULED, JobStatus.RUNNING)]
    what = chance.randrange(8)
    if what < 2 or not jobs:
        now = clock.now()
        scheduler.add_jobs(
            [NewJob(f"a{chance.randrange(3)}", f"{n}", now, max_retries=0) for n in range(4)]
        )
    elif what < 5:
        good = chance.random() < 0.8
        scheduler.run_due(lambda account, content: PostResult(good), limit=chance.randrange(1, 5))
    elif what == 5:
        clock.advance(timedelta(hours=chance.randrange(30)))
    elif closed:
        job = chance.choice(closed)
        if what == 6 and job.status is not JobStatus.COMPLETED:
            scheduler.requeue_job(job.job_id, clock.now())
        else:
            scheduler.remove_job(job.job_id)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_saved_and_opened_again_it_is_what_the_log_gives(
    seed: int, directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many snapshots, each of the one before it; some were not written, some by another handle."""
    chance = random.Random(seed)
    monkeypatch.setattr(saved_index, "ENTRIES", 3)
    monkeypatch.setattr(saved_ids, "_IDS_AT_ONCE", 3)
    monkeypatch.setattr("jobledger.projections.daily_files._LATEST_DAYS", 1)

    class Full(FileSystem):
        is_full = False

        def rename(self, source: Path, target: Path) -> None:
            if self.is_full and target.name == "snapshot_board":
                raise OSError(28, "No space left on device")
            super().rename(source, target)

    fs = Full()
    with saving_snapshots(12):
        for _ in range(4):
            with Scheduler(directory, clock=clock, fs=fs, durability="none") as scheduler:
                for step in range(40):
                    a_change(chance, scheduler, clock)
                    fs.is_full = chance.random() < 0.2
                    if step % 5 == 0:
                        assert scheduler.write_behind()
                    if step % 20 == 0:
                        with Ledger(directory, clock=clock) as other:
                            other.add_job("b", "by another", clock.now())
                found = all_of(scheduler)
                report = scheduler.verify()
                assert report.ok, report.problems
            fs.is_full = False
            with Ledger(directory, clock=clock, read_only=True, use_snapshot=False) as whole:
                assert all_of(whole) == found


def test_pages_that_were_numbered_anew_are_found(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a snapshot that knows them by other numbers."""
    monkeypatch.setattr("jobledger.projections.jobs.PAGE_JOBS", 3)
    live(directory, clock, 40)
    with Scheduler(directory, clock=clock, durability="none") as scheduler:
        before = scheduler._state.board.jobs.generation
        for n in range(36):
            if n % 3:
                scheduler.remove_job(f"j{n}")
        scheduler.add_jobs([NewJob("a9", f"text {n}", clock.now()) for n in range(8)])
        scheduler.run_due(post)
        assert scheduler._state.board.jobs.generation > before
        expected = all_of(scheduler)
        assert scheduler.write_behind()
        assert all_of(scheduler) == expected
        assert scheduler.verify().ok
    with Ledger(directory, clock=clock) as ledger:
        assert all_of(ledger) == expected
        assert ledger._store.version("j4") == 4


# -- what becomes of the file --------------------------------------------------------------------


def test_one_that_is_replaced_or_removed_is_read_on(
    directory: Path, clock: ManualClock, snapshot: Path
) -> None:
    live(directory, clock, 40)
    with Ledger(directory, clock=clock, read_only=True) as reader:
        with Ledger(directory, clock=clock) as other:
            other.add_jobs([NewJob("a", "text", clock.now()) for _ in range(20)])
        for path in (snapshot, *snapshots.runs_of(directory)):
            path.unlink()
        assert len(reader.list_jobs()) == 60


def damage(directory: Path, *, tables: bool = False) -> None:
    """Change each byte of the blocks, or of the tables that verify them."""
    saved = snapshots.read(directory).saved
    assert saved is not None
    for run in saved.runs.runs:
        path = directory / run.named.name
        data, begin = path.read_bytes(), run.named.begin
        first, last = (begin, len(data)) if tables else (0, begin)
        changed = bytes(255 - byte for byte in data[first:last])
        path.write_bytes(data[:first] + changed + data[last:])


@pytest.mark.parametrize("tables", [False, True])
@pytest.mark.parametrize("read_only", [False, True])
def test_damage_that_is_met_later_is_refused_once(
    read_only: bool,
    tables: bool,
    directory: Path,
    clock: ManualClock,
    snapshot: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And told; from then on all of the log counts, and who may write saves a sound one."""
    live(directory, clock, 40)
    damage(directory, tables=tables)
    with Ledger(directory, clock=clock, read_only=read_only) as ledger:
        assert ledger.counts()[JobStatus.COMPLETED] == 40, "it is not asked about a closed job"
        assert "snapshot ignored" not in caplog.text
        with pytest.raises(StorageError, match="damaged") as caught:
            ledger.get_job("j7")
        assert "only a cache" in (caught.value.hint or "")
        assert ledger.get_job("j7").status is JobStatus.COMPLETED
        assert len(ledger.list_jobs()) == 40
    assert caplog.text.count("snapshot ignored") == 1
    with Ledger(directory, clock=clock, use_snapshot=False, read_only=True) as whole:
        expected = all_of(whole)
    if not read_only:
        with Ledger(directory, clock=clock) as ledger:
            assert ledger._state.board.jobs.places.saved is not None
            assert all_of(ledger) == expected


def test_an_add_behind_one_that_is_damaged_is_not_made_on_a_guess(
    directory: Path, clock: ManualClock, snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether its id was used before is looked up in all of the log, at once."""
    live(directory, clock, 40)
    damage(directory)
    with Ledger(directory, clock=clock) as ledger:
        with pytest.raises(ValidationError, match="used before"):
            ledger.add_job("a", "text", clock.now(), job_id="j7")
        assert "snapshot ignored" in caplog.text
        ledger.add_job("a", "text", clock.now(), job_id="new")
        assert len(ledger.list_jobs()) == 41


def test_records_of_others_behind_one_that_is_damaged_are_taken_in(
    directory: Path, clock: ManualClock, snapshot: Path
) -> None:
    """Reading on is refused once, and then reads all of it."""
    live(directory, clock, 40)
    damage(directory)
    with Ledger(directory, clock=clock, read_only=True) as reader:
        with saving_snapshots(10_000), Ledger(directory, clock=clock, use_snapshot=False) as other:
            other.remove_job("j7")
        with pytest.raises(StorageError, match="damaged"):
            reader.list_jobs()
        assert len(reader.list_jobs()) == 39


def test_what_comes_after_one_that_is_damaged_is_read_with_all_the_rest(
    directory: Path, clock: ManualClock, snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An event of a closed job that is met while opening: it opens all the same."""
    live(directory, clock, 40)
    with saving_snapshots(10_000), Ledger(directory, clock=clock) as ledger:
        ledger.remove_job("j7")
    damage(directory)
    with saving_snapshots(10_000), Ledger(directory, clock=clock) as ledger:
        assert len(ledger.list_jobs()) == 39
    assert "snapshot ignored" in caplog.text


def test_a_moment_of_the_past_behind_one_that_is_damaged_is_made_without_it(
    directory: Path, clock: ManualClock, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the state of then was begun from it."""
    monkeypatch.setattr("jobledger.ledger.past._WORTH_READING", 1)
    live(directory, clock, 40)
    damage(directory)
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        with pytest.raises(StorageError, match="damaged"):
            ledger.as_of(ledger.seq).list_jobs()
        assert len(ledger.as_of(ledger.seq).list_jobs()) == 40
        assert len(ledger.list_jobs()) == 40


def test_a_disk_that_fails_under_it_is_no_damage_to_the_ledger(
    directory: Path, clock: ManualClock
) -> None:
    class Broken(FileSystem):
        seen, is_broken = -1, False

        def open_read(self, path: Path) -> int:
            fd = super().open_read(path)
            self.seen = fd if is_run_file(path.name) else self.seen
            return fd

        def read_at(self, fd: int, count: int, offset: int) -> bytes:
            if fd == self.seen and self.is_broken:
                self.is_broken = False
                raise OSError(5, "Input/output error")
            return super().read_at(fd, count, offset)

    live(directory, clock, 40)
    fs = Broken()
    with Ledger(directory, clock=clock, fs=fs) as ledger:
        fs.is_broken = True
        with pytest.raises(StorageError, match="cannot be read"):
            ledger.get_job("j7")
        assert ledger.get_job("j7").status is JobStatus.COMPLETED
        assert not ledger._store.is_poisoned


def test_a_file_of_bytes_is_written_the_same_twice(directory: Path, clock: ManualClock) -> None:
    live(directory, clock, 20)
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        with ledger._store.still() as position, ledger._state.lock:
            new = NewSnapshot(ledger._state.capture(position()), "0.0", "a name", {})
        assert b"".join(new.run()) == b"".join(new.run())
        assert new.file(new.core()) == new.file(new.core())
    assert Jobs().same_as(Jobs())
