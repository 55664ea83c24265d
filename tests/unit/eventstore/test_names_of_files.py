"""Names that were looked at once: nothing is written to a file that has lost its own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.eventstore import NOON, file_log, new

from jobledger import ManualClock
from jobledger.eventstore.engines.files import FileSystem
from jobledger.eventstore.engines.files.names import QUIET_NS
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.port import LogReplacedError
from jobledger.eventstore.record import RECORDS, Record
from jobledger.testing.disk import SimulatedDisk

PLACE = Path("/ledgers/jobs")
LONG_AFTER_NS = 2 * QUIET_NS
_COARSE = 5 if sys.platform == "linux" else time.CLOCK_REALTIME
"""The clock that ticks: CLOCK_REALTIME_COARSE of linux/time.h."""


class Asked(SimulatedDisk):
    """Which files' names were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def named_size(self, path: Path, identity: tuple[int, int], fd: int | None = None) -> int:
        self.names.append(path.name)
        return super().named_size(path, identity, fd)


def on(disk: SimulatedDisk) -> EventLog[Record]:
    store = file_log(PLACE, clock=ManualClock(NOON).now, form=RECORDS, fs=disk)
    store.refresh()
    return store


def written(disk: SimulatedDisk) -> EventLog[Record]:
    """Return a handle that knows all the names: of its lock, HEAD, the day's file, the journal."""
    store = on(disk)
    for version in range(1, 6):
        store.append([new("a", version)])
    return store


def copied(disk: SimulatedDisk, name: str) -> None:
    """Have an equal file in a file's place, as a backup program has."""
    content = disk.read_file(PLACE / name)
    disk.write_file_durably(PLACE / name, content)


def test_names_of_a_directory_that_stays_as_it_is_are_asked_for_once() -> None:
    disk = Asked()
    store = written(disk)
    disk.names.clear()
    store.append([new("a", 6)])
    assert disk.names == []
    disk.write_file_durably(PLACE / "other", b"")
    store.append([new("a", 7)])
    day = max(name for name in disk.list_directory(PLACE) if name.endswith(".jsonl"))
    assert disk.names == ["append.lock", "HEAD", day, "JOURNAL"]
    disk.names.clear()
    store.append([new("a", 8)])
    assert disk.names == []


@pytest.mark.parametrize("name", ["append.lock", "HEAD", "JOURNAL"])
@pytest.mark.parametrize("way", [copied, lambda disk, name: disk.remove(PLACE / name)])
def test_what_lost_its_name_is_not_written_to(
    name: str, way: Callable[[SimulatedDisk, str], None]
) -> None:
    disk = SimulatedDisk()
    store = written(disk)
    way(disk, name)
    store.append([new("a", 6)])
    other = on(disk)
    other.append([new("a", 7)])
    store.append([new("a", 8)])
    store.close()
    other.close()
    assert on(disk).seq == 8
    assert on(disk.as_it_is()).seq == 8


def test_a_log_that_lost_its_name_is_not_written_to() -> None:
    disk = SimulatedDisk()
    store = written(disk)
    day = max(name for name in disk.list_directory(PLACE) if name.endswith(".jsonl"))
    copied(disk, day)
    with pytest.raises(LogReplacedError):
        store.append([new("a", 6)])
    store.append([new("a", 6)])
    assert on(disk).seq == 6


def test_what_a_turn_knew_of_the_names_is_for_that_turn_alone() -> None:
    """Whoever looks at HEAD between turns has the one that is there."""
    disk = SimulatedDisk()
    store = written(disk)
    copied(disk, "HEAD")
    other = on(disk)
    other.append([new("a", 6)])
    assert store.changed()


# -- what a directory's times say ------------------------------------------------------------------


def changed_ns(directory: Path) -> int:
    return os.stat(directory).st_ctime_ns


@pytest.fixture
def now_ns(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have it be so late for who looks at a directory."""

    def be(at_ns: int) -> None:
        monkeypatch.setattr(time, "time_ns", lambda: at_ns)

    return be


def test_each_change_of_a_name_shows(tmp_path: Path, now_ns: Callable[[int], None]) -> None:
    fs, path = FileSystem(), tmp_path / "file"
    states = []

    def look() -> None:
        changed = changed_ns(tmp_path)
        now_ns(changed + LONG_AFTER_NS)
        states.append(fs.names_state(tmp_path))
        while time.clock_gettime_ns(_COARSE) <= changed:
            pass  # the clock of the file system ticks

    look()
    look()
    assert states.pop() == states[0]
    path.touch()
    look()
    path.rename(tmp_path / "renamed")
    look()
    (tmp_path / "renamed").unlink()
    look()
    os.utime(tmp_path, ns=(0, 0))  # as a restore that keeps times
    look()
    assert len({*states}) == len(states)
    path.write_text("what is in a file is none of its name")
    look()
    path.write_text("indeed")
    look()
    assert states[-1] == states[-2]


@pytest.mark.parametrize("age_ns", [-1, 0, QUIET_NS - 1])
def test_a_directory_that_has_changed_just_now_may_change_without_a_trace(
    tmp_path: Path, now_ns: Callable[[int], None], age_ns: int
) -> None:
    """Until the system's clock has ticked; and nobody knows by a clock that was put back."""
    now_ns(changed_ns(tmp_path) + age_ns)
    assert FileSystem().names_state(tmp_path) is None


def test_times_by_the_second_say_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now_ns: Callable[[int], None]
) -> None:
    found = os.stat(tmp_path)

    class Coarse:
        st_dev, st_ino = found.st_dev, found.st_ino
        st_ctime_ns = 1_700_000_000_000_000_000

    monkeypatch.setattr(os, "stat", lambda path: Coarse)
    now_ns(Coarse.st_ctime_ns + 1000 * LONG_AFTER_NS)
    assert FileSystem().names_state(tmp_path) is None


def test_where_nobody_knows_each_name_is_asked_for_each_time() -> None:
    class Unknown(Asked):
        def names_state(self, directory: Path) -> object:
            return None

    disk = Unknown()
    store = written(disk)
    for version in (6, 7):
        disk.names.clear()
        store.append([new("a", version)])
        assert len(disk.names) == 4
