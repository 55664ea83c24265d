"""`import`: what spreadsheets, programs and other schedulers write is understood, or named."""

from __future__ import annotations

import io
import json
import shlex
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.cli import made, run_here

from jobledger import JobStatus, Ledger, ScheduledJob
from jobledger.eventstore import commit_queue as group

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
TIME = SOON.isoformat()
HEAD = "account_id,content,scheduled_time"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the directory that the command works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str | bytes) -> None:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def job(job_id: str, **more: Any) -> dict[str, Any]:
    fields = {"job_id": job_id, "account_id": "a", "content": job_id, "scheduled_time": TIME}
    return fields | more


def daily(day: str, *jobs: dict[str, Any], updated_at: str | None = None) -> None:
    document = {"date": day, "updated_at": updated_at, "jobs": jobs}
    write(f"old/jobs_{day}.json", json.dumps(document, indent=1))


def imported(directory: Path, *arguments: str, zone: str = "UTC") -> dict[str, ScheduledJob]:
    """Import what has to be acceptable; the jobs by their content."""
    said = "" if directory.exists() else made(directory, zone)
    done = run_here(directory, "import", *arguments)
    assert (done.code, done.err) == (0, said)
    with Ledger(directory, read_only=True) as ledger:
        return {job.content: job for job in ledger.list_jobs()}


def refused(directory: Path, *arguments: str) -> list[str]:
    """Import what must not be; the errors. Nothing is made."""
    done = run_here(directory, "import", *arguments)
    assert (done.code, done.out) == (2, "")
    assert not directory.exists()
    lines = done.err.splitlines()
    return [line.removeprefix("jobledger: ") for line in lines if "nothing was" not in line]


# -- CSV -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("begin", ["", "\ufeff", "sep", "\ufeff\r\n"])
def test_a_csv_as_spreadsheets_save_it_is_understood(
    files: Path, directory: Path, separator: str, begin: str
) -> None:
    """Separators, byte order mark, line breaks in cells, empty cells and rows, columns anyhow."""
    first = f"sep={separator}\r\n" if begin == "sep" else begin
    rows = [
        ["Content ", "ACCOUNT_ID", "Priority", "scheduled_time", "max_retries", "Link_Aff"],
        ['"một, hai; ba\tbốn\r\n""năm"""', "a", "high", TIME, "", "http://x"],
        ["", " ", "", "", "", ""],
        ["two", "b", "1", f" {TIME} ", "7", ""],
    ]
    write("posts.csv", first + "\r\n".join(separator.join(row) for row in rows) + "\r\n\r\n")
    jobs = imported(directory, "posts.csv")
    one = jobs['một, hai; ba\tbốn\r\n"năm"']
    assert (one.account_id, one.priority.name, one.max_retries) == ("a", "HIGH", 3)
    assert one.metadata == {"Link_Aff": "http://x"}
    two = jobs["two"]
    assert (two.account_id, two.priority, two.max_retries) == ("b", 1, 7)
    assert (two.metadata, two.status, two.scheduled_time) == ({}, "scheduled", SOON)


def test_every_bad_row_of_a_csv_is_named_with_its_line(files: Path, directory: Path) -> None:
    """The line on which it begins, and the field."""
    rows = {
        f'a,"two\nlines",{TIME},,,': None,
        f'a, "q",{TIME},,,': None,
        f"a,  ,{TIME},,,": "content must not be only white space",
        "a,x,someday,,,": "scheduled_time 'someday' is not a time",
        f"a,x,{TIME},done,,": "status must be one of pending, scheduled",
        f"a,x,{TIME},completed,,": "completed_at must be there for a job that is completed",
        f"a,x,{TIME},,many,": "retry_count must be an int, not 'many'",
        f"a,x,{TIME},,,[1]": "metadata must be a JSON object",
        f"a,x,{TIME},,,{{": "metadata is not JSON",
        "a,x": "scheduled_time is missing",
        f"a,x,{TIME},,,,surplus": "cell 7, 'surplus', is in a column without a name",
    }
    write("posts.csv", "\n".join([f"{HEAD},status,retry_count,metadata", *rows]))
    line, expected = 2, []
    for row, fault in rows.items():
        expected += [] if fault is None else [f"posts.csv, line {line}: {fault}"]
        line += 1 + row.count("\n")
    found = refused(directory, "posts.csv")
    assert len(found) == len(expected)
    for message, begins in zip(found, expected, strict=True):
        assert message.startswith(begins)


def test_like_faults_are_one_line_that_says_in_which_rows(files: Path, directory: Path) -> None:
    """The first is shown; JSON has each, with its own value."""
    rows = [f"a,x{n},{n}/12/2026 9:00" for n in range(1, 26)]
    rows[2] = f"a,fine,{TIME}"
    write("posts.csv", "\n".join([HEAD, *rows]))
    (found,) = refused(directory, "posts.csv")
    assert found.startswith("posts.csv, lines 2–3, 5–26: scheduled_time '1/12/2026 9:00' has its")
    assert ", and so in 24 rows (" in found
    document = json.loads(run_here(directory, "import", "posts.csv", "--json").out)
    assert [problem["line"] for problem in document["problems"]] == [2, 3, *range(5, 27)]
    assert "'25/12/2026 9:00'" in document["problems"][-1]["message"]
    assert document["imported"] == 0


def test_of_many_kinds_of_faults_twenty_are_printed(files: Path, directory: Path) -> None:
    """And how many more there are."""
    names = [f"jobs{chr(97 + n)}.jsonl" for n in range(25)]
    for name in names:
        write(name, "{")
    found = refused(directory, *names)
    assert len(found) == 21
    assert found[19].startswith("jobst.jsonl, line 1: not JSON")
    assert found[20] == "… and 5 more; --json has all of them"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "posts.csv is empty"),
        (b"content,account_id\nx,a\n", "posts.csv, line 1: there is no column scheduled_time"),
        (b"content,account_id,Content \nx,a,\n", "posts.csv, line 1: the column 'content' is the"),
        (f'{HEAD}\na,"x,{TIME}\n'.encode(), "posts.csv, line 2: not CSV: unexpected end of data"),
        (f"{HEAD}\na,x,\na,caf\xe9,".encode("cp1252"), "posts.csv, line 3: byte 6 of it, 0xe9, is"),
        (f"{HEAD}\n".encode("utf-16-le"), "posts.csv has zero bytes, as UTF-16 without its mark"),
    ],
    ids=["empty", "a column missing", "a column twice", "no end", "another encoding", "UTF-16"],
)
def test_a_csv_that_cannot_be_read_is_refused_by_its_place(
    files: Path, directory: Path, data: bytes, says: str
) -> None:
    """One line that says what to do."""
    write("posts.csv", data)
    (message,) = refused(directory, "posts.csv")
    assert message.startswith(says)


def test_an_empty_cell_and_an_empty_text_are_two_things(files: Path, directory: Path) -> None:
    """Nothing is nothing; a JSON string is that string; other quotes are the text's own."""
    cells = {"none": "", "empty": '""""""', "spaces": '"  "', "quoted": '"""a"" b"'}
    rows = [f"a,{name},{TIME},failed,{cell}" for name, cell in cells.items()]
    write("posts.csv", "\n".join([f"{HEAD},status,error", *rows]))
    errors = {name: job.error for name, job in imported(directory, "posts.csv").items()}
    assert errors == {"none": None, "empty": "", "spaces": "  ", "quoted": '"a" b'}


# -- JSON ----------------------------------------------------------------------------------------


def test_json_lines_have_a_job_each_with_keys_of_ones_own(files: Path, directory: Path) -> None:
    """Null is the default; unknown keys keep their kind; metadata that is there stays."""
    lines = [
        job("one", link_aff={"n": [1, None]}, metadata={"own": 1}, priority="Urgent"),
        job("two", metadata=None, platform=None, priority=None, status="PENDING"),
    ]
    write("jobs.jsonl", "\ufeff" + "\r\n\r\n".join(json.dumps(line) for line in lines))
    jobs = imported(directory, "jobs.jsonl")
    assert jobs["one"].metadata == {"own": 1, "link_aff": {"n": [1, None]}}
    assert (jobs["one"].priority, jobs["two"].priority) == (4, 2)
    assert (jobs["two"].platform, jobs["two"].status) == ("threads", JobStatus.PENDING)


def test_bad_lines_are_named(files: Path, directory: Path) -> None:
    """What is no JSON, no object, no job, or a number that the log cannot keep."""
    lines = {
        json.dumps(job("good")): None,
        "{": "not JSON: Expecting property name",
        "[1]": "not a job: list, not an object",
        "[" * 100_000: "not JSON",
        json.dumps({"account_id": "a", "scheduled_time": TIME}): "content is missing",
        json.dumps(job("n", metadata={"n": 2**70})): "metadata has an integer of more than 64 bits",
        json.dumps(job("t", thread_id=178)): "thread_id must be text, not 178",
        json.dumps(job("s", scheduled_time=1)): "scheduled_time must be a time as text, not 1",
        json.dumps(job("p", priority=True)): "priority must be one of 1 (low)",
        json.dumps(job("m", k=1, metadata={"k": 1})): "metadata has a key 'k', and so has the row",
        json.dumps(job("u", error="\ud800")): "error is not valid Unicode",
    }
    write("jobs.jsonl", "\n".join(lines))
    found = refused(directory, "jobs.jsonl")
    expected = [(n, fault) for n, fault in enumerate(lines.values(), 1) if fault]
    for message, (number, fault) in zip(found, expected, strict=True):
        assert message.startswith(f"jobs.jsonl, line {number}: {fault}")


def test_standard_input_needs_a_format(
    files: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And then is a file like any other."""
    (message,) = refused(directory, "-")
    assert "say --format" in message
    data = io.BytesIO(f"{HEAD}\na,x,{TIME}\n".encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
    assert list(imported(directory, "-", "--format", "csv")) == ["x"]


# -- directories ---------------------------------------------------------------------------------


def test_of_a_job_in_several_files_completed_wins_then_running_then_the_newer(
    files: Path, directory: Path
) -> None:
    """So a post that went out does not come back; the result says what decided."""
    done = {"status": "completed", "completed_at": TIME}
    daily(
        "2026-03-01",
        job("done", **done), job("runs", status="running"), job("late", error="old"),
        job("self", error="first"), job("self", error="second"),
        updated_at="2026-03-05T00:00:00",
    )  # fmt: skip
    daily("2026-03-02", job("done"), job("runs"), job("late", error="older"), job("day", error="1"))
    daily("2026-03-03", job("day", error="2"), job("alone"))
    done_as_json = run_here(directory, "import", "old", "--json")
    document = json.loads(done_as_json.out)
    to = {"old/jobs_2026-03-01.json": 4, "old/jobs_2026-03-03.json": 1}
    assert document["duplicates"] == {"resolved": 5, "to": to}
    assert sorted(document["ids"]) == ["alone", "day", "done", "late", "runs", "self"]
    with Ledger(directory, read_only=True) as ledger:
        jobs = {job.job_id: job for job in ledger.list_jobs()}
        (event,) = ledger.history("alone")
    assert (jobs["done"].status, jobs["runs"].status) == ("completed", "running")
    errors = {name: jobs[name].error for name in ("late", "self", "day")}
    assert errors == {"late": "old", "self": "second", "day": "2"}
    assert event.data.imported.source == "old/jobs_2026-03-03.json"  # type: ignore[union-attr]
    assert "imported as scheduled from old/jobs_2026-03-03.json" in " ".join(
        run_here(directory, "audit", "--job", "alone").out.split()
    )


def test_the_files_of_a_directory_named_one_by_one_are_the_same(
    files: Path, directory: Path
) -> None:
    """As a shell's `*` does; also with the directory besides."""
    daily("2026-03-01", job("one"))
    daily("2026-03-02", job("one", status="completed", completed_at=TIME))
    names = [f"old/jobs_2026-03-0{day}.json" for day in (1, 2)]
    assert imported(directory, *names, "old")["one"].status is JobStatus.COMPLETED


DONE = {"status": "completed", "completed_at": TIME, "thread_id": "17890000000000001"}


@pytest.mark.parametrize(
    "names", [["old"], ["old/jobs_2026-03-01.json", "old/jobs_2026-03-01_completed.json"]]
)
def test_files_of_one_state_are_read_too_so_that_no_post_goes_out_again(
    files: Path, directory: Path, names: list[str]
) -> None:
    daily("2026-03-01", job("one"), job("two"), updated_at="2026-03-09T00:00:00")
    daily("2026-03-01_completed", job("one", **DONE), updated_at="2026-03-01T09:00:00")
    jobs = imported(directory, *names)
    assert (jobs["one"].status, jobs["one"].thread_id) == ("completed", DONE["thread_id"])
    assert jobs["two"].status == "scheduled"


def test_files_of_states_alone_are_a_directory(files: Path, directory: Path) -> None:
    """What does not say its state has that of its file; of two that are equally new the one counts
    that posts less."""
    daily("2026-03-01_scheduled", job("one", status="scheduled"), job("two", status="scheduled"))
    daily("2026-03-01_cancelled", job("two", status="cancelled"), job("three"))
    states = {name: one.status.value for name, one in imported(directory, "old").items()}
    assert states == {"one": "scheduled", "two": "cancelled", "three": "cancelled"}


def test_a_job_of_another_state_than_its_files_is_named(files: Path, directory: Path) -> None:
    daily("2026-03-01_completed", job("one", status="scheduled"))
    (fault,) = refused(directory, "old")
    assert fault.endswith("line 5: status is 'scheduled', in a file of completed jobs")


@pytest.mark.parametrize("beside", ["2026-03-01_completed", "2026-03-02", "2026-03-01_running"])
def test_of_one_file_what_lies_beside_it_is_asked_too(
    files: Path, directory: Path, beside: str
) -> None:
    """A job that another file has as posted is not posted again; its other jobs stay out."""
    status = DONE if "running" not in beside else {"status": "running", "started_at": TIME}
    daily("2026-03-01", job("one"), job("two"))
    daily(beside, job("one", **status), job("other"))
    (fault,) = refused(directory, "old/jobs_2026-03-01.json")
    said = f"old/jobs_{beside}.json beside it has the job as {status['status']}"
    assert fault == f"old/jobs_2026-03-01.json, line 5: {said}: import the directory"
    daily(beside, job("other"))
    assert set(imported(directory, "old/jobs_2026-03-01.json")) == {"one", "two"}


@pytest.mark.parametrize(
    "name",
    [
        "jobs_2026-03-02.json.tmp", "jobs_2026-03-02 (1).json", "jobs_2026-03-02.JSON",
        "JOBS_2026-03-02.json", "jobs_2026-3-2.json", "jobs_2026-03-02_posted.json",
        "jobs_all.json", "jobs_2026-03-02.json~", "jobs_2026-03-02.json.bak",
        "jobs_٢٠٢٦-03-02.json", "jobs_\n.json",
    ],
)  # fmt: skip
@pytest.mark.parametrize("argument", ["old", "old/jobs_2026-03-01.json"])
def test_what_looks_like_a_daily_file_and_is_none_is_named(
    files: Path, directory: Path, name: str, argument: str
) -> None:
    """It may be the newer one: it is left out by who knows better, and not in silence."""
    daily("2026-03-01", job("one"))
    write(f"old/{name}", "{}")
    done = run_here(directory, "import", argument)
    assert (done.code, done.out) == (2, "")
    assert "old there is" in done.err
    assert "--ignore" in done.err
    assert not directory.exists()
    assert set(imported(directory, argument, "--ignore", name)) == {"one"}


def test_the_hint_of_an_odd_name_works_when_it_is_typed(files: Path, directory: Path) -> None:
    daily("2026-03-01", job("one"))
    write("old/jobs_2026-03-02 (1).json", "")
    (fault,) = refused(directory, "old")
    options = shlex.split(fault.rpartition("with ")[2].rstrip(")"))
    assert set(imported(directory, "old", *options)) == {"one"}


def test_a_job_twice_elsewhere_is_an_error_that_names_both_places(
    files: Path, directory: Path
) -> None:
    """Within a file, or in two that are no daily files of one directory."""
    write("jobs.jsonl", "\n".join(json.dumps(job(name)) for name in ("one", "two", "one")))
    fault = "jobs.jsonl, line 3: job_id 'one' is there twice: also in jobs.jsonl, line 1"
    assert refused(directory, "jobs.jsonl") == [fault]
    daily("2026-03-01", job("two"))
    (_, other) = refused(directory, "jobs.jsonl", "old")
    assert other.startswith("old/jobs_2026-03-01.json, line 5: job_id 'two' is there twice: also")


def test_a_damaged_file_of_a_directory_keeps_all_of_it_out(files: Path, directory: Path) -> None:
    """It is named with its line; so is a job in a file that is not acceptable."""
    daily("2026-03-01", job("one"), job("two", content=""))
    write("old/jobs_2026-03-02.json", '{"date": "x",\n "jobs": [')
    write("old/jobs_2026-03-03.json", '{"date": "x", "jobs": {}}')
    write("old/jobs_2026-03-04.json", json.dumps([job("bare"), 1]))
    assert [message[:60] for message in refused(directory, "old")] == [
        "old/jobs_2026-03-01.json, line 11: content must not be empty",
        "old/jobs_2026-03-04.json, line 1: not a job: int, not an obj",
        "old/jobs_2026-03-02.json, line 2: not JSON: Expecting value ",
        "old/jobs_2026-03-03.json, line 1: neither a list of jobs nor",
    ]


def test_a_bare_list_of_jobs_is_understood(files: Path, directory: Path) -> None:
    """In a file of any name that ends in .json."""
    write("some.json", json.dumps([job("one"), job("two")]))
    assert list(imported(directory, "some.json")) == ["one", "two"]


# -- the ledger ----------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_happen_and_makes_nothing(files: Path, directory: Path) -> None:
    """Not even the directory; ids that would be made are not there."""
    rows = f"mine,a,x,{TIME},completed,{TIME}\n,a,y,{TIME},,\n"
    write("posts.csv", f"job_id,{HEAD},status,completed_at\n{rows}")
    told = run_here(directory, "import", "posts.csv", "--dry-run")
    last = told.out.splitlines()[-1]
    assert last == "would import 2 jobs: 1 scheduled, 1 completed; nothing was changed"
    document = json.loads(run_here(directory, "import", "posts.csv", "--dry-run", "--json").out)
    assert (document["imported"], document["jobs"], document["ids"]) == (0, 2, ["mine", None])
    assert not directory.exists()


def test_ids_that_the_ledger_knows_are_errors_or_left_out(files: Path, directory: Path) -> None:
    """Removed ones too; and the rest of the row is not looked at then."""
    with Ledger(directory) as ledger:
        ledger.add_job("a", "x", SOON, job_id="gone")
        ledger.remove_job("gone")
    write("jobs.jsonl", "\n".join(json.dumps(job(name)) for name in ("gone", "new")))
    done = run_here(directory, "import", "jobs.jsonl")
    assert done.code == 2
    assert "jobs.jsonl, line 1: job_id 'gone' was used before" in done.err
    skipping = run_here(directory, "import", "jobs.jsonl", "--skip-existing", "--json")
    assert json.loads(skipping.out)["skipped"] == 1
    assert json.loads(skipping.out)["ids"] == ["new"]
    again = run_here(directory, "import", "jobs.jsonl", "--skip-existing")
    assert again.out.splitlines()[0] == "imported 0 jobs"


def test_times_without_an_offset_are_of_the_ledgers_zone(files: Path, directory: Path) -> None:
    """A new one's by --timezone; an existing one keeps its own."""
    local = f"{SOON:%Y-%m-%d} 09:00"
    write("posts.csv", f"{HEAD}\na,x,{local}\n")
    zone = "Asia/Ho_Chi_Minh"
    job = imported(directory, "posts.csv", "--timezone", zone, zone=zone)["x"]
    assert f"{job.scheduled_time:%Y-%m-%d %H:%M}" == f"{SOON:%Y-%m-%d} 02:00"
    other = run_here(directory, "import", "posts.csv", "--timezone", "UTC")
    assert (other.code, "created with 'Asia/Ho_Chi_Minh'" in other.err) == (2, True)


def test_the_ledgers_own_directory_is_refused_and_another_ledgers_too(
    files: Path, directory: Path
) -> None:
    """Its daily files do not tell everything; an old scheduler's directory gets no ledger."""
    daily("2026-03-01", job("one"))
    for arguments in (["old"], ["old/jobs_2026-03-01.json"]):
        done = run_here(Path("old"), "import", *arguments)
        assert done.code == 2
        assert "jobledger --dir NEW import old" in done.err
    assert [path.name for path in Path("old").iterdir()] == ["jobs_2026-03-01.json"]
    write("posts.csv", f"{HEAD}\na,x,{TIME}\n")
    for more in ([], ["--dry-run"]):
        done = run_here(Path("old"), "import", "posts.csv", *more)
        assert done.code == 2
        assert f"jobledger --dir NEW import {Path('old').absolute()}" in done.err
    with Ledger("other") as ledger:
        ledger.add_job("a", "x", SOON)
    assert "jobledger --dir other export" in refused(directory, "other")[0]


def test_a_damaged_ledger_takes_nothing(files: Path, directory: Path) -> None:
    """Exit 1, and the damage is named, also of a dry run."""
    with Ledger(directory) as ledger:
        ledger.add_jobs([])
        ledger.add_job("a", "first", SOON)
        ledger.add_job("a", "x", SOON)
    (log,) = directory.glob("events_*.jsonl")
    log.write_bytes(log.read_bytes().replace(b"first", b"worst"))
    before = log.read_bytes()
    write("posts.csv", f"{HEAD}\na,x,{TIME}\n")
    for more in ([], ["--dry-run"]):
        done = run_here(directory, "import", "posts.csv", *more)
        assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
        assert log.name in done.err
    assert log.read_bytes() == before


def test_too_many_for_one_write_are_refused_before_anything_is_made(
    files: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says in how many parts to do it."""
    monkeypatch.setattr("jobledger.interchange.plan.MAX_APPEND_BYTES", 5000)
    assert group.MAX_APPEND_BYTES > 5000
    write("posts.csv", f"{HEAD}\n" + "".join(f"a,x{n},{TIME}\n" for n in range(10)))
    (message,) = refused(directory, "posts.csv")
    assert "10 jobs are about" in message
    assert "split them into 2 files" in message


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.csv"], "cannot read nothing.csv: No such file"),
        (["jobs.txt"], "what is in jobs.txt? (say --format"),
        (["empty"], "there are no jobs_YYYY-MM-DD.json files in empty"),
    ],
)
def test_what_is_not_there_is_refused(
    files: Path, directory: Path, arguments: list[str], says: str
) -> None:
    """One clear line."""
    Path("empty").mkdir()
    assert refused(directory, *arguments)[0].startswith(says)


def test_a_running_job_is_spoken_of(files: Path, directory: Path) -> None:
    """The next runner may post it a second time: that is said here, not found out."""
    write("jobs.jsonl", json.dumps(job("one", status="running")))
    assert "--on-interrupted fail" in run_here(directory, "import", "jobs.jsonl").out
