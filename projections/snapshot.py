"""The snapshot: the board and what belongs to it, saved with the position that they stand for.

It is a cache and never the truth: opening a ledger from it reads only the events that came after,
and one that is stale, torn, or of another ledger or release is no worse than none. The file is one
line of JSON, which has the hash of all the rest, and then the state in MessagePack.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterable
from hashlib import sha256
from sys import intern

import msgspec
from msgspec.structs import force_setattr

from ..domain import (
    NO_KEYS,
    JobLedgerError,
    JobPlace,
    JobStatus,
    Moment,
    ScheduledJob,
    fold,
    share_message,
)
from ..eventstore import DayRead, Position, Repaired
from .board import BoardState
from .counters import CountsOfLog
from .daily_files import DayState
from .jobs import OPEN, JobsPage, JobsState, pack, unpack
from .post_times import PostTimesState
from .schedules import SchedulesState

FORMAT = 5
LONGEST_HEADER = 4096
_AT_ONCE = 512
"""So many open jobs are encoded at once, and so many are there twice when they are read."""
_NOWHERE = -1
_Numbers = bytes  # whole numbers of four bytes


class SnapshotError(JobLedgerError):
    """The snapshot cannot be used. Internal: then the whole log is read."""


UNREADABLE = (
    msgspec.MsgspecError, LookupError, ValueError, TypeError, ArithmeticError, RecursionError,
    MemoryError, zlib.error,
)  # fmt: skip
"""What bytes may lead to that are no snapshot, or one that was forged."""


class OtherReleaseError(SnapshotError):
    """Another release of jobledger made it, or another number of the fold (`domain/job/fold.py`):
    it is behind, and not wrong."""


class Snapshot(msgspec.Struct, frozen=True):
    """The state after the event that `position` stands behind.

    `post_times` is only there where the handle that saved it paced its accounts.
    """

    position: Position
    board: BoardState
    days: list[DayState]
    post_times: PostTimesState | None = None
    counts: CountsOfLog | None = None


class SnapshotHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: which ledger's state this is, after which event, and who made it; `fold` is
    the number of the fold that did."""

    format: int
    made_by: str
    ledger: str
    seq: int
    size: int
    fold: int = 0
    hash: str = ""


class _Body(msgspec.Struct, frozen=True, array_like=True):
    """A snapshot in which ids are numbers, counted in the order of adding."""

    days_read: list[DayRead]
    line: int
    batch: int
    write_offset: int
    repairs: list[Repaired]
    ids: list[str]
    versions: _Numbers
    at: Moment | None
    open: list[bytes]
    recent: bytes
    pages: list[bytes]
    page_of: _Numbers
    by_status: dict[JobStatus, _Numbers]
    by_account: dict[str, _Numbers]
    unknown: list[tuple[int, JobPlace]]
    days: list[tuple[str, int, Moment | None, _Numbers]]
    post_times: PostTimesState | None
    schedules: SchedulesState
    counts: CountsOfLog | None


_headers = msgspec.json.Decoder(SnapshotHeader)
_bodies = msgspec.msgpack.Decoder(_Body)


def check_of_one_moment(snapshot: Snapshot) -> None:
    """Check that the state and the position in the log belong together.

    Raises:
        SnapshotError: they do not: whoever goes on from it would know something else than the log.
    """
    position, board = snapshot.position, snapshot.board
    if board.seq != position.seq:
        raise SnapshotError(f"the state is of event {board.seq}, the position of {position.seq}")
    if snapshot.counts is not None and snapshot.counts.seq != position.seq:
        raise SnapshotError(f"its counters are of event {snapshot.counts.seq}")
    known = {job.job_id: job.version for job in (*board.jobs.open, *board.jobs.recent)}
    for key, version in (known | board.schedules.versions).items():
        if position.versions.get(key) != version:
            raise SnapshotError(f"job {key} is not at the version that the log has it at")


def encode_snapshot(snapshot: Snapshot, release: str) -> bytes:
    """Return the file's bytes. They are read only by the same `release` on the same kind of
    machine."""
    position = snapshot.position
    body = msgspec.msgpack.encode(_packed(snapshot))
    header = SnapshotHeader(
        format=FORMAT,
        made_by=_maker(release),
        ledger=position.ledger,
        seq=position.seq,
        size=len(body),
        fold=fold.FOLD,
    )
    header = msgspec.structs.replace(header, hash=_hash(header, body))
    return msgspec.json.encode(header) + b"\n" + body


def _packed(snapshot: Snapshot) -> _Body:
    position, board = snapshot.position, snapshot.board
    ids = list(position.versions)
    number_of = {job_id: number for number, job_id in enumerate(ids)}
    page_of = board.jobs.page_of

    def numbers(members: Iterable[str]) -> bytes:
        return array("I", map(number_of.__getitem__, members)).tobytes()

    return _Body(
        days_read=position.days,
        line=position.line,
        batch=position.batch,
        write_offset=position.write_offset,
        repairs=position.repairs,
        ids=ids,
        versions=array("I", position.versions.values()).tobytes(),
        at=board.at,
        open=[
            pack(board.jobs.open[begin : begin + _AT_ONCE])
            for begin in range(0, len(board.jobs.open), _AT_ONCE)
        ],
        recent=pack(board.jobs.recent),
        pages=[page.data for page in board.jobs.pages],
        page_of=array("i", (page_of.get(job_id, _NOWHERE) for job_id in ids)).tobytes(),
        by_status={status: numbers(members) for status, members in board.by_status.items()},
        by_account={name: numbers(members) for name, members in board.by_account.items()},
        unknown=[(number_of[job_id], place) for job_id, place in board.unknown.items()],
        days=[(day.day, day.seq, day.updated_at, numbers(day.jobs)) for day in snapshot.days],
        post_times=snapshot.post_times,
        schedules=board.schedules,
        counts=snapshot.counts,
    )


def decode_header(start: bytes) -> tuple[SnapshotHeader, int]:
    """Return the header of a file that begins so, and how many bytes it takes.

    Raises:
        SnapshotError: it has none.
    """
    line, newline, _ = start[:LONGEST_HEADER].partition(b"\n")
    try:
        return _headers.decode(line), len(line) + len(newline)
    except UNREADABLE as error:
        raise SnapshotError(f"its first line is not a header: {error}") from error


def other_release(header: SnapshotHeader) -> OtherReleaseError:
    """Return the error for what this release cannot read."""
    return OtherReleaseError(
        f"it was made by {header.made_by}, in format {header.format}, by fold {header.fold}"
    )


def decode_snapshot(data: bytes, release: str) -> Snapshot:
    """Return the snapshot of a file's bytes.

    Raises:
        SnapshotError: it is damaged, or another release's.
    """
    header, length = decode_header(data)
    body = memoryview(data)[length:]
    if not is_made_by(header, release):
        raise other_release(header)
    if (
        header.size != len(body) or header.hash != _hash(header, body)  # rule: hash-of-a-snapshot
    ):
        raise SnapshotError("it is damaged: the hash does not match its bytes")
    try:
        snapshot = _unpacked(header, _bodies.decode(body))
        if snapshot.position.seq != header.seq:
            raise SnapshotError(f"its position is not that of event {header.seq}")
        return snapshot
    except UNREADABLE as error:
        raise SnapshotError(f"its hash matches and it cannot be read all the same: {error}") from (
            error
        )


def _unpacked(header: SnapshotHeader, body: _Body) -> Snapshot:
    ids = body.ids

    def named(numbers: bytes) -> list[str]:
        return list(map(ids.__getitem__, array("I", numbers)))

    by_status = {status: named(members) for status, members in body.by_status.items()}
    # One number object for all jobs of a page.
    numbers = range(len(body.pages))
    shared = [*numbers, _NOWHERE]
    page_of = {
        job_id: shared[number]
        for job_id, number in zip(ids, array("i", body.page_of), strict=True)
        if number != _NOWHERE
    }
    return Snapshot(
        position=Position(
            ledger=header.ledger,
            days=body.days_read,
            line=body.line,
            batch=body.batch,
            write_offset=body.write_offset,
            repairs=body.repairs,
            versions=dict(zip(ids, array("I", body.versions), strict=True)),
        ),
        board=BoardState(
            seq=header.seq,
            at=body.at,
            jobs=JobsState(
                open=_sharing(body.open, by_status),
                recent=unpack(body.recent),
                pages=[JobsPage(data) for data in body.pages],
                page_of=page_of,
            ),
            by_status=by_status,
            by_account={name: named(members) for name, members in body.by_account.items()},
            unknown={ids[number]: place for number, place in body.unknown},
            schedules=body.schedules,
        ),
        days=[DayState(day, seq, at, named(jobs)) for day, seq, at, jobs in body.days],
        post_times=body.post_times,
        counts=body.counts,
    )


def _sharing(pages: list[bytes], by_status: dict[JobStatus, list[str]]) -> list[ScheduledJob]:
    """Return the open jobs; what many of them have alike is there once, and so are their ids, as in
    a state that was never saved: that saves a third of what they take."""
    ids = {job_id: job_id for status in OPEN for job_id in by_status.get(status, ())}
    found: list[ScheduledJob] = []
    for page in pages:
        jobs = unpack(page)
        _share(jobs, ids)
        found += jobs
    return found


def _share(jobs: list[ScheduledJob], ids: dict[str, str]) -> None:
    for job in jobs:  # which nobody else has yet
        force_setattr(job, "job_id", ids[job.job_id])
        force_setattr(job, "account_id", intern(job.account_id))
        force_setattr(job, "platform", intern(job.platform))
        share_message(job)
        if not job.metadata:
            force_setattr(job, "metadata", NO_KEYS)
        if not job.checkpoints:
            force_setattr(job, "checkpoints", NO_KEYS)


def is_made_by(header: SnapshotHeader, release: str) -> bool:
    """Whether this release, on a machine of this kind, can read what is behind the header."""
    return (header.format, header.fold) == (FORMAT, fold.FOLD) and header.made_by == _maker(release)


def _maker(release: str) -> str:
    return f"jobledger {release}, {sys.byteorder}-endian"


def _hash(header: SnapshotHeader, body: bytes | memoryview) -> str:
    """Of the header's other fields, and of everything behind it."""
    digest = sha256(msgspec.json.encode(msgspec.structs.replace(header, hash="")))
    digest.update(body)
    return digest.hexdigest()
