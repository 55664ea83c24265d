"""The one way from the log to the state: event by event, in order, through a board."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile

from ..domain import Event, JobLedgerError
from ..eventstore import Record
from .board import Board
from .logged_event import LoggedEvent, to_event
from .projection import Change, Folded


def changes(
    events: Iterable[Event | Record],
    board: Board,
    *,
    until: int | None = None,
    of_schedule: Callable[[Event], None] | None = None,
) -> Iterator[Change]:
    """Apply each event to the board, up to the number `until`, and yield the change that it makes
    of a job, where it does; of any other, which is of a schedule or of slots, tell `of_schedule`.

    Each is applied when its change is asked for, so the board stands behind the change at hand.
    Whoever needs of it only jobs by id before the end is faster with `Board.loading`, and whoever
    does not need it behind each change with `fold`.

    Raises:
        LedgerCorruptError: an event cannot be read, or no legal history has it there.
        StorageError: a newer release wrote it.
    """
    if until is not None:
        events = takewhile(lambda event: event.seq <= until, events)
    take = board.take
    for event in events:
        # The first is nearly always enough, and a third of the price of the second.
        if type(event) is not LoggedEvent and isinstance(event, Record):
            event = to_event(event)
        change = take(event)
        if change is not None:
            yield change
        elif of_schedule is not None:
            of_schedule(event)


def fold(
    events: Iterable[Event | Record],
    board: Board,
    give: Callable[[Sequence[Folded]], object],
    *,
    of_schedule: Callable[[Event], None] = lambda event: None,
) -> None:
    """Apply events to a board that is `loading`, as `changes` does, and give their changes by the
    list: the board stands behind the last of a list. What was applied is given also where it ends
    in an error.

    Raises: as `changes`.
    """
    left = iter(events)
    while True:
        some: list[Folded] = []
        try:
            other = board.take_all(left, some)
        except JobLedgerError:
            give(some)
            raise
        if some:
            give(some)
        if other is None:
            return
        board.take(other)
        of_schedule(other)
