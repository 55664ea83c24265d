"""Exports that a spreadsheet program opened and saved: what is read again is what was written.

`spreadsheets/` has what LibreOffice 7.4.7 made of our files, with its own settings: `saved.csv` of
`written.csv`, and of `written.xlsx` as a workbook (`saved.xlsx`) and as CSV (`saved_workbook.csv`).
Where it is there, it does so once more. New ones: `PYTHONPATH=tests python -m
golden.test_spreadsheets`, which needs it.
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from support.required import missing

from jobledger import JobStatus, ScheduledJob
from jobledger.interchange.fields import to_document
from jobledger.interchange.plan import Target, make_plan
from jobledger.interchange.sources import find_sources
from jobledger.interchange.understanding.apostrophes import is_safe, plain, protected
from jobledger.interchange.writing.csv_form import write_csv
from jobledger.interchange.writing.workbook import write_workbook

PLACE = Path(__file__).parent / "spreadsheets"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEXTS = [
    "=1+1", '=HYPERLINK("https://example.com/?"&A1,"Click")', "@shop", "+1 cho", "- gạch đầu dòng",
    "'=quoted", "''two", "'", "17890000000000001", "1E+05", "1e5", "007", "TRUE", "true", "12:30",
    "3/4", "1-2", "Dec 3", "mar1", "50%", "$5", "2.50", "  lead", "trail  ", "a\tb", "a\nb",
    "a\r\nb", "a\rb", '"quoted"', '"json\\n"', "-5", "1,5", "2026-12-03", "hello",
    "Xin chào; Dòng 2", "😀", '{"a": 1}', "null", "\u200bx", "\nlead", "trail\n", "a'b",
    "\u00a0nbsp",
    "Một câu dài hơn sáu mươi chữ, không cần dấu nháy nào cả đâu.",
]  # fmt: skip
IDS = ["007", "17890000000000001", "abc", "1.0", "2026-12-03", "-1", "12345678901"]


def jobs() -> list[ScheduledJob]:
    """Return jobs with each of these texts where a job has texts."""
    found = []
    for number, text in enumerate(TEXTS):
        done = number % 3 == 0
        found.append(
            ScheduledJob(
                job_id=f"{number}-{IDS[number % len(IDS)]}",
                account_id=IDS[number % len(IDS)],
                content=text,
                scheduled_time=NOON + timedelta(seconds=number, microseconds=number * 7),
                status=JobStatus.COMPLETED if done else JobStatus.FAILED,
                created_at=NOON,
                completed_at=NOON if done else None,
                thread_id=IDS[-number % len(IDS)] if done else None,
                error=None if done else text,
                publish_timeout_s=2.5 if number % 2 else None,
                metadata={text: text, "n": number} if number % 2 else {},
            )
        )
    return found


def read_again(file: Path) -> list[ScheduledJob]:
    """Return the jobs of a file, as an import would take them."""
    plan = make_plan(find_sources([str(file)], None, None), Target(ZoneInfo("UTC")), NOON)
    assert [str(problem) for problem in plan.problems] == []
    return [item.job for item in plan.jobs]


@pytest.mark.parametrize(
    "name", ["written.csv", "saved.csv", "written.xlsx", "saved.xlsx", "saved_workbook.csv"]
)
def test_what_a_spreadsheet_saved_is_what_was_written(name: str) -> None:
    for found, job in zip(read_again(PLACE / name), jobs(), strict=True):
        assert to_document(found) == to_document(job)


def test_the_recorded_workbook_is_one_that_libreoffice_saved() -> None:
    """It says so itself, with its version."""
    with ZipFile(PLACE / "saved.xlsx") as book:
        assert b"<Application>LibreOffice/7.4.7.2" in book.read("docProps/app.xml")


def test_the_recorded_file_is_what_is_written_today() -> None:
    assert (PLACE / "written.csv").read_bytes() == write_csv(jobs(), excel=True)


def test_what_a_spreadsheet_saves_today_is_what_was_written(tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        missing("libreoffice", "LibreOffice is not installed")
    record(tmp_path)
    for file in tmp_path.iterdir():
        found = [to_document(job) for job in read_again(file)]
        assert found == [to_document(job) for job in jobs()], file.name


@pytest.mark.parametrize("text", [*TEXTS, *IDS, "", "x" * 100])
def test_an_apostrophe_is_taken_off_again(text: str) -> None:
    assert plain(protected(text)) == text
    assert not (is_safe(text) and text.startswith(("=", "+", "@", "-1,")))


def record(place: Path) -> None:
    """Write the files, and have LibreOffice open and save them."""
    (place / "written.csv").write_bytes(write_csv(jobs(), excel=True))
    (place / "written.xlsx").write_bytes(write_workbook(jobs()))
    as_csv = "csv:Text - txt - csv (StarCalc):{},34,76,1"
    for source, kind, target in (
        ("written.csv", as_csv.format(59), "saved.csv"),
        ("written.xlsx", "xlsx", "saved.xlsx"),
        ("written.xlsx", as_csv.format(44), "saved_workbook.csv"),
    ):
        out = place / "out"
        subprocess.run(
            ["soffice", "--headless", f"-env:UserInstallation=file://{place}/profile",
             "--infilter=CSV:59,34,76,1" if source.endswith(".csv") else "--norestore",
             "--convert-to", kind, "--outdir", str(out), str(place / source)],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        [made] = out.iterdir()
        made.rename(place / target)
        shutil.rmtree(out)
    shutil.rmtree(place / "profile", ignore_errors=True)


if __name__ == "__main__":
    record(PLACE)
