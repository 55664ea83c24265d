"""A command is found by its name."""

from __future__ import annotations

from keyword import iskeyword

import click
import pytest
from support.anchors import ROOT

from jobledger.tools.cli import COMMANDS, cli


def _file_of(name: str) -> str:
    return f"{name}_.py" if iskeyword(name) else f"{name}.py"


def test_a_commands_file_is_named_as_the_command_is_typed() -> None:
    """Each has one, and there is nothing else beside them."""
    files = {path.name for path in (ROOT / "tools/commands").glob("*.py")} - {"__init__.py"}
    assert files == {_file_of(name) for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_what_its_file_is_about(name: str) -> None:
    """The module says so in its first words."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    text = (ROOT / "tools/commands" / _file_of(name)).read_text("utf-8")
    assert text.startswith(f'"""The `{name}` command')
