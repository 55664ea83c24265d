"""Types, defaults and signatures in words: as they stand in the source, with what they stand for.

A name of ours that is only short for a type, or for a number, is replaced by what it is short for:
so a change of it is seen wherever it is used, and its own name may change.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from api_lock.source import Name, Source

Mention = Callable[[Name], None]
"""Is told of each class of ours that a type names."""


class _Expanded(ast.NodeTransformer):
    """A type with the short names of a module written out."""

    def __init__(self, source: Source, module: str, mention: Mention) -> None:
        self._source = source
        self._module = module
        self._mention = mention

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._expanded(node, self._source.find(self._module, node.id))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name):
            owner = self._source.find(self._module, node.value.id)
            if owner is not None and owner.node is None:
                return self._expanded(node, self._source.find(owner.module, node.attr))
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, str):  # a name in quotes
            quoted: ast.expr = self.visit(ast.parse(node.value, mode="eval").body)
            return quoted
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        name = ast.unparse(node.value)
        if name == "Literal":
            return node
        if name == "Annotated" and isinstance(node.slice, ast.Tuple):
            plain: ast.expr = self.visit(node.slice.elts[0])
            return plain
        self.generic_visit(node)
        return node

    def _expanded(self, node: ast.expr, found: Name | None) -> ast.expr:
        if found is None or found.node is None:
            return node
        if isinstance(found.node, ast.ClassDef):
            self._mention(found)
            return ast.Name(found.name)
        value = getattr(found.node, "value", None)
        if not isinstance(value, ast.expr) or isinstance(value, ast.Call):  # a TypeVar
            return ast.Name(found.name)
        inner = _Expanded(self._source, found.module, self._mention)
        copied: ast.expr = inner.visit(ast.parse(ast.unparse(value), mode="eval").body)
        return copied


def type_in_words(
    source: Source, module: str, node: ast.expr | None, mention: Mention = lambda name: None
) -> str:
    """Write a type as it is in a module; nothing where there is none."""
    if node is None:
        return ""
    tree = ast.parse(ast.unparse(node), mode="eval").body
    return ast.unparse(_Expanded(source, module, mention).visit(tree))


def default_in_words(source: Source, module: str, node: ast.expr) -> str:
    """Write a default; a constant of ours by its value, where that is plain."""
    if isinstance(node, ast.Name):
        found = source.find(module, node.id)
        value = getattr(found.node, "value", None) if found is not None else None
        if isinstance(value, ast.expr) and _is_plain(value):
            return ast.unparse(value)
    return ast.unparse(node)


def _is_plain(node: ast.expr) -> bool:
    """Tell whether it has neither names nor calls in it, but for that of what makes a value."""
    if isinstance(node, ast.Call):
        return all(
            _is_plain(each) for each in (*node.args, *(word.value for word in node.keywords))
        )
    return not any(isinstance(each, ast.Name | ast.Call | ast.Lambda) for each in ast.walk(node))


def signature(
    source: Source,
    module: str,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    *,
    bound: bool,
    mention: Mention,
) -> str:
    """Write what a function takes and gives, without its first parameter where it is `bound`."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    padding: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults = [*padding, *arguments.defaults]

    def worded(each: ast.arg, default: ast.expr | None = None) -> str:
        kind = type_in_words(source, module, each.annotation)
        text = f"{each.arg}: {kind}" if kind else each.arg
        if default is None:
            return text
        return f"{text} = {default_in_words(source, module, default)}"

    words = [worded(each, default) for each, default in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        words.insert(len(arguments.posonlyargs), "/")
    if bound:
        del words[0]
    if arguments.vararg is not None:
        words.append(f"*{worded(arguments.vararg)}")
    elif arguments.kwonlyargs:
        words.append("*")
    by_name = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    words += [worded(each, default) for each, default in by_name]
    if arguments.kwarg is not None:
        words += _by_name(source, module, arguments.kwarg) or [f"**{worded(arguments.kwarg)}"]
    given = type_in_words(source, module, node.returns, mention)
    return f"({', '.join(words)})" + (f" -> {given}" if given else "")


def _by_name(source: Source, module: str, argument: ast.arg) -> list[str]:
    """List the parameters that `**options: Unpack[Options]` stands for; none of anything else."""
    match argument.annotation:
        case ast.Subscript(value=ast.Name(id="Unpack"), slice=ast.Name(id=name)):
            found = source.find(module, name)
            assert found is not None
            assert isinstance(found.node, ast.ClassDef)
            return [
                f"{each.target.id}: {type_in_words(source, found.module, each.annotation)} = ..."
                for each in found.node.body
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
            ]
    return []
