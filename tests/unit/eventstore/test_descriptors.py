"""No file is held at the number of a standard stream, whichever of those are closed."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import dedent

import pytest
from support.tiers import one_in
from support.waiting import eventually

from jobledger.eventstore.engines.files import descriptors
from jobledger.eventstore.engines.files.descriptors import open_file
from jobledger.integrity.verify import verify_directory

CLOSED = [numbers for count in range(4) for numbers in itertools.combinations(range(3), count)]
"""All eight combinations."""

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="the system does not list open files in /proc"
)

WHOLE_LIFE = dedent("""
    import os, sys, threading
    from contextlib import suppress
    from datetime import UTC, datetime, timedelta
    from pathlib import Path

    directory, report = sys.argv[1], open(int(sys.argv[2]), "w")
    closed = [n for n in range(3) if not os.path.exists(f"/proc/self/fd/{n}")]

    def library_in_c():
        # It writes wherever it believes standard error to be, at any moment.
        while closed and not over.is_set():
            for number in closed:
                with suppress(OSError):
                    os.pwrite(number, b"libfoo: warning: something or other\\n", 0)
                with suppress(OSError):
                    os.write(number, b"libfoo: warning: something or other\\n")

    from jobledger import Change, Ledger, ManualClock, PostResult, Scheduler
    from jobledger.eventstore.engines.files.filesystem import FileSystem

    class Counts:
        name = "counts.txt"
        def apply(self, change): pass
        def render(self): return b"counts"

    class Watched(FileSystem):
        # Whatever is done to the disk: no number of a stream is a file of the ledger.
        def __getattribute__(self, name):
            for number in closed:
                with suppress(OSError):
                    held = os.readlink(f"/proc/self/fd/{number}")
                    if held.startswith(directory):
                        print(number, held, name, file=report)
            return super().__getattribute__(name)

    over = threading.Event()
    thread = threading.Thread(target=library_in_c)
    thread.start()
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    try:
        with Scheduler(directory, clock=clock, fs=Watched(), projections=[Counts]) as scheduler:
            for day in range(2):
                for n in range(2):
                    scheduler.add_job("a", f"text {day} {n}", clock.now())
                scheduler.run_due(lambda *post: PostResult(True))
                scheduler.write_behind()
                list(scheduler.events())
                clock.advance(timedelta(days=1))
            assert scheduler.verify().ok
            scheduler.rebuild()
        with Ledger(directory, clock=clock, read_only=True, fs=Watched()) as ledger:
            assert len(ledger.list_jobs()) == 4
    except BaseException as error:
        print(repr(error), file=report)
    over.set()
    thread.join()
    report.close()
""")


@needs_proc
@pytest.mark.parametrize("closed", CLOSED, ids=str)
def test_what_is_written_to_closed_streams_goes_into_no_file(
    tmp_path: Path, closed: tuple[int, ...]
) -> None:
    """All that a ledger does, while something in C writes there as fast as it can."""
    directory = tmp_path / "jobs"
    read, write = os.pipe()
    program = [sys.executable, "-c", WHOLE_LIFE, str(directory), str(write)]
    os.set_inheritable(write, True)
    streams = " ".join(f"{number}>&-" for number in closed)
    with subprocess.Popen(
        ["/bin/sh", "-c", f'exec "$@" {streams}', "sh", *program],
        close_fds=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(write)
        with open(read) as report:
            assert report.read() == ""
    assert process.returncode == 0
    found = verify_directory(directory)
    assert (found.problems, found.events) == ([], 4 * 3)


@needs_proc
@pytest.mark.parametrize("closed", one_in(2, CLOSED), ids=str)
def test_the_command_line_holds_the_streams_that_are_closed(
    tmp_path: Path, closed: tuple[int, ...]
) -> None:
    """So nothing of a publisher's gets their numbers either: a connection, say."""
    (tmp_path / "looking.py").write_text(
        dedent("""
        import os
        from jobledger import PostResult
        def publish(account_id, content):
            held = [os.readlink(f"/proc/self/fd/{n}") for n in range(3)]
            open("held", "w").write(repr(held))
            return PostResult(True)
        """)
    )
    command = [sys.executable, "-m", "jobledger", "--dir", "jobs"]
    streams = " ".join(f"{number}>&-" for number in closed)
    for arguments in (
        ["add", "a", "text", "now"],
        ["run", "--once", "--publisher=looking:publish"],
    ):
        subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {streams}', "sh", *command, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
    assert verify_directory(tmp_path / "jobs").ok
    held = (tmp_path / "held").read_text()
    assert held == repr([os.devnull] * 3)


@contextmanager
def without(*numbers: int) -> Iterator[None]:
    """Have these descriptors of this process closed; pytest has its own copies of them."""
    kept = [os.dup(number) for number in numbers]
    for number in numbers:
        os.close(number)
    try:
        yield
    finally:
        for number, copy in zip(numbers, kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)


def test_a_file_is_opened_above_the_streams_and_they_stay_closed(tmp_path: Path) -> None:
    with without(0, 2):
        fd = open_file(tmp_path / "file", os.O_RDWR | os.O_CREAT)
        free = [number for number in (0, 2) if not descriptors._is_open(number)]
        assert (fd >= 3, free, os.get_inheritable(fd)) == (True, [0, 2], False)
        os.close(fd)


def test_not_even_for_a_moment_has_it_the_number_of_a_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread may be writing there just then."""
    opened: dict[str, list[int]] = {}
    really = os.open

    def noting(path: str | Path, *given: int) -> int:
        fd = really(path, *given)
        opened.setdefault(str(path), []).append(fd)
        return fd

    monkeypatch.setattr(os, "open", noting)
    with without(0, 1, 2):
        os.close(open_file(tmp_path / "file", os.O_RDWR | os.O_CREAT))
    assert opened[os.devnull][:3] == [0, 1, 2]
    assert min(opened[str(tmp_path / "file")]) >= 3


def test_without_a_null_device_it_is_moved_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a jail that has no devices."""
    monkeypatch.setattr(os, "devnull", str(tmp_path / "nothing"))
    with without(0):
        fd = open_file(tmp_path / "file", os.O_RDWR | os.O_CREAT)
        assert (fd >= 3, descriptors._is_open(0), os.get_inheritable(fd)) == (True, False, False)
        os.write(fd, b"x")
        os.close(fd)
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_file_that_cannot_be_opened_leaves_the_streams_as_they_were(tmp_path: Path) -> None:
    with without(1):
        with suppress(FileNotFoundError):
            open_file(tmp_path / "nothing", os.O_RDONLY)
        assert not descriptors._is_open(1)


def test_the_child_of_a_fork_can_open_files_whatever_the_parents_threads_were_at(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with descriptors._opening:
            held.set()
            go_on.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that there are threads is the point
        child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os.read(open_file(tmp_path / "file", os.O_RDONLY), 1)
            os._exit(0)
        os._exit(1)
    go_on.set()
    thread.join()
    ended = []

    def has_ended() -> bool:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            ended.append(status)
        return bool(process)

    try:
        eventually(has_ended, "the child's end")
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert ended == [0]
