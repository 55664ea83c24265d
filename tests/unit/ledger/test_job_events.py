"""The events of a job are found by an index, which is only ever a hint."""

from __future__ import annotations

import errno
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON
from support.durability import let_go, saving_snapshots, without_background

from jobledger import Ledger, ManualClock, NewJob, StorageError
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.ledger import job_events
from jobledger.projections.event_index import read_runs
from jobledger.testing import Fault, FaultyFileSystem
from jobledger.testing.faults import Killed

EVERY = 4


@pytest.fixture(autouse=True)
def few_are_worth_a_file() -> Iterator[None]:
    with without_background(), saving_snapshots(EVERY):
        yield


def fill(ledger: Ledger, jobs: int, changes: int, seed: int = 1) -> None:
    """Add jobs, and change them in an order of no kind."""
    chance, now = random.Random(seed), ledger.now()
    ids = ledger.add_jobs([NewJob("a", "text", now + timedelta(hours=1)) for _ in range(jobs)])
    for number in range(changes):
        ledger.edit_job(chance.choice(ids), content=f"text {number}")
        if number % 3 == 0:
            ledger.write_behind()


def check(ledger: Ledger) -> None:
    """Each job's history is what reading the whole log finds."""
    by_job: dict[str, list[int]] = {}
    for event in ledger.events():
        by_job.setdefault(event.job_id, []).append(event.seq)
    for job_id, seqs in by_job.items():
        assert [event.seq for event in ledger.history(job_id)] == seqs


def check_files(directory: Path, clock: ManualClock) -> None:
    """Check that the files say what reading the whole log finds, and no more."""
    with Ledger(directory, clock=clock, read_only=True) as reader:
        runs = read_runs(FileSystem(), directory, identity(reader))
        seqs: dict[str, list[int]] = {}
        for event in reader.events():
            seqs.setdefault(event.job_id, []).append(event.seq)
        for job_id, due in seqs.items():
            found = [seq for run in runs for seq in run.find(job_id)]
            assert found == [seq for seq in due if seq <= runs[-1].last]


def identity(ledger: Ledger) -> str:
    return ledger._engine.identity.ledger_id


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("snapshot_events_*"))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), min_size=1, max_size=5), st.data())
def test_a_history_is_what_reading_the_whole_log_finds(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Of the handle that wrote, of another one, of a reader, after a day's change, and without some
    of the files."""
    directory, clock = tmp_path_factory.mktemp("ledger") / "jobs", ManualClock(NOON)
    other = Ledger(directory, clock=clock)
    for jobs, changes in rounds:
        with Ledger(directory, clock=clock) as ledger:
            fill(ledger, jobs, changes)
            check(ledger)
        other.write_behind()
        check(other)
        for path in files(directory):
            if data.draw(st.integers(0, 3), "which files are lost") == 0:
                path.unlink()
        with Ledger(directory, clock=clock, read_only=True) as reader:
            check(reader)
        clock.advance(timedelta(days=1))
    other.close()


class Measured(FileSystem):
    """Counts the bytes that are read."""

    def __init__(self) -> None:
        self.read = 0

    def read_at(self, fd: int, size: int, offset: int) -> bytes:
        data = super().read_at(fd, size, offset)
        self.read += len(data)
        return data


def test_a_history_costs_no_more_in_a_long_log(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the log: some more halvings of it, and of its index."""
    monkeypatch.setattr(job_events, "WORTH_WRITING", 512)
    costs = []
    for jobs in (1_000, 9_000):
        with Ledger(directory, clock=clock, durability="none") as ledger:
            fill(ledger, jobs, 3)
        fs = Measured()
        with Ledger(directory, clock=clock, read_only=True, fs=fs) as reader:
            [job_id] = [job.job_id for job in reader.list_jobs()[:1]]
            fs.read = 0
            assert reader.history(job_id)[0].version == 1
            costs.append(fs.read)
    assert directory.joinpath(f"events_{NOON:%Y-%m-%d}.jsonl").stat().st_size > 2_000_000
    assert costs[1] < costs[0] + 20 * 16 * 1024


def test_the_files_are_few(directory: Path, clock: ManualClock) -> None:
    """However often one is written: each is at least twice as long as the one behind it."""
    with Ledger(directory, clock=clock) as ledger:
        for _ in range(64):
            fill(ledger, 1, EVERY)
            ledger.write_behind()
            sizes = [
                run.last - run.first + 1
                for run in read_runs(FileSystem(), directory, identity(ledger))
            ]
            assert all(one >= 2 * other for one, other in pairwise(sizes))
            assert len(files(directory)) == len(sizes)
        assert sum(sizes) > len(list(ledger.events())) - EVERY


BITS = [*range(0, 40, 3), *range(200, 200 + 8 * 30, 7)]


def damage(data: bytes, kind: int) -> bytes:
    """Flip a bit, or lose the end, at every kind of place."""
    if kind < 0:
        return data[:kind]
    place = kind % len(data)
    return data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a ledger with an index, to be copied and damaged."""
    directory = tmp_path_factory.mktemp("filled") / "jobs"
    with without_background(), saving_snapshots(EVERY):
        with Ledger(directory, clock=ManualClock(NOON)) as ledger:
            fill(ledger, 20, 60)
        assert files(directory)
    return directory


@pytest.mark.parametrize("kind", [-1, -8, -100, *BITS])
def test_whatever_is_wrong_with_a_file_the_history_is_right(
    filled: Path, directory: Path, clock: ManualClock, kind: int
) -> None:
    """And the file does not stay: what found it out makes it anew."""
    shutil.copytree(filled, directory)
    for path in files(directory):
        path.write_bytes(damage(path.read_bytes(), kind))
    with Ledger(directory, clock=clock, read_only=True) as reader:
        check(reader)
    with Ledger(directory, clock=clock) as ledger:
        check(ledger)
        fill(ledger, 1, EVERY)
        ledger.write_behind()
    check_files(directory, clock)


def test_an_index_of_a_branch_that_is_lost_is_not_looked_into(
    directory: Path, clock: ManualClock, tmp_path: Path
) -> None:
    """A restored log goes on with numbers that were other events'."""
    with Ledger(directory, clock=clock) as ledger:
        fill(ledger, 3, 9)
    shutil.copytree(directory, tmp_path / "copy")
    with Ledger(directory, clock=clock) as ledger:
        fill(ledger, 3, 40, seed=2)
    for path in directory.glob("events_*"):
        shutil.copy(tmp_path / "copy" / path.name, path)
    shutil.copy(tmp_path / "copy" / "HEAD", directory / "HEAD")
    for path in directory.glob("snapshot_[bd]*"):
        path.unlink()
    with Ledger(directory, clock=clock, read_only=True) as reader:
        check(reader)
    with Ledger(directory, clock=clock) as ledger:
        fill(ledger, 5, 70, seed=3)
    check_files(directory, clock)
    with Ledger(directory, clock=clock, read_only=True) as reader:
        check(reader)


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, None])
def test_a_failing_disk_takes_nothing_but_the_index(
    directory: Path, clock: ManualClock, error: int | None
) -> None:
    """Each operation of the writing fails once; without an error the process dies there."""
    with Ledger(directory, clock=clock) as ledger:
        fill(ledger, 6, 20)
    for at in count(1):
        here = directory.with_name(f"copy-{at}")
        shutil.copytree(directory, here)
        fs = FaultyFileSystem(FileSystem())
        ledger = Ledger(here, clock=clock, fs=fs)
        for number in range(EVERY):
            ledger.add_job("a", f"text {number}", clock.now())
        fs.fault = Fault(at, error)
        with suppress(StorageError, Killed):
            ledger._behind._events.save()
        reached, fs.fault = fs.reached, None
        if error is None and reached:
            let_go(ledger)
        else:
            check(ledger)
            ledger.close()
        with Ledger(here, clock=clock) as again:
            check(again)
        if not reached:
            break
    assert at > 15
