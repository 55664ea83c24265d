"""What has happened to a schedule: the event types. Each has its step in `evolve.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeGuard, get_args

import msgspec

from ..event import Event, EventData
from ..times import Moment
from .slots import SlotsSet
from .state import EndReason, ScheduleDefinition


class ScheduleAdded(EventData, frozen=True):
    """A schedule came to be; it is PAUSED where it was added so."""

    TYPE = "schedule_added"
    TRIGGERS = ("add",)
    definition: ScheduleDefinition
    paused: bool = False


class ScheduleEdited(EventData, frozen=True):
    """Something else is said of it from now on."""

    TYPE = "schedule_edited"
    TRIGGERS = ("edit",)
    definition: ScheduleDefinition


class SchedulePaused(EventData, frozen=True):
    """Its waiting jobs are held, and it makes no more."""

    TYPE = "schedule_paused"
    TRIGGERS = ("pause",)


class ScheduleResumed(EventData, frozen=True):
    """It goes on with what comes from now on."""

    TYPE = "schedule_resumed"
    TRIGGERS = ("resume",)


class OccurrenceLeftOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """An occurrence that did not become a job, and why: its text is another job's (`unique`), or
    was not acceptable as it came out (`content`)."""

    occurrence: str
    reason: Literal["unique", "content"]


class SchedulePlanned(EventData, frozen=True):
    """Its occurrences up to `until` are jobs, or were left out.

    `made` and `given_back` are as `Schedule` has them afterwards. `missed` occurrences were past
    already and became no jobs. `since`: nothing before that was looked at, since it could only have
    expired.
    """

    TYPE = "schedule_planned"
    TRIGGERS = ("plan",)
    until: Moment
    made: int
    given_back: tuple[int, ...] = ()
    missed: int = 0
    since: Moment | None = None
    left_out: tuple[OccurrenceLeftOut, ...] = ()


class ScheduleSkipped(EventData, frozen=True):
    """One occurrence will not be. `number` is given back where a text would be lost with it."""

    TYPE = "schedule_skipped"
    TRIGGERS = ("skip",)
    occurrence: str
    at: Moment
    number: int | None = None


class ScheduleEnded(EventData, frozen=True):
    """It makes no more jobs, ever."""

    TYPE = "schedule_ended"
    TRIGGERS = ("end",)
    reason: EndReason
    note: str = ""


ScheduleEvent = (
    ScheduleAdded
    | ScheduleEdited
    | SchedulePaused
    | ScheduleResumed
    | SchedulePlanned
    | ScheduleSkipped
    | ScheduleEnded
    | SlotsSet
)
"""What can happen to a schedule, and to the slots of an account."""

SCHEDULE_EVENTS: dict[str, type[ScheduleEvent]] = {
    kind.TYPE: kind for kind in get_args(ScheduleEvent)
}

_KINDS = frozenset(SCHEDULE_EVENTS.values())


def is_of_schedule(event: Event) -> TypeGuard[Event[ScheduleEvent]]:
    """Say whether an event is of a schedule, or of an account's slots."""
    return type(event.data) in _KINDS


def of_schedules(events: Iterable[Event]) -> list[Event[ScheduleEvent]]:
    """Return those of the events that are of schedules, or of slots."""
    return [event for event in events if is_of_schedule(event)]
