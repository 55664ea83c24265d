"""Where a ledger may be, and files that somebody puts, removes or replaces in its directory."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from support.eventstore import NOON, LogDirectory, Seen, new

from jobledger import Ledger, ManualClock, Scheduler, StorageError
from jobledger.eventstore.engines.files import places
from jobledger.eventstore.engines.files.directory_check import is_network
from jobledger.eventstore.engines.files.engine import FileEngine
from jobledger.eventstore.engines.files.filesystem import FileIdentity, FileSystem

# -- whose it is -----------------------------------------------------------------------------------


@pytest.fixture
def another_user(monkeypatch: pytest.MonkeyPatch) -> int:
    """From the outside it looks as if somebody else ran this process."""
    user = os.geteuid() + 1000
    monkeypatch.setattr(os, "geteuid", lambda: user)
    return user


def test_another_users_directory_is_refused_for_writing(
    ledger: LogDirectory, another_user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files made there would shut its owner out; looking at it stays possible."""
    ledger.path.mkdir()
    with pytest.raises(StorageError, match=f"belongs to user .*, not to {another_user}"):
        ledger.open()
    assert list(ledger.path.iterdir()) == []
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", os.getuid)
        ledger.write([new("a", 1)])
    assert ledger.load(read_only=True).seq == 1


@pytest.mark.parametrize("name", ["events_2026-03-01.jsonl", "HEAD", "append.lock"])
def test_another_users_file_is_refused(
    ledger: LogDirectory, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that somebody else could put there is not written to."""
    ledger.write([new("a", 1)])
    fstat = os.fstat
    foreign = (ledger.path / name).stat().st_ino

    def lying(fd: int) -> os.stat_result:
        status = fstat(fd)
        if status.st_ino != foreign:
            return status
        fields = list(status)
        fields[4] = os.geteuid() + 1
        return os.stat_result(fields)

    monkeypatch.setattr(os, "geteuid", lambda: ledger.path.stat().st_uid or 4711)
    monkeypatch.setattr(FileSystem, "check_owner", lambda self, directory: None)
    monkeypatch.setattr(os, "fstat", lying)
    with pytest.raises(StorageError, match="belongs to user"):
        ledger.load()


# -- on a network ----------------------------------------------------------------------------------


class OnNetwork(FileSystem):
    def kind_of(self, directory: Path) -> str | None:
        return "nfs4"


def test_a_network_file_system_is_refused_unless_it_is_allowed(
    ledger: LogDirectory, directory: Path
) -> None:
    """The error says what does not hold there; a reader need not be told."""
    with pytest.raises(StorageError, match=r"network file system \(nfs4\).*allow_network"):
        ledger.open(fs=OnNetwork())
    assert list(ledger.path.iterdir()) == []
    ledger.load(fs=OnNetwork(), allow_network=True).append([new("a", 1)])
    assert ledger.load(fs=OnNetwork(), read_only=True).seq == 1
    with pytest.raises(StorageError, match="network"):
        Ledger(directory, fs=OnNetwork())
    Ledger(directory, fs=OnNetwork(), allow_network=True).close()


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.rclone"])
def test_these_are_networks(kind: str) -> None:
    """As the kernel names them."""
    assert is_network(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuseblk", "9p"])
def test_these_are_not(kind: str) -> None:
    """What containers and virtual machines show of a local disk is let by as well."""
    assert not is_network(kind)


def test_the_kind_of_a_real_directory_is_found(tmp_path: Path) -> None:
    """Where the system lists its mounts."""
    if not Path("/proc/self/mountinfo").exists():
        pytest.skip("the system does not list its mounts in /proc")
    assert FileSystem().kind_of(Path("/proc")) == "proc"
    assert FileSystem().kind_of(tmp_path) != "proc"


# -- what is not a file ----------------------------------------------------------------------------

NAMES = [
    "events_2026-03-01.jsonl", "HEAD", "append.lock", "projections.lock", "jobs_2026-03-01.json",
    "snapshot_daily_files.json",
]  # fmt: skip


@pytest.fixture
def written(directory: Path) -> Path:
    """Make a closed ledger with all its files."""
    clock = ManualClock(NOON)
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now())
    assert {path.name for path in directory.iterdir()} == set(NAMES)
    return directory


def work(directory: Path) -> None:
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        ledger.add_job("a", "x", ledger.now())
        ledger.write_behind()


NEEDED, DERIVED = NAMES[:4], NAMES[4:]


@pytest.mark.parametrize("name", NEEDED)
def test_a_link_in_a_files_place_is_not_followed(written: Path, tmp_path: Path, name: str) -> None:
    """Neither read nor written: what it points at stays as it is."""
    target = tmp_path / "precious"
    (written / name).rename(target)
    before = target.read_bytes()
    (written / name).symlink_to(target)
    with pytest.raises(StorageError, match="symbolic link"):
        work(written)
    assert target.read_bytes() == before


@pytest.mark.parametrize("name", DERIVED)
def test_a_link_in_a_derived_files_place_is_replaced(
    written: Path, tmp_path: Path, name: str
) -> None:
    """It stops nothing, and what it points at stays as it is."""
    target = tmp_path / "precious"
    (written / name).rename(target)
    before = target.read_bytes()
    (written / name).symlink_to(target)
    work(written)
    assert target.read_bytes() == before
    assert not (written / name).is_symlink()


@pytest.mark.parametrize("name", [".jobs_2026-03-01.json.tmp", ".snapshot_daily_files.json.tmp"])
def test_a_link_in_a_temporary_files_place_is_not_followed(
    written: Path, tmp_path: Path, name: str
) -> None:
    """Nor is what it points at cut to nothing: a temporary file is always made anew."""
    target = tmp_path / "precious"
    target.write_text("precious")
    (written / name).symlink_to(target)
    work(written)
    assert target.read_text() == "precious"
    assert not (written / name).is_symlink()


@pytest.mark.parametrize("name", NEEDED)
def test_a_pipe_in_a_files_place_is_refused_at_once(written: Path, name: str) -> None:
    """Opening it does not wait for ever."""
    (written / name).unlink()
    os.mkfifo(written / name)
    with pytest.raises(StorageError, match="not a regular file"):
        work(written)


# -- what is removed beneath a live handle ---------------------------------------------------------


def test_head_removed_beneath_a_live_handle_is_made_again(ledger: LogDirectory) -> None:
    """What it appends afterwards is seen by everybody else at once."""
    writer, seen = ledger.load(), Seen()
    writer.append([new("a", 1)])
    reader = ledger.load(read_only=True, observer=seen)
    ledger.head.unlink()
    writer.append([new("a", 2)])
    assert ledger.head.exists()
    assert reader.changed()
    reader.refresh()
    assert seen.seqs == [1, 2]


def test_head_replaced_beneath_live_handles_is_the_one_they_use(ledger: LogDirectory) -> None:
    """As by a backup program that writes it back."""
    writer = ledger.load()
    writer.append([new("a", 1)])
    other = ledger.load()
    copy = ledger.path / "copy"
    copy.write_bytes(ledger.head.read_bytes())
    copy.rename(ledger.head)
    writer.append([new("a", 2)])
    assert other.changed()
    other.append([new("a", 3)])
    writer.refresh()
    assert writer.seq == other.seq == 3


def test_a_removed_lock_file_locks_nobody_out_and_nobody_in(ledger: LogDirectory) -> None:
    """Handles that had it open and those that come later take turns under the same new one."""
    first = ledger.load()
    first.append([new("a", 1)])
    (ledger.path / "append.lock").unlink()
    second = ledger.load()
    fs = FileSystem()
    fd = fs.open_write(ledger.path / "append.lock")
    second.append([new("a", 2)])
    first.append([new("a", 3)])
    assert os.fstat(fd).st_nlink == 1, "it was made once"
    engine = first._engine
    assert isinstance(engine, FileEngine)
    assert engine.turn()._identity == fs.identity(fd)
    fs.close(fd)


class AlwaysReplaced(FileSystem):
    """Somebody replaces the lock's file each time that it was opened."""

    def named_size(self, path: Path, identity: FileIdentity, fd: int | None = None) -> int:
        if path.name == "append.lock":
            raise FileNotFoundError(errno.ENOENT, "the file was renamed or replaced")
        return super().named_size(path, identity, fd)


def test_a_lock_that_is_replaced_again_and_again_is_given_up(ledger: LogDirectory) -> None:
    """Nobody tries for ever; nothing was written."""
    ledger.load().close()
    before = ledger.files()
    with pytest.raises(StorageError, match="replaced again and again"):
        ledger.load(fs=AlwaysReplaced())
    assert ledger.files() == before


# -- modes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0, 0o777], ids=oct)
def test_derived_files_are_0600_whatever_the_umask(
    directory: Path, restored_umask: None, umask: int
) -> None:
    """They hold the same texts as the log."""
    os.umask(umask)
    clock = ManualClock(NOON)
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now())
        scheduler.write_behind()
        (directory / "jobs_2001-01-01.json").write_text("{}")
        (directory / "jobs_2001-01-01.json").chmod(0o600)
        scheduler.rebuild()
    names = {path.name for path in directory.iterdir()}
    assert {*NAMES, "runner.lock"} < names
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


def test_where_the_system_does_not_say_the_kind_of_file_system_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: str) -> bytes:
        raise PermissionError

    monkeypatch.setattr(places, "read_whole", refused)
    assert FileSystem().kind_of(tmp_path) is None
    mounts = b"1 2 250:7 / / rw - ext4 /dev/x rw"
    monkeypatch.setattr(places, "read_whole", lambda path: mounts)
    assert FileSystem().kind_of(tmp_path) is None
