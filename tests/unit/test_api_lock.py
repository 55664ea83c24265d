"""The public names and signatures are locked: a change of them is made on purpose."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_lock import lock
from api_lock.source import Source
from api_lock.surface import ROOMS, lines
from support.anchors import ROOT


def test_the_public_names_and_signatures_are_those_that_are_locked() -> None:
    said = lock.difference(ROOT)
    assert not said, said


def test_the_command_says_the_same() -> None:
    """Nothing, and 0, where there is no difference."""
    done = subprocess.run(
        [sys.executable, "-m", "api_lock"], cwd=ROOT / "tests", capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# -- what is a change, on a package of a few names -------------------------------------------------

PACKAGE = {
    "__init__.py": """
if TYPE_CHECKING:
    from .desk import Bell, Desk, Report, Tone
    from .short import TONES, Anybody

__all__ = ["Anybody", "Bell", "Desk", "Report", "TONES", "Tone", "ring"]

def ring(*, times: int = 1) -> None: ...
""",
    "desk.py": """
from . import short as s
from .short import LATE, Anybody, Options, Where

class Tone(StrEnum):
    LOW = "low"

class _Base(msgspec.Struct, frozen=True):
    seq: int = 0

class Report(_Base, frozen=True):
    rest: list[Rest] = []

class Rest(msgspec.Struct):
    size: int

class Answers:
    def ask(self, name: str, after: int = 0) -> list[str]: ...

class Desk(Answers):
    def __init__(self, where: Where, *, late: timedelta = LATE, **more: Unpack[Options]) -> None:
        self.where: Path = where

    def call(self, who: Anybody, tone: s.Loudness = "low") -> Report: ...

    @property
    def is_open(self) -> bool: ...

class Bell(Desk):
    def __init__(self, inner: Answers) -> None: ...
""",
    "short.py": """
Where = str | Path
Loudness = Literal["low", "high"]
Anybody = Callable[[], Where]
LATE = timedelta(hours=24)
TONES: tuple[Loudness, ...] = get_args(Loudness)

class Options(TypedDict, total=False):
    by: str | None
""",
    "instrumentation/__init__.py": "__all__ = []\n",
    "testing/__init__.py": '__all__ = ["Desk"]\nfrom ..desk import Desk\n',
    "publishers/__init__.py": "__all__ = []\n",
    "publishers/fake_platform/__init__.py": "__all__ = []\n",
}
LOCK = """\
jobledger.Anybody = Callable[[], str | Path]
class jobledger.Bell(Desk)
class jobledger.Desk
jobledger.Desk.where: Path
jobledger.Desk(where: str | Path, *, late: timedelta = timedelta(hours=24), by: str | None = ...)
jobledger.Desk.ask(name: str, after: int = 0) -> list[str]
jobledger.Desk.call(who: Callable[[], str | Path], tone: Literal['low', 'high'] = 'low') -> Report
jobledger.Desk.is_open: bool  [property]
class jobledger.Report(msgspec.Struct, frozen=True)
jobledger.Report.seq: int = 0
jobledger.Report.rest: list[Rest] = []
jobledger.TONES: tuple[Literal['low', 'high'], ...]
class jobledger.Tone(StrEnum)
jobledger.Tone.LOW = 'low'
jobledger.ring(*, times: int = 1) -> None
jobledger.testing.Desk = jobledger.Desk
class jobledger.desk.Rest(msgspec.Struct)
jobledger.desk.Rest.size: int
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a package whose names are locked."""
    root = tmp_path / "jobledger"
    for name, source in PACKAGE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(source, "utf-8")
    monkeypatch.setattr(lock, "FILE", tmp_path / "public.txt")
    lock.write(root)
    return root


def changed(package: Path, before: str, after: str) -> str:
    """Put `after` in the one place where `before` stands, and ask the lock what it says."""
    [path] = [path for path in package.rglob("*.py") if before in path.read_text("utf-8")]
    source = path.read_text("utf-8")
    assert source.count(before) == 1
    path.write_text(source.replace(before, after), "utf-8")
    return lock.difference(package)


def test_each_public_name_is_a_line_with_what_it_takes_gives_or_is(package: Path) -> None:
    """A constructor that only we can call is none; what is given without a public name is last."""
    assert lock.FILE.read_text("utf-8") == LOCK
    assert lock.difference(package) == ""


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("times: int = 1", "times: int = 2", "+jobledger.ring(*, times: int = 2) -> None"),
        ("name: str, after", "who: str, after", "+jobledger.Desk.ask(who: str, after: int = 0)"),
        ("-> list[str]: ...", "-> set[str]: ...", "after: int = 0) -> set[str]"),
        ("def ask(", "def _ask(", "-jobledger.Desk.ask("),
        ("    def ask(", "    def wait(self): ...\n    def ask(", "+jobledger.Desk.wait()"),
        ("seq: int = 0", "seq: int = 1", "+jobledger.Report.seq: int = 1"),
        ("    rest:", "    why: str\n    rest:", "+jobledger.Report.why: str"),
        ('LOW = "low"', 'LOW = "soft"', "+jobledger.Tone.LOW = 'soft'"),
        ('Literal["low", "high"]', 'Literal["low"]', "tone: Literal['low'] = 'low'"),
        ("str | Path\nLoud", "Path\nLoud", "+jobledger.Desk.call(who: Callable[[], Path]"),
        ("hours=24", "hours=12", "late: timedelta = timedelta(hours=12)"),
        ("by: str | None", "by: str", "by: str = ..."),
        ("self.where: Path", "self.where: str", "+jobledger.Desk.where: str"),
        ("    def call(", "    async def call(", "-> Report  [async]"),
        ("    @property\n", "", "+jobledger.Desk.is_open() -> bool"),
        ("Rest(msgspec.Struct)", "Rest(msgspec.Struct, frozen=True)", "Struct, frozen=True)"),
        ("    size: int", "    size: float", "+jobledger.desk.Rest.size: float"),
        ('"Tone", "ring"', '"Tone"', "-jobledger.ring("),
        ("class Desk(Answers)", "class Desk", "-jobledger.Desk.ask("),
    ],
)
def test_a_change_is_found_and_the_message_says_what_to_do(
    package: Path, before: str, after: str, told: str
) -> None:
    said = changed(package, before, after)
    assert told in said
    assert said.endswith(lock.COMMAND)


@pytest.mark.parametrize("name", ["Where", "Loudness", "LATE", "Answers", "_Base", "Options"])
def test_what_only_we_name_may_have_another_name(package: Path, name: str) -> None:
    """A constant, a short name for a type, a base: nobody else can tell."""
    for path in package.rglob("*.py"):
        text = path.read_text("utf-8")
        path.write_text(re.sub(rf"\b{name}\b", f"{name}2", text), "utf-8")
    assert lock.difference(package) == ""


# -- the source says what the program finds --------------------------------------------------------


def public_values() -> Iterator[tuple[str, Any]]:
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in Source(ROOT).exported(room):
            assert name in module.__all__
            yield f"{room}.{name}", getattr(module, name)


LOCKED = lines(ROOT)
VALUES = dict(public_values())
CLASSES = {path: value for path, value in VALUES.items() if inspect.isclass(value)}
CALLS = [line for line in LOCKED if re.match(r"[\w.]+\(", line)]


def of_disks(kind: type) -> set[str]:
    """Name what every disk has, and only the engine knows of."""
    return {
        name for owner in kind.__mro__ if owner.__name__ == "FileSystem" for name in vars(owner)
    }


@pytest.mark.parametrize("path", CLASSES)
def test_each_member_of_a_public_class_is_locked(path: str) -> None:
    """As Python finds them: of the class, and of bases of ours that have no public name."""
    kind = CLASSES[path]
    first = next(name for name, value in CLASSES.items() if value is kind)
    members = {
        name
        for owner in kind.__mro__
        if owner is kind or owner not in CLASSES.values()
        if owner.__module__.startswith("jobledger.")
        for name in vars(owner)
        if not name.startswith("_")
    }
    found = (re.match(rf"{re.escape(first)}\.(\w+)", line) for line in LOCKED)
    assert members - of_disks(kind) - {match[1] for match in found if match} == set()


@pytest.mark.parametrize("line", CALLS, ids=lambda line: line.partition("(")[0])
def test_each_function_takes_what_is_locked(line: str) -> None:
    """The parameters that Python sees, in their order; options that are passed on one by one."""
    path = line.partition("(")[0]
    value = VALUES.get(path)
    if value is None:
        owner, _, name = path.rpartition(".")
        if owner not in CLASSES:
            return  # it has no public name: it is only given
        value = inspect.getattr_static(CLASSES[owner], name)
        value = getattr(value, "__func__", value)
    text, *_ = line.removeprefix(path).split("  [")
    [function] = ast.parse(f"def f{text}: pass").body
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    locked = [each.arg for each in (*arguments.args, *arguments.kwonlyargs)]
    locked += [each.arg for each in (arguments.vararg, arguments.kwarg) if each is not None]
    taken = [
        each
        for each in inspect.signature(value).parameters.values()
        if each.name not in ("self", "cls")
    ]
    if taken and "Unpack[" in str(taken[-1].annotation):
        assert len(locked) > len(taken)
        del locked[len(taken) - 1 :], taken[-1]
    assert [each.name for each in taken] == locked
