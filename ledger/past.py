"""Boards of past moments: the next one is made from the nearest before it that is at hand.

A board that nobody looks at any more is moved on to the next moment, by the events between. For
going back, states are kept on the way: more of them near where somebody was last, as far as there
is room. All of it is a cache: what a board or a state stands for is looked up in the log first.

Any thread may ask. Nothing waits for a lock: a dict is changed in single steps, and what is taken
out of it is the taker's alone.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from itertools import count, islice

import msgspec

from ..domain import StorageError
from ..eventstore import EventLog
from ..projections import UNREADABLE, Board, BoardState, LogEntry, Snapshot, changes, fold

MOST_IDLE = 2
"""So many boards wait for somebody to go on from them."""
EVERY = 1_000
"""At least so many events are between two states that are kept."""
MOST_STATES = 64
MOST_JOBS = 500_000
"""So many jobs are in all states that are kept, unless one alone has more."""
_JOBS_AN_EVENT = 50
"""So many jobs are copied in the time in which one event is applied, or in less."""
_WORTH_READING = 5_000
"""A snapshot is read where it saves applying so many events."""
_AT_ONCE = 500


class PastBoard:
    """A board, and the hash of the event that it stands behind."""

    def __init__(self, board: Board, hash: str = "") -> None:
        self.board = board
        self.hash = hash


class _Kept(msgspec.Struct, frozen=True):
    state: BoardState
    hash: str
    jobs: int


class PastBoards:
    """Makes boards of moments; `snapshot` gives the one on disk if its event is behind the first
    number, and not behind the second one."""

    def __init__(
        self, log: EventLog[LogEntry], snapshot: Callable[[int, int], Snapshot | None]
    ) -> None:
        self._log = log
        self._snapshot = snapshot
        self._numbers = count()
        self._idle: dict[int, PastBoard] = {}
        self._kept: dict[int, _Kept] = {}
        """By the event that they stand behind."""

    def at(self, seq: int) -> PastBoard:
        """Return a board behind the event `seq`, which is the caller's until it is given back.

        Raises:
            LedgerCorruptError: the log does not verify.
            StorageError: it cannot be read.
        """
        past = self._nearest(seq)
        if not self._move(past, seq):
            # What is at hand is not of this log, or is not what it was.
            self._idle.clear()
            self._kept.clear()
            past = PastBoard(Board())
            if not self._move(past, seq):
                raise StorageError(f"the log has no event {seq} just now", hint="try it again")
        return past

    def give_back(self, past: PastBoard, when_gone: object) -> None:
        """Have the board back when this is there no more: nobody has it then."""
        weakref.finalize(when_gone, self._put, past).atexit = False

    def _put(self, past: PastBoard) -> None:
        self._idle[next(self._numbers)] = past
        for number in list(self._idle)[:-MOST_IDLE]:
            self._idle.pop(number, None)

    # -- where to begin ------------------------------------------------------------------------

    def _nearest(self, seq: int) -> PastBoard:
        idle = [(past.board.seq, number) for number, past in list(self._idle.items())]
        idle = sorted((at, number) for at, number in idle if at <= seq)
        kept = max((at for at in list(self._kept) if at <= seq), default=0)
        nearest = max(kept, idle[-1][0] if idle else 0)
        saved = self._read_snapshot(nearest + _WORTH_READING, seq)
        if saved is not None:
            return saved
        for at, number in reversed(idle):
            if at + EVERY >= kept:  # else to copy the state costs less
                past = self._idle.pop(number, None)
                if past is not None:
                    return past
        state = self._kept.get(kept)
        return PastBoard(Board()) if state is None else _restored(state.state, state.hash)

    def _read_snapshot(self, after: int, seq: int) -> PastBoard | None:
        snapshot = self._snapshot(after, seq) if after < seq else None
        if snapshot is None:
            return None
        try:
            return _restored(snapshot.board, snapshot.position.days[-1].hash)
        except UNREADABLE:  # somebody has forged it
            return None

    # -- moving on -----------------------------------------------------------------------------

    def _move(self, past: PastBoard, seq: int) -> bool:
        """Bring the board up to the event `seq`, keeping states on the way; False: the log has not
        the event that it stands behind."""
        board = past.board
        records = self._log.read(max(board.seq - 1, 0), seq)
        if board.seq:
            first = next(records, None)
            # rule: past-is-of-this-log
            if first is None or first.seq != board.seq or first.hash != past.hash:
                return False
        for until in _stages(board.seq, seq):
            self._keep(past)
            self._apply(past, islice(records, until - board.seq), until - board.seq)
        self._keep(past)
        return board.seq == seq

    def _apply(self, past: PastBoard, records: Iterator[LogEntry], number: int) -> None:
        board = past.board
        if number > len(board.jobs.open) // 4 + _AT_ONCE // 2:
            with board.loading():
                _apply_all(past, records)
        else:
            _apply_all(past, records)

    def _keep(self, past: PastBoard) -> None:
        """Keep the state of the board, if there is none near before it."""
        board = past.board
        before = max((at for at in list(self._kept) if at <= board.seq), default=0)
        if board.seq - before >= max(EVERY, len(board.jobs) // _JOBS_AN_EVENT):
            self._kept[board.seq] = _Kept(board.capture(), past.hash, len(board.jobs))
            self._thin_out(board.seq)

    def _thin_out(self, here: int) -> None:
        """Keep no more than there is room for: without the one that is missed least."""
        while True:
            kept = sorted(self._kept.items())
            jobs = sum(each.jobs for _, each in kept)
            if len(kept) < 2 or (len(kept) <= MOST_STATES and jobs <= MOST_JOBS):
                return
            seqs = [0, *(seq for seq, _ in kept), max(here, kept[-1][0])]
            missed = [
                ((after - before) / (abs(here - seq) + EVERY), seq)
                for before, seq, after in zip(seqs, seqs[1:], seqs[2:], strict=False)
            ]
            self._kept.pop(min(missed)[1], None)


def _stages(begin: int, end: int) -> Iterator[int]:
    """Yield numbers on the way to `end`, and that: ever denser towards it, where one goes back
    first."""
    while begin < end:
        rest = end - begin
        begin = end if rest <= EVERY else begin + max(EVERY, rest // 4)
        yield begin


def _restored(state: BoardState, hash: str) -> PastBoard:
    board, jobs = Board(), state.jobs
    # A board changes what it is given there.
    places, accounts = jobs.places.copied(), jobs.accounts.copied()
    jobs = msgspec.structs.replace(jobs, places=places, accounts=accounts)
    board.restore(msgspec.structs.replace(state, jobs=jobs))
    return PastBoard(board, hash)


def _apply_all(past: PastBoard, records: Iterator[LogEntry]) -> None:
    while some := list(islice(records, _AT_ONCE)):
        if past.board.is_loading:
            fold(some, past.board, lambda changes: None)
        else:
            for _ in changes(some, past.board):
                pass
        past.hash = some[-1].hash
