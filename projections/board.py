"""The board: the current state of every job, with the indexes that the loop asks for.

Nothing here scans all jobs to find the next one: due jobs are in a heap ordered by priority, time
and order of adding, later ones in a heap by time. An entry of a heap is not removed when its job
changes; it is found stale when it comes to the top, and a heap with too many stale entries is made
anew.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from ..domain.errors import InvalidTransitionError, LedgerCorruptError
from ..domain.events import Event
from ..domain.evolve import evolve
from ..domain.job import JobStatus, ScheduledJob
from .projection import Change

_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED)


def rank(job: ScheduledJob) -> tuple[int, datetime, int]:
    """The order of lists and of execution: highest priority, then time, then order of adding."""
    return -job.priority, job.scheduled_time, job.order


class Board:
    """Applies events in order; `seq` and `at` are those of the last one."""

    name = "board"

    def __init__(self) -> None:
        self.seq = 0
        self.at: datetime | None = None
        self.jobs: dict[str, ScheduledJob] = {}
        self._by_status: dict[JobStatus, dict[str, None]] = {status: {} for status in JobStatus}
        self._by_account: dict[str, dict[str, None]] = {}
        self._later: list[tuple[datetime, int, str]] = []
        self._due: list[tuple[int, datetime, int, str]] = []
        self._expiring: list[tuple[datetime, int, str]] = []
        self._looked_at: datetime | None = None
        """The time by which jobs were last moved from the later ones to the due ones."""

    def apply(self, event: Event) -> Change:
        """Fold one event in.

        Raises:
            LedgerCorruptError: no legal history has this event here.
        """
        before = self.jobs.get(event.job_id)
        try:
            after = evolve(before, event)
        except InvalidTransitionError as error:
            raise LedgerCorruptError(error.message, kind="transition") from error
        self.seq, self.at = event.seq, event.at
        self._index(before, after)
        return Change(event, before, after)

    def _index(self, before: ScheduledJob | None, after: ScheduledJob | None) -> None:
        if before is not None and (after is None or after.status is not before.status):
            del self._by_status[before.status][before.job_id]
        if after is None:
            assert before is not None
            del self.jobs[before.job_id]
            of_account = self._by_account[before.account_id]
            del of_account[before.job_id]
            if not of_account:
                del self._by_account[before.account_id]
            return
        self.jobs[after.job_id] = after
        if before is None or after.status is not before.status:
            self._by_status[after.status][after.job_id] = None
        if before is None:
            self._by_account.setdefault(after.account_id, {})[after.job_id] = None
        if after.status in _OPEN and (before is None or _place(before) != _place(after)):
            self._push(after)

    def _push(self, job: ScheduledJob) -> None:
        entry = (job.scheduled_time, job.order, job.job_id)
        heapq.heappush(self._expiring, entry)
        if job.status is JobStatus.SCHEDULED:
            heapq.heappush(self._later, entry)
        live = len(self._by_status[JobStatus.SCHEDULED]) + len(self._by_status[JobStatus.PENDING])
        if len(self._expiring) + len(self._later) + len(self._due) > 6 * live + 64:
            self._make_heaps_anew()

    def _make_heaps_anew(self) -> None:
        entries = {
            status: [(j.scheduled_time, j.order, j.job_id) for j in self.of_status(status)]
            for status in _OPEN
        }
        self._later = entries[JobStatus.SCHEDULED]
        self._expiring = entries[JobStatus.SCHEDULED] + entries[JobStatus.PENDING]
        self._due = []
        heapq.heapify(self._later)
        heapq.heapify(self._expiring)

    # -- queries -------------------------------------------------------------------------------

    def get(self, job_id: str) -> ScheduledJob | None:
        return self.jobs.get(job_id)

    def of_status(self, status: JobStatus) -> list[ScheduledJob]:
        """The jobs of one status, in no particular order."""
        return [self.jobs[job_id] for job_id in self._by_status[status]]

    def select(
        self, *, account_id: str | None = None, status: JobStatus | None = None
    ) -> list[ScheduledJob]:
        """The jobs of an account and a status (None: of all), ranked."""
        chosen: Iterable[ScheduledJob]
        if account_id is not None:
            of_account = self._by_account.get(account_id, {})
            chosen = (self.jobs[job_id] for job_id in of_account)
            if status is not None:
                chosen = (job for job in chosen if job.status is status)
        elif status is not None:
            chosen = self.of_status(status)
        else:
            chosen = self.jobs.values()
        return sorted(chosen, key=rank)

    def ready(self, now: datetime, expire_after: timedelta) -> list[ScheduledJob]:
        """All due jobs, ranked."""
        scheduled = self.of_status(JobStatus.SCHEDULED)
        return sorted((job for job in scheduled if job.is_ready(now, expire_after)), key=rank)

    def next_due(
        self,
        now: datetime,
        expire_after: timedelta,
        *,
        without_accounts: Collection[str] = (),
        without_jobs: Collection[str] = (),
    ) -> ScheduledJob | None:
        """The due job that comes first, leaving out some; O(log n) and the number left out."""
        if self._looked_at is not None and now < self._looked_at:
            self._make_heaps_anew()  # the clock went back: what was due may not be any more
        self._looked_at = now
        while self._later and self._later[0][0] <= now:
            job = self._scheduled(heapq.heappop(self._later))
            if job is not None:
                heapq.heappush(self._due, (*rank(job), job.job_id))
        left_out: list[tuple[int, datetime, int, str]] = []
        found: ScheduledJob | None = None
        while self._due and found is None:
            entry = self._due[0]
            job = self.jobs.get(entry[3])
            if job is None or job.status is not JobStatus.SCHEDULED or rank(job) != entry[:3]:
                heapq.heappop(self._due)  # stale: where it stands now has an entry of its own
            elif (
                job.account_id in without_accounts
                or job.job_id in without_jobs
                or job.is_expired(now, expire_after)
            ):
                left_out.append(heapq.heappop(self._due))
            else:
                found = job
        for entry in left_out:
            heapq.heappush(self._due, entry)
        return found

    def next_time(self) -> datetime | None:
        """The earliest time of a SCHEDULED job that has not been found due yet."""
        while self._later and self._scheduled(self._later[0]) is None:
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None

    def expired(self, now: datetime, expire_after: timedelta) -> list[ScheduledJob]:
        """The PENDING and SCHEDULED jobs that are expired at `now`, earliest first."""
        found: list[ScheduledJob] = []
        entries = []
        while self._expiring and now - self._expiring[0][0] > expire_after:
            entry = heapq.heappop(self._expiring)
            job = self.jobs.get(entry[2])
            if job is None or job.status not in _OPEN or job.scheduled_time != entry[0]:
                continue
            if not found or found[-1] is not job:
                found.append(job)
                entries.append(entry)
        for entry in entries:
            heapq.heappush(self._expiring, entry)
        return found

    def next_expiry(self, expire_after: timedelta) -> datetime | None:
        """When the next PENDING or SCHEDULED job expires."""
        while self._expiring:
            scheduled_time, _, job_id = self._expiring[0]
            job = self.jobs.get(job_id)
            if job is not None and job.status in _OPEN and job.scheduled_time == scheduled_time:
                try:
                    return scheduled_time + expire_after
                except OverflowError:
                    return None
            heapq.heappop(self._expiring)
        return None

    def _scheduled(self, entry: tuple[datetime, int, str]) -> ScheduledJob | None:
        """The job of an entry, where it is still SCHEDULED for the entry's time."""
        job = self.jobs.get(entry[2])
        if job is None or job.status is not JobStatus.SCHEDULED or job.scheduled_time != entry[0]:
            return None
        return job


def _place(job: ScheduledJob) -> tuple[JobStatus, int, datetime]:
    """What decides where a job stands in the heaps."""
    return job.status, job.priority, job.scheduled_time
