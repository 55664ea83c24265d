"""`verify` reads everything, says what is wrong and where, and changes nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.eventstore import append_bytes, contents, damages, lines_of, reseal

from jobledger import (
    ExportedHead,
    Ledger,
    LedgerCorruptError,
    ManualClock,
    NewJob,
    Problem,
    StorageError,
    VerifyReport,
)
from jobledger.eventstore.engines.files import FileSystem
from jobledger.integrity.verify import verify_directory

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def job(job_id: str, days: int = 1) -> NewJob:
    """Describe a post that is due `days` after the start."""
    return NewJob(
        account_id="acme",
        content=f"post {job_id}",
        scheduled_time=NOON + timedelta(days=days),
        job_id=job_id,
    )


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Make a closed ledger of one event."""
    directory = tmp_path / "small"
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        ledger.add_jobs([job("a")])
    return directory


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """Make a closed ledger of three days with three events each; jobs on three other days."""
    directory = tmp_path / "long"
    clock = ManualClock(NOON)
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_jobs([job("a", 10), job("b", 11)])
        ledger.edit_job("a", content="better")
        clock.advance(DAY)
        ledger.hold_job("a")
        ledger.release_job("a")
        ledger.cancel_job("b", "no longer wanted")
        clock.advance(DAY)
        ledger.requeue_job("b", NOON + 12 * DAY)
        ledger.hold_job("b")
        ledger.remove_job("b")
    return directory


def days(directory: Path) -> list[Path]:
    return sorted(directory.glob("events_*.jsonl"))


def rewrite(path: Path, lines: Sequence[bytes]) -> None:
    path.write_bytes(b"".join(lines))


def report_of(directory: Path) -> VerifyReport:
    """Report on a ledger, of which verify changes not a byte."""
    before = contents(directory)
    report = verify_directory(directory)
    assert contents(directory) == before
    assert report.ok == (not report.problems)
    return report


def first_problem(directory: Path) -> Problem:
    report = report_of(directory)
    assert not report.ok
    return report.problems[0]


def place(problem: Problem) -> tuple[str, str, int | None, int | None]:
    return problem.kind, problem.path, problem.line, problem.offset


# -- sound ledgers ---------------------------------------------------------------------------------


def test_a_sound_ledger_is_clean(long: Path) -> None:
    """With what was read, and the place and hash of the last record."""
    report = report_of(long)
    last = json.loads(lines_of(days(long)[-1])[-1])
    assert report == VerifyReport(
        ok=True,
        events=9,
        files=3,
        head={"seq": 9, "hash": last["hash"]},
        problems=[],
        exported_head=ExportedHead(
            ledger=json.loads(lines_of(days(long)[0])[0])["ledger"],
            timezone="UTC",
            seq=9,
            hash=last["hash"],
            at=datetime.fromisoformat(last["at"]),
            events=9,
            files=3,
            day=days(long)[-1].name[7:17],
        ),
    )


def test_a_ledger_verifies_itself_while_it_is_open(tmp_path: Path) -> None:
    """Its daily files are brought up first, so that there is nothing to find."""
    with Ledger(tmp_path / "jobs", clock=ManualClock(NOON)) as ledger:
        for name in ("a", "b"):
            ledger.add_jobs([job(name)])
            report = ledger.verify()
            assert (report.ok, report.problems, report.events) == (True, [], ledger.seq)


def test_a_new_ledger_is_clean(tmp_path: Path) -> None:
    """It has a day file, and no event in it."""
    with Ledger(tmp_path / "jobs", clock=ManualClock(NOON)):
        pass
    report = report_of(tmp_path / "jobs")
    assert (report.ok, report.events, report.files) == (True, 0, 1)
    assert report.head["seq"] == 0


def test_a_copy_without_locks_is_clean(long: Path, tmp_path: Path) -> None:
    """A backup can be checked where it lies."""
    copy = tmp_path / "copy"
    shutil.copytree(long, copy, ignore=shutil.ignore_patterns("*.lock"))
    report = report_of(copy)
    assert (report.ok, report.events, report.notes) == (True, 9, [])


def test_a_copy_of_the_log_alone_is_clean(long: Path, tmp_path: Path) -> None:
    """What is missing is noted: it makes the check weaker, and it is no damage."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in days(long):
        shutil.copy(path, copy)
    report = report_of(copy)
    assert (report.ok, report.events) == (True, 9)
    assert any("HEAD" in note for note in report.notes)
    assert any("daily files" in note for note in report.notes)


def test_a_read_only_ledger_verifies_without_changing_anything(long: Path) -> None:
    """Damaged or not."""
    before = contents(long)
    with Ledger(long, clock=ManualClock(NOON), read_only=True) as ledger:
        assert ledger.verify().ok
    assert contents(long) == before

    path = days(long)[1]
    rewrite(path, [line.replace(b"held", b"hold") for line in lines_of(path)])
    before = contents(long)
    with Ledger(long, clock=ManualClock(NOON), read_only=True) as ledger:
        assert not ledger.verify().ok
    assert contents(long) == before


def test_progress_goes_up_to_the_size_of_the_log(long: Path) -> None:
    """In bytes, over all files."""
    steps: list[tuple[int, int]] = []
    verify_directory(long, progress=lambda done, total: steps.append((done, total)))
    size = sum(path.stat().st_size for path in days(long))
    assert {total for _, total in steps} == {size}
    dones = [done for done, _ in steps]
    assert dones == sorted(dones)
    assert size - 1 <= dones[-1] <= size


def test_the_report_as_a_document_has_the_keys_of_the_command(long: Path) -> None:
    """And those of each problem."""
    rewrite(days(long)[0], lines_of(days(long)[0])[:-1])
    document = report_of(long).to_dict()
    assert list(document) == ["ok", "events", "files", "head", "problems"]
    assert {tuple(problem) for problem in document["problems"]} == {
        ("kind", "path", "line", "offset", "message")
    }
    json.dumps(document)


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    """An empty directory, and none at all."""
    with pytest.raises(StorageError, match="no ledger"):
        verify_directory(tmp_path)
    with pytest.raises(StorageError):
        verify_directory(tmp_path / "nowhere")


def test_a_newer_format_is_refused(small: Path) -> None:
    """This release cannot say whether it is sound."""
    path = days(small)[0]
    header, record = lines_of(path)
    rewrite(path, [reseal(header, format=2), record])
    with pytest.raises(StorageError, match="format 2") as caught:
        verify_directory(small)
    assert caught.value.path == str(path)


# -- every bit, every length -----------------------------------------------------------------------


def test_every_flipped_bit_and_every_truncation_is_found(small: Path) -> None:
    """In a log that was closed, with HEAD beside it; each with the file it is in."""
    path = days(small)[0]
    missed = []
    for name, data in damages(path.read_bytes()):
        path.write_bytes(data)
        report = verify_directory(small)
        if report.ok or report.problems[0].path != str(path):
            missed.append(name)
    assert missed == []


def test_every_truncation_of_every_day_is_found(long: Path) -> None:
    """At a line's end as within a line."""
    missed = []
    for path in days(long):
        data = path.read_bytes()
        for size in range(len(data)):
            path.write_bytes(data[:size])
            if verify_directory(long).ok:
                missed.append(f"{path.name} cut to {size} of {len(data)} bytes")
        path.write_bytes(data)
    assert missed == []


# -- lines -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(1, 5))
def test_a_line_with_a_wrong_hash_is_named(long: Path, day: int, line: int) -> None:
    """File, line from 1, and the byte where the line begins."""
    path = days(long)[day]
    lines = lines_of(path)
    lines[line - 1] = lines[line - 1].replace(b"2026", b"2027", 1)
    rewrite(path, lines)
    kind = "header" if line == 1 else "hash"
    offset = sum(map(len, lines[: line - 1]))
    assert place(first_problem(long)) == (kind, str(path), line, offset)


@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(2, 5))
def test_an_unreadable_line_is_named(long: Path, day: int, line: int) -> None:
    """Nothing of it is a record any more."""
    path = days(long)[day]
    lines = lines_of(path)
    lines[line - 1] = b"\0" * (len(lines[line - 1]) - 1) + b"\n"
    rewrite(path, lines)
    offset = sum(map(len, lines[: line - 1]))
    assert place(first_problem(long)) == ("unreadable", str(path), line, offset)


@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(2, 4))
def test_a_deleted_line_is_a_gap(long: Path, day: int, line: int) -> None:
    """It is named where the missing line should be."""
    path = days(long)[day]
    lines = lines_of(path)
    del lines[line - 1]
    rewrite(path, lines)
    offset = sum(map(len, lines[: line - 1]))
    assert place(first_problem(long)) == ("sequence", str(path), line, offset)


@pytest.mark.parametrize("with_head", [True, False], ids=["HEAD", "no HEAD"])
@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(2, 5))
def test_a_doubled_line_is_named(long: Path, day: int, line: int, with_head: bool) -> None:
    """The second of the two."""
    path = days(long)[day]
    if not with_head:
        (long / "HEAD").unlink()
    lines = lines_of(path)
    lines.insert(line, lines[line - 1])
    rewrite(path, lines)
    offset = sum(map(len, lines[:line]))
    assert place(first_problem(long)) == ("sequence", str(path), line + 1, offset)


@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(2, 4))
def test_swapped_lines_are_named(long: Path, day: int, line: int) -> None:
    """The first of the two."""
    path = days(long)[day]
    lines = lines_of(path)
    lines[line - 1], lines[line] = lines[line], lines[line - 1]
    rewrite(path, lines)
    offset = sum(map(len, lines[: line - 1]))
    assert place(first_problem(long)) == ("sequence", str(path), line, offset)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"seq": 77}, "sequence"),
        ({"prev": "f" * 32}, "chain"),
        ({"version": 9}, "version"),
        ({"at": "yesterday"}, "form"),
        ({"type": 7}, "form"),
        ({"data": {"content": 7}}, "event"),
        ({"type": "retried", "data": {}}, "event"),
        ({"type": "released", "data": {}}, "transition"),
        ({"type": "completed", "data": {"attempt": 1}}, "transition"),
    ],
)
def test_a_forged_line_is_named(small: Path, changes: dict[str, object], kind: str) -> None:
    """A hash that fits, and something that does not follow, or that no job can do."""
    (small / "HEAD").unlink()
    path = days(small)[0]
    header, added = lines_of(path)
    following = {"seq": 2, "batch": 2, "type": "edited", "version": 2, "data": {"content": "x"}}
    following["prev"] = json.loads(added)["hash"]
    rewrite(path, [header, added, reseal(added, **{**following, **changes})])
    assert place(first_problem(small)) == (kind, str(path), 3, len(header) + len(added))


def test_a_forged_line_that_could_be_true_is_found_by_the_chain(long: Path) -> None:
    """Sound and legal in itself: the next line names another hash."""
    path = days(long)[0]
    lines = lines_of(path)
    lines[1] = reseal(lines[1], job="c")
    rewrite(path, lines)
    offset = sum(map(len, lines[:2]))
    assert place(first_problem(long)) == ("chain", str(path), 3, offset)


def test_a_forged_last_line_is_found_by_head(small: Path) -> None:
    """No line follows that would name its hash."""
    path = days(small)[0]
    header, added = lines_of(path)
    rewrite(path, [header, reseal(added, job="z")])
    problem = first_problem(small)
    assert (problem.kind, problem.path) == ("head", str(small / "HEAD"))


@pytest.mark.parametrize("day", range(3))
def test_an_incomplete_write_in_the_middle_of_the_log_is_named(tmp_path: Path, day: int) -> None:
    """The last line of a write of several is gone, and something follows."""
    directory, clock = tmp_path / "jobs", ManualClock(NOON)
    with Ledger(directory, clock=clock) as ledger:
        for n in range(3):
            ledger.add_jobs([job(f"a{n}"), job(f"b{n}")])
            clock.advance(DAY)
        ledger.add_jobs([job("last")])
    path = days(directory)[day]
    rewrite(path, lines_of(path)[:-1])
    report = report_of(directory)
    assert not report.ok
    incomplete = [problem for problem in report.problems if problem.kind == "incomplete"]
    assert [(problem.path, problem.line) for problem in incomplete] == [(str(path), 2)]


def test_several_faults_are_all_named(long: Path) -> None:
    """Verify goes on behind the first."""
    for path in days(long):
        lines = lines_of(path)
        lines[2] = lines[2].replace(b"2026", b"2027")
        rewrite(path, lines)
    named = {(problem.path, problem.line) for problem in report_of(long).problems}
    assert {(str(path), 3) for path in days(long)} <= named


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [0, 1])
def test_a_missing_older_day_file_is_found(long: Path, day: int) -> None:
    """The next file names it."""
    path = days(long)[day]
    path.unlink()
    problem = first_problem(long)
    assert problem.kind == "missing"
    assert path.name in problem.message
    assert problem.path in (str(path), str(days(long)[day]))


def test_a_missing_newest_day_file_is_found_by_head(long: Path) -> None:
    """The log is sound, and shorter than it was."""
    days(long)[-1].unlink()
    problem = first_problem(long)
    last = days(long)[-1]
    assert (problem.kind, problem.path) == ("truncated", str(last))
    assert problem.offset == last.stat().st_size


def test_a_log_cut_at_a_lines_end_is_found_by_head(long: Path) -> None:
    """At the byte where it ends now."""
    path = days(long)[-1]
    rewrite(path, lines_of(path)[:-1])
    problem = first_problem(long)
    assert (problem.kind, problem.path) == ("truncated", str(path))
    assert problem.offset == path.stat().st_size


def test_a_log_that_is_gone_altogether_is_found_by_head(small: Path) -> None:
    """There was one."""
    days(small)[0].unlink()
    assert first_problem(small).kind == "truncated"


@pytest.mark.parametrize("day", range(3))
def test_a_file_of_another_ledger_is_found(long: Path, tmp_path: Path, day: int) -> None:
    """Sound in itself, and of the same day."""
    other, clock = tmp_path / "other", ManualClock(NOON)
    with Ledger(other, clock=clock) as ledger:
        for n in range(3):
            ledger.add_jobs([job(f"x{n}")])
            clock.advance(DAY)
    shutil.copy(days(other)[day], days(long)[day])
    report = report_of(long)
    assert not report.ok
    if day > 0:
        assert place(report.problems[0]) == ("header", str(days(long)[day]), 1, 0)


def test_a_day_file_under_another_name_is_found(long: Path) -> None:
    """Its header tells its day."""
    later = long / "events_2026-03-09.jsonl"
    days(long)[-1].rename(later)
    assert place(first_problem(long)) == ("header", str(later), 1, 0)


def test_a_head_of_another_ledger_is_found(long: Path, small: Path) -> None:
    """Files were mixed up."""
    shutil.copy(small / "HEAD", long / "HEAD")
    problem = first_problem(long)
    assert (problem.kind, problem.path) == ("head", str(long / "HEAD"))


@pytest.mark.parametrize("data", [b"", b"\0" * 320, b"garbage"], ids=repr)
def test_an_unreadable_head_is_a_note(long: Path, data: bytes) -> None:
    """A power cut may leave one; the next opening makes it anew."""
    (long / "HEAD").write_bytes(data)
    report = report_of(long)
    assert report.ok
    assert any("HEAD" in note for note in report.notes)


# -- the tail --------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_head", [True, False], ids=["HEAD", "no HEAD"])
def test_an_unacknowledged_torn_tail_is_a_note(small: Path, with_head: bool) -> None:
    """However much of a write of three is there: a crash explains it, and nothing is lost."""
    whole = days(small)[0].read_bytes()
    ahead = small.with_name("ahead")
    shutil.copytree(small, ahead)
    with Ledger(ahead, clock=ManualClock(NOON)) as ledger:
        ledger.add_jobs([job("x"), job("y"), job("z")])
    write = days(ahead)[0].read_bytes()[len(whole) :]
    if not with_head:
        (small / "HEAD").unlink()

    for size in range(1, len(write) - 1):
        days(small)[0].write_bytes(whole + write[:size])
        report = report_of(small)
        assert report.problems == [], f"cut after {size} bytes"
        assert (report.events, report.head["seq"]) == (1, 1)
        assert any("incomplete" in note for note in report.notes)


def test_an_unacknowledged_write_that_lacks_its_newline_is_no_problem(small: Path) -> None:
    """Opening adds it, and keeps the write."""
    head = (small / "HEAD").read_bytes()
    with Ledger(small, clock=ManualClock(NOON)) as ledger:
        ledger.add_jobs([job("b")])
    (small / "HEAD").write_bytes(head)
    path = days(small)[0]
    path.write_bytes(path.read_bytes()[:-1])
    report = report_of(small)
    assert (report.problems, report.events) == ([], 2)


def test_garbage_behind_the_last_write_is_a_note(small: Path) -> None:
    """Zeros of a file that grew, or pages of something else."""
    whole = days(small)[0].read_bytes()
    for tail in (b"\0" * 4096, b"x", b"no json\n", b"\n\n"):
        days(small)[0].write_bytes(whole + tail)
        report = report_of(small)
        assert (report.problems, report.events) == ([], 1)
        assert any("incomplete" in note for note in report.notes)


def test_a_torn_tail_is_a_problem_in_an_older_file(long: Path) -> None:
    """A new day is begun only behind a whole write."""
    path = days(long)[0]
    lines, size = len(lines_of(path)), path.stat().st_size
    append_bytes(path, b'{"seq":4,"ba')
    problem = first_problem(long)
    assert (problem.path, problem.line, problem.offset) == (str(path), lines + 1, size)


def test_an_acknowledged_record_that_is_torn_is_a_problem(small: Path) -> None:
    """HEAD knows that it was on disk."""
    path = days(small)[0]
    header, added = lines_of(path)
    rewrite(path, [header, added[:-30]])
    problem = first_problem(small)
    assert (problem.path, problem.line, problem.offset) == (str(path), 2, len(header))


# -- daily files -----------------------------------------------------------------------------------


def test_the_daily_files_of_a_closed_ledger_are_in_step(long: Path) -> None:
    """There is one for the job that is left."""
    assert [path.name for path in long.glob("jobs_*.json")] == ["jobs_2026-03-11.json"]
    assert report_of(long).ok


def test_a_changed_daily_file_is_found(long: Path) -> None:
    """By one byte."""
    path = long / "jobs_2026-03-11.json"
    path.write_bytes(path.read_bytes().replace(b"better", b"bitter"))
    problem = first_problem(long)
    assert (problem.kind, problem.path) == ("projection", str(path))


def test_a_missing_daily_file_is_found(long: Path) -> None:
    """The marker says that it was written."""
    path = long / "jobs_2026-03-11.json"
    path.unlink()
    problem = first_problem(long)
    assert (problem.kind, problem.path) == ("projection", str(path))
    assert "missing" in problem.message


def test_a_foreign_daily_file_is_found(long: Path) -> None:
    """The log has no job of that day."""
    path = long / "jobs_2020-01-01.json"
    path.write_bytes(b'{"jobs": []}')
    problem = first_problem(long)
    assert (problem.kind, problem.path) == ("projection", str(path))
    assert "no job" in problem.message


def test_a_daily_file_of_a_day_whose_jobs_are_gone_is_found(long: Path) -> None:
    """The job was removed, and so should the file be."""
    path = long / "jobs_2026-03-13.json"
    path.write_bytes(b'{"jobs": []}')
    problem = first_problem(long)
    assert (problem.kind, problem.path) == ("projection", str(path))


def test_changed_daily_files_are_all_named(long: Path) -> None:
    """One problem each."""
    paths = [long / "jobs_2026-03-11.json", long / "jobs_2020-01-01.json"]
    for path in paths:
        path.write_bytes(b"{}")
    problems = report_of(long).problems
    assert {problem.path for problem in problems} == set(map(str, paths))
    assert len(problems) == 2


def test_a_rebuild_mends_what_verify_found(long: Path) -> None:
    """Changed, missing or foreign."""
    (long / "jobs_2026-03-11.json").write_bytes(b"{}")
    (long / "jobs_2020-01-01.json").write_bytes(b"{}")
    with Ledger(long, clock=ManualClock(NOON + 3 * DAY)) as ledger:
        assert not ledger.verify().ok
        ledger.rebuild()
        assert ledger.verify().ok


def test_daily_files_that_are_behind_are_a_note(small: Path) -> None:
    """As a crash leaves them: the log went on, the files did not yet."""
    behind = contents(small)
    with Ledger(small, clock=ManualClock(NOON)) as ledger:
        ledger.add_jobs([job("b")])
    for name, data in behind.items():
        if name.startswith(("jobs_", "snapshot_")):
            (small / name).write_bytes(data)
    report = report_of(small)
    assert (report.problems, report.events) == ([], 2)
    assert any("behind" in note for note in report.notes)


class ChangesMeanwhile(FileSystem):
    """Files on which somebody else adds a job and writes its daily file once `verify` has read the
    log, and has not come to the marker yet that says so."""

    def __init__(self, ledger: Ledger, day_file: Path, days: int) -> None:
        super().__init__()
        self._ledger, self._day_file, self._days = ledger, day_file, days

    def open_read(self, path: Path) -> int:
        if path == self._day_file and self._days:
            days, self._days = self._days, 0
            marker = path.parent / "snapshot_daily_files.json"
            before = marker.read_bytes()
            self._ledger.add_jobs([job("meanwhile", days)])
            self._ledger.write_behind()
            assert marker.read_bytes() != before
            marker.write_bytes(before)
        return super().open_read(path)


@pytest.mark.parametrize("at_midnight", [False, True], ids=["same day", "next day"])
def test_a_daily_file_of_what_came_in_meanwhile_is_no_damage(
    tmp_path: Path, at_midnight: bool
) -> None:
    """Files are written before the marker: in between, they are ahead of what it says."""
    directory, clock = tmp_path / "jobs", ManualClock(NOON)
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_jobs([job("a", days=2)])
        ledger.write_behind()
        if at_midnight:
            clock.advance(DAY)
        day_file = directory / "jobs_2026-03-03.json"
        report = verify_directory(directory, fs=ChangesMeanwhile(ledger, day_file, days=2))
        assert (report.problems, report.ok, report.events) == ([], True, 1)
        assert "the daily files are being written; they were not compared" in report.notes


def test_a_changed_daily_file_of_a_ledger_that_is_open_and_at_rest_is_found(tmp_path: Path) -> None:
    """Only what comes in meanwhile is an excuse."""
    directory = tmp_path / "jobs"
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        ledger.add_jobs([job("a", days=2)])
        ledger.write_behind()
        append_bytes(directory / "jobs_2026-03-03.json", b" ")
        assert first_problem(directory).kind == "projection"


def test_with_a_damaged_log_the_daily_files_are_not_judged(long: Path) -> None:
    """Nobody can say what they should be."""
    (long / "jobs_2026-03-11.json").unlink()
    rewrite(days(long)[0], lines_of(days(long)[0])[:-1])
    report = report_of(long)
    assert "projection" not in {problem.kind for problem in report.problems}
    assert any("daily files" in note for note in report.notes)


def test_a_header_without_its_newline_is_damage(directory: Path, clock: ManualClock) -> None:
    """A day file is made whole, so its header is never a torn write; opening refuses it too."""
    with Ledger(directory, clock=clock):
        pass
    (path,) = directory.glob("events_*.jsonl")
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    (problem,) = verify_directory(directory).problems
    assert (problem.kind, problem.path, problem.line) == ("header", str(path), 1)
    with pytest.raises(LedgerCorruptError):
        Ledger(directory, clock=clock)
