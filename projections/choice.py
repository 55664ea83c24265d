"""Choice: which jobs a list has, in which order, and which part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from ..domain import JobPlace, JobStatus, ScheduledJob, folded
from .queue import rank

ListOrder = Literal["rank", "time", "latest"]
"""How a list is ordered: `"rank"` by priority (highest first), then `scheduled_time`, then the
order of adding; `"time"` by `scheduled_time`, then the order of adding; `"latest"` the other way
round."""


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
    outcome_unknown: bool = False
    """Only those of which nobody knows whether they are out."""
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
        key = rank if self.order == "rank" else by_time
        chosen = sorted(filter(self.has, jobs), key=key, reverse=self.order == "latest")
        if self.after is not None:
            after = self._key(self.after)
            chosen = [job for job in chosen if self._key(JobPlace.of(job)) > after]
        return chosen[: self.limit]

    def picked(
        self,
        places: Mapping[str, JobPlace],
        collect: Callable[[list[str]], list[ScheduledJob]],
    ) -> list[ScheduledJob]:
        """Choose of jobs whose places are known: only as many are looked at as it takes."""
        after = None if self.after is None else self._key(self.after)
        keys = {job_id: self._key(place) for job_id, place in places.items()}
        ids = sorted(
            (i for i, key in keys.items() if after is None or key > after), key=keys.__getitem__
        )
        found: list[ScheduledJob] = []
        step = self.limit or max(len(ids), 1)
        for begin in range(0, len(ids), step):
            some = {job.job_id: job for job in collect(ids[begin : begin + step])}
            found += filter(self.has, (some[job_id] for job_id in ids[begin : begin + step]))
            if self.limit is not None and len(found) >= self.limit:
                break
        return found[: self.limit]

    def _key(self, place: JobPlace) -> tuple[Any, ...]:
        if self.order == "latest":
            return -place.time_us, -place.order
        behind = place.time_us, place.order
        return (-place.priority, *behind) if self.order == "rank" else behind


def by_time(job: ScheduledJob) -> tuple[datetime, int]:
    """Return the order of lists by time."""
    return job.scheduled_time, job.order
