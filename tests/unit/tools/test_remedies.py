"""What to do next is a value below the tools, and worded in commands at the edge alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from support.anchors import ROOT, package_files

from jobledger import LedgerCorruptError, StorageError
from jobledger.domain.remedies import REMEDIES, WORDS, Remedy
from jobledger.tools.cli import COMMANDS
from jobledger.tools.remedies import in_commands, worded

COMMAND = re.compile(rf"\bjobledger (?:--|(?:{'|'.join(COMMANDS)})\b)|(?<![\w-])--[a-z]{{2}}")
AT_THE_EDGE = ("tools", "web", "interchange")
"""Rooms that speak to people at a command line or a page, which no program imports: what files mean
is said in the options of `import`, and a page words it in its own (`web/words/vi_files.py`)."""
ALLOWED = {("integrity/seals.py", "jobledger seal ")}
"""What only looks like one: the text that is signed."""


def words(source: str) -> Iterator[str]:
    """Yield the texts of a module that are no docstrings."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_no_room_below_the_edge_names_a_command_or_an_option() -> None:
    """Whoever uses the library has none of them."""
    found = {
        (path.relative_to(ROOT).as_posix(), text)
        for path in package_files()
        if path.parent != ROOT and path.relative_to(ROOT).parts[0] not in AT_THE_EDGE
        for text in words(path.read_text("utf-8"))
        if COMMAND.search(text)
    }
    assert found == ALLOWED


def test_a_command_is_found_in_words_and_not_in_a_docstring() -> None:
    [found] = filter(COMMAND.search, words('"""jobledger verify"""\nx = "say jobledger verify"'))
    assert found == "say jobledger verify"


@pytest.mark.parametrize("remedy", REMEDIES)
def test_each_remedy_has_words_for_both(remedy: Remedy) -> None:
    error = StorageError("it is so", hint="nothing was changed", remedy=remedy)
    assert str(error) == f"it is so (nothing was changed; {WORDS[remedy]})"
    assert worded(error) == f"it is so (nothing was changed; {in_commands(remedy, error)})"


def test_the_commands_of_a_remedy_are_commands() -> None:
    """Each that is named is there, and has the options that it is named with."""
    error = LedgerCorruptError("it is so", path="jobs/events_2026-03-02.jsonl")
    for remedy in REMEDIES:
        for name in re.findall(r"`jobledger (?:--dir \S+ )?([a-z]+)", in_commands(remedy, error)):
            assert name in COMMANDS, remedy
