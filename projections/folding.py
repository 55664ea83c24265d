"""Folding many events into a board at once: the same as one by one, for a fraction of the price.

Each event is folded by `evolve` all the same, and checked by it; what is saved is what is done
around it: what depends only on where a job is in the end is done in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..domain import (
    Event,
    InvalidTransitionError,
    JobStatus,
    LedgerCorruptError,
    ScheduledJob,
    evolve,
)
from ..eventstore import Record
from .account_counts import AccountCounts, Move
from .jobs import OPEN, Jobs
from .logged_event import LoggedEvent, to_event
from .projection import Folded
from .schedules import OF_SCHEDULES

_CLOSED = frozenset(JobStatus) - OPEN - {JobStatus.FAILED}
"""Of a job that failed it is noted besides whether its outcome is known."""

Index = Callable[[ScheduledJob | None, ScheduledJob | None], None]


def fold_jobs(
    events: Iterator[Event | Record],
    jobs: Jobs,
    counts: AccountCounts,
    index: Index,
    changes: list[Folded],
) -> Event | None:
    """Fold events into `jobs` and `counts`, while nothing else is asked for, and add the change
    that each makes to `changes`; up to the first that is of no job, which is returned. `index`
    takes in a job before and after an event that is not of the usual ones.

    Raises:
        LedgerCorruptError: no legal history has an event where it is; what is before it was folded.
        StorageError: a newer release wrote it.
    """
    open_, find, is_noted = jobs.open, jobs.find, jobs.changed is not None
    moves: dict[Move, int] = {}
    note = changes.append
    try:
        for event in events:
            if type(event) is not LoggedEvent and isinstance(event, Record):
                event = to_event(event)
            if type(event.data) in OF_SCHEDULES:
                return event
            job_id = event.job_id
            before = open_.get(job_id) or find(job_id)
            after = evolve(before, event)
            was = None if before is None else before.status
            status = None if after is None else after.status
            if was is not status:
                of = before or after
                assert of is not None
                move = of.account_id, was, status
                moves[move] = moves.get(move, 0) + 1
            if after is None or is_noted or not (was is None or was in OPEN):
                index(before, after)
            elif status in OPEN:
                open_[job_id] = after
            elif was is not None and status in _CLOSED:
                jobs.close(after)
            else:
                index(before, after)
            note((event, before, after))  # type: ignore[arg-type]  # `evolve` takes no other
    except InvalidTransitionError as error:
        raise LedgerCorruptError(error.message, kind="transition") from error
    finally:
        counts.move_all(moves)
    return None
