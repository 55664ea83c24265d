"""One line of the log: how a record is written, chained and read back (docs/log-format.md).

A line ends in `,"hash":"<32 hex digits>"}`. The hash is the first 128 bits of the SHA-256 of the
line's own bytes before that ending, and those bytes hold `prev`, the hash of the record before. So
a line is verified by slicing bytes: nothing is ever serialised again to check it.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import msgspec

from ..domain.events import timestamp

FORMAT_VERSION = 1
GENESIS = "0" * 32
"""The `prev` of the very first line of a ledger."""
MAX_LINE_BYTES = 1024 * 1024
"""No sound line is longer (content, metadata and errors are bounded well below)."""

_HASH_KEY = b',"hash":"'
_ENDING = len(_HASH_KEY) + 32 + 2


class RecordError(Exception):
    """A line that is not a sound record; `kind` is what `verify` calls it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class NewRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller appends. `version` is expected to follow the job's latest one."""

    type: str
    job: str
    version: int
    schema: int
    data: bytes


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One record as it stands in the log; `data` is the raw JSON of the event's data.

    `line` is what it was read from, without the newline, where the reader kept that.
    """

    seq: int
    batch: int
    more: int
    at: datetime
    type: str
    job: str
    version: int
    schema: int
    data: msgspec.Raw
    prev: str
    hash: str
    line: bytes = b""


class Repaired(msgspec.Struct, frozen=True):
    """A repair that this day file was begun by: what was lost, and where its bytes are kept.

    The events behind the file before are gone, up to `lost_to` as far as was known; their numbers
    are used again.
    """

    at: datetime
    lost_to: int
    bytes: int
    kept: str
    why: str


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of each day file. `previous` names the file before it, None for the first."""

    format: int
    ledger: str
    timezone: str
    day: str
    first_seq: int
    previous: str | None
    prev: str
    repaired: Repaired | None = None
    hash: str = ""


_records = msgspec.json.Decoder(Record)
_headers = msgspec.json.Decoder(Header)


def seal(body: bytes) -> tuple[bytes, str]:
    """The line (with its newline) of a body that lacks its closing brace, and its hash."""
    digest = sha256(body).hexdigest()[:32]
    return b'%b,"hash":"%b"}\n' % (body, digest.encode()), digest


def encode_record(
    new: NewRecord, *, seq: int, batch: int, more: int, at: datetime, prev: str
) -> tuple[bytes, Record]:
    """The line of a new record, and the record that reading it back would give."""
    body = (
        b'{"seq":%d,"batch":%d,"more":%d,"at":"%b","type":"%b","job":%b,"version":%d,"schema":%d,'
        b'"data":%b,"prev":"%b"'
    ) % (
        seq,
        batch,
        more,
        timestamp(at).encode(),
        new.type.encode(),
        msgspec.json.encode(new.job),
        new.version,
        new.schema,
        new.data,
        prev.encode(),
    )
    line, digest = seal(body)
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"a record of {len(line)} bytes is longer than {MAX_LINE_BYTES}")
    return line, Record(
        seq=seq,
        batch=batch,
        more=more,
        at=at,
        type=new.type,
        job=new.job,
        version=new.version,
        schema=new.schema,
        data=msgspec.Raw(new.data),
        prev=prev,
        hash=digest,
    )


def encode_header(header: Header) -> tuple[bytes, str]:
    """The line of a header, and its hash."""
    fields = {name: getattr(header, name) for name in Header.__struct_fields__ if name != "hash"}
    if header.repaired is None:
        del fields["repaired"]
    return seal(msgspec.json.encode(fields)[:-1])


def check_hash(line: bytes) -> None:
    """Check a line (without its newline) against its own hash.

    Raises:
        RecordError: `unreadable` where it has none, `hash` where it differs.
    """
    if line[-_ENDING : -_ENDING + len(_HASH_KEY)] != _HASH_KEY or not line.endswith(b'"}'):
        raise RecordError("unreadable", "the line does not end in a hash")
    if sha256(line[:-_ENDING]).hexdigest()[:32].encode() != line[-34:-2]:
        raise RecordError("hash", "the line's hash does not match its bytes")


def decode_record(line: bytes, *, keep_line: bool = False) -> Record:
    """The record of a line (without its newline), with its hash checked.

    Raises:
        RecordError: `unreadable` and `hash` as in `check_hash`; `form` where the hash is sound and
            the line is no record all the same.
    """
    try:
        record = _records.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        check_hash(line)
        raise RecordError("form", f"the line is not a record: {error}") from None
    digest = sha256(line[:-_ENDING]).hexdigest()[:32]
    if record.hash != digest or line[-_ENDING:-34] != _HASH_KEY:
        check_hash(line)  # says what it is
        raise RecordError("form", "the line's hash is not its last key")
    if keep_line:
        msgspec.structs.force_setattr(record, "line", line)  # nobody else has it yet
    return record


def decode_header(line: bytes) -> Header:
    """The header of a line (without its newline).

    Raises:
        RecordError: as for records; `format` where a newer release wrote the file.
    """
    check_hash(line)
    try:
        header = _headers.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise RecordError("form", f"the first line is not a header: {error}") from None
    if header.format > FORMAT_VERSION:
        raise RecordError(
            "format", f"log format {header.format} is newer than {FORMAT_VERSION}, the one known"
        )
    return header
