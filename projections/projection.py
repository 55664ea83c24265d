"""The protocol of a projection, and the change that it takes in."""

from __future__ import annotations

from typing import Protocol

import msgspec

from ..domain import Event, JobEvent, ScheduledJob


class Change(msgspec.Struct, frozen=True, gc=False):
    """One event with the job before and after it (None: not there)."""

    event: Event[JobEvent]
    before: ScheduledJob | None
    after: ScheduledJob | None


Folded = tuple[Event[JobEvent], ScheduledJob | None, ScheduledJob | None]
"""What a `Change` has, in its order: many that are given together are plain tuples."""


class Projection(Protocol):
    """Something derived from the log, change by change.

    It sees every change once, in order, and depends on nothing else: no clock, no other files. So
    applying the whole log to a fresh one gives what a live one has.
    """

    name: str

    def apply(self, change: Change) -> None:
        """Take one change in."""
