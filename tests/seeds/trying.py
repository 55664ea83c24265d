"""Trying the lives of seeds on a copy of the project in which a rule is switched off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
from support.mutants import mutated

from seeds.recorded import Found
from seeds.rules import Seen

TIMEOUT_S = 600


def try_seeds(copy: Path, seen: Seen, first: int, count: int) -> Found | None:
    """Switch a rule off in the copy, and return the first of so many seeds that notices it in the
    way that it says; None: none does.

    Raises:
        RuntimeError: the lives could not be lived.
    """
    with mutated(copy, seen.mutant):
        return live(copy, seen, first, count)


def live(copy: Path, seen: Seen, first: int, count: int) -> Found | None:
    """Do the same in the copy as it is."""
    path = os.pathsep.join([str(copy.parent), str(copy / "tests")])
    done = subprocess.run(
        [sys.executable, "-m", "seeds.lives", str(first), str(count), seen.says],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(f"{seen.name}: {done.stderr.decode()}")
    return msgspec.json.decode(done.stdout, type=Found | None)
