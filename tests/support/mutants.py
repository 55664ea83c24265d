"""Mutants: copies of the project with one mistake in them, and whether the tests notice.

A mutant names an anchor in the source and what changes at its statement (`anchors.py`,
`replay.py`), so that the source can move on without the lists of mutants.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.anchors import ROOT, Anchor, AnchorError, find_anchors, look_at
from support.changes import Change, ChangeError

_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "benchmarks")


@dataclass(frozen=True)
class Mutant:
    """A mistake: one change at an anchor; `tests` are those that have to notice.

    A test is the name of a file or a directory below `tests/`; one that begins with `simulate` is
    that command.
    """

    name: str
    anchor: str
    change: Change
    tests: Sequence[str]


@dataclass(frozen=True)
class Verdict:
    """Whether the mistake was noticed: by which test, and after how long."""

    mutant: Mutant
    caught_by: str | None
    seconds: float


def change_of(mutant: Mutant, anchors: Mapping[str, Anchor]) -> tuple[Path, str]:
    """Return the file of a mutant's anchor, and that file's source with the mistake in it.

    Raises:
        ValueError: there is no such anchor, or its statement cannot be changed like that.
    """
    try:
        anchor = anchors[mutant.anchor]
        return anchor.path, mutant.change(look_at(anchor))
    except KeyError:
        raise ValueError(f"{mutant.name}: nowhere is `# rule: {mutant.anchor}`") from None
    except (AnchorError, ChangeError) as error:
        raise ValueError(f"{mutant.name}: `# rule: {mutant.anchor}`: {error}") from error


def files_of(mutants: Iterable[Mutant], root: Path = ROOT) -> dict[str, str]:
    """Return the file that each mutant's anchor is in, by the mutant's name."""
    anchors = find_anchors(root)
    return {
        mutant.name: anchors[mutant.anchor].path.relative_to(root).as_posix() for mutant in mutants
    }


def find_tests(names: Iterable[str], root: Path = ROOT) -> list[str]:
    """Find the paths of tests, which are named without the directories that they are in.

    Raises:
        ValueError: it is not there, or is there twice.
    """
    paths = []
    for name in names:
        if name.startswith("simulate "):
            paths.append(name)
            continue
        found = sorted((root / "tests").rglob(name))
        if len(found) != 1:
            raise ValueError(f"{name} is {len(found)} times below tests/, not once")
        paths.append(found[0].relative_to(root).as_posix())
    return paths


@contextmanager
def copied() -> Iterator[Path]:
    """Copy the project, importable as `jobledger` from the directory above the copy."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copy = Path(name) / "jobledger"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
        yield copy


@contextmanager
def mutated(copy: Path, mutant: Mutant) -> Iterator[None]:
    """Have the mistake in the copy within this block."""
    with rewritten(*change_of(mutant, find_anchors(copy))):
        yield


@contextmanager
def rewritten(path: Path, source: str) -> Iterator[None]:
    """Have another file there within this block."""
    before = path.read_text("utf-8")
    path.write_text(source, "utf-8")
    try:
        yield
    finally:
        path.write_text(before, "utf-8")


def run_tests(copy: Path, tests: Iterable[str], timeout_s: float = 600) -> str | None:
    """Run tests of the copy up to the first that fails; its name, or None where all pass.

    Raises:
        RuntimeError: the tests could not be run at all.
    """
    tests = find_tests(tests, copy)
    for command in [test for test in tests if test.startswith("simulate ")]:
        broken = _simulate(copy, command, timeout_s)
        if broken is not None:
            return broken
        tests.remove(command)
    if not tests:
        return None
    options = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=no"]
    done = _run(copy, ["-m", "pytest", *options, *tests], timeout_s)
    if done is None:
        return "no end within the time limit"
    if done.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.M)
    if done.returncode != 1 or failed is None:
        raise RuntimeError(f"the tests did not run:\n{done.stdout}\n{done.stderr}")
    return failed[1].rpartition("/")[2]


def _simulate(copy: Path, command: str, timeout_s: float) -> str | None:
    done = _run(copy, ["-m", "jobledger", *command.split(), "--json"], timeout_s)
    if done is None:
        return "no end within the time limit"
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the simulation did not run:\n{done.stdout}\n{done.stderr}")
    broken = json.loads(done.stdout)["broken"]
    if broken is None:
        return None
    return f"{command}: step {broken['step']}, {broken['message'].splitlines()[0]}"


def _run(
    copy: Path, arguments: list[str], timeout_s: float
) -> subprocess.CompletedProcess[str] | None:
    environment = os.environ | {"PYTHONPATH": str(copy.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def judge(mutants: Sequence[Mutant]) -> Iterator[Verdict]:
    """Try each mutant, after the tests have passed without any.

    Raises:
        RuntimeError: a test fails without a mistake, or the copy is not what is tested.
    """
    with copied() as copy:
        where = _run(copy, ["-c", "import jobledger; print(jobledger.__file__)"], 60)
        if where is None or Path(where.stdout.strip()) != copy / "__init__.py":
            raise RuntimeError(f"the copy is not what is imported: {where}")
        every = list(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
        failed = run_tests(copy, every)
        if failed is not None:
            raise RuntimeError(f"{failed} fails without a mistake")
        for mutant in mutants:
            start = time.monotonic()
            with mutated(copy, mutant):
                caught_by = run_tests(copy, mutant.tests)
            yield Verdict(mutant, caught_by, time.monotonic() - start)


def report(verdicts: Iterable[Verdict]) -> tuple[dict[str, str], int]:
    """Who noticed each mistake, by its name, printed as they come; and how many nobody noticed."""
    caught_by, missed = {}, 0
    for verdict in verdicts:
        missed += verdict.caught_by is None
        caught = "**nothing**" if verdict.caught_by is None else f"`{verdict.caught_by}`"
        caught_by[verdict.mutant.name] = caught = caught.replace("|", "\\|")
        print(f"{verdict.seconds:5.1f} s  {verdict.mutant.name}: {caught}", flush=True)
    return caught_by, missed


@dataclass(frozen=True)
class Table:
    """The table of a list of mutants, between the markers of a document."""

    document: Path
    marker: str
    kind: str

    def rows(self) -> dict[str, str]:
        """Who noticed each mistake, by its name."""
        _, table, _ = self._parts()
        cells = (row[2:-2].split(" | ", 2) for row in table.splitlines()[2:])
        return {name: caught for name, _, caught in cells}

    def write(self, mutants: Sequence[Mutant], caught_by: dict[str, str]) -> None:
        """Write it in the order of the list; rows of those that were not tried stay."""
        before, _, after = self._parts()
        known, files = self.rows() | caught_by, files_of(mutants)
        rows = [f"| {self.kind} | in | noticed by |", "| --- | --- | --- |"]
        rows += (
            f"| {mutant.name} | `{files[mutant.name]}` | {known[mutant.name]} |"
            for mutant in mutants
            if mutant.name in known
        )
        self.document.write_text(before + "".join(f"{row}\n" for row in rows) + after, "utf-8")

    def _parts(self) -> tuple[str, str, str]:
        begin, end = f"<!-- {self.marker}: begin -->\n", f"<!-- {self.marker}: end -->"
        before, rest = self.document.read_text("utf-8").split(begin)
        table, after = rest.split(end)
        return before + begin, table, end + after


def command(mutants: Sequence[Mutant], table: Table, arguments: list[str]) -> int:
    """Run the command of a list of mutants: try those whose names have one of the words in
    `arguments`, or all of them. With `--write` what came out goes into the table; with `--places`
    none is tried, and the table says anew in which file each is. Returns the exit code: 1 if one
    went unnoticed."""
    if arguments == ["--places"]:
        table.write(mutants, {})
        return 0
    words = [word for word in arguments if word != "--write"]
    chosen = [m for m in mutants if not words or any(word in m.name for word in words)]
    caught_by, missed = report(judge(chosen))
    print(f"{len(chosen)} {table.kind}s, {missed} of them unnoticed")
    if "--write" in arguments:
        table.write(mutants, caught_by)
    return 1 if missed else 0
