"""A ledger in the child of a fork: what happened is said, and what to do, and nothing hangs.

As with `multiprocessing` that forks, and servers that load the program before they fork workers.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.domain import NOON
from support.durability import without_background
from support.waiting import eventually

from jobledger import JobLedgerError, Ledger, ManualClock, NewJob, PostResult, Scheduler


def in_child(action: Callable[[], Any]) -> Any:
    """Return what `action` gives in the child of a fork, which dies and closes nothing."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that there are threads is the point
        pid = os.fork()
    if pid == 0:
        try:
            os.write(write, json.dumps(action()).encode())
        finally:
            os._exit(0)
    os.close(write)
    ended: list[int] = []

    def has_ended() -> bool:
        if os.waitpid(pid, os.WNOHANG)[0]:
            ended.append(pid)
        return bool(ended)

    try:
        eventually(has_ended, "the child's end")
    finally:
        if not ended:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    with open(read, "rb") as said:
        return json.loads(said.read() or "null")


def told(action: Callable[[], object]) -> list[str]:
    """Return the error of an action, as a person reads it: its type, and its hint."""
    try:
        action()
    except JobLedgerError as error:
        return [type(error).__name__, error.message, str(error.hint)]
    return ["nothing"]


SAYS: dict[str, Callable[[Scheduler], object]] = {
    "add_job": lambda s: s.add_job("a", "x", NOON),
    "add_jobs": lambda s: s.add_jobs([NewJob("a", "x", NOON)]),
    "as_of": lambda s: s.as_of(1),
    "cancel_job": lambda s: s.cancel_job("one"),
    "change_jobs": lambda s: s.change_jobs("cancel", ["one"]),
    "cleanup_expired_jobs": lambda s: s.cleanup_expired_jobs(),
    "counts": lambda s: s.counts(),
    "edit_job": lambda s: s.edit_job("one", content="x"),
    "events": lambda s: list(s.events()),
    "get_job": lambda s: s.get_job("one"),
    "get_ready_jobs": lambda s: s.get_ready_jobs(),
    "history": lambda s: s.history("one"),
    "why": lambda s: s.why("one"),
    "known_ids": lambda s: s.known_ids(),
    "accounts": lambda s: s.accounts(),
    "list_jobs": lambda s: s.list_jobs(),
    "get_jobs": lambda s: s.get_jobs(["one"]),
    "rebuild": lambda s: s.rebuild(),
    "recover_all_running_jobs": lambda s: s.recover_all_running_jobs(),
    "recover_stuck_jobs": lambda s: s.recover_stuck_jobs(),
    "run": lambda s: s.run(lambda *post: PostResult(True)),
    "run_due": lambda s: s.run_due(lambda *post: PostResult(True)),
    "stop_soon": lambda s: s.stop_soon(),
    "stop_now": lambda s: s.stop_now(),
    "watch": lambda s: next(s.watch(0)),
    "awatch": lambda s: anext(s.awatch(0)),
}
"""What needs the handle."""
IS_QUIET: dict[str, Callable[[Scheduler], object]] = {
    "close": lambda s: s.close(),
    "export_head": lambda s: s.export_head(),
    "idempotency_key": lambda s: s.idempotency_key("one"),
    "runner_pid": lambda s: s.runner_pid(),
    "runner_since": lambda s: s.runner_since(),
    "newest_seal": lambda s: s.newest_seal(),
    "verify": lambda s: s.verify(),
    "write_behind": lambda s: s.write_behind(),
}
"""What does not, or has nothing to do any more."""


@pytest.fixture
def scheduler(directory: Path) -> Any:
    with without_background(), Scheduler(directory, clock=ManualClock(NOON)) as scheduler:
        scheduler.add_job("a", "text", NOON, job_id="one")
        yield scheduler


@pytest.mark.parametrize("name", [*SAYS, *IS_QUIET])
def test_each_operation_says_what_happened_and_what_to_do(
    scheduler: Scheduler, directory: Path, name: str
) -> None:
    """Also where another thread of the parent was in the middle of something."""
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    held, over = threading.Event(), threading.Event()

    def in_the_middle() -> None:
        with scheduler._store._mutex, scheduler._state.lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=in_the_middle)
    thread.start()
    held.wait()
    try:
        said = in_child(lambda: told(lambda: (SAYS | IS_QUIET)[name](scheduler)))
    finally:
        over.set()
        thread.join()
    if name in SAYS:
        kind, message, hint = said
        assert kind == "StorageError"
        assert f"{directory} was opened before this process was forked" in message
        assert "open it again in the child" in hint
    else:
        assert said == ["nothing"]
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert scheduler.run_due(lambda *post: PostResult(True)) == 1


def test_one_that_was_closed_before_the_fork_is_closed(directory: Path) -> None:
    """Which has nothing to do with the fork."""
    ledger = Ledger(directory, clock=ManualClock(NOON))
    ledger.close()
    assert in_child(lambda: told(ledger.list_jobs))[1] == f"the ledger {directory} is closed"


def test_a_handle_that_only_reads_goes_on_in_the_child(directory: Path) -> None:
    """It holds no lock; where another thread was in the middle of reading, nobody knows."""
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        ledger.add_job("a", "text", NOON)
    with Ledger(directory, clock=ManualClock(NOON), read_only=True) as reader:
        assert in_child(lambda: len(reader.list_jobs())) == 1
        held, over = threading.Event(), threading.Event()

        def in_the_middle() -> None:
            with reader._store._mutex:
                held.set()
                over.wait()

        thread = threading.Thread(target=in_the_middle)
        thread.start()
        held.wait()
        said = in_child(lambda: told(reader.list_jobs))
        over.set()
        thread.join()
        assert "before this process was forked" in said[1]
        assert len(reader.list_jobs()) == 1


def test_who_watches_in_the_parent_does_not_in_the_child(directory: Path) -> None:
    """The reader's thread is the parent's. A handle that only reads watches anew in the child; one
    that was begun before says so, and waits for nobody."""
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        ledger.add_job("a", "text", NOON)
        with Ledger(directory, read_only=True) as reader:
            events, own = reader.watch(0), ledger.watch(0)
            assert next(events).seq == next(own).seq == 1
            ledger.add_job("a", "text", NOON)
            assert next(events).seq == next(own).seq == 2
            assert in_child(lambda: [next(reader.watch(seq)).seq for seq in (0, 1)]) == [1, 2]
            said = [in_child(lambda: told(lambda: next(each)))[1] for each in (events, own)]  # noqa: B023
            assert "nobody reads the ledger any more" in said[0]
            assert "before this process was forked" in said[1]
            ledger.add_job("a", "text", NOON)
            assert next(events).seq == next(own).seq == 3


def test_the_child_can_open_the_ledger_again(scheduler: Scheduler, directory: Path) -> None:
    """As a worker does that is started by a server."""

    def works() -> int:
        with Ledger(directory, clock=ManualClock(NOON)) as ledger:
            ledger.add_job("a", "by the child", NOON)
        return ledger.seq

    assert in_child(works) == 2
    assert [job.content for job in scheduler.list_jobs()] == ["text", "by the child"]


ledger: Ledger
"""A handle that a program has made before its workers."""


def _work(number: int) -> list[str]:
    return told(lambda: ledger.add_job("a", f"text {number}", NOON))


def test_workers_of_multiprocessing_that_are_forked_say_so(directory: Path) -> None:
    global ledger
    with (
        warnings.catch_warnings(),
        without_background(),
        Ledger(directory, clock=ManualClock(NOON)) as ledger,
    ):
        warnings.simplefilter("ignore", DeprecationWarning)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            said = pool.map(_work, range(4))
        assert {tuple(each) for each in said} == {tuple(said[0])}
        assert "forked" in said[0][1]
        ledger.add_job("a", "by the parent", NOON)
        assert ledger.seq == 1
