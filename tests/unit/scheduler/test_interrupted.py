"""A call within a call of the same handle (a signal's handler, a projection), and what a handle is
after one that was broken off. Every place of every operation: tests/simulation/interruptions.py.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.durability import saving_snapshots, without_background
from support.waiting import eventually

from jobledger import Change, Ledger, ManualClock, NewJob, StorageError
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.ledger.background import Background
from jobledger.projections.snapshot import SnapshotError, check_of_one_moment


class Signalled(FileSystem):
    """Has a signal come in the midst of a write."""

    is_armed = False

    def sync_data(self, fd: int) -> None:
        if self.is_armed:
            self.is_armed = False
            signal.raise_signal(signal.SIGUSR1)
        super().sync_data(fd)


@pytest.fixture
def on_signal() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Install a handler, which calls what it is given."""
    before = signal.getsignal(signal.SIGUSR1)

    def install(handler: Callable[[], object]) -> None:
        signal.signal(signal.SIGUSR1, lambda number, frame: handler() and None)

    yield install
    signal.signal(signal.SIGUSR1, before)


def add(ledger: Ledger, content: str = "text") -> str:
    return ledger.add_job("my-account", content, ledger.now())


def contents(ledger: Ledger) -> list[str]:
    return [job.content for job in ledger.list_jobs()]


# -- within a call -------------------------------------------------------------------------------


def test_a_change_by_a_handler_within_a_change_is_refused_and_does_no_harm(
    directory: Path, clock: ManualClock, on_signal: Any
) -> None:
    fs, refused = Signalled(), list[StorageError]()
    with Ledger(directory, clock=clock, fs=fs) as ledger:

        def handler() -> None:
            with pytest.raises(StorageError, match="within another change") as raised:
                add(ledger, "of the handler")
            refused.append(raised.value)

        on_signal(handler)
        fs.is_armed = True
        add(ledger)
        assert [error.hint for error in refused] == [
            "a projection or a signal handler is no place to change jobs"
        ]
        assert contents(ledger) == ["text"]


def test_a_handler_may_look_within_a_change_and_sees_what_is_known_so_far(
    directory: Path, clock: ManualClock, on_signal: Any
) -> None:
    fs, seen = Signalled(), list[list[str]]()
    with Ledger(directory, clock=clock, fs=fs) as ledger:
        add(ledger, "before")
        on_signal(lambda: seen.append(contents(ledger)))
        fs.is_armed = True
        add(ledger, "meanwhile")
        assert seen == [["before"]]
        assert contents(ledger) == ["before", "meanwhile"]


def test_a_handler_with_a_second_handle_is_refused_and_does_not_wait_for_itself(
    directory: Path, clock: ManualClock, on_signal: Any
) -> None:
    fs, refused = Signalled(), list[str]()
    with Ledger(directory, clock=clock, fs=fs) as ledger, Ledger(directory, clock=clock) as other:

        def handler() -> None:
            with pytest.raises(StorageError) as raised:
                add(other, "of the handler")
            refused.append(raised.value.message)

        on_signal(handler)
        fs.is_armed = True
        add(ledger)
        assert refused == ["a change was made from within another change"]
        assert contents(other) == ["text"]


def test_closing_in_a_handler_within_a_change_is_done_when_that_is_over(
    directory: Path, clock: ManualClock, on_signal: Any
) -> None:
    fs = Signalled()
    ledger = Ledger(directory, clock=clock, fs=fs)
    on_signal(ledger.close)
    fs.is_armed = True
    job = add(ledger)
    eventually(lambda: ledger._is_let_go)
    with Ledger(directory, clock=clock) as again:
        assert again.get_job(job).content == "text", "the change that it interrupted was finished"
        assert again.rebuild(check=True).changed == [], "and the daily files are in step"


def test_closing_and_leaving_in_a_handler_leaves_a_sound_ledger(
    directory: Path, clock: ManualClock, on_signal: Any
) -> None:
    """The usual handler of SIGTERM. Whether the change is there is unknown; nothing else is."""
    fs = Signalled()
    ledger = Ledger(directory, clock=clock, fs=fs)
    kept = add(ledger, "acknowledged")

    def leave() -> None:
        ledger.close()
        raise SystemExit

    on_signal(leave)
    fs.is_armed = True
    with pytest.raises(SystemExit):
        add(ledger, "unknown")
    eventually(lambda: ledger._is_let_go)
    with Ledger(directory, clock=clock) as again:
        assert again.get_job(kept).content == "acknowledged"
        assert again.verify().ok


class Closing:
    """A projection that closes the ledger that it is of."""

    name = "closing"
    ledger: Ledger | None = None

    def apply(self, change: Change) -> None:
        if Closing.ledger is not None:
            Closing.ledger.close()

    def render(self) -> bytes:
        return b""


def test_a_projection_may_close_its_ledger(directory: Path, clock: ManualClock) -> None:
    Closing.ledger = None
    ledger = Ledger(directory, clock=clock, projections=[Closing])
    Closing.ledger = ledger
    add(ledger)
    eventually(lambda: ledger._is_let_go)
    with Ledger(directory, clock=clock) as again:
        assert contents(again) == ["text"]


# -- broken off ----------------------------------------------------------------------------------


def test_after_a_read_that_was_broken_off_the_handle_reads_anew(
    directory: Path, clock: ManualClock
) -> None:
    """It is whole again, its projections too, and what it derives is what the log says."""
    with Ledger(directory, clock=clock, projections=[BrokenOff]) as mine:
        with Ledger(directory, clock=clock) as other:
            now = clock.now()
            other.add_jobs([NewJob("a", f"text {n}", now) for n in range(20)])
        BrokenOff.at = 7
        with pytest.raises(KeyboardInterrupt):
            mine.list_jobs()
        assert len(mine.list_jobs()) == 20
        assert mine.projection("broken-off").render() == b"20"
        add(mine)
        mine.write_behind()
        assert mine.rebuild(check=True).changed == []


class BrokenOff:
    """A projection in which Ctrl-C comes at a certain event."""

    name = "broken-off"
    at = 0

    def __init__(self) -> None:
        self.seen = 0

    def apply(self, change: Change) -> None:
        self.seen += 1
        if self.seen == BrokenOff.at:
            BrokenOff.at = 0
            raise KeyboardInterrupt

    def render(self) -> bytes:
        return b"%d" % self.seen


def test_a_change_that_is_durable_is_acknowledged_whatever_comes_of_telling_it(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no memory for the state just then; it is made anew."""
    with Ledger(directory, clock=clock) as ledger:
        real, fails = ledger._state.board.apply, [True]

        def apply(event: Any) -> Any:
            if fails.pop() if fails else False:
                raise MemoryError
            return real(event)

        monkeypatch.setattr(ledger._state.board, "apply", apply)
        job = add(ledger)
        assert not fails
        assert ledger.get_job(job).content == "text"


def test_a_handle_that_cannot_write_derives_nothing(directory: Path, clock: ManualClock) -> None:
    """What it knows may not be what is in the log; others bring the files up."""

    class Failing(FileSystem):
        fails = False

        def sync_data(self, fd: int) -> None:
            if self.fails:
                raise OSError(5, "broken")
            super().sync_data(fd)

    fs = Failing()
    with without_background(), saving_snapshots(1), Ledger(directory, clock=clock, fs=fs) as ledger:
        add(ledger)
        fs.fails = True
        with pytest.raises(StorageError):
            add(ledger)
        fs.fails = False
        before = {path.name: path.stat().st_mtime_ns for path in directory.glob("[js]*_*")}
        assert not ledger.write_behind()
        after = {path.name: path.stat().st_mtime_ns for path in directory.glob("[js]*_*")}
        assert after == before


def test_a_snapshot_of_two_moments_is_never_saved(directory: Path, clock: ManualClock) -> None:
    with without_background(), Ledger(directory, clock=clock) as ledger:
        add(ledger)
        with ledger._store.still() as position:
            before = position()
        job = add(ledger)
        with ledger._store.still() as position:
            sound = ledger._state.capture(position())
            check_of_one_moment(sound)
            with pytest.raises(SnapshotError, match="the state is of event 2"):
                check_of_one_moment(ledger._state.capture(before))
            of_two = ledger._state.capture(before)
        assert ledger._snapshots is not None
        ledger._snapshots.save(of_two, ledger._store.sync)
        assert not (directory / "snapshot_board").exists()
        sound.position.versions.update({job: 2})
        with pytest.raises(SnapshotError, match="version"):
            check_of_one_moment(sound)


# -- without threads -----------------------------------------------------------------------------


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """None can be started until this is called."""
    real, none = threading.Thread.start, [True]

    def start(thread: threading.Thread) -> None:
        if none:
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    return none.clear


def test_without_a_thread_a_change_is_acknowledged_and_its_files_are_written_here(
    directory: Path, clock: ManualClock, no_threads: Callable[[], None]
) -> None:
    with Ledger(directory, clock=clock) as ledger:
        job = add(ledger)
        assert ledger.get_job(job).content == "text"
        assert list(directory.glob("jobs_*.json")), "by whoever made the change"
        no_threads()
        add(ledger)
        eventually(lambda: ledger.rebuild(check=True).changed == [])


def test_without_a_thread_nothing_is_at_risk_that_a_batch_promised(
    directory: Path, clock: ManualClock, no_threads: Callable[[], None]
) -> None:
    with Ledger(directory, clock=clock, durability="batch") as ledger:
        for n in range(3):
            add(ledger, f"text {n}")
            assert ledger._store._engine.durable_seq == ledger.seq


class Faltering:
    """An owner whose writing fails at first, in the worst way."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = [MemoryError(), SystemExit(), KeyboardInterrupt()]
        self.written = threading.Event()

    def _write_due(self) -> bool:
        if self.errors:
            raise self.errors.pop()
        self.written.set()
        return True

    def leave_alone_s(self, takes_s: float) -> float:
        return 0.0


def test_the_thread_that_writes_behind_outlives_whatever_its_work_raises() -> None:
    owner = Faltering()
    background = Background(owner, 0.001, 0.002)
    background.wake()
    assert owner.written.wait(30)
    eventually(lambda: not background.is_late)
    assert background.stop(30)
