"""Whose a ledger's files are: the owner's of its directory, whoever has made them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.domain import NOON
from support.durability import saving_snapshots, without_background
from support.eventstore import LogDirectory, append_bytes, new
from support.tiers import one_in
from support.users import User, as_root, place_for_all

from jobledger import Change, Ledger, ManualClock, PostResult, Scheduler, StorageError
from jobledger.eventstore.engines.files import owner
from jobledger.eventstore.engines.files.filesystem import FileSystem, storage_errors
from jobledger.eventstore.engines.files.repair import repair_directory
from jobledger.integrity.sealing import seal_days
from jobledger.integrity.seals import SigningKey
from jobledger.integrity.verify import verify_directory
from jobledger.tools.files import write_out

SERVICE, OTHER, GROUP = 12345, 12346, 2000
DAY = timedelta(days=1)


@pytest.fixture
def place() -> Iterator[Path]:
    with place_for_all() as directory:
        yield directory


@pytest.fixture
def service() -> User:
    """Give the user of a service."""
    return User(SERVICE, SERVICE)


@pytest.fixture
def his(place: Path) -> Path:
    """Make the service's ledger, which it has used."""
    jobs = place / "jobs"
    jobs.mkdir(0o700)
    os.chown(jobs, SERVICE, SERVICE)
    return jobs


def not_of(uid: int, directory: Path) -> list[str]:
    """List the files, however deep, that are somebody else's."""
    return sorted(
        str(path.relative_to(directory))
        for path in [directory, *directory.rglob("*")]
        if path.lstat().st_uid != uid
    )


# -- the administrator -----------------------------------------------------------------------------


class Counts:
    name = "counts.txt"

    def apply(self, change: Change) -> None:
        pass

    def render(self) -> bytes:
        return b"counts"


def add(directory: Path, clock: ManualClock) -> None:
    with Ledger(directory, clock=clock, projections=[Counts]) as ledger:
        ledger.add_job("a", "by root", clock.now())


def cross_midnight(directory: Path, clock: ManualClock) -> None:
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "by root", clock.now())
        clock.advance(DAY)
        scheduler.run_due(lambda *post: PostResult(True))


def rebuild(directory: Path, clock: ManualClock) -> None:
    for path in directory.glob("jobs_*"):
        path.unlink()
    with Ledger(directory, clock=clock, projections=[Counts]) as ledger:
        ledger.rebuild()


def rebuild_what_was_foreign(directory: Path, clock: ManualClock) -> None:
    (directory / "jobs_2001-01-01.json").write_text("{}")
    os.chown(directory / "jobs_2001-01-01.json", SERVICE, SERVICE)
    rebuild(directory, clock)


def seal(directory: Path, clock: ManualClock) -> None:
    seal_days(directory, SigningKey.generate(), at=clock.now(), today=True)


def repair_damage(directory: Path, clock: ManualClock) -> None:
    log = max(directory.glob("events_*"))
    log.write_bytes(log.read_bytes().replace(b"text", b"TEXT"))
    assert repair_directory(FileSystem(), directory, clock.now()) is not None
    add(directory, clock)


def cut_a_torn_tail(directory: Path, clock: ManualClock) -> None:
    append_bytes(max(directory.glob("events_*")), b'{"seq":')
    add(directory, clock)
    assert list(directory.glob("*.torn-*"))


def make_head_and_locks_anew(directory: Path, clock: ManualClock) -> None:
    for path in (directory / "HEAD", *directory.glob("*.lock")):
        path.unlink()
    cross_midnight(directory, clock)


def find_an_old_temporary_file(directory: Path, clock: ManualClock) -> None:
    """As a command of root's that was killed has left it."""
    (directory / ".snapshot_daily_files.json.tmp").write_text("{")
    add(directory, clock)


def only_look(directory: Path, clock: ManualClock) -> None:
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        assert ledger.list_jobs()
        assert ledger.verify().ok


WORK = [
    add, cross_midnight, rebuild, rebuild_what_was_foreign, seal, repair_damage, cut_a_torn_tail,
    make_head_and_locks_anew, find_an_old_temporary_file, only_look,
]  # fmt: skip


@as_root
@pytest.mark.parametrize("work", one_in(2, WORK), ids=lambda work: work.__name__)
def test_what_root_does_in_a_ledger_locks_its_user_out_of_nothing(
    his: Path, service: User, work: Callable[[Path, ManualClock], None]
) -> None:
    assert service.adds(his, "text") == ""
    clock = ManualClock(verify_directory(his).exported_head.at)  # type: ignore[union-attr,arg-type]
    with without_background(), saving_snapshots(1):
        work(his, clock)
    assert not_of(SERVICE, his) == []
    wide = [path for path in his.rglob("*") if path.stat().st_mode & 0o077]
    assert wide in ([], [his / "jobs_2001-01-01.json.foreign"])
    assert service.adds(his) == ""


@as_root
def test_a_ledger_that_root_makes_in_somebodys_directory_is_that_users(
    place: Path, service: User
) -> None:
    """The directories on the way as well."""
    os.chown(place, SERVICE, SERVICE)
    add(place / "deep" / "jobs", ManualClock(NOON))
    assert not_of(SERVICE, place) == []
    assert stat.S_IMODE((place / "deep" / "jobs").stat().st_mode) == 0o700
    assert service.adds(place / "deep" / "jobs") == ""


@as_root
def test_what_root_hands_out_stays_roots(place: Path) -> None:
    """A key, say: what is no part of a ledger is given to nobody."""
    os.chown(place, SERVICE, SERVICE)
    write_out(str(place / "key"), b"secret")
    assert (place / "key").stat().st_uid == 0


@as_root
@pytest.mark.parametrize("name", ["append.lock", "projections.lock", "HEAD"])
def test_a_file_of_roots_that_is_there_already_is_told_with_the_way_out(
    his: Path, service: User, name: str
) -> None:
    """As an older release has left it."""
    assert service.adds(his) == ""
    os.chown(his / name, 0, 0)
    said = service.adds(his)
    assert f"{name}: " in said
    assert str(SERVICE) in said
    os.chown(his / name, SERVICE, SERVICE)
    assert service.adds(his) == ""


# -- shared with a group ---------------------------------------------------------------------------


@as_root
@pytest.mark.parametrize("mode", [0o2775, 0o2770, 0o775], ids=oct)
def test_a_volume_that_root_has_given_to_a_group_is_a_place_for_a_ledger(
    place: Path, service: User, mode: int
) -> None:
    """For any member, also after another, and after root; nobody else can read what is in it."""
    os.chown(place, 0, GROUP)
    place.chmod(mode)
    one, other = User(SERVICE, SERVICE, GROUP), User(OTHER, OTHER, GROUP)
    assert one.adds(place) == ""
    with Ledger(place) as ledger:
        ledger.add_job("a", "by root", ledger.now())
    assert other.adds(place) == ""
    assert one.adds(place) == ""
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o660}
    assert {path.stat().st_gid for path in place.iterdir()} == {GROUP}
    assert User(OTHER, OTHER).run("-c", f"open({str(place / 'HEAD')!r})").returncode != 0


@as_root
def test_a_directory_that_is_made_in_a_shared_one_is_shared(place: Path, service: User) -> None:
    """Else the first to make it, root say, would lock all others out."""
    os.chown(place, 0, GROUP)
    place.chmod(0o2775)
    with Ledger(place / "jobs") as ledger:
        ledger.add_job("a", "by root", ledger.now())
    assert stat.S_IMODE((place / "jobs").stat().st_mode) == 0o2770
    assert User(SERVICE, SERVICE, GROUP).adds(place / "jobs") == ""
    assert "Permission denied" in User(OTHER, OTHER).adds(place / "jobs")


@as_root
def test_in_a_shared_directory_a_file_of_another_group_is_not_written(
    place: Path, service: User
) -> None:
    """Somebody outside has put it there, or it was copied there by hand."""
    os.chown(place, 0, GROUP)
    place.chmod(0o2775)
    one = User(SERVICE, SERVICE, GROUP)
    assert one.adds(place) == ""
    os.chown(place / "HEAD", OTHER, OTHER)
    (place / "HEAD").chmod(0o666)
    assert f"belongs to user {OTHER}" in one.adds(place)


@as_root
def test_a_directory_that_is_not_ours_is_told_with_the_way_out(place: Path, service: User) -> None:
    """Root's with a mode for root alone, and another user's."""
    for uid, mode in ((0, 0o755), (OTHER, 0o755), (OTHER, 0o775)):
        os.chown(place, uid, SERVICE)
        place.chmod(mode)
        said = service.adds(place)
        assert f"belongs to user {uid}, not to {SERVICE}" in said
        assert f"chown -R {SERVICE} {place}" in said
    assert list(place.iterdir()) == []


# -- with pretended users --------------------------------------------------------------------------


class Given:
    """What the system is asked to give to whom, by somebody who seems to be root."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, user: int = 0) -> None:
        self.calls: list[tuple[str, int, int]] = []
        self.refusal: OSError | None = None
        self._owners: dict[int, tuple[int, int]] = {}
        stat_, fstat = os.stat, os.fstat

        def chown(target: Any, uid: int, gid: int) -> None:
            path = os.readlink(f"/proc/self/fd/{target}") if isinstance(target, int) else target
            self.calls.append((Path(path).name, uid, gid))
            if self.refusal is not None:
                raise self.refusal

        def look(target: Any, **how: Any) -> os.stat_result:
            found = stat_(target, **how)
            return self._as_it_seems(found)

        monkeypatch.setattr(os, "geteuid", lambda: user)
        monkeypatch.setattr(os, "chown", chown)
        monkeypatch.setattr(os, "stat", look)
        monkeypatch.setattr(os, "fstat", lambda fd: self._as_it_seems(fstat(fd)))

    def belongs(self, path: Path, uid: int, gid: int, mode: int | None = None) -> None:
        self._owners[path.stat().st_ino] = uid, gid
        if mode is not None:
            path.chmod(mode)

    def _as_it_seems(self, found: os.stat_result) -> os.stat_result:
        fields = list(found)
        fields[4:6] = self._owners.get(found.st_ino, (os.geteuid(), 0))
        return os.stat_result(fields, {"st_ctime_ns": found.st_ctime_ns})


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_every_file_that_root_makes_is_given_away_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is in it, and before it has its name."""
    ledger = LogDirectory(tmp_path / "ledger")
    ledger.path.mkdir(0o700)
    given = Given(monkeypatch)
    given.belongs(ledger.path, SERVICE, GROUP)
    ledger.write([new("a", 1)])
    assert given.calls == [
        ("append.lock", SERVICE, GROUP),
        (".events_2026-03-01.jsonl.tmp", SERVICE, GROUP),
        ("HEAD", SERVICE, GROUP),
    ]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_what_cannot_be_given_away_is_not_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would lock the owner out."""
    ledger = LogDirectory(tmp_path / "ledger")
    ledger.path.mkdir(0o700)
    given = Given(monkeypatch)
    given.belongs(ledger.path, SERVICE, GROUP)
    given.refusal = PermissionError(errno.EPERM, "Operation not permitted")
    with pytest.raises(StorageError, match="not permitted"):
        ledger.open()
    assert list(ledger.path.iterdir()) == []


def test_what_is_not_roots_to_give_stays_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service in its own directory asks the system for nothing."""
    ledger = LogDirectory(tmp_path / "ledger")
    ledger.path.mkdir(0o700)
    given = Given(monkeypatch, user=SERVICE)
    given.belongs(ledger.path, SERVICE, GROUP)
    ledger.write([new("a", 1)])
    assert given.calls == []


# -- who may write there ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o703, 0o2777], ids=oct)
def test_a_directory_in_which_everybody_may_write_is_refused(directory: Path, mode: int) -> None:
    """Whoever can put a log there decides what is posted; looking at it stays possible."""
    clock = ManualClock(NOON)
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "text", clock.now())
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    directory.chmod(mode)
    with pytest.raises(StorageError, match=rf"every user .* may write .*\(chmod o-w {directory}\)"):
        Ledger(directory, clock=clock)
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        assert len(ledger.list_jobs()) == 1
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


@pytest.mark.parametrize("kind", ["vfat", "9p", "fuseblk"])
def test_where_modes_mean_nothing_none_is_asked_for(directory: Path, kind: str) -> None:
    """Another system's disk shows what the mount says, and no chmod would change it."""

    class Foreign(FileSystem):
        def kind_of(self, directory: Path) -> str | None:
            return kind

    directory.mkdir()
    directory.chmod(0o777)
    Ledger(directory, fs=Foreign()).close()


def test_a_group_that_may_write_without_having_been_asked_in_is_told(
    directory: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a umask of 002 leaves a directory; not where every user has a group of his own."""
    directory.mkdir()
    directory.chmod(0o770)
    status = directory.stat()
    fields = list(status)
    for uid, gid, told in ((1000, 100, True), (1000, 1000, False), (0, 100, False)):
        fields[4:6] = uid, gid
        assert (owner.group_that_may_write(os.stat_result(fields)) == 100) == told
    monkeypatch.setattr(FileSystem, "group_that_may_write", lambda self, directory: 100)
    with caplog.at_level("WARNING", "jobledger"):
        Ledger(directory, clock=ManualClock(NOON)).close()
    assert "group" in caplog.text
    assert f"chmod g-w {directory}" in caplog.text


# -- modes that the system refuses -----------------------------------------------------------------


@pytest.fixture
def no_chmod(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: Any, **how: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refused)


def test_where_modes_cannot_be_set_what_is_narrow_enough_will_do(
    directory: Path, no_chmod: None, restored_umask: None
) -> None:
    os.umask(0o022)
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        ledger.add_job("a", "text", ledger.now())
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o200], ids=oct)
def test_a_mode_that_is_too_wide_or_too_narrow_and_cannot_be_set_is_told(
    tmp_path: Path, no_chmod: None, mode: int
) -> None:
    file = tmp_path / "file"
    fd = os.open(file, os.O_RDWR | os.O_CREAT)
    os.fchmod(fd, mode)
    with (
        pytest.raises(StorageError, match=f"its mode is {mode:03o}.*umask=077"),
        storage_errors("write", file),
    ):
        owner.settle_file(fd, file)
    os.close(fd)
