"""Rebuilding and checking what is derived, users' projections included."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from support.durability import files_of, without_background
from support.eventstore import WatchedFileSystem
from support.waiting import DEADLINE_S, eventually

from jobledger import Change, JobStatus, Ledger, ManualClock, StorageError, ValidationError
from jobledger.projections.stored import StoredProjection


class Types:
    """How many events of each type; a list of lines."""

    name = "types"

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def apply(self, change: Change) -> None:
        self.counts[change.event.type] = self.counts.get(change.event.type, 0) + 1

    def render(self) -> bytes:
        return "".join(f"{kind} {self.counts[kind]}\n" for kind in sorted(self.counts)).encode()


class Fails(Types):
    """Does not get over the second event."""

    name = "fails"

    def apply(self, change: Change) -> None:
        if change.event.seq == 2:
            raise ZeroDivisionError("by my own doing")
        super().apply(change)


@pytest.fixture
def types(directory: Path) -> Path:
    return directory / "projection_types"


def add(ledger: Ledger, clock: ManualClock, job_id: str) -> None:
    ledger.add_job("acc", "text", clock.now(), job_id=job_id)


def on_disk(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


# -- a projection of one's own -----------------------------------------------------------------


def test_a_projection_of_ones_own_follows_the_log(
    directory: Path, types: Path, clock: ManualClock
) -> None:
    """Its file is there within moments, also of others' changes, and up to date at the close."""
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        add(ledger, clock, "a")
        eventually(lambda: types.exists() and types.read_bytes() == b"added 1\n")
        with Ledger(directory, clock=clock) as other:
            other.cancel_job("a")
        live = ledger.projection("types")
        assert isinstance(live, Types)
        assert live.counts == {"added": 1, "cancelled": 1}
    assert types.read_bytes() == b"added 1\ncancelled 1\n"
    assert types.stat().st_mode & 0o777 == 0o600


def test_it_is_brought_up_by_the_next_opening_that_names_it(
    directory: Path, types: Path, clock: ManualClock
) -> None:
    """A process that does not know the projection leaves its file as it was."""
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        add(ledger, clock, "a")
    with Ledger(directory, clock=clock) as ledger:
        add(ledger, clock, "b")
    assert types.read_bytes() == b"added 1\n"
    with Ledger(directory, clock=clock, projections=[Types]):
        pass
    assert types.read_bytes() == b"added 2\n"


def test_one_that_fails_is_left_alone_and_the_ledger_goes_on(
    directory: Path, types: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are written; asking for it says where it failed."""
    with without_background(), Ledger(directory, clock=clock, projections=[Fails, Types]) as ledger:
        for job_id in ("a", "b", "c"):
            add(ledger, clock, job_id)
        with pytest.raises(StorageError, match=r"'fails' failed at event 2: ZeroDivisionError: by"):
            ledger.projection("fails")
        with pytest.raises(StorageError, match="'fails' failed at event 2"):
            ledger.rebuild()
        assert ledger.rebuild(only=["daily_files", "types"]).jobs == 3
    assert types.read_bytes() == b"added 3\n"
    assert not (directory / "projection_fails").exists()
    assert caplog.text.count("projection failed; it is left alone") == 1


class Mumbling(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not for you")


class Unheard(BaseException):
    """What no `except Exception` catches."""


@pytest.mark.parametrize("where", ["apply", "render"])
@pytest.mark.parametrize(
    "error", [Unheard("x"), SystemExit(1), GeneratorExit(), Mumbling(), RecursionError("deep")]
)
def test_whatever_a_projection_raises_the_change_is_made(
    directory: Path, clock: ManualClock, where: str, error: BaseException
) -> None:
    """It is in the log by then, and whoever makes it is not to hear of somebody's view."""

    class Broken(Types):
        name = "broken"

        def apply(self, change: Change) -> None:
            if where == "apply":
                raise error

        def render(self) -> bytes:
            raise error

    with Ledger(directory, clock=clock, projections=[Broken]) as ledger:
        add(ledger, clock, "a")
        ledger.cancel_job("a")
        ledger.write_behind()
        with pytest.raises(StorageError, match=f"'broken' failed at .*{type(error).__name__}"):
            ledger.projection("broken")
        assert ledger.get_job("a").status is JobStatus.CANCELLED
        assert ledger.verify().ok


def test_ctrl_c_in_a_projection_is_no_failure_of_it(
    directory: Path, types: Path, clock: ManualClock
) -> None:
    """It is made anew with the handle, and follows the log as before."""
    strike = [True]

    class Struck(Types):
        def apply(self, change: Change) -> None:
            if strike and change.event.type == "cancelled":
                strike.pop()
                signal.raise_signal(signal.SIGINT)
            super().apply(change)

    with Ledger(directory, clock=clock, projections=[Struck]) as ledger:
        add(ledger, clock, "a")
        with pytest.raises(KeyboardInterrupt):
            ledger.cancel_job("a")
        add(ledger, clock, "b")
        assert ledger.get_job("a").status is JobStatus.CANCELLED
    assert types.read_bytes() == b"added 2\ncancelled 1\n"


class NoBytes(Types):
    def render(self) -> bytes:
        return "text"  # type: ignore[return-value]


class Nameless(Types):
    name = "../elsewhere"


class Taken(Types):
    name = "daily_files"


class Mute:
    name = "mute"

    def apply(self, change: Change) -> None: ...


def unmakeable() -> StoredProjection:
    raise RuntimeError("not today")


@pytest.mark.parametrize(
    ("factories", "message"),
    [
        ([Nameless], "name must be 1 to 64 of .* not '../elsewhere'"),
        ([Taken], "not 'daily_files'"),
        ([Mute], r"'mute' must have apply\(change\) and render\(\)"),
        ([Types, Types], "two projections have the name 'types'"),
        ([unmakeable], "cannot be made: RuntimeError: not today"),
        ([Types()], "cannot be made: TypeError"),
    ],
)
def test_what_is_no_projection_is_refused_before_anything_is_made(
    directory: Path, factories: list[type[Types]], message: str
) -> None:
    """With a message that says what is wrong; the directory is not created."""
    with pytest.raises(ValidationError, match=message):
        Ledger(directory, projections=factories)
    assert not directory.exists()


def test_a_render_that_gives_no_bytes_fails_like_any_other(
    directory: Path, clock: ManualClock
) -> None:
    """It is named, and nothing is written."""
    with Ledger(directory, clock=clock, projections=[NoBytes]) as ledger:
        add(ledger, clock, "a")
        with pytest.raises(StorageError, match=r"TypeError: render\(\) must give bytes, not str"):
            ledger.rebuild(only=["types"])
    assert not (directory / "projection_types").exists()


def test_an_unknown_name_is_refused_with_those_that_there_are(
    directory: Path, clock: ManualClock
) -> None:
    """Both by rebuild and by projection."""
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        with pytest.raises(ValidationError, match=r"no projection 'typos'.*daily_files, types"):
            ledger.rebuild(only=["typos"])
        with pytest.raises(ValidationError, match="no projection 'typos'"):
            ledger.projection("typos")


# -- check -------------------------------------------------------------------------------------


def test_check_names_each_kind_of_difference_and_writes_nothing(
    directory: Path, types: Path, clock: ManualClock
) -> None:
    """Missing, different from a line on, not of this ledger's making, and behind."""
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        add(ledger, clock, "a")
    day = directory / "jobs_2026-03-02.json"
    types.write_bytes(b"added 7\n")
    (directory / "jobs_1999-01-01.json").write_bytes(b"{}")
    day.unlink()
    before = on_disk(directory)
    with Ledger(directory, clock=clock, read_only=True, projections=[Types]) as ledger:
        report = ledger.rebuild(check=True)
    assert on_disk(directory) == before
    kinds = {difference.file: difference for difference in report.differences}
    assert {name: difference.kind for name, difference in kinds.items()} == {
        "jobs_1999-01-01.json": "foreign",
        "jobs_2026-03-02.json": "missing",
        "projection_types": "differs",
    }
    differs = kinds["projection_types"]
    assert (differs.line, differs.found, differs.expected) == (1, "added 7", "added 1")
    assert report.changed == sorted(report.changed) == list(kinds)


def test_check_tells_what_is_behind_from_what_is_wrong(
    directory: Path, types: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is compared with what the log gave at the place that it stands for."""
    monkeypatch.setattr("jobledger.ledger.rebuilding._CATCH_UP_S", 0.1)  # nobody is on the way
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        add(ledger, clock, "a")
    with Ledger(directory, clock=clock) as ledger:  # knows nothing of the projection
        add(ledger, clock, "b")
    with Ledger(directory, clock=clock, read_only=True, projections=[Types]) as ledger:
        [difference] = ledger.rebuild(check=True).differences
        assert (difference.file, difference.kind) == ("projection_types", "behind")
        assert ledger.rebuild(check=True, only=["daily_files"]).differences == []
        types.write_bytes(b"added 9\n")
        [difference] = ledger.rebuild(check=True).differences
        assert (difference.kind, difference.expected) == ("differs", "added 1")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is on its way take as long as a busy machine takes."""
    monkeypatch.setattr("jobledger.ledger.rebuilding._CATCH_UP_S", DEADLINE_S)


@pytest.mark.usefixtures("patient")
def test_check_waits_for_files_that_are_on_their_way(directory: Path, clock: ManualClock) -> None:
    """Another process has appended and writes within a second: no difference."""
    with Ledger(directory, clock=clock) as writer:
        for number in range(20):
            add(writer, clock, f"job-{number}")
        with Ledger(directory, clock=clock, read_only=True) as ledger:
            assert ledger.rebuild(check=True).differences == []


# -- rebuild -----------------------------------------------------------------------------------


def test_a_rebuild_brings_back_every_byte_of_every_projection(
    directory: Path, types: Path, clock: ManualClock
) -> None:
    """After everything derived was deleted; what is not the log's is set aside."""
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        add(ledger, clock, "a")
        add(ledger, clock, "b")
        ledger.cancel_job("b")
    before = on_disk(directory)
    with without_background(), Ledger(directory, clock=clock, projections=[Types]) as ledger:
        for name in ("projection_types", "jobs_2026-03-02.json", "snapshot_types.json"):
            (directory / name).unlink()
        (directory / "jobs_1999-01-01.json").write_bytes(b"mine")
        report = ledger.rebuild()
        assert sorted(report.changed) == [
            "jobs_1999-01-01.json", "jobs_2026-03-02.json", "projection_types",
        ]  # fmt: skip
        assert (report.events, report.jobs, report.files) == (3, 2, 2)
    after = on_disk(directory)
    assert after.pop("jobs_1999-01-01.json.foreign") == b"mine"
    assert after == before


def test_only_the_projection_that_was_asked_for_is_made_anew(
    directory: Path, types: Path, clock: ManualClock
) -> None:
    """The others stay as they are, wrong or not."""
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        add(ledger, clock, "a")
        ledger.write_behind()
        day = directory / "jobs_2026-03-02.json"
        day.write_bytes(b"wrong")
        types.write_bytes(b"wrong")
        assert ledger.rebuild(only=["types"]).changed == ["projection_types"]
        assert (types.read_bytes(), day.read_bytes()) == (b"added 1\n", b"wrong")


@pytest.mark.parametrize("check", [False, True])
def test_who_was_told_to_read_the_whole_log_does_not_read_it_again(
    directory: Path, clock: ManualClock, check: bool
) -> None:
    """Who opened as usual, with a snapshot there or not, has gone on since, or keeps somebody's
    projection, reads all of it. The files are the same each time."""
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        for number in range(5):
            add(ledger, clock, str(number))
        ledger.cancel_job("3")

    def events_read(**options: Any) -> int:
        """How many records a rebuild reads."""
        with Ledger(directory, clock=clock, read_only=check, **options) as ledger:
            if not check:
                (directory / "jobs_2026-03-02.json").write_bytes(b"wrong")
            read: list[object] = []
            records = ledger._store.read

            def watched(after: int = 0) -> Iterator[object]:
                for each in records(after):
                    read.append(each)
                    yield each

            with patch.object(ledger._store, "read", watched):
                report = ledger.rebuild(check=check, only=["daily_files"])
            assert report.changed == ([] if check else ["jobs_2026-03-02.json"])
            assert (report.events, report.jobs, report.files) == (ledger.seq, 5, 1)
            assert ledger.rebuild(check=True).differences == []
            return len(read)

    assert events_read(use_snapshot=False) == 0
    assert events_read() == 6
    assert events_read(use_snapshot=False, projections=[Types]) == 6
    with patch.object(Ledger, "_SNAPSHOT_EVERY", 1):
        Ledger(directory, clock=clock).close()
    assert events_read() == 6
    with Ledger(directory, clock=clock, use_snapshot=False) as ledger:
        assert ledger._rebuilder.as_replayed() is not None
        ledger.cancel_job("4")
        assert ledger._rebuilder.as_replayed() is None


def test_what_came_since_the_log_was_read_is_in_a_rebuild(
    directory: Path, clock: ManualClock
) -> None:
    """Another process has appended, before the rebuild or while it waits for the files' lock."""
    with Ledger(directory, clock=clock) as ledger:
        add(ledger, clock, "a")
    with (
        Ledger(directory, clock=clock, use_snapshot=False) as ledger,
        Ledger(directory, clock=clock) as other,
    ):
        locked = files_of(ledger).writer.locked

        def late() -> AbstractContextManager[None]:
            add(other, clock, "c")
            return locked()

        with patch.object(files_of(ledger).writer, "locked", late):
            report = ledger.rebuild()
        assert (report.events, report.jobs) == (2, 2)
        add(other, clock, "d")
        assert (ledger.rebuild().events, len(ledger.list_jobs())) == (3, 3)
        assert ledger.verify().ok


def test_progress_counts_the_events_of_the_log(directory: Path, clock: ManualClock) -> None:
    """Each once, up to what there are."""
    seen: list[tuple[int, int]] = []
    with Ledger(directory, clock=clock) as ledger:
        for number in range(5):
            add(ledger, clock, str(number))
        ledger.rebuild(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(number, 5) for number in range(1, 6)]


def test_a_rebuild_that_is_stopped_leaves_every_file_whole(
    directory: Path, types: Path, clock: ManualClock
) -> None:
    """Ctrl-C while it reads changes nothing; on a full disk each file is the old one or the new."""
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        add(ledger, clock, "a")
        ledger.write_behind()
        whole = types.read_bytes()
        types.write_bytes(b"wrong")
        before = on_disk(directory)

        def stop(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ledger.rebuild(progress=stop)
        assert on_disk(directory) == before
        assert ledger.rebuild().changed == ["projection_types"]
        assert types.read_bytes() == whole


def test_a_rebuild_on_a_full_disk_leaves_the_old_file_and_can_be_repeated(
    directory: Path, types: Path, clock: ManualClock
) -> None:
    """No temporary file stays behind."""
    fs = WatchedFileSystem()
    with Ledger(directory, clock=clock, projections=[Types], fs=fs) as ledger:
        add(ledger, clock, "a")
        ledger.write_behind()
        types.write_bytes(b"wrong")
        names = set(on_disk(directory))
        fs.fail("write", ".projection_types", OSError(errno.ENOSPC, "full"), written=3)
        with pytest.raises(StorageError, match="make room"):
            ledger.rebuild()
        assert types.read_bytes() == b"wrong"
        assert set(on_disk(directory)) == names
        assert ledger.rebuild().changed == ["projection_types"]


def test_changes_made_during_a_rebuild_are_in_the_files_too(
    directory: Path, types: Path, clock: ManualClock
) -> None:
    """It reads without a lock; what was appended meanwhile is applied before it writes."""
    with Ledger(directory, clock=clock, projections=[Types]) as ledger:
        for number in range(5):
            add(ledger, clock, str(number))

        def append(done: int, total: int) -> None:
            if done == 3:
                with Ledger(directory, clock=clock) as other:
                    other.cancel_job("4")

        report = ledger.rebuild(progress=append)
        assert report.events == 6
        assert types.read_bytes() == b"added 5\ncancelled 1\n"
        assert ledger.rebuild(check=True).differences == []


@pytest.mark.usefixtures("patient")
def test_rebuilds_and_changes_at_the_same_time_end_in_step(
    directory: Path, clock: ManualClock
) -> None:
    """Two handles rebuild in threads while a third adds: afterwards nothing differs."""
    with (
        Ledger(directory, clock=clock, projections=[Types]) as ledger,
        Ledger(directory, clock=clock, projections=[Types]) as second,
    ):
        done = threading.Event()

        def rebuild(handle: Ledger) -> None:
            while not done.is_set():
                handle.rebuild()

        threads = [threading.Thread(target=rebuild, args=[each]) for each in (ledger, second)]
        for thread in threads:
            thread.start()
        try:
            for number in range(40):
                add(ledger, clock, str(number))
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert ledger.rebuild(check=True).differences == []
    with Ledger(directory, clock=clock, read_only=True, projections=[Types]) as ledger:
        assert ledger.rebuild(check=True).differences == []


def test_a_check_of_a_ledger_without_events_waits_for_nobody(
    directory: Path, clock: ManualClock
) -> None:
    """There is nothing to bring up, and no marker that would say so."""
    Ledger(directory, clock=clock).close()
    with (
        Ledger(directory, clock=clock, read_only=True) as ledger,
        patch.object(threading.Event, "wait", side_effect=AssertionError("it waits")),
    ):
        assert ledger.rebuild(check=True).changed == []
