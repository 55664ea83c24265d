"""The schedule as a value: what is said of it, and where it stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

import msgspec

from ..job.state import JobPriority
from ..times import Moment
from .rules import Fold, Gap, Rule

Misfire = Literal["latest", "skip", "all"]
"""Which of the occurrences that are too late are posted all the same: the newest, none, or all, as
far as `catch_up` goes."""
Overlap = Literal["queue", "skip"]
"""What becomes of an occurrence that is due while the one before is not over: it waits, or is left
out."""
ContentOrder = Literal["turns", "shuffle", "once"]
"""In which order several texts are used: one after the other and again, shuffled, or each once."""
EndReason = Literal["count", "until", "texts", "by_hand"]
"""Why a schedule is over: so many were asked for, its end has passed, each text was used, or
somebody has ended it."""

HORIZON = timedelta(days=14)
"""So far ahead occurrences become jobs."""
MOST_AHEAD = 2_500
"""Not more than about so many jobs of one schedule are made ahead."""
GRACE = timedelta(minutes=10)
"""An occurrence may be so late without being called late."""
CATCH_UP = 3


class ScheduleStatus(StrEnum):
    """Where a schedule is in its lifecycle (see `lifecycle.py`)."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class ScheduleDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of a schedule: the arguments of `add_schedule`, checked.

    `content` has a text or several, `until` is a local time of the zone, inclusive.
    """

    rule: Rule
    account_id: str
    content: tuple[str, ...]
    zone: str
    order: ContentOrder = "turns"
    priority: JobPriority = JobPriority.NORMAL
    max_retries: int = 3
    platform: str = "threads"
    metadata: dict[str, Any] = {}
    hold: bool = False
    gap: Gap = "shift"
    fold: Fold = "first"
    misfire: Misfire = "latest"
    grace_s: float = GRACE.total_seconds()
    catch_up: int = CATCH_UP
    until: datetime | None = None
    max_count: int | None = None
    jitter_s: float = 0.0
    overlap: Overlap = "queue"


class Schedule(ScheduleDefinition, frozen=True, kw_only=True, omit_defaults=True):
    """One schedule at one moment: a frozen value that never follows later changes.

    What is said of it, and beside that: `since`, before which nothing is made (when it was added,
    or resumed); `planned_until`, up to which its occurrences are jobs, or were left out; `made`,
    how many posts it has numbered, of which `given_back` are free again; `skipped`, the occurrences
    ahead that will not be.
    """

    schedule_id: str
    status: ScheduleStatus = ScheduleStatus.ACTIVE
    version: int = 0
    order_added: int = 0
    """The sequence number of its `schedule_added` event."""
    created_at: Moment | None = None
    since: Moment | None = None
    planned_until: Moment | None = None
    made: int = 0
    given_back: tuple[int, ...] = ()
    skipped: tuple[str, ...] = ()
    ended_at: Moment | None = None
    end_reason: EndReason | None = None

    @property
    def key(self) -> str:
        """What stands in the place of a job's id in its events."""
        return schedule_key(self.schedule_id)

    @property
    def definition(self) -> ScheduleDefinition:
        """What is said of it."""
        said = {name: getattr(self, name) for name in ScheduleDefinition.__struct_fields__}
        return ScheduleDefinition(**said)


SCHEDULE_KEY = "schedule:"
"""What the key of a schedule's events begins with: no job's id does."""


def schedule_key(schedule_id: str) -> str:
    """Return what stands in the place of a job's id in the events of a schedule."""
    return SCHEDULE_KEY + schedule_id
