"""Whatever jobs there are: exported, imported into a fresh ledger and exported again, the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON
from support.strategies import jobs_elsewhere
from support.tiers import one_in

from jobledger import ImportedJob, Ledger, ManualClock, ScheduledJob
from jobledger.interchange.plan import Target, make_plan
from jobledger.interchange.sources import find_sources
from jobledger.interchange.writing.csv_form import write_csv
from jobledger.interchange.writing.json_form import write_daily, write_lines
from jobledger.interchange.writing.workbook import write_workbook

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LATER = ManualClock(NOON.replace(hour=20))
Form = Callable[[list[ScheduledJob]], dict[str, bytes]]

FORMS: dict[str, Form] = {
    "csv": lambda jobs: {"jobs.csv": write_csv(jobs)},
    "excel": lambda jobs: {"jobs.csv": write_csv(jobs, excel=True)},
    "workbook": lambda jobs: {"jobs.xlsx": write_workbook(jobs)},
    "jsonl": lambda jobs: {"jobs.jsonl": write_lines(jobs)},
    "daily": lambda jobs: write_daily(jobs, ZONE),
}

many = st.lists(jobs_elsewhere(), min_size=1, max_size=4).map(
    lambda items: [
        ImportedJob(msgspec.structs.replace(item.job, job_id=str(number)), item.source, item.line)
        for number, item in enumerate(items)
    ]
)


def imported(directory: Path, items: list[ImportedJob], clock: ManualClock) -> list[ScheduledJob]:
    """Import these; return the jobs of the new ledger, in the order of adding."""
    with Ledger(directory, clock=clock, durability="none", timezone=ZONE) as ledger:
        ledger.import_jobs(items)
        assert ledger.verify().problems == []
        return sorted(ledger.list_jobs(), key=lambda job: job.order)


@pytest.mark.parametrize("part", one_in(3, range(3)))
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=20, deadline=None)
@given(items=many)
def test_an_export_imported_elsewhere_is_exported_again_as_the_same_bytes(
    form: str, part: int, items: list[ImportedJob]
) -> None:
    """In every form and state; and no field of any job is lost on the way."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        jobs = imported(root / "first", items, ManualClock(NOON))
        files = FORMS[form](jobs)
        out = root / "out"
        out.mkdir()
        for file, data in files.items():
            (out / file).write_bytes(data)
        arguments = [str(out)] if form == "daily" else [str(out / file) for file in files]
        sources = find_sources(arguments, None, root / "second")
        plan = make_plan(sources, Target(ZONE), NOON)
        assert [str(fault) for fault in plan.problems] == []
        again = imported(root / "second", plan.jobs, LATER)
        if form != "workbook":  # which says when it was made
            assert FORMS[form](again) == files
        before = {job.job_id: msgspec.structs.replace(job, order=0) for job in jobs}
        assert {job.job_id: msgspec.structs.replace(job, order=0) for job in again} == before
