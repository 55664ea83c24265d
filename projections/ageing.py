"""The queue of due jobs that gain priority while they wait.

A job's rank changes with time then, but of two jobs of one priority the one that was due first
never falls behind the other. So there is a queue for each priority, ordered as ever, and what comes
first is the best of their firsts: as cheap as one queue, whatever the time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain

from ..domain import JobPriority, ScheduledJob
from .queue import DueQueue, Later


class _Lane(DueQueue):
    """The queue of one priority. A job that has changed its priority is in another lane now."""

    def __init__(self, jobs: Mapping[str, ScheduledJob], priority: JobPriority) -> None:
        super().__init__(jobs)
        self._priority = priority

    def _scheduled_at(self, entry: Later) -> ScheduledJob | None:
        job = super()._scheduled_at(entry)
        return None if job is None or job.priority != self._priority else job


class AgeingQueue:
    """As `DueQueue`; a due job gains one step of priority for each `step` that it waits."""

    def __init__(self, jobs: Mapping[str, ScheduledJob], step: timedelta) -> None:
        self._jobs = jobs
        self._step = step
        self._lanes = {priority: _Lane(jobs, priority) for priority in JobPriority}

    @property
    def size(self) -> int:
        """The entries in all heaps but the fronts, stale ones included."""
        return sum(lane.size for lane in self._lanes.values())

    def push(self, entry: Later) -> None:
        """Take in a job that is SCHEDULED now, or whose rank has changed."""
        self._lanes[self._jobs[entry[2]].priority].push(entry)

    def make_anew(self, scheduled: Iterable[Later]) -> None:
        """Forget every entry, and take in those of the jobs that are SCHEDULED."""
        entries: dict[JobPriority, list[Later]] = {priority: [] for priority in JobPriority}
        for entry in scheduled:
            entries[self._jobs[entry[2]].priority].append(entry)
        for priority, lane in self._lanes.items():
            lane.make_anew(entries[priority])

    def next_time(self) -> datetime | None:
        """Return the earliest time of a SCHEDULED job that has not been found due yet."""
        times = [lane.next_time() for lane in self._lanes.values()]
        return min((time for time in times if time is not None), default=None)

    def ahead(self, until: datetime) -> tuple[list[ScheduledJob], datetime | None]:
        """Return what is SCHEDULED up to that time, as `DueQueue.ahead`."""
        every = [lane.ahead(until) for lane in self._lanes.values()]
        behind = [moment for _, moment in every if moment is not None]
        return [job for jobs, _ in every for job in jobs], min(behind, default=None)

    def went_back(self, now: datetime) -> bool:
        """Whether the clock went back since it was last looked at: what was due may not be."""
        return any(lane.went_back(now) for lane in self._lanes.values())

    def first_due(
        self,
        now: datetime,
        expire_after: timedelta,
        without_accounts: Collection[str],
        without_jobs: Collection[str],
        count: int,
    ) -> list[ScheduledJob]:
        """Up to `count` due jobs that come first, each of another account.

        O(log n) for each of them and each priority, and the number of what is left out.
        """
        left_out, found = set(without_accounts), list[ScheduledJob]()
        firsts = {
            priority: self._first(priority, now, expire_after, left_out, without_jobs)
            for priority in self._lanes
        }
        while len(found) < count:
            due = [job for job in firsts.values() if job is not None]
            if not due:
                break
            best = min(due, key=lambda job: self._rank(job, now))
            found.append(best)
            left_out.add(best.account_id)
            for priority, job in firsts.items():
                if job is not None and job.account_id == best.account_id:
                    firsts[priority] = self._first(
                        priority, now, expire_after, left_out, without_jobs
                    )
        return found

    def _first(
        self,
        priority: JobPriority,
        now: datetime,
        expire_after: timedelta,
        without_accounts: Collection[str],
        without_jobs: Collection[str],
    ) -> ScheduledJob | None:
        lane = self._lanes[priority]
        due = lane.first_due(now, expire_after, without_accounts, without_jobs, 1)
        return due[0] if due else None

    def _rank(self, job: ScheduledJob, now: datetime) -> tuple[int, datetime, int]:
        steps = (now - job.scheduled_time) // self._step
        return -job.priority - steps, job.scheduled_time, job.order

    def due_of(self, account_id: str) -> Iterator[ScheduledJob]:
        """Return the due jobs of an account as of the last look; in no order, and perhaps twice."""
        return chain.from_iterable(lane.due_of(account_id) for lane in self._lanes.values())
