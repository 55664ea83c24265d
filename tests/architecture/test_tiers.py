"""The suite has two tiers, which `make test` and `make thorough` run: no test is in both, none in
neither."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from functools import cache
from itertools import product
from pathlib import Path

from support.anchors import ROOT
from support.mutants import Table, find_tests

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
OPTIONS: list[str] = PYTEST["ini_options"]["addopts"]


def chosen_by(target: str) -> str:
    """Return which tests a target of the Makefile runs, as pytest's `-m` has it."""
    [chosen] = re.findall(rf'^{target}:.*\n\t.* -m pytest -m "(.*?)" ', MAKEFILE, re.MULTILINE)
    assert isinstance(chosen, str)
    return chosen


def test_a_test_that_pytest_runs_by_itself_is_in_one_of_the_tiers() -> None:
    """Whatever it is marked with."""
    by_itself = OPTIONS[OPTIONS.index("-m") + 1]
    names = set(re.findall(r"\w+", f"{by_itself} {chosen_by('test')}")) - {"and", "or", "not"}
    assert names == {"thorough", "packaging"}
    for values in product([False, True], repeat=len(names)):
        marks = dict(zip(names, values, strict=True))
        runs, fast, thorough = (
            eval(each, {}, marks) for each in (by_itself, chosen_by("test"), chosen_by("thorough"))
        )
        assert [fast, thorough].count(True) == runs, marks


def test_a_mark_that_is_misspelled_is_an_error() -> None:
    assert "--strict-markers" in OPTIONS
    assert any(mark.startswith("thorough: ") for mark in PYTEST["ini_options"]["markers"])


def test_the_whole_check_runs_each_tier_once() -> None:
    lines = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    assert [lines.count(f"make {tier}") for tier in ("test", "thorough")] == [1, 1]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def is_thorough(path: Path, test: str) -> bool:
    """Whether a test, or the whole file that it is in, is marked so."""
    return any(
        ast.unparse(node) == "pytestmark = pytest.mark.thorough"
        or (
            isinstance(node, ast.FunctionDef)
            and node.name == test
            and "pytest.mark.thorough" in map(ast.unparse, node.decorator_list)
        )
        for node in tree_of(path).body
    )


def test_make_test_notices_each_rule_that_is_switched_off_and_each_planted_mistake() -> None:
    """By the tests that are known to: those of the tables."""
    noticed_by = {
        **Table(ROOT / "docs/durability.md", "switches", "rule").rows(),
        **Table(ROOT / "docs/testing.md", "planted", "mistake").rows(),
    }
    for name, noticed in noticed_by.items():
        by = noticed.strip("`")
        if by.startswith("simulate "):  # seconds of a command
            continue
        file, _, test = by.partition("::")
        [path] = find_tests([file])
        assert not is_thorough(ROOT / path, test.partition("[")[0]), name


def test_what_make_test_has_in_memory_is_gone_afterwards_and_how_it_ended_is_told() -> None:
    """Where there is no room for it, pytest is run as it is."""
    script = ["sh", str(ROOT / ".ci/in-memory")]
    given = subprocess.run([*script, "echo", "-q"], capture_output=True, text=True, check=True)
    first, *rest = given.stdout.split()
    assert first == "-q"
    for option in rest:
        name, _, path = option.partition("=")
        assert name == "--basetemp"
        assert not Path(path).parent.exists()
    assert subprocess.run([*script, "false"], check=False).returncode == 1
