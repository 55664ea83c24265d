"""What is on disk when an append returns, and what happens when the disk does not do as told."""

from __future__ import annotations

import errno
import json
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from support.eventstore import (
    LogDirectory,
    Seen,
    WatchedFileSystem,
    at_once,
    lines_of,
    new,
)
from support.waiting import eventually

from jobledger import StorageError
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.record import Record

FULL = OSError(errno.ENOSPC, "No space left on device")
BROKEN = OSError(errno.EIO, "Input/output error")


# -- what is synced --------------------------------------------------------------------------------


def test_each_append_is_one_sync_of_the_log(ledger: LogDirectory, disk: WatchedFileSystem) -> None:
    """However many records it has; the line is written before, HEAD after it. From the third write
    of a handle on it is one of the journal (test_journal.py)."""
    store = ledger.load(fs=disk)
    for version in (1, 4):
        disk.calls.clear()
        store.append([new("a", version), new("a", version + 1), new("a", version + 2)])
        changes = [call for call in disk.calls if call[0] not in ("lock", "unlock")]
        log = ledger.log.name
        assert changes == [("write", log), ("sync", log), ("write", "HEAD")]


def test_an_append_holds_the_lock_over_write_and_sync(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """From before its first byte until it is acknowledged."""
    store = ledger.load(fs=disk)
    disk.calls.clear()
    store.append([new("a", 1)])
    assert disk.calls[0] == ("lock", "append.lock")
    assert disk.calls[-1] == ("unlock", "append.lock")


@pytest.mark.parametrize("durability", ["batch", "none"])
def test_the_weaker_settings_sync_nothing_in_an_append(
    ledger: LogDirectory, disk: WatchedFileSystem, durability: str
) -> None:
    """Only `sync` and `close` do."""
    store = ledger.load(fs=disk, durability=durability)
    disk.calls.clear()
    for version in range(1, 5):
        store.append([new("a", version)])
    assert disk.count("sync") == 0
    store.sync()
    assert disk.count("sync", ledger.log.name) == 1
    assert disk.count("sync", "HEAD") == 1


def test_a_refused_append_writes_and_syncs_nothing(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """A conflict costs no disk."""
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    disk.calls.clear()
    with pytest.raises(Exception, match="version 1"):
        store.append([new("a", 1)])
    assert {operation for operation, _ in disk.calls} == {"lock", "unlock"}


def test_a_sync_without_news_leaves_the_log_alone(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """It was synced with its last append."""
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    disk.calls.clear()
    store.sync()
    assert disk.count("sync", "events_") == 0


def test_close_syncs_the_log_and_head(ledger: LogDirectory, disk: WatchedFileSystem) -> None:
    """Whatever the setting, a closed ledger is on disk."""
    store = ledger.load(fs=disk, durability="none")
    store.append([new("a", 1)])
    disk.calls.clear()
    store.close()
    assert disk.count("sync", ledger.log.name) == 1
    assert disk.calls[-2:] == [("sync", "HEAD"), ("unlock", "append.lock")]


def test_the_files_of_a_new_ledger_are_on_disk_before_it_is_open(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """The day file under another name first, then its name, and the directory's own name."""
    ledger.open(fs=disk)
    log = ledger.log.name
    steps = [call for call in disk.calls if call[0] != "open_write" and log in call[1]]
    assert steps == [
        ("write", f".{log}.tmp"),
        ("sync", f".{log}.tmp"),
        ("rename", log),
    ]
    assert disk.calls.index(("sync_directory", ledger.path.name)) > disk.calls.index(
        ("rename", log)
    )
    assert ("sync_directory", ledger.path.parent.name) in disk.calls


def test_a_new_day_is_on_disk_before_its_first_record(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """Its bytes, its name, and then the record."""
    store = ledger.load(fs=disk)
    ledger.clock.advance(timedelta(days=1))
    disk.calls.clear()
    store.append([new("a", 1)])
    log = ledger.log.name
    order = [
        ("write", f".{log}.tmp"),
        ("sync", f".{log}.tmp"),
        ("rename", log),
        ("sync_directory", ledger.path.name),
        ("write", log),
        ("sync", log),
    ]
    assert [call for call in disk.calls if call in order] == order


def test_the_old_day_is_on_disk_before_the_new_one_begins(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """Also when nothing else is synced: only the newest file may ever be torn."""
    store = ledger.load(fs=disk, durability="none")
    store.append([new("a", 1)])
    old = ledger.log.name
    ledger.clock.advance(timedelta(days=1))
    disk.calls.clear()
    store.append([new("a", 2)])
    assert disk.calls.index(("sync", old)) < disk.calls.index(("rename", ledger.log.name))


# -- group commit ----------------------------------------------------------------------------------


class SlowDisk(WatchedFileSystem):
    """Its first sync of the log, once armed, waits until everybody else is in line."""

    def __init__(self) -> None:
        super().__init__()
        self.armed = threading.Event()
        self.may_go_on = threading.Event()

    def sync_data(self, fd: int) -> None:
        if self.armed.is_set():
            self.armed.clear()
            self.may_go_on.wait()
        super().sync_data(fd)


def in_line(store: EventLog[Record], count: int) -> bool:
    return len(store._queue) == count


@pytest.mark.parametrize("threads", [2, 8])
def test_those_who_wait_for_a_sync_share_the_next(ledger: LogDirectory, threads: int) -> None:
    """The first pays for itself, and all the others together for one more."""
    disk = SlowDisk()
    store = ledger.load(fs=disk)
    disk.calls.clear()
    disk.armed.set()

    def let_go() -> None:
        eventually(lambda: in_line(store, threads - 1), "a line of waiting threads")
        disk.may_go_on.set()

    raised = at_once(let_go, *(partial(store.append, [new(f"job-{n}", 1)]) for n in range(threads)))

    assert raised == [None] * (threads + 1)
    assert disk.count("sync", ledger.log.name) == 2
    assert disk.count("write", ledger.log.name) == 2
    assert [r.seq for r in store.read()] == list(range(1, threads + 1))
    assert {json.loads(line)["batch"] for line in lines_of(ledger.log)[1:]} == {1, 2}


def test_a_conflict_fails_nobody_else_of_its_group(ledger: LogDirectory) -> None:
    """Each gets the answer to its own append."""
    disk = SlowDisk()
    store = ledger.load(fs=disk)
    store.append([new("taken", 1)])
    disk.armed.set()

    def let_go() -> None:
        eventually(lambda: in_line(store, 3), "a line of waiting threads")
        disk.may_go_on.set()

    raised = at_once(
        let_go,
        lambda: store.append([new("a", 1)]),
        lambda: store.append([new("b", 1)]),
        lambda: store.append([new("c", 1)]),
        lambda: store.append([new("d", 1), new("d", 2)]),
    )
    assert raised == [None] * 5

    disk.may_go_on.clear()
    disk.armed.set()
    raised = at_once(
        let_go,
        lambda: store.append([new("a", 2)]),
        lambda: store.append([new("b", 2)]),
        lambda: store.append([new("c", 2), new("taken", 1)]),
        lambda: store.append([new("d", 3)]),
    )
    assert [type(error).__name__ for error in raised] == [
        "NoneType",
        "NoneType",
        "NoneType",
        "VersionConflictError",
        "NoneType",
    ]
    assert [store.version(job) for job in ("a", "b", "c", "d", "taken")] == [2, 2, 1, 3, 1]


def test_a_failed_sync_fails_all_who_share_it(ledger: LogDirectory) -> None:
    """None of them may believe that its change is on disk."""
    disk = SlowDisk()
    store = ledger.load(fs=disk)
    disk.armed.set()

    def let_go() -> None:
        eventually(lambda: in_line(store, 3), "a line of waiting threads")
        disk.fail("sync", "events_", BROKEN, always=True)
        disk.may_go_on.set()

    raised = at_once(let_go, *(partial(store.append, [new(job, 1)]) for job in "abcd"))

    assert [type(error) for error in raised] == [type(None), *[StorageError] * 4]
    assert store.seq == 0


def test_an_interrupted_write_acknowledges_nobody_elses_records(ledger: LogDirectory) -> None:
    """Ctrl-C hits the thread that writes for all: the others must hear that nothing is known."""
    disk = SlowDisk()
    store = ledger.load(fs=disk)
    disk.armed.set()

    def let_go() -> None:
        eventually(lambda: in_line(store, 3), "a line of waiting threads")
        disk.fail("sync", "events_", KeyboardInterrupt(), after=1)
        disk.may_go_on.set()

    raised = at_once(let_go, *(partial(store.append, [new(job, 1)]) for job in "abcd"))

    assert sorted(type(error).__name__ for error in raised[1:]) == [
        "KeyboardInterrupt",
        "NoneType",
        "StorageError",
        "StorageError",
    ]


def test_an_interrupted_write_does_not_lose_what_is_appended_after_it(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """The handle either refuses from then on, or goes on with a sound log."""
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    disk.fail("sync", "events_", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        store.append([new("a", 2)])
    acknowledged = 1
    try:
        store.append([new("b", 1)])
        acknowledged = 2
    except StorageError:
        pass
    store.close()

    seen = Seen()
    ledger.load(observer=seen)
    jobs = [record.job_id for record in seen.records]
    assert jobs.count("b") == acknowledged - 1
    assert ledger.torn == []


# -- failures --------------------------------------------------------------------------------------


FAILURES = {
    "write": ("write", "events_", BROKEN, 0),
    "full disk": ("write", "events_", FULL, 0),
    "short write": ("write", "events_", FULL, 40),
    "short write of two records": ("write", "events_", FULL, 300),
    "sync": ("sync", "events_", BROKEN, 0),
    "head": ("write", "HEAD", FULL, 0),
    "half a head": ("write", "HEAD", FULL, 30),
}


@pytest.fixture(params=list(FAILURES.values()), ids=list(FAILURES))
def failure(request: pytest.FixtureRequest) -> tuple[str, str, OSError, int]:
    """Choose an operation of an append that fails once, and how much of a write is done before."""
    result: tuple[str, str, OSError, int] = request.param
    return result


def fail(disk: WatchedFileSystem, failure: tuple[str, str, OSError, int]) -> None:
    operation, name, error, written = failure
    disk.fail(operation, name, error, written=written)


def test_a_failed_append_poisons_the_handle(
    ledger: LogDirectory, disk: WatchedFileSystem, failure: tuple[str, str, OSError, int]
) -> None:
    """The disk may be well again, but nothing is known of what was written: no append goes in."""
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    fail(disk, failure)
    with pytest.raises(StorageError) as caught:
        store.append([new("a", 2), new("a", 3)])
    assert caught.value.path is not None
    assert Path(caught.value.path).parent == ledger.path

    after = ledger.files()
    for version in (2, 4):
        with pytest.raises(StorageError):
            store.append([new("a", version)])
    with pytest.raises(StorageError):
        store.append([new("b", 1)])
    assert ledger.files() == after


def test_a_failed_append_surfaces_nowhere(
    ledger: LogDirectory, disk: WatchedFileSystem, failure: tuple[str, str, OSError, int]
) -> None:
    """Not to the observer, not in a position, a version or a reading."""
    seen = Seen()
    store = ledger.load(fs=disk, observer=seen)
    store.append([new("a", 1)])
    fail(disk, failure)
    with pytest.raises(StorageError):
        store.append([new("a", 2), new("a", 3)])
    store.refresh()

    assert seen.seqs == [1]
    assert (store.seq, store.version("a")) == (1, 1)
    assert [r.seq for r in store.read()] == [1]


def test_after_a_failed_append_a_reopened_ledger_goes_on(
    ledger: LogDirectory, disk: WatchedFileSystem, failure: tuple[str, str, OSError, int]
) -> None:
    """Nothing acknowledged is lost; the failed write is there as a whole or not at all."""
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    fail(disk, failure)
    with pytest.raises(StorageError):
        store.append([new("a", 2), new("a", 3)])
    store.close()

    seen = Seen()
    again = ledger.load(observer=seen)
    assert seen.seqs in ([1], [1, 2, 3])
    again.append([new("a", again.version("a") + 1)])
    again.close()
    last = again.seq
    assert [r.seq for r in ledger.load().read()] == list(range(1, last + 1))


def test_after_a_failed_append_another_live_handle_goes_on(
    ledger: LogDirectory, disk: WatchedFileSystem, failure: tuple[str, str, OSError, int]
) -> None:
    """It makes sure of what it finds, and the poisoned handle still sees every record once."""
    poisoned_saw, seen = Seen(), Seen()
    store = ledger.load(fs=disk, observer=poisoned_saw)
    other = ledger.load(observer=seen)
    store.append([new("a", 1)])
    fail(disk, failure)
    with pytest.raises(StorageError):
        store.append([new("a", 2), new("a", 3)])

    other.append([new("b", 1)])
    store.refresh()

    assert seen.seqs == list(range(1, other.seq + 1))
    assert seen.records[0].job_id == "a"
    assert seen.records[-1].job_id == "b"
    assert poisoned_saw.records == seen.records


def test_a_full_disk_says_what_to_do(ledger: LogDirectory, disk: WatchedFileSystem) -> None:
    """With the path, and that the outcome is unknown."""
    store = ledger.load(fs=disk)
    disk.fail("write", "events_", FULL)
    with pytest.raises(StorageError, match="unknown") as caught:
        store.append([new("a", 1)])
    assert caught.value.path == str(ledger.log)
    assert caught.value.hint is not None
    assert "room" in caught.value.hint


def test_a_disk_that_stays_full_refuses_and_loses_nothing(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """Every opening and append in between fails; once there is room, all that was said is there."""
    ledger.write([new("a", 1)])
    for _ in range(3):
        full = WatchedFileSystem()
        store = ledger.load(fs=full)
        full.fail("write", "", FULL, always=True, written=25)
        with pytest.raises(StorageError):
            store.append([new("a", 2)])
        store.close()
    store = ledger.load(fs=disk)
    store.append([new("a", 2)])
    assert [(r.seq, r.version) for r in store.read()] == [(1, 1), (2, 2)]


def test_reopening_after_a_failed_sync_writes_and_syncs_the_batch_again(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """Bytes that can be read back may never have reached the disk; they are not trusted."""
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    disk.fail("sync", "events_", BROKEN)
    with pytest.raises(StorageError):
        store.append([new("a", 2), new("a", 3)])
    before = ledger.log.read_bytes()
    store.close()

    disk.calls.clear()
    again = ledger.load(fs=disk)
    log = ledger.log.name
    relevant = [call for call in disk.calls if call in (("write", log), ("sync", log))]
    assert relevant == [("write", log), ("sync", log)]
    assert ledger.log.read_bytes() == before
    assert again.seq == 3


def test_reopening_a_ledger_that_was_closed_well_writes_nothing_again(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """HEAD says that it is on disk."""
    ledger.write([new("a", 1)])
    ledger.load(fs=disk)
    assert disk.count("write", "events_") == disk.count("sync", "events_") == 0


def test_a_record_read_back_after_a_failed_sync_is_not_shown_before_it_is_synced(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """A reader beside the failed writer shows only what is acknowledged."""
    seen = Seen()
    store, reader = ledger.load(fs=disk), ledger.load(observer=seen, read_only=True)
    store.append([new("a", 1)])
    disk.fail("sync", "events_", BROKEN)
    with pytest.raises(StorageError):
        store.append([new("a", 2)])
    reader.refresh()
    assert seen.seqs == [1]


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("write", "HEAD"),
        ("open_write", ".events_"),
        ("write", ".events_"),
        ("sync", ".events_"),
        ("rename", "events_"),
        ("sync_directory", ""),
        ("open_write", "events_2026-03-02"),
    ],
)
def test_a_new_day_that_cannot_be_begun_loses_nothing(
    ledger: LogDirectory, disk: WatchedFileSystem, operation: str, name: str
) -> None:
    """At whichever step: the append fails and surfaces nowhere, and a reopened ledger goes on."""
    seen = Seen()
    store = ledger.load(fs=disk, observer=seen)
    store.append([new("a", 1)])
    ledger.clock.advance(timedelta(days=1))
    disk.fail(operation, name, FULL)
    with pytest.raises(StorageError):
        store.append([new("a", 2)])
    assert (seen.seqs, store.seq, store.version("a")) == ([1], 1, 1)
    store.close()

    again = ledger.load()
    again.append([new("a", 2)])
    again.close()
    assert [r.seq for r in ledger.load().read()] == [1, 2]
    assert ledger.torn == []


def test_a_failed_sync_of_acknowledged_records_poisons_the_handle(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """With `batch`, records were acknowledged before; the handle says that it lost its footing."""
    store = ledger.load(fs=disk, durability="batch")
    store.append([new("a", 1)])
    disk.fail("sync", "events_", BROKEN)
    with pytest.raises(StorageError):
        store.sync()
    with pytest.raises(StorageError):
        store.append([new("a", 2)])
    with pytest.raises(StorageError, match="until it is reopened"):
        store.close()  # nobody else may have seen the failure: it was in the background
    store.close()

    disk.calls.clear()
    again = ledger.load(fs=disk)
    assert again.seq == 1
    assert disk.count("write", ledger.log.name) == disk.count("sync", ledger.log.name) == 1


# -- power cuts with a weaker durability -----------------------------------------------------------


@pytest.mark.parametrize("durability", ["batch", "none"])
@pytest.mark.parametrize("torn", [0, 5], ids=["at a line's end", "within a line"])
def test_a_power_cut_may_take_what_was_not_synced_and_the_ledger_goes_on(
    ledger: LogDirectory, durability: str, torn: int
) -> None:
    """HEAD may reach the disk before the log does; only what it calls durable has to be there."""
    store = ledger.load(durability=durability)
    store.append([new("a", 1), new("a", 2)])
    store.sync()
    synced = ledger.log.stat().st_size
    store.append([new("a", 3)])
    store.append([new("a", 4)])
    crashed = ledger.crashed()
    data = crashed.log.read_bytes()
    crashed.log.write_bytes(data[: synced + torn])

    try:
        again = crashed.load(durability=durability)
        assert again.seq == 2
        again.append([new("a", 3)])
    finally:
        crashed.close()
    assert [json.loads(line)["seq"] for line in lines_of(crashed.log)[1:]] == [1, 2, 3]
