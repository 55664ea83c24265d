"""The directory of a ledger is the one that it was when it was opened, whatever becomes of the
program's working directory, or of a link on the way to it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.domain import NOON
from support.durability import saving_snapshots, without_background
from support.eventstore import file_log
from support.media import png

from jobledger import (
    Change,
    Event,
    ImportedJob,
    Ledger,
    ManualClock,
    Media,
    NewJob,
    Part,
    Post,
    PostResult,
    Scheduler,
    StorageError,
)
from jobledger.eventstore.engines.files.damage import assess
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.files.repair import repair_directory
from jobledger.eventstore.engines.registry import open_reader
from jobledger.eventstore.record import RECORDS
from jobledger.integrity.sealing import seal_days
from jobledger.integrity.seals import SigningKey
from jobledger.integrity.verify import Verification, verify_directory
from jobledger.ledger.runner_lock import find_runner

DAY = timedelta(days=1)


class FromTheRoot(FileSystem):
    """Takes no path that depends on the working directory, but where one is asked what it is."""


def _only_whole_paths(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def checked(self: FileSystem, *arguments: Any, **named: Any) -> Any:
        for each in (*arguments, *named.values()):
            assert not isinstance(each, Path) or each.is_absolute(), f"{name} of {each}"
        return call(self, *arguments, **named)

    return checked


for _name, _call in inspect.getmembers(FileSystem, inspect.isfunction):
    if not _name.startswith("_") and _name != "locate":
        setattr(FromTheRoot, _name, _only_whole_paths(_name, _call))


class Counts:
    """A projection of a user's."""

    name = "counts.txt"

    def __init__(self) -> None:
        self.seen = 0

    def apply(self, change: Change) -> None:
        self.seen += 1

    def render(self) -> bytes:
        return b"%d\n" % self.seen


@pytest.fixture(autouse=True)
def small_ledgers_are_worth_a_snapshot() -> Iterator[None]:
    with without_background(), saving_snapshots(1):
        yield


@pytest.fixture
def two_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Where the program is first, and where it goes; in both there is a ledger `jobs`."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)
    with Ledger(there / "jobs", clock=ManualClock(NOON)) as other:
        other.add_job("other", "of another ledger", NOON)
    return here, there


def post(account_id: str, content: str) -> PostResult:
    return PostResult(True)


def _add(ledger: Ledger, **given: Any) -> str:
    return ledger.add_job("a", "text", ledger.now(), **given)


def _add_picture(ledger: Ledger) -> str:
    """Add a job with a file, whose path is relative where the program is by now."""
    Path("picture.png").write_bytes(png(40, 30))
    post = Post([Part("Look", media=[Media("picture.png")])])
    job = ledger.get_job(ledger.add_job("a", "", ledger.now(), post=post))
    assert job.post is not None
    [media] = job.post.media
    assert media.file is not None
    return media.file.sha256


def _fail(ledger: Ledger) -> str:
    """Make a job whose outcome nobody knows."""
    assert isinstance(ledger, Scheduler)
    job_id = _add(ledger, max_retries=0)
    ledger.run_due(lambda *post: PostResult.unknown("timeout"))
    return job_id


def _start_and_stop(scheduler: Scheduler) -> None:
    async def main() -> None:
        await scheduler.start(post)
        await scheduler.stop()

    asyncio.run(main())


def _run(scheduler: Scheduler) -> None:
    def post_and_end(account_id: str, content: str) -> PostResult:
        scheduler.stop_soon()
        return PostResult(True)

    _add(scheduler)
    scheduler.run(post_and_end)


def _imported(ledger: Ledger) -> ImportedJob:
    job = msgspec.structs.replace(ledger.get_job(_add(ledger)), job_id="from-elsewhere")
    return ImportedJob(job, "elsewhere.json")


async def _first(events: AsyncGenerator[Event, None]) -> Event:
    async with aclosing(events):
        return await anext(events)


def _schedule(ledger: Ledger) -> str:
    return ledger.add_schedule("s", "0 9 * * *", account_id="a", content="text {n}")


def _pause_and_resume(ledger: Ledger) -> None:
    ledger.pause_schedule(_schedule(ledger))
    ledger.resume_schedule("s")


def _slots(ledger: Ledger) -> Ledger:
    ledger.set_slots("a", {"mon": ["09:00"]})
    return ledger


OPERATIONS: dict[str, Callable[[Any], object]] = {
    "remove_media": lambda s: (_add_picture(s), s.remove_media(timedelta(0))),
    "add_media": lambda s: s.add_media(png()),
    "keeps_media": lambda s: s.keeps_media,
    "media_path": lambda s: s.media_path(_add_picture(s)),
    "add_schedule": _schedule,
    "all_slots": lambda s: _slots(s).all_slots(),
    "edit_schedule": lambda s: s.edit_schedule(_schedule(s), content="another {n}"),
    "end_schedule": lambda s: s.end_schedule(_schedule(s)),
    "free_slots": lambda s: _slots(s).free_slots("a"),
    "get_schedule": lambda s: s.get_schedule(_schedule(s)),
    "jobs_of_schedule": lambda s: s.jobs_of_schedule(_schedule(s)),
    "pause_schedule": lambda s: s.pause_schedule(_schedule(s)),
    "plan_schedules": lambda s: (_schedule(s), s.plan_schedules()),
    "resume_schedule": _pause_and_resume,
    "run_schedule_now": lambda s: s.run_schedule_now(_schedule(s)),
    "schedules": lambda s: (_schedule(s), s.schedules()),
    "set_slots": _slots,
    "skip_occurrence": lambda s: s.skip_occurrence(_schedule(s)),
    "slots": lambda s: _slots(s).slots("a"),
    "upcoming": lambda s: s.upcoming(_schedule(s)),
    "accounts": lambda s: s.accounts(),
    "shards": lambda s: s.shards,
    "shard_of": lambda s: s.shard_of("a"),
    "acting": lambda s: s.acting("web:lan").cancel_job(_add(s)),
    "add_job": _add,
    "add_jobs": lambda s: s.add_jobs([NewJob("a", "text", s.now())]),
    "awatch": lambda s: asyncio.run(_first(s.awatch(0))),
    "as_of": lambda s: s.as_of(1),
    "location": lambda s: s.location,
    "directory": lambda s: s.directory,
    "backup": lambda s: s.backup(s.directory.parent / "copy"),
    "cancel_job": lambda s: s.cancel_job(_add(s)),
    "change_jobs": lambda s: s.change_jobs("cancel", [_add(s)]),
    "cleanup_expired_jobs": lambda s: s.cleanup_expired_jobs(),
    "count_unknown": lambda s: s.count_unknown(),
    "counts": lambda s: s.counts(),
    "damage": lambda s: s.damage,
    "edit_job": lambda s: s.edit_job(_add(s), content="other"),
    "events": lambda s: list(s.events()),
    "expire_after": lambda s: s.expire_after,
    "export_head": lambda s: s.export_head(),
    "get_job": lambda s: s.get_job(_add(s)),
    "get_ready_jobs": lambda s: s.get_ready_jobs(),
    "history": lambda s: s.history(_add(s)),
    "hold_job": lambda s: s.hold_job(_add(s)),
    "idempotency_key": lambda s: s.idempotency_key(_add(s)),
    "import_jobs": lambda s: s.import_jobs([_imported(s)]),
    "is_running": lambda s: s.is_running,
    "preview": lambda s: s.preview("@daily"),
    "known_ids": lambda s: s.known_ids(),
    "leave_alone_s": lambda s: s.leave_alone_s(1),
    "last_outcomes": lambda s: s.last_outcomes,
    "ledger_id": lambda s: s.ledger_id,
    "list_jobs": lambda s: s.list_jobs(),
    "now": lambda s: s.now(),
    "projection": lambda s: s.projection("counts.txt"),
    "rebuild": lambda s: s.rebuild(),
    "recover_all_running_jobs": lambda s: s.recover_all_running_jobs(),
    "recover_stuck_jobs": lambda s: s.recover_stuck_jobs(),
    "release_job": lambda s: s.release_job(_add(s, hold=True)),
    "remove_job": lambda s: s.remove_job(_add(s)),
    "requeue_job": lambda s: s.requeue_job(_fail(s), s.now()),
    "reschedule_job": lambda s: s.reschedule_job(_add(s), s.now() + DAY),
    "resolve_job": lambda s: s.resolve_job(_fail(s), posted=True),
    "run": _run,
    "run_due": lambda s: (_add(s), s.run_due(post)),
    "runner_pid": lambda s: s.runner_pid(),
    "get_jobs": lambda s: s.get_jobs(["one"]),
    "runner_since": lambda s: s.runner_since(),
    "moved_from": lambda s: s.moved_from,
    "metrics": lambda s: s.metrics(),
    "health": lambda s: s.health(ready=True),
    "newest_seal": lambda s: s.newest_seal(),
    "seq": lambda s: s.seq,
    "start": _start_and_stop,
    "stop": lambda s: asyncio.run(s.stop()),
    "copy_to": lambda s: s.copy_to("copy"),
    "mirror": lambda s: s.mirror("mirror").close(),
    "runners": lambda s: s.runners(),
    "stop_soon": lambda s: s.stop_soon(),
    "stop_now": lambda s: s.stop_now(),
    "timezone": lambda s: s.timezone,
    "verify": lambda s: s.verify(),
    "watch": lambda s: next(s.watch(0)),
    "why": lambda s: s.why(_add(s)),
    "write_behind": lambda s: (_add(s), s.write_behind()),
    "close": lambda s: s.close(),
}
"""Every public name of a Scheduler, and something that uses it."""


def test_the_table_has_every_public_name() -> None:
    names = {name for name in dir(Scheduler) if not name.startswith("_")}
    assert set(OPERATIONS) == names


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_operation_minds_where_the_program_is_by_now(
    two_places: tuple[Path, Path], name: str
) -> None:
    """A new day has begun as well: its files are made where the ledger was opened."""
    here, there = two_places
    others = {path.name: path.read_bytes() for path in (there / "jobs").iterdir()}
    clock = ManualClock(NOON)
    scheduler = Scheduler("jobs", clock=clock, fs=FromTheRoot(), projections=[Counts])
    _add(scheduler)
    os.chdir(there)
    clock.advance(DAY)
    OPERATIONS[name](scheduler)
    scheduler.close()
    assert {path.name: path.read_bytes() for path in (there / "jobs").iterdir()} == others
    assert verify_directory(here / "jobs").problems == []
    assert scheduler.directory == here / "jobs"


@pytest.mark.parametrize("read_only", [False, True])
def test_a_ledger_in_the_working_directory_itself_stays_there(
    two_places: tuple[Path, Path], read_only: bool
) -> None:
    here, there = two_places
    Ledger(here / "jobs", clock=ManualClock(NOON)).close()
    os.chdir(here / "jobs")
    with Ledger(
        Path("."), clock=ManualClock(NOON), read_only=read_only, fs=FromTheRoot()
    ) as ledger:
        os.chdir(there / "jobs")
        assert ledger.list_jobs() == []
        assert ledger.directory == here / "jobs"


def test_every_part_that_takes_a_directory_takes_a_relative_one(
    two_places: tuple[Path, Path],
) -> None:
    """And stays with it."""
    _, there = two_places
    clock = ManualClock(NOON)
    for day in range(2):
        with Ledger("jobs", clock=clock) as ledger:
            ledger.add_job("a", f"text {day}", clock.now())
        clock.advance(DAY)
    fs, given = FromTheRoot(), Path("jobs")
    store = file_log(given, clock=clock.now, form=RECORDS, fs=fs)
    reader, verification = open_reader(given, RECORDS, fs=fs), Verification(given, fs=fs)
    assert assess(fs, given) is None
    assert repair_directory(fs, given, clock.now()) is None
    assert find_runner(fs, given) is None
    assert len(seal_days(given, SigningKey.generate(), at=clock.now(), fs=fs)) == 1
    os.chdir(there)
    store.refresh()
    assert store.seq == 2
    assert [record.seq for record in reader.records()] == [1, 2]
    assert verification.run().ok
    store.close()
    reader.close()


def test_a_link_on_the_way_is_followed_once(tmp_path: Path) -> None:
    """As with releases in directories of their own, of which `current` is one after the other."""
    old, new, current = (tmp_path / name for name in ("old", "new", "current"))
    old.mkdir()
    new.mkdir()
    current.symlink_to(old)
    clock = ManualClock(NOON)
    with Ledger(current / "jobs", clock=clock, fs=FromTheRoot()) as ledger:
        ledger.add_job("a", "one", clock.now())
        current.unlink()
        current.symlink_to(new)
        clock.advance(DAY)
        ledger.add_job("a", "two", clock.now())
    assert list(new.iterdir()) == []
    assert len(list((old / "jobs").glob("events_*"))) == 2


def test_a_link_that_leads_nowhere_is_no_place_for_a_ledger(tmp_path: Path) -> None:
    """What it leads to may not be mounted yet: a new, empty ledger there would be a trap."""
    (tmp_path / "jobs").symlink_to(tmp_path / "volume" / "jobs")
    with pytest.raises(StorageError, match=r"a link to .*volume/jobs, which is not there.*mount"):
        Ledger(tmp_path / "jobs")
    assert not (tmp_path / "volume").exists()


def test_dots_in_a_name_go_back_from_where_links_lead(tmp_path: Path) -> None:
    """As for everybody else who is given the name."""
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "down")
    fs = FileSystem()
    assert fs.locate(tmp_path / "link" / ".." / "jobs") == tmp_path / "deep" / "jobs"
    assert fs.locate(tmp_path / "new" / ".." / "jobs") == tmp_path / "jobs"


def test_without_a_working_directory_only_a_whole_path_is_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says why."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(StorageError, match=r"working directory was removed \(give the whole path"):
        Ledger("jobs")
    with Ledger(tmp_path / "jobs", clock=ManualClock(NOON)) as ledger:
        assert ledger.list_jobs() == []


PUBLISHER = """
import os
os.chdir({there!r})
def publish(account_id, content):
    from jobledger import PostResult
    return PostResult(True)
"""


def test_a_publisher_that_changes_the_directory_when_it_is_loaded_moves_nothing(
    two_places: tuple[Path, Path],
) -> None:
    here, there = two_places
    (here / "my_publisher.py").write_text(PUBLISHER.format(there=str(there)))
    with Ledger("jobs") as ledger:
        job_id = ledger.add_job("a", "text", datetime.now(UTC))
    run = ["--dir", "jobs", "run", "--once", "--publisher", "my_publisher:publish"]
    done = subprocess.run(
        [sys.executable, "-m", "jobledger", *run],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(here)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Ledger(here / "jobs", read_only=True) as ledger:
        assert ledger.get_job(job_id).status.value == "completed"


def test_the_command_line_knows_the_users_home_also_where_no_shell_does(
    tmp_path: Path, two_places: tuple[Path, Path]
) -> None:
    """As in a service's file."""
    done = subprocess.run(
        [sys.executable, "-m", "jobledger", "--dir", "~/jobs", "list", "--json"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(two_places[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "of another ledger" in done.stdout, done.stderr
