"""How often something is synced, written or looked at: what a clock must not be asked about."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from support.domain import NOON
from support.durability import LEDGER, without_background
from support.waiting import eventually

from jobledger import ManualClock, NewJob, PostResult, ScheduledJob, Scheduler
from jobledger.eventstore.engines.files.journal import JOURNAL_NAME
from jobledger.eventstore.engines.files.segment import day_file
from jobledger.projections import day_file as contents
from jobledger.testing import Fault, FaultyFileSystem, SimulatedDisk


class Counted:
    """A scheduler in memory whose operations on the disk are counted."""

    made: ClassVar[list[Counted]] = []

    def __init__(self, **settings: Any) -> None:
        self.made.append(self)
        self.clock = ManualClock(NOON)
        self.fs = FaultyFileSystem(SimulatedDisk())
        self.scheduler = Scheduler(LEDGER, clock=self.clock, fs=self.fs, **settings)
        self.fs.fault = Fault(0, only=("sync", "write", "lock"))

    def add(self, count: int, *, accounts: int = 1) -> None:
        now = self.clock.now()
        self.scheduler.add_jobs([NewJob(f"a{n % accounts}", "text", now) for n in range(count)])

    def forget(self) -> None:
        self.fs.operations.clear()

    def of(self, operation: str, name: str) -> int:
        return sum(done == (operation, name) for done in self.fs.operations)

    @property
    def syncs(self) -> int:
        """Of the log and the journal; there is no other file that a change waits for."""
        log = day_file(Path(), NOON.date().isoformat()).name
        return self.of("sync", log) + self.of("sync", JOURNAL_NAME)


@pytest.fixture(autouse=True)
def nothing_by_itself() -> Any:
    with without_background():
        yield
        while Counted.made:
            Counted.made.pop().scheduler.close()


def post(account: str, content: str) -> PostResult:
    return PostResult(True)


async def post_async(account: str, content: str) -> PostResult:
    return PostResult(True)


@pytest.mark.parametrize("count", [1, 1000])
def test_jobs_added_together_are_one_write_and_one_sync(count: int) -> None:
    counted = Counted()
    counted.add(count)
    assert counted.syncs == 1
    assert counted.of("write", "HEAD") == 1
    assert counted.of("lock", "append.lock") == 1


def test_ten_callers_who_wait_at_the_same_time_share_one_sync() -> None:
    """While one write is on its way, all who come meanwhile wait for the next one together."""
    counted = Counted()
    store = counted.scheduler._store
    with store.still():
        callers = [threading.Thread(target=counted.add, args=(1,)) for _ in range(10)]
        for caller in callers:
            caller.start()
        eventually(lambda: len(store._queue) == 10)
    for caller in callers:
        caller.join()
    assert len(counted.scheduler.list_jobs()) == 10
    assert counted.syncs == 1
    assert counted.of("write", "HEAD") == 1


def test_jobs_run_in_sequence_share_a_sync_between_an_end_and_the_next_start() -> None:
    """N jobs are N + 1 syncs: both are durable before the next publisher is called."""
    counted = Counted()
    counted.add(10)
    counted.forget()
    seen = []

    def post_and_look(account: str, content: str) -> PostResult:
        seen.append(counted.syncs)
        return PostResult(True)

    assert counted.scheduler.run_due(post_and_look) == 10
    assert seen == list(range(1, 11))
    assert counted.syncs == 11


def test_all_that_start_or_end_in_one_turn_of_the_loop_share_a_sync() -> None:
    counted = Counted(concurrency=8)
    counted.add(16, accounts=8)
    counted.forget()
    assert counted.scheduler.run_due(post_async) == 16
    assert counted.syncs == 4


def test_daily_files_are_written_once_for_all_that_changed_meanwhile() -> None:
    counted = Counted()
    counted.add(20)
    counted.scheduler.run_due(post)
    counted.forget()
    assert not [name for _, name in counted.fs.operations if name.startswith(".jobs_")]
    counted.scheduler.write_behind()
    file = f".jobs_{NOON.date().isoformat()}.json.tmp"
    assert counted.of("sync", file) == 1
    counted.scheduler.write_behind()
    assert counted.of("sync", file) == 1


def test_one_change_in_a_day_of_many_jobs_renders_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not change since the file was written is taken as it stood there."""
    counted = Counted()
    counted.add(1000)
    rendered = list[str]()
    render = contents._rendered

    def watched(job: ScheduledJob) -> bytes:
        rendered.append(job.job_id)
        return render(job)

    monkeypatch.setattr(contents, "_rendered", watched)
    counted.scheduler.write_behind()
    assert len(rendered) == 1000
    rendered.clear()
    changed = counted.scheduler.list_jobs()[500].job_id
    counted.scheduler.cancel_job(changed)
    counted.scheduler.write_behind()
    assert rendered == [changed]
    assert counted.scheduler.rebuild(check=True).changed == []


class Looked(dict[str, Any]):
    """A dict that counts how often it is asked for something."""

    count = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.count += 1
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.count += 1
        return super().__getitem__(key)

    def values(self) -> Any:
        raise AssertionError("all jobs are looked at")

    items = __iter__ = values


def test_starting_a_job_looks_at_few_of_ten_thousand() -> None:
    counted = Counted()
    later = NOON + timedelta(days=30)
    counted.scheduler.add_jobs([NewJob(f"a{n % 50}", "text", later) for n in range(10_000)])
    counted.add(1)
    board = counted.scheduler._state.board
    looked = Looked(board.jobs.open)
    board.jobs.open = board._queue._jobs = looked
    assert counted.scheduler.run_due(post) == 1
    assert looked.count < 40
    board.jobs.open = board._queue._jobs = dict.copy(looked)  # closing may look at all
