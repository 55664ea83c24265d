"""What is longer than the screen goes through a pager, on a terminal alone."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from support.anchors import ROOT
from support.cli import every_command, run_here
from support.terminal import Terminal

from jobledger import Ledger, ManualClock
from jobledger.tools.pager import rows_of

COUNT = 200
"""Of jobs: on a very wide terminal they are more than a pipe takes at once."""
WIDE = 2000
ROWS = "12"


@pytest.fixture
def jobs(directory: Path, clock: ManualClock) -> Path:
    with Ledger(directory, clock=clock, timezone="UTC") as ledger:
        for number in range(COUNT):
            ledger.add_job("shop", f"text {number} {'x' * 450}", clock.now(), job_id=f"j{number}")
        ledger.add_job("mai", "alone", clock.now(), job_id="alone")
    return directory


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """Make a pager that says where it begins and ends."""
    program = tmp_path / "pager"
    program.write_text("#!/bin/sh\necho '(paged:)'\ncat\necho '(left)'\n")
    program.chmod(0o755)
    return str(program)


def shown(jobs: Path, *words: str, columns: int = 80, **env: str) -> str:
    """Run a command on a screen of some rows, to its end; what is seen there."""
    terminal = Terminal(jobs, *words, columns=columns, **{"TERM": "xterm", "LINES": ROWS, **env})
    seen = terminal.rest()
    assert terminal.wait() == 0, seen
    assert "Traceback" not in seen
    return seen


def test_what_is_longer_than_the_screen_is_paged_with_its_colours(jobs: Path, pager: str) -> None:
    seen = shown(jobs, "list", JOBLEDGER_PAGER=pager)
    assert seen.startswith("(paged:)")
    assert seen.endswith("(left)\r\n")
    assert "\x1b[36mscheduled" in seen
    assert seen.count(" shop") == COUNT


@pytest.mark.parametrize(
    "words", ["audit", "history j0", "replay", "diff 0", "stats", "platforms bluesky", "show j0"]
)
def test_every_command_that_shows_something_does_so(jobs: Path, pager: str, words: str) -> None:
    seen = shown(jobs, *words.split(), JOBLEDGER_PAGER=pager, LINES="2")
    assert "(paged:)" in seen  # maybe behind a bar
    assert seen.endswith("(left)\r\n")


def test_the_manual_names_each_of_them() -> None:
    manual = (ROOT / "docs/commands.md").read_text("utf-8")
    [named] = re.findall(r"On a terminal, what (.*?)print goes through a pager", manual, re.DOTALL)
    paged = [name for name, command in every_command() if getattr(command, "pages", False)]
    assert sorted(re.findall("`(.*?)`", named)) == sorted(paged)


def test_what_the_screen_has_room_for_is_not(jobs: Path, pager: str) -> None:
    seen = shown(jobs, "list", "--account", "mai", JOBLEDGER_PAGER=pager)
    assert "alone" in seen
    assert "paged" not in seen


def test_rows_are_counted_and_not_lines(jobs: Path, pager: str) -> None:
    """Some of them are longer than a narrow screen is wide."""
    words = ["platforms", "bluesky"]
    room = str(shown(jobs, *words, columns=20, JOBLEDGER_PAGER="").count("\n") + 3)
    wide = shown(jobs, *words, JOBLEDGER_PAGER=pager, columns=WIDE, LINES=room)
    narrow = shown(jobs, *words, JOBLEDGER_PAGER=pager, columns=20, LINES=room)
    assert ("paged" in wide, "paged" in narrow) == (False, True)


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("", 1),
        ("x" * 10, 1),
        ("x" * 11, 2),
        ("x" * 21, 3),
        ("\x1b[1;36m" + "x" * 10 + "\x1b[0m", 1),
        ("\x1b]8;;https://example.org\x1b\\" + "x" * 10 + "\x1b]8;;\x1b\\", 1),
        ("語" * 5, 1),
        ("x" + "語" * 5, 2),
        ("語" * 4 + "x語", 2),
        ("é" * 10, 1),
        ("e\u0301" * 10, 1),
        ("a\tb", 1),
        ("a\tbc", 1),
        ("a\tbcd", 2),
        ("a\t\t\tb", 1),
        ("x" * 10 + "\r", 1),
    ],
)
def test_a_line_takes_the_rows_that_it_is_wrapped_into(line: str, rows: int) -> None:
    assert rows_of(line, 10) == rows


@pytest.mark.parametrize("words", ["list --json", "--no-pager list"])
def test_it_is_left_out_where_that_is_wished(jobs: Path, pager: str, words: str) -> None:
    seen = shown(jobs, *words.split(), JOBLEDGER_PAGER=pager)
    assert seen.count("text ") == COUNT
    assert "paged" not in seen


@pytest.mark.parametrize("said", ["", "cat", "no-such-program --of 'any kind'", "'unclosed"])
def test_without_a_pager_everything_is_printed(jobs: Path, pager: str, said: str) -> None:
    """Where it is turned off, and where it cannot be started."""
    seen = shown(jobs, "list", JOBLEDGER_PAGER=said, PAGER=pager)
    assert seen.count(" shop") == COUNT
    assert "paged" not in seen


def test_a_terminal_that_can_do_nothing_gets_none(jobs: Path, pager: str) -> None:
    assert "paged" not in shown(jobs, "list", JOBLEDGER_PAGER=pager, TERM="dumb")


def test_the_pager_of_other_programs_is_taken(
    jobs: Path, pager: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOBLEDGER_PAGER", raising=False)
    assert shown(jobs, "list", PAGER=pager).startswith("(paged:)")


def test_who_leaves_it_early_is_not_told_of_an_error(jobs: Path) -> None:
    """There is more to write by then than the pipe takes."""
    assert shown(jobs, "list", columns=WIDE, JOBLEDGER_PAGER="true") == ""
    first = shown(jobs, "list", columns=WIDE, JOBLEDGER_PAGER="head -n 2", NO_COLOR="1")
    assert first.count("text ") == 1


def test_what_goes_on_is_not_paged(jobs: Path, pager: str) -> None:
    terminal = Terminal(jobs, "audit", "--follow", TERM="xterm", LINES=ROWS, JOBLEDGER_PAGER=pager)
    seen = terminal.until("alone")
    os.kill(terminal.pid, signal.SIGINT)
    seen += terminal.rest()
    assert terminal.wait() == 0
    assert "paged" not in seen


def test_what_is_wrong_is_said_behind_it(jobs: Path, pager: str) -> None:
    """Above the pager's screen nobody would see it."""
    [day] = jobs.glob("events_*.jsonl")
    lines = day.read_bytes().splitlines(keepends=True)
    lines[-2] = lines[-2].replace(b"text", b"test")
    day.write_bytes(b"".join(lines))
    terminal = Terminal(jobs, "audit", TERM="xterm", LINES=ROWS, JOBLEDGER_PAGER=pager)
    seen = terminal.rest()
    assert terminal.wait() == 1
    assert seen.index("(left)") < seen.index("the log is damaged")


def test_no_terminal_no_pager(jobs: Path, pager: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBLEDGER_PAGER", pager)
    monkeypatch.setenv("TERM", "xterm")
    done = run_here(jobs, "list")
    assert done.code == 0, done.err
    assert (done.out.count("text "), "paged" in done.out) == (COUNT, False)
