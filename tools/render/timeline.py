"""One job's life as a timeline: when, how long after the step before, what, why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, assert_never
from zoneinfo import ZoneInfo

from ...domain import (
    Event,
    ScheduleAdded,
    ScheduleEdited,
    ScheduleEnded,
    ScheduleEvent,
    SchedulePaused,
    SchedulePlanned,
    ScheduleResumed,
    ScheduleSkipped,
    SlotsSet,
)
from ...domain import events as e
from ...explanation import span, words
from ..output import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

WIDE = 100
"""From so many columns on there is room for one that says who did it."""
NARROW = 64
"""On a terminal of fewer columns than that, what happened stands beneath when it did."""


def style_of(data: e.JobEvent | ScheduleEvent) -> str:
    """Return the style that an event's type is printed in; "" for what needs none."""
    match data:
        case ScheduleEnded() | SchedulePaused():
            return "yellow"
        case (
            ScheduleAdded()
            | ScheduleEdited()
            | ScheduleResumed()
            | SchedulePlanned()
            | ScheduleSkipped()
            | SlotsSet()
        ):
            return ""
        case e.JobCompleted():
            return "green"
        case e.JobStarted():
            return "bold blue"
        case e.JobFailed():
            return "bold red"
        case e.JobRetried():
            return "red"
        case e.JobInterrupted():
            return "bold yellow"
        case e.JobDeferred() | e.JobExpired():
            return "yellow"
        case (
            e.JobAdded()
            | e.JobHeld()
            | e.JobReleased()
            | e.JobEdited()
            | e.JobRescheduled()
            | e.JobNoted()
            | e.JobCheckpointed()
            | e.JobCancelled()
            | e.JobRequeued()
            | e.JobResolved()
            | e.JobRemoved()
        ):
            return ""
        case _:
            assert_never(data)


def life_of(events: Sequence[Event]) -> str:
    """How long it took from the first of a job's events to the last one, as far as that is known.

    The log has them in the order in which they came about. Where the time of one is before that of
    the one before, the clock went back, and what passed in between nobody knows.
    """
    steps = [after.at - before.at for before, after in pairwise(events)]
    back = sum(step < timedelta(0) for step in steps)
    passed = span(sum((max(step, timedelta(0)) for step in steps), timedelta(0)))
    if not back:
        return passed
    times = "once" if back == 1 else f"{back} times"
    return f"at least {passed} (the clock went back {times}: the order is that of the log)"


def _after(step: timedelta) -> str:
    """How long after the step before: less than nothing where the clock went back."""
    return f"-{span(-step)}" if step < timedelta(0) else f"+{span(step)}"


def _what_and_who(event: Event, zone: ZoneInfo) -> str:
    return ", ".join(filter(None, (words(event, zone=zone), event.by and f"by {event.by}")))


def timeline(events: Sequence[Event], zone: ZoneInfo, width: int) -> Table:
    """Draw the events of one job as a table for so many columns; the date stands where a day
    begins, and who caused it where that is known of any: in a column where there is room for one,
    else behind what happened."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("date", no_wrap=True, min_width=10)
    table.add_column("time", no_wrap=True, min_width=12)
    table.add_column("after", justify="right", no_wrap=True, min_width=8)
    table.add_column("event", no_wrap=True, min_width=11)
    table.add_column("try", justify="right", no_wrap=True)
    has_by = width >= WIDE and any(event.by for event in events)
    if has_by:
        table.add_column("by", no_wrap=True)
    table.add_column("what", overflow="fold")
    previous: datetime | None = None
    day = ""
    for event in events:
        local = event.at.astimezone(zone)
        date = f"{local:%Y-%m-%d}"
        after = "" if previous is None else _after(event.at - previous)
        attempt = getattr(event.data, "attempt", None)
        table.add_row(
            Text("" if date == day else date),
            Text(f"{local:%H:%M:%S.%f}"[:12]),
            Text(after, style="yellow" if after.startswith("-") else "dim"),
            Text(event.type, style=style_of(event.data)),
            Text("" if attempt is None else str(attempt)),
            *([Text(printable(event.by or ""))] if has_by else []),
            Text(printable(words(event, zone=zone) if has_by else _what_and_who(event, zone))),
        )
        previous, day = event.at, date
    return table


def narrow_timeline(events: Sequence[Event], zone: ZoneInfo) -> Iterator[RenderableType]:
    """Draw the same line by line, with what happened beneath when it did."""
    from rich.padding import Padding
    from rich.text import Text

    previous: datetime | None = None
    for event in events:
        local = event.at.astimezone(zone)
        if previous is None or local.date() != previous.astimezone(zone).date():
            yield Text(f"{local:%Y-%m-%d}", "bold")
        attempt = getattr(event.data, "attempt", None)
        yield Text.assemble(
            f"{local:%H:%M:%S}  ",
            (event.type, style_of(event.data)),
            "" if attempt is None else f" {attempt}",
            ("" if previous is None else f"  {_after(event.at - previous)}", "dim"),
        )
        what = _what_and_who(event, zone)
        if what:
            yield Padding(Text(printable(what)), (0, 0, 0, 2))
        previous = event.at
