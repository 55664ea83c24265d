"""The manual page is that of today's commands, and readers of manual pages take it as it is."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
from support.required import missing

from jobledger.tools.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/jobledger.1"
made_of = runpy.run_path(str(ROOT / "docs/refresh_man.py"))["manual_page"]


def test_the_page_is_made_of_the_manual() -> None:
    """`make man` writes it."""
    assert PAGE.read_text("ascii") == made_of((ROOT / "docs/commands.md").read_text("utf-8"))


def test_every_command_has_its_section() -> None:
    page = PAGE.read_text("ascii")
    for name in COMMANDS:
        assert f"\n.SS {name}\n" in page, name


@pytest.mark.parametrize(
    "reader", [["mandoc", "-T", "lint", "-W", "warning"], ["groff", "-man", "-ww", "-Tutf8", "-z"]]
)
def test_readers_find_no_fault_with_it(reader: list[str]) -> None:
    program = shutil.which(reader[0]) or missing("man", f"there is no {reader[0]}")
    done = subprocess.run(
        [program, *reader[1:], str(PAGE)], capture_output=True, encoding="utf-8", timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_roff_takes_for_its_own_is_kept_as_text() -> None:
    page = made_of(
        "# x\n\nThis is made.\n\n## Words\n\n.start with a-b and [a link](x.md) `\\n`\n"
        "'quoted\n\n| a | b |\n|---|---|\n| `--x` | one \\| two |\n\n```sh\n.run --it\n```\n"
    )
    assert page.split(".SH WORDS\n")[1] == (
        "\\&.start with a\\-b and a link \\fB\\en\\fR\n\\&'quoted\n"
        ".TP\n\\fB\\-\\-x\\fR\none | two\n.RS 4\n.nf\n\\&.run \\-\\-it\n.fi\n.RE\n"
    )
