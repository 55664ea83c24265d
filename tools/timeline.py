"""One job's life as a timeline: when, how long after the step before, what, why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from ..domain.events import Event
from .output import printable

if TYPE_CHECKING:
    from rich.table import Table

_LEFT_OUT = {
    "attempt", "account_id", "content", "platform", "metadata", "priority", "max_retries",
    "reconcilable",
}  # fmt: skip
_WORDS = {
    "scheduled_time": "due",
    "retry_count": "retry",
    "thread_id": "id",
    "asks_first": "asks first whether it is out",
    "late_s": "seconds late",
}


def describe(event: Event, zone: ZoneInfo) -> str:
    """The event's data as a few words: what a person asks about first."""
    data = event.data
    parts = [str(data.error)] if hasattr(data, "error") else []
    for name in data.__struct_fields__:
        value = getattr(data, name)
        if name == "error" or name in _LEFT_OUT or value in (None, False, 0, "", {}):
            continue
        word = _WORDS.get(name, name.replace("_", " "))
        if value is True:
            parts.append(word)
        elif isinstance(value, datetime):
            parts.append(f"{word} {value.astimezone(zone):%Y-%m-%d %H:%M:%S}")
        elif name in ("reason", "message", "runner"):
            parts.append(str(value))
        elif value is not msgspec.UNSET:
            parts.append(f"{word} {value}")
    return ", ".join(parts)


def span(duration: timedelta) -> str:
    """A duration in the unit that suits it."""
    seconds = duration.total_seconds()
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if abs(seconds) >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds * 1000:.0f} ms"


def timeline(events: Sequence[Event], zone: ZoneInfo) -> Table:
    """The events of one job as a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("time", no_wrap=True, min_width=15)
    table.add_column("after", justify="right", no_wrap=True, min_width=8)
    table.add_column("event", no_wrap=True, min_width=11)
    table.add_column("attempt", justify="right", no_wrap=True)
    table.add_column("what", overflow="fold")
    previous = None
    for event in events:
        after = "" if previous is None else f"+{span(event.at - previous)}"
        attempt = getattr(event.data, "attempt", None)
        table.add_row(
            Text(f"{event.at.astimezone(zone):%H:%M:%S.%f}"),
            Text(after, style="dim"),
            Text(event.type, style="bold"),
            Text("" if attempt is None else str(attempt)),
            Text(printable(describe(event, zone))),
        )
        previous = event.at
    return table
