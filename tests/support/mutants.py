"""Mutants: copies of the project with one mistake in them, and whether the tests notice.

A mutant is made by replacing a piece of source text, which must be there exactly once: when the
source moves on, the list of mutants has to follow, and does not rot unnoticed.
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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "benchmarks")


@dataclass(frozen=True)
class Mutant:
    """A mistake: `old` replaced by `new` in `file`; `tests` are those that have to notice.

    A test that begins with `simulate` is that command.
    """

    name: str
    file: str
    old: str
    new: str
    tests: Sequence[str]


@dataclass(frozen=True)
class Verdict:
    """Whether the mistake was noticed: by which test, and after how long."""

    mutant: Mutant
    caught_by: str | None
    seconds: float


def place_of(mutant: Mutant, root: Path = ROOT) -> int:
    """Where its text is in its file.

    Raises:
        ValueError: it is not there exactly once.
    """
    source = (root / mutant.file).read_text("utf-8")
    if source.count(mutant.old) != 1:
        raise ValueError(
            f"{mutant.name}: {mutant.file} has {source.count(mutant.old)} times:\n{mutant.old}"
        )
    return source.index(mutant.old)


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the project, importable as `jobledger` from the directory above it."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copy = Path(name) / "jobledger"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
        yield copy


@contextmanager
def mutated(copy: Path, mutant: Mutant) -> Iterator[None]:
    """The mistake is in the copy within this block."""
    path = copy / mutant.file
    source = path.read_text("utf-8")
    start = place_of(mutant, copy)
    path.write_text(source[:start] + mutant.new + source[start + len(mutant.old) :], "utf-8")
    try:
        yield
    finally:
        path.write_text(source, "utf-8")


def run_tests(copy: Path, tests: Iterable[str], timeout_s: float = 600) -> str | None:
    """Run tests of the copy up to the first that fails; its name, or None where all pass.

    Raises:
        RuntimeError: the tests could not be run at all.
    """
    tests = list(tests)
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


def report(verdicts: Iterable[Verdict]) -> tuple[list[str], int]:
    """The rows of a table, printed as they come, and how many mistakes nobody noticed."""
    rows, missed = [], 0
    for verdict in verdicts:
        missed += verdict.caught_by is None
        caught = "**nothing**" if verdict.caught_by is None else f"`{verdict.caught_by}`"
        caught = caught.replace("|", "\\|")
        rows.append(f"| {verdict.mutant.name} | `{verdict.mutant.file}` | {caught} |")
        print(f"{verdict.seconds:5.1f} s  {verdict.mutant.name}: {caught}", flush=True)
    return rows, missed


def command(
    mutants: Sequence[Mutant], document: Path, marker: str, kind: str, arguments: list[str]
) -> int:
    """The command of a list of mutants: try those whose names have one of the words in `arguments`,
    or all of them. With `--write` their rows go into the table between the markers of the document,
    in the order of the list; the rows of those that were not tried stay. Returns the exit code: 1
    if one went unnoticed.
    """
    words = [word for word in arguments if word != "--write"]
    chosen = [m for m in mutants if not words or any(word in m.name for word in words)]
    rows, missed = report(judge(chosen))
    print(f"{len(chosen)} {kind}s, {missed} of them unnoticed")
    if "--write" in arguments:
        begin, end = f"<!-- {marker}: begin -->\n", f"<!-- {marker}: end -->"
        before, rest = document.read_text("utf-8").split(begin)
        old, after = rest.split(end)
        known = {row.split(" | ")[0]: row for row in [*old.splitlines()[2:], *rows]}
        table = [f"| {kind} | in | noticed by |", "| --- | --- | --- |"]
        table += (known[name] for m in mutants if (name := f"| {m.name}") in known)
        document.write_text("\n".join([before + begin.rstrip(), *table, end + after]), "utf-8")
    return 1 if missed else 0
