"""The state of a ledger at present: the board, and what follows it, change by change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Protocol, runtime_checkable

import msgspec

from ..domain import Event
from ..eventstore import Layers, Position
from ..projections import Board, Change, Folded, LogEntry, SavedState, Snapshot, changes, fold

_MANY = 256
"""From so many events on it is worth it to find out which jobs are open only after all of them."""


def _each(follow: Callable[[Change], object], changes: Sequence[Folded]) -> None:
    for change in changes:
        follow(Change(*change))


class Follower(Protocol):
    """What takes in each change of the board, and is in the snapshot with it. Under the lock."""

    def followers(self) -> list[Callable[[Change], object]]:
        """Return what is called with each change, in this order."""

    def capture(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot, with what this knows."""

    def check_fits(self, snapshot: Snapshot) -> None:
        """Check that the snapshot has what this has to know.

        Raises:
            SnapshotError: it lacks what this has to know.
        """

    def restore(self, snapshot: Snapshot) -> None:
        """Know what the snapshot says, and nothing else; the board does already."""


@runtime_checkable
class FollowsMany(Protocol):
    """A follower that takes in many changes at once for less."""

    def followers_of_many(self) -> list[Callable[[Sequence[Folded]], object]]:
        """Return what is called in place of the `followers` where there are many changes; after it
        all is as it is after those."""


class State:
    """The board and its followers, guarded by one `lock`.

    `on_change` are called after each delivery of events, without the lock; `on_others` before one
    that another handle has appended; `on_records` get what was delivered. `on_saved` get a snapshot
    and what is in its file, under the lock.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.board = Board()
        self.on_change: list[Callable[[], None]] = []
        self.on_others: list[Callable[[], None]] = []
        self.on_records: list[Callable[[Sequence[LogEntry]], object]] = []
        self.on_saved: list[Callable[[Snapshot, SavedState], object]] = []
        self.of_schedule: Callable[[Event], None] = lambda event: None
        self._parts: list[Follower] = []
        self._follow: list[Callable[[Change], object]] = []
        self._follow_many: list[Callable[[Sequence[Folded]], object]] = []
        self._nothing: Snapshot | None = None

    def add(self, follower: Follower) -> None:
        """Have it follow, behind those that do. Before the first event, or under the lock."""
        self._parts.append(follower)
        self._follow += follower.followers()
        if isinstance(follower, FollowsMany):
            self._follow_many += follower.followers_of_many()
        else:
            self._follow_many += [partial(_each, follow) for follow in follower.followers()]

    def observe(self, records: Sequence[LogEntry]) -> None:
        """Apply one or more whole writes; called by the log, in order."""
        board = self.board
        with self.lock:
            if board.is_loading or len(records) > max(_MANY, len(board.jobs.open) // 4):
                with board.loading():
                    fold(records, board, self._follow_all, of_schedule=self.of_schedule)
            else:
                self._apply_all(records)
        for call in list(self.on_change):
            call()
        for give in list(self.on_records):
            give(records)

    def find_others(self) -> None:
        """Note that what is observed next was appended by another handle; called by the log."""
        for call in self.on_others:
            call()

    def _apply_all(self, records: Sequence[LogEntry]) -> None:
        followers = self._follow
        for change in changes(records, self.board, of_schedule=self.of_schedule):
            for follow in followers:
                follow(change)

    def _follow_all(self, changes: Sequence[Folded]) -> None:
        for follow in self._follow_many:
            follow(changes)

    # -- snapshots -----------------------------------------------------------------------------

    def capture(self, position: Position) -> Snapshot:
        """Return the state now, which is the one at `position`, to be saved: what closed jobs there
        are is shared with it, and costs nothing. `adopt` it then."""
        return self._with_parts(Snapshot(position, self.board.capture(to_save=True), []))

    def _with_parts(self, snapshot: Snapshot) -> Snapshot:
        for part in self._parts:
            snapshot = part.capture(snapshot)
        return snapshot

    def adopt(self, snapshot: Snapshot, saved: SavedState) -> None:
        """Have what was captured where it was saved, and not in memory."""
        self.board.jobs.adopt(snapshot.board.jobs, saved.places, saved.accounts)
        for have in self.on_saved:
            have(snapshot, saved)

    def check_fits(self, snapshot: Snapshot) -> None:
        """Check that the snapshot has all that is to be known here.

        Raises:
            SnapshotError: it lacks something that is to be known here.
        """
        for part in self._parts:
            part.check_fits(snapshot)

    def restore(self, snapshot: Snapshot) -> None:
        """Have the state of a snapshot, and nothing else."""
        self.board.restore(snapshot.board)
        for part in self._parts:
            part.restore(snapshot)

    def begin(self, position: Position) -> bool:
        """Have the state before any event, which is at `position`; return whether it was another
        one before: it is not at first."""
        if self._nothing is None:
            # Which shares nothing with what is there later.
            position = msgspec.structs.replace(position, versions=Layers())
            self._nothing = self._with_parts(Snapshot(position, self.board.capture(), []))
            return False
        self.forget()
        return True

    def forget(self) -> None:
        """Have the state before any event."""
        assert self._nothing is not None
        self.restore(deepcopy(self._nothing))  # what is restored is not copied by its new owner
