"""A name of a class means one thing in the whole product."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from support.anchors import ROOT, package_files


def classes_by_name(files: Iterable[Path], root: Path) -> Mapping[str, list[str]]:
    """Return where each public class is declared, as `path:line`."""
    found = defaultdict(list)
    for path in files:
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(f"{path.relative_to(root).as_posix()}:{node.lineno}")
    return found


def test_no_two_public_classes_have_one_name() -> None:
    """Who reads a name, or looks for it, finds what is meant."""
    found = classes_by_name(package_files(), ROOT)
    assert [
        f"{' and '.join(places)} both declare {name}: name one after what it is a {name} of"
        for name, places in found.items()
        if len(places) > 1
    ] == []


def test_a_class_is_found_with_its_line_and_a_private_one_is_not(tmp_path: Path) -> None:
    """Nor is one within a function or another class, which nobody imports."""
    here, there = tmp_path / "here.py", tmp_path / "there.py"
    here.write_text("class Plan: ...\nclass _Own: ...\n", "utf-8")
    there.write_text("\nclass Plan:\n    class Step: ...\n", "utf-8")
    assert classes_by_name([here, there], tmp_path) == {"Plan": ["here.py:1", "there.py:2"]}
