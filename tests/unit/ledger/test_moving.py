"""A ledger that is moved or copied: whoever runs it is told, and the log keeps where it was."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import Ledger, ManualClock, Scheduler
from jobledger.eventstore.engines.files.filesystem import FileSystem, Host
from jobledger.eventstore.engines.files.host import host_of

TOLD = "this ledger was written in another place before"


class At(FileSystem):
    """A machine with another name and id, on which the directory has the number it has."""

    def __init__(self, name: str, machine: str) -> None:
        self._name, self._machine = name, machine

    def host(self, directory: Path) -> Host:
        return Host(name=self._name, id=self._machine, directory=directory.stat().st_ino)


@pytest.fixture
def jobs(directory: Path, clock: ManualClock) -> Path:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now() + timedelta(days=9))
    return directory


def hosts(directory: Path) -> list[object]:
    """Read where each day was begun."""
    paths = sorted(directory.glob("events_*"))
    return [json.loads(path.read_bytes().partition(b"\n")[0])["host"] for path in paths]


def test_each_day_says_where_it_was_begun(jobs: Path, clock: ManualClock) -> None:
    """The machine's name, the hash of its id, and the number of the directory."""
    clock.advance(timedelta(days=1))
    with Ledger(jobs, clock=clock) as ledger:
        ledger.add_job("a", "y", clock.now() + timedelta(days=9))
        assert ledger.moved_from is None
    here = host_of(jobs)
    assert hosts(jobs) == [{"name": here.name, "id": here.id, "directory": here.directory}] * 2


def test_whoever_runs_the_jobs_of_a_copy_is_told(
    jobs: Path, clock: ManualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Until a new day begins there; in the ledger that was copied nobody is."""
    copy = tmp_path / "copy"
    shutil.copytree(jobs, copy)
    with caplog.at_level(logging.WARNING):
        Scheduler(jobs, clock=clock).close()
        assert TOLD not in caplog.text
        Scheduler(copy, clock=clock).close()
        assert caplog.text.count(TOLD) == 1
        assert host_of(jobs).name in caplog.text
        clock.advance(timedelta(days=1))
        with Scheduler(copy, clock=clock) as scheduler:
            assert caplog.text.count(TOLD) == 2
            scheduler.add_job("a", "z", clock.now() + timedelta(days=9))
            assert scheduler.moved_from is None
        Scheduler(copy, clock=clock).close()
    assert caplog.text.count(TOLD) == 2


@pytest.mark.parametrize(
    ("first", "second", "moved"),
    [
        (("web-1", "a"), ("web-1", "a"), None),
        (("web-1", "a"), ("web-2", "a"), None),  # the same machine by another name
        (("web-1", "a"), ("web-1", "b"), "web-1"),
        (("web-1", ""), ("pod-8", ""), None),  # containers, and the directory is mounted
        (("web-1", "a"), ("pod-8", ""), None),
    ],
)
def test_a_directory_that_is_the_same_is_moved_only_with_another_machine(
    directory: Path,
    clock: ManualClock,
    first: tuple[str, str],
    second: tuple[str, str],
    moved: str | None,
) -> None:
    """Names change, and containers have no id: neither alone is a move."""
    with Ledger(directory, clock=clock, fs=At(*first)) as ledger:
        ledger.add_job("a", "x", clock.now() + timedelta(days=9))
    with Ledger(directory, clock=clock, fs=At(*second)) as ledger:
        assert ledger.moved_from == moved


def test_a_log_of_before_hosts_were_written_says_nothing(
    directory: Path, clock: ManualClock
) -> None:
    """Nobody knows where it was."""

    class Older(FileSystem):
        def host(self, directory: Path) -> Host | None:
            return None

    with Ledger(directory, clock=clock, fs=Older()) as ledger:
        ledger.add_job("a", "x", clock.now() + timedelta(days=9))
    assert b'"host"' not in next(directory.glob("events_*")).read_bytes()
    with Ledger(directory, clock=clock) as ledger:
        assert ledger.moved_from is None


def test_status_and_verify_say_it(jobs: Path, clock: ManualClock, tmp_path: Path) -> None:
    """`status` while it may be news, `verify` for ever: the header is in the chain."""
    copy = tmp_path / "copy"
    shutil.copytree(jobs, copy)
    name = host_of(jobs).name
    assert "moved" not in run_here(jobs, "status").out
    assert f"moved    from {name}" in run_here(copy, "status").out
    assert json.loads(run_here(copy, "status", "--json").out)["moved_from"] == name
    clock.advance(timedelta(days=1))
    with Ledger(copy, clock=clock) as ledger:
        ledger.add_job("a", "z", clock.now() + timedelta(days=9))
    verified = run_here(copy, "verify")
    assert verified.code == 0
    assert verified.err.count("was begun in another place than the day before") == 1
