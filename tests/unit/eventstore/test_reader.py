"""LogReader: a log read forward by who only looks, on past damage and past the end of the day."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from support.eventstore import append_bytes, file_log, lines_of, new, reseal

from jobledger import ManualClock
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.registry import open_reader
from jobledger.eventstore.lines import RECORDS_WITH_LINES
from jobledger.eventstore.reader import LogReader
from jobledger.eventstore.record import RECORDS, Record

DAY = timedelta(days=1)


class Written:
    """A log that is being written, three records a day."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
        self.store = file_log(directory, clock=self.clock.now, form=RECORDS, durability="none")
        self.jobs = 0

    def days(self, count: int) -> Written:
        for _ in range(count):
            self.day()
        return self

    def day(self) -> None:
        """Write a record alone and then two at once; then midnight passes."""
        self.add(1)
        self.add(2)
        self.clock.advance(DAY)

    def add(self, count: int) -> None:
        self.store.append([new(f"job-{self.jobs + n}") for n in range(count)])
        self.jobs += count

    @property
    def files(self) -> list[Path]:
        return sorted(self.directory.glob("events_*.jsonl"))

    def lines(self) -> list[bytes]:
        """Return the lines of all records, headers left out."""
        return [line[:-1] for path in self.files for line in lines_of(path)[1:]]


@pytest.fixture
def log(directory: Path) -> Written:
    return Written(directory)


def read(reader: LogReader[Record]) -> list[bytes]:
    return [record.line for record in reader.records()]


def test_it_gives_every_record_with_its_line(log: Written) -> None:
    """In order, over all day files; the line is the very bytes."""
    log.days(3)
    reader = open_reader(log.directory, RECORDS_WITH_LINES)
    records = list(reader.records())
    assert [record.seq for record in records] == list(range(1, 10))
    assert [record.line for record in records] == log.lines()
    assert reader.damages == []
    assert (reader.seq, reader.unread()) == (9, 0)


def test_it_follows_what_is_appended_past_the_end_of_the_day(log: Written) -> None:
    """Each call gives what came since the one before; `changed` says when there is something."""
    log.day()
    reader = open_reader(log.directory, RECORDS)
    assert reader.changed()
    assert len(read(reader)) == 3
    for expected in ([4, 5, 6], [7, 8, 9]):
        assert not reader.changed()
        assert read(reader) == []
        log.day()
        assert reader.changed()
        assert [record.seq for record in reader.records()] == expected


def test_what_is_not_acknowledged_is_not_given(log: Written) -> None:
    """Bytes behind the position that HEAD has may still be on their way to the disk."""
    log.day()
    line = lines_of(log.files[0])[-1]
    append_bytes(log.files[0], reseal(line, seq=4, batch=4, more=0))
    reader = open_reader(log.directory, RECORDS)
    assert len(read(reader)) == 3
    assert reader.damages == []


class Opened(FileSystem):
    """Remembers which files were opened."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def open_read(self, path: Path) -> int:
        self.names.append(path.name)
        return super().open_read(path)


@pytest.mark.parametrize(
    ("day", "first"),
    [(date(2026, 2, 1), 1), (date(2026, 3, 1), 1), (date(2026, 3, 3), 7), (date(2026, 3, 9), 10)],
)
def test_beginning_on_a_day_leaves_the_files_before_it_alone(
    log: Written, day: date, first: int
) -> None:
    """They are not even opened, but for the first one's header; the newest is always read."""
    log.days(4)
    fs = Opened()
    reader = open_reader(log.directory, RECORDS, fs=fs)
    fs.names.clear()
    reader.begin(day)
    assert [record.seq for record in reader.records()] == list(range(first, 13))
    assert reader.damages == []
    opened = {name for name in fs.names if name.startswith("events")}
    assert len(opened) == (13 - first) // 3


def damaged(log: Written, change: Callable[[list[bytes]], list[bytes]], file: int = 1) -> None:
    path = log.files[file]
    path.write_bytes(b"".join(change(lines_of(path))))


def flipped(line: bytes) -> bytes:
    return line.replace(b'"job-', b'"jib-')


@pytest.mark.parametrize(
    ("change", "lost", "kind", "line"),
    [
        (lambda lines: [*lines[:1], flipped(lines[1]), *lines[2:]], [4], "hash", 2),
        (lambda lines: [*lines[:2], flipped(lines[2]), *lines[3:]], [5], "hash", 3),
        (lambda lines: [*lines[:3], b"not a line at all\n"], [6], "unreadable", 4),
        (lambda lines: [lines[0], lines[2], lines[3]], [4], "sequence", 2),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], [], "sequence", 3),
        (lambda lines: [flipped(lines[0]).replace(b"ledger", b"ladger"), *lines[1:]], [],
         "header", 1),
        (lambda lines: [lines[0], flipped(lines[1]), flipped(lines[2]), lines[3]], [4, 5],
         "hash", 2),
    ],
    ids=["flipped", "in-a-write", "last-line", "deleted", "doubled", "header", "two-in-a-row"],
)  # fmt: skip
def test_behind_damage_every_line_that_is_sound_in_itself_is_given(
    log: Written,
    change: Callable[[list[bytes]], list[bytes]],
    lost: list[int],
    kind: str,
    line: int,
) -> None:
    """And the damage is named once, with file, line and kind."""
    log.days(3)
    damaged(log, change)
    reader = open_reader(log.directory, RECORDS)
    assert [record.seq for record in reader.records()] == [n for n in range(1, 10) if n not in lost]
    assert [(damage.path, damage.line, damage.kind) for damage in reader.damages] == [
        (str(log.files[1]), line, kind)
    ]


def test_two_places_that_are_damaged_are_both_named(log: Written) -> None:
    """In different files, and reading goes on behind each."""
    log.days(3)
    for file in (0, 2):
        damaged(log, lambda lines: [lines[0], flipped(lines[1]), *lines[2:]], file)
    reader = open_reader(log.directory, RECORDS)
    assert [record.seq for record in reader.records()] == [2, 3, 4, 5, 6, 8, 9]
    assert [damage.path for damage in reader.damages] == [str(log.files[0]), str(log.files[2])]


def test_a_missing_file_is_named_and_the_later_ones_are_read(log: Written) -> None:
    """The middle one, and the first one."""
    log.days(3)
    log.files[1].unlink()
    reader = open_reader(log.directory, RECORDS)
    assert [record.seq for record in reader.records()] == [1, 2, 3, 7, 8, 9]
    assert [damage.kind for damage in reader.damages] == ["missing"]
    log.files[0].unlink()
    reader = open_reader(log.directory, RECORDS)
    assert [record.seq for record in reader.records()] == [7, 8, 9]
    assert [damage.kind for damage in reader.damages] == ["missing"]


def test_the_first_header_may_be_damaged_too(log: Written) -> None:
    """The ledger is known from the next file's."""
    log.days(2)
    damaged(log, lambda lines: [b"{}\n", *lines[1:]], 0)
    reader = open_reader(log.directory, RECORDS)
    known, wanted = reader.identity, log.store.identity
    assert (known.ledger_id, known.timezone) == (wanted.ledger_id, wanted.timezone)
    assert [record.seq for record in reader.records()] == [1, 2, 3, 4, 5, 6]
    assert [damage.kind for damage in reader.damages] == ["header"]


def test_a_log_that_lost_its_end_is_damaged(log: Written) -> None:
    """HEAD knows that there was more."""
    log.days(1)
    log.store.sync()
    path = log.files[0]
    path.write_bytes(path.read_bytes().rpartition(b'{"seq":2')[0])
    reader = open_reader(log.directory, RECORDS)
    assert [record.seq for record in reader.records()] == [1]
    assert [damage.kind for damage in reader.damages] == ["truncated"]


def test_it_goes_on_following_behind_damage(log: Written) -> None:
    """Other handles may still append: those who had read the log before it was damaged."""
    log.day()
    damaged(log, lambda lines: [*lines[:1], flipped(lines[1]), *lines[2:]], 0)
    reader = open_reader(log.directory, RECORDS)
    assert [record.seq for record in reader.records()] == [2, 3]
    log.day()
    assert reader.changed()
    assert [record.seq for record in reader.records()] == [4, 5, 6]
    assert len(reader.damages) == 1


def test_memory_does_not_grow_with_the_log(log: Written) -> None:
    """Ten times the jobs, the same peak."""
    peaks = []
    for count in (3_000, 27_000):
        for _ in range(count // 300):
            log.add(300)
        tracemalloc.start()
        for _ in open_reader(log.directory, RECORDS).records():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3
