"""Waiting for locks: with an end, and not without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.eventstore import LogDirectory, new

from jobledger.domain.errors import LedgerBusyError, StorageError
from jobledger.eventstore.engines.files.filesystem import FileSystem, LockHolder
from jobledger.eventstore.engines.files.lock import (
    BRIEF_S,
    LONGEST_S,
    AppendLock,
    LockWait,
    Patience,
)


class Waited(FileSystem):
    """A file system on which waiting moves a clock; `meanwhile` happens whenever somebody waits."""

    def __init__(self, meanwhile: Callable[[float], object] = lambda now: None) -> None:
        self.now = 0.0
        self.meanwhile = meanwhile

    def pause(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile(self.now)


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """Make a file that somebody else has locked, for as long as the test runs."""
    path, fs = tmp_path / "some.lock", FileSystem()
    assert fs.lock(fs.open_write(path, create=True), wait=False)
    return path


def wait_for(path: Path, fs: Waited, told: list[LockWait]) -> Patience:
    patience = Patience(told.append, lambda: fs.now)
    fd = fs.open_read(path)
    try:
        patience.take(fs, fd, path)
    finally:
        fs.close(fd)
    return patience


def test_a_lock_that_is_held_for_ever_is_given_up_with_the_name_of_who_holds_it(
    held: Path,
) -> None:
    fs, told = Waited(), list[LockWait]()
    with pytest.raises(LedgerBusyError, match="nothing was changed") as raised:
        wait_for(held, fs, told)
    assert raised.value.pid == fs.process_id()
    assert raised.value.path == str(held)
    assert "kill -CONT" in str(raised.value)
    assert LONGEST_S <= fs.now < LONGEST_S + 1


def test_a_wait_that_becomes_long_is_told_once(held: Path) -> None:
    fs, told = Waited(), list[LockWait]()
    with pytest.raises(LedgerBusyError):
        wait_for(held, fs, told)
    assert [(wait.path, wait.holder and wait.holder.pid) for wait in told] == [
        (held, fs.process_id())
    ]
    assert 2 <= told[0].seconds < 3


def test_a_lock_that_is_let_go_of_meanwhile_is_taken(tmp_path: Path) -> None:
    path, other = tmp_path / "some.lock", FileSystem()
    fd = other.open_write(path, create=True)
    other.lock(fd, wait=False)
    fs = Waited(lambda now: other.unlock(fd) if now > 1 else None)
    told = list[LockWait]()
    wait_for(path, fs, told)
    assert told == []
    assert fs.now < 2


def test_whoever_wants_to_end_ends_all_waits_together_soon(held: Path) -> None:
    """Also the one that somebody is in just now, in another thread."""
    fs, fd = Waited(), FileSystem().open_read(held)
    patience = Patience(time=lambda: fs.now)
    fs.meanwhile = lambda now: patience.hurry() if now > 10 else None
    with pytest.raises(LedgerBusyError):
        patience.take(fs, fd, held)
    assert 10 < fs.now < 10 + BRIEF_S + 1
    ended = fs.now
    with pytest.raises(LedgerBusyError):
        patience.take(fs, fd, held)
    assert ended < fs.now < ended + 1, "the time of all waits together is over"
    patience.calm_down()
    with pytest.raises(LedgerBusyError):
        patience.take(fs, fd, held)
    fs.close(fd)


def test_a_stopped_holder_is_called_so() -> None:
    assert str(LockHolder(7, "python", is_stopped=True)) == "process 7 (python), which is stopped,"


def test_a_second_lock_of_the_same_thread_is_refused_at_once(tmp_path: Path) -> None:
    """A signal's handler with a handle of its own would wait for the thread that it interrupted."""
    fs, path = FileSystem(), tmp_path / "append.lock"
    first, second = (
        AppendLock(fs, path, fs.open_write(path, create=True), Patience()) for _ in range(2)
    )
    with first, pytest.raises(StorageError, match="within another change"):
        second.__enter__()
    with second:
        pass
    first.close()
    second.close()


def test_a_busy_log_refuses_a_change_and_is_usable_afterwards(ledger: LogDirectory) -> None:
    """Nothing was written, so nothing is unknown."""
    fs = Waited()
    store = ledger.load(fs=fs, patience=Patience(time=lambda: fs.now))
    other = FileSystem()
    fd = other.open_write(ledger.path / "append.lock")
    other.lock(fd, wait=False)
    before = ledger.files()
    with pytest.raises(LedgerBusyError):
        store.append([new("a", 1)])
    assert ledger.files() == before
    other.close(fd)
    store.append([new("a", 1)])
    assert store.seq == 1


def test_closing_a_busy_log_makes_sure_of_what_was_acknowledged(ledger: LogDirectory) -> None:
    """HEAD is somebody else's to move just now; the records are synced all the same."""
    synced = list[str]()

    class Watched(Waited):
        def sync_data(self, fd: int) -> None:
            synced.append("synced")
            super().sync_data(fd)

    fs = Watched()
    patience = Patience(time=lambda: fs.now)
    store = ledger.load(fs=fs, patience=patience, durability="batch")
    store.append([new("a", 1)])
    other = FileSystem()
    fd = other.open_write(ledger.path / "append.lock")
    other.lock(fd, wait=False)
    synced.clear()
    patience.hurry()
    store.close()
    assert synced
    other.close(fd)
    assert [record.seq for record in ledger.load().read()] == [1]
