"""The public types, as a user's programs see them: checked by mypy and by pyright, both strict.

`uses_*.py` say with `assert_type` what each answer is, and run. `misuses.py` is full of mistakes,
each with an ignore on its line; as an ignore that hides nothing is an error, every one is found.
Both checkers see what is installed of jobledger, `py.typed` included, and none of our settings.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.anchors import ROOT
from support.required import missing

import jobledger

HERE = Path(__file__).parent
PROGRAMS = sorted(HERE.glob("*uses*.py"))
PLANTED = '''\
from jobledger import Ledger, ScheduledJob
from typing import assert_type

def asks(ledger: Ledger) -> None:
    assert_type(ledger.seq, int)
    assert_type(ledger.seq, str)  # the mistake of line 6
    print(ledger.seq)  # type: ignore[attr-defined]
    job: ScheduledJob = ledger.known_ids()
'''  # fmt: skip
WRONG_LINES = {6, 7, 8}
PUBLIC_ROOMS = ("jobledger.testing", "jobledger.publishers", "jobledger.publishers.fake_platform")

Found = dict[str, dict[int, str]]
"""What a checker says: by the name of the file, the line and a message."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a directory of the programs and a wrong one; `site` beside it has what is installed."""
    place = tmp_path_factory.mktemp("user")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for package in settings["tool"]["setuptools"]["packages"]:
        room = package.partition(".")[2].replace(".", "/")
        there = place / "site/jobledger" / room
        there.mkdir(parents=True, exist_ok=True)
        for file in (ROOT / room).glob("*.py"):
            shutil.copy(file, there)
    shutil.copy(ROOT / "py.typed", place / "site/jobledger")
    directory = place / "program"
    directory.mkdir()
    for file in PROGRAMS:
        shutil.copy(file, directory)
    (directory / "planted.py").write_text(PLANTED, "utf-8")
    return directory


def checked(program: Path, *command: str, **environment: str) -> str:
    """Return what a type checker prints, run as the user of these programs would."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=program,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr  # 1: it has found something
    return done.stdout


def by_mypy(program: Path) -> Found:
    said = checked(
        program, "mypy", "--config-file=", "--strict", "--no-error-summary", "--no-pretty", ".",
        MYPYPATH="../site", MYPY_FORCE_COLOR="0",
    )  # fmt: skip
    found: Found = {}
    for line in said.splitlines():
        place = re.match(r"(?P<file>[^:]+):(?P<line>\d+): error: (?P<message>.*)", line)
        if place is not None:
            found.setdefault(place["file"], {})[int(place["line"])] = place["message"]
    return found


def pyright(program: Path, *arguments: str) -> Any:
    """Return what pyright says, as JSON. It looks for what we depend on where `python` has it."""
    if importlib.util.find_spec("basedpyright") is None:
        missing("pyright", "it is not installed: pip install basedpyright")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    site = str(program.parent / "site")
    said = checked(program, "basedpyright", "--outputjson", *arguments, PATH=path, PYTHONPATH=site)
    return json.loads(said)


def by_pyright(program: Path) -> Found:
    settings = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.13",
        "reportUnnecessaryTypeIgnoreComment": "error",
        "extraPaths": ["../site"],
    }
    (program / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    found: Found = {}
    for each in pyright(program, "--project", ".")["generalDiagnostics"]:
        line = each["range"]["start"]["line"] + 1
        found.setdefault(Path(each["file"]).name, {})[line] = each["message"]
    return found


CHECKERS = {"mypy": by_mypy, "pyright": by_pyright}


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.thorough) for name in CHECKERS]
)
def found(request: pytest.FixtureRequest, program: Path) -> Found:
    """All that one of the checkers says of these programs."""
    return CHECKERS[request.param](program)


def test_what_the_programs_say_of_the_types_is_true_and_each_misuse_is_found(found: Found) -> None:
    assert {name: said for name, said in found.items() if name != "planted.py"} == {}


def test_the_checker_finds_a_wrong_type_an_ignore_too_many_and_a_mistake(found: Found) -> None:
    """Else it would have looked at nothing."""
    assert found["planted.py"].keys() == WRONG_LINES


@pytest.mark.thorough
def test_each_public_name_has_a_type_that_is_not_guessed(program: Path) -> None:
    """Where an attribute has no declared type each checker finds one of its own."""
    report = pyright(program, "--verifytypes", "jobledger", "--ignoreexternal")
    symbols = {symbol["name"]: symbol for symbol in report["typeCompleteness"]["symbols"]}
    public = {
        f"{value.__module__}.{value.__qualname__}"
        for room in ("jobledger", *PUBLIC_ROOMS)
        for value in vars_of(room).values()
        if hasattr(value, "__qualname__")
    }
    assert len(public & symbols.keys()) > 60
    guessed = [
        name
        for name, symbol in symbols.items()
        if {name, name.rpartition(".")[0]} & public
        and any("missing type annotation" in each["message"] for each in symbol["diagnostics"])
    ]
    assert guessed == []


def vars_of(room: str) -> dict[str, Any]:
    module = importlib.import_module(room)
    return {name: getattr(module, name) for name in module.__all__}


def test_each_public_name_is_in_one_of_the_programs() -> None:
    """So that a new one gets its types looked at."""
    words = set(re.findall(r"\w+", "".join(file.read_text("utf-8") for file in PROGRAMS)))
    assert set(jobledger.__all__) - words == set()
    for room in PUBLIC_ROOMS:
        assert vars_of(room).keys() - words == set(), room


@pytest.mark.parametrize("name", [file.stem for file in PROGRAMS if file.stem != "misuses"])
def test_the_program_runs(name: str, tmp_path: Path) -> None:
    """What a type checker accepts is there when the program runs, too."""
    spec = importlib.util.spec_from_file_location(f"jobledger_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path / "jobs")
