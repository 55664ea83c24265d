"""What a crash leaves at the end of the newest file: cut off, kept beside the log, never more."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from datetime import timedelta

import pytest
from support.eventstore import (
    LogDirectory,
    Seen,
    UnsyncedFileSystem,
    WatchedFileSystem,
    append_bytes,
    lines_of,
    new,
)

from jobledger import LedgerCorruptError, StorageError
from jobledger.eventstore.record import MAX_WRITE_BYTES, NewRecord

THREE = (new("c", 1), new("c", 2), new("c", 3))


def bytes_of_next_write(ledger: LogDirectory, records: Sequence[NewRecord] = THREE) -> bytes:
    """Return what the log would get by one more write; the ledger itself stays as it is."""
    size = ledger.log.stat().st_size
    ahead = ledger.crashed("ahead")
    ahead.clock.advance(ledger.clock.now() - ahead.clock.now())
    ahead.write(records)
    return ahead.log.read_bytes()[size:]


@pytest.fixture
def sound(ledger: LogDirectory) -> LogDirectory:
    """Make a closed ledger with three records in two writes."""
    ledger.write([new("a", 1)], [new("a", 2), new("b", 1)])
    return ledger


# -- at open ---------------------------------------------------------------------------------------


def test_a_write_cut_anywhere_is_cut_off_as_a_whole(sound: LogDirectory) -> None:
    """At every byte: lines of it that are whole go too, what was acknowledged before stays."""
    before, log = sound.files(), sound.log
    write = bytes_of_next_write(sound)
    for size in range(1, len(write) - 1):
        sound.restore(before)
        append_bytes(log, write[:size])
        seen = Seen()
        sound.load(observer=seen, fs=UnsyncedFileSystem()).close()

        assert seen.seqs == [1, 2, 3], f"cut after {size} bytes"
        assert log.read_bytes() == before[log.name]
        assert [path.read_bytes() for path in sound.torn] == [write[:size]]


def test_the_handle_tells_what_was_cut_off(sound: LogDirectory) -> None:
    """From where, how much, and where it is kept now."""
    end = sound.log.stat().st_size
    append_bytes(sound.log, b'{"seq":4,"ba')
    torn = sound.load().torn
    assert torn is not None
    assert (torn.path, torn.offset, torn.size) == (str(sound.log), end, 12)
    assert torn.kept == f"{sound.log}.torn-{end}"
    assert [str(path) for path in sound.torn] == [torn.kept]


def test_a_sound_end_is_left_as_it_is(sound: LogDirectory) -> None:
    """Nothing is cut, and nothing is reported."""
    before = sound.files()
    assert sound.load().torn is None
    assert sound.files() == before


@pytest.mark.parametrize(
    "tail",
    [
        b"{",
        b"\n",
        b"\n\n\n",
        b"\0" * 5000,
        b"no json\n",
        b'{"seq":4}\n{"seq":5}\n',
        b"\xff\xfe" * 1000 + b"\n",
        b"x" * 2_000_000,
    ],
    ids=lambda tail: repr(tail[:10]),
)
@pytest.mark.parametrize("with_head", [True, False], ids=["HEAD", "no HEAD"])
def test_whatever_a_crash_left_behind_the_last_write_is_kept_aside(
    sound: LogDirectory, tail: bytes, with_head: bool
) -> None:
    """Zeros of a file that grew, pages of something else, half a line: all unacknowledged."""
    before = sound.log.read_bytes()
    append_bytes(sound.log, tail)
    if not with_head:
        sound.head.unlink()
    store = sound.load()
    assert store.seq == 3
    assert sound.log.read_bytes() == before
    assert [path.read_bytes() for path in sound.torn] == [tail]


def test_the_lines_of_a_torn_write_may_have_reached_the_disk_out_of_order(
    sound: LogDirectory,
) -> None:
    """A sound line behind a bad one of the same write proves nothing."""
    before = sound.log.read_bytes()
    first, second, third = bytes_of_next_write(sound).split(b"\n")[:-1]
    tail = b"\n".join([b"\0" * len(first), second, third, b""])
    append_bytes(sound.log, tail)
    assert sound.load().seq == 3
    assert sound.log.read_bytes() == before
    assert [path.read_bytes() for path in sound.torn] == [tail]


def test_after_a_torn_tail_the_log_goes_on(sound: LogDirectory) -> None:
    """The number that was torn off is given out again, and the log is sound for everybody."""
    append_bytes(sound.log, bytes_of_next_write(sound)[:-30])
    store = sound.load()
    store.append([new("d", 1)])
    store.close()
    seen = Seen()
    assert sound.load(observer=seen).torn is None
    assert [(r.seq, r.job_id) for r in seen.records] == [(1, "a"), (2, "a"), (3, "b"), (4, "d")]


def test_tails_torn_at_the_same_place_are_all_kept(sound: LogDirectory) -> None:
    """A later crash overwrites nothing that an earlier one left."""
    for tail in (b"first", b"second", b"third"):
        append_bytes(sound.log, tail)
        sound.load().close()
    assert {path.read_bytes() for path in sound.torn} == {b"first", b"second", b"third"}


def test_the_torn_first_write_of_a_day_leaves_the_days_header(sound: LogDirectory) -> None:
    """The header was on disk before."""
    sound.clock.advance(timedelta(days=1))
    sound.write([new("a", 3)])
    header, record = lines_of(sound.log)
    sound.log.write_bytes(header + record[:-20])
    sound.head.unlink()
    store = sound.load()
    assert store.seq == 3
    assert sound.log.read_bytes() == header
    store.append([new("a", 3)])
    assert [r.seq for r in store.read()] == [1, 2, 3, 4]


# -- by a live handle ------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [1, 100, -2], ids=lambda left: f"{left} bytes")
def test_a_live_handle_mends_what_another_writer_left_half_done(
    sound: LogDirectory, left: int
) -> None:
    """It died in its write while we were open: the next append comes first to the torn tail."""
    seen = Seen()
    store = sound.load(observer=seen)
    before = sound.log.read_bytes()
    tail = bytes_of_next_write(sound)[:left]
    append_bytes(sound.log, tail)

    store.append([new("d", 1)])

    assert [(r.seq, r.job_id) for r in seen.records] == [(1, "a"), (2, "a"), (3, "b"), (4, "d")]
    assert sound.log.read_bytes().startswith(before)
    assert len(lines_of(sound.log)) == 5
    assert [path.read_bytes() for path in sound.torn] == [tail]
    assert store.torn is not None
    assert sound.load().seq == 4


def test_a_live_handle_takes_over_a_whole_write_that_nobody_acknowledged(
    sound: LogDirectory,
) -> None:
    """Its writer died between the write and HEAD: it is in the log, and everybody sees it."""
    seen = Seen()
    store = sound.load(observer=seen)
    append_bytes(sound.log, bytes_of_next_write(sound))
    store.append([new("d", 1)])
    assert seen.seqs == [1, 2, 3, 4, 5, 6, 7]
    assert (store.version("c"), store.version("d")) == (3, 1)
    assert sound.torn == []


def test_a_reader_shows_nothing_of_an_unacknowledged_write(sound: LogDirectory) -> None:
    """Neither a part of it, nor all of it before it is known to be on disk."""
    seen = Seen()
    reader = sound.load(observer=seen)
    write = bytes_of_next_write(sound)
    for part in (write[:300], write[300:]):
        append_bytes(sound.log, part)
        assert not reader.changed()
        reader.refresh()
        assert seen.seqs == [1, 2, 3]


# -- only the newline ------------------------------------------------------------------------------


def test_a_lost_newline_is_given_back_at_open(sound: LogDirectory) -> None:
    """The record is whole: all of the write is kept."""
    whole = sound.log.read_bytes() + bytes_of_next_write(sound)
    sound.log.write_bytes(whole[:-1])
    seen = Seen()
    store = sound.load(observer=seen)
    assert seen.seqs == [1, 2, 3, 4, 5, 6]
    assert sound.log.read_bytes() == whole
    assert (sound.torn, store.torn) == ([], None)


def test_a_lost_newline_is_given_back_by_a_live_handle(sound: LogDirectory) -> None:
    """Another writer died one byte before its end."""
    store = sound.load()
    whole = sound.log.read_bytes() + bytes_of_next_write(sound)
    sound.log.write_bytes(whole[:-1])
    store.append([new("d", 1)])
    assert sound.log.read_bytes().startswith(whole)
    assert [r.seq for r in store.read()] == [1, 2, 3, 4, 5, 6, 7]
    assert sound.torn == []


def test_the_mended_write_is_synced(sound: LogDirectory, disk: WatchedFileSystem) -> None:
    """It may have been read back from memory only."""
    append_bytes(sound.log, bytes_of_next_write(sound)[:-1])
    sound.load(fs=disk)
    log = sound.log.name
    assert [call for call in disk.calls if call[1] == log][-2:] == [("write", log), ("sync", log)]


def test_a_lost_newline_does_not_complete_an_incomplete_write(sound: LogDirectory) -> None:
    """The last line there is whole, but others of the write are missing behind it."""
    before = sound.log.read_bytes()
    first, second, _ = bytes_of_next_write(sound).split(b"\n")[:-1]
    tail = first + b"\n" + second
    append_bytes(sound.log, tail)
    assert sound.load().seq == 3
    assert sound.log.read_bytes() == before
    assert [path.read_bytes() for path in sound.torn] == [tail]


# -- when mending fails, or must not be done -------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("open_write", ".events_"),
        ("write", ".events_"),
        ("sync", ".events_"),
        ("rename", "events_"),
        ("sync_directory", ""),
        ("truncate", "events_"),
    ],
)
def test_a_tail_that_cannot_be_kept_is_not_cut_off(
    sound: LogDirectory, disk: WatchedFileSystem, operation: str, name: str
) -> None:
    """On a full disk nothing is thrown away; with room again it is mended."""
    append_bytes(sound.log, b"torn")
    log, head = sound.log.read_bytes(), sound.head.read_bytes()
    disk.fail(operation, name, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(StorageError) as caught:
        sound.load(fs=disk)
    assert not isinstance(caught.value, LedgerCorruptError)
    assert (sound.log.read_bytes(), sound.head.read_bytes()) == (log, head)

    assert sound.load().seq == 3
    assert sound.log.read_bytes() == log[:-4]
    assert {path.read_bytes() for path in sound.torn} == {b"torn"}


def test_the_tail_is_on_disk_elsewhere_before_it_is_cut_off(
    sound: LogDirectory, disk: WatchedFileSystem
) -> None:
    """And the cut is on disk before the ledger goes on."""
    append_bytes(sound.log, b"torn")
    sound.load(fs=disk)
    log, kept = sound.log.name, sound.torn[0].name
    order = [
        ("write", f".{kept}.tmp"),
        ("sync", f".{kept}.tmp"),
        ("rename", kept),
        ("sync_directory", sound.path.name),
        ("truncate", log),
        ("sync", log),
    ]
    assert disk.calls[-len(order) - 2 : -2] == order


def test_a_tail_longer_than_any_write_is_damage(sound: LogDirectory) -> None:
    """No crash leaves that much."""
    size = sound.log.stat().st_size
    with sound.log.open("r+b") as file:
        file.truncate(size + MAX_WRITE_BYTES + 1)
    with pytest.raises(LedgerCorruptError) as caught:
        sound.load()
    assert (caught.value.path, caught.value.offset) == (str(sound.log), size)
    assert sound.log.stat().st_size == size + MAX_WRITE_BYTES + 1
    assert sound.torn == []


def test_an_incomplete_end_of_an_older_file_is_damage(sound: LogDirectory) -> None:
    """A new day is begun only behind a whole write."""
    old, end = sound.log, sound.log.stat().st_size
    sound.clock.advance(timedelta(days=1))
    sound.write([new("a", 3)])
    append_bytes(old, b"torn")
    before = sound.files()
    with pytest.raises(LedgerCorruptError) as caught:
        sound.load()
    assert (caught.value.path, caught.value.line, caught.value.offset) == (str(old), 5, end)
    assert sound.files() == before


def test_a_read_only_handle_cuts_nothing_off(sound: LogDirectory) -> None:
    """It shows what is sound before the tail."""
    append_bytes(sound.log, bytes_of_next_write(sound)[:-30])
    before = sound.files()
    for head in (True, False):
        if not head:
            sound.head.unlink()
            del before["HEAD"]
        seen = Seen()
        sound.load(observer=seen, read_only=True).close()
        assert seen.seqs == [1, 2, 3]
        assert sound.files() == before
