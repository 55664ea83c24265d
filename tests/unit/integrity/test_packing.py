"""Packed days: everything reads them, nothing is lost while they are made, damage is found."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from support.eventstore import contents

from jobledger import Ledger, LedgerCorruptError, ManualClock, PostResult, Scheduler, StorageError
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.files.packed_days import pack_day, packed_path, unpack_day
from jobledger.eventstore.engines.files.repair import repair_directory
from jobledger.integrity import SigningKey, pack_days, seal_days, unpack_days, verify_directory
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Fault, FaultyFileSystem, Killed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = date(2027, 1, 1)
DAYS = [f"events_2026-03-0{day}.jsonl" for day in (1, 2, 3, 4)]
PLACE = Path("/ledger")
REFUSED = "nothing can be appended to it"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def ledger(tmp_path: Path, clock: ManualClock) -> Path:
    """Make a closed ledger of four days, on each of which a job is added and one is posted."""
    directory = tmp_path / "ledger"
    with Scheduler(directory, clock=clock) as scheduler:
        for day in range(4):
            scheduler.add_job("shop", f"text {day} 🎉", clock.now(), job_id=f"done-{day}")
            scheduler.add_job("shop", "later", clock.now() + timedelta(days=9), job_id=f"n-{day}")
            scheduler.run_due(lambda account, content: PostResult(True, thread_id="1"))
            clock.advance(timedelta(days=1 if day < 3 else 0))
    return directory


def read(directory: Path, clock: ManualClock, *, read_only: bool = False) -> list[object]:
    """Read what a ledger has, in every way that there is: events, jobs, one job, the past."""
    with Ledger(directory, clock=clock, read_only=read_only) as ledger:
        return [
            [event.to_dict() for event in ledger.events()],
            [job.to_dict() for job in ledger.list_jobs()],
            [event.to_dict() for event in ledger.history("done-1")],
            [job.to_dict() for job in ledger.as_of(6).list_jobs()],
            [event.to_dict() for event in ledger.events(after=9)],
        ]


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("events_*"))


def packed(*days: int) -> list[str]:
    return sorted(name + ".zst" if n in days else name for n, name in enumerate(DAYS, start=1))


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("with_snapshot", [False, True])
def test_packed_days_are_read_as_if_they_were_not(
    ledger: Path, clock: ManualClock, read_only: bool, with_snapshot: bool
) -> None:
    """The same events, jobs, histories and moments of the past, and the log goes on."""
    if with_snapshot:
        with Ledger(ledger, clock=clock) as opened:
            opened.rebuild()
    before = read(ledger, clock)
    report = pack_days(ledger, LATER, unsealed=True)
    assert [day.day for day in report.packed] == ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert names(ledger) == packed(1, 2, 3)
    if not with_snapshot:
        for path in ledger.glob("snapshot*"):
            path.unlink()
    assert read(ledger, clock, read_only=read_only) == before
    with Ledger(ledger, clock=clock) as opened:
        opened.add_job("shop", "more", clock.now() + timedelta(days=1))
    verified = verify_directory(ledger)
    assert verified.ok
    assert "3 days are packed; what is in them was read" in verified.notes


def test_unpacking_gives_the_same_bytes(ledger: Path, clock: ManualClock) -> None:
    """Every file is what it was before it was packed."""
    before = {name: (ledger / name).read_bytes() for name in DAYS}
    pack_days(ledger, LATER, unsealed=True)
    assert [day.day for day in unpack_days(ledger, date(2026, 3, 2))] == [
        "2026-03-02",
        "2026-03-03",
    ]
    assert names(ledger) == packed(1)
    unpack_days(ledger)
    assert {name: (ledger / name).read_bytes() for name in names(ledger)} == before


def test_only_days_before_the_given_one_are_packed_and_never_the_newest(ledger: Path) -> None:
    """A day of the log that can still grow is left alone, whatever is asked for."""
    assert [day.day for day in pack_days(ledger, date(2026, 3, 2), unsealed=True).packed] == [
        "2026-03-01"
    ]
    pack_days(ledger, LATER, unsealed=True)
    assert names(ledger) == packed(1, 2, 3)
    assert pack_days(ledger, LATER, unsealed=True).packed == []


def test_what_no_seal_covers_is_left_and_named(ledger: Path, clock: ManualClock) -> None:
    """A seal covers its day and all days before it."""
    left = pack_days(ledger, LATER)
    assert (left.packed, left.unsealed) == ([], ["2026-03-01", "2026-03-02", "2026-03-03"])
    seal_days(ledger, SigningKey.generate(), at=clock.now())
    (ledger / "seal_2026-03-01.json").unlink()
    (ledger / "seal_2026-03-03.json").unlink()
    report = pack_days(ledger, LATER)
    assert [day.day for day in report.packed] == ["2026-03-01", "2026-03-02"]
    assert report.unsealed == ["2026-03-03"]


def test_a_seal_that_does_not_fit_keeps_everything_as_it_is(
    ledger: Path, clock: ManualClock, tmp_path: Path
) -> None:
    """Whoever packs days away for years learns first that one was rewritten since its seal."""
    seal_days(ledger, SigningKey.generate(), at=clock.now())
    seal = ledger / "seal_2026-03-02.json"
    seal.write_text(seal.read_text().replace('"seq": 8', '"seq": 7'))
    assert '"seq": 7' in seal.read_text()
    with pytest.raises(LedgerCorruptError, match=r"seal_2026-03-02\.json"):
        pack_days(ledger, LATER)
    assert names(ledger) == packed()


def test_nothing_is_packed_of_a_damaged_log(ledger: Path) -> None:
    """The error names the file, and every file is as it was."""
    path = ledger / DAYS[1]
    path.write_bytes(path.read_bytes().replace(b"text 1", b"text X"))
    before = contents(ledger)
    with pytest.raises(LedgerCorruptError, match=DAYS[1]):
        pack_days(ledger, LATER, unsealed=True)
    assert contents(ledger) == before


def test_a_dry_run_writes_nothing(ledger: Path) -> None:
    """It says which days, and how long their files are."""
    before = contents(ledger)
    report = pack_days(ledger, LATER, unsealed=True, dry_run=True)
    assert [(day.bytes, day.packed_bytes) for day in report.packed] == [
        (len(before[name]), 0) for name in DAYS[:3]
    ]
    assert contents(ledger) == before


# -- others at work meanwhile ---------------------------------------------------------------------


def test_handles_that_are_open_read_on(ledger: Path, clock: ManualClock) -> None:
    """One in the middle of a day that is packed, a runner, and one that follows."""
    with Scheduler(ledger, clock=clock) as runner, Ledger(ledger, read_only=True) as reader:
        events = reader.events()
        first = [next(events).seq, next(events).seq]
        pack_days(ledger, LATER, unsealed=True)
        assert first + [event.seq for event in events] == list(range(1, 17))
        runner.add_job("shop", "now", clock.now(), job_id="now")
        assert runner.run_due(lambda account, content: PostResult(True)) == 1
        assert runner.history("done-0")[0].seq == 1
        assert reader.get_job("now").status.value == "completed"
    assert verify_directory(ledger).ok


def test_two_do_not_pack_at_once(ledger: Path) -> None:
    """The second is told, and changes nothing."""
    fs = FileSystem()
    fd = fs.open_write(ledger / "archive.lock", create=True)
    assert fs.lock(fd, wait=False)
    with pytest.raises(StorageError, match="another process is packing"):
        pack_days(ledger, LATER, unsealed=True)
    with pytest.raises(StorageError, match="another process is packing"):
        unpack_days(ledger)
    fs.close(fd)
    assert names(ledger) == packed()


def test_a_verification_under_way_reads_on_where_a_day_is_packed(ledger: Path) -> None:
    """It has listed the files when the second of them is packed."""

    class Packing(FileSystem):
        def open_read(self, path: Path) -> int:
            if path.name == DAYS[0]:
                pack_days(ledger, LATER, unsealed=True)
            return super().open_read(path)

    report = verify_directory(ledger, fs=Packing())
    assert names(ledger) == packed(1, 2, 3)
    assert (report.ok, report.events) == (True, 16), report.problems


def test_a_day_whose_packed_bytes_do_not_read_back_stays(ledger: Path) -> None:
    """A disk that keeps something else than it was given: the file itself is not removed."""

    class Forgetful(FileSystem):
        def rename(self, source: Path, target: Path) -> None:
            if target.name == f"{DAYS[1]}.zst":
                other = source.with_name("other")
                other.write_bytes((ledger / DAYS[1]).read_bytes().replace(b"text 1", b"text X"))
                pack_day(FileSystem(), other, 3)
                source.write_bytes(packed_path(other).read_bytes())
            super().rename(source, target)

    with pytest.raises(LedgerCorruptError, match="not what it was made of"):
        pack_days(ledger, LATER, unsealed=True, fs=Forgetful())
    assert DAYS[1] in names(ledger)
    assert verify_directory(ledger).ok


def test_a_file_that_somebody_changes_meanwhile_stays(ledger: Path) -> None:
    """What was packed is not what is there any more: nothing that nobody has packed is removed."""

    class Growing(FileSystem):
        def rename(self, source: Path, target: Path) -> None:
            if target.name == f"{DAYS[1]}.zst":
                with (ledger / DAYS[1]).open("ab") as file:
                    file.write(b"{}\n")
            super().rename(source, target)

    with pytest.raises(StorageError, match="has changed meanwhile"):
        pack_days(ledger, LATER, unsealed=True, fs=Growing())
    assert (ledger / DAYS[1]).read_bytes().endswith(b"{}\n")


# -- crashes and failing disks --------------------------------------------------------------------


def on_a_disk(directory: Path) -> SimulatedDisk:
    """Put a ledger on a disk in memory, all of it certain."""
    disk = SimulatedDisk()
    disk.make_one_directory(PLACE)
    disk.sync_directory(Path("/"))
    for path in directory.iterdir():
        disk.write_file_durably(PLACE / path.name, path.read_bytes())
    return disk


def is_whole(disk: SimulatedDisk, expected: list[bytes]) -> None:
    """Check that every day is there, and that packing goes on from here."""
    report = verify_directory(PLACE, fs=disk)
    assert (report.ok, report.events) == (True, 16), report.problems
    pack_days(PLACE, LATER, unsealed=True, fs=disk)
    unpack_days(PLACE, fs=disk)
    assert [disk.read_file(PLACE / name) for name in DAYS] == expected


@pytest.mark.parametrize("error", [5, 28, None], ids=["io", "full", "killed"])
@pytest.mark.parametrize("undo", [False, True], ids=["packing", "unpacking"])
def test_no_day_is_lost_whichever_operation_fails(
    ledger: Path, error: int | None, undo: bool
) -> None:
    """Each of them in turn, and then, from what is left, it is done again to the end."""
    expected = [(ledger / name).read_bytes() for name in DAYS]
    if undo:
        pack_days(ledger, LATER, unsealed=True)
    disk, failed = on_a_disk(ledger), 0
    while True:
        left = disk.as_it_is()
        faulty = FaultyFileSystem(left, Fault(failed + 1, error))
        try:
            if undo:
                unpack_days(PLACE, fs=faulty)
            else:
                pack_days(PLACE, LATER, unsealed=True, fs=faulty)
        except (StorageError, LedgerCorruptError, Killed):
            assert faulty.reached
        if not faulty.reached:
            break
        failed += 1
        left.close_all()
        is_whole(left, expected)
    assert failed > 60


@pytest.mark.parametrize("undo", [False, True], ids=["packing", "unpacking"])
def test_no_day_is_lost_in_a_power_cut(ledger: Path, undo: bool) -> None:
    """Before each operation the power goes, and what the disk may then have is whole."""
    expected = [(ledger / name).read_bytes() for name in DAYS]
    if undo:
        pack_days(ledger, LATER, unsealed=True)
    disk, chance, states = on_a_disk(ledger), random.Random(7), list[SimulatedDisk]()

    def cut(operation: str, name: str) -> None:
        states.extend(disk.crash(chance) for _ in range(4))

    disk.before = cut
    if undo:
        unpack_days(PLACE, fs=disk)
    else:
        pack_days(PLACE, LATER, unsealed=True, fs=disk)
    assert len(states) > 90
    for state in states:
        is_whole(state, expected)


def test_a_day_that_is_there_twice_is_the_file_itself(ledger: Path, clock: ManualClock) -> None:
    """Packing was broken off: the file counts, `verify` says so, and packing again mends it."""
    before = read(ledger, clock)
    whole = (ledger / DAYS[0]).read_bytes()
    pack_days(ledger, LATER, unsealed=True)
    (ledger / DAYS[0]).write_bytes(whole)
    (ledger / f"{DAYS[0]}.zst").write_bytes(b"half a frame")
    assert read(ledger, clock) == before
    report = verify_directory(ledger)
    assert report.ok
    assert any("is there packed, too" in note for note in report.notes)
    pack_days(ledger, LATER, unsealed=True)
    assert names(ledger) == packed(1, 2, 3)
    assert read(ledger, clock) == before


# -- damage ---------------------------------------------------------------------------------------


def damages(data: bytes) -> Iterator[tuple[str, bytes]]:
    for at in range(0, len(data), 7):
        yield f"byte {at}", data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
    yield "half", data[: len(data) // 2]
    yield "nothing", b""
    yield "a byte more", data + b"\n"
    yield "twice", data * 2


def test_damage_anywhere_in_a_packed_day_is_found_and_named(
    ledger: Path, clock: ManualClock
) -> None:
    """`verify` names the file; opening that reads it refuses; nothing is changed. A bit that means
    nothing to who unpacks it is no damage: the lines are the same then."""
    whole = (ledger / DAYS[1]).read_bytes()
    pack_days(ledger, LATER, unsealed=True)
    for path in ledger.glob("snapshot*"):
        path.unlink()
    path = ledger / f"{DAYS[1]}.zst"
    sound, harmless = path.read_bytes(), 0
    for what, data in damages(sound):
        path.write_bytes(data)
        report = verify_directory(ledger)
        if report.ok:
            unpack_day(FileSystem(), ledger / DAYS[1])
            assert (ledger / DAYS[1]).read_bytes() == whole, what
            (ledger / DAYS[1]).unlink()
            harmless += 1
            continue
        assert report.problems[0].path == str(path), what
        before = contents(ledger)
        with pytest.raises(LedgerCorruptError, match=DAYS[1]):
            Ledger(ledger, clock=clock)
        assert contents(ledger) == before, what
    path.write_bytes(sound)
    assert verify_directory(ledger).ok
    assert harmless < 5


def test_a_frame_that_says_less_than_is_in_it_is_not_unpacked(ledger: Path) -> None:
    """Megabytes of zeros in a file of some bytes stop at what the file said."""
    zstd = pytest.importorskip(
        "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    )
    pack_days(ledger, LATER, unsealed=True)
    bomb = zstd.compress(bytes(300_000_000))
    assert bomb[4] & 0xC0 == 0x80  # its length is said in four bytes
    at = 5 if bomb[4] & 0x20 else 6
    (ledger / f"{DAYS[1]}.zst").write_bytes(
        bomb[:at] + (1000).to_bytes(4, "little") + bomb[at + 4 :]
    )
    report = verify_directory(ledger)
    assert report.problems[0].kind == "packed"
    with Ledger(ledger, read_only=True, use_snapshot=False) as opened:
        assert isinstance(opened.damage, LedgerCorruptError)
        assert opened.damage.kind == "packed"


def test_a_repair_keeps_the_sound_part_of_a_packed_day(ledger: Path, clock: ManualClock) -> None:
    """Lines that are wrong inside a packed day: what is before them stays, the rest is kept."""
    path = ledger / DAYS[1]
    path.write_bytes(path.read_bytes().replace(b"text 1", b"text X"))
    for name in DAYS[:3]:
        pack_day(FileSystem(), ledger / name, 3)
        (ledger / name).unlink()
    aside = {name: (ledger / name).read_bytes() for name in packed(2, 3)[1:3]}
    plan = repair_directory(FileSystem(), ledger, clock.now())
    assert plan is not None
    assert plan.damage.seq == 4
    for name, data in aside.items():
        assert (ledger / plan.kept / name).read_bytes() == data
    with Ledger(ledger, clock=clock) as opened:
        assert opened.seq == 4
        opened.add_job("shop", "afterwards", clock.now() + timedelta(days=1))
        opened.rebuild()
    report = verify_directory(ledger)
    assert report.ok, report.problems


def test_nothing_is_appended_to_a_newest_day_that_somebody_packed(
    ledger: Path, clock: ManualClock
) -> None:
    """By `zstd *.jsonl`, say: it can be read, and whoever would write is told; so is a runner that
    is at work, and then goes on where it was."""
    newest = ledger / DAYS[3]
    with Ledger(ledger, clock=clock) as running:
        pack_day(FileSystem(), newest, 3)
        newest.unlink()
        with pytest.raises(StorageError, match=REFUSED):
            running.add_job("shop", "lost?", clock.now() + timedelta(days=1))
        with Ledger(ledger, read_only=True) as reader:
            assert reader.seq == 16
        with (
            pytest.raises(StorageError, match=REFUSED),
            Ledger(ledger, clock=clock) as fresh,
        ):
            fresh.add_job("shop", "lost?", clock.now() + timedelta(days=1))
        clock.advance(timedelta(days=1))
        with (
            pytest.raises(StorageError, match=REFUSED),
            Ledger(ledger, clock=clock) as fresh,
        ):
            fresh.add_job("shop", "lost?", clock.now() + timedelta(days=1))
        unpack_days(ledger)
        running.add_job("shop", "kept", clock.now() + timedelta(days=1))
        assert running.seq == 17
    assert verify_directory(ledger).ok


def test_a_missing_library_is_told_with_its_extra(
    ledger: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whoever packs, and by whoever comes to a packed day."""
    pack_days(ledger, date(2026, 3, 2), unsealed=True)
    package = "compression" if sys.version_info >= (3, 14) else "backports"
    monkeypatch.delattr(f"{package}.zstd")
    monkeypatch.setitem(sys.modules, f"{package}.zstd", None)
    for path in ledger.glob("snapshot*"):
        path.unlink()
    for work in (
        lambda: pack_days(ledger, LATER, unsealed=True),
        lambda: verify_directory(ledger),
        lambda: Ledger(ledger, clock=clock),
        lambda: unpack_days(ledger),
    ):
        with pytest.raises(StorageError, match=r"(?s)library.*archive"):
            work()
    assert names(ledger) == packed(1)


def test_a_backup_has_packed_days_packed(ledger: Path, clock: ManualClock, tmp_path: Path) -> None:
    """Byte for byte as they are in the ledger, and the copy is verified as ever."""
    pack_days(ledger, date(2026, 3, 3), unsealed=True)
    before = read(ledger, clock)
    with Ledger(ledger, clock=clock) as opened:
        opened.backup(tmp_path / "copy")
    assert names(tmp_path / "copy") == packed(1, 2)
    for name in packed(1, 2)[:2]:
        assert (tmp_path / "copy" / name).read_bytes() == (ledger / name).read_bytes()
    assert read(tmp_path / "copy", clock) == before
