"""An engine of one's own carries all of a ledger: the example in `examples/sqlite_engine.py`."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.anchors import ROOT

from jobledger.integrity.verify import verify_directory

WRITER = """
import sys
from datetime import UTC, datetime
from jobledger import Ledger

name = sys.argv[2]
with Ledger(sys.argv[1], by=f"app:{name}") as ledger:
    for number in range(20):
        ledger.add_job(f"account-{name}", f"post {number} of {name}", datetime.now(UTC),
                       job_id=f"{name}-{number:02}")
"""
RUNNER = """
import sys
from jobledger import PostResult, Scheduler

def post(account_id, content):
    print(content, flush=True)
    return PostResult(True, thread_id=content.replace(" ", "-"))

with Scheduler(sys.argv[1]) as scheduler:
    print("ready", flush=True)
    posted = 0
    while posted < 40:
        posted += scheduler.run_due(post)
"""


class Installed:
    """Programs of an environment that has the example installed as a package."""

    def __init__(self, directory: Path) -> None:
        self.location = f"sqlite:{directory / 'posts.db'}"
        self._cwd = directory
        site = directory / "site"
        info = site / "sqlite_engine-1.0.dist-info"
        info.mkdir(parents=True)
        (site / "sqlite_engine.py").write_bytes((ROOT / "examples/sqlite_engine.py").read_bytes())
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sqlite-engine\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            "[jobledger.engines]\nsqlite = sqlite_engine:SqliteEngine\n"
        )
        paths = [str(site), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        self._env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def start(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a program that gets the location first."""
        return subprocess.Popen(
            [sys.executable, "-c", program, self.location, *arguments],
            cwd=self._cwd,
            env=self._env,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def command(self, *arguments: str, code: int = 0) -> str:
        """Run a command of the command line on the ledger; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "jobledger", "--ledger", self.location, *arguments],
            cwd=self._cwd,
            env=self._env,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """Run a command that prints JSON."""
        return json.loads(self.command(*arguments, "--json"))


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Installed, list[str]]:
    """Give a ledger on which two writers and a runner were at work at once, and what was posted."""
    installed = Installed(tmp_path_factory.mktemp("own-engine"))
    runner = installed.start(RUNNER)
    writers = [installed.start(WRITER, name) for name in ("ann", "bao")]
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0]
    posted, _ = runner.communicate(timeout=60)
    assert runner.returncode == 0
    return installed, posted.splitlines()[1:]


def test_each_post_of_two_writers_goes_out_once(worked: tuple[Installed, list[str]]) -> None:
    """In processes of their own, all at once."""
    installed, posted = worked
    assert Counter(posted) == Counter(
        f"post {n} of {name}" for name in ("ann", "bao") for n in range(20)
    )
    states = {job["status"] for job in installed.json("list")}
    assert states == {"completed"}


def test_the_commands_that_read_a_log_read_this_one(worked: tuple[Installed, list[str]]) -> None:
    """What happened, to whom, by whom, and how it was before."""
    installed, _ = worked
    lines = [json.loads(line) for line in installed.command("audit", "--json").splitlines()]
    assert [line["seq"] for line in lines] == [*range(1, 121)]
    assert Counter(line["type"] for line in lines) == {"added": 40, "started": 40, "completed": 40}
    assert {line["by"] for line in lines if line["type"] == "added"} == {"app:ann", "app:bao"}
    history = installed.json("history", "ann-07")
    assert [event["type"] for event in history] == ["added", "started", "completed"]
    first = next(line for line in lines if line["type"] == "started")
    before = installed.json("replay", "--seq", str(first["seq"] - 1))
    assert {job["status"] for job in before} == {"scheduled"}
    assert "posted" in installed.command("why", "bao-19")
    assert installed.json("stats")["states"]["completed"] == 40
    assert "completed" in installed.command("status")


def test_verify_reads_every_line_and_what_is_derived(worked: tuple[Installed, list[str]]) -> None:
    """By the second reader; the daily files beside the database are compared, too."""
    installed, _ = worked
    report = installed.json("verify")
    assert (report["ok"], report["events"], report["problems"]) == (True, 120, [])
    assert installed.json("rebuild", "--check")["changed"] == []


def test_a_backup_is_a_directory_that_verifies(worked: tuple[Installed, list[str]]) -> None:
    """The same bytes, under the same header lines."""
    installed, _ = worked
    installed.command("backup", "copy")
    copy = Path(installed.location.removeprefix("sqlite:")).with_name("copy")
    report = verify_directory(copy)
    assert (report.ok, report.events) == (True, 120)
    lines = b"".join(
        line
        for path in sorted(copy.glob("events_*.jsonl"))
        for line in path.read_bytes().splitlines(keepends=True)[1:]
    )
    assert lines.decode() == installed.command("audit", "--json")


def test_a_changed_byte_is_found_where_it_is(tmp_path: Path) -> None:
    """Behind the engine's back."""
    installed = Installed(tmp_path)
    for name in ("plain", "changed", "last"):
        installed.command("add", "a", f"text {name}", "+1h", "--job-id", name)
    path = installed.location.removeprefix("sqlite:")
    with closing(sqlite3.connect(path)) as database, database:
        changed = database.execute("SELECT after, lines FROM writes WHERE after = 1").fetchone()
        lines = changed[1].replace(b"text changed", b"text forged!")
        database.execute("UPDATE writes SET lines = ? WHERE after = 1", (lines,))
    problems = json.loads(installed.command("verify", "--json", code=1))["problems"]
    assert [problem["kind"] for problem in problems] == ["hash"]
    assert problems[0]["path"].startswith(f"{installed.location}#events_")
    assert problems[0]["line"] == 3
    shown = json.loads(installed.command("list", "--json", code=1))
    assert [job["job_id"] for job in shown] == ["plain"]
    audited = [
        json.loads(line) for line in installed.command("audit", "--json", code=1).splitlines()
    ]
    assert [line["job"] for line in audited] == ["plain", "last"]
