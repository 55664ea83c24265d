"""`export`: jobs as files that others read, and that `import` takes back."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import run_here
from support.domain import elsewhere

from jobledger import JobStatus, Ledger, ManualClock


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
