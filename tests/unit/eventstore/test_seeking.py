"""Records behind a number are found by it: what is before them is not read."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.eventstore import LogDirectory, lines_of, new, reseal

from jobledger import LedgerCorruptError
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.record import Record


class Measured(FileSystem):
    """Counts the bytes that are read of day files."""

    def __init__(self) -> None:
        self.read = 0

    def read_at(self, fd: int, size: int, offset: int) -> bytes:
        data = super().read_at(fd, size, offset)
        self.read += len(data)
        return data


def some_days(ledger: LogDirectory, sizes: list[list[int]]) -> None:
    """Write days of writes of records; a number is the length of a record's data."""
    store, number = ledger.load(durability="none"), 0
    for day in sizes:
        for size in day:
            records = [
                new(f"job-{number + n}", data=b'"%b"' % (b"x" * size)) for n in range(1 + size % 3)
            ]
            number += len(records)
            store.append(records)
        ledger.clock.advance(timedelta(days=1))
    store.close()


def all_of(store: EventLog[Record], after: int) -> list[Record]:
    return [record for record in store.read() if record.seq > after]


DAYS = st.lists(
    st.lists(st.sampled_from([0, 1, 2, 50, 5_000, 20_000, 300_000]), min_size=1, max_size=12),
    min_size=1,
    max_size=4,
)


@settings(max_examples=30)
@given(DAYS)
def test_what_is_read_behind_a_number_is_what_reading_all_finds(
    tmp_path_factory: pytest.TempPathFactory, days: list[list[int]]
) -> None:
    """Whatever the length of the lines, in the middle of a write too, and over days."""
    ledger = LogDirectory(tmp_path_factory.mktemp("log") / "ledger")
    some_days(ledger, days)
    store = ledger.load(read_only=True)
    everything = list(store.read())
    assert len(everything) == store.seq
    for after in range(store.seq + 1):
        assert list(store.read(after)) == everything[after:]
    ledger.close()


def bytes_read(ledger: LogDirectory, fs: Measured, store: EventLog[Record], after: int) -> int:
    fs.read = 0
    assert [record.seq for record in store.read(after)] == [*range(after + 1, store.seq + 1)]
    return fs.read


def test_reading_on_costs_no_more_in_a_long_day(ledger: LogDirectory) -> None:
    """A hundred times the day: some more halvings, of a few kilobytes each."""
    costs = []
    for writes in (100, 10_000):
        store = ledger.load(durability="none")
        store.append([new(f"job-{n}") for n in range(store.seq, writes)])
        store.close()
        fs = Measured()
        costs.append(bytes_read(ledger, fs, ledger.load(fs=fs, read_only=True), writes - 1))
    size = ledger.log.stat().st_size
    assert size > 1_000_000
    assert costs[0] < 64 * 1024
    assert costs[1] < costs[0] + 8 * 2 * 16 * 1024


def test_damage_before_what_is_asked_for_is_no_hindrance(ledger: LogDirectory) -> None:
    """Nothing of it is read, or what is met of it leads back to the day's beginning."""
    some_days(ledger, [[20_000] * 12])
    store = ledger.load(read_only=True)
    lines = lines_of(ledger.log)
    lines[1] = lines[1].replace(b"xx", b"xy", 1)
    ledger.log.write_bytes(b"".join(lines))
    assert [record.seq for record in store.read(store.seq - 1)] == [store.seq]
    with pytest.raises(LedgerCorruptError):
        list(store.read())


@pytest.mark.parametrize("bad", [2, 6, 30])
def test_damage_behind_a_number_is_named_by_its_line(ledger: LogDirectory, bad: int) -> None:
    """As who reads from the day's beginning names it, and after the same records."""
    some_days(ledger, [[20_000] * 12])
    store = ledger.load(read_only=True)
    lines = lines_of(ledger.log)
    lines[bad] = lines[bad].replace(b"xx", b"xy", 1)
    ledger.log.write_bytes(b"".join(lines))

    def outcome(after: int) -> tuple[list[int], int | None, int | None, str | None]:
        seqs: list[int] = []
        with pytest.raises(LedgerCorruptError) as caught:
            seqs.extend(record.seq for record in store.read(after))
        error = caught.value
        return seqs, error.line, error.offset, error.kind

    seen, *place = outcome(0)
    assert place[0] == bad + 1
    for after in range(bad - 1):
        assert outcome(after) == ([seq for seq in seen if seq > after], *place)


def test_a_line_that_lies_about_its_number_is_not_gone_by(ledger: LogDirectory) -> None:
    """A sound line with a number that is another's leads the search astray, to the beginning."""
    some_days(ledger, [[20_000] * 12])
    store = ledger.load(read_only=True)
    lines = lines_of(ledger.log)
    middle = len(lines) // 2
    lines[middle] = reseal(lines[middle], seq=json.loads(lines[3])["seq"])
    ledger.log.write_bytes(b"".join(lines))
    with pytest.raises(LedgerCorruptError) as caught:
        list(store.read(3))
    assert caught.value.line == middle + 1
