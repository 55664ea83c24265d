"""A log with two schemas of one type means the same to every reader of the release that knows both.

`upcast/` was written by two releases: in the older one `rescheduled` was at schema 1 and said `to`,
in seconds; in the newer one it is at schema 2, and its class brings the older lines up. No release
that was ever published is either of them: `support.upcasting` declares what the newer one would.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.cli import run_here
from support.durability import records_read, saving_snapshots, without_background
from support.eventstore import file_log
from support.upcasting import next_release

from jobledger import JobRescheduled, Ledger, ManualClock, StorageError
from jobledger.domain.codec import SCHEMA, encode_data
from jobledger.eventstore.record import RECORDS, NewRecord
from jobledger.integrity.verify import verify_directory

LATER = datetime(2026, 5, 12, 10, tzinfo=UTC)
OLD, NEW = [5, 6, 7], [10, 11]
"""The numbers of the events at schema 1 and 2."""
TIMES = {
    5: datetime(2026, 5, 13, 10, tzinfo=UTC),
    6: datetime(2026, 5, 11, 9, 30, tzinfo=UTC),
    7: datetime(2026, 5, 12, 9, tzinfo=UTC),
    10: datetime(2026, 5, 14, 9, 0, 0, 7, tzinfo=UTC),
    11: datetime(2026, 5, 13, 11, tzinfo=UTC),
}
"""What each of them says."""
UNKNOWN = "an event of type 'rescheduled', schema 3, is not known to this release"
UPGRADE = "a newer release of jobledger wrote it: upgrade to read this ledger"


@pytest.fixture(autouse=True)
def the_release_that_knows_both() -> Iterator[None]:
    with next_release(), without_background():
        yield


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """Copy the golden ledger."""
    copy = tmp_path / "jobs"
    shutil.copytree(Path(__file__).parent / "upcast", copy)
    return copy


def lines_of(directory: Path) -> list[dict[str, Any]]:
    """Return the records as they stand in the log."""
    return [
        json.loads(line)
        for path in sorted(directory.glob("events_*.jsonl"))
        for line in path.read_text("utf-8").split("\n")[1:-1]
    ]


def jobs_of(ledger: Ledger) -> list[dict[str, Any]]:
    """Return the jobs in the form of `expected.json`."""
    names = ("version", "attempt", "in_doubt", "outcome_unknown", "checkpoints")
    return [
        job.to_dict() | {name: getattr(job, name) for name in names} for job in ledger.list_jobs()
    ]


def expected(golden: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((golden / "expected.json").read_text("utf-8"))
    return found


def test_the_log_has_lines_of_both_schemas(golden: Path) -> None:
    """And the tables that are derived from the classes know the newer one."""
    found = [
        (line["seq"], line["schema"]) for line in lines_of(golden) if line["type"] == "rescheduled"
    ]
    assert found == [*((seq, 1) for seq in OLD), *((seq, 2) for seq in NEW)]
    assert SCHEMA["rescheduled"] == 2


@pytest.mark.parametrize("read_only", [False, True])
def test_opening_gives_the_jobs_that_both_mean(golden: Path, read_only: bool) -> None:
    with Ledger(golden, read_only=read_only, use_snapshot=False) as ledger:
        assert jobs_of(ledger) == expected(golden)


def test_events_come_in_todays_form_and_say_so(golden: Path) -> None:
    """Their data and its schema belong together; all else is the line's."""
    with Ledger(golden, read_only=True) as ledger:
        events = list(ledger.events(types=["rescheduled"]))
        assert events == [event for event in ledger.events() if event.type == "rescheduled"]
        assert ledger.history("both") == [e for e in ledger.events() if e.job_id == "both"]
    moved = {event.seq: event.data for event in events}
    assert moved == {seq: JobRescheduled(scheduled_time=when) for seq, when in TIMES.items()}
    lines = {line["seq"]: line for line in lines_of(golden)}
    for event in events:
        told = event.to_dict()
        assert told.pop("schema") == 2
        assert told.pop("data") == json.loads(encode_data(event.data))
        line = lines[event.seq]
        assert told == {key: line[key] for key in line if key not in ("schema", "data")}


def test_any_moment_of_the_past_is_what_it_was(golden: Path) -> None:
    """After each of them the job has the time that it says."""
    with Ledger(golden, read_only=True) as ledger:
        jobs = {event.seq: event.job_id for event in ledger.events()}
        for seq, when in TIMES.items():
            assert ledger.as_of(seq=seq).get_job(jobs[seq]).scheduled_time == when


def test_a_rebuild_gives_the_files_that_were_written_live(
    golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte, where they are there and where they are gone."""
    monkeypatch.setattr("jobledger.ledger.rebuilding._CATCH_UP_S", 0)  # nobody writes behind here
    before = {path.name: path.read_bytes() for path in golden.glob("jobs_*.json")}
    with Ledger(golden) as ledger:
        assert ledger.rebuild(check=True).changed == []
        for name in before:
            (golden / name).unlink()
        assert sorted(ledger.rebuild().changed) == sorted(before)
    assert {path.name: path.read_bytes() for path in golden.glob("jobs_*.json")} == before


def test_the_second_reader_brings_them_up_too(golden: Path) -> None:
    """It finds the lifecycle and the daily files in order, and one wrong time in a file."""
    report = verify_directory(golden)
    assert (report.problems, report.events) == ([], 12)
    Ledger(golden).close()  # the daily files are in today's words now
    path = golden / "jobs_2026-05-13.json"
    path.write_bytes(path.read_bytes().replace(b"2026-05-13T10:00", b"2026-05-13T10:01"))
    assert [problem.kind for problem in verify_directory(golden).problems] == ["projection"]


def test_audit_says_them_in_words_and_gives_the_lines_as_they_stand(golden: Path) -> None:
    """--json is the log itself, which nobody rewrites."""
    raw = b"".join(
        path.read_bytes().partition(b"\n")[2] for path in sorted(golden.glob("events_*.jsonl"))
    )
    assert run_here(golden, "audit", "--json").out.encode() == raw
    done = run_here(golden, "audit", "--type", "rescheduled")
    _titles, *rows = done.out.splitlines()
    assert done.code == 0
    assert ["2026-05-13 17:00" in rows[0], "2026-05-14 16:00" in rows[3]] == [True, True]


def test_history_and_why_tell_of_both(golden: Path) -> None:
    """As JSON in today's form, as `Event.to_dict` has it."""
    told = json.loads(run_here(golden, "history", "both", "--json").out)
    assert [(line["schema"], line["data"]) for line in told[1:]] == [
        (2, {"scheduled_time": "2026-05-12T09:00:00Z"}),
        (2, {"scheduled_time": "2026-05-14T09:00:00.000007Z"}),
    ]
    assert run_here(golden, "why", "both").code == 0


def test_a_snapshot_goes_on_behind_them(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state that it keeps is the one that the whole log gives, which is not read again."""
    clock = ManualClock(LATER)
    with saving_snapshots(1), Ledger(golden, clock=clock) as ledger:
        ledger.cancel_job("still")
    with Ledger(golden, read_only=True, use_snapshot=False) as whole:
        due = jobs_of(whole)
    seen = records_read(monkeypatch)
    with Ledger(golden, clock=clock) as ledger:
        assert (jobs_of(ledger), seen) == (due, [])
        assert ledger.verify().problems == []
        ledger.reschedule_job("both", LATER)
        due = jobs_of(ledger)
    with Ledger(golden, read_only=True, use_snapshot=False) as whole:
        assert jobs_of(whole) == due


def test_what_is_appended_has_the_newest_schema(golden: Path) -> None:
    """And is what reading it gives."""
    with Ledger(golden, clock=ManualClock(LATER)) as ledger:
        ledger.reschedule_job("still", LATER)
        assert ledger.get_job("still").scheduled_time == LATER
    line = lines_of(golden)[-1]
    assert (line["schema"], line["data"]) == (2, {"scheduled_time": "2026-05-12T10:00:00Z"})
    with Ledger(golden, read_only=True, use_snapshot=False) as ledger:
        assert ledger.get_job("still").scheduled_time == LATER


# -- schema 3 ----------------------------------------------------------------------------------


def append_at_schema_3(golden: Path) -> None:
    """Append what the release after that one would."""
    log = file_log(golden, clock=lambda: LATER, form=RECORDS)
    log.refresh()
    log.append(
        [NewRecord(type="rescheduled", job_id="still", version=3, schema=3, data=b'{"in_s":60}')]
    )
    log.close()


def test_an_event_of_a_newer_schema_is_refused(golden: Path) -> None:
    """By opening, for writing and for reading, with its number and the way on; nothing changes."""
    append_at_schema_3(golden)
    before = {path.name: path.read_bytes() for path in golden.glob("*.json*")}
    for read_only in (False, True):
        with pytest.raises(StorageError) as caught:
            Ledger(golden, read_only=read_only, use_snapshot=False)
        assert caught.value.message == f"record 13: {UNKNOWN}"
        assert (caught.value.remedy, caught.value.hint) == ("upgrade", UPGRADE)
    assert {path.name: path.read_bytes() for path in golden.glob("*.json*")} == before


def test_a_handle_that_meets_one_is_refused_from_there_on(golden: Path) -> None:
    """Whatever it would show or append is decided on a state that lacks the event."""
    with Ledger(golden) as ledger:
        append_at_schema_3(golden)
        for _ in range(2):
            with pytest.raises(StorageError, match=r"record 13: .* is not known") as caught:
                ledger.list_jobs()
            assert caught.value.hint == UPGRADE
        with pytest.raises(StorageError, match=r"record 13: .* is not known"):
            ledger.hold_job("still")


def test_verify_names_its_file_line_and_byte(golden: Path) -> None:
    append_at_schema_3(golden)
    path = golden / "events_2026-05-12.jsonl"
    offset = path.read_bytes().rindex(b"\n", 0, -1) + 1
    with pytest.raises(StorageError) as caught:
        verify_directory(golden)
    error = caught.value
    assert error.message == f"{path}, line 5, byte {offset}: {UNKNOWN}"
    assert (error.path, error.line, error.offset) == (str(path), 5, offset)
    assert error.hint == UPGRADE


@pytest.mark.parametrize(
    "command",
    [["list"], ["rebuild", "--check"], ["verify"], ["history", "still"], ["stats"], ["audit"]],
    ids=" ".join,
)
def test_each_command_says_where_it_is_and_to_upgrade(golden: Path, command: list[str]) -> None:
    append_at_schema_3(golden)
    done = run_here(golden, *command)
    assert done.code == 2
    assert UNKNOWN in done.err
    assert "record 13" in done.err or "line 5" in done.err
    assert UPGRADE in done.err


def test_audit_as_json_gives_its_line(golden: Path) -> None:
    """It is in the log, and sound; what it means nobody asks there."""
    append_at_schema_3(golden)
    done = run_here(golden, "audit", "--json")
    assert (done.code, json.loads(done.out.splitlines()[-1])["schema"]) == (0, 3)
