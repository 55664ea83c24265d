"""What the commands share: finding jobs, completing their ids, showing progress."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.cli import run_here
from support.terminal import Terminal

from jobledger import Ledger, ManualClock
from jobledger.tools.cli import cli
from jobledger.tools.completion import completion
from jobledger.tools.session import complete_job


@pytest.fixture
def jobs(directory: Path, clock: ManualClock) -> Path:
    with Ledger(directory, clock=clock) as ledger:
        for job_id in ("job-a", "job-b", "other"):
            ledger.add_job("mai", f"text of {job_id}\n", clock.now(), job_id=job_id)
    return directory


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("job", "2 jobs begin with 'job': job-a, job-b"),
        ("othre", "no job 'othre' in this ledger (the nearest is 'other')"),
        ("zzzzzzzz", "no job 'zzzzzzzz' in this ledger"),
        ("", "no job ''"),
    ],
)
def test_a_beginning_that_is_not_of_one_job_is_refused(jobs: Path, text: str, says: str) -> None:
    """With those that it could be, or the nearest."""
    for command in ("show", "history", "why", "cancel"):
        done = run_here(jobs, command, text)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert says in done.err
    assert '"job_id": "other"' in run_here(jobs, "show", "o", "--json").out


def completed(directory: Path, incomplete: str) -> dict[str, str]:
    root = click.Context(cli)
    root.params["directory"] = directory
    found = complete_job(click.Context(cli, parent=root), click.Argument(["job"]), incomplete)
    return {item.value: item.help or "" for item in found}


def test_ids_are_completed_from_the_ledger_at_hand(jobs: Path) -> None:
    """Each with its state and text; nothing, and no error, where there is no ledger."""
    assert completed(jobs, "job") == {
        "job-a": "scheduled text of job-a ⏎ ",
        "job-b": "scheduled text of job-b ⏎ ",
    }
    assert completed(jobs, "x") == {}
    assert completed(jobs / "nowhere", "") == {}
    assert not (jobs / "nowhere").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script_that_asks_the_program(shell: str) -> None:
    """By the variable that the program looks at."""
    context = click.Context(cli, info_name="jobledger")
    with context:
        assert completion.callback is not None
        done = run_here(Path("unused"), "completion", shell)
    assert done.code == 0
    assert f"_JOBLEDGER_COMPLETE={shell}_complete" in done.out


def test_the_program_answers_the_shell(jobs: Path) -> None:
    """Commands, and the ids of the ledger that the line names."""
    words = f"jobledger --dir {jobs} history job"
    done = subprocess.run(
        [sys.executable, "-m", "jobledger"],
        env=os.environ
        | {"_JOBLEDGER_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "4"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["plain,job-a", "plain,job-b"], done.stderr


def test_progress_is_shown_on_a_terminal_alone(jobs: Path) -> None:
    """And is gone when the work is done."""
    terminal = Terminal(jobs, "verify", TERM="xterm")
    seen = terminal.rest()
    assert terminal.wait() == 0
    assert "\x1b[?25l" in seen  # the bar hid the cursor
    assert seen.index("\x1b[?25h") < seen.index("3 events")
    assert run_here(jobs, "verify").err == ""
