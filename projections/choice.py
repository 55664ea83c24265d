"""Choice: which jobs a list has, in which order, and which part of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec

from ..domain import JobPlace, JobStatus, ScheduledJob, folded
from .queue import rank

ListOrder = Literal["rank", "time"]
"""How a list is ordered: `"rank"` by priority (highest first), then `scheduled_time`, then the
order of adding; `"time"` by `scheduled_time`, then the order of adding."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the jobs; nothing given: all of them, ranked."""

    account_id: str | None = None
    statuses: frozenset[JobStatus] | None = None
    due_from: datetime | None = None
    """Inclusive, in UTC."""
    due_to: datetime | None = None
    """Exclusive, in UTC."""
    text: str = ""
    """What the content has, `folded`."""
    order: ListOrder = "rank"
    after: JobPlace | None = None
    """Only those behind this place."""
    limit: int | None = None

    @property
    def is_part(self) -> bool:
        """Whether it is a part of a list, which need not cost what the whole does."""
        bounds = (self.limit, self.after, self.due_from, self.due_to)
        return any(bound is not None for bound in bounds)

    def has(self, job: ScheduledJob) -> bool:
        """Say whether a job is among those chosen, wherever it stands."""
        return (
            (self.account_id is None or job.account_id == self.account_id)
            and (self.statuses is None or job.status in self.statuses)
            and (self.due_from is None or job.scheduled_time >= self.due_from)
            and (self.due_to is None or job.scheduled_time < self.due_to)
            and (not self.text or self.text in folded(job.content))
        )

    def listed(self, jobs: Iterable[ScheduledJob]) -> list[ScheduledJob]:
        """Choose by a look at each of some jobs."""
        chosen = sorted(filter(self.has, jobs), key=rank if self.order == "rank" else by_time)
        if self.after is not None:
            after = self._key(self.after)
            chosen = [job for job in chosen if self._key(JobPlace.of(job)) > after]
        return chosen[: self.limit]

    def _key(self, place: JobPlace) -> tuple[Any, ...]:
        behind = place.time_us, place.order
        return (-place.priority, *behind) if self.order == "rank" else behind


def by_time(job: ScheduledJob) -> tuple[datetime, int]:
    """Return the order of lists by time."""
    return job.scheduled_time, job.order
