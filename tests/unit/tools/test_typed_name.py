"""What somebody is to type starts this program, however it was started."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from jobledger.tools.typed_name import typed_name


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Make a program of this name, in a place with a blank in it."""
    path = tmp_path / "an environment" / "jobledger"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_name_alone_where_a_shell_finds_it(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(script.parent))
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])
    assert typed_name() == "jobledger"


def test_its_path_where_a_shell_finds_another_or_none(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert typed_name() == f"'{script}'"
    shutil.copy(script, tmp_path / "jobledger")
    assert typed_name() == f"'{script}'"


def test_the_module_where_it_was_started_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/jobledger/__main__.py", "demo"])
    monkeypatch.setattr(sys, "executable", "/opt/python 3/bin/python")
    assert typed_name() == "'/opt/python 3/bin/python' -m jobledger"
