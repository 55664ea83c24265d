"""Slots: which moments of an account's week are free, and who gets the next one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from ..domain import MOST, JobStatus, NextSlot, Slots, ValidationError, check_number
from ..domain import commands as c
from ..projections import Board, Choice
from .schedules import clock_of
from .state import State
from .zone import load_zone

_OPEN = frozenset({JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING})
_FURTHEST = timedelta(days=365)
_A_MINUTE = timedelta(minutes=1)


def coming(slots: Slots, after: datetime) -> Iterator[datetime]:
    """Yield the moments of an account's slots behind one, as far as a job can be planned ahead."""
    for moment in slots.after(after, clock_of(load_zone(slots.zone))):
        if moment - after > _FURTHEST:
            return
        yield moment


def minute_of(moment: datetime) -> datetime:
    """Return the minute that a moment is in: a job in it has the slot."""
    return moment.replace(second=0, microsecond=0)


def taken_minutes(board: Board, account_id: str, after: datetime) -> set[datetime]:
    """Return the minutes in which the account has open jobs."""
    choice = Choice(account_id=account_id, statuses=_OPEN, due_from=minute_of(after))
    return {minute_of(job.scheduled_time) for job in board.select(choice)}


def free_slots(board: Board, account_id: str, now: datetime, count: int) -> list[datetime]:
    """Return the next slots of an account that no job has. With the lock of the board.

    Raises:
        ValidationError: `count` is none from 1 to 1,000.
    """
    check_number(count, "count", MOST)
    slots = board.schedules.slots.get(account_id)
    if slots is None:
        return []
    taken = taken_minutes(board, account_id, now)
    return list(
        islice((each for each in coming(slots, now) if minute_of(each) not in taken), count)
    )


class FreeSlots:
    """Gives slots to the jobs of one write, none twice."""

    def __init__(self, state: State, now: datetime) -> None:
        self._state = state
        self._now = now
        self._free: dict[str, Iterator[datetime]] = {}

    def placed(self, command: c.Add | c.Import) -> c.Add | c.Import:
        """Return the same command with the time of its slot, where it is to take one.

        Raises:
            ValidationError: the account has no slots, or none is free within a year.
        """
        if not isinstance(command, c.Add) or not isinstance(command.job.scheduled_time, NextSlot):
            return command
        moment = self.next(command.job.account_id)
        replace = msgspec.structs.replace
        return replace(command, job=replace(command.job, scheduled_time=moment))

    def next(self, account_id: str) -> datetime:
        """Take the next free slot of an account. Raises as `placed`."""
        free = self._free.get(account_id)
        if free is None:
            free = self._free[account_id] = self._of(account_id)
        moment = next(free, None)
        if moment is None:
            raise ValidationError(
                f"account {account_id!r:.60} has no free slot within a year",
                field="scheduled_time",
            )
        return moment

    def _of(self, account_id: str) -> Iterator[datetime]:
        with self._state.lock:
            board = self._state.board
            slots = board.schedules.slots.get(account_id) if isinstance(account_id, str) else None
            if slots is None or not slots.week:
                raise ValidationError(
                    f"account {account_id!r:.60} has no slots",
                    field="scheduled_time",
                    hint="set them first, or give a time",
                )
            taken = taken_minutes(board, account_id, self._now)
        return (each for each in coming(slots, self._now) if minute_of(each) not in taken)
