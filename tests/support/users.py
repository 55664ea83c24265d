"""Several users on one machine, for tests that are run as root: each in processes of their own."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import msgspec
import pytest

import jobledger

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")

_ADDS = """
import sys
from datetime import UTC, datetime
from jobledger import Ledger
with Ledger(sys.argv[1]) as ledger:
    ledger.add_job("a", sys.argv[2], datetime.now(UTC))
    ledger.write_behind()
    assert ledger.verify().ok
"""


class User:
    """Somebody else on this machine."""

    def __init__(self, uid: int, gid: int, *groups: int) -> None:
        self._uid, self._gid, self._groups = uid, gid, groups

    def run(self, *arguments: str, cwd: str = "/") -> subprocess.CompletedProcess[str]:
        """Run this Python with these arguments as that user.

        Without one that other users may run, the test is skipped.
        """
        python, path = _python_for_all()
        return subprocess.run(
            [python, *arguments],
            cwd=cwd,
            env={"PYTHONPATH": path, "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"},
            user=self._uid,
            group=self._gid,
            extra_groups=list(self._groups),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def cli(self, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `jobledger --dir DIR …`."""
        return self.run("-m", "jobledger", "--dir", str(directory), *arguments)

    def adds(self, directory: Path, text: str = "by the service") -> str:
        """Add a job, write the daily files, verify; what went wrong, in one line, if anything."""
        done = self.run("-c", _ADDS, str(directory), text)
        return done.stderr.strip().rpartition("\n")[2]


@cache
def _python_for_all() -> tuple[str, str]:
    """Find an interpreter that other users may run as well, and the path for its modules."""
    library = Path(tempfile.mkdtemp(prefix="jobledger-library-", dir="/tmp"))
    atexit.register(shutil.rmtree, library, ignore_errors=True)
    library.chmod(0o755)
    (library / "jobledger").symlink_to(Path(jobledger.__path__[0]))
    path = f"{library}:{Path(msgspec.__file__).parents[1]}"
    tried = ""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            done = subprocess.run(
                [python, "-c", "import jobledger.ledger.ledger, zoneinfo, click, rich"],
                cwd="/",
                env={"PYTHONPATH": path},
                user=65534,
                group=65534,
                extra_groups=[],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        except OSError as error:
            tried = str(error)
            continue
        if done.returncode == 0:
            return python, path
        tried = done.stderr.strip()[-200:]
    pytest.skip(f"no Python here that another user may run: {tried}")


@contextmanager
def place_for_all() -> Iterator[Path]:
    """Make a directory that every user can get to, which those of pytest are not."""
    directory = Path(tempfile.mkdtemp(prefix="jobledger-test-", dir="/tmp"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
