"""The figures that `stats` gives, as values; what each of them means is said here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import ceil
from statistics import median
from typing import Any

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """Durations in seconds, exact: None where there is none.

    `median` is the middle one, or the mean of the middle two; `p95` is the nearest rank, the
    smallest that at least 95 % are not above.
    """

    count: int = 0
    median: float | None = None
    p95: float | None = None
    max: float | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted.

    `added` jobs, and `imported` ones, which came with a past that is not in this log. `attempts`
    were started. Jobs `completed` by an attempt; jobs that `failed` for good, with those whose
    `outcome_unknown` (the post may be out); attempts `retried` after a failure; attempts
    `interrupted`, whatever it led to. A job that a person `resolved` was counted as failed before.
    Jobs `expired`, with those that `misfired`: the schedule that made them found them too late.

    `success_rate` is `completed / (completed + failed)`. `waiting_s` is from the time that an
    attempt was due to its start, one an attempt. `running_s` is from its start to its end, for
    attempts that ended by their own word: when one that crashed or got stuck really ended is not
    known. `tries` has for each number of attempts how many jobs completed or failed after so many.
    """

    added: int = 0
    imported: int = 0
    attempts: int = 0
    completed: int = 0
    failed: int = 0
    outcome_unknown: int = 0
    retried: int = 0
    interrupted: int = 0
    cancelled: int = 0
    expired: int = 0
    misfired: int = 0
    requeued: int = 0
    resolved: int = 0
    removed: int = 0
    success_rate: float | None = None
    waiting_s: Spread = Spread()
    running_s: Spread = Spread()
    tries: dict[int, int] = {}

    def outcomes(self) -> dict[str, int]:
        """How jobs ended, each in one place only, and how often one was tried again after a
        failure: what bars are stacked from.
        """
        return {
            "completed": self.completed,
            "retried": self.retried,
            "failed": self.failed - self.outcome_unknown,
            "unknown": self.outcome_unknown,
            "expired": self.expired,
            "cancelled": self.cancelled,
        }


class Share(msgspec.Struct, frozen=True):
    """One account or platform: what was counted, and its jobs by state at the end."""

    name: str
    tally: Tally
    states: dict[str, int]


class Day(msgspec.Struct, frozen=True):
    """One local day, `YYYY-MM-DD`."""

    day: str
    tally: Tally


class Misfires(msgspec.Struct, frozen=True):
    """What one schedule did not post since it was too late: `misfired` are jobs that were later
    than it allows, `expired` those that expired as any job does, `missed` occurrences that were
    past before they could become jobs. `last_at` is when the last of them was found out.
    """

    schedule_id: str
    misfired: int
    expired: int
    missed: int
    last_at: datetime


class ErrorGroup(msgspec.Struct, frozen=True):
    """Errors alike but for numbers and ids: how many attempts ended so, the last of them."""

    error: str
    count: int
    last_at: datetime
    last_job: str
    last_error: str


class StatsReport(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a ledger, or of a window of it."""

    timezone: str
    since: datetime | None
    until: datetime | None
    account_id: str | None
    """The account that was asked for, where it was one."""
    account_ids: list[str]
    """All that were asked for; none: every account."""
    platform: str | None
    seq: int
    """The position that the states are of."""
    events: int
    """How many events were counted."""
    jobs: int
    states: dict[str, int]
    """Jobs by state, every state named, in the order of the lifecycle."""
    outcome_unknown: int
    """FAILED jobs whose post may be out: each needs a person."""
    total: Tally
    accounts: list[Share]
    platforms: list[Share]
    days: list[Day]
    schedules: dict[str, int]
    """Schedules by state, every state named, as of the end of the window."""
    misfires: list[Misfires]
    """The schedules that have any, most first."""
    errors: list[ErrorGroup]
    """The most frequent first."""
    other_errors: int
    """Failed attempts whose errors are not among `errors`."""

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values; times in RFC 3339, UTC."""
        found: dict[str, Any] = msgspec.to_builtins(self, str_keys=True)
        return found


def spread(durations: Iterable[float]) -> Spread:
    """Return the spread of durations in seconds."""
    ranked = sorted(durations)
    if not ranked:
        return Spread()
    nearest = ceil(len(ranked) * 95 / 100) - 1
    return Spread(len(ranked), round(median(ranked), 6), ranked[nearest], ranked[-1])
