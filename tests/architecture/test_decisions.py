"""The index of the decisions has each of them, by its name and with its status."""

from __future__ import annotations

import re

from support.anchors import ROOT

DECISIONS = ROOT / "docs/adr"
_ROW = re.compile(r"\| \[(\d+)\]\((.+?)\) \| (.+?) \| (.+?) \|")


def test_the_index_has_each_decision_with_its_status() -> None:
    """A file that is not in it is not found, and one that was taken back would be believed."""
    expected = []
    for path in sorted(DECISIONS.glob("0*.md")):
        title, _, status, *_ = path.read_text("utf-8").splitlines()
        number, _, name = title.removeprefix("# ").partition(". ")
        expected.append((number, path.name, name, status.rstrip(".").lower()))
    assert expected
    index = (DECISIONS / "README.md").read_text("utf-8")
    assert [match.groups() for match in _ROW.finditer(index)] == expected


def test_decisions_are_numbered_without_a_gap() -> None:
    """So that a number means one of them for ever."""
    numbers = [int(path.name[:4]) for path in sorted(DECISIONS.glob("0*.md"))]
    assert numbers == [*range(1, len(numbers) + 1)]
