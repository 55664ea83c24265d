"""A mirror has what its ledger has, to the byte, on every engine, and goes on after anything."""

from __future__ import annotations

import errno
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from support import postgres
from support.domain import NOON

from jobledger import Ledger, LedgerCorruptError, ManualClock, NewJob, StorageError
from jobledger.eventstore import Block, Cursor, Tail
from jobledger.eventstore.engines import MemoryEngine, MemoryLedger
from jobledger.eventstore.engines.files import Mirror
from jobledger.integrity import verify_directory
from jobledger.ledger import LedgerMirror
from jobledger.testing import Fault, FaultyFileSystem, SimulatedDisk
from jobledger.testing.faults import Killed

DAY = timedelta(days=1)


def _files(place: Path) -> str:
    return str(place / "jobs")


def _memory(place: Path) -> str:
    return f"memory:{uuid4()}"


def _postgresql(place: Path) -> str:
    return postgres.new_url()


class Mirrored:
    """A ledger of some days, and where its mirror is."""

    def __init__(self, location: str, place: Path) -> None:
        self.location, self.place = location, place / "mirror"
        self.clock = ManualClock(NOON)
        self.ledger = Ledger(location, clock=self.clock)

    def add(self, *job_ids: str) -> None:
        for job_id in job_ids:
            self.ledger.add_job("shop", f"text {job_id}", self.clock.now() + DAY, job_id=job_id)

    def catch_up(self) -> int:
        with self.ledger.mirror(self.place) as mirror:
            return mirror.catch_up()

    def days(self) -> list[Path]:
        return sorted(self.place.glob("events_*.jsonl"))

    def check(self) -> None:
        """Check that it verifies, is in step, and has the very lines."""
        report = verify_directory(self.place)
        assert (report.problems, report.events) == ([], self.ledger.seq)
        with Ledger(self.place, read_only=True, clock=self.clock) as mirror:
            assert mirror.list_jobs() == self.ledger.list_jobs()
            assert [e.to_dict() for e in mirror.events()] == [
                e.to_dict() for e in self.ledger.events()
            ]
        copied = self.place.with_name(f"copy-{uuid4()}")
        self.ledger.backup(copied)
        for path in copied.glob("*_*.json*"):
            if path.name.startswith(("events_", "jobs_")):
                assert path.read_bytes() == (self.place / path.name).read_bytes()


@pytest.fixture(params=[_files, _memory, _postgresql], ids=["files", "memory", "postgresql"])
def mirrored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mirrored]:
    locate: Callable[[Path], str] = request.param
    one = Mirrored(locate(tmp_path), tmp_path)
    yield one
    one.ledger.close()


def test_it_has_what_the_ledger_has_and_then_what_is_new(mirrored: Mirrored) -> None:
    mirrored.add("a", "b")
    with mirrored.ledger.mirror(mirrored.place) as mirror:
        assert mirror.catch_up() == 2
        mirrored.check()
        assert mirror.catch_up() == 0
        mirrored.clock.advance(DAY)
        mirrored.add("c")
        mirrored.clock.advance(3 * DAY)
        mirrored.add("d", "e")
        assert (mirror.catch_up(), mirror.seq) == (3, 5)
        mirrored.check()
    assert len(mirrored.days()) == 3


def test_it_goes_on_where_it_stands(mirrored: Mirrored) -> None:
    mirrored.add("a", "b")
    assert mirrored.catch_up() == 2
    mirrored.add("c")
    assert mirrored.catch_up() == 1
    assert mirrored.catch_up() == 0
    mirrored.check()


def test_a_ledger_without_an_event_has_a_mirror_without_one(mirrored: Mirrored) -> None:
    assert mirrored.catch_up() == 0
    mirrored.add("a")
    assert mirrored.catch_up() == 1
    mirrored.check()


def test_what_was_half_written_is_copied_again_wherever_it_was_cut(mirrored: Mirrored) -> None:
    """As a copy that was killed leaves it, on a disk that kept any part of it."""
    mirrored.add("a")
    mirrored.clock.advance(DAY)
    mirrored.add("b", "c")
    mirrored.catch_up()
    last = mirrored.days()[-1]
    whole = last.read_bytes()
    for kept in range(0, len(whole), 37):
        last.write_bytes(whole[:kept])
        mirrored.catch_up()
        assert last.read_bytes() == whole
    last.write_bytes(whole + b'{"seq":4,"batch"')
    assert mirrored.catch_up() == 0
    mirrored.check()


def test_what_was_changed_in_it_is_copied_again(mirrored: Mirrored) -> None:
    mirrored.add("a")
    mirrored.clock.advance(DAY)
    mirrored.add("b")
    mirrored.catch_up()
    first = mirrored.days()[0]
    first.write_bytes(first.read_bytes().replace(b"text a", b"text A"))
    assert mirrored.catch_up() == 2
    mirrored.check()


def test_it_is_never_opened_for_writing(mirrored: Mirrored) -> None:
    mirrored.add("a")
    mirrored.catch_up()
    with pytest.raises(StorageError, match=r"is a mirror of .*never opened for writing"):
        Ledger(mirrored.place)
    mirrored.ledger.backup(mirrored.place.with_name("copy"))
    with Ledger(mirrored.place, read_only=True) as mirror:
        mirror.backup(mirrored.place.with_name("of-the-mirror"))
    with Ledger(mirrored.place.with_name("of-the-mirror"), clock=mirrored.clock) as copy:
        copy.add_job("shop", "goes on", mirrored.clock.now() + DAY)


def test_a_directory_of_something_else_is_left_alone(mirrored: Mirrored, tmp_path: Path) -> None:
    mirrored.place.mkdir()
    (mirrored.place / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(StorageError, match="is there already, and is no mirror"):
        mirrored.catch_up()
    assert [path.name for path in mirrored.place.iterdir()] == ["mine.txt"]


def test_a_mirror_of_another_ledger_is_left_alone(mirrored: Mirrored, tmp_path: Path) -> None:
    mirrored.add("a")
    mirrored.catch_up()
    with (
        Ledger(tmp_path / "other") as other,
        pytest.raises(StorageError, match=r"is a mirror of .*, another ledger than"),
    ):
        other.mirror(mirrored.place)


def test_one_process_at_a_time_writes_it(mirrored: Mirrored) -> None:
    with (
        mirrored.ledger.mirror(mirrored.place),
        pytest.raises(StorageError, match="another process mirrors into"),
    ):
        mirrored.ledger.mirror(mirrored.place)


def test_what_the_ledger_has_lost_is_told_by_its_mirror(tmp_path: Path) -> None:
    """It was put back to an older state. The mirror keeps what it has, and nothing is mixed in."""
    mirrored = Mirrored(_files(tmp_path), tmp_path)
    with mirrored.ledger:
        mirrored.add("a", "b")
        mirrored.catch_up()
    [path] = mirrored.days()
    before = path.read_bytes()
    older = tmp_path / "older"
    older.mkdir(mode=0o700)
    (older / path.name).write_bytes(b"".join(before.splitlines(keepends=True)[:2]))
    with Ledger(older, clock=mirrored.clock) as restored:
        for _ in ("at once", "also when others have gone on there"):
            with pytest.raises(LedgerCorruptError, match="record 2 is in the mirror") as caught:
                restored.mirror(mirrored.place)
            assert caught.value.kind == "lost"
            restored.add_job("shop", "another life", NOON + DAY)
    assert path.read_bytes() == before


def test_whatever_operation_its_process_dies_in_the_next_one_goes_on(tmp_path: Path) -> None:
    """From the making of the directory and its mark on, with any part of a write in place."""
    with Ledger(f"memory:{uuid4()}", clock=ManualClock(NOON)) as ledger:
        for n in range(5):
            ledger.add_job("shop", f"text {n}", NOON + DAY)
        place = Path("/mirrors/one")
        for dies_at in count(1):
            disk = SimulatedDisk()
            dying = FaultyFileSystem(disk, Fault(dies_at, None, part=0.5))
            with suppress(Killed):
                dead = Mirror(dying, ledger._engine, place, ledger._store.has)
                with closing(dead):  # as the kernel does with what a dead process had open
                    dead.catch_up()
            if not dying.reached:
                break  # it lives, and has it all
            fs = FaultyFileSystem(disk)
            with closing(Mirror(fs, ledger._engine, place, ledger._store.has)) as mirror:
                mirror.catch_up()
                assert mirror.seq == ledger.seq, f"it died at operation {dies_at}"
            assert verify_directory(place, fs=fs).problems == []
        assert dies_at > 15


MIRRORS = """
import sys
from jobledger import Ledger
print("ready", flush=True)
with Ledger(sys.argv[1], read_only=True) as ledger:
    while True:
        with ledger.mirror(sys.argv[2]) as mirror:
            for _ in range(5):
                mirror.catch_up()
"""


def test_one_that_is_killed_again_and_again_comes_back_right(tmp_path: Path) -> None:
    """Whatever it was doing: copying, writing daily files, making a day."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    mirrored = Mirrored(_files(tmp_path), tmp_path)
    for kill in range(12):
        arguments = [sys.executable, "-c", MIRRORS, mirrored.location, str(mirrored.place)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            for n in range(chance.randrange(1, 40)):
                mirrored.add(f"{kill}-{n}")
                if chance.random() < 0.1:
                    mirrored.clock.advance(DAY)
            process.kill()
    mirrored.catch_up()
    mirrored.check()
    mirrored.ledger.close()


class Choppy(MemoryEngine):
    """An engine in memory that hands out some bytes at a time, and cannot be reached in between,
    once; `pieces` counts them. A day's first block has its header."""

    def __init__(self, ledger: MemoryLedger, fails_at: int) -> None:
        super().__init__(ledger)
        self._fails_at = fails_at
        self.pieces = 0

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        for day, data in super().lines(after, until):
            for start in range(0, len(data), 401):
                self.pieces += 1
                if self.pieces == self._fails_at:
                    raise StorageError("out of reach")
                yield Block(day, data[start : start + 401])


def test_it_goes_on_after_the_ledger_was_out_of_reach_wherever_that_was(tmp_path: Path) -> None:
    """The same handle, between any two reads: what was read in part is read again."""
    clock = ManualClock(NOON)
    name = f"memory:{uuid4()}"
    with Ledger(name, clock=clock) as ledger:
        for n in range(3):
            ledger.add_jobs(
                NewJob("shop", f"text {n}-{m}", clock.now() + DAY, job_id=f"{n}-{m}")
                for m in range(3)
            )
            clock.advance(DAY)
        whole = tmp_path / "whole"
        with ledger.mirror(whole) as mirror:
            mirror.catch_up()
        expected = {path.name: path.read_bytes() for path in whole.glob("events_*")}
        engine = ledger._engine
        assert isinstance(engine, MemoryEngine)
        unbroken = Choppy(engine._ledger, 0)
        assert sum(1 for _ in unbroken.lines(Cursor(), None)) >= 12
        for fails_at in range(1, unbroken.pieces + 1):
            place = tmp_path / f"{fails_at}"
            choppy = Choppy(engine._ledger, fails_at)
            mirror = LedgerMirror(ledger._fs, choppy, ledger._store, place, _reading)
            with mirror:
                with pytest.raises(StorageError, match="out of reach"):
                    mirror.catch_up()
                mirror.catch_up()
                assert mirror.seq == ledger.seq
            assert {path.name: path.read_bytes() for path in place.glob("events_*")} == expected
            shutil.rmtree(place)


def _reading(place: Path) -> Ledger:
    return Ledger(place, read_only=True)


def test_it_goes_on_after_its_disk_was_full(tmp_path: Path) -> None:
    """How far it got is found out, by the same handle."""
    with Ledger(f"memory:{uuid4()}", clock=ManualClock(NOON)) as ledger:
        for n in range(5):
            ledger.add_job("shop", f"text {n}", NOON + DAY)
        for fails_at in range(1, 60):
            fs, place = FaultyFileSystem(SimulatedDisk()), Path("/mirrors/one")
            with closing(Mirror(fs, ledger._engine, place, ledger._store.has)) as mirror:
                fs.fault = Fault(fails_at, errno.ENOSPC, part=0.5)
                with suppress(StorageError):
                    mirror.catch_up()
                fs.fault = None
                mirror.catch_up()
                assert mirror.seq == ledger.seq
            assert verify_directory(place, fs=fs).problems == []
