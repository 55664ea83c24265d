"""Tables on terminals, narrow and wide, and elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.cli import run_here
from support.terminal import Terminal

from jobledger import Ledger, ManualClock
from jobledger.tools.render.tables import Columns

LONG = "a text that goes on and on and on, much longer than any terminal is wide, to its end"


@pytest.fixture
def jobs(directory: Path, clock: ManualClock) -> Path:
    """Three jobs, one of them with everything long and wide."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("mai", "short", clock.now(), job_id="one")
        ledger.add_job("an-account-with-a-long-name", LONG, clock.now(), job_id="two")
        ledger.add_job("bảo", "文" * 100, clock.now(), hold=True, job_id="three")
    return directory


def test_where_there_is_no_terminal_nothing_is_cut_or_coloured(jobs: Path) -> None:
    """So that `grep` finds it."""
    out = run_here(jobs, "list").out.splitlines()
    assert out[0].split() == [
        "job", "status", "priority", "scheduled", "tries", "account", "content",
    ]  # fmt: skip
    assert out[2].endswith(f"an-account-with-a-long-name  {LONG}")
    assert out[3].endswith("文" * 100)
    assert out[4] == "3 jobs, times in UTC"
    assert "\x1b" not in "".join(out)


@pytest.mark.parametrize(
    ("columns", "titles"),
    [
        (120, ["job", "status", "priority", "scheduled", "tries", "account", "content"]),
        (85, ["job", "status", "priority", "scheduled", "account", "content"]),
        (70, ["job", "status", "scheduled", "account", "content"]),
    ],
)
def test_on_a_terminal_a_row_is_a_line_and_some_of_the_text_is_seen(
    jobs: Path, columns: int, titles: list[str]
) -> None:
    """Wide characters count twice; columns give way before the text does."""
    terminal = Terminal(jobs, "list", columns=columns, NO_COLOR="1")
    lines = terminal.rest().splitlines()
    assert terminal.wait() == 0
    assert lines[0].split() == titles
    assert len(lines) == 5
    assert re.search(r"an-account-with…  a text that .*…$", lines[2])
    assert re.search(r"文{5,} ?…$", lines[3])
    assert max(len(line) + line.count("文") for line in lines) <= columns


def test_states_are_coloured_unless_that_is_not_wanted(jobs: Path) -> None:
    """NO_COLOR is kept."""
    coloured, plain = Terminal(jobs, "list"), Terminal(jobs, "list", NO_COLOR="1")
    assert "\x1b[36mscheduled\x1b[0m" in coloured.rest()
    assert "\x1b" not in plain.rest()
    assert (coloured.wait(), plain.wait()) == (0, 0)


def test_a_cell_that_is_too_long_pushes_its_row_and_is_not_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What identifies something is always whole."""
    table = Columns(("id", 4), ("what", None))
    table.title("a note")
    table.row("1", "one")
    table.row("too-long", "two")
    assert capsys.readouterr().out == "id    what  (a note)\n1     one\ntoo-long  two\n"
