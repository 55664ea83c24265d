"""Schedules: the state of each, the slots of accounts, and which open jobs each schedule has."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from ..domain import (
    SCHEDULE_EVENTS,
    SCHEDULE_KEY,
    SLOTS_KEY,
    Event,
    InvalidTransitionError,
    JobStatus,
    LedgerCorruptError,
    Schedule,
    ScheduledJob,
    Slots,
    SlotsSet,
)
from .jobs import OPEN

OF_SCHEDULES = frozenset(SCHEDULE_EVENTS.values())
"""The data of events that are of no job."""
_NONE: dict[str, None] = {}
_SCHEDULED = JobStatus.SCHEDULED


class SchedulesState(msgspec.Struct, frozen=True):
    """What a `Schedules` has at one moment, but for what the jobs know."""

    schedules: list[Schedule] = []
    slots: list[Slots] = []

    @property
    def versions(self) -> dict[str, int]:
        """The version of each, by the key of its events."""
        keyed = {schedule.key: schedule.version for schedule in self.schedules}
        return keyed | {SLOTS_KEY + each.account_id: each.version for each in self.slots}


class Schedules:
    """Applies the events of schedules and slots; `note` takes in what becomes of their jobs."""

    def __init__(self) -> None:
        self.by_id: dict[str, Schedule] = {}
        """In the order of adding."""
        self.slots: dict[str, Slots] = {}
        """By account."""
        self._open: dict[str, dict[str, None]] = {}
        self._coming: list[tuple[datetime, str, str]] = []
        self._due: set[tuple[datetime, str, str]] = set()
        """Of those that wait, the ones whose time had come when `due` was last asked."""

    def apply(self, event: Event) -> None:
        """Fold one event in.

        Raises:
            LedgerCorruptError: no legal history has this event here.
        """
        from ..domain import evolve_schedule, evolve_slots  # only for those who have schedules

        try:
            if isinstance(event.data, SlotsSet):
                account_id = event.job_id.removeprefix(SLOTS_KEY)
                self.slots[account_id] = evolve_slots(self.slots.get(account_id), event)
            else:
                schedule_id = event.job_id.removeprefix(SCHEDULE_KEY)
                self.by_id[schedule_id] = evolve_schedule(self.by_id.get(schedule_id), event)
        except InvalidTransitionError as error:
            raise LedgerCorruptError(error.message, kind="transition") from error

    # -- their jobs ----------------------------------------------------------------------------

    def note(self, job: ScheduledJob, *, is_there: bool = True) -> None:
        """Take in what a job of a schedule is now, or was before it was removed."""
        assert job.schedule is not None
        schedule_id = job.schedule.schedule_id
        jobs = self._open.get(schedule_id)
        if not is_there or job.status not in OPEN:
            if jobs is not None:
                jobs.pop(job.job_id, None)
            return
        if jobs is None:
            jobs = self._open[schedule_id] = {}
        jobs[job.job_id] = None
        if job.status is _SCHEDULED:
            heapq.heappush(self._coming, (job.scheduled_time, schedule_id, job.job_id))

    def find_open(self, jobs: Iterable[ScheduledJob]) -> None:
        """Find out anew which jobs each schedule has, of all that are open."""
        self._open, self._coming, self._due = {}, [], set()
        for job in jobs:
            if job.schedule is not None:
                self.note(job)

    def jobs_of(self, schedule_id: str) -> Iterable[str]:
        """Return the ids of the open jobs of a schedule."""
        return self._open.get(schedule_id, _NONE)

    def due(self, now: datetime) -> dict[str, set[str]]:
        """Return by schedule the ids of jobs that were SCHEDULED for a time that has come; what
        became of them is to be looked at. Costs what is due, and not what is to come."""
        while self._coming and self._coming[0][0] <= now:
            self._due.add(heapq.heappop(self._coming))
        found: dict[str, set[str]] = {}
        for entry in list(self._due):
            at, schedule_id, job_id = entry
            if at > now:  # the clock went back
                self._due.discard(entry)
                heapq.heappush(self._coming, entry)
            elif job_id not in self._open.get(schedule_id, _NONE):
                self._due.discard(entry)
            else:
                found.setdefault(schedule_id, set()).add(job_id)
        return found

    def next_time(self, now: datetime, jobs: Mapping[str, ScheduledJob]) -> datetime | None:
        """Return the earliest time after `now` of a SCHEDULED job that a schedule has made; `jobs`
        are all that are open."""
        while self._coming:
            at, _, job_id = entry = self._coming[0]
            job = jobs.get(job_id)
            if at <= now:
                self._due.add(entry)
            elif job is not None and (job.status, job.scheduled_time) == (_SCHEDULED, at):
                return at
            heapq.heappop(self._coming)
        return None

    # -- as a whole ----------------------------------------------------------------------------

    def capture(self) -> SchedulesState:
        """Copy the state now, for `restore`."""
        return SchedulesState(list(self.by_id.values()), list(self.slots.values()))

    def restore(self, state: SchedulesState, jobs: Iterable[ScheduledJob]) -> None:
        """Have what another one had, with these open jobs."""
        self.by_id = {schedule.schedule_id: schedule for schedule in state.schedules}
        self.slots = {slots.account_id: slots for slots in state.slots}
        self.find_open(jobs)

    def versions(self) -> dict[str, int]:
        """Return the version of each, by the key of its events."""
        return self.capture().versions

    def same_as(self, other: Schedules) -> bool:
        """Whether the other one has the same schedules and slots, in the same states."""
        return self.by_id == other.by_id and self.slots == other.slots
