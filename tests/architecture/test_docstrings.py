"""Docstrings begin with a verb: `make lint` holds it, by ruff's rule D401; here, that it is on."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from support.anchors import ROOT

RULE = "D401"

_LINT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]


def _ruff(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise"]
    command += [*arguments, str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_docstring_that_does_not_begin_with_a_verb_is_refused(tmp_path: Path) -> None:
    """What `make lint` runs says so, and where."""
    path = tmp_path / "module.py"
    path.write_text('def job_of(name):\n    """The job of a name."""\n', "utf-8")
    configured = f"--config={ROOT / 'pyproject.toml'}"
    refused = _ruff(path, configured)
    assert refused.returncode == 1
    assert f"module.py:2:5: {RULE}" in refused.stdout
    path.write_text('def job_of(name):\n    """Find the job of a name."""\n', "utf-8")
    assert _ruff(path, configured).returncode == 0


def test_no_room_may_do_otherwise() -> None:
    """Nor is the rule off for all."""
    assert RULE not in _LINT["ignore"]
    assert [path for path, rules in _LINT["per-file-ignores"].items() if RULE in rules] == []
