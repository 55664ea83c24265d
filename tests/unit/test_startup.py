"""What is imported, and when: nobody waits for what was not asked for.

No clock is asked: a module that is imported where it is not needed is what makes a start slow.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jobledger import Ledger, ManualClock

SHOW = "\nimport sys; print(*sorted(sys.modules), file=sys.stderr)"
HEAVY = {
    "asyncio", "bz2", "concurrent", "cryptography", "dataclasses", "difflib", "email", "http",
    "httpx", "hypothesis", "json", "lzma", "multiprocessing", "pickle", "pygal", "rich", "shutil",
    "socket", "sqlite3", "ssl", "structlog", "subprocess", "tempfile", "tomllib", "unittest",
}  # fmt: skip
"""What takes long to import and only some commands need."""
ROOMS = {
    "eventstore", "integrity", "ledger", "projections", "scheduler", "testing", "transitions",
}  # fmt: skip
"""The rooms of those who work with a ledger, and the library that declares its lifecycle."""


def imported(program: str) -> set[str]:
    """Return the modules that a program has imported beyond those of one that does nothing."""

    def run(text: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-c", text + SHOW], capture_output=True, check=True, timeout=60
        )
        return set(done.stderr.decode().splitlines()[-1].split())

    return run(program) - run("pass")


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] == "jobledger"}


def rooms(modules: set[str]) -> set[str]:
    """Return the rooms of the house that were entered, and the libraries beside it."""
    own = {name.split(".")[1] for name in ours(modules) if "." in name}
    return own | {name.split(".")[0] for name in modules}


def test_importing_the_library_imports_nothing_yet() -> None:
    names = {"jobledger", "jobledger.faces", "jobledger.release"}
    assert ours(imported("import jobledger")) == names


def test_a_ledger_needs_nothing_of_those_who_run_jobs_or_print() -> None:
    """Asyncio is for schedulers, structlog for the first line of the operational log."""
    modules = imported("from jobledger import Ledger, NewJob")
    assert not rooms(modules) & (HEAVY | {"click", "tools", "publishers"})
    assert not ours(modules) & {
        "jobledger.scheduler.scheduler",
        "jobledger.scheduler.attempt",
        "jobledger.integrity.verify",
        "jobledger.projections.stats",
        "jobledger.eventstore.engines.files.damage",
        "jobledger.eventstore.engines.files.repair",
    }


def test_the_command_line_opens_no_room_before_it_knows_the_command() -> None:
    modules = imported("import jobledger.tools.cli")
    assert not rooms(modules) & (HEAVY | ROOMS)
    assert {name for name in ours(modules) if name.startswith("jobledger.tools.")} == {
        "jobledger.tools.cli",
        "jobledger.tools.grammar",
        "jobledger.tools.location",
        "jobledger.tools.output",
        "jobledger.tools.session",
        "jobledger.tools.streams",
    }


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["ls"]])
def test_what_is_asked_of_no_command_imports_none(arguments: list[str]) -> None:
    """The help has its words at hand, and the release is known without asking an installation."""
    modules = imported(f"from jobledger.tools.cli import main\nmain({arguments})")
    assert not rooms(modules) & (ROOMS | {"rich"})
    assert "importlib.metadata" not in modules
    assert len([name for name in ours(modules) if name.startswith("jobledger.tools.")]) <= 7


def test_a_scheduler_that_was_started_has_all_that_its_loop_needs(directory: Path) -> None:
    """Nothing is imported while a job is due: structlog takes longer than a job may be late."""
    begin = f"""
import asyncio
from jobledger import PostResult, Scheduler
scheduler = Scheduler({str(directory)!r})
async def post(account_id, content):
    return PostResult(True)
async def main():
    await scheduler.start(post)
    """
    end = """
    await scheduler.stop()
asyncio.run(main())
scheduler.close()
"""
    job = """
    job_id = scheduler.add_job("a", "x", scheduler.now())
    while scheduler.get_job(job_id).status != "completed":
        await asyncio.sleep(0)
    """
    started, ran = imported(begin + end), imported(begin + job + end)
    assert "structlog" in started
    assert ran - started == set()


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_list_imports_what_a_list_needs(
    directory: Path, clock: ManualClock, form: list[str]
) -> None:
    """Where it is printed for a program: a terminal's width is asked for on a terminal."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("mai", "Xin chào", clock.now())
    command = ["--dir", str(directory), "list", *form]
    modules = imported(f"from jobledger.tools.cli import main\nassert main({command}) == 0")
    assert not rooms(modules) & (HEAVY | {"publishers"})
    assert not ours(modules) & {
        "jobledger.scheduler.scheduler",
        "jobledger.scheduler.attempt",
        "jobledger.integrity.verify",
    }


def test_the_words_for_people_are_imported_when_they_are_asked_for(
    directory: Path, clock: ManualClock
) -> None:
    """And those of another language by who reads it."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("mai", "Xin chào", clock.now(), job_id="one")
    use = f"from jobledger import Ledger\nledger = Ledger({str(directory)!r})\n"
    use += "ledger.list_jobs(); ledger.history('one')\n"
    late = {"jobledger.explanation", "jobledger.ledger.explaining"}
    used = ours(imported(use))
    assert not {name for name in used if name.startswith(tuple(late))}
    asked = ours(imported(use + "ledger.why('one').answer"))
    assert late <= asked
    vietnamese = {"jobledger.explanation.vietnamese"}
    assert not vietnamese & asked
    assert vietnamese <= ours(imported(use + "ledger.why('one').said('vi').answer"))
