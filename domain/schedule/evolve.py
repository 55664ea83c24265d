"""evolve: the schedule after an event. Pure, and the only way to a new state."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from msgspec.structs import asdict, replace

from ..errors import InvalidTransitionError
from ..event import Event
from . import events as e
from .lifecycle import NEW, TABLE
from .slots import Slots, SlotsSet
from .state import SCHEDULE_KEY, Schedule, ScheduleStatus

_OF_SCHEDULE = (
    e.ScheduleAdded, e.ScheduleEdited, e.SchedulePaused, e.ScheduleResumed, e.SchedulePlanned,
    e.ScheduleSkipped, e.ScheduleEnded,
)  # fmt: skip
_DAYS_KEPT = timedelta(days=2)
"""So long after its day a skipped occurrence is remembered: nothing is planned so far back."""


def evolve_schedule(schedule: Schedule | None, event: Event) -> Schedule:
    """Return the schedule after `event`.

    Raises:
        InvalidTransitionError: no legal history has this event here.
    """
    data = event.data
    state = NEW if schedule is None else schedule.status.value
    expected = 1 if schedule is None else schedule.version + 1
    if (
        not isinstance(data, _OF_SCHEDULE)
        or not event.job_id.startswith(SCHEDULE_KEY)
        or (state, data.trigger) not in TABLE
        or event.version != expected
    ):
        raise _cannot_follow(event, state, expected)
    if schedule is None:
        assert isinstance(data, e.ScheduleAdded)
        return _added(data, event)
    return replace(_after(schedule, data, event), version=event.version)


def _cannot_follow(event: Event, state: str, expected: int) -> InvalidTransitionError:
    return InvalidTransitionError(
        f"event {event.seq} ({event.type}, version {event.version}) cannot follow state {state},"
        f" version {expected - 1}, of {event.job_id}",
        state=state,
        trigger=event.data.trigger,
        job_id=event.job_id,
    )


def _added(data: e.ScheduleAdded, event: Event) -> Schedule:
    return Schedule(
        **asdict(data.definition),
        schedule_id=event.job_id.removeprefix(SCHEDULE_KEY),
        status=ScheduleStatus.PAUSED if data.paused else ScheduleStatus.ACTIVE,
        version=event.version,
        order_added=event.seq,
        created_at=event.at,
        since=event.at,
    )


def _after(schedule: Schedule, data: e.ScheduleEvent, event: Event) -> Schedule:
    match data:
        case e.ScheduleEdited():
            return replace(schedule, **asdict(data.definition))
        case e.SchedulePaused():
            return replace(schedule, status=ScheduleStatus.PAUSED)
        case e.ScheduleResumed():
            return replace(schedule, status=ScheduleStatus.ACTIVE, since=event.at)
        case e.SchedulePlanned():
            past = (event.at - _DAYS_KEPT).strftime("%Y%m%d")
            return replace(
                schedule,
                planned_until=data.until,
                made=data.made,
                given_back=data.given_back,
                skipped=tuple(name for name in schedule.skipped if name >= past),
            )
        case e.ScheduleSkipped():
            free = (
                schedule.given_back if data.number is None else (*schedule.given_back, data.number)
            )
            skipped = (*schedule.skipped, data.occurrence)
            return replace(schedule, skipped=skipped, given_back=free)
        case e.ScheduleEnded():
            return replace(
                schedule,
                status=ScheduleStatus.ENDED,
                ended_at=event.at,
                end_reason=data.reason,
            )
        case e.ScheduleAdded() | SlotsSet():
            raise AssertionError("a schedule is added once, and has no slots")
        case _:
            assert_never(data)


def evolve_slots(slots: Slots | None, event: Event) -> Slots:
    """Return the slots of an account after `event`.

    Raises:
        InvalidTransitionError: no legal history has this event here.
    """
    data, expected = event.data, 1 if slots is None else slots.version + 1
    if not isinstance(data, SlotsSet) or event.version != expected:
        raise _cannot_follow(event, NEW, expected)
    return Slots.of(data, event.job_id, event.version)
