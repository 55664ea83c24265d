"""Opening from a snapshot: the same state as from the whole log, or no snapshot at all."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support import snapshots
from support.domain import NOON
from support.durability import records_read, saving_snapshots, without_background
from support.publishers import Recording

from jobledger import (
    Change,
    JobStatus,
    Ledger,
    LedgerCorruptError,
    ManualClock,
    NewJob,
    OutcomeUnknown,
    Pacing,
    PostResult,
    Scheduler,
    StorageError,
    ValidationError,
)
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.projections.snapshot import Snapshot
from jobledger.projections.stored import StoredProjection
from jobledger.testing import Fault, FaultyFileSystem

DAY = timedelta(days=1)
LOGGER = "jobledger"


@pytest.fixture(autouse=True)
def small_ledgers_are_worth_one() -> Iterator[None]:
    with without_background(), saving_snapshots(1):
        yield


@pytest.fixture
def snapshot(directory: Path) -> Path:
    return directory / "snapshot_board"


def _next_of(outcomes: Iterator[bool]) -> PostResult:
    return PostResult(next(outcomes))


def live(directory: Path, clock: ManualClock, **settings: Any) -> None:
    """Three days of jobs in every state; closing saves a snapshot."""
    with Scheduler(directory, clock=clock, **settings) as scheduler:
        for day in range(3):
            now = clock.now()
            jobs = [NewJob(f"a{n % 3}", f"text {day} {n}", now, max_retries=0) for n in range(8)]
            ids = scheduler.add_jobs(jobs)
            scheduler.hold_job(ids[0])
            scheduler.cancel_job(ids[1])
            scheduler.remove_job(ids[1])
            scheduler.edit_job(ids[2], metadata={"n": 2**63}, content="đổi")
            outcomes = iter([False, True, True])
            scheduler.run_due(Recording(partial(_next_of, outcomes)), limit=3)
            clock.advance(DAY)


def state(ledger: Ledger) -> dict[str, Any]:
    """All that a ledger can be asked about now, and its derived files."""
    jobs = {job.job_id: job for job in ledger.list_jobs()}  # which looks for what others did
    board = ledger._state.board
    due = board.first_due(ledger.now(), timedelta(days=365), 10)
    follows = board.next_time(), board.next_expiry(DAY)
    return {
        "seq": ledger.seq,
        "jobs": jobs,
        "accounts": {a: ledger.list_jobs(account_id=a) for a in ("a0", "a1", "a2")},
        "ids": ledger.known_ids(),
        "versions": {job_id: ledger._store.version(job_id) for job_id in ledger.known_ids()},
        "due": [job.job_id for job in due],
        "next": follows,
        "expired": [job.job_id for job in board.expired(ledger.now(), DAY)],
        "days": {day: ledger._derived.days.render(day, board.jobs) for day in _days(ledger)},
        "position": ledger._store._follower.log.position(),
        "counts": ledger._derived.counters.capture(),
    }


def _days(ledger: Ledger) -> list[str]:
    return ledger._derived.days.days()


def file_of(path: Path) -> tuple[int, int]:
    """Which file it is, and when it was written; reading it does not change that."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def ignored(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "ignored" in record.getMessage()]


def test_a_snapshot_gives_the_state_that_the_log_gives(
    directory: Path, clock: ManualClock, snapshot: Path
) -> None:
    live(directory, clock)
    assert snapshot.exists()
    with (
        Ledger(directory, clock=clock) as ours,
        Ledger(directory, clock=clock, use_snapshot=False) as whole,
    ):
        assert state(ours) == state(whole)
        assert ours.verify().ok
        ids = ours.known_ids()
        for ledger in (ours, whole):
            ledger.add_job("a1", "and goes on", clock.now())
            assert state(ours) == state(whole)
        removed = next(job_id for job_id in ids if job_id not in state(ours)["jobs"])
        with pytest.raises(ValidationError, match="used before"):
            ours.add_job("a1", "text", clock.now(), job_id=removed)


def test_only_what_came_after_it_is_read(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count of events decoded does not depend on the history."""
    live(directory, clock)
    with saving_snapshots(10_000), Ledger(directory, clock=clock) as ledger:
        at = ledger.seq
        ledger.add_job("a1", "text", clock.now())
        ledger.add_job("a2", "text", clock.now())
    seen = records_read(monkeypatch)
    with Ledger(directory, clock=clock, read_only=True) as reader:
        assert reader.seq == at + 2
        assert seen == [at + 1, at + 2]
    seen.clear()
    with Ledger(directory, clock=clock, read_only=True, use_snapshot=False):
        assert seen == list(range(1, at + 3))


def test_none_is_written_before_it_is_worth_it(
    directory: Path, clock: ManualClock, snapshot: Path
) -> None:
    with saving_snapshots(10), Ledger(directory, clock=clock) as ledger:
        for n in range(9):
            ledger.add_job("a", f"text {n}", clock.now())
        assert ledger.write_behind()
        assert not snapshot.exists()
        ledger.add_job("a", "one more", clock.now())
        assert ledger.write_behind()
        written = file_of(snapshot)
        ledger.add_job("a", "and one", clock.now())
        assert ledger.write_behind()
        assert file_of(snapshot) == written


def test_a_long_history_is_not_written_again_for_little(
    directory: Path, clock: ManualClock, snapshot: Path
) -> None:
    """The next one waits for a twentieth of all events."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_jobs([NewJob("a", f"text {n}", clock.now()) for n in range(200)])
        assert ledger.write_behind()
        written = file_of(snapshot)
        ledger.add_jobs([NewJob("a", f"more {n}", clock.now()) for n in range(9)])
        assert ledger.write_behind()
        assert file_of(snapshot) == written
        ledger.add_job("a", "the tenth", clock.now())
        assert ledger.write_behind()
        assert file_of(snapshot) != written


def test_of_two_processes_one_writes_it(directory: Path, clock: ManualClock) -> None:
    with saving_snapshots(5), Ledger(directory, clock=clock) as one:
        with Ledger(directory, clock=clock) as other:
            for n in range(6):
                one.add_job("a", f"text {n}", clock.now())
            assert one.write_behind()
            before = file_of(directory / "snapshot_board")
            other.list_jobs()
            assert other.write_behind()
        assert file_of(directory / "snapshot_board") == before


# -- one that cannot be used ---------------------------------------------------------------------


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize("which", ["the snapshot", "a run"])
def test_no_damage_to_it_is_taken_for_the_state(
    which: str,
    directory: Path,
    clock: ManualClock,
    snapshot: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every byte of its beginning, others all over it, and every length. What is read later is met
    later: it is refused once, and then it is as if there were no snapshot."""
    live(directory, clock)
    path = snapshot if which == "the snapshot" else snapshots.runs_of(directory)[0]
    whole = path.read_bytes()
    with Ledger(directory, clock=clock, read_only=True, use_snapshot=False) as ledger:
        expected = state(ledger)
    size, met_later = len(whole), 0
    damaged = [_flip(whole, at) for at in [*range(300), *range(300, size, size // 60)]]
    damaged += [whole[:length] for length in range(0, size, size // 60)]
    damaged += [whole + b"\0", b"\0" * size, b"{}\n" + whole, whole[::-1]]
    for data in damaged:
        path.write_bytes(data)
        caplog.clear()
        with Ledger(directory, clock=clock, read_only=True) as ledger:
            met_later += refused_once(ledger)
            assert state(ledger) == expected
        said = [r.getMessage() for r in caplog.records] or ["of another release"]
        assert "ignored" in said[0] or "of another release" in said[0], data[:200]
        report = ledger.verify()
        assert report.ok
        assert "snapshot_board" not in "".join(report.notes) or "not be used" in report.notes[0]
    assert (met_later > 20) == (path != snapshot)


def refused_once(ledger: Ledger) -> bool:
    """Ask about everything; say whether that was refused, for what is damaged."""
    try:
        state(ledger)
    except StorageError as error:
        return "it is only a cache" in str(error)
    return False


def _other_ledgers(directory: Path, clock: ManualClock) -> None:
    other = directory.with_name("other")
    live(other, clock)
    for path in (other / "snapshot_board", *snapshots.runs_of(other)):
        shutil.copy(path, directory)


def _day_longer(directory: Path, clock: ManualClock) -> None:
    first = min(directory.glob("events_*"))
    first.write_bytes(first.read_bytes() + b"x")


def _day_missing(directory: Path, clock: ManualClock) -> None:
    min(directory.glob("events_*")).unlink()


def _log_shorter(directory: Path, clock: ManualClock) -> None:
    last = max(directory.glob("events_*"))
    lines = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join(lines[:-1]))


def _last_line_changed(directory: Path, clock: ManualClock) -> None:
    last = max(directory.glob("events_*"))
    last.write_bytes(_flip(last.read_bytes(), -60))


def _last_header_changed(directory: Path, clock: ManualClock) -> None:
    last = max(directory.glob("events_*"))
    last.write_bytes(_flip(last.read_bytes(), 20))


def _older_copy(directory: Path, clock: ManualClock) -> None:
    """All but the snapshot is as it was before."""
    saved = [directory / "snapshot_board", *snapshots.runs_of(directory)]
    kept = {path: path.read_bytes() for path in saved}
    shutil.rmtree(directory)
    shutil.copytree(directory.with_name("before"), directory)
    for path, content in kept.items():
        path.write_bytes(content)


def _another_past(directory: Path, clock: ManualClock) -> None:
    """Files as long as before, with as many events, the last of which are others."""
    _older_copy(directory, clock)
    with saving_snapshots(10_000), Ledger(directory, clock=clock, use_snapshot=False) as ledger:
        ledger.add_jobs([NewJob("a", f"TEXT {n}", clock.now()) for n in range(5)])


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (_other_ledgers, "it is of another ledger"),
        (_day_longer, "bytes and has"),
        (_day_missing, "there are other day files"),
        (_log_shorter, "is not the one that was there"),
        (_last_line_changed, "is not the one that was there"),
        (_last_header_changed, "does not verify"),
        (_older_copy, "there are other day files"),
        (_another_past, "is not the one that was there"),
    ],
)
def test_one_that_does_not_fit_the_log_is_ignored(
    harm: Callable[[Path, ManualClock], None],
    reason: str,
    directory: Path,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With it, opening says of the log exactly what it says without it."""
    live(directory, clock)
    shutil.copytree(directory, directory.with_name("before"))
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_jobs([NewJob("a", f"text {n}", clock.now()) for n in range(5)])
    harm(directory, clock)
    said = []
    for use_snapshot in (True, False):
        for read_only in (True, False):
            copy = directory.with_name(f"copy {use_snapshot} {read_only}")
            shutil.copytree(directory, copy)
            try:
                with Ledger(
                    copy, clock=clock, read_only=read_only, use_snapshot=use_snapshot
                ) as ledger:
                    found: object = state(ledger), ledger.damage and ledger.damage.line
            except LedgerCorruptError as error:
                found = error.kind, error.line, error.offset
            said.append(found)
    assert said[:2] == said[2:]
    assert [reason in line for line in ignored(caplog)] == [True, True]


def test_damage_behind_it_is_judged_by_the_whole_log(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    live(directory, clock)
    with saving_snapshots(10_000), Ledger(directory, clock=clock) as ledger:
        at = ledger.seq
        for n in range(3):
            ledger.add_job("a", f"text {n}", clock.now())
    last = max(directory.glob("events_*"))
    lines = last.read_bytes().splitlines(keepends=True)
    lines[-2] = _flip(lines[-2], 80)
    last.write_bytes(b"".join(lines))
    with pytest.raises(LedgerCorruptError):
        Ledger(directory, clock=clock)
    assert "what comes after it does not verify" in ignored(caplog)[0]
    with Ledger(directory, clock=clock, read_only=True) as reader:
        assert reader.damage is not None
        assert reader.seq == at + 1


def test_one_that_lies_about_versions_does_not_make_a_sound_log_damaged(
    directory: Path, clock: ManualClock, snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with a cache, the log has the last word."""
    live(directory, clock)
    with saving_snapshots(10_000), Ledger(directory, clock=clock) as ledger:
        held = ledger.list_jobs(status=JobStatus.PENDING)[0].job_id
        ledger.edit_job(held, content="changed")
    snapshots.forge(directory, lambda saved: saved.position.versions.update({held: 7}))
    with Ledger(directory, clock=clock) as ledger:
        assert ledger.get_job(held).content == "changed"
    assert "does not verify" in ignored(caplog)[0]


def _another_text(saved: Snapshot) -> None:
    jobs = saved.board.jobs.open
    jobs[0] = msgspec.structs.replace(jobs[0], content="I never wrote this")


@pytest.mark.parametrize(
    "change",
    [
        _another_text,
        lambda saved: saved.board.counts.pop("a0"),
        lambda saved: saved.days.pop(),
        lambda saved: saved.position.versions.update({next(iter(saved.position.versions)): 50}),
        lambda saved: saved.board.jobs.pages.pop(),
    ],
)
def test_verify_notices_one_that_is_not_what_the_log_gives(
    change: Callable[[Snapshot], object], directory: Path, clock: ManualClock, snapshot: Path
) -> None:
    live(directory, clock)
    snapshots.forge(directory, change)
    with Ledger(directory, clock=clock, read_only=True, use_snapshot=False) as ledger:
        problems = ledger.verify().problems
    assert [(problem.kind, Path(problem.path).name) for problem in problems] == [
        ("projection", "snapshot_board")
    ]


def test_a_rebuild_removes_it_and_gives_the_state_that_the_log_gives(
    directory: Path, clock: ManualClock, snapshot: Path
) -> None:
    """Also to the handle that was opened from one that was wrong."""
    live(directory, clock)
    snapshots.forge(directory, _another_text)
    with saving_snapshots(10_000), Ledger(directory, clock=clock) as ledger:
        assert any(job.content == "I never wrote this" for job in ledger.list_jobs())
        ledger.rebuild()
        assert not snapshot.exists()
        with Ledger(directory, clock=clock, use_snapshot=False) as whole:
            assert state(ledger) == state(whole)
        assert ledger.rebuild(check=True).changed == []


def test_another_releases_is_left_alone_without_a_warning(
    directory: Path, clock: ManualClock, snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live(directory, clock)
    saved = snapshots.read(directory)
    snapshots.write(directory, saved, "9.0")
    caplog.set_level(logging.INFO, LOGGER)
    caplog.clear()
    with saving_snapshots(10_000), Ledger(directory, clock=clock) as ledger:
        assert len(ledger.list_jobs()) == 21
        assert ledger.verify().ok
    assert [record.levelname for record in caplog.records] == ["INFO"]
    with Ledger(directory, clock=clock):  # and is replaced when one is due
        pass
    assert snapshots.read(directory).position == saved.position


def test_without_permission_to_write_it_the_ledger_works(
    directory: Path, clock: ManualClock, snapshot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(FileSystem):
        def write_parts_durably(self, path: Path, parts: Iterable[bytes]) -> None:
            if path == snapshot:
                raise OSError(28, "No space left on device")
            super().write_parts_durably(path, parts)

    with saving_snapshots(3), Ledger(directory, clock=clock, fs=Full()) as ledger:
        for n in range(5):
            ledger.add_job("a", f"text {n}", clock.now())
            assert ledger.write_behind()
    assert not snapshot.exists()
    said = [record for record in caplog.records if "not written" in record.getMessage()]
    assert len(said) == 1, "it is tried again only after as many events"


def test_a_position_that_is_not_on_disk_yet_is_synced_first(
    directory: Path, clock: ManualClock
) -> None:
    fs = FaultyFileSystem(FileSystem(), Fault(0, only=("sync", "rename")))
    with Ledger(directory, clock=clock, durability="none", fs=fs) as ledger:
        ledger.add_job("a", "text", clock.now())
        fs.operations.clear()
        ledger._behind.save_snapshot()
        names = [name for operation, name in fs.operations if operation in ("sync", "rename")]
    log = names.index(max(directory.glob("events_*")).name)
    assert log < names.index(".snapshot_board.tmp")


# -- what has to know more than the board ----------------------------------------------------------


def test_pacing_holds_across_it(directory: Path, clock: ManualClock) -> None:
    """What was posted before the snapshot counts, also what may be out."""
    pacing = Pacing(min_gap_s=3600)

    def unsure(account: str, content: str) -> PostResult:
        raise OutcomeUnknown("timed out")

    def opened(**more: Any) -> Scheduler:
        return Scheduler(directory, clock=clock, pacing=pacing, on_interrupted="fail", **more)

    with opened() as scheduler:
        scheduler.add_jobs([NewJob(account, "first", clock.now()) for account in ("a", "b")])
        scheduler.run_due(lambda account, content: PostResult(True), limit=1)
        scheduler.run_due(unsure, limit=1)
    clock.advance(timedelta(minutes=10))
    with opened() as ours, Ledger(directory, clock=clock) as writer:
        pacing_of_ours = ours._parts.dispatcher._pacing
        assert pacing_of_ours is not None
        assert pacing_of_ours._post_times is not None
        writer.add_jobs([NewJob(account, "second", clock.now()) for account in ("a", "b", "c")])
        posted: list[str] = []

        def post(account: str, content: str) -> PostResult:
            posted.append(account)
            return PostResult(True)

        ours.run_due(post)
        assert posted == ["c"]


def test_one_that_knows_nothing_of_pacing_is_no_use_to_who_paces(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    live(directory, clock)
    for hours in (1, 48, 24):
        pacing = Pacing(quota=2, window_s=3600.0 * hours)
        with Scheduler(directory, clock=clock, pacing=pacing) as scheduler:
            scheduler.add_job("a", f"text {hours}", clock.now())
            own = scheduler._parts.dispatcher._pacing
            assert own is not None
            assert own._post_times is not None
            if hours == 24:
                assert own._post_times._posts, "it saw what was posted"
    assert len(ignored(caplog)) == 2, "at first, and when it has to go further back"


def test_the_same_text_is_refused_across_it(directory: Path, clock: ManualClock) -> None:
    live(directory, clock)
    with Ledger(directory, clock=clock, unique=True) as ledger:
        posted = next(job for job in ledger.list_jobs() if job.completed_at is not None)
        with pytest.raises(ValidationError, match="has this text already"):
            ledger.add_job(posted.account_id, posted.content, clock.now())


def test_a_projection_of_ones_own_sees_every_event(directory: Path, clock: ManualClock) -> None:
    class Count:
        name = "count"

        def __init__(self) -> None:
            self.seen = 0

        def apply(self, change: Change) -> None:
            self.seen += 1

        def render(self) -> bytes:
            return b"%d\n" % self.seen

    live(directory, clock)
    with Ledger(directory, clock=clock, projections=[Count]) as ledger:
        count: StoredProjection = ledger.projection("count")
        assert count.render() == b"%d\n" % ledger.seq


def test_a_reader_writes_none(directory: Path, clock: ManualClock, snapshot: Path) -> None:
    live(directory, clock)
    snapshot.unlink()
    with Ledger(directory, clock=clock, read_only=True) as reader:
        reader.list_jobs()
    assert not snapshot.exists()


def test_a_poisoned_ledger_saves_nothing_that_is_not_on_disk(
    directory: Path, clock: ManualClock, snapshot: Path
) -> None:
    fs = FaultyFileSystem(FileSystem())
    ledger = Ledger(directory, clock=clock, durability="batch", fs=fs)
    ledger.add_job("a", "text", clock.now())
    fs.fault = Fault(1, only=("sync",), always=True)
    with pytest.raises(StorageError):
        ledger.close()
    assert not snapshot.exists()


def test_opening_tells_how_far_it_has_read(tmp_path: Path) -> None:
    """From the beginning of the log, or of what came after the snapshot; then no more."""
    clock = ManualClock(NOON)
    with Ledger(tmp_path, clock=clock, durability="none") as ledger:
        for _ in range(3):
            ledger.add_jobs([NewJob("mai", "x" * 500, NOON) for _ in range(400)])
    told = list[tuple[int, int]]()

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    with Ledger(tmp_path, clock=clock, use_snapshot=False, progress=progress) as ledger:
        assert told[0][0] < told[-1][0] == ledger.seq == 1200
        assert {total for _, total in told} == {1200}
        told.clear()
        ledger.add_job("mai", "more", NOON)
        ledger.list_jobs()
        assert told == []
    with Ledger(tmp_path, clock=clock, read_only=True, progress=progress):
        assert told[-1] == (1201, 1201)


@pytest.mark.parametrize("use_snapshot", [True, False])
def test_what_open_jobs_have_alike_is_there_once(tmp_path: Path, use_snapshot: bool) -> None:
    """Whether they were saved in between or not: it is a third of what they take."""
    with saving_snapshots(1), Ledger(tmp_path, clock=ManualClock(NOON)) as ledger:
        ledger.add_jobs([NewJob(f"account {n % 3}", f"text {n}", NOON) for n in range(1200)])
    with Ledger(tmp_path, clock=ManualClock(NOON), use_snapshot=use_snapshot) as ledger:
        jobs = list(ledger._state.board.jobs.open.values())
        assert len(jobs) == 1200
        for name, different in (("account_id", 3), ("platform", 1)):
            assert len({id(getattr(job, name)) for job in jobs}) == different
        assert len({id(msgspec.structs.astuple(job)[14]) for job in jobs}) == 1  # what is told of
        assert {id(job.metadata) for job in jobs} == {id(job.checkpoints) for job in jobs}
        members = {id(job_id) for job_id in ledger._state.board._by_status[JobStatus.SCHEDULED]}
        assert members == {id(job.job_id) for job in jobs}


@pytest.mark.parametrize("name", ["snapshot_board", "snapshot_daily_files.json"])
@pytest.mark.parametrize("content", [b"\xff", b"[" * 100_000, b'{"ledger":"\x80","seq":1}', b""])
@pytest.mark.parametrize("read_only", [False, True])
def test_whatever_is_in_a_cache_it_stops_nothing(
    directory: Path, clock: ManualClock, name: str, content: bytes, read_only: bool
) -> None:
    """Bytes that are no text, or have no end: it is made anew."""
    with saving_snapshots(1), Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "text", clock.now())
    good = (directory / name).read_bytes()
    for bad in (content, content + good, good[:20] + content + good[20:]):
        (directory / name).write_bytes(bad)
        with Ledger(directory, clock=clock, read_only=read_only) as ledger:
            assert [job.content for job in ledger.list_jobs()] == ["text"]


def test_any_flipped_bit_of_a_cache_stops_nothing(directory: Path, clock: ManualClock) -> None:
    with saving_snapshots(1), Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "text", clock.now())
    for name in ("snapshot_board", "snapshot_daily_files.json"):
        good = (directory / name).read_bytes()
        for place in range(0, len(good), 1 + len(good) // 60):
            bad = bytearray(good)
            bad[place] ^= 0x80
            (directory / name).write_bytes(bad)
            with Ledger(directory, clock=clock, read_only=True) as ledger:
                assert len(ledger.list_jobs()) == 1
