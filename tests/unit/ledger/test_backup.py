"""Backups: consistent while others write, verified, and there as a whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from support.cli import run_here
from support.waiting import eventually

from jobledger import Ledger, LedgerCorruptError, ManualClock, StorageError
from jobledger.integrity.verify import verify_directory

_WRITER = """
import sys
from jobledger import Ledger
with Ledger(sys.argv[1]) as ledger:
    print("ready", flush=True)
    while True:
        ledger.edit_job(ledger.add_job("a", "text", ledger.now()), content="edited")
"""


def add(ledger: Ledger, count: int = 1) -> None:
    for n in range(count):
        ledger.add_job("a", f"text {n}", ledger.now())


def test_a_backup_holds_what_the_ledger_held_and_goes_on_by_itself(
    directory: Path, clock: ManualClock, tmp_path: Path
) -> None:
    target, told = tmp_path / "copies" / "one", list[tuple[int, int]]()
    with Ledger(directory, clock=clock) as ledger:
        add(ledger, 3)
        clock.advance(timedelta(days=1))
        add(ledger, 2)
        report = ledger.backup(target, progress=lambda done, total: told.append((done, total)))
        jobs = ledger.list_jobs()
        add(ledger)
    assert (report.directory, report.events, report.files) == (str(target), 5, 2)
    assert told[-1] == (report.bytes, report.bytes)
    assert verify_directory(target).ok
    assert target.stat().st_mode & 0o777 == 0o700
    with Ledger(target, clock=clock) as copy:
        assert copy.list_jobs() == jobs
        assert copy.rebuild(check=True).changed == [], "the daily files are there"
        add(copy)
    assert [path.name for path in target.parent.iterdir()] == ["one"], "and nothing else"


def test_backups_of_a_ledger_that_is_written_to_all_the_time_verify(
    directory: Path, tmp_path: Path
) -> None:
    """Real writers, which are never asked to wait."""
    Ledger(directory).close()
    command = [sys.executable, "-c", _WRITER, str(directory)]
    writers = [Popen(command, stdout=PIPE) for _ in range(2)]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        with Ledger(directory, read_only=True) as ledger:
            seen = [ledger.backup(tmp_path / f"copy-{n}").events for n in range(5)]
            eventually(lambda: len(ledger.list_jobs()) > seen[-1])
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            assert writer.stdout is not None
            writer.stdout.close()
    assert seen == sorted(seen)
    for n, events in enumerate(seen):
        report = verify_directory(tmp_path / f"copy-{n}")
        assert (report.ok, report.events) == (True, events)


def test_what_is_there_is_not_written_over(
    directory: Path, clock: ManualClock, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").touch()
    (tmp_path / "file").touch()
    os.symlink("nowhere", tmp_path / "link")
    with Ledger(directory, clock=clock) as ledger:
        for name in ("full", "file", "link"):
            with pytest.raises(StorageError, match="is there already") as raised:
                ledger.backup(tmp_path / name)
            assert raised.value.hint is not None
        (tmp_path / "empty").mkdir()
        ledger.backup(tmp_path / "empty")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["kept"]


def test_a_damaged_ledger_gives_no_backup(
    directory: Path, clock: ManualClock, tmp_path: Path
) -> None:
    """Also where the damage is in a part that an open handle has read before."""
    with Ledger(directory, clock=clock) as ledger:
        add(ledger, 3)
        [log] = directory.glob("events_*")
        content = bytearray(log.read_bytes())
        content[content.index(b"text 1")] ^= 1
        log.write_bytes(content)
        with pytest.raises(LedgerCorruptError, match="line 3"):
            ledger.backup(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert [path for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_backup_that_is_interrupted_leaves_nothing(
    directory: Path, clock: ManualClock, tmp_path: Path
) -> None:
    target = tmp_path / "copies" / "one"

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with Ledger(directory, clock=clock) as ledger:
        add(ledger)
        with pytest.raises(KeyboardInterrupt):
            ledger.backup(target, progress=interrupt)
        assert list(target.parent.iterdir()) == []
        ledger.backup(target)
    assert verify_directory(target).ok


@pytest.mark.parametrize("what", ["the same day", "a new day", "a line cut short"])
def test_a_copy_by_hand_in_which_head_came_last_is_told_as_one(
    directory: Path, clock: ManualClock, tmp_path: Path, what: str
) -> None:
    """As `cp -r` of a running ledger may make it: whoever sees it is told how copies are made."""
    copy = tmp_path / "copy"
    with Ledger(directory, clock=clock) as ledger:
        add(ledger, 2)
        shutil.copytree(directory, copy)
        if what == "a new day":
            clock.advance(timedelta(days=1))
        add(ledger, 2)
    [log] = copy.glob("events_*")
    if what == "a line cut short":
        log.write_bytes((directory / log.name).read_bytes()[: log.stat().st_size + 100])
    shutil.copy(directory / "HEAD", copy)
    with pytest.raises(LedgerCorruptError, match="a copy of a running ledger") as raised:
        Ledger(copy, clock=clock)
    assert "`backup`" in str(raised.value)
    with Ledger(copy, clock=clock, read_only=True) as ledger:
        assert len(ledger.list_jobs()) == 2, "looking shows what is there"
        assert "`backup`" in str(ledger.damage)
    if what != "a line cut short":  # there the line comes first
        assert "`jobledger backup`" in run_here(copy, "verify").out
