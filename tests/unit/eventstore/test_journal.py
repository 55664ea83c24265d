"""The journal: small writes are on disk in it before the day's file is; a power cut shows it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from support.eventstore import NOON, LogDirectory, WatchedFileSystem, file_log, new

from jobledger import LedgerCorruptError, ManualClock, StorageError
from jobledger.eventstore.engines.files import FileSystem
from jobledger.eventstore.engines.files import journal as journals
from jobledger.eventstore.engines.files.head import HEAD_WIDTH, Head, decode_head, encode_head
from jobledger.eventstore.engines.files.repair import repair_directory
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.record import RECORDS, Record
from jobledger.instrumentation import EndPutBack, OperationalEvent, add_hook, remove_hook
from jobledger.integrity import verify_directory
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Fault, FaultyFileSystem

PLACE = Path("/ledgers/jobs")
FULL = OSError(errno.ENOSPC, "No space left on device")
BROKEN = OSError(errno.EIO, "Input/output error")


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the journal from a handle's first write on."""
    monkeypatch.setattr(journals, "FIRST_WRITES", 0)


def on(disk: SimulatedDisk | FaultyFileSystem, **options: object) -> EventLog[Record]:
    """Open the log on a simulated disk."""
    clock = ManualClock(NOON)
    store = file_log(PLACE, clock=clock.now, form=RECORDS, fs=disk, **options)
    store.refresh()
    return store


def day_of(disk: SimulatedDisk) -> Path:
    return PLACE / max(name for name in disk.list_directory(PLACE) if name.endswith(".jsonl"))


def after_power_cuts(disk: SimulatedDisk, count: int = 40) -> Iterator[SimulatedDisk]:
    """Yield what a power cut now may leave: anything of what was not synced."""
    for seed in range(count):
        yield disk.crash(Random(seed))


def faults_of(directory: Path, fs: FileSystem | None = None) -> list[str]:
    """Return the kinds of what `verify` finds, but for that it knows no event `noted`."""
    problems = verify_directory(directory, fs=fs).problems
    return [problem.kind for problem in problems if problem.kind != "event"]


def jobs_of(store: EventLog[Record]) -> list[str]:
    return [record.job_id for record in store.read(0)]


def check_all_there(disk: SimulatedDisk, jobs: list[str]) -> int:
    """Check that no power cut takes one of these; return how often the journal was needed."""
    put_back: list[OperationalEvent] = []
    with hearing(put_back):
        for left in after_power_cuts(disk):
            store = on(left)
            assert jobs_of(store)[: len(jobs)] == jobs
            store.close()
            assert not faults_of(PLACE, left)
    return len(put_back)


@contextmanager
def hearing(heard: list[OperationalEvent]) -> Iterator[None]:
    def hook(event: OperationalEvent) -> None:
        if isinstance(event, EndPutBack):
            heard.append(event)

    add_hook(hook)
    try:
        yield
    finally:
        remove_hook(hook)


# -- what is synced, and when ----------------------------------------------------------------------


def test_a_small_write_is_synced_in_the_journal_alone(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """Its lines are in the day's file before, where readers have them; HEAD moves last."""
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    for version in (2, 5):
        disk.calls.clear()
        store.append([new("a", version), new("a", version + 1), new("a", version + 2)])
        changes = [call for call in disk.calls if call[0] not in ("lock", "unlock")]
        log = ledger.log.name
        assert changes == [
            ("write", log),
            ("write", "JOURNAL"),
            ("sync", "JOURNAL"),
            ("write", "HEAD"),
        ]


def test_the_first_writes_of_a_handle_are_synced_in_the_days_file(
    ledger: LogDirectory, disk: WatchedFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes once or twice, as a command does, makes no journal."""
    monkeypatch.setattr(journals, "FIRST_WRITES", 2)
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    store.append([new("a", 2)])
    assert not (ledger.path / "JOURNAL").exists()
    assert disk.count("sync", ledger.log.name) == 2
    store.append([new("a", 3)])
    assert disk.count("sync", "JOURNAL") == 1


@pytest.mark.parametrize("durability", ["batch", "none"])
def test_what_is_not_synced_at_once_needs_no_journal(
    ledger: LogDirectory, disk: WatchedFileSystem, durability: str
) -> None:
    """The weaker settings."""
    store = ledger.load(fs=disk, durability=durability)
    store.append([new("a", 1)])
    store.close()
    assert not (ledger.path / "JOURNAL").exists()


def test_a_long_write_is_synced_in_the_days_file(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """There its bytes are what costs; and what was in the journal is on disk with it."""
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    disk.calls.clear()
    store.append([new(f"job {number}", 1) for number in range(1000)])
    assert disk.count("sync", ledger.log.name) == 1
    assert disk.count("write", "JOURNAL") == 0
    head = decode_head(ledger.head.read_bytes())
    assert head is not None
    assert head.journal == 0


def test_the_journal_stays_as_long_as_it_is(ledger: LogDirectory) -> None:
    """It is written over, and the day's file is synced each time before that."""
    disk = WatchedFileSystem()
    store = ledger.load(fs=disk)
    writes = 3 * journals.JOURNAL_BYTES // 600
    for version in range(1, writes):
        store.append([new("a", version)])
    assert (ledger.path / "JOURNAL").stat().st_size == journals.JOURNAL_BYTES
    rounds = disk.count("sync", ledger.log.name)
    assert 2 <= rounds <= 6


def test_a_disk_without_room_for_a_journal_is_none_the_worse(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """Then the day's file is synced, as it was before there were journals."""
    store = ledger.load(fs=disk)
    disk.fail("write", ".JOURNAL", FULL, always=True)
    for version in (1, 2, 3):
        store.append([new("a", version)])
    assert disk.count("sync", ledger.log.name) == 3
    assert disk.count("write", ".JOURNAL") == 1, "it is not tried again each time"
    assert not (ledger.path / "JOURNAL").exists()


def test_a_disk_that_is_nearly_full_is_left_to_the_log(
    ledger: LogDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying would fill it for everybody else, if only for a moment."""
    disk = WatchedFileSystem()
    monkeypatch.setattr(disk, "free_bytes", lambda path: 1024 * 1024)
    store = ledger.load(fs=disk)
    for version in (1, 2, 3):
        store.append([new("a", version)])
    assert disk.count("write", ".JOURNAL") == 0
    assert disk.count("sync", ledger.log.name) == 3


# -- power cuts ------------------------------------------------------------------------------------


def test_no_power_cut_takes_what_was_acknowledged() -> None:
    """After each write, whatever the day's file has lost of what was not synced there."""
    disk, jobs, needed = SimulatedDisk(), [], 0
    store = on(disk)
    for number in range(6):
        store.append([new(f"job {number}", 1)])
        jobs.append(f"job {number}")
        needed += check_all_there(disk, jobs)
    assert needed > 20, "the day's file had lost some"


def test_no_power_cut_takes_what_was_acknowledged_when_the_journal_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before each operation of three rounds."""
    monkeypatch.setattr(journals, "JOURNAL_BYTES", 2048)
    monkeypatch.setattr(journals, "LONGEST_ENTRY", 2048)
    disk, jobs = SimulatedDisk(), list[str]()
    store = on(disk)
    needed = 0

    def before(operation: str, name: str) -> None:
        nonlocal needed
        if operation in ("write", "sync"):
            disk.before = lambda operation, name: None
            for seed in range(6):
                left = disk.crash(Random(seed))
                heard: list[OperationalEvent] = []
                with hearing(heard):
                    other = on(left)
                needed += len(heard)
                assert jobs_of(other)[: len(jobs)] == jobs
                other.close()
                assert not faults_of(PLACE, left)
            disk.before = before

    disk.before = before
    for number in range(12):
        store.append([new(f"job {number}", 1)])
        jobs.append(f"job {number}")
    assert needed > 20


def test_several_handles_share_one_journal() -> None:
    """Each goes on where HEAD says; one that died in the middle, too."""
    disk, jobs = SimulatedDisk(), list[str]()
    stores = [on(disk), on(disk, durability="batch"), on(disk)]
    for number in range(9):
        stores[number % 3].append([new(f"job {number}", 1)])
        jobs.append(f"job {number}")
        if number % 3 != 1:
            check_all_there(disk, jobs)


def test_who_opens_behind_a_dead_writer_begins_the_journal_again() -> None:
    """What that had in it is on disk in the day's file by then, and out of force."""
    disk = SimulatedDisk()
    on(disk).append([new("a", 1)])
    store = on(disk)
    for job in ("b", "c"):
        store.append([new(job, 1)])
    check_all_there(disk, ["a", "b", "c"])


def test_a_journal_that_was_removed_is_made_anew_and_nothing_is_lost_by_that() -> None:
    """What it had is on disk in the day's file before the next entry is written."""
    disk = SimulatedDisk()
    store = on(disk)
    store.append([new("a", 1)])
    store.append([new("b", 1)])
    disk.remove(PLACE / "JOURNAL")
    disk.sync_directory(PLACE)
    store.append([new("c", 1)])
    check_all_there(disk, ["a", "b", "c"])


def test_a_journal_that_another_handle_made_anew_is_not_gone_on_in() -> None:
    """It has no beginning of what is in force: entries behind that would be found by nobody."""
    disk = SimulatedDisk()
    store = on(disk)
    store.append([new("a", 1)])
    disk.write_file_durably(PLACE / "JOURNAL", b"\n" * journals.JOURNAL_BYTES)
    store.append([new("b", 1)])
    check_all_there(disk, ["a", "b"])


def test_a_journal_whose_maker_died_before_its_name_was_on_disk_is_not_lost() -> None:
    disk = SimulatedDisk()
    on(disk)
    fd = disk.open_write(PLACE / "made", create=True)
    disk.write_at(fd, b"\n" * journals.JOURNAL_BYTES, 0)
    disk.sync_data(fd)
    disk.rename(PLACE / "made", PLACE / "JOURNAL")
    store = on(disk)
    store.append([new("a", 1)])
    assert check_all_there(disk, ["a"]) > 0


def test_what_a_failed_sync_forgot_is_written_again() -> None:
    """The day's file was not synced at the end of a round: the journal still has it all."""
    disk = SimulatedDisk()
    fs = FaultyFileSystem(disk)
    store = on(fs)
    for number in range(3):
        store.append([new(f"job {number}", 1)])
    day = disk.open_write(day_of(disk))
    disk.forget(day)  # the system gave up writing it back, and has told somebody else
    disk.close(day)
    on(disk).close()
    check_all_there(disk, ["job 0", "job 1", "job 2"])


def test_a_failed_sync_of_the_journal_leaves_the_outcome_open() -> None:
    """Nothing more is accepted; opened again, the write is there for good."""
    disk = SimulatedDisk()
    store = on(disk)
    store.append([new("a", 1)])
    store.close()
    fs = FaultyFileSystem(disk, Fault(1, errno.EIO, only=("sync",)))
    broken = on(fs)
    with pytest.raises(StorageError, match="unknown"):
        broken.append([new("b", 1)])
    with pytest.raises(StorageError):
        broken.append([new("c", 1)])
    broken.reopen()
    assert jobs_of(broken) == ["a", "b"]
    check_all_there(disk, ["a", "b"])
    broken.append([new("c", 1)])
    check_all_there(disk, ["a", "b", "c"])


def test_a_write_that_was_not_acknowledged_is_there_whole_or_not_at_all() -> None:
    """A journal whose last entry is torn ends before it."""
    disk = SimulatedDisk()
    store = on(disk)
    store.append([new("a", 1)])
    lengths: set[int] = set()

    def before(operation: str, name: str) -> None:
        if (operation, name) == ("sync", "JOURNAL"):
            for left in after_power_cuts(disk, 60):
                lengths.add(len(jobs_of(on(left))))

    disk.before = before
    store.append([new("b", 1), new("c", 1)])
    assert lengths == {1, 3}


# -- what is put back ------------------------------------------------------------------------------


def lose_the_end(ledger: LogDirectory, size: int, rest: bytes = b"") -> dict[str, bytes]:
    """Have the day's file lack what was appended behind `size`; return what is in the journal."""
    log = ledger.log
    log.write_bytes(log.read_bytes()[:size] + rest)
    return ledger.files()


def running(ledger: LogDirectory) -> tuple[LogDirectory, list[int]]:
    """Return the files of a ledger as a power cut leaves them that takes nothing, and where its
    writes end."""
    store = ledger.load()
    ends = []
    for number in range(4):
        store.append([new(f"job {number}", 1)])
        ends.append(ledger.log.stat().st_size)
    return ledger.crashed(), ends


@pytest.mark.parametrize(
    "rest", [b"", b"\0" * 700, b"{half a line"], ids=["short", "zeros", "torn"]
)
def test_a_lost_end_is_put_back_and_told(ledger: LogDirectory, rest: bytes) -> None:
    """Every byte of it; what was there instead is kept beside the log."""
    left, ends = running(ledger)
    whole = left.log.read_bytes()
    lose_the_end(left, ends[0] + 10 if not rest else ends[0], rest)
    heard: list[OperationalEvent] = []
    with hearing(heard):
        store = left.load()
    assert left.log.read_bytes() == whole
    [told] = heard
    assert isinstance(told, EndPutBack)
    assert (told.path, told.kept is None) == (str(left.log), not rest)
    if rest:
        assert rest[:100] in b"".join(path.read_bytes() for path in left.torn)
    store.close()


@pytest.mark.parametrize("has_head", [True, False])
def test_nothing_is_put_back_where_what_is_before_is_damaged(
    ledger: LogDirectory, *, has_head: bool
) -> None:
    """It is refused, and no byte is changed; without a HEAD it is no torn write either, since the
    journal has what came behind."""
    store = ledger.load()
    for number in range(4):
        store.append([new(f"job {number}", 1)])
    store.sync()  # the journal begins again, behind these
    size = ledger.log.stat().st_size
    store.append([new("last", 1)])
    left = ledger.crashed()
    data = bytearray(left.log.read_bytes()[:size])
    data[-50] ^= 1
    left.log.write_bytes(data)
    if not has_head:
        left.head.unlink()
    before = left.files()
    with pytest.raises(LedgerCorruptError) as refused:
        left.load()
    assert (refused.value.path, refused.value.line) == (str(left.log), 5)
    assert left.files() == before
    assert faults_of(left.path)


def test_before_that_verify_says_so_and_a_reader_has_it_all(ledger: LogDirectory) -> None:
    """Neither changes anything."""
    left, ends = running(ledger)
    before = lose_the_end(left, ends[0])
    report = verify_directory(left.path)
    assert not faults_of(left.path)
    assert any("JOURNAL" in note for note in report.notes)
    assert report.events == 4
    reader = left.load(read_only=True)
    assert reader.damage is None
    assert jobs_of(reader) == [f"job {number}" for number in range(4)]
    assert left.files() == before


def test_what_is_closed_is_not_mended_from_the_journal(ledger: LogDirectory) -> None:
    """All is on disk then: what is lost from there on is damage, and refused."""
    store = ledger.load()
    for number in range(4):
        store.append([new(f"job {number}", 1)])
    store.close()
    log = ledger.log
    log.write_bytes(log.read_bytes()[:-100])
    before = ledger.files()
    with pytest.raises(LedgerCorruptError):
        ledger.load()
    assert ledger.files() == before
    assert faults_of(ledger.path)


def test_a_journal_that_knows_of_more_before_it_is_evidence_of_damage(
    ledger: LogDirectory,
) -> None:
    """An older copy of the day's file was put there, or a part of it is gone: HEAD or not."""
    left, ends = running(ledger)
    (left.path / "HEAD").unlink()
    again = left.load()  # what is in the journal is of this round from here on
    again.append([new("later", 1)])
    crashed = left.crashed("twice")
    (crashed.path / "HEAD").unlink()
    before = lose_the_end(crashed, ends[1])
    with pytest.raises(LedgerCorruptError, match="JOURNAL says") as refused:
        crashed.load()
    assert refused.value.path == str(crashed.log)
    assert crashed.files() == before
    assert faults_of(crashed.path) == ["truncated"]


def test_a_journal_that_knows_of_a_later_day_is_evidence_of_damage(ledger: LogDirectory) -> None:
    """The newest file is gone, and HEAD with it."""
    store = ledger.load()
    store.append([new("a", 1)])
    ledger.clock.advance(timedelta(days=1))
    store.append([new("b", 1)])
    left = ledger.crashed()
    gone = left.log
    gone.unlink()
    (left.path / "HEAD").unlink()
    with pytest.raises(LedgerCorruptError, match="JOURNAL says") as refused:
        left.load()
    assert refused.value.path == str(gone)
    assert faults_of(left.path) == ["missing"]


def test_where_a_journal_is_left_alone_no_ledger_is_made(ledger: LogDirectory) -> None:
    """There was a log, of which it has the end; one that was closed leaves nothing behind."""
    store = ledger.load()
    store.append([new("a", 1)])
    left = ledger.crashed()
    for path in (left.log, left.head):
        path.unlink()
    before = left.files()
    with pytest.raises(LedgerCorruptError, match="JOURNAL is there") as refused:
        left.load()
    assert refused.value.kind == "missing"
    assert left.files() == before
    store.close()
    for path in (ledger.log, ledger.head):
        path.unlink()
    assert jobs_of(ledger.load()) == []


def test_a_journal_of_an_earlier_day_has_nothing_in_force(ledger: LogDirectory) -> None:
    """That day was synced to its end before the next one began."""
    store = ledger.load()
    store.append([new("a", 1)])
    kept = (ledger.path / "JOURNAL").read_bytes()
    ledger.clock.advance(timedelta(days=1))
    store.append([new("b", 1)])
    store.close()
    (ledger.path / "JOURNAL").write_bytes(kept)
    assert jobs_of(ledger.load()) == ["a", "b"]


def test_a_journal_of_another_ledger_is_refused(ledger: LogDirectory, tmp_path: Path) -> None:
    """Nothing of it comes into this one."""
    left, _ = running(ledger)
    other = LogDirectory(tmp_path / "other")
    store = other.load()
    store.append([new("theirs", 1)])
    (left.path / "JOURNAL").write_bytes((other.path / "JOURNAL").read_bytes())
    other.close()
    before = left.files()
    with pytest.raises(LedgerCorruptError, match="another ledger"):
        left.load()
    assert left.files() == before
    assert faults_of(left.path) == ["head"]


def test_without_a_journal_a_ledger_is_what_its_files_are(ledger: LogDirectory) -> None:
    """A copy that leaves it out lacks nothing that its files have."""
    left, _ = running(ledger)
    (left.path / "JOURNAL").unlink()
    assert jobs_of(left.load()) == [f"job {number}" for number in range(4)]
    assert not faults_of(left.path)


@pytest.mark.parametrize("at", range(0, 2 * HEAD_WIDTH, 37))
def test_a_damaged_journal_is_no_worse_than_none(ledger: LogDirectory, at: int) -> None:
    """Where the day's file has everything it is not needed; nothing wrong comes out of it."""
    left, _ = running(ledger)
    whole = left.log.read_bytes()
    data = bytearray((left.path / "JOURNAL").read_bytes())
    data[at] ^= 0x11
    (left.path / "JOURNAL").write_bytes(data)
    store = left.load()
    assert left.log.read_bytes() == whole
    store.close()


def test_entries_that_are_left_of_an_earlier_round_do_not_count(ledger: LogDirectory) -> None:
    """They end where the next one would begin, by chance, and are older."""
    store = ledger.load()
    for number in range(6):
        store.append([new(f"job {number}", 1)])
    store.sync()  # from here on the journal begins again, over entries of the same length
    store.append([new("job 6", 1)])
    left = ledger.crashed()
    whole = left.log.read_bytes()
    heard: list[OperationalEvent] = []
    with hearing(heard):
        left.load().close()
    assert not heard
    assert left.log.read_bytes() == whole


def test_a_repair_ends_the_journal(ledger: LogDirectory) -> None:
    """What it cuts off must not come back, and numbers are given again behind it."""
    left, ends = running(ledger)
    store = left.load()
    store.sync()  # from here on the journal has what comes behind alone
    store.append([new("last", 1)])
    broken = left.crashed("broken")
    data = bytearray(broken.log.read_bytes())
    data[ends[0] + 50] ^= 1
    broken.log.write_bytes(data)
    with pytest.raises(LedgerCorruptError):
        broken.load()
    plan = repair_directory(FileSystem(), broken.path, NOON + timedelta(days=1))
    assert plan is not None
    assert not (broken.path / "JOURNAL").exists()
    assert jobs_of(broken.load()) == ["job 0"]
    assert not faults_of(broken.path)


def test_a_head_of_an_older_release_leads_to_a_new_beginning() -> None:
    """It does not say where the journal stands: the day's file is synced first."""
    disk = SimulatedDisk()
    store = on(disk)
    store.append([new("a", 1)])
    head = decode_head(disk.read_file(PLACE / "HEAD"))
    assert head is not None
    fd = disk.open_write(PLACE / "HEAD")
    old = Head(head.ledger, head.day, head.offset, head.seq, head.durable_seq, head.hash)
    disk.write_at(fd, encode_head(old), 0)
    disk.close(fd)
    store.append([new("b", 1)])
    check_all_there(disk, ["a", "b"])
