"""Opening a ledger directory: what is made, what is refused, and what a reader leaves untouched."""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from support.eventstore import (
    LogDirectory,
    Seen,
    WatchedFileSystem,
    contents,
    lines_of,
    new,
    reseal,
)

from jobledger import LedgerCorruptError, StorageError, ValidationError


@pytest.fixture
def written(ledger: LogDirectory) -> LogDirectory:
    """Two days with a record each, closed."""
    ledger.write([new("a", 1)])
    ledger.clock.advance(timedelta(days=1))
    ledger.write([new("a", 2)])
    return ledger


# -- making ----------------------------------------------------------------------------------------


def test_opening_makes_the_directory_and_what_is_above_it(tmp_path: Path) -> None:
    """The ledger's own directory is private; those above are as the umask says."""
    ledger = LogDirectory(tmp_path / "deep" / "down" / "ledger")
    ledger.load().append([new("a", 1)])
    ledger.close()
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o700
    assert len(ledger.days()) == 1


def test_opening_again_makes_no_second_ledger(written: LogDirectory) -> None:
    """The identity is in the first header, and no file is changed by opening."""
    before = written.files()
    first = written.open().identity
    assert written.load().identity == first
    assert written.files() == before


def test_another_time_zone_is_refused_and_changes_nothing(written: LogDirectory) -> None:
    """It is fixed in the first header."""
    before = written.files()
    with pytest.raises(ValidationError, match="UTC") as caught:
        written.open(timezone="Europe/Berlin")
    assert caught.value.field == "timezone"
    assert written.files() == before


def test_a_copy_without_locks_and_head_is_a_ledger(written: LogDirectory) -> None:
    """The day files are the log; all else is made again."""
    copy = written.crashed("copy")
    for path in [copy.head, *copy.path.glob("*.lock")]:
        path.unlink()
    store = copy.load()
    store.append([new("a", 3)])
    assert [r.seq for r in store.read()] == [1, 2, 3]
    copy.close()


# -- refusing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [0, 1], ids=["first file", "newest file"])
@pytest.mark.parametrize("read_only", [False, True], ids=["to write", "to read"])
def test_a_newer_format_is_refused_and_nothing_is_changed(
    written: LogDirectory, day: int, read_only: bool
) -> None:
    """It is no damage: the hint is to upgrade."""
    path = written.days()[day]
    lines = lines_of(path)
    lines[0] = reseal(lines[0], format=2, something_new=True)
    path.write_bytes(b"".join(lines))
    before = written.files()
    with pytest.raises(StorageError, match="newer") as caught:
        written.load(read_only=read_only)
    assert not isinstance(caught.value, LedgerCorruptError)
    assert caught.value.path == str(path)
    assert caught.value.hint is not None
    assert "upgrade" in caught.value.hint
    assert written.files() == before


@pytest.mark.parametrize("below", ["", "ledger"], ids=["in its place", "above it"])
@pytest.mark.parametrize("read_only", [False, True], ids=["to write", "to read"])
def test_a_file_where_the_directory_should_be_is_refused(
    tmp_path: Path, below: str, read_only: bool
) -> None:
    """With the path and what to do."""
    file = tmp_path / "file"
    file.write_bytes(b"mine")
    ledger = LogDirectory(file / below)
    with pytest.raises(StorageError) as caught:
        ledger.open(read_only=read_only)
    assert caught.value.path == str(ledger.path)
    assert caught.value.hint is not None
    assert "directory" in caught.value.hint
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write where others may not")
def test_a_directory_that_may_not_be_written_is_refused(written: LogDirectory) -> None:
    """With the path and what to do; it can still be read."""
    for path in written.path.iterdir():
        path.chmod(0o400)
    written.path.chmod(0o500)
    try:
        with pytest.raises(StorageError) as caught:
            written.open()
        assert caught.value.path is not None
        assert caught.value.path.startswith(str(written.path))
        assert caught.value.hint is not None
        assert "permissions" in caught.value.hint
        assert written.load(read_only=True).seq == 2
    finally:
        written.path.chmod(0o700)


def test_a_disk_that_refuses_to_make_the_ledger_says_why(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """Nothing is open afterwards, and a later opening starts from the beginning."""
    disk.fail("write", ".events_", PermissionError(13, "Permission denied"))
    with pytest.raises(StorageError) as caught:
        ledger.open(fs=disk)
    assert caught.value.path is not None
    assert caught.value.hint is not None
    assert "permissions" in caught.value.hint
    assert ledger.load().seq == 0


def test_a_directory_of_another_schedulers_files_is_refused_untouched(
    ledger: LogDirectory,
) -> None:
    """A new ledger would take the names of its files."""
    ledger.path.mkdir()
    (ledger.path / "jobs_2026-03-01.json").write_bytes(b'{"jobs": []}')
    with pytest.raises(StorageError) as caught:
        ledger.open()
    assert caught.value.path == str(ledger.path)
    assert caught.value.hint is not None
    assert ledger.files() == {"jobs_2026-03-01.json": b'{"jobs": []}'}


def test_a_symbolic_link_in_place_of_a_file_is_not_followed(
    written: LogDirectory, tmp_path: Path
) -> None:
    """Nobody can make a ledger write somewhere else."""
    target = tmp_path / "target"
    written.log.rename(target)
    written.days()
    (written.path / "events_2026-03-02.jsonl").symlink_to(target)
    before = target.read_bytes()
    with pytest.raises(StorageError) as caught:
        written.load()
    assert caught.value.hint is not None
    assert "symbolic link" in caught.value.hint
    assert target.read_bytes() == before


# -- reading only ----------------------------------------------------------------------------------


def test_a_read_only_handle_makes_no_ledger(ledger: LogDirectory) -> None:
    """Neither a directory nor, in an empty one, a file."""
    with pytest.raises(StorageError) as caught:
        ledger.open(read_only=True)
    assert caught.value.path == str(ledger.path)
    assert not ledger.path.exists()

    ledger.path.mkdir()
    with pytest.raises(StorageError, match="no ledger") as caught:
        ledger.open(read_only=True)
    assert caught.value.hint is not None
    assert ledger.files() == {}


def test_a_read_only_handle_reads_and_changes_nothing(
    written: LogDirectory, disk: WatchedFileSystem
) -> None:
    """It opens no file for writing, takes no lock and syncs nothing."""
    before = written.files()
    seen = Seen()
    store = written.load(observer=seen, fs=disk, read_only=True)
    assert seen.seqs == [1, 2]
    assert [r.seq for r in store.read()] == [1, 2]
    with pytest.raises(StorageError, match="read-only"):
        store.append([new("a", 3)])
    store.sync()
    store.close()
    assert disk.calls == []
    assert written.files() == before


def test_a_read_only_handle_reads_a_copy_without_head(written: LogDirectory) -> None:
    """All that is sound is shown; there is nothing that says how far it was acknowledged."""
    copy = written.crashed("copy")
    for path in [copy.head, *copy.path.glob("*.lock")]:
        path.unlink()
    before = copy.files()
    assert copy.load(read_only=True).seq == 2
    copy.close()
    assert copy.files() == before


def test_a_read_only_handle_follows_a_writer(written: LogDirectory) -> None:
    """Over the end of a day too."""
    seen = Seen()
    reader, writer = written.load(observer=seen, read_only=True), written.load()
    writer.append([new("a", 3)])
    written.clock.advance(timedelta(days=1))
    writer.append([new("a", 4)])
    assert reader.changed()
    reader.refresh()
    assert seen.seqs == [1, 2, 3, 4]
    assert not reader.changed()
