"""Slots: which moments of an account's week are free, and who gets the next one."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec

from ..domain import MOST, JobStatus, ScheduledJob, Slots, ValidationError, check_number
from ..domain import commands as c
from ..projections import Board, Choice
from .command_handler import takes_slot
from .newcomers import in_zone
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
    return list(islice(free_among(slots, taken_minutes(board, account_id, now), now), count))


def free_among(slots: Slots, taken: Container[datetime], after: datetime) -> Iterator[datetime]:
    """Yield the coming moments of an account's slots in whose minutes no job is."""
    return (each for each in coming(slots, after) if minute_of(each) not in taken)


class FreeSlots:
    """Gives slots to the jobs of one write, none twice, and none that another job of the same write
    has a time in."""

    def __init__(
        self,
        state: State,
        now: datetime,
        zone: ZoneInfo,
        together: Iterable[c.Add | c.Import],
    ) -> None:
        self._state = state
        self._now = now
        self._free: dict[str, Iterator[datetime]] = {}
        self._given = _minutes_given(together, zone)

    def placed(self, command: c.Add | c.Import) -> c.Add | c.Import:
        """Return the same command with the time of its slot, where it is to take one.

        Raises:
            ValidationError: the account has no slots, or none is free within a year.
        """
        if not takes_slot(command):
            return command
        replace = msgspec.structs.replace
        if isinstance(command, c.Add):
            moment = self.next(command.job.account_id)
            return replace(command, job=replace(command.job, scheduled_time=moment))
        job = command.job.job
        job = replace(job, scheduled_time=self.next(job.account_id))
        return replace(command, job=replace(command.job, job=job))

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
        taken |= self._given.get(account_id, set())  # rule: slot-not-of-the-same-write
        return free_among(slots, taken, self._now)


def _minutes_given(
    commands: Iterable[c.Add | c.Import], zone: ZoneInfo
) -> dict[str, set[datetime]]:
    """Return by account the minutes in which open jobs of a write have times of their own."""
    found: dict[str, set[datetime]] = {}
    for command in commands:
        if takes_slot(command):
            continue
        placed = in_zone(command, zone)
        job = placed.job if isinstance(placed, c.Add) else placed.job.job
        moment, account_id = job.scheduled_time, job.account_id
        if isinstance(job, ScheduledJob) and job.status not in _OPEN:
            continue
        # What is none of these is refused where the command is decided on.
        if isinstance(account_id, str) and isinstance(moment, datetime):
            with suppress(OverflowError, ValueError):
                found.setdefault(account_id, set()).add(minute_of(moment.astimezone(UTC)))
    return found
