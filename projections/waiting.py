"""The times of the jobs that wait, PENDING and SCHEDULED: which is overdue, and which expires.

A heap by time. An entry is not removed when its job changes; it is found stale when it comes to the
top, or is looked at, and the heap is made anew when too many are stale.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from ..domain import JobStatus, ScheduledJob
from .queue import Later

_WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)


class WaitingTimes:
    """Finds its way in `jobs`, which somebody else keeps; `push` tells it of a changed one."""

    def __init__(self, jobs: Mapping[str, ScheduledJob]) -> None:
        self._jobs = jobs
        self._heap: list[Later] = []

    @property
    def size(self) -> int:
        """The entries, stale ones included."""
        return len(self._heap)

    def push(self, entry: Later) -> None:
        """Take in a job that waits now, or whose time has changed."""
        heapq.heappush(self._heap, entry)

    def make_anew(self, waiting: Iterable[Later]) -> None:
        """Forget every entry, and take in those of the jobs that wait."""
        self._heap = list(waiting)
        heapq.heapify(self._heap)

    def expired(self, now: datetime, expire_after: timedelta) -> list[ScheduledJob]:
        """Return the jobs that are expired at `now`, earliest first."""
        found: list[ScheduledJob] = []
        entries = []
        while self._heap and now - self._heap[0][0] > expire_after:
            entry = heapq.heappop(self._heap)
            job = self._waiting_at(entry)
            if job is None:
                continue
            if not found or found[-1] is not job:
                found.append(job)
                entries.append(entry)
        for entry in entries:
            heapq.heappush(self._heap, entry)
        return found

    def next_expiry(self, expire_after: timedelta) -> datetime | None:
        """When the next of them expires."""
        while self._heap:
            if self._waiting_at(self._heap[0]) is not None:
                try:
                    return self._heap[0][0] + expire_after
                except OverflowError:
                    return None
            heapq.heappop(self._heap)
        return None

    def overdue(self, now: datetime) -> tuple[int, datetime | None]:
        """Count the SCHEDULED jobs whose time has come, also those that no runner has found too
        late yet, and return the earliest of their times: what is not due yet is not looked at."""
        due = {
            job.job_id: job.scheduled_time
            for job in self._until(now)
            if job.status is JobStatus.SCHEDULED
        }
        return len(due), min(due.values(), default=None)

    def _until(self, now: datetime) -> Iterator[ScheduledJob]:
        """Yield the jobs whose time has come, in no order, and perhaps twice: below what is later
        in a heap everything is."""
        heap, places = self._heap, [0]
        while places:
            place = places.pop()
            if place < len(heap) and heap[place][0] <= now:
                places += (2 * place + 1, 2 * place + 2)
                job = self._waiting_at(heap[place])
                if job is not None:
                    yield job

    def _waiting_at(self, entry: Later) -> ScheduledJob | None:
        """Return the job of an entry, where it still waits for the entry's time."""
        job = self._jobs.get(entry[2])
        if job is None or job.status not in _WAITING or job.scheduled_time != entry[0]:
            return None
        return job
