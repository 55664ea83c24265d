"""What every crash state has to satisfy, and the ledgers that are opened on simulated disks.

The rules, for a disk that a crash left: opening does not refuse; every acknowledged event is there,
once, in its place; of a write under way there is all or nothing; the log verifies; what has once
been shown stays; afterwards the derived files are what the log gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from jobledger import Ledger, ManualClock, Scheduler
from jobledger.domain.errors import StorageError
from jobledger.eventstore import scan
from jobledger.eventstore.engines.files import journal
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.integrity.verify import verify_directory
from jobledger.ledger import job_events
from jobledger.ledger.background import Background
from jobledger.ledger.derived_files import DerivedFiles
from jobledger.ledger.runner_lock import FileRunnerLock
from jobledger.projections import jobs
from jobledger.scheduler.lease import SoleRight

LEDGER = Path("/ledgers/jobs")
"""Where the ledger is on a simulated disk."""

Events = list[dict[str, Any]]


@contextmanager
def without_background() -> Iterator[None]:
    """No thread writes daily files meanwhile: a run does the same each time."""
    with patch.object(Background, "wake", lambda self: None):
        yield


@contextmanager
def saving_snapshots(every: int | None) -> Iterator[None]:
    """Save a snapshot and the index of events after so few, and pack closed jobs by two; None: as
    it is."""
    if every is None:
        yield
        return
    with (
        patch.object(Ledger, "_SNAPSHOT_EVERY", every),
        patch.object(jobs, "PAGE_JOBS", 2),
        patch.object(job_events, "WORTH_WRITING", every),
    ):
        yield


ROUNDS = (None, 2048, 4096, journal.JOURNAL_BYTES)
"""How long journals are in turn, where many ledgers are tried: as they are, and used from the first
write of a handle on, most of them so short that they begin again all the time."""


@contextmanager
def journalling(size: int | None) -> Iterator[None]:
    """Use a journal so long from the first write of a handle on; None: as it is."""
    if size is None:
        yield
        return
    longest = min(size, journal.LONGEST_ENTRY)
    with patch.multiple(journal, FIRST_WRITES=0, JOURNAL_BYTES=size, LONGEST_ENTRY=longest):
        yield


def files_of(ledger: Ledger) -> DerivedFiles:
    """Return what writes the derived files of a ledger that has a directory."""
    assert ledger._files is not None
    return ledger._files


def events_of(ledger: Ledger, after: int = 0) -> Events:
    return [event.to_dict() for event in ledger.events(after=after)]


def let_go(ledger: Ledger | None) -> None:
    """Do what the death of its process does to a handle: no word to the disk."""
    if ledger is not None:
        if isinstance(ledger, Scheduler) and ledger._runners:
            lease = ledger._parts.lease
            assert isinstance(lease, SoleRight)
            assert isinstance(lease.lock, FileRunnerLock)
            lease.lock._fd = None
        ledger._abandon()


class Broken(AssertionError):
    """A state that breaks a rule."""


def expect(condition: object, message: str) -> None:
    if not condition:
        raise Broken(message)


def check_log(fs: FileSystem, acknowledged: int) -> None:
    """Before anything is mended: `verify` sees nothing worse than an unfinished write."""
    try:
        report = verify_directory(LEDGER, fs=fs)
    except StorageError as error:
        expect(acknowledged == 0, f"verify: {error}")
        return
    found = [problem for problem in report.problems if problem.kind != "projection"]
    expect(not found, f"verify, before opening: {found}")


def open_after_crash(fs: FileSystem, clock: ManualClock, acknowledged: Events) -> Ledger:
    """Open the ledger, which has to succeed and to show what was acknowledged, in its place."""
    try:
        ledger = Ledger(LEDGER, clock=clock, fs=fs)
    except StorageError as error:
        raise Broken(f"opening refuses: {error}") from error
    shown = events_of(ledger)
    expect([event["seq"] for event in shown] == list(range(1, len(shown) + 1)), "a gap")
    expect(
        shown[: len(acknowledged)] == acknowledged,
        f"lost: {len(acknowledged)} events were acknowledged, {len(shown)} are there",
    )
    return ledger


def check_whole(fs: FileSystem, ledger: Ledger) -> None:
    """Close the ledger, and check that everything verifies, the derived files in step."""
    ledger.close()
    report = verify_directory(LEDGER, fs=fs)
    expected = ("begun by a repair", "are of no job")  # what was not acknowledged leaves its file
    notes = [note for note in report.notes if not any(each in note for each in expected)]
    expect(report.ok and not notes, f"verify, after closing: {report}")
    with Ledger(LEDGER, read_only=True, fs=fs) as reader:
        expect(reader.damage is None, f"damage: {reader.damage}")
        changed = reader.rebuild(check=True).changed
        shown = reader.list_jobs()
    with Ledger(LEDGER, read_only=True, fs=fs, use_snapshot=False) as reader:
        expect(reader.list_jobs() == shown, "a snapshot gives another state than the log")
    expect(not changed, f"not what a rebuild gives: {changed}")


def records_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the numbers of the records that any handle reads and checks from here on."""
    seen, read_block = list[int](), scan._read_block

    def read_and_tell(*block: Any) -> Any:
        records = read_block(*block)
        assert records is not None
        seen.extend(record.seq for record in records)
        return records

    monkeypatch.setattr(scan, "_read_block", read_and_tell)
    return seen
