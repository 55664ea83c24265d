"""One line of the log: how a record is written, chained and read back (docs/log-format.md).

A line ends in `,"hash":"<32 hex digits>"}`. The hash is the first 128 bits of the SHA-256 of the
line's own bytes before that ending, and those bytes hold `prev`, the hash of the record before. So
a line is verified by slicing bytes: nothing is ever serialised again to check it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from ..domain import Moment, timestamp

FORMAT_VERSION = 1
GENESIS = "0" * 32
"""The `prev` of the very first line of a ledger."""
MAX_LINE_BYTES = 1024 * 1024
"""No sound line is longer (content, metadata and errors are bounded well below)."""

MAX_WRITE_BYTES = 1024 * 1024 * 1024
"""No single write is longer, so no torn tail is (docs/adr/0011)."""

_HASH_KEY = b',"hash":"'
_ENDING = len(_HASH_KEY) + 32 + 2


class RecordError(Exception):
    """A line that is not a sound record; `kind` is what `verify` calls it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class NewRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a caller appends. `version` is expected to follow the job's latest one; `by` says who
    causes it, and is no key of the line where it is None; `at` is when it was decided, None: when
    it is written.

    Who has a `Form` of its own may append records of a class of its own: they come to its `make`.
    """

    type: str
    job_id: str
    version: int
    schema: int
    data: bytes
    by: str | None = None
    at: datetime | None = None


class Sealed(Protocol):
    """What every form of a record has: its place in the log, and its hashes."""

    @property
    def seq(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def more(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def job_id(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def prev(self) -> str: ...
    @property
    def hash(self) -> str: ...


R = TypeVar("R", bound=Sealed)


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename={"job_id": "job"}):
    """One record as it stands in the log; `data` is the raw JSON of the event's data.

    `line` is what it was read from, without the newline, where the reader kept that.
    """

    seq: int
    batch: int
    more: int
    at: Moment
    type: str
    job_id: str
    version: int
    schema: int
    data: msgspec.Raw
    prev: str
    hash: str
    by: str | None = None
    line: bytes = b""


class Repaired(msgspec.Struct, frozen=True):
    """A repair that this day file was begun by: what was lost, and where its bytes are kept.

    The events behind the file before are gone, up to `lost_to` as far as was known; their numbers
    are used again.
    """

    at: Moment
    lost_to: int
    bytes: int
    kept: str
    why: str


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """Where a day of the log was begun: on which machine (`id` is the hash of what the machine goes
    by, "" where it has nothing), and in which directory of it, by the number of its inode."""

    name: str
    id: str
    directory: int

    def is_same(self, other: Host) -> bool:
        """Say whether another is the same, as far as anybody can tell."""
        machines = {self.id, other.id} - {""}
        return self.directory == other.directory and len(machines) < 2


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
    host: Host | None = None
    hash: str = ""


_NO_BYTES = sha256()
_headers = msgspec.json.Decoder(Header)
_encode = msgspec.json.Encoder().encode


class Form(NamedTuple, Generic[R]):
    """What a log hands its records out as: something with all that a `Record` has but `line`.

    `read` makes it of a line, and raises as msgspec does; `read_all` of many lines at once, each
    with its newline, and raises if it can't make it of one of them; `make` of a record that was
    just written: gets `seq, batch, more, at, prev, hash` besides.
    """

    read: Callable[[bytes], R]
    read_all: Callable[[bytes], list[R]]
    make: Callable[[NewRecord, int, int, int, datetime, str, str], R]


def _make_record(
    new: NewRecord, seq: int, batch: int, more: int, at: datetime, prev: str, hash: str
) -> Record:
    return Record(
        seq=seq,
        batch=batch,
        more=more,
        at=at,
        type=new.type,
        job_id=new.job_id,
        version=new.version,
        schema=new.schema,
        data=msgspec.Raw(new.data),
        prev=prev,
        hash=hash,
        by=new.by,
    )


_records = msgspec.json.Decoder(Record)
_read_record = _records.decode

RECORDS = Form(_read_record, _records.decode_lines, _make_record)
"""As records, with their data as it stands in the log."""


def seal(body: bytes) -> tuple[bytes, str]:
    """Return the line (with its newline) of a body that lacks its closing brace, and its hash."""
    digest = sha256(body).hexdigest()[:32]
    return b'%b,"hash":"%b"}\n' % (body, digest.encode()), digest


def encode_write(
    news: Sequence[NewRecord],
    *,
    seq: int,
    batch: int,
    at: datetime,
    prev: str,
    form: Form[R],
) -> tuple[bytes, list[R]]:
    """Encode one write, whose first record is number `seq`: its lines; and its records, as reading
    them back would give them. `at` is the time of those that do not have their own."""
    lines: list[bytes] = []
    records: list[R] = []
    left, make = len(news), form.make
    decided, moment = None, b""
    for new in news:
        left -= 1
        when = new.at or at
        if when is not decided:  # most writes are of one moment
            decided, moment = when, timestamp(when).encode()
        body = (
            b'{"seq":%d,"batch":%d,"more":%d,"at":"%b","type":"%b","job":%b,"version":%d,'
            b'"schema":%d,%b"data":%b,"prev":"%b"'
        ) % (
            seq,
            batch,
            left,
            moment,
            new.type.encode(),
            _encode(new.job_id),
            new.version,
            new.schema,
            b"" if new.by is None else b'"by":%b,' % _encode(new.by),
            new.data,
            prev.encode(),
        )
        line, digest = seal(body)
        if len(line) > MAX_LINE_BYTES:
            raise ValueError(f"a record of {len(line)} bytes is longer than {MAX_LINE_BYTES}")
        lines.append(line)
        records.append(make(new, seq, batch, left, when, prev, digest))
        seq, prev = seq + 1, digest
    return b"".join(lines), records


def encode_header(header: Header) -> tuple[bytes, str]:
    """Return the line of a header, and its hash."""
    fields = {name: getattr(header, name) for name in Header.__struct_fields__ if name != "hash"}
    for name in ("repaired", "host"):
        if fields[name] is None:
            del fields[name]
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


def decode_record(line: bytes) -> Record:
    """Decode a record. As `decode_line`."""
    return decode_line(line, _read_record)


def decode_line(line: bytes, read: Callable[[bytes], R]) -> R:
    """Decode the record of a line (without its newline), with its hash checked.

    Raises:
        RecordError: `unreadable` and `hash` as in `check_hash`; `form` where the hash is sound and
            the line is no record all the same.
    """
    try:
        record = read(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        check_hash(line)
        raise RecordError("form", f"the line is not a record: {error}") from None
    if (
        sha256(line[:-_ENDING]).hexdigest()[:32] != record.hash  # rule: hash-of-a-line
        or line[-_ENDING:-34] != _HASH_KEY
    ):
        check_hash(line)  # says what it is
        raise RecordError("form", "the line's hash is not its last key")
    return record


def own_hashes(lines: Sequence[bytes]) -> list[str | None]:
    """Return the hash of each line's bytes; None where the line does not end in one."""
    begin = _NO_BYTES.copy  # which costs half as much as to look the algorithm up for each
    found: list[str | None] = []
    for line in lines:
        if line[-_ENDING:-34] != _HASH_KEY:  # rule: hash-is-the-last-key
            found.append(None)
            continue
        digest = begin()
        digest.update(line[:-_ENDING])
        found.append(digest.hexdigest()[:32])
    return found


def day_name(day: str) -> str:
    """Name the lines of a day, as headers do: that of its file, wherever they are kept."""
    return f"events_{day}.jsonl"


def decode_header(line: bytes) -> Header:
    """Return the header of a line (without its newline).

    Raises:
        RecordError: as for records; `format` where a newer release wrote the file.
    """
    check_hash(line)  # rule: hash-of-a-header
    try:
        header = _headers.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise RecordError("form", f"the first line is not a header: {error}") from None
    if header.format > FORMAT_VERSION:
        raise RecordError(
            "format", f"log format {header.format} is newer than {FORMAT_VERSION}, the one known"
        )
    return header
