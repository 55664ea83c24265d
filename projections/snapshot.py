"""The snapshot: the board and what belongs to it, saved with the position that they stand for.

It is a cache and never the truth: opening a ledger from it reads only the events that came after,
and one that is stale, torn, or of another ledger or release is no worse than none. The file is a
line of JSON, the core, and a hash of both. All that grows with the history is in files beside it,
which the core names (`saved_runs`), and is read when it is asked for.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain
from struct import Struct
from sys import intern

import msgspec
from msgspec.structs import force_setattr

from ..domain import NO_KEYS, JobLedgerError, ScheduledJob, fold, share_message
from ..eventstore import Layers, Position
from .board import BoardState
from .closed_pages import PackedPlaces, PageAccounts
from .counters import CountsOfLog
from .daily_files import DayState
from .jobs import JobsState
from .picked_jobs import unpack
from .post_times import PostTimesState
from .saved_blocks import SavedFile, SavedPartError
from .saved_runs import SavedRun
from .saved_state import Core, SavedState

FORMAT = 7
LONGEST_HEADER = 4096
_TRAILER = Struct("<QQ32s")
"""Where the core begins, how long it is, and the hash."""


class SnapshotError(JobLedgerError):
    """The snapshot cannot be used. Internal: then the whole log is read."""


UNREADABLE = (
    msgspec.MsgspecError, LookupError, ValueError, TypeError, ArithmeticError, RecursionError,
    MemoryError, zlib.error, SavedPartError,
)  # fmt: skip
"""What bytes may lead to that are no snapshot, or one that was forged."""


class OtherReleaseError(SnapshotError):
    """Another release of jobledger made it, or another number of the fold (`domain/job/fold.py`):
    it is behind, and not wrong."""


class Snapshot(msgspec.Struct, frozen=True):
    """The state after the event that `position` stands behind.

    `post_times` is only there where the handle that saved it paced its accounts; `saved` is what
    it was read from.
    """

    position: Position
    board: BoardState
    days: list[DayState]
    post_times: PostTimesState | None = None
    counts: CountsOfLog | None = None
    saved: SavedState | None = None


class SnapshotHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: which ledger's state this is, after which event, and who made it; `fold` is
    the number of the fold that did."""

    format: int
    made_by: str
    ledger: str
    seq: int
    fold: int = 0


_headers = msgspec.json.Decoder(SnapshotHeader)
_cores = msgspec.msgpack.Decoder(Core)


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
    changed = position.versions.fresh()  # what else there is was checked before it was saved
    known = ((job.job_id, job.version) for job in chain(board.jobs.open, board.jobs.recent))
    for key, version in chain(known, board.schedules.versions.items()):
        if changed.get(key, version) != version:
            raise SnapshotError(f"job {key} is not at the version that the log has it at")


def header_line(header: SnapshotHeader) -> bytes:
    """Return how a file begins."""
    return msgspec.json.encode(header) + b"\n"


def header_of(position: Position, release: str) -> SnapshotHeader:
    """Return the header of a state that is saved now."""
    return SnapshotHeader(
        format=FORMAT,
        made_by=_maker(release),
        ledger=position.ledger,
        seq=position.seq,
        fold=fold.FOLD,
    )


def ending(line: bytes, core: bytes) -> bytes:
    """Return how a file ends, behind its first line and its core."""
    return _TRAILER.pack(len(line), len(core), sha256(line + core).digest())


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


def read_core(file: SavedFile, size: int, release: str) -> tuple[SnapshotHeader, Core]:
    """Return what is in an open file.

    Raises:
        SnapshotError: it is damaged, or another release's.
    """
    header, core = _verified(file, size, release)
    try:
        return header, _cores.decode(core)
    except UNREADABLE as error:
        raise _unreadable(error) from error


def snapshot_of(header: SnapshotHeader, core: Core, runs: list[SavedRun]) -> Snapshot:
    """Return the snapshot of a core and the runs that it names.

    Raises:
        SnapshotError: they are of no use.
    """
    try:
        snapshot = _unpacked(header, core, SavedState(core, runs))
        if snapshot.position.seq != header.seq:
            raise SnapshotError(f"its position is not that of event {header.seq}")
        return snapshot
    except UNREADABLE as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> SnapshotError:
    return SnapshotError(f"its hash matches and it cannot be read all the same: {error}")


def _verified(file: SavedFile, size: int, release: str) -> tuple[SnapshotHeader, bytes]:
    """Return the header and the core, verified."""
    damaged = SnapshotError("it is damaged: the hash does not match its bytes")
    try:
        start = file.bytes_at(0, LONGEST_HEADER)
        header, length = decode_header(start)
        if not is_made_by(header, release):
            raise other_release(header)
        end = size - _TRAILER.size
        if end < length:
            raise damaged
        begin, core_size, digest = _TRAILER.unpack(file.bytes_at(end, _TRAILER.size))
        if begin != length or begin + core_size != end:
            raise damaged
        core = file.bytes_at(begin, core_size)
    except SavedPartError as error:
        raise SnapshotError(error.message) from error
    if sha256(start[:length] + core).digest() != digest:  # rule: hash-of-a-snapshot
        raise damaged
    return header, core


def _unpacked(header: SnapshotHeader, core: Core, saved: SavedState) -> Snapshot:
    return Snapshot(
        position=Position(
            ledger=header.ledger,
            days=core.days_read,
            line=core.line,
            batch=core.batch,
            write_offset=core.write_offset,
            repairs=core.repairs,
            versions=Layers(saved.versions),
        ),
        board=BoardState(
            seq=header.seq,
            at=core.at,
            jobs=JobsState(
                open=list(_open(core.open)),
                recent=unpack(core.recent),
                pages=saved.pages(),
                places=PackedPlaces(saved.places),
                left={number: frozenset(ids) for number, ids in core.left.items()},
                accounts=PageAccounts(saved.accounts),
                packed=core.packed,
                generation=core.generation,
            ),
            counts=core.counts,
            unknown=core.unknown,
            schedules=core.schedules,
        ),
        days=[DayState(day.day, day.seq, day.updated_at, saved.days[day.day]) for day in core.days],
        post_times=core.post_times,
        counts=core.counters,
        saved=saved,
    )


def _open(pages: list[bytes]) -> Iterator[ScheduledJob]:
    """Yield the open jobs; what many of them have alike is there once, as in a state that was never
    saved: that saves a third of what they take."""
    for page in pages:
        for job in unpack(page):  # which nobody else has yet
            force_setattr(job, "account_id", intern(job.account_id))
            force_setattr(job, "platform", intern(job.platform))
            share_message(job)
            if not job.metadata:
                force_setattr(job, "metadata", NO_KEYS)
            if not job.checkpoints:
                force_setattr(job, "checkpoints", NO_KEYS)
            yield job


def is_made_by(header: SnapshotHeader, release: str) -> bool:
    """Whether this release, on a machine of this kind, can read what is behind the header."""
    return (header.format, header.fold) == (FORMAT, fold.FOLD) and header.made_by == _maker(release)


def _maker(release: str) -> str:
    return f"jobledger {release}, {sys.byteorder}-endian"
