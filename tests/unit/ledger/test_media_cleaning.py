"""Files that no job needs are removed, and verify misses each that one needs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.eventstore import NOON
from support.media import png
from support.waiting import eventually_async

from jobledger import (
    Ledger,
    LedgerCorruptError,
    ManualClock,
    Media,
    Part,
    Post,
    PostResult,
    Scheduler,
    StorageError,
)
from jobledger.integrity.verify import verify_directory
from jobledger.ledger.media_cleaning import MediaCleaning
from jobledger.ledger.media_store import MediaStore
from jobledger.scheduler.upkeep import MediaUpkeep

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def ledger(tmp_path: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(tmp_path / "jobs", clock=clock) as ledger:
        yield ledger


def add(ledger: Ledger, number: int = 0, job_id: str | None = None) -> tuple[str, Path]:
    """Add a job with a picture, and return its id and where the file is."""
    source = ledger.directory.parent / f"{number}.png"
    source.write_bytes(png(40 + number, 30))
    post = Post([Part("Look", media=[Media(str(source))])])
    job_id = ledger.add_job("shop", "", ledger.now() + 300 * DAY, post=post, job_id=job_id)
    added = ledger.get_job(job_id).post
    assert added is not None
    [media] = added.media
    assert media.file is not None
    return job_id, ledger.media_path(media.file.sha256)


def age(path: Path, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(path, (then, then))


def test_a_file_of_an_open_job_stays(ledger: Ledger, clock: ManualClock) -> None:
    _, path = add(ledger)
    age(path, 100)
    clock.advance(100 * DAY)
    assert ledger.remove_media() == []
    assert path.exists()


def test_a_file_goes_thirty_days_after_its_job_was_closed(
    ledger: Ledger, clock: ManualClock
) -> None:
    job_id, path = add(ledger)
    ledger.cancel_job(job_id)
    clock.advance(30 * DAY)
    assert ledger.remove_media() == []
    clock.advance(timedelta(seconds=1))
    assert ledger.remove_media() == [path.name]
    assert not path.exists()
    assert ledger.verify().problems == []


def test_a_file_of_several_jobs_stays_as_long_as_one_needs_it(
    ledger: Ledger, clock: ManualClock
) -> None:
    first, path = add(ledger)
    second, _ = add(ledger)
    ledger.cancel_job(first)
    clock.advance(31 * DAY)
    assert ledger.remove_media() == []
    ledger.cancel_job(second)
    clock.advance(29 * DAY)
    assert ledger.remove_media() == []
    clock.advance(2 * DAY)
    assert ledger.remove_media() == [path.name]


def test_how_long_is_a_setting(tmp_path: Path, clock: ManualClock) -> None:
    with Ledger(tmp_path / "jobs", clock=clock, keep_media=DAY) as ledger:
        job_id, path = add(ledger)
        ledger.cancel_job(job_id)
        clock.advance(2 * DAY)
        assert ledger.remove_media(3 * DAY) == []
        assert ledger.remove_media() == [path.name]


def test_a_file_of_no_job_goes_when_it_is_a_day_old(ledger: Ledger) -> None:
    job_id, path = add(ledger)
    ledger.remove_job(job_id)
    assert ledger.remove_media() == []
    age(path, 1.1)
    assert ledger.remove_media() == [path.name]


def test_what_somebody_left_while_writing_goes_with_it(ledger: Ledger) -> None:
    job_id, path = add(ledger)
    rest = path.with_name(f".{path.name}.rest.tmp")
    rest.write_bytes(b"half")
    ledger.remove_job(job_id)
    age(path, 2)
    age(rest, 2)
    ledger.remove_media()
    assert list(path.parent.iterdir()) == []


def test_nothing_goes_while_somebody_keeps_a_file(ledger: Ledger) -> None:
    job_id, path = add(ledger)
    ledger.remove_job(job_id)
    age(path, 2)
    store = ledger._media.store
    assert store is not None
    with store.holding():
        assert ledger.remove_media() == []
    assert ledger.remove_media() == [path.name]


def test_a_file_that_is_needed_again_meanwhile_stays(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process adds a job with it between the look and the lock."""
    job_id, path = add(ledger)
    ledger.remove_job(job_id)
    age(path, 2)
    alone = MediaStore.alone

    def later(store: MediaStore) -> object:
        with Ledger(ledger.directory, clock=ManualClock(NOON)) as other:
            add(other, job_id="again")
        return alone(store)

    monkeypatch.setattr(MediaStore, "alone", later)
    assert ledger.remove_media() == []
    assert path.exists()
    assert ledger.verify().problems == []


def test_a_ledger_without_files_makes_no_directory(ledger: Ledger) -> None:
    assert ledger.remove_media() == []
    assert not (ledger.directory / "media").exists()


def test_it_says_what_may_be_gone_before_it_removes(
    ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle, it leaves what verifies."""
    for number in range(3):
        job_id, _ = add(ledger, number)
        ledger.cancel_job(job_id)
    clock.advance(40 * DAY)

    def stop(cleaning: MediaCleaning) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(MediaCleaning, "_remove_rests", stop)
    with pytest.raises(KeyboardInterrupt):
        ledger.remove_media()
    assert ledger.verify().problems == []


# -- verify ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (Path.unlink, "is not there"),
        (lambda path: path.write_bytes(png(41, 30)), "has other bytes than its name says"),
        (lambda path: path.write_bytes(b""), "has other bytes than its name says"),
        (lambda path: (path.unlink(), path.mkdir()), "is no file"),
    ],
    ids=["missing", "other", "empty", "directory"],
)
def test_verify_names_a_file_that_is_not_as_it_was(
    ledger: Ledger, damage: object, said: str, is_closed: bool
) -> None:
    job_id, path = add(ledger)
    add(ledger, 1)
    if is_closed:
        ledger.cancel_job(job_id)
    assert ledger.verify().problems == []
    assert callable(damage)
    damage(path)
    for report in (ledger.verify(), verify_directory(ledger.directory)):
        [problem] = report.problems
        assert (problem.kind, problem.path) == ("media", str(path))
        assert f"the file of job {job_id} {said}" in problem.message
        assert "put it back from a backup" in problem.message


def test_verify_tells_of_files_that_no_job_has(ledger: Ledger) -> None:
    job_id, _ = add(ledger)
    add(ledger, 1)
    ledger.remove_job(job_id)
    report = ledger.verify()
    assert report.problems == []
    assert [note for note in report.notes if "1 of 2 files" in note and "of no job" in note]


def test_verify_looks_where_the_files_of_a_ledger_in_memory_are(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(40, 30))
    post = Post([Part("Look", media=[Media(str(tmp_path / "a.png"))])])
    with Ledger("memory:", media=tmp_path / "media") as ledger:
        ledger.add_job("shop", "", ledger.now() + DAY, post=post)
        assert ledger.verify().problems == []
        [path] = (tmp_path / "media").glob("*/??/*")
        path.unlink()
        assert [problem.kind for problem in ledger.verify().problems] == ["media"]


# -- copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("read_only", [False, True])
def test_a_backup_has_the_files(
    ledger: Ledger, tmp_path: Path, clock: ManualClock, read_only: bool
) -> None:
    _, path = add(ledger)
    gone, _ = add(ledger, 1)
    ledger.cancel_job(gone)
    clock.advance(31 * DAY)
    ledger.remove_media()
    with Ledger(ledger.directory, clock=clock, read_only=read_only) as handle:
        handle.backup(tmp_path / "copy")
    copy = tmp_path / "copy" / path.relative_to(ledger.directory)
    assert copy.read_bytes() == path.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert verify_directory(tmp_path / "copy").problems == []


def test_a_backup_without_a_file_that_is_needed_is_none(ledger: Ledger, tmp_path: Path) -> None:
    _, path = add(ledger)
    path.unlink()
    with pytest.raises(LedgerCorruptError, match="is not there"):
        ledger.backup(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_mirror_says_that_it_has_no_files(ledger: Ledger, tmp_path: Path) -> None:
    add(ledger)
    with ledger.mirror(tmp_path / "mirror") as mirror:
        mirror.catch_up()
    report = verify_directory(tmp_path / "mirror")
    assert report.problems == []
    assert "files of posts are not here, and were not looked at" in report.notes


# -- a runner -------------------------------------------------------------------------------------


def test_a_runner_cleans_up_at_its_start(tmp_path: Path) -> None:
    with Ledger(tmp_path / "jobs") as ledger:
        job_id, path = add(ledger)
        ledger.remove_job(job_id)
    age(path, 2)

    async def main(scheduler: Scheduler) -> None:
        await scheduler.start(lambda account, content: PostResult(True))
        await eventually_async(lambda: not path.exists(), "the file is removed")
        await scheduler.stop()

    with Scheduler(tmp_path / "jobs") as scheduler:
        asyncio.run(main(scheduler))


def test_once_a_day_it_looks_again() -> None:
    clock, calls = ManualClock(NOON), list[int]()

    def remove() -> list[str]:
        calls.append(1)
        return []

    upkeep = MediaUpkeep(remove, clock.now)
    for days in (0, 0.5, 0.4, 0.2):
        clock.advance(days * DAY)
        upkeep.look()
        if upkeep._thread is not None:
            upkeep._thread.join()
    assert len(calls) == 2


def test_a_failure_of_it_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def remove() -> list[str]:
        raise StorageError("the disk is gone", path="x")

    upkeep = MediaUpkeep(remove, ManualClock(NOON).now)
    upkeep._run()
    assert "could not be cleaned up" in caplog.text
