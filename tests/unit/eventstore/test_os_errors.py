"""What the system refuses is told in one line: which path, why, and the way out."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.eventstore import NOON, WatchedFileSystem

from jobledger import Ledger, ManualClock, StorageError
from jobledger.eventstore.engines.files.filesystem import FileSystem, storage_error
from jobledger.eventstore.engines.files.os_errors import CannotSyncError

WAYS_OUT = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "quota .* make room",
    errno.EROFS: "mounted read-only: mount it for writing",
    errno.ENAMETOOLONG: "shorter",
    errno.ELOOP: "symbolic link",
    errno.EACCES: f"permissions; this process runs as user {os.geteuid()}",
    errno.EPERM: "owner",
    errno.EMFILE: "ulimit -n",
    errno.ENFILE: "files open",
    errno.EIO: "disk",
    errno.ENOTDIR: "give a directory",
    errno.EISDIR: "move it elsewhere",
}


def said(error: StorageError) -> str:
    """Return what a person reads."""
    text = str(error)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("number", WAYS_OUT, ids=errno.errorcode.get)
def test_a_refusal_names_the_path_the_cause_and_the_way_out(number: int) -> None:
    path = Path("/srv/jobs/HEAD")
    text = said(storage_error("write", path, OSError(number, os.strerror(number))))
    assert text.startswith(f"cannot write {path}: {os.strerror(number)} (")
    assert re.search(WAYS_OUT[number], text)


def test_a_refusal_names_the_other_path_that_it_is_about() -> None:
    """The directory above, say, or a temporary file."""
    path = Path("/srv/jobs")
    error = PermissionError(errno.EACCES, "Permission denied", "/srv")
    assert "cannot open /srv/jobs: /srv: Permission denied" in said(
        storage_error("open", path, error)
    )
    error.filename = str(path)
    assert "cannot open /srv/jobs: Permission denied" in said(storage_error("open", path, error))


@pytest.mark.parametrize("number", WAYS_OUT, ids=errno.errorcode.get)
def test_whatever_the_disk_refuses_a_ledger_says_so(directory: Path, number: int) -> None:
    """When it is made, and when it is written to."""
    disk, clock = WatchedFileSystem(), ManualClock(NOON)
    disk.fail("write", ".events_", OSError(number, os.strerror(number)))
    with pytest.raises(StorageError, match=WAYS_OUT[number]) as caught:
        Ledger(directory, clock=clock, fs=disk)
    assert str(directory) in said(caught.value)
    with Ledger(directory, clock=clock, fs=disk) as ledger:
        disk.fail("write", "events_", OSError(number, os.strerror(number)))
        with pytest.raises(StorageError, match=WAYS_OUT[number]) as caught:
            ledger.add_job("a", "text", clock.now())
        assert "events_2026-03-01.jsonl" in said(caught.value)


# -- real ones -------------------------------------------------------------------------------------


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    for directory in (tmp_path / ("x" * 300), tmp_path / "/".join(["x" * 200] * 30)):
        with pytest.raises(StorageError, match=r"too long.*shorter") as caught:
            Ledger(directory)
        assert "File name too long" in said(caught.value)


def test_links_that_lead_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "other")
    (tmp_path / "other").symlink_to(tmp_path / "one")
    for directory in (tmp_path / "one", tmp_path / "one" / "jobs"):
        with pytest.raises(StorageError, match="link") as caught:
            Ledger(directory)
        assert str(directory) in said(caught.value)


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """Make a ledger on a file system that has been mounted read-only since."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting a tmpfs is not possible here: {done.stderr.strip()}")
    try:
        with Ledger(place / "jobs", clock=ManualClock(NOON)) as ledger:
            ledger.add_job("a", "text", NOON)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_mounted_read_only_is_told_and_can_be_looked_at(
    read_only_disk: Path,
) -> None:
    for directory in (read_only_disk / "jobs", read_only_disk / "new"):
        with pytest.raises(StorageError, match=r"Read-only file system.*mount it for writing"):
            Ledger(directory)
    with Ledger(read_only_disk / "jobs", read_only=True) as ledger:
        assert len(ledger.list_jobs()) == 1
        assert ledger.verify().ok


# -- directories that cannot be synced -------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_a_directory_is_no_place_for_a_ledger(
    directory: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """What is acknowledged would not be certain: the error says so, and where to go."""
    monkeypatch.setattr(os, "fsync", _refusing(number))
    with pytest.raises(StorageError, match=r"cannot sync a directory.*local disk") as caught:
        Ledger(directory, clock=ManualClock(NOON))
    assert str(directory) in said(caught.value)


def test_another_error_of_such_a_sync_is_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _refusing(errno.EIO))
    with pytest.raises(OSError, match="Input/output error") as caught:
        FileSystem().sync_directory(tmp_path)
    assert not isinstance(caught.value, CannotSyncError)


def test_directories_above_that_cannot_be_synced_are_passed_over(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are of another file system, which the ledger is only mounted in."""
    fsync, above = os.fsync, directory.parent.parent.stat().st_ino

    def refused_above(fd: int) -> None:
        if os.fstat(fd).st_ino == above:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", refused_above)
    Ledger(directory, clock=ManualClock(NOON)).close()


def _refusing(number: int) -> Callable[[int], None]:
    def refused(fd: int) -> None:
        raise OSError(number, os.strerror(number))

    return refused
