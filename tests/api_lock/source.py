"""Where in the source a name of a module is made, whatever imports it came through.

Nothing is imported for it: so it needs none of the extras, and says the same on every Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "jobledger"


@dataclass(frozen=True)
class Name:
    """A name in the module that makes it; `node` is its statement, or None for a whole module."""

    module: str
    name: str
    node: ast.stmt | None


@dataclass
class Module:
    """The names of one module: those that it makes, and those that it imports."""

    made: dict[str, ast.stmt] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    all_of: list[str] = field(default_factory=list)
    """Whose names it has all, by `*`."""


class Source:
    """The modules under a directory that is the package."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._modules: dict[str, Module] = {}

    def find(self, module: str, name: str) -> Name | None:
        """Find where a name of a module is made; None where that is not in the package."""
        if not self._is_module(module):
            return None
        names = self._read(module)
        if name in names.made:
            return Name(module, name, names.made[name])
        if name not in names.imported:
            through = (self.find(behind, name) for behind in names.all_of)
            return next(filter(None, through), None)
        origin, original = names.imported[name]
        if self._is_module(f"{origin}.{original}"):
            return Name(f"{origin}.{original}", original, None)
        return self.find(origin, original)

    def exported(self, module: str) -> list[str]:
        """List the names in the `__all__` of a module, in order; of a face, which makes that of a
        table, those that it imports for a type checker under the same name."""
        names = self._read(module)
        node = names.made.get("__all__")
        if isinstance(node, ast.Assign):
            return sorted(ast.literal_eval(node.value))
        return sorted(names.exported - {"__version__"})

    def _path(self, module: str) -> Path:
        place = self._root.joinpath(*module.split(".")[1:])
        return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")

    def _is_module(self, module: str) -> bool:
        return module.partition(".")[0] == PACKAGE and self._path(module).is_file()

    def _read(self, module: str) -> Module:
        if module not in self._modules:
            names = self._modules[module] = Module()
            path = self._path(module)
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            for node in flat(ast.parse(path.read_text("utf-8")).body):
                _take(names, package, node)
        return self._modules[module]


def _take(names: Module, package: str, node: ast.stmt) -> None:
    match node:
        case ast.ImportFrom(module=origin, level=level) if level:
            near = package.split(".")
            base = near[: len(near) - level + 1]
            module = ".".join([*base, *([origin] if origin else [])])
            for each in node.names:
                if each.name == "*":
                    names.all_of.append(module)
                    continue
                names.imported[each.asname or each.name] = module, each.name
                if each.asname == each.name:
                    names.exported.add(each.name)
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            names.made[name] = node
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            names.made[name] = node


def flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements as a type checker sees them: of each `if` and `try` the first branch,
    and of one that is not for type checkers the other."""
    for node in body:
        if isinstance(node, ast.If):
            is_for_others = ast.unparse(node.test) == "not TYPE_CHECKING"
            yield from flat(node.orelse if is_for_others else node.body)
        elif isinstance(node, ast.Try):
            yield from flat(node.body)
        else:
            yield node
