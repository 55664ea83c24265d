"""Scheduling: what is said to schedules, and that they have their jobs.

A schedule's events and those of its jobs are one write, decided on the newest state. Whoever plans
comes to the same jobs, so that it does not matter who does, or how many do at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from ..domain import (
    ContentOrder,
    Fold,
    Gap,
    JobMovedOnError,
    JobPriority,
    Misfire,
    Outlook,
    Overlap,
    Rule,
    Schedule,
    SchedulePlan,
    SlotsSet,
    ZoneClock,
    add_schedule,
    changed,
    check_account,
    check_schedule_id,
    check_week,
    define,
    edit_schedule,
    end_schedule,
    pause_schedule,
    resume_schedule,
    run_now,
    skip_occurrence,
    slots_key,
)
from ..projections import Board
from .command_handler import CommandHandler
from .intents import Intended, ScheduleIntent
from .queries import no_schedule
from .schedule_writes import ScheduleWrites
from .schedules import clock_of
from .state import State
from .zone import load_zone, to_utc


class ScheduleChanges(TypedDict, total=False):
    """What can be changed of a schedule."""

    rule: Rule | str
    content: str | Sequence[str]
    zone: str | None
    order: ContentOrder
    priority: JobPriority
    max_retries: int
    metadata: dict[str, Any] | None
    hold: bool
    gap: Gap
    fold: Fold
    misfire: Misfire
    grace: timedelta | None
    catch_up: int
    until: datetime | date | None
    max_count: int | None
    jitter: timedelta | None
    overlap: Overlap


class Scheduling:
    """The schedules of one ledger, for one handle; `zone` is the ledger's."""

    def __init__(
        self,
        state: State,
        zone: ZoneInfo,
        writes: ScheduleWrites,
    ) -> None:
        self._state = state
        self._zone = zone
        self._writes = writes

    # -- what is said to one -------------------------------------------------------------------

    def add(
        self, handler: CommandHandler, schedule_id: str, said: Mapping[str, Any], *, paused: bool
    ) -> str:
        """As `Ledger.add_schedule`."""
        known = check_schedule_id(schedule_id)

        def this_one(
            schedule: Schedule | None, board: Board, now: datetime, outlook: Outlook
        ) -> SchedulePlan:
            zone = self._zone_for(board, said)
            clock = clock_of(zone)
            definition = define({**said, "zone": zone.key}, clock, now)
            return add_schedule(schedule, known, definition, paused, clock, now, outlook)

        self._writes.change(handler, known, this_one)
        return known

    def edit(
        self,
        handler: CommandHandler,
        schedule_id: str,
        said: Mapping[str, Any],
        version: int | None = None,
    ) -> None:
        """As `Ledger.edit_schedule`."""

        def this_one(
            schedule: Schedule | None, board: Board, now: datetime, outlook: Outlook
        ) -> SchedulePlan:
            found = _there(schedule, schedule_id, version)
            after = changed(found.definition, said)
            zone = self._zone_for(board, after)
            definition = define({**after, "zone": zone.key}, clock_of(zone), now, found.definition)
            return edit_schedule(found, definition, clock_of(zone), now, outlook)

        self._writes.change(handler, schedule_id, this_one)

    def pause(self, handler: CommandHandler, schedule_id: str, version: int | None = None) -> None:
        """As `Ledger.pause_schedule`."""
        self._writes.change(
            handler,
            schedule_id,
            lambda schedule, board, now, outlook: pause_schedule(
                _there(schedule, schedule_id, version), outlook
            ),
        )

    def resume(self, handler: CommandHandler, schedule_id: str, version: int | None = None) -> None:
        """As `Ledger.resume_schedule`."""
        self._tell(handler, schedule_id, version, resume_schedule)

    def skip(
        self,
        handler: CommandHandler,
        schedule_id: str,
        when: datetime | None,
        version: int | None = None,
    ) -> None:
        """As `Ledger.skip_occurrence`."""

        def skipping(
            schedule: Schedule, clock: ZoneClock, now: datetime, outlook: Outlook
        ) -> SchedulePlan:
            at = None if when is None else to_utc(when, load_zone(schedule.zone), "when")
            return skip_occurrence(schedule, at, clock, now, outlook)

        self._tell(handler, schedule_id, version, skipping)

    def run_now(self, handler: CommandHandler, schedule_id: str) -> str:
        """As `Ledger.run_schedule_now`."""
        made = ""

        def running(
            schedule: Schedule, clock: ZoneClock, now: datetime, outlook: Outlook
        ) -> SchedulePlan:
            nonlocal made
            plan = run_now(schedule, clock, now, outlook)
            made = plan.commands[0][0]
            return plan

        self._tell(handler, schedule_id, None, running)
        return made

    def end(
        self, handler: CommandHandler, schedule_id: str, reason: str, version: int | None = None
    ) -> None:
        """As `Ledger.end_schedule`."""
        self._writes.change(
            handler,
            schedule_id,
            lambda schedule, board, now, outlook: end_schedule(
                _there(schedule, schedule_id, version), reason, outlook
            ),
        )

    def _zone_for(self, board: Board, said: Mapping[str, Any]) -> ZoneInfo:
        """Return the zone that is said, else that of the account's slots, else the ledger's."""
        if said.get("zone") is not None:
            return load_zone(said["zone"])
        slots = board.schedules.slots.get(str(said.get("account_id")))
        return self._zone if slots is None else load_zone(slots.zone)

    def _tell(
        self,
        handler: CommandHandler,
        schedule_id: str,
        version: int | None,
        decision: Callable[[Schedule, ZoneClock, datetime, Outlook], SchedulePlan],
    ) -> None:
        def this_one(
            schedule: Schedule | None, board: Board, now: datetime, outlook: Outlook
        ) -> SchedulePlan:
            found = _there(schedule, schedule_id, version)
            return decision(found, clock_of(load_zone(found.zone)), now, outlook)

        self._writes.change(handler, schedule_id, this_one)

    # -- slots ---------------------------------------------------------------------------------

    def set_slots(
        self,
        handler: CommandHandler,
        account_id: str,
        week: Mapping[str, Sequence[str]],
        zone: str | None,
    ) -> None:
        """As `Ledger.set_slots`."""
        account, checked = check_account(account_id), check_week(week)

        def these(now: datetime) -> list[Intended]:
            with self._state.lock:
                board = self._state.board
                before = board.schedules.slots.get(account)
                named = self._zone_for(board, {"zone": zone, "account_id": account})
            if before is not None and (before.week, before.zone) == (checked, named.key):
                return []
            data = SlotsSet(week=checked, zone=named.key)
            version = 0 if before is None else before.version
            return [ScheduleIntent(slots_key(account), version, [data])]

        handler.change_schedules(these)


def _there(schedule: Schedule | None, schedule_id: object, version: int | None) -> Schedule:
    """Return the schedule, which is there, and at the version that somebody saw."""
    if schedule is None:
        raise no_schedule(schedule_id, ())
    if version is not None and schedule.version != version:
        raise _moved_on(schedule, version)
    return schedule


def _moved_on(schedule: Schedule, version: int) -> JobMovedOnError:
    return JobMovedOnError(
        f"schedule {schedule.schedule_id} has moved on: it is at version {schedule.version}, not"
        f" {version}",
        job_id=schedule.key,
        expected=version,
        version=schedule.version,
        hint="look at it again",
    )
