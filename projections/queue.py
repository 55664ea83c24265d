"""The queue of SCHEDULED jobs: which due job comes first, without ever scanning all of them.

Later jobs are in a heap by time. Due ones are in a heap for each account, and the first of each
account in a heap of fronts, so that leaving out an account costs one step however many due jobs it
has. An entry of a heap is not removed when its job changes; it is found stale when it comes to the
top, and the heaps are made anew when too many are stale.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from ..domain import JobStatus, ScheduledJob

Entry = tuple[int, datetime, int, str]
"""Rank and job id."""
Later = tuple[datetime, int, str]
"""Time, order of adding, and job id."""


def rank(job: ScheduledJob) -> tuple[int, datetime, int]:
    """Return the order of lists and of execution: highest priority, then time, then order of
    adding."""
    return -job.priority, job.scheduled_time, job.order  # rule: highest-priority-first


def place(job: ScheduledJob) -> tuple[JobStatus, int, datetime]:
    """Return what decides where a job stands in the heaps."""
    return job.status, job.priority, job.scheduled_time


class DueQueue:
    """Finds its way in `jobs`, which somebody else keeps; `push` tells it of a changed one."""

    def __init__(self, jobs: Mapping[str, ScheduledJob]) -> None:
        self._jobs = jobs
        self._later: list[Later] = []
        self._due: dict[str, list[Entry]] = {}
        self._fronts: list[tuple[int, datetime, int, str, str]] = []
        """Of each account with due jobs at least its first one, with the account's name."""
        self.size = 0
        """The entries in all heaps but the fronts, stale ones included."""
        self._looked_at: datetime | None = None
        """The time by which jobs were last moved from the later ones to the due ones."""

    def push(self, entry: Later) -> None:
        """Take in a job that is SCHEDULED now, or whose rank has changed."""
        heapq.heappush(self._later, entry)
        self.size += 1

    def make_anew(self, scheduled: Iterable[Later]) -> None:
        """Forget every entry, and take in those of the jobs that are SCHEDULED."""
        self._later = list(scheduled)
        heapq.heapify(self._later)
        self._due, self._fronts = {}, []
        self.size = len(self._later)

    def next_time(self) -> datetime | None:
        """Return the earliest time of a SCHEDULED job that has not been found due yet."""
        while self._later and self._scheduled_at(self._later[0]) is None:
            heapq.heappop(self._later)
            self.size -= 1
        return self._later[0][0] if self._later else None

    def ahead(self, until: datetime) -> tuple[list[ScheduledJob], datetime | None]:
        """Return the SCHEDULED jobs up to that time that have not been found due yet, in no order;
        and when the next one behind it may be. As many entries are looked at as there are."""
        found: dict[str, ScheduledJob] = {}
        behind: list[datetime] = []
        left = [0]
        while left:
            at = left.pop()
            if at >= len(self._later):
                continue
            entry = self._later[at]
            if entry[0] > until:  # and so is all that lies below it in the heap
                behind.append(entry[0])
                continue
            job = self._scheduled_at(entry)
            if job is not None:
                found[job.job_id] = job
            left += (2 * at + 1, 2 * at + 2)
        return list(found.values()), min(behind, default=None)

    def went_back(self, now: datetime) -> bool:
        """Whether the clock went back since it was last looked at: what was due may not be."""
        return self._looked_at is not None and now < self._looked_at

    def first_due(
        self,
        now: datetime,
        expire_after: timedelta,
        without_accounts: Collection[str],
        without_jobs: Collection[str],
        count: int,
    ) -> list[ScheduledJob]:
        """Up to `count` due jobs that come first, each of another account.

        O(log n) for each of them, and the number of what is left out.
        """
        self._move_due(now)
        left_fronts = []
        left_out: list[tuple[str, Entry]] = []
        found: dict[str, ScheduledJob] = {}  # an account may have more than one front
        while self._fronts and len(found) < count:
            *_, account = front = self._fronts[0]
            heap = self._due.get(account, [])
            job = self._live(heap)
            if job is None or heap[0] != front[:4]:
                heapq.heappop(self._fronts)  # not the account's first one any more
                if job is None:
                    self._due.pop(account, None)
                elif heap[0] > front[:4]:
                    heapq.heappush(self._fronts, (*heap[0], account))
            elif account in without_accounts or account in found:
                left_fronts.append(heapq.heappop(self._fronts))
            elif job.job_id in without_jobs or job.is_expired(now, expire_after):
                left_out.append((account, heapq.heappop(heap)))
            else:
                found[account] = job
                left_fronts.append(heapq.heappop(self._fronts))
        for front in left_fronts:
            heapq.heappush(self._fronts, front)
        for account, entry in left_out:
            self._put(account, entry)
        return list(found.values())

    def due_of(self, account_id: str) -> Iterator[ScheduledJob]:
        """Return the due jobs of an account as of the last look; in no order, and perhaps twice."""
        for entry in self._due.get(account_id, ()):
            job = self._jobs.get(entry[3])
            if _stands_at(job, entry):
                assert job is not None
                yield job

    def _move_due(self, now: datetime) -> None:
        self._looked_at = now
        while self._later and self._later[0][0] <= now:
            job = self._scheduled_at(heapq.heappop(self._later))
            self.size -= 1
            if job is not None:
                self.size += 1
                self._put(job.account_id, (*rank(job), job.job_id))

    def _put(self, account: str, entry: Entry) -> None:
        heap = self._due.setdefault(account, [])
        heapq.heappush(heap, entry)
        if heap[0] is entry:
            heapq.heappush(self._fronts, (*entry, account))

    def _live(self, heap: list[Entry]) -> ScheduledJob | None:
        """Return the job of the first entry that is not stale; the stale ones before it are
        dropped."""
        while heap:
            job = self._jobs.get(heap[0][3])
            if _stands_at(job, heap[0]):
                return job
            heapq.heappop(heap)  # where the job stands now has an entry of its own
            self.size -= 1
        return None

    def _scheduled_at(self, entry: Later) -> ScheduledJob | None:
        """Return the job of an entry, where it is still SCHEDULED for the entry's time."""
        job = self._jobs.get(entry[2])
        if job is None or job.status is not JobStatus.SCHEDULED or job.scheduled_time != entry[0]:
            return None
        return job


def _stands_at(job: ScheduledJob | None, entry: Entry) -> bool:
    return job is not None and job.status is JobStatus.SCHEDULED and rank(job) == entry[:3]
