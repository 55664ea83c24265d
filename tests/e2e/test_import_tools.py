"""The table of tools in docs/interchange.md: each file, its command, and what came in."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.anchors import ROOT
from support.cli import run_here

from jobledger import Ledger, ScheduledJob
from jobledger.interchange.understanding.presets import PRESETS

EXAMPLES = ROOT / "examples/calendars"
DOCUMENT = (ROOT / "docs/interchange.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| `(jobledger import [^`]+)` \| (.+) \|$", DOCUMENT, re.M)
FORMS = ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d")


def ahead(text: str) -> str:
    """Return a text of December 2026 with its days ahead of now, so that it stays one of plans."""
    for day in range(3, 6):
        then = datetime(2026, 12, day, tzinfo=UTC)
        later = datetime.now(UTC) + timedelta(days=37 + day)
        for number, form in enumerate(FORMS):
            text = text.replace(f"{then:{form}}", f"\0{number}{day}\0")
        for number, form in enumerate(FORMS):
            text = text.replace(f"\0{number}{day}\0", f"{later:{form}}")
    return text


def shown(job: ScheduledJob, ledger: Ledger) -> str:
    """Say a job as the document does."""
    local = job.scheduled_time.astimezone(ZoneInfo(ledger.timezone))
    state = "" if job.status == "scheduled" else f" {job.status}"
    extras = [f"{key}={value}" for key, value in job.metadata.items()]
    text = job.content.replace("\n", " ⏎ ")
    more = f" ({', '.join(extras)})" if extras else ""
    return f"{local:%Y-%m-%d %H:%M} {job.account_id}{state}: {text}{more}"


@pytest.mark.parametrize(("tool", "line", "came"), ROWS, ids=[row[0] for row in ROWS])
def test_what_a_tool_writes_comes_in_as_the_document_says(
    tool: str, line: str, came: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in EXAMPLES.iterdir():
        Path(file.name).write_text(ahead(file.read_text("utf-8")), "utf-8")
    words = shlex.split(line)[2:]
    done = run_here(tmp_path / "jobs", "import", *words, "--timezone", "Asia/Ho_Chi_Minh")
    assert done.code == 0, done.err
    with Ledger(tmp_path / "jobs", read_only=True) as ledger:
        found = [shown(job, ledger) for job in ledger.list_jobs(order="time")]
    assert found == [ahead(each) for each in came.split("<br>")]
    again = run_here(tmp_path / "jobs", "import", *words, "--json")
    document = json.loads(again.out)
    assert (document["imported"], document["repeated"]) == (0, len(found))


def test_each_tool_that_can_be_named_is_in_the_table() -> None:
    named = {word for _, line, _ in ROWS for word in shlex.split(line)}
    assert {*PRESETS} <= named
    assert {file.name for file in EXAMPLES.iterdir()} <= named
