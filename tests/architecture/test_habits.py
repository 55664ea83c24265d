"""What works beside the source keeps its word: the lock, the workflows, the hooks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from support.anchors import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_the_lock_names_exact_versions_and_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert len(lines) > 50
    for line in lines:
        assert re.fullmatch(r"[\w.-]+==[\w.+!]+( ; .+)?", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_a_workflow_calls_is_pinned_and_what_it_may_is_said(path: Path) -> None:
    """By the commit, with the release it is of; without its rights it would have all of them."""
    text = path.read_text("utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used
    for each in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each
    assert re.search(r"^permissions:", text, re.MULTILINE)


def test_the_commands_that_a_workflow_calls_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for path in WORKFLOWS:
        for target in re.findall(r"\bmake ([a-z-]+)\b(?! python)", path.read_text("utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), (path.name, target)
    assert (ROOT / ".ci/run").exists()


def test_a_hook_fetches_nothing() -> None:
    """It is a local one, and what it calls is there already."""
    text = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert re.findall(r"repo: (.*)", text) == ["local"]
    assert set(re.findall(r"language: (.*)", text)) == {"system"}


def test_the_pythons_that_are_claimed_are_tried_by_the_matrix() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    tried = re.findall(r'"(3\.\d+)"', (ROOT / ".ci/noxfile.py").read_text("utf-8"))
    assert claimed
    assert set(claimed) <= set(tried)
    assert project["requires-python"] == f">={claimed[0]}"
