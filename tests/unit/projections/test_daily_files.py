"""jobs_YYYY-MM-DD.json: which job in which file, when it is written, and that it is derived."""

from __future__ import annotations

import json
import random
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.durability import without_background
from support.publishers import Recording

from jobledger import Ledger, ManualClock, ScheduledJob, Scheduler
from jobledger.domain.errors import JobLedgerError
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.testing import Fault, FaultyFileSystem

HOUR = timedelta(hours=1)


def files(directory: Path) -> dict[str, Any]:
    """Date → document, of all daily files."""
    return {
        path.name[5:15]: json.loads(path.read_text("utf-8"))
        for path in sorted(directory.glob("jobs_*.json"))
    }


def ids(directory: Path) -> dict[str, list[str]]:
    return {
        day: [job["job_id"] for job in document["jobs"]]
        for day, document in files(directory).items()
    }


def test_a_file_is_what_the_contract_says(directory: Path, clock: ManualClock) -> None:
    """Keys, values, time of the last event that touched the day, mode 0600."""
    with Ledger(directory, clock=clock) as ledger:
        job_id = ledger.add_job("a", "xin chào 😀", clock.now())
        clock.advance(HOUR)
        ledger.hold_job(job_id)
        expected = ledger.get_job(job_id)
    (document,) = files(directory).values()
    assert list(document) == ["date", "updated_at", "jobs"]
    assert document["date"] == "2026-03-02"
    assert document["updated_at"] == "2026-03-02T13:00:00+00:00"
    assert document["jobs"] == [expected.to_dict()]
    assert ScheduledJob.from_dict(document["jobs"][0]).to_dict() == expected.to_dict()
    (path,) = directory.glob("jobs_*.json")
    assert "xin chào 😀" in path.read_text("utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", datetime(2026, 3, 2, 23, 59, tzinfo=UTC), "2026-03-02"),
        ("Asia/Ho_Chi_Minh", datetime(2026, 3, 2, 16, 59, tzinfo=UTC), "2026-03-02"),
        ("Asia/Ho_Chi_Minh", datetime(2026, 3, 2, 17, 0, tzinfo=UTC), "2026-03-03"),
        ("America/New_York", datetime(2026, 3, 8, 4, 59, tzinfo=UTC), "2026-03-07"),
        ("America/New_York", datetime(2026, 3, 9, 3, 59, tzinfo=UTC), "2026-03-08"),
        ("America/New_York", datetime(2026, 3, 9, 4, 0, tzinfo=UTC), "2026-03-09"),
    ],
)
def test_days_are_the_ledgers_own(
    directory: Path, clock: ManualClock, zone: str, moment: datetime, day: str
) -> None:
    """In its zone, on both sides of midnight and of a change of the clocks."""
    with Ledger(directory, clock=clock, timezone=zone) as ledger:
        ledger.add_job("a", "x", moment, job_id="j")
    assert ids(directory) == {day: ["j"]}


def test_a_job_moves_with_its_day_and_an_empty_day_has_no_file(
    directory: Path, clock: ManualClock
) -> None:
    """Rescheduled, completed on another day than planned, removed."""
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now() + 30 * HOUR, job_id="j")
        scheduler.write_behind()
        assert ids(directory) == {"2026-03-03": ["j"]}
        scheduler.reschedule_job("j", clock.now())
        scheduler.write_behind()
        assert ids(directory) == {"2026-03-02": ["j"]}
        clock.advance(20 * HOUR)
        scheduler.run_due(Recording())
        scheduler.write_behind()
        assert ids(directory) == {"2026-03-03": ["j"]}
        scheduler.remove_job("j")
    assert ids(directory) == {}


def test_jobs_of_a_day_are_in_order_of_time_then_of_adding(
    directory: Path, clock: ManualClock
) -> None:
    """Whatever happened to them."""
    with Ledger(directory, clock=clock) as ledger:
        for name, hours in (("c", 2), ("a", 1), ("b", 1)):
            ledger.add_job("x", "x", clock.now() + hours * HOUR, job_id=name)
        ledger.hold_job("a")
    assert ids(directory) == {"2026-03-02": ["a", "b", "c"]}


def change_somehow(
    chance: random.Random, ledger: Ledger, scheduler: Scheduler, job_id: str
) -> None:
    match chance.randrange(7):
        case 0:
            ledger.hold_job(job_id)
        case 1:
            ledger.release_job(job_id)
        case 2:
            ledger.cancel_job(job_id)
        case 3:
            ledger.remove_job(job_id)
        case 4:
            scheduler.run_due(Recording(), limit=1)
        case 5:
            ledger.reschedule_job(job_id, ledger.now() + 20 * HOUR)
        case _:
            ledger.requeue_job(job_id, ledger.now())


def test_live_files_are_the_bytes_of_a_rebuild(directory: Path, clock: ManualClock) -> None:
    """After a random history through two handles, with several openings."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(4):
        with (
            Scheduler(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as one,
            Ledger(directory, clock=clock) as two,
        ):
            for _ in range(40):
                clock.advance(chance.randrange(-2, 10) * HOUR / 3)
                ledger = chance.choice([one, two])
                known = [job.job_id for job in ledger.list_jobs()]
                if len(known) < 5 or chance.random() < 0.4:
                    ledger.add_job("a", "x", clock.now() + chance.randrange(-9, 60) * HOUR)
                else:
                    with suppress(JobLedgerError):
                        change_somehow(chance, ledger, one, chance.choice(known))
                if chance.random() < 0.2:
                    ledger.write_behind()
        live = {path.name: path.read_bytes() for path in directory.glob("jobs_*.json")}
        for path in directory.glob("jobs_*.json"):
            path.unlink()
        with without_background(), Ledger(directory, clock=clock) as ledger:
            assert sorted(ledger.rebuild().changed) == sorted(live)
            assert ledger.rebuild(check=True).changed == []
        assert {path.name: path.read_bytes() for path in directory.glob("jobs_*.json")} == live


def test_an_older_state_never_replaces_a_newer_one(directory: Path, clock: ManualClock) -> None:
    """A handle that has not looked for a while writes what is true now."""
    with Ledger(directory, clock=clock) as slow, Ledger(directory, clock=clock) as quick:
        slow.add_job("a", "x", clock.now(), job_id="j")
        quick.edit_job("j", content="newer")
        quick.write_behind()
        slow.write_behind()
        (document,) = files(directory).values()
        assert document["jobs"][0]["content"] == "newer"


def test_opening_brings_files_up_that_a_dead_process_left_behind(
    directory: Path, clock: ManualClock
) -> None:
    """Missing ones are made, outdated ones replaced, untouched ones not written."""
    with Ledger(directory, clock=clock) as ledger:
        for days in range(3):
            ledger.add_job("a", "x", clock.now() + days * 24 * HOUR, job_id=f"j{days}")
    paths = sorted(directory.glob("jobs_*.json"))
    old, untouched = paths[0].read_bytes(), paths[1].stat().st_ino
    marker = (directory / "snapshot_daily_files.json").read_bytes()
    with Ledger(directory, clock=clock) as ledger:
        ledger.hold_job("j0")
    # As if that process had died before it wrote any file.
    new = paths[0].read_bytes()
    paths[0].write_bytes(old)
    (directory / "snapshot_daily_files.json").write_bytes(marker)
    paths[2].unlink()
    Ledger(directory, clock=clock).close()
    assert paths[0].read_bytes() == new
    assert paths[1].stat().st_ino == untouched
    assert paths[2].exists()


def test_a_file_of_a_day_that_the_log_never_touched_is_not_ours(
    directory: Path, clock: ManualClock
) -> None:
    """Left alone by opening and closing, reported by verify, set aside by a rebuild."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now())
    foreign = directory / "jobs_2001-01-01.json"
    foreign.write_text("mine")
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now())
    assert foreign.read_text() == "mine"
    with Ledger(directory, clock=clock) as ledger:
        assert [problem.path for problem in ledger.verify().problems] == [str(foreign)]
        assert ledger.rebuild(check=True).changed == ["jobs_2001-01-01.json"]
        assert ledger.rebuild().changed == ["jobs_2001-01-01.json"]
        assert ledger.verify().ok
    assert (directory / "jobs_2001-01-01.json.foreign").read_text() == "mine"


def test_rebuilding_mends_what_was_tampered_with(directory: Path, clock: ManualClock) -> None:
    """check says which and writes nothing; the rebuild brings the bytes back."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now())
        ledger.write_behind()
        (path,) = directory.glob("jobs_*.json")
        sound = path.read_bytes()
        path.write_bytes(sound.replace(b'"x"', b'"y"'))
        report = ledger.rebuild(check=True)
        assert (report.changed, report.events, report.jobs, report.files) == (
            ["jobs_2026-03-02.json"], 1, 1, 1,
        )  # fmt: skip
        assert path.read_bytes() != sound
        assert [problem.kind for problem in ledger.verify().problems] == ["projection"]
        ledger.rebuild()
        assert path.read_bytes() == sound


@pytest.mark.parametrize(
    ("zone", "hours", "day"),
    [
        ("UTC", 35, "2026-03-03"),
        ("UTC", 36, "2026-03-04"),
        ("Asia/Ho_Chi_Minh", 28, "2026-03-03"),
        ("Asia/Ho_Chi_Minh", 29, "2026-03-04"),
        ("America/New_York", 40, "2026-03-03"),
        ("America/New_York", 41, "2026-03-04"),
        ("America/New_York", 135, "2026-03-07"),  # in winter time, the last of them
        ("America/New_York", 137, "2026-03-08"),
        ("America/New_York", 159, "2026-03-08"),  # in summer time: the day had 23 hours
        ("America/New_York", 160, "2026-03-09"),
    ],
)
def test_a_completed_job_is_in_the_day_of_its_completion(
    directory: Path, clock: ManualClock, zone: str, hours: int, day: str
) -> None:
    """In the ledger's zone, whatever day it was planned for, also when the clocks change."""
    with Scheduler(directory, clock=clock, timezone=zone, expire_after=300 * HOUR) as scheduler:
        scheduler.add_job("a", "x", clock.now() + HOUR, job_id="j")
        clock.advance(hours * HOUR)
        scheduler.run_due(Recording())
    assert ids(directory) == {day: ["j"]}


def test_setting_aside_loses_no_file_that_was_set_aside_before(
    directory: Path, clock: ManualClock
) -> None:
    """Two foreign files of one name are both still there."""
    with Ledger(directory, clock=clock) as ledger:
        for text in ("first", "second"):
            (directory / "jobs_2001-01-01.json").write_text(text)
            ledger.rebuild()
    kept = [path.read_text() for path in directory.glob("jobs_2001-01-01.json*")]
    assert sorted(kept) == ["first", "second"]


@pytest.mark.parametrize("most_kept", [0, 3, 20_000])
def test_what_is_remembered_of_a_file_changes_nothing_in_it(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, most_kept: int
) -> None:
    """Files that are written again and again, over some days, and by a failing disk: each time the
    bytes are those of the whole document, formatted as a whole."""
    monkeypatch.setattr("jobledger.projections.daily_files._MOST_KEPT", most_kept)
    chance = random.Random(8)
    fs = FaultyFileSystem(FileSystem())
    with without_background(), Ledger(directory, clock=clock, fs=fs) as ledger:
        for turn in range(120):
            for _ in range(chance.randint(1, 3)):
                _change_something(ledger, clock, chance)
            if turn % 7 == 3:
                fs.fault = Fault(len(fs.operations) + 2, only=["rename"])
            written = ledger.write_behind()
            fs.fault = None
            if not written:
                assert ledger.write_behind()
            by_day: dict[str, list[ScheduledJob]] = {}
            for job in ledger.list_jobs():
                day = (job.completed_at or job.scheduled_time).date().isoformat()
                by_day.setdefault(day, []).append(job)
            assert set(files(directory)) == set(by_day)
            for day, jobs in by_day.items():
                jobs.sort(key=lambda job: (job.scheduled_time, job.order))
                text = (directory / f"jobs_{day}.json").read_bytes()
                updated_at = json.loads(text)["updated_at"]
                document = {
                    "date": day,
                    "updated_at": updated_at,
                    "jobs": [job.to_dict() for job in jobs],
                }
                whole = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
                assert text == whole


@pytest.mark.parametrize("most_kept", [0, 20_000])
def test_a_file_is_rendered_when_the_one_before_it_is_written(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, most_kept: int
) -> None:
    """So those of many days are never in memory together; the marker comes after them all."""
    monkeypatch.setattr("jobledger.projections.daily_files._MOST_KEPT", most_kept)
    fs = FaultyFileSystem(FileSystem())
    with without_background(), Ledger(directory, clock=clock, fs=fs) as ledger:
        for day in range(5):
            ledger.add_job("a", "x", clock.now() + timedelta(days=day), job_id=f"j{day}")
        rendered = []
        to_dict = ScheduledJob.to_dict

        def note(job: ScheduledJob) -> dict[str, Any]:
            if job.job_id not in rendered:
                rendered.append(job.job_id)
                fs.operations.append(("render", job.job_id))
            return to_dict(job)

        monkeypatch.setattr(ScheduledJob, "to_dict", note)
        fs.fault = Fault(0, only=["rename"])
        fs.operations.clear()
        ledger.write_behind()
    done = [name for operation, name in fs.operations if operation in ("render", "rename")]
    assert done[:11] == [
        *(name for day in range(5) for name in (f"j{day}", f"jobs_2026-03-0{2 + day}.json")),
        "snapshot_daily_files.json",
    ]


def _change_something(ledger: Ledger, clock: ManualClock, chance: random.Random) -> None:
    """Change something; times are whole days from the clock's: jobs move between few files."""
    when = clock.now() + timedelta(days=chance.randint(0, 3))
    jobs = ledger.list_jobs()
    with suppress(JobLedgerError):
        if len(jobs) < 4 or chance.random() < 0.3:
            ledger.add_job("a", "x\n\u2028y\\n", when, metadata={"a": [1, {}], "b": {"c": "\n"}})
            return
        job_id = chance.choice(jobs).job_id
        changes: list[Callable[[], None]] = [
            lambda: ledger.reschedule_job(job_id, when),
            lambda: ledger.edit_job(job_id, content=f"text {chance.random()}"),
            lambda: ledger.cancel_job(job_id),
            lambda: ledger.remove_job(job_id),
            lambda: ledger.requeue_job(job_id, when),
        ]
        chance.choice(changes)()
