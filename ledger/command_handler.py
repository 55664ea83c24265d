"""The one way to change: decide → append → evolve.

Bring the state up to the log, `decide` on the jobs as they are now, append at their versions, and
let the state `evolve` by what was appended. If another process was faster, the append is refused
and the decision is made again on the newer state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from ..domain import (
    InvalidTransitionError,
    JobLedgerError,
    NewJob,
    NextSlot,
    ScheduledJob,
    StaleAttemptError,
    ValidationError,
    check_by,
    decide,
)
from ..domain import commands as c
from ..eventstore import Decision, EventLog, NewRecord, VersionConflictError
from ..projections import Board, LogEntry, NewEvent
from .intents import Intended, Intent, make_records, of_jobs
from .media_keeping import MediaKeeping
from .newcomers import Newcomer, in_zone, labelled, traced, used_before
from .queries import not_found
from .state import State
from .versions import MeantChange, check_at, check_version

if TYPE_CHECKING:
    from .slot_taking import FreeSlots


class Guard(Protocol):
    """Refuses what cannot be seen by looking at one job."""

    def concerns(self, intents: Sequence[Intent]) -> bool:
        """Say whether it has to look at this, on the state that it is appended to."""

    def check(self, intents: Sequence[Intent], now: datetime) -> None:
        """Look at what is going to be appended, under the state's lock.

        Raises:
            ValidationError: it must not be.
        """


Outcome = ScheduledJob | JobLedgerError | None
"""The job after a change, or the error with which the change was refused."""
Choose = Callable[[Board, datetime], list[tuple[str, c.Command]]]
"""Picks jobs, and what is to become of them; called again where others were faster."""


class Appender(Protocol):
    """What puts records in the log, as `EventLog` does."""

    def append(self, records: Sequence[NewRecord]) -> None:
        """Append records at the versions of their jobs. Raises as `EventLog.append`."""

    def decide(self, decision: Decision) -> bool:
        """Append what a decision gives, as `EventLog.decide` does; whether it was anything."""


class CommandHandler:
    """Handles the commands of one ledger. Safe to use from any thread.

    Whatever changes a job goes through `_handle`, where `guards` look at it. `by` is who is said to
    have caused it, None: nobody says.
    """

    def __init__(
        self,
        log: EventLog[LogEntry],
        state: State,
        *,
        now: Callable[[], datetime],
        zone: ZoneInfo,
        appender: Appender,
        media: MediaKeeping,
        read_only: bool = False,
        guards: Sequence[Guard] = (),
        by: str | None = None,
    ) -> None:
        self._log = log
        self._state = state
        self._now, self._zone = now, zone
        self._appender = appender
        self._media = media
        self._read_only = read_only
        self._guards = guards
        self._by = None if by is None else check_by(by)

    def acting(self, by: str) -> CommandHandler:
        """Return the same handler for what somebody else causes.

        Raises:
            ValidationError: `by` is not what a record can have.
        """
        same = copy(self)
        same._by = check_by(by)
        return same

    @traced
    def add(self, newcomers: Sequence[Newcomer]) -> list[str]:
        """Add jobs that are not there yet, all or none, in one write; return their ids in order.

        Raises:
            ValidationError: of the first that is not acceptable, with its label.
            StorageError: whether they were added is unknown.
        """
        of = (job if isinstance(job, NewJob) else job.job for job in (x.job for _, x in newcomers))
        if all(job.post is None for job in of):
            return self._add(newcomers)
        self.check_writable()
        with self._media.added(newcomers) as kept:
            return self._add(kept)

    def _add(self, newcomers: Sequence[Newcomer]) -> list[str]:
        version, zone = self._log.version, self._zone
        ids: dict[str, None] = {}
        takes_slots = any(takes_slot(command) for _, command in newcomers)

        def all_of_them(now: datetime) -> list[Intent]:
            ids.clear()
            intents = []
            slots = self._free_slots(newcomers, now) if takes_slots else None
            for label, command in newcomers:
                try:
                    placed = command if slots is None else slots.placed(command)
                    data = decide(None, in_zone(placed, zone), now)
                    job_id = str.__str__(command.job_id)
                    if job_id in ids or version(job_id):
                        raise used_before(job_id)
                except ValidationError as error:
                    raise labelled(error, label) from None
                ids[job_id] = None
                intents.append(Intent(job_id, None, command, data, label))
            return intents

        if takes_slots:
            self.decide_alone(all_of_them)  # rule: slot-for-one
        else:
            # First with what is known here: the log refuses if others were there meanwhile.
            self._handle(all_of_them, on_newest=False)
        return list(ids)

    def _free_slots(self, newcomers: Sequence[Newcomer], now: datetime) -> FreeSlots:
        from .slot_taking import FreeSlots  # only for those who have slots

        return FreeSlots(self._state, now, self._zone, (command for _, command in newcomers))

    def change(
        self, job_id: str, command: c.Command, version: int | None = None
    ) -> ScheduledJob | None:
        """Change one job, with a `version` only if it is at that one; return it as it is then.

        Raises:
            JobNotFoundError, InvalidTransitionError, StaleAttemptError, ValidationError,
            JobMovedOnError: it is refused; nothing was changed.
            StorageError: whether the change was made is unknown.
        """
        check_version(version)
        if not isinstance(command, (c.Edit, c.Requeue)):
            return self._alter(job_id, command, version)
        with self._media.changed(command) as changed:
            return self._alter(job_id, changed, version)

    def _alter(self, job_id: str, command: c.Command, version: int | None) -> ScheduledJob | None:
        state, job = self._state, None

        def this_one(now: datetime) -> list[Intent]:
            nonlocal job
            with state.lock:
                job = state.board.get(job_id) if isinstance(job_id, str) else None
                if job is None and not isinstance(command, c.OfAttempt):
                    raise not_found(job_id, state.board.jobs)
            if job is not None:
                check_at(version, job)
            data = decide(job, command, now)
            if job is not None and isinstance(command, c.Requeue):
                self._media.check_there(job, command)
            # The id as it was added: it may have been given as another kind of text here.
            known = job_id if job is None else job.job_id
            return [Intent(known, job, command, data)] if data else []

        if not self._handle(this_one):
            return job
        with state.lock:
            return state.board.get(job_id)

    def change_all(self, changes: Sequence[MeantChange]) -> None:
        """Change some jobs, all of them or none, in one write.

        Raises:
            JobLedgerError: of the first that is refused, as of `change`; nothing was changed.
            StorageError: whether the changes were made is unknown.
        """
        for meant in changes:
            check_version(meant.version)

        def all_of_them(now: datetime) -> list[Intent]:
            intents = []
            for meant in changes:
                job = self._job_of(meant.job_id, meant.version)
                command = meant.command(job)
                self._media.check_there(job, command)
                if data := decide(job, command, now):
                    intents.append(Intent(job.job_id, job, command, data, job.job_id))
            return intents

        with self._media.still():
            self._handle(all_of_them)

    def _job_of(self, job_id: str, version: int | None) -> ScheduledJob:
        state = self._state
        with state.lock:
            job = state.board.get(job_id) if isinstance(job_id, str) else None
            if job is None:
                raise not_found(job_id, state.board.jobs)
        check_at(version, job)
        return job

    def change_each(self, choose: Choose, *, alone: bool = False) -> list[tuple[str, Outcome]]:
        """Change the jobs that `choose` picks, each of them once and all in one write; `alone`:
        while nobody can append anything between the look and the write.

        Returns for each, in order, the job after, or the error with which its change was refused,
        which does not keep the others from theirs.

        Raises:
            StorageError: whether the changes were made is unknown.
        """
        state = self._state
        chosen: list[tuple[str, c.Command]] = []
        refused: dict[str, JobLedgerError] = {}

        def each(now: datetime) -> list[Intent]:
            nonlocal chosen
            refused.clear()
            with state.lock:
                chosen = choose(state.board, now)
                jobs = [state.board.get(job_id) for job_id, _ in chosen]
            intents = []
            for (job_id, command), job in zip(chosen, jobs, strict=True):
                try:
                    data = decide(job, command, now)
                except (InvalidTransitionError, StaleAttemptError) as error:
                    refused[job_id] = error
                    continue
                if data:
                    intents.append(Intent(job_id, job, command, data))
            return intents

        (self.decide_alone if alone else self._handle)(each)
        with state.lock:
            return [
                (job_id, refused.get(job_id) or state.board.get(job_id)) for job_id, _ in chosen
            ]

    def expire(self, expire_after: timedelta) -> int:
        """Mark the PENDING and SCHEDULED jobs that are later than that as EXPIRED; return how many.

        Raises:
            StorageError: whether the changes were made is unknown.
        """
        expire = c.Expire(expire_after=expire_after)

        def late(board: Board, now: datetime) -> list[tuple[str, c.Command]]:
            return [(job.job_id, expire) for job in board.expired(now, expire_after)]

        return len(self.change_each(late))

    def change_schedules(self, decide_on: Callable[[datetime], Sequence[Intended]]) -> bool:
        """Append what is decided on schedules and their jobs, all in one write, on the newest state
        and while nobody can append between; return whether it was anything. A job that is left as
        it is has no version in that write that others could have been faster at.

        Raises:
            JobLedgerError: it is refused; nothing was changed.
            StorageError: whether the change was made is unknown.
        """
        self.check_writable()
        self._log.refresh()
        if not decide_on(self._now()):
            return False  # as mostly where somebody plans: nobody has to wait for that
        return self.decide_alone(decide_on)  # rule: schedule-decided-alone

    def decide_alone(self, decide_on: Callable[[datetime], Sequence[Intended]]) -> bool:
        """Do the same while nobody can append anything between the look and the write."""
        self.check_writable()
        return self._appender.decide(lambda: self._guarded(decide_on))

    def _handle(
        self, decide_on: Callable[[datetime], Sequence[Intended]], *, on_newest: bool = True
    ) -> bool:
        """Append what is decided, again where others were faster; return whether it was anything.

        The decision is made on the newest state; at first, unless `on_newest`, on what is known.
        Where a guard has to look, it is made again while nobody can append anything between.
        """
        self.check_writable()
        while True:
            if on_newest:
                self._log.refresh()
            on_newest = True
            now = self._now()
            intents = decide_on(now)
            if not intents:
                return False
            if self._guards and any(guard.concerns(of_jobs(intents)) for guard in self._guards):
                # rule: guarded-while-nobody-else-can
                return self._appender.decide(lambda: self._guarded(decide_on))
            try:
                self._appender.append(make_records(intents, self._by, now))
            except VersionConflictError:
                continue
            return True

    def check_writable(self) -> None:
        """Check that the handle may change something.

        Raises:
            StorageError: it is open read-only.
        """
        if self._read_only:
            self._log.check_writable()

    def _guarded(self, decide_on: Callable[[datetime], Sequence[Intended]]) -> list[NewEvent]:
        """Decide, and have the guards look at it. Called by the log, which is at its end."""
        now = self._now()
        intents = decide_on(now)
        with self._state.lock:
            for guard in self._guards:
                if guard.concerns(of_jobs(intents)):
                    guard.check(of_jobs(intents), now)
        return make_records(intents, self._by, now)


def takes_slot(command: c.Add | c.Import) -> bool:
    """Whether a newcomer takes the next free slot of its account."""
    if isinstance(command, c.Add):
        return isinstance(command.job.scheduled_time, NextSlot)
    return command.job.next_slot
