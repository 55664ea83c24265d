"""A log of many day files: what reading them all costs, and what is found of a directory that
changes meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.eventstore import LogDirectory, Seen, new

from jobledger import LedgerCorruptError
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.registry import open_reader
from jobledger.eventstore.record import RECORDS


class CountingFileSystem(FileSystem):
    """Counts listings, and does something when the file of a day is opened."""

    def __init__(self, on_open: Callable[[Path], None] = lambda path: None) -> None:
        self.listings = 0
        self._on_open = on_open

    def list_directory(self, path: Path) -> list[str]:
        self.listings += 1
        return super().list_directory(path)

    def open_read(self, path: Path) -> int:
        self._on_open(path)
        return super().open_read(path)


def write_days(ledger: LogDirectory, count: int) -> None:
    """So many more days, a record each."""
    store = ledger.load(durability="none")
    for number in range(store.seq, store.seq + count):
        store.append([new(f"job-{number}")])
        ledger.clock.advance(timedelta(days=1))
    store.close()


@pytest.mark.parametrize("read_only", [True, False])
def test_the_directory_is_not_listed_for_each_day(ledger: LogDirectory, read_only: bool) -> None:
    """Opening a ledger of ten times as many days lists as often."""
    listings = []
    for count in (6, 60):
        write_days(ledger, count - len(ledger.days()))
        fs, seen = CountingFileSystem(), Seen()
        ledger.load(fs=fs, observer=seen, read_only=read_only).close()
        assert len(seen.seqs) == count
        listings.append(fs.listings)
    assert listings[0] == listings[1]


def test_a_reader_does_not_list_for_each_day(ledger: LogDirectory) -> None:
    """As a handle that keeps state."""
    listings = []
    for count in (6, 60):
        write_days(ledger, count - len(ledger.days()))
        fs = CountingFileSystem()
        reader = open_reader(ledger.path, RECORDS, fs=fs)
        assert len(list(reader.records())) == count
        reader.close()
        listings.append(fs.listings)
    assert listings[0] == listings[1]


def test_days_that_begin_while_the_log_is_read_are_found(ledger: LogDirectory) -> None:
    """They were not there when the directory was listed; whoever follows finds them all."""
    write_days(ledger, 3)
    newest = ledger.log

    def go_on(path: Path) -> None:
        if path == newest and len(ledger.days()) == 3:
            write_days(ledger, 2)

    reader = open_reader(ledger.path, RECORDS, fs=CountingFileSystem(go_on))
    assert [record.seq for record in reader.records()] == [1, 2, 3]
    assert reader.changed()
    assert [record.seq for record in reader.records()] == [4, 5]
    write_days(ledger, 1)
    assert [record.seq for record in reader.records()] == [6]
    assert reader.damages == []
    reader.close()


def test_a_day_that_begins_while_a_handle_opens_is_read_by_it(ledger: LogDirectory) -> None:
    """Who reads on to the end of the files, whatever HEAD says, lists until nothing is new."""
    write_days(ledger, 3)
    ledger.head.unlink()
    newest = ledger.log

    def go_on(path: Path) -> None:
        if path == newest and len(ledger.days()) == 3:
            write_days(ledger, 2)

    seen = Seen()
    ledger.load(fs=CountingFileSystem(go_on), observer=seen, read_only=True)
    assert seen.seqs == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("day", [1, 2])
def test_a_day_that_goes_while_the_log_is_read_is_missing(ledger: LogDirectory, day: int) -> None:
    """Between the listing and its turn a file was removed: it is named, as if it had been gone."""
    write_days(ledger, 4)
    gone = ledger.days()[day]

    def remove(path: Path) -> None:
        if path == gone:
            path.unlink(missing_ok=True)

    store = ledger.load(fs=CountingFileSystem(remove), read_only=True)
    error = store.damage
    assert isinstance(error, LedgerCorruptError)
    assert (error.path, error.kind) == (str(gone), "missing")


def test_a_newest_day_that_goes_while_the_log_is_read_is_missed(ledger: LogDirectory) -> None:
    """No header names it; HEAD has the record that was in it."""
    write_days(ledger, 3)
    gone = ledger.log

    def remove(path: Path) -> None:
        if path == gone:
            path.unlink(missing_ok=True)

    store = ledger.load(fs=CountingFileSystem(remove), read_only=True)
    assert isinstance(store.damage, LedgerCorruptError)
    assert store.damage.kind == "truncated"
