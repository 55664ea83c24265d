"""Slots: the times of the week at which an account posts, for jobs that take the next free one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from ..errors import ValidationError
from ..event import EventData
from .rules import WEEKDAYS, At

if TYPE_CHECKING:
    from .local_time import ZoneClock

SLOTS_KEY = "slots:"
"""What the key of the events of an account's slots begins with: no job's id does."""


def slots_key(account_id: str) -> str:
    """Return what stands in the place of a job's id in the events of an account's slots."""
    return SLOTS_KEY + account_id


class SlotsSet(EventData, frozen=True):
    """An account has these slots from now on, and no others: times of day by weekday, in a zone."""

    TYPE = "slots_set"
    TRIGGERS = ("set_slots",)
    week: dict[str, tuple[str, ...]]
    zone: str


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The slots of an account: times of day (`HH:MM:SS`) by weekday (`mon`), in a zone."""

    account_id: str
    week: dict[str, tuple[str, ...]]
    zone: str
    version: int = 0

    @classmethod
    def of(cls, data: SlotsSet, key: str, version: int) -> Slots:
        """Return the slots that an event says."""
        account_id = key.removeprefix(SLOTS_KEY)
        return cls(account_id=account_id, week=data.week, zone=data.zone, version=version)

    def after(self, moment: datetime, clock: ZoneClock) -> Iterator[datetime]:
        """Yield the moments of the slots behind one, in order; none where the week has none."""
        from .recurrence import Recurrence  # only for those who have slots

        comings = [
            Recurrence(At(times, (day,)), clock).after(moment) for day, times in self.week.items()
        ]
        heads = [next(coming, None) for coming in comings]
        while ahead := [one.at for one in heads if one is not None]:
            found = min(ahead)
            yield found
            for place, head in enumerate(heads):
                if head is not None and head.at == found:
                    heads[place] = next(comings[place], None)


def check_week(week: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return times of day by weekday as they are kept: sorted, each once, days without one left
    out.

    Raises:
        ValidationError: a day is none, or a time is none.
    """
    if not isinstance(week, Mapping):
        raise ValidationError(
            "week must say times of day by weekday",
            field="week",
            hint="such as {'mon': ['09:00', '12:30']}",
        )
    found: dict[str, set[str]] = {}
    for day, times in week.items():
        if times:
            checked = At(times, (day,))  # type: ignore[arg-type]  # it takes any sequence
            found.setdefault(checked.weekdays[0], set()).update(checked.times)
    return {day: tuple(sorted(found[day])) for day in WEEKDAYS if day in found}
