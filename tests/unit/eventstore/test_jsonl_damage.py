"""Damage that no crash explains is refused, with its place, and nothing is changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from support.eventstore import (
    LogDirectory,
    Seen,
    append_bytes,
    damages,
    lines_of,
    new,
    reseal,
)

from jobledger import LedgerCorruptError
from jobledger.eventstore.record import Record


@pytest.fixture
def small(ledger: LogDirectory) -> LogDirectory:
    """One day, one write of two records, closed."""
    ledger.write([new("a", 1), new("b", 1)])
    return ledger


@pytest.fixture
def long(ledger: LogDirectory) -> LogDirectory:
    """Three days of three writes each, nine records, closed."""
    for day in range(3):
        ledger.write(*([new("a", 3 * day + n)] for n in (1, 2, 3)))
        ledger.clock.advance(timedelta(days=1))
    return ledger


def refusal(ledger: LogDirectory) -> LedgerCorruptError:
    """Return the error of opening for writing, which changes nothing and says where."""
    before = ledger.files()
    with pytest.raises(LedgerCorruptError) as caught:
        ledger.load()
    assert ledger.files() == before
    error = caught.value
    assert error.path is not None
    assert error.line is not None
    assert error.offset is not None
    assert Path(error.path).parent == ledger.path
    assert error.path in str(error)
    assert f"line {error.line}" in str(error)
    assert f"byte {error.offset}" in str(error)
    return error


def rewrite(path: Path, lines: Sequence[bytes]) -> None:
    path.write_bytes(b"".join(lines))


# -- every bit, every length -----------------------------------------------------------------------


def test_every_flipped_bit_and_every_truncation_is_refused(small: LogDirectory) -> None:
    """With HEAD beside the log none is missed, and none is mended away."""
    before, log = small.files(), small.log
    missed, changed = [], []
    for name, data in damages(before[log.name]):
        log.write_bytes(data)
        try:
            small.load()
        except LedgerCorruptError as error:
            if None in (error.path, error.line, error.offset):
                missed.append(f"{name}: no place in {error}")
        else:
            missed.append(name)
        if small.files() != {**before, log.name: data}:
            changed.append(name)
            small.restore(before)
    assert (missed, changed) == ([], [])


def test_every_truncation_of_every_day_is_refused(long: LogDirectory) -> None:
    """At a line's end as within a line, in old files as in the newest."""
    before = long.files()
    missed, changed = [], []
    for path in long.days():
        for size in range(len(before[path.name])):
            path.write_bytes(before[path.name][:size])
            try:
                long.load()
            except LedgerCorruptError as error:
                if None in (error.path, error.line, error.offset):
                    missed.append(f"{path.name} cut to {size}: no place in {error}")
            else:
                missed.append(f"{path.name} cut to {size}")
            if long.files() != {**before, path.name: before[path.name][:size]}:
                changed.append(f"{path.name} cut to {size}")
                long.restore(before)
        path.write_bytes(before[path.name])
    assert (missed, changed) == ([], [])


# -- the place -------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(1, 5))
def test_a_bad_line_is_named(long: LogDirectory, day: int, line: int) -> None:
    """File, line from 1, and the byte where the line begins."""
    path = long.days()[day]
    lines = lines_of(path)
    lines[line - 1] = lines[line - 1].replace(b"2026", b"2027", 1)
    rewrite(path, lines)
    error = refusal(long)
    assert error.path == str(path)
    assert error.line == line
    assert error.offset == sum(map(len, lines[: line - 1]))
    assert error.kind == ("header" if line == 1 else "hash")


@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(1, 4))
def test_a_bad_line_before_a_sound_later_write_is_refused_without_head(
    long: LogDirectory, day: int, line: int
) -> None:
    """A later write proves that everything before it was on disk: this is no torn tail."""
    long.head.unlink()
    path = long.days()[day]
    lines = lines_of(path)
    lines[line - 1] = lines[line - 1].replace(b"2026", b"2027", 1)
    rewrite(path, lines)
    error = refusal(long)
    assert (error.path, error.line) == (str(path), line)
    assert error.offset == sum(map(len, lines[: line - 1]))


def test_a_bad_line_is_refused_by_a_live_handle_too(long: LogDirectory) -> None:
    """It is found by whoever reads it first, and nothing is appended behind it."""
    store, other = long.load(), long.load()
    other.append([new("b", 1)])
    other.append([new("b", 2)])
    path = long.log
    lines = lines_of(path)
    lines[-2] = lines[-2].replace(b"noted", b"nated")
    rewrite(path, lines)
    before = long.files()
    with pytest.raises(LedgerCorruptError) as caught:
        store.append([new("c", 1)])
    assert (caught.value.path, caught.value.line) == (str(path), len(lines) - 1)
    assert long.files() == before


def test_a_log_cut_beneath_a_live_handle_is_refused(long: LogDirectory) -> None:
    """An append at the old end would leave a hole, and lose what was there without a word."""
    store = long.load()
    store.append([new("b", 1)])
    path = long.log
    rewrite(path, lines_of(path)[:-2])
    before = long.files()
    with pytest.raises(LedgerCorruptError):
        store.append([new("b", 2)])
    assert long.files() == before


# -- lines -----------------------------------------------------------------------------------------


WITH_AND_WITHOUT_HEAD = pytest.mark.parametrize("with_head", [True, False], ids=["HEAD", "no HEAD"])


@WITH_AND_WITHOUT_HEAD
@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(1, 4))
def test_a_deleted_line_is_refused(
    long: LogDirectory, day: int, line: int, with_head: bool
) -> None:
    """A gap is named at the line that stands where the missing one should be."""
    path = long.days()[day]
    if not with_head:
        long.head.unlink()
    lines = lines_of(path)
    del lines[line - 1]
    rewrite(path, lines)
    error = refusal(long)
    assert (error.path, error.line) == (str(path), line)
    assert error.offset == sum(map(len, lines[: line - 1]))


@pytest.mark.parametrize("day", range(3))
def test_a_deleted_last_line_is_refused(long: LogDirectory, day: int) -> None:
    """The next day's header names what is missing; of the newest day only HEAD knows."""
    path = long.days()[day]
    rewrite(path, lines_of(path)[:-1])
    error = refusal(long)
    assert error.path == str(long.days()[min(day + 1, 2)])


@WITH_AND_WITHOUT_HEAD
@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(1, 5))
def test_a_doubled_line_is_refused(
    long: LogDirectory, day: int, line: int, with_head: bool
) -> None:
    """Also the last: no write of this product puts a record there twice."""
    path = long.days()[day]
    if not with_head:
        long.head.unlink()
    lines = lines_of(path)
    lines.insert(line, lines[line - 1])
    rewrite(path, lines)
    error = refusal(long)
    assert (error.path, error.line) == (str(path), line + 1)
    assert error.offset == sum(map(len, lines[:line]))


def test_a_doubled_last_line_without_its_newline_is_refused(long: LogDirectory) -> None:
    """It is sound by itself, but it does not follow: giving it a newline would mend nothing."""
    long.head.unlink()
    append_bytes(long.log, lines_of(long.log)[-1][:-1])
    refusal(long)


@WITH_AND_WITHOUT_HEAD
@pytest.mark.parametrize("day", range(3))
@pytest.mark.parametrize("line", range(2, 4))
def test_swapped_lines_are_refused(
    long: LogDirectory, day: int, line: int, with_head: bool
) -> None:
    """Each is sound; their order is not."""
    path = long.days()[day]
    if not with_head:
        long.head.unlink()
    lines = lines_of(path)
    lines[line - 1], lines[line] = lines[line], lines[line - 1]
    rewrite(path, lines)
    error = refusal(long)
    assert (error.path, error.line) == (str(path), line)


@WITH_AND_WITHOUT_HEAD
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"seq": 5}, "sequence"),
        ({"prev": "f" * 32}, "chain"),
        ({"version": 9}, "version"),
        ({"job": "b"}, "version"),
        ({"data": {"forged": True}}, "chain"),
        ({"at": None}, "form"),
    ],
)
def test_a_line_that_was_rewritten_with_a_hash_that_fits_is_refused(
    long: LogDirectory, changes: dict[str, object], kind: str, with_head: bool
) -> None:
    """By itself or at the next line, whose `prev` still names the old one."""
    path = long.days()[0]
    if not with_head:
        long.head.unlink()
    lines = lines_of(path)
    lines[2] = reseal(lines[2], **changes)
    rewrite(path, lines)
    error = refusal(long)
    assert error.kind == kind
    assert (error.path, error.line) == (str(path), 4 if "data" in changes else 3)


@WITH_AND_WITHOUT_HEAD
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"seq": 3}, "sequence"),
        ({"prev": "f" * 32}, "chain"),
        ({"batch": 0}, "sequence"),
        ({"batch": 99}, "sequence"),
        ({"more": -1}, "sequence"),
    ],
)
def test_within_one_write_every_record_follows_the_one_before(
    ledger: LogDirectory, changes: dict[str, object], kind: str, with_head: bool
) -> None:
    """Also where somebody made the rest of the chain fit."""
    ledger.write([new("a", n) for n in (1, 2, 3)])
    path = ledger.days()[0]
    lines = lines_of(path)
    lines[2] = reseal(lines[2], **changes)
    lines[3] = reseal(lines[3], prev=json.loads(lines[2])["hash"])
    rewrite(path, lines)
    if not with_head:
        ledger.head.unlink()
    assert (refusal(ledger).kind, refusal(ledger).line) == (kind, 3)


def test_a_hash_that_fits_is_no_hash_where_it_is_not_written_as_one(ledger: LogDirectory) -> None:
    """It is found by slicing: only as the last key, and in that very form."""
    ledger.write([new("a", n) for n in (1, 2, 3)])
    path = ledger.days()[0]
    lines = lines_of(path)
    body = lines[2].partition(b',"hash"')[0] + b","
    digest = sha256(body).hexdigest()[:32]
    lines[2] = body + b' "hash":"' + digest.encode() + b'"}\n'
    lines[3] = reseal(lines[3], prev=digest)
    rewrite(path, lines)
    assert (refusal(ledger).kind, refusal(ledger).line) == ("unreadable", 3)


@pytest.mark.parametrize("kind", ["sequence", "chain", "version", "form"])
def test_a_last_line_that_is_sound_and_does_not_follow_is_no_torn_tail(
    long: LogDirectory, kind: str
) -> None:
    """Half a write has no hash that fits."""
    changes: dict[str, dict[str, object]] = {
        "sequence": {"seq": 12},
        "chain": {"prev": "f" * 32},
        "version": {"version": 7},
        "form": {"at": "yesterday"},
    }
    last = lines_of(long.log)[-1]
    following = {"seq": 10, "batch": 10, "version": 10, "prev": json.loads(last)["hash"]}
    append_bytes(long.log, reseal(last, **{**following, **changes[kind]}))
    assert refusal(long).kind == kind


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", range(3))
def test_a_missing_day_file_is_refused(long: LogDirectory, day: int) -> None:
    """The first, one between, and the newest, which only HEAD knows of."""
    path = long.days()[day]
    path.unlink()
    error = refusal(long)
    if day < 2:
        assert (error.path, error.kind) == (str(path), "missing")


@pytest.mark.parametrize("day", range(2))
def test_a_missing_older_day_file_is_refused_without_head(long: LogDirectory, day: int) -> None:
    """The header of the next file names it."""
    long.head.unlink()
    path = long.days()[day]
    path.unlink()
    error = refusal(long)
    assert (error.path, error.kind) == (str(path), "missing")


def test_a_ledger_whose_log_is_gone_is_not_made_anew(long: LogDirectory) -> None:
    """HEAD tells that there was one."""
    for path in long.days():
        path.unlink()
    error = refusal(long)
    assert (error.path, error.kind) == (str(long.head), "missing")
    assert long.days() == []


@WITH_AND_WITHOUT_HEAD
@pytest.mark.parametrize("day", range(3))
def test_a_file_of_another_ledger_is_refused(
    long: LogDirectory, tmp_path: Path, day: int, with_head: bool
) -> None:
    """Of the same days, with as many records, and sound in itself."""
    if not with_head:
        long.head.unlink()
    other = LogDirectory(tmp_path / "other")
    for n in range(3):
        other.write(*([new("a", 3 * n + m)] for m in (1, 2, 3)))
        other.clock.advance(timedelta(days=1))
    shutil.copy(other.days()[day], long.days()[day])
    refusal(long)


def test_a_day_file_under_another_days_name_is_refused(long: LogDirectory) -> None:
    """Its header tells its day."""
    path = long.days()[2]
    later = path.with_name("events_2026-03-09.jsonl")
    path.rename(later)
    error = refusal(long)
    assert (error.path, error.line, error.kind) == (str(later), 1, "header")


@pytest.mark.parametrize("name", ["events_2026-02-01.jsonl", "events_2026-03-09.jsonl"])
def test_a_file_that_does_not_belong_is_refused(long: LogDirectory, name: str) -> None:
    """Before the first day or after the last: nothing is passed over in silence."""
    (long.path / name).write_bytes(b"not ours\n")
    error = refusal(long)
    assert error.path == str(long.path / name)


@pytest.mark.parametrize("day", range(3))
def test_an_empty_day_file_is_refused(long: LogDirectory, day: int) -> None:
    """A day file comes into being with its header, at once."""
    path = long.days()[day]
    path.write_bytes(b"")
    error = refusal(long)
    assert (error.path, error.line, error.offset) == (str(path), 1, 0)


# -- HEAD ------------------------------------------------------------------------------------------


def garble(data: bytes) -> bytes:
    return data.replace(b'"seq":9', b'"seq":8')


HEADS = {
    "missing": lambda head: head.unlink(),
    "empty": lambda head: head.write_bytes(b""),
    "zeros": lambda head: head.write_bytes(b"\0" * 320),
    "half": lambda head: head.write_bytes(head.read_bytes()[:100]),
    "garbled": lambda head: head.write_bytes(garble(head.read_bytes())),
    "ahead, without its check": lambda head: head.write_bytes(
        head.read_bytes().replace(b'"durable_seq":9', b'"durable_seq":99')[:319] + b"\n"
    ),
    "foreign text": lambda head: head.write_bytes(b"hello\n"),
}


@pytest.mark.parametrize("spoil", list(HEADS.values()), ids=list(HEADS))
def test_without_a_readable_head_a_sound_log_is_opened(long: LogDirectory, spoil: object) -> None:
    """HEAD is a help and not the truth: it is made again as it was."""
    head = long.head.read_bytes()
    assert callable(spoil)
    spoil(long.head)
    seen = Seen()
    store = long.load(observer=seen)
    assert seen.seqs == list(range(1, 10))
    store.close()
    assert long.head.read_bytes() == head


@pytest.mark.parametrize("writes", range(9))
def test_a_head_that_is_behind_the_log_is_brought_up(ledger: LogDirectory, writes: int) -> None:
    """As after a power cut: it is not synced with every append."""
    store = ledger.load()
    stale = b""
    for version in range(1, 10):
        if version - 1 == writes:
            stale = ledger.head.read_bytes()
        store.append([new("a", version)])
        if version % 3 == 0:
            ledger.clock.advance(timedelta(days=1))
    store.close()
    head = ledger.head.read_bytes()
    assert stale not in (b"", head)
    ledger.head.write_bytes(stale)

    seen = Seen()
    ledger.load(observer=seen).close()
    assert seen.seqs == list(range(1, 10))
    assert ledger.head.read_bytes() == head


def test_a_head_of_another_ledger_is_refused(long: LogDirectory, tmp_path: Path) -> None:
    """Files were mixed up."""
    other = LogDirectory(tmp_path / "other")
    other.write([new("a", 1)])
    shutil.copy(other.head, long.head)
    error = refusal(long)
    assert (error.path, error.kind) == (str(long.head), "head")


def test_a_log_that_ends_in_another_record_than_head_has_is_refused(long: LogDirectory) -> None:
    """The last record was rewritten with a hash that fits: only HEAD has the old one."""
    lines = lines_of(long.log)
    lines[-1] = reseal(lines[-1], job="a", data={})
    assert lines == lines_of(long.log)
    lines[-1] = reseal(lines[-1], type="nated")
    rewrite(long.log, lines)
    error = refusal(long)
    assert error.path == str(long.log)


# -- what the records mean -------------------------------------------------------------------------


@WITH_AND_WITHOUT_HEAD
@pytest.mark.parametrize("seq", [1, 5, 8, 9])
def test_an_observer_that_refuses_a_record_is_heard(
    long: LogDirectory, seq: int, with_head: bool
) -> None:
    """A record that is sound as bytes and impossible as an event: never passed over or cut off."""
    if not with_head:
        long.head.unlink()

    def refuse(records: Sequence[Record]) -> None:
        if any(record.seq == seq for record in records):
            raise LedgerCorruptError("no such transition", kind="transition")

    before = long.files()
    with pytest.raises(LedgerCorruptError, match="no such transition"):
        long.load(observer=refuse)
    assert long.files() == before


# -- looking at damage -----------------------------------------------------------------------------


@WITH_AND_WITHOUT_HEAD
def test_a_read_only_handle_shows_what_is_sound_before_the_damage(
    long: LogDirectory, with_head: bool
) -> None:
    """It does not raise; `damage` says where it stopped, and nothing is changed."""
    if not with_head:
        long.head.unlink()
    path = long.days()[1]
    lines = lines_of(path)
    lines[2] = lines[2].replace(b"noted", b"nated")
    rewrite(path, lines)
    before = long.files()

    seen = Seen()
    store = long.load(observer=seen, read_only=True)
    store.refresh()

    assert seen.seqs == [1, 2, 3, 4]
    assert (store.seq, store.version("a")) == (4, 4)
    assert store.damage is not None
    assert (store.damage.path, store.damage.line) == (str(path), 3)
    assert not store.changed()
    assert [r.seq for r in store.read()] == [1, 2, 3, 4]
    store.close()
    assert long.files() == before


def test_a_read_only_handle_outlives_damage_that_comes_later(long: LogDirectory) -> None:
    """It keeps what it has shown, and says where it stopped."""
    seen = Seen()
    reader, writer = long.load(observer=seen, read_only=True), long.load()
    writer.append([new("b", 1)])
    writer.append([new("b", 2)])
    lines = lines_of(long.log)
    lines[-1] = lines[-1].replace(b"noted", b"nated")
    rewrite(long.log, lines)

    reader.refresh()

    assert seen.seqs == list(range(1, 11))
    assert reader.damage is not None
    assert reader.damage.line == len(lines)


def test_a_first_file_without_a_header_shows_nothing_and_says_so(long: LogDirectory) -> None:
    """Read-only: there is nothing sound before line 1."""
    path = long.days()[0]
    rewrite(path, lines_of(path)[1:])
    seen = Seen()
    store = long.load(observer=seen, read_only=True)
    assert seen.calls == []
    assert store.damage is not None
    assert (store.damage.path, store.damage.line, store.damage.offset) == (str(path), 1, 0)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"ledger": "another"}, "header"),
        ({"day": "2026-03-09"}, "header"),
        ({"previous": "events_2026-01-01.jsonl"}, "missing"),
        ({"prev": "0" * 32}, "chain"),
        ({"first_seq": 2}, "chain"),
    ],
)
def test_a_header_that_does_not_continue_the_log_is_refused(
    long: LogDirectory, changes: dict[str, object], kind: str
) -> None:
    """Its own hash fits, and what follows is chained to it: only the header itself is wrong."""
    path = long.days()[-1]
    long.head.unlink()
    header, *records = lines_of(path)
    lines = [reseal(header, **changes)]
    for record in records:
        lines.append(reseal(record, prev=json.loads(lines[-1])["hash"]))
    rewrite(path, lines)
    error = refusal(long)
    assert error.kind == kind
    assert error.line == 1
