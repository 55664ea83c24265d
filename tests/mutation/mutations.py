"""The changes: one comparison, constant, operator, condition or call of a file is another one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from support.anchors import span

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Pow: "*",
}


@dataclass(frozen=True)
class Change:
    """A file with another source, and the tests that are to notice."""

    name: str
    file: str
    source: str
    tests: list[str]


def changes(file: str, source: str, tests: list[str]) -> Iterator[Change]:
    """Every change of a file that the rules know."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    left_out: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            left_out.add(node.body[0])
        if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
            left_out.update(ast.walk(node))  # the words of an error, and what cannot happen
        if isinstance(node, ast.ClassDef):
            left_out.update(part for word in node.keywords for part in ast.walk(word))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            left_out.update(ast.walk(node))
        for name in ("returns", "annotation"):
            if isinstance(getattr(node, name, None), ast.AST):
                left_out.update(ast.walk(getattr(node, name)))
    for node in ast.walk(tree):
        if node not in left_out:
            for new in _of(node):
                start, end = span(source, node)
                line = source.count("\n", 0, start) + 1
                shown = " ".join(source[start:end].split())[:50]
                yield Change(
                    f"{file}:{line}: `{shown}` → `{new[:50]}`",
                    file,
                    source[:start] + new + source[end:],
                    tests,
                )


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        operator = _COMPARISONS[type(node.ops[0])]
        yield f"{ast.unparse(node.left)} {operator} {ast.unparse(node.comparators[0])}"
    elif isinstance(node, ast.BoolOp):
        word = " or " if isinstance(node.op, ast.And) else " and "
        yield "(" + word.join(f"({ast.unparse(value)})" for value in node.values) + ")"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"bool({ast.unparse(node.operand)})"
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield f"({ast.unparse(node.left)} {_OPERATORS[type(node.op)]} {ast.unparse(node.right)})"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield str(not node.value)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield str(node.value + 1)
    elif isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield "return None"
    elif isinstance(node, ast.If | ast.IfExp):
        return
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "pass"
