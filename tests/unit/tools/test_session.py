"""What the commands share: finding jobs, completing their ids, showing progress."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.cli import run_here
from support.terminal import Terminal

from jobledger import Ledger, ManualClock
from jobledger.tools.cli import COMMANDS, cli
from jobledger.tools.commands.completion import completion
from jobledger.tools.session import JobId


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


def complete(line: str, cwd: Path, **environment: str) -> list[str]:
    """Return what bash gets for the last word of a line; the program must say nothing else."""
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    done = subprocess.run(
        [sys.executable, "-m", "jobledger"],
        cwd=cwd,
        env=os.environ
        | {"_JOBLEDGER_COMPLETE": "bash_complete", "COMP_WORDS": line}
        | {"COMP_CWORD": str(len(words) - 1)}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [found.partition(",")[2] for found in done.stdout.split()]


TAKES_A_JOB = [
    pytest.param(
        f"{name} {parameter.opts[0]}" if isinstance(parameter, click.Option) else name, id=name
    )
    for name in COMMANDS
    for parameter in getattr(cli.get_command(click.Context(cli), name), "params", [])
    if isinstance(parameter.type, JobId)
]


@pytest.mark.parametrize("words", TAKES_A_JOB)
def test_every_command_that_takes_a_job_completes_its_id(jobs: Path, words: str) -> None:
    """From the ledger that the line names; whatever is typed of it."""
    assert complete(f"jobledger --dir {jobs} {words} job", Path("/")) == ["job-a", "job-b"]


@pytest.mark.parametrize(
    ("line", "environment"),
    [
        ("jobledger show job", {}),
        ("jobledger --ledger file:{jobs} show job", {}),
        ("jobledger show --ledger {jobs} job", {}),
        ("jobledger show job", {"JOBLEDGER": "{jobs}"}),
        ("jobledger show job", {"JOBLEDGER_DIR": "{jobs}"}),
        ("jobledger --dir {jobs} edit --content x job", {"JOBLEDGER_DIR": "/nowhere"}),
    ],
)
def test_the_ledger_at_hand_is_found_as_a_command_finds_it(
    jobs: Path, line: str, environment: dict[str, str]
) -> None:
    environment = {name: text.format(jobs=jobs) for name, text in environment.items()}
    cwd = jobs.parent if "{jobs}" not in line and not environment else Path("/")
    assert complete(line.format(jobs=jobs), cwd, **environment) == ["job-a", "job-b"]


@pytest.mark.parametrize(
    "line",
    [
        "jobledger --ledger nowhere show ",
        "jobledger --ledger a --dir b show ",
        "jobledger --ledger postgresql://h/x show ",
        "jobledger --ledger ~nobody-of-this-name show ",
        "jobledger --ledger file show ",
        "jobledger show x",
        "jobledger nonsense ",
        "jobledger list --status nonsense --status nonsense ",
    ],
)
def test_completing_is_never_an_error_and_makes_nothing(jobs: Path, line: str) -> None:
    """In the middle of somebody's line."""
    (jobs.parent / "file").write_text("")
    (next(jobs.glob("events_*.jsonl"))).write_bytes(b"damaged")
    before = {path: path.stat().st_mtime_ns for path in jobs.parent.rglob("*")}
    assert not {"job-a", "job-b", "other"} & set(complete(line, jobs.parent))
    assert {path: path.stat().st_mtime_ns for path in jobs.parent.rglob("*")} == before


def test_commands_and_locations_are_completed_too(jobs: Path) -> None:
    found = complete("jobledger re", jobs)
    assert found == [name for name in COMMANDS if name.startswith("re")]
    assert complete("jobledger list --status c", jobs) == ["completed", "cancelled"]
    assert complete("jobledger --ledger jo", jobs) == ["jo"]


def test_an_id_is_shown_with_its_state_and_text(jobs: Path) -> None:
    """Where the shell can show it: zsh and fish."""
    done = subprocess.run(
        [sys.executable, "-m", "jobledger"],
        env=os.environ
        | {"_JOBLEDGER_COMPLETE": "zsh_complete", "COMP_CWORD": "2"}
        | {"COMP_WORDS": "jobledger show job-a", "JOBLEDGER": str(jobs)},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.decode().splitlines()[2] == "scheduled text of job-a ⏎ "


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script_that_asks_the_program(shell: str) -> None:
    """By the variable that the program looks at."""
    context = click.Context(cli, info_name="jobledger")
    with context:
        assert completion.callback is not None
        done = run_here(Path("unused"), "completion", shell)
    assert done.code == 0
    assert f"_JOBLEDGER_COMPLETE={shell}_complete" in done.out


def test_progress_is_shown_on_a_terminal_alone(jobs: Path) -> None:
    """And is gone when the work is done."""
    terminal = Terminal(jobs, "verify", TERM="xterm")
    seen = terminal.rest()
    assert terminal.wait() == 0
    assert "\x1b[?25l" in seen  # the bar hid the cursor
    assert seen.index("\x1b[?25h") < seen.index("3 events")
    assert run_here(jobs, "verify").err == ""


def test_a_log_that_is_to_have_colours_gets_no_progress_bars(
    jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As continuous integration sets it."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = run_here(jobs, "verify")
    assert (done.code, done.err) == (0, "")
    assert "\x1b[1;32mok" in done.out
