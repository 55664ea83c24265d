"""Files that are renamed or replaced under an open handle: by an editor, logrotate, a restore."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.eventstore import LogDirectory, Seen, new

from jobledger import ManualClock, PostResult, Scheduler, SchedulerRunningError, StorageError
from jobledger.eventstore.engines.files.engine import FileEngine


def backed_up(path: Path) -> None:
    """Do what editors do: the file becomes the backup, a copy takes its name."""
    os.rename(path, f"{path}~")
    shutil.copy2(f"{path}~", path)


def written_anew(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def moved_over(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    os.replace(copy, path)


@pytest.mark.parametrize("replace", [backed_up, written_anew, moved_over])
def test_nothing_is_acknowledged_into_a_file_that_is_no_longer_the_log(
    ledger: LogDirectory, replace: Callable[[Path], None]
) -> None:
    """It is noticed before anything is written; the next call reads what is there now."""
    seen = Seen()
    store = ledger.load(observer=seen)
    store.append([new("a", 1)])
    replace(ledger.log)
    before = ledger.files()
    with pytest.raises(StorageError, match="renamed or replaced") as raised:
        store.append([new("a", 2)])
    assert raised.value.path == str(ledger.log)
    assert raised.value.hint is not None
    assert ledger.files() == before
    seen.calls.clear()
    store.append([new("a", 2)])
    assert seen.seqs == [1, 2], "the observer was told everything anew"
    assert [record.seq for record in ledger.load().read()] == [1, 2]


def test_a_log_that_was_removed_takes_no_more_changes(ledger: LogDirectory) -> None:
    store = ledger.load()
    store.append([new("a", 1)])
    log = ledger.log
    log.unlink()
    for _ in range(3):
        with pytest.raises(StorageError):
            store.append([new("a", 2)])
    assert not log.exists()


def test_a_head_that_was_replaced_is_read_and_written_by_its_name(ledger: LogDirectory) -> None:
    store = ledger.load()
    store.append([new("a", 1)])
    backed_up(ledger.path / "HEAD")
    store.append([new("a", 2)])
    old, fresh = ((ledger.path / name).read_bytes() for name in ("HEAD~", "HEAD"))
    assert old != fresh
    assert ledger.load().seq == 2


def test_a_lock_that_was_renamed_locks_nobody_out_and_nobody_in(ledger: LogDirectory) -> None:
    store = ledger.load()
    backed_up(ledger.path / "append.lock")
    store.append([new("a", 1)])
    other = ledger.load()
    other.append([new("a", 2)])
    store.append([new("a", 3)])
    assert [record.seq for record in other.read()] == [1, 2]
    assert ledger.load().seq == 3


def test_a_log_that_was_changed_on_the_way_is_noticed(ledger: LogDirectory) -> None:
    """Whoever puts another content in place of the log does not get away with the end of it."""
    store = ledger.load()
    store.append([new("a", 1, b'{"n":1}')])
    store.append([new("a", 2, b'{"n":2}')])
    log = ledger.log
    content = log.read_bytes().replace(b'{"n":1}', b'{"n":9}')
    log.rename(f"{log}~")
    log.write_bytes(content)
    with pytest.raises(StorageError, match="renamed or replaced"):
        store.append([new("a", 3)])
    with pytest.raises(StorageError, match="hash"):
        store.append([new("a", 3)])


def test_a_restore_under_a_runner_posts_nothing_twice(tmp_path: Path, clock: ManualClock) -> None:
    """The directory was replaced by a copy of it, of which another runner has done the work."""
    directory, posts = tmp_path / "jobs", list[str]()

    def post(account: str, content: str) -> PostResult:
        posts.append(content)
        return PostResult(True)

    with Scheduler(directory, clock=clock) as first:
        first.add_job("a", "once", clock.now())
        directory.rename(tmp_path / "old")
        shutil.copytree(tmp_path / "old", directory)
        with Scheduler(directory, clock=clock) as second:
            assert second.run_due(post) == 1
            second.add_job("a", "of the second", clock.now())
            with pytest.raises(StorageError, match="renamed or replaced"):
                first.run_due(post)
            with pytest.raises(SchedulerRunningError):
                first.run_due(post)
        with pytest.raises(SchedulerRunningError):
            first.run_due(post)  # it was overtaken, and has to be opened again
    with Scheduler(directory, clock=clock) as third:
        assert third.run_due(post) == 1
    assert posts == ["once", "of the second"]


def test_reopening_without_a_free_descriptor_is_no_damage(ledger: LogDirectory) -> None:
    """What was open stays open until the new one is."""
    store = ledger.load()
    store.append([new("a", 1)])
    engine = store._engine
    assert isinstance(engine, FileEngine)
    fs = engine.place.fs
    real, fs.open_write = fs.open_write, _no_descriptor  # type: ignore[method-assign]
    with pytest.raises(StorageError, match="Too many open files"):
        engine.reopen(store._follower.log.cursor)
    fs.open_write = real  # type: ignore[method-assign]
    store.append([new("a", 2)])
    assert store.seq == 2


def _no_descriptor(path: Path, **options: bool) -> int:
    raise OSError(24, os.strerror(24))
