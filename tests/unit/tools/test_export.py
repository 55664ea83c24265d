"""`export`: jobs as files that others read, and that `import` takes back."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.cli import run_here
from support.domain import elsewhere

from jobledger import JobStatus, Ledger, ManualClock
from jobledger.interchange.workbook_text import escaped, unescaped
from jobledger.tools.importing.saved import TOOLS


@pytest.fixture
def ledger(directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One job that is out and one in doubt; the command works beside it."""
    monkeypatch.chdir(directory.parent)
    done = {"status": JobStatus.COMPLETED, "completed_at": clock.now() - timedelta(days=1)}
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        ledger.import_jobs(
            [
                elsewhere(job_id="done", account_id="a", content="một\nhai", **done),
                elsewhere(job_id="doubt", account_id="b", in_doubt=True, attempt=2, retry_count=1),
            ]
        )
    return directory


def test_without_a_file_each_job_is_a_json_line(ledger: Path) -> None:
    """With all the keys of `to_dict`, and what is to be remembered where it is set."""
    lines = [json.loads(line) for line in run_here(ledger, "export").out.split("\n")[:-1]]
    assert [line["job_id"] for line in lines] == ["done", "doubt"]
    assert len(lines[0]) == 16
    assert set(lines[1]) - set(lines[0]) == {"attempt", "in_doubt", "doubted_attempt"}
    assert lines[0]["completed_at"] == "2026-03-01T12:00:00+00:00"


def test_a_csv_has_the_columns_that_are_needed(ledger: Path) -> None:
    """Those that no job needs are not there; for Excel it is UTF-8 by its mark, with `;`."""
    assert run_here(ledger, "export", "all.csv").out == "wrote all.csv: 2 jobs\n"
    rows = list(csv.reader(io.StringIO(Path("all.csv").read_bytes().decode(), newline="")))
    assert len(rows[0]) == 19
    assert rows[1][2] == "một\nhai"
    run_here(ledger, "export", "done.csv", "--status", "completed", "--excel")
    text = Path("done.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbfjob_id;account_id;content;")
    assert text.count(b"\r\n") == 2
    assert len(text.split(b"\r\n")[0].split(b";")) == 16


def test_daily_files_are_those_of_the_ledgers_days(ledger: Path) -> None:
    """A file a day, by the ledger's zone; with `--json` it says how many."""
    done = run_here(ledger, "export", "out", "--format", "daily", "--json")
    assert json.loads(done.out) == {"path": "out", "format": "daily", "jobs": 2, "files": 2}
    names = sorted(path.name for path in Path("out").iterdir())
    assert names == ["jobs_2026-03-01.json", "jobs_2026-03-02.json"]
    document = json.loads(Path("out", names[1]).read_text("utf-8"))
    assert (document["date"], document["jobs"][0]["in_doubt"]) == ("2026-03-02", True)


def test_filters_choose_by_account_and_state(ledger: Path) -> None:
    """As in `list`."""
    for arguments in (["--account-id", "b"], ["--status", "SCHEDULED"]):
        (line,) = run_here(ledger, "export", *arguments).out.splitlines()
        assert json.loads(line)["job_id"] == "doubt"


def test_what_is_there_is_not_written_over_without_force(ledger: Path) -> None:
    """Neither a file nor a directory's; and never so that two exports mix."""
    for target in ("all.csv", "out/"):
        assert run_here(ledger, "export", target).code == 0
        again = run_here(ledger, "export", target)
        assert (again.code, "--force" in again.err) == (2, True)
        assert run_here(ledger, "export", target, "--force").code == 0
    mixed = run_here(ledger, "export", "out", "--status", "completed", "--force")
    assert mixed.code == 2
    assert "jobs_2026-03-02.json, which this export does not have" in mixed.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["jobs/events_2099-01-01.jsonl", "--force"], "jobs is a ledger"),
        (["jobs/"], "jobs is a ledger"),
        (["some"], "what is some to be?"),
        (["-", "--format", "daily"], "daily files need a directory"),
        (["x.jsonl", "--excel"], "excel is for csv, not for jsonl"),
        ([".", "--format", "csv"], ". is a directory, and csv is a file"),
        (["no/such/x.csv"], "cannot write no/such/x.csv"),
    ],
)
def test_what_cannot_be_is_refused(ledger: Path, arguments: list[str], says: str) -> None:
    """One clear line, and the ledger's directory is left alone."""
    before = sorted(path.name for path in ledger.iterdir())
    done = run_here(ledger, "export", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"jobledger: {says}")
    assert sorted(path.name for path in ledger.iterdir()) == before


def test_of_a_damaged_ledger_what_is_sound_is_exported(ledger: Path) -> None:
    """And said, with exit 1."""
    with Ledger(ledger) as handle:
        handle.add_job("a", "third", handle.now())
    log = max(ledger.glob("events_*.jsonl"))
    log.write_bytes(log.read_bytes().replace(b"third", b"worse"))
    done = run_here(ledger, "export", "--format", "csv")
    assert (done.code, "the log is damaged" in done.err) == (1, True)
    assert "doubt" in done.out
    assert "worse" not in done.out


def test_a_file_for_a_spreadsheet_says_what_is_text(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an apostrophe, in the name of the column too; what looks like an error or a number of a
    spreadsheet's is a text there, and comes back as such."""
    monkeypatch.chdir(directory.parent)
    texts = ["#REF!", "=1+1", "1E+05", "plain", "a\r\nb"]
    done = {"status": JobStatus.COMPLETED, "completed_at": clock.now(), "created_at": clock.now()}
    with Ledger(directory, clock=clock) as ledger:
        ledger.import_jobs(
            [elsewhere(job_id=f"j{n}", content=text, **done) for n, text in enumerate(texts)]
        )
    assert run_here(directory, "export", "all.csv", "--excel").code == 0
    rows = list(
        csv.reader(io.StringIO(Path("all.csv").read_text("utf-8-sig"), newline=""), delimiter=";")
    )
    assert rows[0][:3] == ["'job_id", "account_id", "'content"]
    assert [row[2] for row in rows[1:]] == ["'#REF!", "'=1+1", "'1E+05", "plain", '\'"a\\r\\nb"']
    assert run_here(Path("again"), "import", "all.csv").code == 0
    with Ledger(Path("again"), read_only=True) as again:
        assert [again.get_job(f"j{n}").content for n in range(len(texts))] == texts


@pytest.mark.parametrize("excel", [["all.csv", "--excel"], ["all.xlsx"]])
def test_what_a_spreadsheet_would_cut_off_is_refused(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, excel: list[str]
) -> None:
    monkeypatch.chdir(directory.parent)
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now(), metadata={"k": "v" * 40_000})
    done = run_here(directory, "export", *excel)
    assert (done.code, Path(excel[0]).exists()) == (2, False)
    assert "a spreadsheet keeps 32767 of a cell" in done.err


@pytest.fixture
def plans(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three posts that wait, one of them a draft, and one that is out."""
    monkeypatch.chdir(directory.parent)
    at = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=9)
    with Ledger(directory, timezone="Asia/Ho_Chi_Minh") as ledger:
        ledger.add_job("shop", "một\nhai", at, metadata={"image_url": "https://x/a.jpg", "mood": 1})
        ledger.add_job("shop", "film", at, metadata={"video_url": "https://x/a.mp4"})
        ledger.add_job("shop", "draft", at, hold=True)
        done = {"status": JobStatus.COMPLETED, "completed_at": at - timedelta(days=20)}
        ledger.import_jobs([elsewhere(job_id="done", account_id="shop", **done)])
    return directory


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool != "postiz"])
def test_a_file_for_a_tool_is_understood_as_that_tools(plans: Path, tool: str) -> None:
    """What waits, and of that what the tool can have; the rest is told."""
    order = ["--dates", "mdy"] if tool in ("hootsuite", "sprout") else []
    done = run_here(plans, "export", "posts.csv", "--like", tool, *order)
    assert done.code == 0, done.err
    assert "posts that are completed: 1" in done.err
    assert "times are in Asia/Ho_Chi_Minh" in done.err
    words = ["import", "posts.csv", "--like", tool, "--set", "account_id=shop", *order]
    again = run_here(Path("again"), *words, "--timezone", "Asia/Ho_Chi_Minh")
    assert again.code == 0, again.err
    drafts = ["draft"] if tool == "metricool" else []
    with Ledger(plans, read_only=True) as ledger, Ledger(Path("again"), read_only=True) as there:
        wanted = {job.content: job for job in ledger.list_jobs(status=[JobStatus.SCHEDULED])}
        found = {job.content: job for job in there.list_jobs()}
        assert sorted(found) == sorted([*wanted, *drafts])
        assert [found[text].scheduled_time for text in wanted] == [
            job.scheduled_time for job in wanted.values()
        ]
    assert ("drafts, which it would post: 1" in done.err) == (not drafts)
    assert "values of mood: 1" in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["posts.csv", "--like", "sprout"], "say which: --dates dmy or --dates mdy"),
        (["posts.csv", "--like", "postiz"], "postiz takes no file of posts"),
        (["posts.jsonl", "--like", "buffer"], "is CSV, as that tool has it"),
        (["posts.csv", "--like", "buffer", "--excel"], "is CSV, as that tool has it"),
    ],
)
def test_what_a_tool_cannot_have_is_refused(plans: Path, arguments: list[str], says: str) -> None:
    done = run_here(plans, "export", *arguments)
    assert (done.code, says in done.err) == (2, True)


def test_a_file_for_a_tool_is_of_one_account(plans: Path) -> None:
    with Ledger(plans) as ledger:
        ledger.add_job("other", "x", ledger.now() + timedelta(days=1))
    done = run_here(plans, "export", "posts.csv", "--like", "buffer")
    assert (done.code, "--account-id 'other'" in done.err) == (2, True)
    assert (
        run_here(plans, "export", "posts.csv", "--like", "buffer", "--account-id", "other").code
        == 0
    )


def test_a_calendar_has_an_event_a_job_that_keeps_its_identity(plans: Path) -> None:
    assert run_here(plans, "export", "posts.ics").code == 0
    before = Path("posts.ics").read_text("utf-8")
    assert before.count("BEGIN:VEVENT") == 4
    assert "STATUS:TENTATIVE" in before
    with Ledger(plans) as ledger:
        [job] = [job for job in ledger.list_jobs() if job.content == "film"]
        ledger.reschedule_job(job.job_id, job.scheduled_time + timedelta(days=1))
    assert run_here(plans, "export", "posts.ics", "--force").code == 0
    [event] = [
        each
        for each in Path("posts.ics").read_text("utf-8").split("BEGIN:VEVENT")
        if f"UID:{job.job_id}@jobledger" in each
    ]
    assert "SEQUENCE:2" in event
    assert (
        run_here(plans, "export", "plans.ics", "--status", "scheduled", "--status", "pending").code
        == 0
    )
    assert run_here(Path("again"), "import", "plans.ics").code == 0
    with Ledger(plans, read_only=True) as ledger, Ledger(Path("again"), read_only=True) as there:
        wanted = {job.content: job for job in ledger.list_jobs() if job.status != "completed"}
        for again in there.list_jobs():
            job = wanted.pop(again.content)
            assert (again.account_id, again.status) == (job.account_id, job.status)
            assert again.scheduled_time == job.scheduled_time
        assert wanted == {}


@pytest.mark.parametrize("text", ["_x000D_", "bell\x07", "_x005F_", "a\x1fb"])
def test_a_workbook_keeps_what_xml_does_not(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert "\x07" not in escaped(text)
