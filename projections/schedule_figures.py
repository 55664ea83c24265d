"""Figures of schedules: how many there are in each state, and what they did not post in time."""

from __future__ import annotations

from datetime import datetime

from ..domain import (
    SCHEDULE_KEY,
    SLOTS_KEY,
    Event,
    JobExpired,
    ScheduledJob,
    SchedulePlanned,
    ScheduleStatus,
    SlotsSet,
)
from .figures import Misfires
from .schedules import Schedules
from .window import StatesAtEnd, Window


class ScheduleFigures:
    """Takes in the events of schedules and slots, and those of their jobs that expired."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._schedules = Schedules()
        self._states: StatesAtEnd[ScheduleStatus] = StatesAtEnd()
        self._misfires: dict[str, _Misfires] = {}

    def apply(self, event: Event) -> bool:
        """Fold one event of a schedule, or of an account's slots, in; say whether it is counted.

        Raises:
            LedgerCorruptError: no legal history has this event here.
        """
        window, data = self._window, event.data
        is_within = window.is_not_over(event.at) and window.has_begun(event.at)
        if isinstance(data, SlotsSet):
            self._schedules.apply(event)
            return is_within and window.is_of(event.job_id.removeprefix(SLOTS_KEY), None)
        schedule_id = event.job_id.removeprefix(SCHEDULE_KEY)
        before = self._schedules.by_id.get(schedule_id)
        self._schedules.apply(event)
        after = self._schedules.by_id[schedule_id]
        if not window.is_of(after.account_id, after.platform):
            return False
        self._states.move(None if before is None else before.status, after.status)
        if is_within and isinstance(data, SchedulePlanned) and data.missed:
            self._of(schedule_id).add(event.at, missed=data.missed)
        return is_within

    def apply_expired(self, job: ScheduledJob, at: datetime, data: JobExpired) -> None:
        """Count a job that expired, where a schedule made it and it was too late."""
        if job.schedule is None:
            return
        if data.schedule is None:
            self._of(job.schedule.schedule_id).add(at, expired=1)
        elif data.schedule == "misfired":
            self._of(job.schedule.schedule_id).add(at, misfired=1)

    def settle(self) -> None:
        """Have the states of all events so far; see `StatesAtEnd`."""
        self._states.settle()

    def states(self) -> dict[str, int]:
        """Return how many schedules are in each state, every state named."""
        return {status.value: self._states.counts[status] for status in ScheduleStatus}

    def misfires(self) -> list[Misfires]:
        """Return what schedules did not post in time, most first; none that has nothing of it."""
        found = [
            Misfires(schedule_id, each.misfired, each.expired, each.missed, each.last_at)
            for schedule_id, each in self._misfires.items()
        ]
        return sorted(
            found,
            key=lambda each: (-each.misfired - each.expired - each.missed, each.schedule_id),
        )

    def _of(self, schedule_id: str) -> _Misfires:
        found = self._misfires.get(schedule_id)
        if found is None:
            found = self._misfires[schedule_id] = _Misfires()
        return found


class _Misfires:
    """What one schedule did not post in time, while it grows."""

    __slots__ = ("expired", "last_at", "misfired", "missed")
    last_at: datetime

    def __init__(self) -> None:
        self.misfired = self.expired = self.missed = 0

    def add(self, at: datetime, *, misfired: int = 0, expired: int = 0, missed: int = 0) -> None:
        self.misfired += misfired
        self.expired += expired
        self.missed += missed
        self.last_at = at
