"""A file that is in memory is kept as one that has a path is, before any job has it."""

from __future__ import annotations

import errno
import os
import stat
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from support.durability import LEDGER
from support.media import png

from jobledger import Ledger, ManualClock, Media, Part, Post, StorageError, ValidationError
from jobledger.eventstore.engines.files.lock import Patience
from jobledger.ledger.media_bytes import keep_bytes
from jobledger.ledger.media_store import MediaStore
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Fault, FaultyFileSystem


def test_it_is_there_by_its_bytes_and_any_job_may_have_it(
    tmp_path: Path, clock: ManualClock
) -> None:
    with Ledger(tmp_path / "jobs", clock=clock) as ledger:
        file = ledger.add_media(png(40, 30))
        assert (file.kind, file.width, file.height, file.size) == ("png", 40, 30, len(png(40, 30)))
        path = ledger.media_path(file.sha256)
        assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (png(40, 30), 0o600)
        assert ledger.add_media(png(40, 30)) == file, "once"
        post = Post([Part("Look", [Media("cat.png", "A cat", file)])])
        job = ledger.get_job(ledger.add_job("shop", "", clock.now(), post=post))
        assert job.post == post
        assert ledger.verify().ok


def test_one_that_no_job_has_is_left_alone_for_a_day(tmp_path: Path, clock: ManualClock) -> None:
    with Ledger(tmp_path / "jobs", clock=clock) as ledger:
        file = ledger.add_media(png())
        assert ledger.remove_media(timedelta(0)) == []
        path = ledger.media_path(file.sha256)
        old = path.stat().st_mtime - 25 * 3600
        os.utime(path, (old, old))
        assert ledger.remove_media(timedelta(0)) == [file.sha256]


def test_what_may_not_be_kept_leaves_nothing(tmp_path: Path, clock: ManualClock) -> None:
    with Ledger(tmp_path / "jobs", clock=clock, most_media_bytes=200) as ledger:
        for data, says in (
            (b"text", "no PNG"),
            (png()[:30], "broken"),
            (png() + bytes(200), "200"),
        ):
            with pytest.raises(ValidationError, match=says):
                ledger.add_media(data)
        assert list((tmp_path / "jobs" / "media").glob("??/*")) == []
    with (
        Ledger("memory:bytes", clock=clock) as ledger,
        pytest.raises(ValidationError, match="keeps no files"),
    ):
        ledger.add_media(png())
    with (
        Ledger(tmp_path / "jobs", clock=clock, read_only=True) as ledger,
        pytest.raises(StorageError),
    ):
        ledger.add_media(png())


def test_a_power_cut_leaves_what_was_said_to_be_kept_whole(clock: ManualClock) -> None:
    disk = SimulatedDisk()
    with Ledger(LEDGER, clock=clock, fs=disk) as ledger:
        name = ledger.add_media(png(40, 30)).sha256
    for seed in range(60):
        left = disk.crash(Random(seed))
        with Ledger(LEDGER, clock=clock, fs=left) as ledger:
            assert left.read_file(ledger.media_path(name)) == png(40, 30)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_has_nothing_half_written(clock: ManualClock, error: int) -> None:
    """Each operation once: it is there and whole, or it is said that it is not."""
    for number in range(1, 40):
        disk = SimulatedDisk()
        failing = FaultyFileSystem(disk, Fault(number, error))
        Ledger(LEDGER, clock=clock, fs=disk).close()
        store = MediaStore(failing, LEDGER / "media", Patience())
        try:
            kept = keep_bytes(store, png())
        except StorageError:
            sound = MediaStore(disk, LEDGER / "media", Patience())
            assert [name for name in sound.entries() if name.startswith(".")] == []
            kept = keep_bytes(sound, png())
        else:
            if len(failing.operations) < number:
                break
        assert disk.read_file(store.path_of(kept.sha256)) == png()
    else:
        raise AssertionError("it never came to its end")
