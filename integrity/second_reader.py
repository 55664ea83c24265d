"""The second reader of the log: lines, records, headers and HEAD as docs/log-format.md has them.

Nothing here is shared with the writer, so that one mistake cannot hide in both: lines are cut and
hashed with the standard library, from the document's words.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..domain import Moment
from ..eventstore.engines.files import FileSystem, storage_errors
from .findings import Broken as Broken
from .packed_reader import ENDING, read_packed, where_it_is

FIRST_PREV = "0" * 32
"""The `prev` of the first line of a ledger."""
LONGEST_WRITE = 1024 * 1024 * 1024
_LONGEST_LINE = 1024 * 1024
_CHUNK = 256 * 1024
_LINE = re.compile(rb'(?s)(.*),"hash":"([0-9a-f]{32})"\}')
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_BY = re.compile(r"[A-Za-z0-9._:@/-]{1,64}")
_HEAD = re.compile(rb'(?s)(.*),"check":"([0-9a-f]{16})"\}')


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line without its newline; `whole` when it has one. An overlong line has no data."""

    number: int
    offset: int
    data: bytes
    end: int
    """The byte after it, the newline included."""
    whole: bool = True


class KeptBytes(msgspec.Struct, frozen=True):
    """Bytes of a day's file from `begin` on that only the journal has."""

    path: Path
    begin: int
    data: bytes


class SoundRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record whose hash fits its bytes and whose keys have their form."""

    seq: int
    batch: int
    more: int
    at: Moment
    type: str
    job: str
    version: int
    schema: int
    prev: str
    data: bytes
    hash: str
    by: str | None


class SoundHeader(msgspec.Struct, frozen=True):
    """A header whose hash fits its bytes. What is not there is None."""

    format: int
    ledger: Any
    timezone: Any
    day: Any
    first_seq: Any
    previous: Any
    prev: Any
    hash: str
    repaired: Any = None
    host: Any = None


class HeadValues(msgspec.Struct, frozen=True):
    """What HEAD says."""

    ledger: str
    day: str
    offset: int
    seq: int
    durable_seq: int
    hash: str
    journal: int | None = None


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    seq: int
    batch: int
    more: int
    at: Moment
    type: str
    job: str
    version: int
    schema: int
    prev: str


class _Data(msgspec.Struct, frozen=True):
    data: msgspec.Raw


_data_of = msgspec.json.Decoder(_Data)
_document = json.JSONDecoder().decode


def cut_lines(data: bytes) -> tuple[list[bytes], bytes]:
    """Return the whole lines of some bytes, without their newlines, and what is behind them."""
    *lines, rest = data.split(b"\n")
    return lines, rest


def read_lines(
    fs: FileSystem, path: Path, progress: Callable[[int], None], kept: KeptBytes | None = None
) -> Iterator[Line]:
    """Yield the lines of a file, each byte read once; `progress` gets the bytes read so far.

    What is `kept` of it in the journal counts in place of what it has there.

    A line that is longer than any may be is handed out without its data, and reading goes on
    behind it. An empty file has one empty line. Of a day that was packed, the lines that it had.

    Raises:
        Broken: it was packed, and cannot be unpacked from there on.
        StorageError: it cannot be read.
    """
    number, start, read, rest, dropped = 1, 0, 0, b"", 0
    chunks = read_packed(fs, path) if path.suffix == ENDING else _read(fs, path)
    if kept is not None and kept.path == path:
        chunks = _with_kept(chunks, kept)
    for chunk in chunks:
        read += len(chunk)
        lines, rest = cut_lines(rest + chunk)
        for data in lines:
            end = start + dropped + len(data) + 1
            yield Line(number, start, data if end - start <= _LONGEST_LINE else b"", end)
            number, start, dropped = number + 1, end, 0
        if dropped + len(rest) > _LONGEST_LINE:
            dropped, rest = dropped + len(rest), b""
        progress(read)
    if read > start or number == 1:
        yield Line(number, start, rest, read, False)


def _read(fs: FileSystem, path: Path) -> Iterator[bytes]:
    read = 0
    try:
        fd = fs.open_read(path)
    except OSError as error:
        with storage_errors("read", path):
            there = where_it_is(fs, path)
            if there == path:
                raise error
        yield from read_packed(fs, there)  # it was packed since it was listed
        return
    try:
        with storage_errors("read", path):
            while chunk := fs.read_at(fd, _CHUNK, read):
                read += len(chunk)
                yield chunk
    finally:
        fs.close(fd)


def _with_kept(chunks: Iterator[bytes], kept: KeptBytes) -> Iterator[bytes]:
    data = b"".join(chunks)  # a day whose end was lost in a power cut: seldom, and once
    yield data[: kept.begin] + kept.data + data[kept.begin + len(kept.data) :]


def _split(line: Line) -> tuple[dict[str, Any], str]:
    """Return the keys of a line and its hash, which fits its bytes."""
    if line.end - line.offset > _LONGEST_LINE:
        raise Broken("unreadable", f"the line is longer than {_LONGEST_LINE} bytes")
    match = _LINE.fullmatch(line.data)
    if match is None:
        raise Broken("unreadable", "the line does not end in a hash")
    body, digest = match[1], match[2].decode()
    if hashlib.sha256(body).digest()[:16].hex() != digest:
        raise Broken("hash", "the line's hash does not match its bytes")
    try:
        document = _document(line.data.decode())
    except (ValueError, RecursionError) as error:
        raise Broken("form", f"the line is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Broken("form", "the line is not a JSON object")
    return document, digest


def parse_header(line: Line) -> SoundHeader:
    """Return the header of a file's first line.

    Raises:
        Broken: it is none, or its hash does not fit its bytes.
    """
    try:
        document, digest = _split(line)
    except Broken as fault:
        raise Broken("header", fault.message) from None
    form = document.get("format")
    if not isinstance(form, int) or isinstance(form, bool):
        raise Broken("header", "the file does not begin with a header")
    return SoundHeader(
        format=form,
        ledger=document.get("ledger"),
        timezone=document.get("timezone"),
        day=document.get("day"),
        first_seq=document.get("first_seq"),
        previous=document.get("previous"),
        prev=document.get("prev"),
        hash=digest,
        repaired=document.get("repaired"),
        host=document.get("host"),
    )


def parse_record(line: Line) -> SoundRecord:
    """Return the record of any other line.

    Raises:
        Broken: it is none, or its hash does not fit its bytes.
    """
    document, digest = _split(line)
    try:
        envelope = msgspec.convert(document, _Envelope)
        data = bytes(_data_of.decode(line.data).data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Broken("form", f"the line is not a record: {error}") from None
    if not _AT.fullmatch(document["at"]):
        raise Broken("form", f"the line's time {document['at']!r:.40} has not the log's form")
    by = document.get("by")
    if "by" in document and (not isinstance(by, str) or not _BY.fullmatch(by)):
        raise Broken("form", f"the line's by {by!r:.40} has not the log's form")
    if not 1 <= envelope.batch <= envelope.seq or envelope.more < 0:
        raise Broken("sequence", f"record {envelope.seq} has an impossible batch")
    return SoundRecord(
        seq=envelope.seq,
        batch=envelope.batch,
        more=envelope.more,
        at=envelope.at,
        type=envelope.type,
        job=envelope.job,
        version=envelope.version,
        schema=envelope.schema,
        prev=envelope.prev,
        data=data,
        hash=digest,
        by=by,
    )


def parse_head(data: bytes) -> HeadValues | None:
    """Return what a HEAD file says; None where its bytes are torn or it is none."""
    match = _HEAD.fullmatch(data.rstrip())
    if match is None or hashlib.sha256(match[1]).digest()[:8].hex() != match[2].decode():
        return None
    try:
        return msgspec.convert(json.loads(match[0].decode()), HeadValues)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None
