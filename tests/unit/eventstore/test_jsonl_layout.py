"""The files of a JSONL ledger: their names, days, headers, chain, and modes."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from support.eventstore import (
    GENESIS,
    LogDirectory,
    Seen,
    WatchedFileSystem,
    append_bytes,
    lines_of,
    new,
    seal,
)

from jobledger.eventstore.engines.files.host import host_of

UNTIL_MIDNIGHT = timedelta(hours=12)
MICROSECOND = timedelta(microseconds=1)


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def seqs(path: Path) -> list[int]:
    return [json.loads(line)["seq"] for line in lines_of(path)[1:]]


# -- one day ---------------------------------------------------------------------------------------


def test_a_new_ledger_is_a_day_file_with_a_header(ledger: LogDirectory) -> None:
    """Of the day it is made on, with the ledger's identity."""
    store = ledger.open(timezone="Asia/Tokyo")
    assert names(ledger.days()) == ["events_2026-03-01.jsonl"]
    assert ledger.log.read_bytes() == seal(
        {
            "format": 1,
            "ledger": store.identity.ledger_id,
            "timezone": "Asia/Tokyo",
            "day": "2026-03-01",
            "first_seq": 1,
            "previous": None,
            "prev": GENESIS,
            "host": msgspec.to_builtins(host_of(ledger.path)),
        }
    )


def test_the_log_is_one_chain_of_lines(ledger: LogDirectory) -> None:
    """Each line names the hash of the one before, from the header on."""
    ledger.write([new("a", 1)], [new("a", 2), new("b", 1)])
    lines = lines_of(ledger.log)
    documents = [json.loads(line) for line in lines]
    assert [document["prev"] for document in documents] == [
        GENESIS,
        *(document["hash"] for document in documents[:-1]),
    ]
    for line, document in zip(lines, documents, strict=True):
        body = line.rpartition(b',"hash":"')[0]
        assert hashlib.sha256(body).hexdigest()[:32] == document["hash"]


def test_a_write_is_exactly_these_bytes(ledger: LogDirectory) -> None:
    """Two records of one write, as another program would make them."""
    ledger.write([new("a", 1, b'{"x":"\xc3\xa9"}'), new("b", 1)])
    header, first, second = lines_of(ledger.log)
    common = {"at": "2026-03-01T12:00:00.000000Z", "type": "noted"}
    assert first == seal(
        {"seq": 1, "batch": 1, "more": 1, **common, "job": "a", "version": 1, "schema": 1}
        | {"data": {"x": "é"}, "prev": json.loads(header)["hash"]}
    )
    assert second == seal(
        {"seq": 2, "batch": 1, "more": 0, **common, "job": "b", "version": 1, "schema": 1}
        | {"data": {}, "prev": json.loads(first)["hash"]}
    )


def test_a_batch_is_named_by_its_first_record(ledger: LogDirectory) -> None:
    """That is how a reader knows which writes must have been on disk before which."""
    ledger.write([new("a", 1)], [new("a", 2), new("a", 3)], [new("a", 4)])
    assert [json.loads(line)["batch"] for line in lines_of(ledger.log)[1:]] == [1, 2, 2, 4]


def test_writes_without_a_sync_between_them_are_one_batch(ledger: LogDirectory) -> None:
    """Nothing says which of them a power cut leaves; a sync begins the next batch."""
    store = ledger.load(durability="none")
    for version in (1, 2, 3):
        store.append([new("a", version)])
    store.sync()
    store.append([new("a", 4)])
    assert [json.loads(line)["batch"] for line in lines_of(ledger.log)[1:]] == [1, 1, 1, 4]


def test_a_day_begins_with_a_batch_of_its_own(ledger: LogDirectory) -> None:
    """Also without syncs: the day before is on disk by then, and it is what its first record says
    that whoever adopts it writes again."""
    store = ledger.load(durability="none")
    store.append([new("a", 1)])
    store.append([new("a", 2)])
    ledger.clock.advance(timedelta(days=1))
    store.append([new("a", 3)])
    store.append([new("a", 4)])
    batches = [json.loads(line)["batch"] for day in ledger.days() for line in lines_of(day)[1:]]
    assert batches == [1, 1, 3, 3]


def test_a_file_is_only_ever_appended_to(ledger: LogDirectory) -> None:
    """Every state of the log is the beginning of every later one."""
    store = ledger.load()
    before = b""
    for version in range(1, 6):
        store.append([new("a", version)])
        now = ledger.log.read_bytes()
        assert now.startswith(before)
        assert len(now) > len(before)
        before = now


def test_line_separators_of_unicode_end_no_line(ledger: LogDirectory) -> None:
    """Only a newline does; JSON needs none in its text."""
    ledger.write([new("a", 1, '{"x":"\u2028\u2029\x85\x0b"}'.replace("\x0b", "").encode())])
    seen = Seen()
    ledger.load(observer=seen)
    assert seen.seqs == [1]


# -- days ------------------------------------------------------------------------------------------


def test_the_day_changes_at_midnight_utc(ledger: LogDirectory) -> None:
    """Whatever the ledger's time zone: the last microsecond is of the old day."""
    store = ledger.load(timezone="Asia/Tokyo")
    ledger.clock.advance(UNTIL_MIDNIGHT - MICROSECOND)
    store.append([new("a", 1)])
    assert names(ledger.days()) == ["events_2026-03-01.jsonl"]
    ledger.clock.advance(MICROSECOND)
    store.append([new("a", 2), new("a", 3)])
    store.append([new("a", 4)])
    assert names(ledger.days()) == ["events_2026-03-01.jsonl", "events_2026-03-02.jsonl"]
    assert [seqs(path) for path in ledger.days()] == [[1], [2, 3, 4]]


def test_the_header_of_a_new_day_continues_the_chain(ledger: LogDirectory) -> None:
    """It names the file before and its last hash, and the next record chains to it."""
    store = ledger.load()
    store.append([new("a", 1), new("a", 2)])
    ledger.clock.advance(timedelta(days=3))
    store.append([new("a", 3)])
    old, young = ledger.days()
    header, record = map(json.loads, lines_of(young))
    assert header == {
        "format": 1,
        "ledger": store.identity.ledger_id,
        "timezone": "UTC",
        "day": "2026-03-04",
        "first_seq": 3,
        "previous": "events_2026-03-01.jsonl",
        "prev": json.loads(lines_of(old)[-1])["hash"],
        "host": msgspec.to_builtins(host_of(ledger.path)),
        "hash": header["hash"],
    }
    assert record["prev"] == header["hash"]
    assert record["seq"] == 3


def test_a_day_without_events_has_no_file(ledger: LogDirectory) -> None:
    """Time passing, reading and reopening make none."""
    ledger.write([new("a", 1)])
    ledger.clock.advance(timedelta(days=1))
    store = ledger.load()
    store.refresh()
    store.sync()
    assert len(ledger.days()) == 1


def test_a_day_before_which_nothing_was_appended_chains_to_a_bare_header(
    ledger: LogDirectory,
) -> None:
    """A ledger that is made on one day and first used on another."""
    store = ledger.load()
    ledger.clock.advance(timedelta(days=1))
    store.append([new("a", 1)])
    assert [seqs(path) for path in ledger.days()] == [[], [1]]
    seen = Seen()
    ledger.load(observer=seen)
    assert seen.seqs == [1]


def test_a_clock_that_goes_back_reopens_no_older_day(ledger: LogDirectory) -> None:
    """The record has the time the clock tells, in the newest file."""
    store = ledger.load()
    store.append([new("a", 1)])
    ledger.clock.advance(timedelta(days=1))
    store.append([new("a", 2)])
    before = ledger.days()[0].read_bytes()
    ledger.clock.advance(timedelta(days=-5))
    store.append([new("a", 3)])
    store.close()
    ledger.load().append([new("a", 4)])

    assert names(ledger.days()) == ["events_2026-03-01.jsonl", "events_2026-03-02.jsonl"]
    assert [seqs(path) for path in ledger.days()] == [[1], [2, 3, 4]]
    assert ledger.days()[0].read_bytes() == before
    assert json.loads(lines_of(ledger.log)[-1])["at"] == "2026-02-25T12:00:00.000000Z"
    assert [r.seq for r in ledger.load().read()] == [1, 2, 3, 4]


def test_every_handle_follows_into_a_new_day(ledger: LogDirectory) -> None:
    """Whichever of them began it, and also over a day that a handle never saw."""
    watchers = [Seen(), Seen()]
    first, second = (ledger.load(observer=seen) for seen in watchers)
    for version, handle in enumerate((first, first, second, first, second), 1):
        ledger.clock.advance(timedelta(days=1))
        handle.append([new("a", version)])
    first.refresh()
    assert [seen.seqs for seen in watchers] == [[1, 2, 3, 4, 5]] * 2
    assert len(ledger.days()) == 6


@pytest.mark.parametrize("after", range(7))
def test_reading_starts_in_the_right_day(ledger: LogDirectory, after: int) -> None:
    """A position may be in any file, or at the end of one."""
    store = ledger.load()
    for version in range(1, 7):
        store.append([new("a", version)])
        if version % 2 == 0:
            ledger.clock.advance(timedelta(days=1))
    assert len(ledger.days()) == 3
    assert [r.seq for r in store.read(after)] == list(range(after + 1, 7))


def test_reading_stops_at_its_end_whatever_follows_there(ledger: LogDirectory) -> None:
    """What another writer left half done behind the last delivered record is not read."""
    store = ledger.load()
    store.append([new("a", 1), new("a", 2)])
    append_bytes(ledger.log, b"garbage, with the end of its line\n")
    assert [r.seq for r in store.read()] == [1, 2]


def test_other_files_in_the_directory_are_left_alone(ledger: LogDirectory) -> None:
    """Only files with a day's name are the log's."""
    ledger.write([new("a", 1)])
    others = ["events_2026-3-1.jsonl", "events_2026-03-01.jsonl.gz", "xevents_2026-03-09.jsonl"]
    for name in others:
        (ledger.path / name).write_bytes(b"mine\n")
    ledger.write([new("a", 2)])
    assert {(ledger.path / name).read_bytes() for name in others} == {b"mine\n"}


# -- modes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0, 0o277, 0o777], ids=oct)
def test_files_are_0600_and_the_directory_0700_whatever_the_umask(
    ledger: LogDirectory, restored_umask: None, umask: int
) -> None:
    """Posts are nobody else's business, and a strict umask must not lock the owner out."""
    os.umask(umask)
    store = ledger.load()
    store.append([new("a", 1)])
    ledger.clock.advance(timedelta(days=1))
    store.append([new("a", 2)])
    store.close()
    append_bytes(ledger.log, b"torn")
    ledger.load().append([new("a", 3)])

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in ledger.path.iterdir()}
    assert len(ledger.torn) == 1
    assert {"HEAD", "append.lock", *names(ledger.days()), *names(ledger.torn)} <= set(modes)
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o700


def test_an_existing_directory_keeps_its_mode(ledger: LogDirectory) -> None:
    """Whoever made it decided."""
    ledger.path.mkdir()
    ledger.path.chmod(0o750)
    ledger.load()
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o750


def test_no_descriptor_is_inherited_and_none_is_left_open(
    ledger: LogDirectory, disk: WatchedFileSystem
) -> None:
    """A program started by the user's code must not hold our locks."""
    before = _descriptors()
    store = ledger.load(fs=disk)
    store.append([new("a", 1)])
    ledger.clock.advance(timedelta(days=1))
    store.append([new("a", 2)])
    list(store.read())
    opened = _descriptors() - before
    assert opened
    assert not any(os.get_inheritable(fd) for fd in opened)
    store.close()
    assert _descriptors() == before


def _descriptors() -> set[int]:
    """Return the open files of this process."""
    found = set()
    for fd in range(256):
        try:
            os.fstat(fd)
        except OSError:
            continue
        found.add(fd)
    return found
