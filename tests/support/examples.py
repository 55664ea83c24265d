"""The examples of the commands' own help, and a place in which every one of them works."""

from __future__ import annotations

import atexit
import inspect
import itertools
import re
import shlex
import shutil
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import click
from support.cli import run_inside

from jobledger import (
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    OutcomeUnknown,
    PostResult,
    Scheduler,
)
from jobledger.domain.job.lifecycle import TRANSITIONS
from jobledger.eventstore.engines.files.filesystem import FileSystem, Host
from jobledger.tools.cli import cli

ROOT = Path(__file__).resolve().parents[2]
JOB = "3f2a6c1e-5b7d-4c1a-9e2f-8a7b6c5d4e3f"
"""The job of the examples, in the state that the command is for."""
TEXT = "Xin chào – 😀… ← ок"
"""Of letters that most encodings lack, with dashes and dots."""
EVENTS = 840
PUBLISHER = """
from jobledger import PostResult

def publish(account_id, content):
    return PostResult(True, thread_id="17890")
"""


def examples(name: str) -> list[str]:
    """Return the lines of the example in a command's help."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    _, found, example = inspect.cleandoc(command.help or "").partition("\b\nExample:\n")
    assert found, f"the help of {name} has no example"
    lines = [line.strip() for line in example.split("\n\n")[0].splitlines()]
    assert all("jobledger" in line for line in lines)
    return lines


def words_of(line: str) -> list[str]:
    """Return the arguments of `jobledger` in such a line, without what is for the shell."""
    words = shlex.split(re.sub(r'^\s*eval "\$\((.*)\)"', r"\1", line), comments=True)
    words = words[words.index("jobledger") + 1 :]
    return [*itertools.takewhile(lambda word: word not in ("|", ">", "<", "&&"), words)]


def is_endless(words: list[str]) -> bool:
    """Whether it goes on until it is told to stop, or asks for keys."""
    goes_on = bool({"serve", "--serve"} & {*words}) or ("run" in words and "--once" not in words)
    return goes_on or "--follow" in words or "--step" in words


def prints(name: str) -> list[str]:
    """Return the first example of a command that ends by itself and prints something; of one that
    never does, its first."""
    lines = [line for line in examples(name) if not is_endless(words_of(line))]
    return words_of((lines or examples(name))[0])


def state_for(name: str) -> JobStatus:
    """Return the state of a job that a command can change; SCHEDULED where it changes none."""
    sources = {
        source for each in TRANSITIONS if each["trigger"] == name for source in each["source"]
    }
    wanted = (JobStatus.SCHEDULED, JobStatus.FAILED, JobStatus.PENDING)
    return next((state for state in wanted if state in sources), JobStatus.SCHEDULED)


class Place:
    """A directory with whatever the examples name, in which a command has not been run yet."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.jobs = path / "jobs"
        shutil.copytree(_template(state_for(name)), path, dirs_exist_ok=True)
        if name == "import":
            shutil.copytree(path / "jobs", path / "old-jobs")
            for file in (path / "old-jobs").iterdir():
                if not file.name.startswith("jobs_"):
                    file.unlink()
        if name in ("add", "queue", "import"):
            with Ledger(self.jobs) as ledger:
                for account_id in ("mai", "my-account"):
                    ledger.set_slots(account_id, {"mon": ["09:00"]})
        if name == "serve":
            (path / "people.txt").touch(mode=0o600)
        if name == "verify":
            shutil.copytree(path / "jobs", path / "backup")
            key = str(path / "seals")
            for arguments in (["--new-key", key], ["--key", key, "--today"]):
                assert run_inside(self.jobs, "seal", *arguments) == 0


class Nowhere(FileSystem):
    """A machine that does not say where it is: copies of what is made there are at home."""

    def host(self, directory: Path) -> Host | None:
        return None


@cache
def _template(state: JobStatus) -> Path:
    path = Path(mkdtemp(prefix="jobledger-examples-"))
    atexit.register(shutil.rmtree, path)
    clock = ManualClock(datetime.now(UTC) - timedelta(days=1))
    later = clock.now() + timedelta(days=4)

    def publish(account_id: str, content: str) -> PostResult:
        if account_id == "mai":
            raise OutcomeUnknown(f"read timeout after sending {TEXT}")
        return PostResult(False, error="timeout")

    settings: dict[str, Any] = {
        "durability": "none",
        "on_interrupted": "fail",
        "fs": Nowhere(),
    }
    with Scheduler(path / "jobs", clock=clock, **settings) as scheduler:
        is_due = state is JobStatus.FAILED
        scheduler.add_job("mai", TEXT, clock.now() if is_due else later, job_id=JOB)
        scheduler.add_job("my-account", "broken", clock.now(), max_retries=0, job_id="broken")
        scheduler.run_due(publish)
        if state is JobStatus.PENDING:
            scheduler.hold_job(JOB)
        scheduler.add_job("my-account", TEXT, later, job_id="due")
        scheduler.add_jobs(
            NewJob("my-account", f"{TEXT} {number}", later, job_id=f"post-{number}")
            for number in range(EVENTS - scheduler.seq)
        )
    with Ledger(path / "jobs", read_only=True) as ledger:
        assert ledger.get_job(JOB).status is state
    (path / "my_posts.py").write_text(PUBLISHER)
    shutil.copy(ROOT / "examples/my_views.py", path)
    (path / "posts.csv").write_text(
        "account_id,content,scheduled_time\nmai,Xin chào,+1d\n", "utf-8"
    )
    (path / "buffer.csv").write_text(
        f"Text,Image URL,Tags,Posting Time\nXin chào,,,{later:%Y-%m-%d} 09:00\n", "utf-8"
    )
    (path / "jobs.jsonl").write_text(
        '{"account_id": "a", "content": "Xin chào", "scheduled_time": "+1h"}\n', "utf-8"
    )
    (path / "ideas.csv").write_text("account_id,content\nmai,Một ý\n", "utf-8")
    (path / "shop.toml").write_text('ledger = "jobs"\n', "utf-8")
    shim = path / "jobledger"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jobledger "$@"\n')
    shim.chmod(0o755)
    return path
