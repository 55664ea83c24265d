"""The lines of the lock: each public name with what it takes, gives or is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from api_lock.source import Name, Source, flat
from api_lock.types import default_in_words, signature, type_in_words

ROOMS = (
    "jobledger",
    "jobledger.instrumentation",  # of which other rooms use more
    "jobledger.testing",
    "jobledger.publishers",
    "jobledger.publishers.fake_platform",
)
"""The modules whose `__all__` is public."""
_SPOKEN = {"__init__", "__call__", "__enter__", "__exit__", "__aenter__", "__aexit__"}
"""What has no public name and is used all the same."""
_SEAM = "FileSystem"
"""What disks are made of, and what they have in common with it, is between us and the engine."""
_OF_CLASS = ("frozen", "kw_only", "metaclass")
"""The keywords of a class that its users can tell."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef
Worded = Callable[[], str]
"""Gives the line of a member, from its name on; asked only for what is not overridden. Nothing: it
is no affair of anybody else."""


def lines(root: Path) -> list[str]:
    """List everything public under `root`, which is the package: a line a name, room by room.

    After the rooms come the classes of fields that a public name gives and that have none.
    """
    source = Source(root)
    reached: dict[str, Name] = {}
    written: set[str] = set()
    found: list[str] = []
    public = {
        each
        for room in ROOMS
        for name in source.exported(room)
        if (each := source.find(room, name)) is not None
    }
    surface = _Surface(source, public, reached)
    named: dict[Name | None, str] = {}
    for room in ROOMS:
        for name in source.exported(room):
            path, made = f"{room}.{name}", source.find(room, name)
            first = named.setdefault(made, path)
            found += surface.of_name(path, made) if first == path else [f"{path} = {first}"]
    while waiting := sorted(reached.keys() - written):
        written.update(waiting)
        for name in waiting:
            found += surface.of_class(name, reached[name])
    return found


class _Surface:
    def __init__(self, source: Source, public: set[Name], reached: dict[str, Name]) -> None:
        self._source = source
        self._public = public
        self._reached = reached

    def of_name(self, path: str, found: Name | None) -> list[str]:
        assert found is not None, f"{path} is nowhere"
        node = found.node
        if isinstance(node, ast.ClassDef):
            return self.of_class(path, found)
        if isinstance(node, _Function):
            how = "".join(f"  [{ast.unparse(each)}]" for each in node.decorator_list)
            return [path + self._signature(found.module, node, bound=_draws(node)) + how]
        if isinstance(node, ast.AnnAssign):
            return [f"{path}: {self._type(found.module, node.annotation)}"]
        assert isinstance(node, ast.Assign)  # short for a type
        return [f"{path} = {self._type(found.module, node.value)}"]

    def of_class(self, path: str, found: Name) -> list[str]:
        """Write its head; its fields in their order, as they are given; and all else sorted."""
        assert isinstance(found.node, ast.ClassDef)
        fields: dict[str, Worded] = {}
        methods: dict[str, Worded] = {}
        for each in reversed(list(self._own(found))):
            assert isinstance(each.node, ast.ClassDef)
            declared = dict(self._fields(each.module, each.node))
            fields |= dict(self._attributes(each.module, each.node)) | fields | declared
            methods |= dict(self._methods(each.module, each.node))
        bases = list(dict.fromkeys(self._bases(found)))
        head = f"class {path}({', '.join(bases)})" if bases else f"class {path}"
        members = [worded for name, worded in fields.items() if name not in methods]
        members += [methods[name] for name in sorted(methods)]
        texts = [text for worded in members if (text := worded())]
        return [head, *(f"{path}{_joined(text)}" for text in texts)]

    def _own(self, found: Name) -> Iterator[Name]:
        """Yield the class, and those of its bases that nobody else can name."""
        assert isinstance(found.node, ast.ClassDef)
        yield found
        for base in _classes(self._source, found.module, found.node):
            if base not in self._public and base.name != _SEAM:
                yield from self._own(base)

    def _bases(self, found: Name) -> Iterator[str]:
        assert isinstance(found.node, ast.ClassDef)
        for base in found.node.bases:
            name = _resolved(self._source, found.module, base)
            if name is not None and name not in self._public and name.name != _SEAM:
                yield from self._bases(name)
            elif isinstance(base, ast.Subscript):
                yield self._generic(found.module, base)
            elif ast.unparse(base) != "object":
                yield ast.unparse(base)
        for word in found.node.keywords:
            if word.arg in _OF_CLASS:
                yield f"{word.arg}={ast.unparse(word.value)}"
        for decorator in found.node.decorator_list:
            yield f"@{ast.unparse(decorator)}"

    def _generic(self, module: str, base: ast.Subscript) -> str:
        """Write a base of which each type variable says what it stands for where nobody does."""
        variable = self._source.find(module, ast.unparse(base.slice))
        call = getattr(variable.node, "value", None) if variable is not None else None
        words = call.keywords if isinstance(call, ast.Call) else []
        said = [f"{word.arg}={self._type(module, word.value)}" for word in words]
        return ", ".join([ast.unparse(base), *said])

    def _fields(self, module: str, node: ast.ClassDef) -> Iterator[tuple[str, Worded]]:
        for each in flat(node.body):
            match each:
                case ast.AnnAssign(target=ast.Name(id=name)) if _is_public(name):
                    yield name, partial(self._field, module, name, each.annotation, each.value)
                case ast.Assign(targets=[ast.Name(id=name)]) if _is_public(name):
                    yield name, partial("{} = {}".format, name, ast.unparse(each.value))

    def _attributes(self, module: str, node: ast.ClassDef) -> Iterator[tuple[str, Worded]]:
        """Find what methods put on `self`, with a type that is declared there."""
        for method in flat(node.body):
            if not isinstance(method, _Function):
                continue
            arguments = [*method.args.args, *method.args.kwonlyargs]
            taken = {each.arg: each.annotation for each in arguments}
            for each in ast.walk(method):
                match each:
                    case ast.AnnAssign(target=ast.Attribute(ast.Name("self"), name)):
                        kind: ast.expr | None = each.annotation
                    case ast.Assign(
                        targets=[ast.Attribute(ast.Name("self"), name)], value=ast.Name(id=value)
                    ):
                        kind = taken.get(value)
                    case _:
                        continue
                if _is_public(name) and kind is not None:
                    yield name, partial(self._field, module, name, kind)

    def _methods(self, module: str, node: ast.ClassDef) -> Iterator[tuple[str, Worded]]:
        shared = self._of_the_seam(module, node)
        for each in flat(node.body):
            if not isinstance(each, _Function) or each.name in shared:
                continue
            if _is_public(each.name) or each.name in _SPOKEN:
                yield each.name, partial(self._method, module, each)

    def _of_the_seam(self, module: str, node: ast.ClassDef) -> set[str]:
        """Name the methods that a disk has because every disk has them."""
        seams = [base for base in _classes(self._source, module, node) if base.name == _SEAM]
        bodies = [seam.node.body for seam in seams if isinstance(seam.node, ast.ClassDef)]
        return {each.name for body in bodies for each in body if isinstance(each, _Function)} - {
            "__init__"
        }

    def _field(self, module: str, name: str, kind: ast.expr, value: ast.expr | None = None) -> str:
        text = f"{name}: {self._type(module, kind)}"
        if value is None:
            return text
        return f"{text} = {default_in_words(self._source, module, value)}"

    def _method(self, module: str, node: _Function) -> str:
        if node.name == "__init__" and self._needs_what_only_we_have(module, node):
            return ""
        how = {ast.unparse(decorator) for decorator in node.decorator_list}
        if how & {"property", "cached_property"}:
            return f"{node.name}: {self._type(module, node.returns)}  [property]"
        words = sorted(how & {"classmethod", "staticmethod", "contextmanager"})
        if isinstance(node, ast.AsyncFunctionDef):
            words.append("async")
        text = node.name + self._signature(module, node, bound="staticmethod" not in how)
        return text + "".join(f"  [{word}]" for word in words)

    def _needs_what_only_we_have(self, module: str, node: _Function) -> bool:
        """Tell whether nobody else can call it: it needs a value of a class that is not public."""
        needed: list[Name] = []
        positional = node.args.args[: len(node.args.args) - len(node.args.defaults)]
        for each in positional:
            type_in_words(self._source, module, each.annotation, needed.append)
        return any(name not in self._public and name.name != _SEAM for name in needed)

    def _signature(self, module: str, node: _Function, *, bound: bool) -> str:
        return signature(self._source, module, node, bound=bound, mention=self._mention)

    def _type(self, module: str, node: ast.expr | None) -> str:
        return type_in_words(self._source, module, node, self._mention)

    def _mention(self, name: Name) -> None:
        """Note that somebody gets one of these; with fields and no public name it is here, too."""
        if name not in self._public and _has_fields(self._source, name):
            self._reached[f"{name.module}.{name.name}"] = name


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def _joined(member: str) -> str:
    """Put a member behind the name of its class, which is what makes one."""
    if member.startswith("__init__("):
        return member.removeprefix("__init__").removesuffix(" -> None")
    return f".{member}"


def _draws(node: _Function) -> bool:
    """Tell whether it is a strategy, whose first argument is Hypothesis's affair."""
    return any("composite" in ast.unparse(each) for each in node.decorator_list)


def _resolved(source: Source, module: str, base: ast.expr) -> Name | None:
    match base:
        case ast.Subscript(value=ast.Name(id=name)) | ast.Name(id=name):
            found = source.find(module, name)
            return found if found is not None and isinstance(found.node, ast.ClassDef) else None
    return None


def _classes(source: Source, module: str, node: ast.ClassDef) -> list[Name]:
    """Find the bases of a class that are in the package."""
    resolve = partial(_resolved, source, module)
    return [base for base in map(resolve, node.bases) if base is not None]


def _has_fields(source: Source, found: Name) -> bool:
    assert isinstance(found.node, ast.ClassDef)
    told = [*found.node.bases, *found.node.decorator_list]
    return any(
        word in ast.unparse(each) for each in told for word in ("Struct", "dataclass", "NamedTuple")
    ) or any(_has_fields(source, base) for base in _classes(source, found.module, found.node))
