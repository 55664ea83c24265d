"""Modules and functions of the product can be seen at once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from support.anchors import ROOT, package_files

MOST_LINES = 350
MOST_LINES_OF_A_FUNCTION = 70

TOO_LONG_YET = {
    # 54 functions: 229 lines of docstrings, 118 of signatures, 109 between them. What is left are
    # about two lines each, and to say less of what they promise would be no gain.
    "ledger/ledger.py": "a facade: what each method promises is said there, and little is done",
}
"""Modules, and functions as `module: name`, with the reason. The list may only shrink."""

MODULES = {path.relative_to(ROOT).as_posix(): path for path in package_files()}


def too_long(module: str, path: Path) -> dict[str, str]:
    """Return what is too long in a module, by its name in the list, and what is to be done.

    A function is as long as from its `def` to its end: its decorators are a declaration.
    """
    found = {}
    text = path.read_text("utf-8")
    lines = len(text.splitlines())
    if lines > MOST_LINES:
        found[module] = (
            f"{module}:{lines} has {lines} lines, {MOST_LINES} are the most:"
            " give each of its concerns a module"
        )
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            if lines > MOST_LINES_OF_A_FUNCTION:
                found[f"{module}: {node.name}"] = (
                    f"{module}:{node.lineno} {node.name} has {lines} lines,"
                    f" {MOST_LINES_OF_A_FUNCTION} are the most: name its steps, and call them"
                )
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_and_its_functions_can_be_seen_at_once(module: str) -> None:
    """Nobody holds more in his head than that."""
    found = too_long(module, MODULES[module])
    assert [message for name, message in found.items() if name not in TOO_LONG_YET] == []


@pytest.mark.parametrize("name", TOO_LONG_YET)
def test_an_exception_that_is_no_longer_needed_goes(name: str) -> None:
    """So the list becomes empty, and nothing grows behind it again."""
    module = name.partition(":")[0]
    found = too_long(module, MODULES[module]) if module in MODULES else {}
    assert name in found, f"{name} is no longer too long: take it out of TOO_LONG_YET"


def test_what_is_too_long_is_named_with_its_line(tmp_path: Path) -> None:
    """One line more than the most is too long; the most is not."""
    path = tmp_path / "module.py"

    def write(in_function: int, more: int) -> None:
        body = "    pass\n" * (in_function - 1)
        path.write_text("# first\n@command\ndef long():\n" + body + "\n" * more, "utf-8")

    write(MOST_LINES_OF_A_FUNCTION, MOST_LINES - MOST_LINES_OF_A_FUNCTION - 2)
    assert too_long("module.py", path) == {}
    write(MOST_LINES_OF_A_FUNCTION + 1, MOST_LINES)
    messages = list(too_long("module.py", path).values())
    assert [message.split(" has ")[0] for message in messages] == [
        f"module.py:{MOST_LINES + MOST_LINES_OF_A_FUNCTION + 3}",
        "module.py:3 long",
    ]
