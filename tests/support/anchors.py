"""Anchors: comments `# rule: short-name` in the source, at the statement that carries the rule.

A list that needs a place in the source names its anchor. The file is found by looking for it, so
the statement may move to any line, function or file, and may be reworded.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NO_SOURCE = ("tests", "benchmarks", "docs", "examples", "build", "dist", "__pycache__")
"""Directories without rules; nor have those whose names begin with a dot."""
_ANCHOR = re.compile(r"# rule: ([a-z0-9]+(?:-[a-z0-9]+)*)")


class AnchorError(Exception):
    """An anchor is missing, is there twice, or is no anchor at all."""


@dataclass(frozen=True)
class Anchor:
    """Where it is, in the source as it is now."""

    name: str
    path: Path
    line: int


@dataclass(frozen=True)
class Anchored:
    """The statement of an anchor, and the block that the statement is in."""

    source: str
    line: int
    """The line of code that the anchor stands for."""
    is_above: bool
    """Whether its comment has a line of its own, above that one."""
    statement: ast.stmt
    block: list[ast.stmt]

    def parts(self) -> Iterator[ast.AST]:
        """Every node of the statement; of one with a body only those of its head."""
        waiting: list[ast.AST] = [self.statement]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += (child for child in ast.iter_child_nodes(node) if not _is_body(child))

    def on_line(self, node: ast.AST) -> bool:
        """Whether a part is on the line that the anchor stands for."""
        return _first(node) <= self.line <= _last(node)


def find_anchors(root: Path = ROOT) -> dict[str, Anchor]:
    """Every anchor of the source below `root`, by its name.

    Raises:
        AnchorError: one is there twice, or a comment looks like an anchor and is none.
    """
    found: dict[str, Anchor] = {}
    for path in package_files(root):
        text = path.read_text("utf-8")
        for line, name in _anchors(path, text) if "# rule" in text else ():
            if name in found:
                raise AnchorError(
                    f"`# rule: {name}` is there twice: {path}:{line},"
                    f" {found[name].path}:{found[name].line}"
                )
            found[name] = Anchor(name, path, line)
    return found


def look_at(anchor: Anchor) -> Anchored:
    """Read the statement that an anchor is at: the innermost on its line. A comment that has a line
    of its own stands for the next line of code.

    Raises:
        AnchorError: it is at no statement.
    """
    source = anchor.path.read_text("utf-8")
    line = anchor.line
    for text in source.splitlines()[anchor.line - 1 :]:
        if text.strip() and not text.lstrip().startswith("#"):
            break
        line += 1
    here = [
        (statement, block)
        for node in ast.walk(ast.parse(source))
        for block in _blocks(node)
        for statement in block
        if statement.lineno <= line <= _last(statement)
    ]
    if not here:
        raise AnchorError(f"{anchor.path}:{anchor.line} is at no statement")
    statement, block = max(here, key=lambda place: place[0].lineno)
    return Anchored(source, line, line > anchor.line, statement, block)


def span(source: str, node: ast.AST) -> tuple[int, int]:
    """Where the text of an expression or a statement begins and ends."""
    assert isinstance(node, ast.expr | ast.stmt)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    lines = source.splitlines(keepends=True)

    def at(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    return at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)


def package_files(root: Path = ROOT) -> Iterator[Path]:
    """Yield the modules of the package, in order."""
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in NO_SOURCE:
            continue
        if path.is_dir():
            yield from package_files(path)
        elif path.suffix == ".py":
            yield path


def _anchors(path: Path, text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.string.startswith("# rule"):
            match = _ANCHOR.fullmatch(token.string)
            if match is None:
                raise AnchorError(
                    f"{path}:{token.start[0]}: `{token.string}` is no anchor:"
                    " write `# rule: short-name`, and nothing else in that comment"
                )
            yield token.start[0], match[1]


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _is_body(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt | ast.excepthandler | ast.match_case)


def _first(node: ast.AST) -> int:
    line: int = getattr(node, "lineno", 0)
    return line


def _last(node: ast.AST) -> int:
    line: int = getattr(node, "end_lineno", None) or 0
    return line
