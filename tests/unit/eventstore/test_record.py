"""One line of the log: its bytes, its hash, its chain, and what is no record."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace
from support.eventstore import GENESIS, new, reseal, seal

from jobledger.eventstore.engines.files.head import Head, decode_head, encode_head
from jobledger.eventstore.record import (
    MAX_LINE_BYTES,
    RECORDS,
    Header,
    NewRecord,
    Record,
    RecordError,
    decode_header,
    decode_record,
    encode_header,
    encode_write,
)

AT = datetime(2026, 3, 1, 23, 59, 59, 7, tzinfo=UTC)
PREV = "0123456789abcdef" * 2

GOLDEN_BODY = (
    '{"seq":7,"batch":6,"more":1,"at":"2026-03-01T23:59:59.000007Z","type":"added",'
    '"job":"post-1","version":1,"schema":2,'
    '"data":{"content":"Grüße \u2028 \\"\\u0007\\"","n":[1,null]},'
    '"prev":"0123456789abcdef0123456789abcdef"'
).encode()
GOLDEN_HASH = "d35e6aabd0a34819efcb4562b04f0856"

HEADER_BODY = (
    b'{"format":1,"ledger":"6f1f","timezone":"Europe/Berlin","day":"2026-03-02","first_seq":8,'
    b'"previous":"events_2026-03-01.jsonl","prev":"0123456789abcdef0123456789abcdef"'
)
HEADER_HASH = "3722300ebc06f77eef92066671b78806"
HEADER = Header(
    format=1,
    ledger="6f1f",
    timezone="Europe/Berlin",
    day="2026-03-02",
    first_seq=8,
    previous="events_2026-03-01.jsonl",
    prev=PREV,
)


def golden_record() -> NewRecord:
    data = '{"content":"Grüße \u2028 \\"\\u0007\\"","n":[1,null]}'.encode()
    return NewRecord(type="added", job_id="post-1", version=1, schema=2, data=data)


def encoded(record: NewRecord, more: int = 0, **position: object) -> tuple[bytes, Record]:
    """Return the first line of a write, and its record."""
    place = {"seq": 1, "batch": 1, "at": AT, "prev": GENESIS, "form": RECORDS, **position}
    records: list[Record]
    data, records = encode_write([record] * (more + 1), **place)  # type: ignore[arg-type] # as given
    return data.splitlines(keepends=True)[0] if more else data, records[0]


# -- writing ---------------------------------------------------------------------------------------


def test_a_record_is_written_as_the_golden_line() -> None:
    """Byte for byte: this form is read for ever."""
    line, _ = encoded(golden_record(), seq=7, batch=6, more=1, prev=PREV)
    assert line == GOLDEN_BODY + b',"hash":"' + GOLDEN_HASH.encode() + b'"}\n'


def test_who_caused_it_stands_before_the_data() -> None:
    """Where that is said; the line is else the same."""
    line, record = encoded(
        replace(golden_record(), by="web:lan"), seq=7, batch=6, more=1, prev=PREV
    )
    body = GOLDEN_BODY.replace(b'"schema":2,', b'"schema":2,"by":"web:lan",')
    assert line[:-44] == body
    assert decode_record(line[:-1]) == record
    assert record.by == "web:lan"


def test_a_header_is_written_as_the_golden_line() -> None:
    """The same ending as a record's, and no sequence number of its own."""
    line, digest = encode_header(HEADER)
    assert line == HEADER_BODY + b',"hash":"' + HEADER_HASH.encode() + b'"}\n'
    assert digest == HEADER_HASH


@pytest.mark.parametrize(
    ("body", "digest"), [(GOLDEN_BODY, GOLDEN_HASH), (HEADER_BODY, HEADER_HASH)]
)
def test_the_hash_is_half_a_sha256_of_the_bytes_before_it(body: bytes, digest: str) -> None:
    """Anyone can check a line with a standard library."""
    assert hashlib.sha256(body).digest()[:16].hex() == digest


def test_a_line_is_json_for_everybody() -> None:
    """`jq` reads it, keys in this order, and the hash comes last."""
    line, _ = encoded(golden_record(), seq=7, batch=6, more=1, prev=PREV)
    document = json.loads(line)
    assert list(document) == [
        "seq", "batch", "more", "at", "type", "job", "version", "schema", "data", "prev", "hash",
    ]  # fmt: skip
    assert document["data"] == {"content": 'Grüße \u2028 "\u0007"', "n": [1, None]}
    assert line.count(b"\n") == 1


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 999999, tzinfo=UTC), "2026-01-02T03:04:05.999999Z"),
        (
            datetime(2026, 1, 1, 22, 0, tzinfo=timezone(timedelta(hours=-5))),
            "2026-01-02T03:00:00.000000Z",
        ),
    ],
)
def test_times_are_utc_with_six_digits(moment: datetime, written: str) -> None:
    """One width for all, so that lines sort and cut well."""
    line, _ = encoded(new(), at=moment)
    assert json.loads(line)["at"] == written


def test_a_job_id_is_quoted_as_json() -> None:
    """Whatever text it is."""
    line, record = encoded(new('a"b\\c\n'))
    assert json.loads(line)["job"] == 'a"b\\c\n'
    assert decode_record(line[:-1]) == record


def test_a_line_longer_than_any_sound_one_is_not_written() -> None:
    """The limit is on the whole line, its newline included."""
    frame = len(encoded(new(data=b'""'))[0])
    longest, _ = encoded(new(data=b'"' + b"x" * (MAX_LINE_BYTES - frame) + b'"'))
    assert len(longest) == MAX_LINE_BYTES
    with pytest.raises(ValueError, match="longer than"):
        encoded(new(data=b'"' + b"x" * (MAX_LINE_BYTES - frame + 1) + b'"'))


# -- reading ---------------------------------------------------------------------------------------


def test_reading_gives_back_the_record_that_was_written() -> None:
    """All of it, the data as the raw bytes of the line."""
    line, record = encoded(golden_record(), seq=7, batch=6, more=1, prev=PREV)
    assert decode_record(line[:-1]) == record
    assert bytes(record.data) == golden_record().data
    assert (record.seq, record.batch, record.more, record.version, record.schema) == (7, 6, 1, 1, 2)
    assert (record.at, record.prev, record.hash) == (AT, PREV, GOLDEN_HASH)


def test_reading_gives_back_the_header_that_was_written() -> None:
    """With the hash that the next record names as `prev`."""
    line, digest = encode_header(HEADER)
    header = decode_header(line[:-1])
    assert header.hash == digest
    assert (header.day, header.first_seq, header.previous) == (
        "2026-03-02",
        8,
        "events_2026-03-01.jsonl",
    )


def test_a_line_from_another_writer_is_read() -> None:
    """Only the bytes count: blanks and the order of the keys do not, as long as the hash fits."""
    body = b'{ "schema": 1, "version": 1, "job": "a", "type": "noted", "data": { },'
    body += b' "at": "2026-03-01T12:00:00Z", "more": 0, "batch": 1, "seq": 1, "prev": "x"'
    line = body + b',"hash":"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"}'
    assert bytes(decode_record(line).data) == b"{ }"


def test_a_key_from_a_later_release_is_passed_over() -> None:
    """It is covered by the hash like the others."""
    line, _ = encoded(new())
    assert decode_record(reseal(line, later="x")[:-1]).job_id == "a"


def test_every_changed_bit_of_a_line_is_noticed() -> None:
    """Before anything of it is parsed."""
    line = encoded(golden_record())[0][:-1]
    for index in range(len(line)):
        for bit in range(8):
            flipped = bytearray(line)
            flipped[index] ^= 1 << bit
            with pytest.raises(RecordError) as caught:
                decode_record(bytes(flipped))
            assert caught.value.kind in ("hash", "unreadable")


def test_every_truncation_of_a_line_is_noticed() -> None:
    """From nothing at all to all but the last byte."""
    line = encoded(golden_record())[0][:-1]
    for size in range(len(line)):
        with pytest.raises(RecordError):
            decode_record(line[:size])


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"", "unreadable"),
        (b"{}", "unreadable"),
        (b"\0" * 300, "unreadable"),
        (encoded(new())[0], "unreadable"),
        (encoded(new())[0][1:-1], "hash"),
        (encoded(new())[0][:-1].replace(b"noted", b"nated"), "hash"),
    ],
    ids=range(6),
)
def test_a_line_without_a_hash_that_fits_is_told_by_its_ending(line: bytes, kind: str) -> None:
    """Without a hash at the end it is unreadable; with one, its bytes are not those it was of."""
    with pytest.raises(RecordError) as caught:
        decode_record(line)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "line",
    [
        seal({"seq": 1})[:-1],
        seal({"seq": "one"})[:-1],
        reseal(encoded(new())[0], seq="1")[:-1],
        reseal(encoded(new())[0], at="yesterday")[:-1],
        reseal(encoded(new())[0], job=None)[:-1],
        encode_header(HEADER)[0][:-1],
    ],
    ids=range(6),
)
def test_a_hash_that_fits_does_not_make_a_record(line: bytes) -> None:
    """It was written so, by somebody else: no crash leaves a line with a sound hash."""
    with pytest.raises(RecordError) as caught:
        decode_record(line)
    assert caught.value.kind == "form"


def test_deeply_nested_data_is_no_record_and_no_crash() -> None:
    """With a hash that fits, which any tool can compute."""
    body = b'{"seq":1,"data":' + b"[" * 100_000 + b"]" * 100_000
    line = body + b',"hash":"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"}'
    with pytest.raises(RecordError) as caught:
        decode_record(line)
    assert caught.value.kind == "form"


def test_text_that_is_no_utf8_is_no_record() -> None:
    """With a hash that fits."""
    body = encoded(new("j?b"))[0].partition(b',"hash"')[0].replace(b"j?b", b"j\xffb")
    line = body + b',"hash":"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"}'
    with pytest.raises(RecordError) as caught:
        decode_record(line)
    assert caught.value.kind == "form"


def test_a_record_is_no_header() -> None:
    """A day file whose header line is gone does not start with its first record."""
    with pytest.raises(RecordError) as caught:
        decode_header(encoded(new())[0][:-1])
    assert caught.value.kind == "form"


def test_a_header_of_a_newer_format_is_named_as_such() -> None:
    """It is no damage: an older release just does not know it."""
    line = reseal(encode_header(HEADER)[0], format=2, later=True)
    with pytest.raises(RecordError, match="newer") as caught:
        decode_header(line[:-1])
    assert caught.value.kind == "format"


def test_a_head_of_another_form_with_a_check_that_fits_is_no_head() -> None:
    head = Head("ledger", "2026-03-01", 300, 2, 2, GENESIS)
    line = encode_head(head)
    assert decode_head(line) == head
    length = len(line.rstrip().rpartition(b'"check":"')[2]) - 2
    body = b'{"ledger":7'
    check = hashlib.sha256(body).hexdigest()[:length].encode()
    assert decode_head(b'%b,"check":"%b"}' % (body, check)) is None
