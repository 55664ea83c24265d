"""`import --ask`: what a table means is asked at a terminal, and becomes a command."""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.cli import run_here
from support.terminal import Terminal

from jobledger import JobStatus, Ledger

DAY = datetime.now(UTC).date() + timedelta(days=40)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [
        "Caption,Day,Clock,Stage,Mood",
        f"Hello,{DAY:%d/%m/%Y},9:00,Ready,good",
        f"Other,{DAY:%d/%m/%Y},10:00,Idea,",
    ]
    Path("posts.csv").write_text("\n".join(rows), "utf-8")
    return tmp_path / "jobs"


def answer(terminal: Terminal, question: str, text: str) -> str:
    before = terminal.until(question)
    os.write(terminal.fd, f"{text}\n".encode())
    return before


def talk(place: Path, *last: str) -> tuple[str, int]:
    """Answer all the questions; what was printed then, and how it ended."""
    terminal = Terminal(place, "import", "posts.csv", "--ask", "--timezone", "UTC", columns=150)
    answer(terminal, "Caption (Hello, Other) [-]: ", "text")
    answer(terminal, "Caption (Hello, Other) [-]: ", "content")
    answer(terminal, "Day (", "date")
    answer(terminal, "Clock (9:00, 10:00) [-]: ", "time")
    answer(terminal, "Stage (Ready, Idea) [status]: ", "")
    answer(terminal, "Mood (good) [-]: ", "")
    answer(terminal, "Of which account are all of them?: ", "shop")
    answer(terminal, "does day or month come first (dmy, mdy)?: ", "dmy")
    answer(terminal, "What does the state Ready mean", "scheduled")
    answer(terminal, "What does the state Idea mean", "")
    answer(terminal, "Of which zone are times without an offset? [UTC]: ", "Asia/Ho_Chi_Minh")
    said = "".join(answer(terminal, "import 2 jobs? [y/N]: ", text) for text in last)
    said += terminal.rest()
    return said, terminal.wait()


def test_a_column_like_states_can_be_kept_as_a_note(place: Path) -> None:
    """Whoever says so has said that it holds nothing back; what is worth a word comes before."""
    terminal = Terminal(place, "import", "posts.csv", "--ask", "--timezone", "UTC", columns=150)
    for column, said in (("Caption", "content"), ("Day", "date"), ("Clock", "time")):
        answer(terminal, f"{column} (", said)
    answer(terminal, "Stage (Ready, Idea) [status]: ", "-")
    answer(terminal, "Mood (", "-")
    answer(terminal, "Of which account are all of them?: ", "shop")
    answer(terminal, "does day or month come first (dmy, mdy)?: ", "dmy")
    answer(terminal, "Of which zone are times without an offset? [UTC]: ", "")
    said = answer(terminal, "import 2 jobs? [y/N]: ", "y") + terminal.rest()
    assert terminal.wait() == 0, said
    assert "'note' is read by no publisher" in said.partition("imported 2 jobs")[0]
    with Ledger(place, read_only=True) as ledger:
        found = {job.content: (job.status, job.metadata["note"]) for job in ledger.list_jobs()}
    assert found["Other"] == (JobStatus.SCHEDULED, "Idea")


def test_what_is_answered_is_imported_and_said_as_a_command(place: Path, tmp_path: Path) -> None:
    said, code = talk(place, "y")
    assert code == 0, said
    with Ledger(place, read_only=True) as ledger:
        jobs = {job.content: job for job in ledger.list_jobs()}
    assert (jobs["Hello"].status, jobs["Other"].status) == (JobStatus.SCHEDULED, JobStatus.PENDING)
    assert f"{jobs['Hello'].scheduled_time:%Y-%m-%d %H:%M}" == f"{DAY} 02:00"
    assert jobs["Hello"].metadata == {"Mood": "good"}
    [line] = [each for each in said.splitlines() if each.startswith("the same without asking: ")]
    words = shlex.split(line.removeprefix("the same without asking: "))
    again = run_here(tmp_path / "again", *words[3:])
    assert again.code == 0, again.err
    with Ledger(tmp_path / "again", read_only=True) as ledger:
        assert {job.job_id for job in ledger.list_jobs()} == {job.job_id for job in jobs.values()}


def test_nothing_is_imported_until_that_is_said(place: Path) -> None:
    said, code = talk(place, "n")
    assert (code, place.exists()) == (0, False)
    assert "would import 2 jobs" in said


@pytest.mark.parametrize(("arguments", "says"), [(["posts.csv"], "there is no terminal to ask at")])
def test_without_a_terminal_there_is_nobody_to_ask(
    place: Path, arguments: list[str], says: str
) -> None:
    done = run_here(place, "import", *arguments, "--ask")
    assert (done.code, says in done.err) == (2, True)
