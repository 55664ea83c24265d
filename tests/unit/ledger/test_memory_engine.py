"""A whole ledger in memory: `memory:NAME` carries a `Ledger` and a `Scheduler`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from support.eventstore import at_once

from jobledger import (
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    Scheduler,
    SchedulerRunningError,
    StorageError,
    ValidationError,
)
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.memory import (
    MemoryEngine,
    MemoryLedger,
    forget_memory_ledgers,
)
from jobledger.eventstore.engines.registry import register
from jobledger.eventstore.port import Place
from jobledger.integrity.verify import verify_directory


@pytest.fixture
def location() -> Iterator[str]:
    """Name a ledger that nobody has, and forget it afterwards."""
    yield f"memory:{uuid.uuid4()}"
    forget_memory_ledgers()


def post(account_id: str, content: str) -> PostResult:
    return PostResult(True, thread_id=f"of-{content}")


def test_jobs_are_added_run_and_asked_about(location: str, clock: ManualClock) -> None:
    """Nothing is missed but what a place for files is for."""
    with Scheduler(location, clock=clock, by="app:test") as scheduler:
        first = scheduler.add_job("a", "one", clock.now())
        later = scheduler.add_job("a", "two", clock.now() + timedelta(days=1))
        assert scheduler.run_due(post) == 1
        assert scheduler.get_job(first).thread_id == "of-one"
        assert [event.type for event in scheduler.history(first)] == [
            "added", "started", "completed",
        ]  # fmt: skip
        assert scheduler.as_of(2).get_job(first).status is JobStatus.SCHEDULED
        clock.advance(timedelta(days=1))
        assert scheduler.run_due(post) == 1
        assert scheduler.get_job(later).status is JobStatus.COMPLETED
        assert {event.by for event in scheduler.events()} >= {"app:test"}


def test_handles_of_one_name_are_of_one_ledger(location: str, clock: ManualClock) -> None:
    """As processes are on a directory; it is there as long as the process is."""
    with Ledger(location, clock=clock, timezone="Asia/Ho_Chi_Minh") as one:
        one.add_job("a", "text", clock.now(), job_id="x")
        with Ledger(location, clock=clock) as other:
            assert other.ledger_id == one.ledger_id
            other.hold_job("x")
        assert one.get_job("x").status is JobStatus.PENDING
    with Ledger(location, read_only=True) as again:
        assert again.timezone == "Asia/Ho_Chi_Minh"
        assert again.get_job("x").status is JobStatus.PENDING
    with pytest.raises(ValidationError, match="zone"):
        Ledger(location, timezone="UTC")
    with pytest.raises(StorageError, match="there is no ledger memory:nobody"):
        Ledger("memory:nobody", read_only=True)


def test_one_runner_at_a_time(location: str, clock: ManualClock) -> None:
    """Another may follow it."""
    with Scheduler(location, clock=clock) as first:
        assert first.runner_pid() is not None
        with pytest.raises(SchedulerRunningError):
            Scheduler(location, clock=clock)
    with Scheduler(location, clock=clock) as second, Ledger(location, clock=clock) as beside:
        assert beside.runner_pid() == second.runner_pid()
    with Ledger(location, clock=clock) as alone:
        assert alone.runner_pid() is None


def test_a_text_is_refused_whoever_adds_it_at_the_same_moment(
    location: str, clock: ManualClock
) -> None:
    """The engine has no turns: a decision that somebody was faster than is made again."""
    Ledger(location, clock=clock).close()

    def add_five() -> None:
        with Ledger(location, clock=clock, unique=True) as ledger:
            for number in range(5):
                with suppress(ValidationError):
                    ledger.add_job("a", f"text {number}", clock.now())

    assert at_once(*[add_five] * 6) == [None] * 6
    with Ledger(location, clock=clock) as ledger:
        assert sorted(job.content for job in ledger.list_jobs()) == [
            f"text {number}" for number in range(5)
        ]


def test_it_verifies_rebuilds_and_is_backed_up(
    location: str, clock: ManualClock, tmp_path: Path
) -> None:
    """The bytes are those of a directory, under the same header lines."""
    with Ledger(location, clock=clock) as ledger:
        for day in range(3):
            ledger.add_job("a", f"day {day}", clock.now(), job_id=f"job-{day}")
            clock.advance(timedelta(days=1))
        report = ledger.verify()
        assert (report.ok, report.events, report.files) == (True, 3, 3)
        assert ledger.rebuild(check=True).differences == []
        assert ledger.rebuild().jobs == 3
        assert [job.job_id for job in ledger.list_jobs()] == ["job-0", "job-1", "job-2"]
        ledger.backup(tmp_path / "copy")
        exported = ledger.export_head()
        assert ledger.location == location
        with pytest.raises(StorageError, match="has no directory"):
            ledger.directory  # noqa: B018 - reading it is what is refused
    assert verify_directory(tmp_path / "copy", since_heads=[exported]).ok
    with Ledger(tmp_path / "copy", clock=clock) as copy:
        assert copy.list_jobs()[0].content == "day 0"


def test_no_snapshot_is_written_that_nobody_could_use(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An engine that has a place for files, and cannot go on from a position in its log."""

    class Placed(MemoryEngine):
        place = Place(FileSystem(), tmp_path)

    ledger = MemoryLedger()
    register("placed", lambda location, options: Placed(ledger))
    with mock.patch.object(Ledger, "_SNAPSHOT_EVERY", 1):
        for number in range(3):
            with Ledger("placed:x", clock=clock) as handle:
                handle.add_job("a", f"text {number}", clock.now())
    names = [path.name for path in tmp_path.iterdir()]
    assert "jobs_2026-03-02.json" in names
    assert "snapshot_board" not in names
    assert "snapshot" not in caplog.text


def test_a_projection_of_ones_own_follows(location: str, clock: ManualClock) -> None:
    """In memory: there is no file for it."""

    class Types:
        name = "types"

        def __init__(self) -> None:
            self.seen: list[str] = []

        def apply(self, change: object) -> None:
            self.seen.append(change.event.type)  # type: ignore[attr-defined] # a Change

        def render(self) -> bytes:
            return b"".join(name.encode() + b"\n" for name in self.seen)

    with Ledger(location, clock=clock, projections=[Types]) as ledger:
        ledger.add_job("a", "text", clock.now(), job_id="x")
        ledger.cancel_job("x")
        assert ledger.projection("types").seen == ["added", "cancelled"]  # type: ignore[attr-defined] # ours
