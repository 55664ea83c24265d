"""Each room has a face: a paragraph that says what it does, and the names that others may use.

That nobody reaches past one is held by contracts in `pyproject.toml`; here is that each room has
such a contract, and that its face says what there is.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from support.anchors import ROOT, package_files

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES: list[str] = PYPROJECT["tool"]["setuptools"]["packages"]
ROOMS = [
    package
    for package in PACKAGES
    if package
    not in (
        "jobledger",
        "jobledger.domain.job",
        "jobledger.domain.media",
        "jobledger.domain.platforms",
        "jobledger.domain.post",
        "jobledger.domain.schedule",
    )  # behind the face of the domain
    and not package.startswith("jobledger.interchange.")  # behind the face of the interchange
    and not package.startswith("jobledger.web.")  # behind the face of the web
    and not package.startswith("jobledger.tools")  # which nobody imports
]
BY_TABLE = [
    room
    for room in ROOMS
    if not room.startswith("jobledger.publishers") and room != "jobledger.testing"
]
"""Those whose names are for the other rooms alone; the rest have a public face of their own."""


def path_of(package: str) -> Path:
    return ROOT.joinpath(*package.split(".")[1:], "__init__.py")


def table_of(room: str) -> Mapping[str, tuple[str, ...]]:
    """Return the names of a face by the modules that they are in, as its source has them."""
    [call] = [
        node
        for node in ast.walk(ast.parse(path_of(room).read_bytes()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "face"
    ]
    found: Mapping[str, tuple[str, ...]] = ast.literal_eval(call.args[1])
    return found


@cache
def imports_of(path: Path) -> list[tuple[str, str]]:
    """Return what a file imports by name: the module in full, and the name."""
    package, found = ["jobledger", *path.relative_to(ROOT).parent.parts], []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            found += [(module, alias.name) for alias in node.names]
    return found


def used_outside(room: str) -> set[str]:
    """Return the names of a face that somebody outside the room imports from it."""
    within = path_of(room).parent
    files = [
        *(path for path in package_files() if not path.is_relative_to(within)),
        *(ROOT / "examples").glob("*.py"),
        *(ROOT / "benchmarks").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
    ]
    return {name for path in files for module, name in imports_of(path) if module == room}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_does(room: str) -> None:
    said = ast.get_docstring(ast.parse(path_of(room).read_bytes())) or ""
    assert len(said.split()) >= 30, "a paragraph, for those who look for the room of a change"


@pytest.mark.parametrize("room", BY_TABLE)
def test_each_name_of_a_face_is_there(room: str) -> None:
    module = import_module(room)
    for name in module.__all__:
        assert getattr(module, name) is not None, name
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        module.nonsense  # noqa: B018  # that is tried


@pytest.mark.parametrize("room", BY_TABLE)
def test_no_name_of_a_face_is_that_of_a_module(room: str) -> None:
    """Which of the two an import gives would depend on what was imported before."""
    names = {name for some in table_of(room).values() for name in some}
    assert names & {path.stem for path in path_of(room).parent.iterdir()} == set()


@pytest.mark.parametrize("room", BY_TABLE)
def test_a_face_has_what_others_use_and_no_more(room: str) -> None:
    names = {name for some in table_of(room).values() for name in some}
    assert names - used_outside(room) == set()


@pytest.mark.parametrize("room", BY_TABLE)
def test_a_type_checker_looks_in_the_modules_of_the_table(room: str) -> None:
    seen = {
        name.removeprefix(f"{room}.")
        for name, what in imports_of(path_of(room))
        if what == "*" or "." not in name.removeprefix(f"{room}.")
    } - {"jobledger.faces", "typing"}
    assert seen == set(table_of(room))


@pytest.mark.parametrize("room", [*ROOMS, "jobledger.tools"])
def test_nobody_may_reach_past_a_face(room: str) -> None:
    """Each room has its contract: a new one cannot be forgotten."""
    protected = {
        module
        for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "protected"
        for module in contract["protected_modules"]
    }
    assert protected & {f"{room}.*", f"{room}.**"}
