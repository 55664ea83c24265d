"""Planning: that schedules have their jobs ahead, and that what is too late by them is left out.

Whoever plans comes to the same jobs, so it does not matter who does, or how many do at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..domain import (
    InvalidTransitionError,
    JobLedgerError,
    JobNotFoundError,
    JobStatus,
    Outlook,
    Schedule,
    ScheduledJob,
    SchedulePlan,
    ScheduleStatus,
    ValidationError,
    due_to_plan,
    left_out,
    plan_schedule,
)
from ..domain import commands as c
from ..instrumentation import ScheduleNotPlanned, tell
from ..projections import Board
from .command_handler import CommandHandler
from .queries import no_schedule
from .schedule_writes import ScheduleWrites
from .schedules import clock_of
from .state import State
from .zone import load_zone


class Planning:
    """Plans the schedules of one ledger, for one handle."""

    def __init__(self, state: State, now: Callable[[], datetime], writes: ScheduleWrites) -> None:
        self._state = state
        self._now = now
        self._writes = writes
        self._looked_at: set[str] = set()
        """The schedules whose jobs were found to be where this process has their zones."""
        self._failed: dict[str, int] = {}
        """Those that could not be planned, and at which version."""

    def plan(self, handler: CommandHandler) -> int:
        """Plan what is to be planned by now; return for how many schedules something was done."""
        done = 0
        for schedule_id in self._to_plan():
            try:
                for _ in range(2):  # what is due, and what a zone has moved
                    done += self._plan_one(handler, schedule_id)
                    if schedule_id in self._looked_at:
                        break
            except (InvalidTransitionError, JobNotFoundError):
                continue  # another process was faster
            except JobLedgerError as error:
                # One that cannot be planned keeps no other from its posts, and no runner.
                if not isinstance(error, ValidationError):
                    raise
                self._failed[schedule_id] = self._version(schedule_id)
                tell(ScheduleNotPlanned(schedule=schedule_id, error=error.message))
        return done

    def _version(self, schedule_id: str) -> int:
        with self._state.lock:
            return self._state.board.schedules.by_id[schedule_id].version

    def _to_plan(self) -> list[str]:
        with self._state.lock:
            now = self._now()
            return [
                schedule.schedule_id
                for schedule in self._plannable()
                if schedule.schedule_id not in self._looked_at or _is_due(schedule, now)
            ]

    def _plannable(self) -> list[Schedule]:
        """Return the active schedules, without those that failed as they are."""
        return [
            schedule
            for schedule in self._state.board.schedules.by_id.values()
            if schedule.status is ScheduleStatus.ACTIVE
            and self._failed.get(schedule.schedule_id) != schedule.version
        ]

    def _plan_one(self, handler: CommandHandler, schedule_id: str) -> bool:
        # The rules of its zone may be others here than where its jobs were planned.
        is_unseen = schedule_id not in self._looked_at

        def this_one(
            schedule: Schedule | None, board: Board, now: datetime, outlook: Outlook
        ) -> SchedulePlan:
            if schedule is None:
                raise no_schedule(schedule_id, ())
            clock = clock_of(load_zone(schedule.zone))
            return plan_schedule(schedule, clock, now, outlook, by_zone_rules=is_unseen)

        planned = self._writes.change(handler, schedule_id, this_one)
        if not planned:
            self._looked_at.add(schedule_id)
        return planned

    def next_planning(self) -> datetime | None:
        """Return when the next schedule is to be planned; None where none is. With the state's
        lock."""
        times = map(due_to_plan, self._plannable())
        return min((at for at in times if at is not None), default=None)

    # -- being late ----------------------------------------------------------------------------

    def leave_out(self, handler: CommandHandler) -> int:
        """Leave out what is too late by the schedule that made it; return how many jobs."""
        with self._state.lock:
            if not self._state.board.schedules.due(self._now()):
                return 0

        def late(board: Board, now: datetime) -> list[tuple[str, c.Command]]:
            found: list[tuple[str, c.Command]] = []
            for schedule_id, job_ids in board.schedules.due(now).items():
                schedule = board.schedules.by_id[schedule_id]
                due = [job for job in map(board.get, job_ids) if job is not None]
                others = map(board.get, board.schedules.jobs_of(schedule_id))
                under_way = any(job is not None and _is_under_way(job) for job in others)
                for job, cause in left_out(schedule, due, under_way, now):
                    found.append((job.job_id, c.LeaveOut(cause=cause)))
            return found

        return len(handler.change_each(late))


def _is_under_way(job: ScheduledJob) -> bool:
    return job.status is JobStatus.RUNNING or job.attempt > 0


def _is_due(schedule: Schedule, now: datetime) -> bool:
    due = due_to_plan(schedule)
    return due is not None and due <= now
