"""Derived files that are ahead of the log: the sign that its end was cut off, and no fault of
theirs."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from support.cli import run_here
from support.durability import let_go, saving_snapshots, without_background

from jobledger import Ledger, ManualClock, StorageError
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.testing.faults import Fault, FaultyFileSystem, Killed


@pytest.fixture
def cut(directory: Path, clock: ManualClock) -> Path:
    return cut_off(directory, clock)


def cut_off(directory: Path, clock: ManualClock) -> Path:
    """Make a ledger whose last event was cut off at its line's end, and HEAD with it."""
    with Ledger(directory, clock=clock) as ledger:
        for n in range(3):
            ledger.add_job("a", f"text {n}", clock.now(), job_id=f"job-{n}")
    [log] = directory.glob("events_*")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    (directory / "HEAD").unlink()
    return directory


def test_verify_tells_it_as_the_sign_of_a_cut_log(cut: Path) -> None:
    with Ledger(cut, read_only=True) as ledger:
        problems = ledger.verify().problems
    assert [problem.kind for problem in problems] == ["ahead", "projection"]
    assert "stand for event 3, and the log ends at event 2" in problems[0].message
    assert "restore the log from a copy" in problems[0].message
    assert all("Ledger.rebuild()" not in problem.message for problem in problems)


def test_rebuilding_does_not_destroy_the_evidence(cut: Path, clock: ManualClock) -> None:
    [day] = cut.glob("jobs_*.json")
    evidence = day.read_bytes()
    with Ledger(cut, clock=clock) as ledger:
        with pytest.raises(StorageError, match="its end was cut off") as raised:
            ledger.rebuild()
        assert "accept_loss" in str(raised.value.hint)
    assert day.read_bytes() == evidence
    assert b"job-2" in evidence


def test_whoever_accepts_the_loss_goes_on(cut: Path, clock: ManualClock) -> None:
    assert run_here(cut, "rebuild").code == 2
    done = run_here(cut, "rebuild", "--accept-loss")
    assert (done.code, done.out.splitlines()[-1]) == (
        0,
        "what stood for more than the log has is kept in lost_after_2",
    )
    assert run_here(cut, "verify").code == 0
    with Ledger(cut, clock=clock) as ledger:
        assert [job.job_id for job in ledger.list_jobs()] == ["job-0", "job-1"]


def test_a_ledger_that_goes_on_says_so_and_leaves_the_witnesses_alone(
    cut: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    [day] = cut.glob("jobs_*.json")
    before = {path: path.read_bytes() for path in (day, cut / "snapshot_daily_files.json")}
    with caplog.at_level("WARNING", "jobledger"), Ledger(cut, clock=clock) as ledger:
        for n in range(5):
            ledger.add_job("a", f"new {n}", clock.now())
            ledger.write_behind()
    assert {path: path.read_bytes() for path in before} == before
    told = [each for each in caplog.records if "ahead of the log" in each.getMessage()]
    assert len(told) == 1
    assert "accept_loss=True" in told[0].getMessage()


def test_what_is_accepted_as_lost_is_kept_aside(cut: Path, clock: ManualClock) -> None:
    [day] = cut.glob("jobs_*.json")
    evidence = day.read_bytes()
    with Ledger(cut, clock=clock) as ledger:
        report = ledger.rebuild(accept_loss=True)
        assert report.kept == "lost_after_2"
        kept = cut / report.kept
        assert (kept / day.name).read_bytes() == evidence
        assert (kept / "snapshot_daily_files.json").exists()
        assert kept.stat().st_mode & 0o777 == 0o700
        assert ledger.rebuild(accept_loss=True).kept is None
        assert ledger.verify().ok
        ledger.add_job("a", "new", clock.now())
    assert b'"new"' in day.read_bytes(), "and the files follow the log again"


def test_files_of_a_lost_branch_are_noticed_though_the_log_is_longer_by_now(
    directory: Path, clock: ManualClock, tmp_path: Path
) -> None:
    """An older log was put there and went on: the numbers are there, and the events are others."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "both", clock.now())
        ledger.write_behind()
        older = {
            path.name: path.read_bytes()
            for path in directory.iterdir()
            if path.name.startswith("events_") or path.name == "HEAD"
        }
        ledger.add_job("a", "lost", clock.now())
    for name, data in older.items():
        (directory / name).write_bytes(data)
    for _ in range(2):
        with Ledger(directory, clock=clock) as ledger:
            ledger.add_job("b", "instead", clock.now())
            assert "ahead" in {problem.kind for problem in ledger.verify().problems}
            with pytest.raises(StorageError, match="files of daily_files stand for"):
                ledger.rebuild()
    with Ledger(directory, clock=clock) as ledger:
        ledger.rebuild(accept_loss=True)
        assert ledger.verify().ok
    [day] = directory.glob("jobs_*.json")
    assert b"lost" not in day.read_bytes()


def test_files_that_are_only_newer_than_a_handle_are_no_witnesses(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process has written more, and its files: that is what files are for."""
    with Ledger(directory, clock=clock) as one, Ledger(directory, clock=clock) as other:
        for n in range(3):
            one.add_job("a", f"one {n}", clock.now())
            one.write_behind()
            other.add_job("a", f"other {n}", clock.now())
            other.write_behind()
            assert other.rebuild(check=True).changed == []
    assert "ahead of the log" not in caplog.text


def test_a_snapshot_of_what_is_lost_is_left_alone_and_kept_too(
    directory: Path, clock: ManualClock
) -> None:
    """Also where no marker is left to tell."""
    with saving_snapshots(1), Ledger(directory, clock=clock) as ledger:
        for n in range(9):
            ledger.add_job("a", f"text {n}", clock.now())
    evidence = (directory / "snapshot_board").read_bytes()
    [log] = directory.glob("events_*")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:5]))
    for name in ("HEAD", "snapshot_daily_files.json"):
        (directory / name).unlink()
    with saving_snapshots(1), Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "new", clock.now())
        assert {Path(p.path).name for p in ledger.verify().problems} == {"snapshot_board"}
        with pytest.raises(StorageError, match="the snapshot stands for event 9"):
            ledger.rebuild()
    assert (directory / "snapshot_board").read_bytes() == evidence
    with saving_snapshots(1), Ledger(directory, clock=clock) as ledger:
        kept = ledger.rebuild(accept_loss=True).kept
        assert kept == "lost_after_5"
        assert (directory / kept / "snapshot_board").read_bytes() == evidence
        ledger.add_job("a", "newer", clock.now())
        assert ledger.verify().ok


@pytest.mark.parametrize("error", [None, errno.EIO, errno.ENOSPC], ids=["killed", "EIO", "full"])
def test_nothing_is_written_over_before_it_is_kept(
    clock: ManualClock, tmp_path: Path, error: int | None
) -> None:
    """Whichever operation of the rebuild fails, and all after it."""
    at, is_done = 0, False
    while not is_done:
        at += 1
        directory = cut_off(tmp_path / f"{at}", clock)
        [day] = directory.glob("jobs_*.json")
        evidence = day.read_bytes()
        fs = FaultyFileSystem(FileSystem())
        with without_background():
            ledger = Ledger(directory, clock=clock, fs=fs)
            fs.fault = Fault(at, error, always=True)
            try:
                ledger.rebuild(accept_loss=True)
                is_done = not fs.reached
            except (Killed, StorageError):
                pass
            finally:
                let_go(ledger)
        kept = [*directory.glob("lost_after_*/jobs_*.json"), day]
        assert evidence in [path.read_bytes() for path in kept]
    assert at > 20
