"""What an operation costs in operations on the disk, system calls, bytes, and records read.

Counts, which no clock has a say in: whoever makes something slower by doing more finds out here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.domain import NOON
from support.durability import LEDGER, records_read, without_background

from jobledger import Ledger, ManualClock, NewJob, PostResult, Scheduler
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.files.journal import JOURNAL_NAME
from jobledger.eventstore.engines.files.segment import day_file
from jobledger.testing import Fault, FaultyFileSystem, SimulatedDisk

LOG = day_file(Path(), NOON.date().isoformat()).name
APPEND = [
    ("lock", "append.lock"),
    ("look", LEDGER.name),  # no name of it has changed
    ("read", "HEAD"),  # nobody else has appended
    ("size", LOG),  # nobody has left half a write
    ("write", LOG),
    ("sync", LOG),
    ("write", "HEAD"),
]
"""An append, and nothing else: the lock is let go of, which cannot fail."""
JOURNALED = [
    *APPEND[:4],
    ("size", JOURNAL_NAME),  # it is as long as it was made
    ("write", LOG),
    ("write", JOURNAL_NAME),
    ("sync", JOURNAL_NAME),
    ("write", "HEAD"),
]
"""An append from the third of a handle on: the journal is synced in place of the log."""
LOOK = [("size", "HEAD"), ("read", "HEAD")]
"""Whether somebody else has appended."""


@pytest.fixture(autouse=True)
def nothing_by_itself() -> Iterator[None]:
    with without_background():
        yield


def done_by(work: Callable[[], object], fs: FaultyFileSystem) -> list[tuple[str, str]]:
    """Return the operations on the disk."""
    fs.operations.clear()
    work()
    return list(fs.operations)


@pytest.fixture
def fs() -> FaultyFileSystem:
    return FaultyFileSystem(SimulatedDisk(), Fault(0))


def add(ledger: Ledger, count: int = 1) -> list[str]:
    now = ledger.now()
    return ledger.add_jobs([NewJob(f"account {n}", "xin chào", now) for n in range(count)])


@pytest.mark.parametrize("count", [1, 500])
def test_adding_is_one_append_however_many_jobs_there_are(fs: FaultyFileSystem, count: int) -> None:
    with Ledger(LEDGER, clock=ManualClock(NOON), fs=fs) as ledger:
        add(ledger, 200)
        assert done_by(lambda: add(ledger, count), fs) == APPEND


def test_a_change_is_a_look_and_an_append(fs: FaultyFileSystem) -> None:
    with Ledger(LEDGER, clock=ManualClock(NOON), fs=fs) as ledger:
        [job] = add(ledger)
        assert done_by(lambda: ledger.cancel_job(job), fs) == LOOK + APPEND


def test_a_question_is_a_look(fs: FaultyFileSystem) -> None:
    with Ledger(LEDGER, clock=ManualClock(NOON), fs=fs) as ledger:
        [job] = add(ledger)
        for ask in (lambda: ledger.get_job(job), ledger.list_jobs, ledger.get_ready_jobs):
            assert done_by(ask, fs) == LOOK


def test_each_further_job_of_a_run_is_a_look_and_an_append(fs: FaultyFileSystem) -> None:
    """Its start goes with the end of the one before; that this is still the runner is a look, too.
    Files of days and snapshots are nobody's business here."""
    with Scheduler(LEDGER, clock=ManualClock(NOON), fs=fs) as scheduler:

        def run(jobs: int) -> int:
            add(scheduler, jobs)
            return len(done_by(lambda: scheduler.run_due(lambda *post: PostResult(True)), fs))

        run(10)  # the third append makes the journal
        runner = [("size", "runner.lock")]
        assert run(30) - run(20) == 10 * len(runner + LOOK + JOURNALED)


class Weighed(FileSystem):
    """Counts the bytes that are written."""

    written = 0

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        self.written += len(data)
        super().write_at(fd, data, offset)


def test_an_append_writes_its_lines_and_head_and_not_a_byte_more(tmp_path: Path) -> None:
    fs = Weighed()
    with Ledger(tmp_path, clock=ManualClock(NOON), fs=fs) as ledger:
        add(ledger)
        before, log = fs.written, tmp_path / LOG
        size = log.stat().st_size
        add(ledger, 3)
        head = (tmp_path / "HEAD").read_bytes()
        assert fs.written - before == log.stat().st_size - size + len(head)


def test_what_a_handle_appends_it_never_reads_and_what_others_append_it_reads_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = records_read(monkeypatch)
    clock = ManualClock(NOON)
    with Ledger(tmp_path, clock=clock) as one, Ledger(tmp_path, clock=clock) as other:
        add(one, 5)
        one.list_jobs()
        assert read == []
        assert len(other.list_jobs()) == 5
        other.list_jobs()
        assert read == [1, 2, 3, 4, 5]
        add(other)
        assert read == [1, 2, 3, 4, 5]


_ADD = """
import sys
from datetime import UTC, datetime
from jobledger import Ledger
from jobledger.eventstore.engines.files import filesystem
from jobledger.ledger.background import Background
filesystem.QUIET_NS = 0  # however fast this machine is
Background.wake = lambda self: None
with Ledger(sys.argv[1]) as ledger:
    now = datetime.now(UTC)
    for _ in range(80):
        ledger.add_job("my-shop", "text", now)
"""
_SAME = {"newfstatat": "fstat", "pread64": "pread", "pwrite64": "pwrite"}
_OF_THE_INTERPRETER = {"mmap", "munmap", "brk", "mremap", "madvise", "getrandom", "futex"}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_lone_add_is_twelve_system_calls(tmp_path: Path) -> None:
    """And one of them a sync; no `stat` of what is written, which would make that wait longer. The
    first two have the log's, and go without the journal; the third makes it, and the fourth asks
    for every name again, since the directory has changed."""
    trace = tmp_path / "trace"
    done = subprocess.run(
        ["strace", "-o", str(trace), sys.executable, "-c", _ADD, str(tmp_path / "jobs")],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()[:100]}")
    assert done.returncode == 0, done.stderr
    calls = [match[1] for match in re.finditer(r"^(\w+)\(", trace.read_text(), re.M)]
    told = " ".join(_SAME.get(call, call) for call in calls if call not in _OF_THE_INTERPRETER)
    first = "getpid flock fstat pread lseek pwrite fdatasync pwrite flock"
    assert first in told
    asking = (
        "getpid flock fstat fstat readlink lseek pread readlink lseek readlink lseek"
        " pwrite pwrite fdatasync pwrite flock"
    )
    one = "getpid flock fstat pread lseek lseek pwrite pwrite fdatasync pwrite flock"
    assert " ".join([asking] + [one] * 76) in told
