"""How a mutant differs: one change of the statement that an anchor is at, by its structure.

As little as possible is said in source text, so that the statement can be reworded.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from support.anchors import Anchored, span


class ChangeError(Exception):
    """The statement at the anchor has nothing that could be changed in this way."""


class Change(Protocol):
    """One change: the whole source with it."""

    def __call__(self, at: Anchored) -> str: ...


@dataclass(frozen=True)
class Drop:
    """The statement is not there."""

    def __call__(self, at: Anchored) -> str:
        return _replaced(at, at.statement, "pass")


@dataclass(frozen=True)
class Never:
    """The condition is looked at, and never holds."""

    def __call__(self, at: Anchored) -> str:
        condition = _condition(at)
        return _replaced(at, condition, f"(({ast.unparse(condition)}) and False)")


@dataclass(frozen=True)
class Always:
    """The condition is looked at, and always holds."""

    def __call__(self, at: Anchored) -> str:
        condition = _condition(at)
        return _replaced(at, condition, f"(({ast.unparse(condition)}) or True)")


@dataclass(frozen=True)
class Without:
    """The operand of `and` or `or` that the comment stands behind, or above, is not there."""

    def __call__(self, at: Anchored) -> str:
        operands = [
            (operand, node)
            for node in at.parts()
            if isinstance(node, ast.BoolOp)
            for operand in node.values
            if (operand.lineno if at.is_above else operand.end_lineno) == at.line
        ]
        if not operands:
            raise ChangeError("no operand of `and` or `or` is there")
        nearest = min if at.is_above else max
        column = nearest(_edge(operand, at) for operand, _ in operands)
        here = [(operand, node) for operand, node in operands if _edge(operand, at) == column]
        left_out, node = min(here, key=lambda pair: len(ast.unparse(pair[0])))
        left = [f"({ast.unparse(operand)})" for operand in node.values if operand is not left_out]
        word = " and " if isinstance(node.op, ast.And) else " or "
        return _replaced(at, node, f"({word.join(left)})")


@dataclass(frozen=True)
class OffByOne:
    """Exactly equal belongs to the other side of the comparison."""

    def __call__(self, at: Anchored) -> str:
        node = _only(at, "comparison", lambda node: _other_side(node) is not None)
        assert isinstance(node, ast.Compare)
        return _replaced(
            at,
            node,
            f"{ast.unparse(node.left)} {_other_side(node)} {ast.unparse(node.comparators[0])}",
        )


@dataclass(frozen=True)
class Value:
    """What is assigned or returned is something else."""

    new: str

    def __call__(self, at: Anchored) -> str:
        value = getattr(at.statement, "value", None)
        if value is None or isinstance(at.statement, ast.Expr):
            raise ChangeError("the statement neither assigns nor returns anything")
        return _replaced(at, value, self.new)


@dataclass(frozen=True)
class Swap:
    """An expression in the statement is another one."""

    old: str
    new: str

    def __call__(self, at: Anchored) -> str:
        wanted = ast.dump(ast.parse(self.old, mode="eval").body)
        node = _only(at, f"`{self.old}`", lambda node: ast.dump(node) == wanted)
        return _replaced(at, node, self.new)


@dataclass(frozen=True)
class Instead:
    """There is another statement in its place."""

    new: str

    def __call__(self, at: Anchored) -> str:
        return _replaced(at, at.statement, self.new)


@dataclass(frozen=True)
class First:
    """The statement comes before all others of its block."""

    def __call__(self, at: Anchored) -> str:
        first = at.block[0]
        if first is at.statement:
            raise ChangeError("the statement is the first of its block")
        start, end = span(at.source, at.statement)
        before, _ = span(at.source, first)
        rest = _replaced(at, at.statement, "pass")
        indent = " " * first.col_offset
        return f"{rest[:before]}{at.source[start:end]}\n{indent}{rest[before:]}"


_OTHER_SIDE: dict[type[ast.cmpop], str] = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}


def _edge(operand: ast.expr, at: Anchored) -> int:
    return operand.col_offset if at.is_above else operand.end_col_offset or 0


def _other_side(node: ast.AST) -> str | None:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _OTHER_SIDE.get(type(node.ops[0]))
    return None


def _condition(at: Anchored) -> ast.expr:
    if isinstance(at.statement, ast.If | ast.While):
        return at.statement.test
    node = _only(at, "condition", lambda node: isinstance(node, ast.IfExp))
    assert isinstance(node, ast.IfExp)
    return node.test


def _only(at: Anchored, what: str, is_it: Callable[[ast.AST], bool]) -> ast.AST:
    """Find the only such part of the statement; of several, the one on the anchor's line."""
    found = [node for node in at.parts() if is_it(node)]
    here = found if len(found) == 1 else [node for node in found if at.on_line(node)]
    if len(here) != 1:
        raise ChangeError(f"{what} is there {len(here) or len(found)} times, not once")
    return here[0]


def _replaced(at: Anchored, node: ast.AST, new: str) -> str:
    start, end = span(at.source, node)
    return at.source[:start] + new + at.source[end:]
