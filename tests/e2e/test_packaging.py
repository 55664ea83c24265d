"""The distributions: built, installed in an empty environment, used from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
from datetime import UTC, datetime
import jobledger
from jobledger import Ledger, PostResult, Scheduler

with Scheduler("posts") as scheduler:
    job_id = scheduler.add_job("acc", "xin chào", datetime.now(UTC))
    assert scheduler.run_due(lambda account_id, content: PostResult(True, "t-1")) == 1
    assert scheduler.get_job(job_id).thread_id == "t-1"
    assert scheduler.verify().ok
print(jobledger.__file__)
"""


def call(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it."""
    out = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--outdir", out, ROOT, cwd=out)
    return out


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_it_installs_in_an_empty_environment_and_works_elsewhere(
    distributions: Path, tmp_path: Path, pattern: str
) -> None:
    """Library, console script, types, manual page, the demo's posts; nothing of the tests."""
    (archive,) = distributions.glob(pattern)
    environment = tmp_path / "env"
    venv.create(environment, with_pip=True)
    python, elsewhere = environment / "bin" / "python", tmp_path / "elsewhere"
    elsewhere.mkdir()
    call(python, "-m", "pip", "install", "--quiet", archive, cwd=elsewhere)
    package = Path(call(python, "-c", PROGRAM, cwd=elsewhere).strip()).parent
    assert package.is_relative_to(environment)
    assert (package / "py.typed").exists()
    assert (package / "examples" / "posts.csv").exists()
    assert not (package / "tests").exists()
    assert (environment / "share" / "man" / "man1" / "jobledger.1").exists()
    jobledger = environment / "bin" / "jobledger"
    assert "completed" in call(jobledger, "--dir", "posts", "list", cwd=elsewhere)
    assert call(jobledger, "--dir", "posts", "verify", cwd=elsewhere).startswith("ok: 3 events")
    missing = subprocess.run(
        [str(jobledger), "demo"], cwd=elsewhere, capture_output=True, text=True, check=False
    )
    assert missing.returncode == 2
    assert f"pip install '{archive}[demo]'" in missing.stderr  # as this one was installed
    assert "Traceback" not in missing.stderr
