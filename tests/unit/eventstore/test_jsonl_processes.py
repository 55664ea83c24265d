"""Several processes on one ledger: forked handles, shared locks, and writers that die."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

from support.eventstore import LogDirectory, WatchedFileSystem, append_bytes, new
from support.waiting import eventually

from jobledger import StorageError
from jobledger.eventstore.engines.files.filesystem import FileSystem


def in_child(action: Callable[[], bool]) -> bool:
    """Return what `action` says in a forked child, which then dies without closing anything."""
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            code = 0 if action() else 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, 1), "the child raised"
    return code == 0


def refuses(action: Callable[[], object]) -> bool:
    """Whether it raises a StorageError about the fork, with something to do about it."""
    try:
        action()
    except StorageError as error:
        return "fork" in error.message and error.hint is not None
    return False


def lock_is_free(ledger: LogDirectory) -> bool:
    fs = FileSystem()
    fd = fs.open_write(ledger.path / "append.lock")
    try:
        return fs.lock(fd, wait=False)
    finally:
        fs.close(fd)


# -- a handle from before a fork -------------------------------------------------------------------


def test_a_forked_handle_refuses_to_append_in_the_child(ledger: LogDirectory) -> None:
    """Both processes would hold one lock at once; the parent goes on."""
    store = ledger.load()
    store.append([new("a", 1)])
    before = ledger.files()
    assert in_child(lambda: refuses(lambda: store.append([new("a", 2)])))
    assert ledger.files() == before
    store.append([new("a", 2)])
    assert store.seq == 2


def test_a_forked_handle_refuses_at_once_while_a_thread_of_the_parent_writes(
    ledger: LogDirectory,
) -> None:
    """The child has no such thread: whoever waited for it would wait for ever."""
    writing, may_go_on = threading.Event(), threading.Event()
    may_go_on.set()

    class SlowDisk(WatchedFileSystem):
        def sync_data(self, fd: int) -> None:
            writing.set()
            may_go_on.wait()
            super().sync_data(fd)

    store = ledger.load(fs=SlowDisk())
    may_go_on.clear()
    writing.clear()
    writer = threading.Thread(target=lambda: store.append([new("a", 1)]))
    writer.start()
    writing.wait()
    with warnings.catch_warnings():  # forking while threads run is what is tried here
        warnings.simplefilter("ignore", DeprecationWarning)
        refused = in_child(lambda: refuses(lambda: store.append([new("b", 1)])))
    may_go_on.set()
    writer.join()
    assert refused
    assert store.seq == 1


def test_a_child_opens_a_handle_of_its_own(ledger: LogDirectory) -> None:
    """As the hint says."""
    store = ledger.load()
    store.append([new("a", 1)])

    def append() -> bool:
        own = LogDirectory(ledger.path)
        own.load().append([new("a", 2)])
        own.close()
        return True

    assert in_child(append)
    store.append([new("a", 3)])
    assert [(r.seq, r.version) for r in store.read()] == [(1, 1), (2, 2), (3, 3)]


def test_closing_a_forked_handle_in_the_child_does_not_drop_the_parents_lock(
    ledger: LogDirectory,
) -> None:
    """A child that ends closes what it inherited, perhaps while the parent is in a write."""
    locks: list[int] = []

    class LockedDisk(WatchedFileSystem):
        def lock(self, fd: int, *, wait: bool, shared: bool = False) -> bool:
            locks.append(fd)
            return super().lock(fd, wait=wait, shared=shared)

    disk = LockedDisk()
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    disk.lock(locks[-1], wait=True)  # as in the middle of the parent's next write

    def close() -> bool:
        store.close()
        return True

    assert in_child(close)
    assert not lock_is_free(ledger)
    disk.unlock(locks[-1])
    assert lock_is_free(ledger)


def test_closing_a_forked_handle_in_the_child_mends_nothing_of_the_parents_write(
    ledger: LogDirectory,
) -> None:
    """Half of a write that is under way looks like a torn tail."""
    store = ledger.load()
    store.append([new("a", 1)])
    append_bytes(ledger.log, b'{"seq":2,"ba')
    before = ledger.files()

    def close() -> bool:
        store.close()
        return True

    assert in_child(close)
    assert ledger.files() == before


# -- whoever is being told -------------------------------------------------------------------------


def test_an_observer_that_appends_is_refused_while_another_thread_waits_to_write(
    ledger: LogDirectory,
) -> None:
    """It holds what the other one waits for; waiting for each other they would never end."""
    other, refused = ledger.load(), list[str]()
    told = threading.Event()

    def observe(records: object) -> None:
        if told.is_set():
            return
        told.set()
        writer.start()
        eventually(lambda: len(store._queue) == 1)
        try:
            store.append([new("c", 1)])
        except StorageError as error:
            refused.append(error.message)

    store = ledger.load(observer=observe)
    writer = threading.Thread(target=lambda: store.append([new("b", 1)]))
    other.append([new("a", 1)])
    store.refresh()
    writer.join()
    assert refused == ["a change was made from within another change"]
    assert [record.job_id for record in store.read()] == ["a", "b"]


# -- processes -------------------------------------------------------------------------------------


def test_the_lock_of_a_writer_dies_with_it(ledger: LogDirectory) -> None:
    """It is the kernel's, and nothing has to be cleaned up."""
    store = ledger.load()
    store.append([new("a", 1)])

    def die_holding_the_lock() -> bool:
        fs = FileSystem()
        return fs.lock(fs.open_write(ledger.path / "append.lock"), wait=False)

    assert in_child(die_holding_the_lock)
    store.append([new("a", 2)])
    assert store.seq == 2


def test_processes_that_append_at_once_lose_nothing(ledger: LogDirectory) -> None:
    """Four of them, each with a job of its own."""
    ledger.load().close()
    children = []
    for number in range(4):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                own = LogDirectory(ledger.path)
                store = own.load(durability="none")
                for version in range(1, 26):
                    store.append([new(f"job-{number}", version)])
                own.close()
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]

    assert codes == [0, 0, 0, 0]
    store = ledger.load()
    assert [r.seq for r in store.read()] == list(range(1, 101))
    assert [store.version(f"job-{number}") for number in range(4)] == [25] * 4


def test_two_that_make_a_ledger_at_once_make_one(ledger: LogDirectory) -> None:
    """The other one is done between our look into the empty directory and our taking the lock."""
    ledger.path.mkdir()
    (ledger.path / "append.lock").touch()
    others: list[str] = []

    class Overtaken(FileSystem):
        def list_directory(self, path: Path) -> list[str]:
            names = super().list_directory(path)
            if not others and lock_is_free(ledger):
                others.append("is making it")
                store = ledger.load()
                store.append([new("a", 1)])
                others.append(store.identity.ledger_id)
            return names

    store = ledger.load(fs=Overtaken())
    assert others[1:] in ([], [store.identity.ledger_id])
    store.append([new("b", 1)])
    assert len(ledger.days()) == 1
    assert [r.seq for r in ledger.load().read()] == list(range(1, store.seq + 1))
