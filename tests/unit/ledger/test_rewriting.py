"""How much is written for daily files: in proportion to the log, whatever a day's size."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from support.durability import files_of, without_background
from support.waiting import eventually

from jobledger import Ledger, ManualClock, NewJob
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.ledger.background import Background
from jobledger.ledger.rewriting import BYTES_A_SECOND, SMALL, TIMES_THE_LOG, Rewriting

SECOND = timedelta(seconds=1)


class Counting(FileSystem):
    """A disk that notes how large each daily file is that is put in place."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        if target.name.startswith("jobs_"):
            self.sizes.append(target.stat().st_size)


class Day:
    """A ledger with a day of so many jobs, written, and a clock by which its files are paid for."""

    def __init__(self, directory: Path, clock: ManualClock, jobs: int) -> None:
        self.clock, self.fs, self.turn = clock, Counting(), 0
        self.ledger = Ledger(directory, clock=clock, durability="none", fs=self.fs)
        begin = clock.now()
        files_of(self.ledger)._rewriting = Rewriting(
            self.log_bytes, lambda: (clock.now() - begin).total_seconds()
        )
        due = begin.replace(hour=12) + timedelta(days=3)
        self.ids = self.ledger.add_jobs([NewJob("shop", "x" * 120, due) for _ in range(jobs)])
        self.ledger.write_behind()
        self.fs.sizes.clear()
        [self.file] = directory.glob("jobs_*.json")

    @property
    def log_bytes(self) -> int:
        return self.ledger._store.figures.size_bytes

    def change(self) -> str:
        """Hold a job, or release the one that is held; return which."""
        job_id = self.ids[self.turn // 2 % len(self.ids)]
        (self.ledger.release_job if self.turn % 2 else self.ledger.hold_job)(job_id)
        self.turn += 1
        return job_id

    @property
    def is_up_to_date(self) -> bool:
        return not files_of(self.ledger).is_behind


@contextmanager
def day_of(jobs: int, directory: Path, clock: ManualClock) -> Iterator[Day]:
    with without_background():
        day = Day(directory, clock, jobs)
        with day.ledger:
            yield day


def test_over_a_day_the_files_are_at_most_a_hundred_times_the_log(
    directory: Path, clock: ManualClock
) -> None:
    """A change a second, and a look each second at whether something may be written. No file is
    longer behind than its size allows."""
    with day_of(1_000, directory, clock) as day:
        before, size = day.log_bytes, day.file.stat().st_size
        behind, longest = 0, 0
        for _ in range(3_600):
            clock.advance(SECOND)
            day.change()
            day.ledger._write_due()
            behind = 0 if day.is_up_to_date else behind + 1
            longest = max(longest, behind)
        grown = day.log_bytes - before
    assert size > 10 * SMALL
    assert len(day.fs.sizes) > 10
    assert sum(day.fs.sizes) <= 100 * grown
    assert 1 < longest <= size // BYTES_A_SECOND + 1


def test_a_small_day_is_written_after_each_change(directory: Path, clock: ManualClock) -> None:
    with day_of(20, directory, clock) as day:
        for count in range(1, 100):
            day.change()
            day.ledger._write_due()
            assert day.is_up_to_date
            assert len(day.fs.sizes) == count
    assert sum(day.fs.sizes) <= 100 * day.log_bytes


def test_a_large_day_that_was_quiet_is_written_at_once(directory: Path, clock: ManualClock) -> None:
    with day_of(1_000, directory, clock) as day:
        for _ in range(3):
            clock.advance(timedelta(hours=1))
            changed = day.change()
            day.ledger._write_due()
            assert day.is_up_to_date
        assert f'"job_id": "{changed}"' in day.file.read_text("utf-8")
        day.change()
        day.ledger._write_due()
        assert not day.is_up_to_date
        assert len(day.fs.sizes) == 3


@pytest.mark.parametrize("how", ["closed", "asked for", "rebuilt"])
def test_what_is_held_back_is_written_on_demand(
    directory: Path, clock: ManualClock, how: str
) -> None:
    with day_of(1_000, directory, clock) as day:
        job_id = day.change()
        day.ledger.edit_job(job_id, content="edited")
        day.ledger._write_due()
        assert '"edited"' not in day.file.read_text("utf-8")
        match how:
            case "closed":
                day.ledger.close()
            case "asked for":
                assert day.ledger.write_behind()
            case _:
                assert day.ledger.rebuild().changed == [day.file.name]
        assert '"edited"' in day.file.read_text("utf-8")


def test_a_small_day_waits_for_a_large_one_that_is_behind_as_well(
    directory: Path, clock: ManualClock
) -> None:
    """The marker says of all files how far they go, so they are written together."""
    with day_of(1_000, directory, clock) as day:
        day.change()
        day.ledger.add_job("shop", "x", clock.now())
        day.ledger._write_due()
        assert day.fs.sizes == []
        clock.advance(timedelta(hours=1))
        day.ledger._write_due()
        assert len(day.fs.sizes) == 2


def test_what_is_written_is_paid_for_by_the_log_or_by_time() -> None:
    """Each to the byte, and what is small needs no paying."""
    now = [0.0]
    rewriting = Rewriting(0, lambda: now[0])
    assert rewriting.wait_s(["never written"], 0) == 0
    size = 100 * BYTES_A_SECOND
    rewriting.note({"large": size, "small": SMALL}, size + SMALL, 0)
    owed = size + SMALL
    assert rewriting.wait_s(["small"], 0) == 0
    assert rewriting.wait_s(["large"], 0) == owed / BYTES_A_SECOND
    assert rewriting.wait_s(["large"], owed // TIMES_THE_LOG - 1) > 0
    assert rewriting.wait_s(["large"], owed // TIMES_THE_LOG + 1) == 0
    now[0] = owed / BYTES_A_SECOND - 1
    assert rewriting.wait_s(["large"], 0) == 1
    rewriting.note({"small": SMALL}, SMALL, 0)
    assert rewriting.wait_s(["large"], 0) == 1 + SMALL / BYTES_A_SECOND


class HeldBack:
    """An owner that holds something back the first time."""

    def __init__(self) -> None:
        self.background: Background | None = None
        self.calls = 0
        self.is_done = threading.Event()

    def _write_due(self) -> bool:
        assert self.background is not None
        self.calls += 1
        self.background.wake_in(0.001 if self.calls == 1 else None)
        if self.calls == 2:
            self.is_done.set()
        return True

    def leave_alone_s(self, takes_s: float) -> float:
        return 0.0


def test_what_is_held_back_is_tried_again_though_nothing_changes() -> None:
    owner = HeldBack()
    background = owner.background = Background(owner, 0.001, 0.002)
    background.wake()
    eventually(owner.is_done.is_set)
    assert background.stop(30)
    assert owner.calls == 2
