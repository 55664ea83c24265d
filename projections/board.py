"""The board: the current state of every job, with the indexes that the loop asks for.

Nothing here scans all jobs to find the next one (`projections/queue.py`) or the next to expire
(`projections/waiting.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain

import msgspec

from ..domain import (
    Event,
    InvalidTransitionError,
    JobPlace,
    JobStatus,
    LedgerCorruptError,
    Moment,
    ScheduledJob,
    evolve,
)
from ..eventstore import Record
from .account_counts import AccountCounts, Counts
from .ageing import AgeingQueue
from .choice import Choice
from .folding import fold_jobs
from .id_set import IdSet
from .jobs import OPEN, Jobs, JobsState
from .listing import Listing
from .projection import Change, Folded
from .queue import DueQueue, place, rank
from .schedules import OF_SCHEDULES, Schedules, SchedulesState
from .waiting import WaitingTimes

_PENDING, _SCHEDULED = JobStatus.PENDING, JobStatus.SCHEDULED
_FAILED = JobStatus.FAILED
_WAITING = (_PENDING, _SCHEDULED)
_ALL = Choice()


class BoardState(msgspec.Struct, frozen=True):
    """What a board has at one moment, for another one to go on from."""

    seq: int
    at: Moment | None
    jobs: JobsState
    counts: Counts
    unknown: dict[str, JobPlace]
    schedules: SchedulesState = SchedulesState()


class Board:
    """Applies events in order; `seq` and `at` are those of the last one."""

    name = "board"

    def __init__(self) -> None:
        self.seq = 0
        self.at: datetime | None = None
        self.jobs = Jobs()
        self.schedules = Schedules()
        self._listing = Listing(self.jobs)
        self._by_status = {status: IdSet() for status in OPEN}
        """The jobs that are not closed; so are those by account."""
        self._by_account: dict[str, IdSet] = {}
        self._unknown: dict[str, JobPlace] = {}
        """Where each job stands of which nobody knows whether it is out."""
        self._counts = AccountCounts()
        self._queue: DueQueue | AgeingQueue = DueQueue(self.jobs.open)
        self._waiting = WaitingTimes(self.jobs.open)
        self.is_loading = False

    def let_age(self, step: timedelta) -> None:
        """From here on a due job gains one step of priority for each `step` that it waits, in what
        comes next; the order of lists is what it was."""
        self._queue = AgeingQueue(self.jobs.open, step)
        self._make_heaps_anew()

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Apply many events within the `with`, and ask nothing before its end but for jobs by id:
        which jobs wait or run is found out then, of those that do."""
        if self.is_loading:
            yield
            return
        self.is_loading = True
        try:
            yield
        finally:
            self.is_loading = False
            self._find_open()
            self.schedules.find_open(self.jobs.open.values())
            self._make_heaps_anew()

    def _find_open(self) -> None:
        self._by_status, self._by_account = {status: IdSet() for status in OPEN}, {}
        for job in self.jobs.open.values():
            self._by_status[job.status].add(job.job_id)
            self._of_account(job.account_id).add(job.job_id)

    def take(self, event: Event) -> Change | None:
        """Fold one event in, whatever it is of; return the change of a job where it is of one.

        Raises:
            LedgerCorruptError: no legal history has this event here.
        """
        if type(event.data) not in OF_SCHEDULES:  # nearly always
            return self.apply(event)
        self.schedules.apply(event)
        self.seq, self.at = event.seq, event.at
        return None

    def apply(self, event: Event) -> Change:
        """Fold one event of a job in.

        Raises:
            LedgerCorruptError: no legal history has this event here.
        """
        jobs = self.jobs
        before = jobs.open.get(event.job_id) or jobs.find(event.job_id)
        try:
            after = evolve(before, event)
        except InvalidTransitionError as error:
            raise LedgerCorruptError(error.message, kind="transition") from error
        self.seq, self.at = event.seq, event.at
        self._index(before, after)
        was = None if before is None else before.status
        status = None if after is None else after.status
        if was is not status and (of := before or after) is not None:
            self._counts.move(of.account_id, was, status)
        # An event of anything else is none that `evolve` takes.
        return Change(event, before, after)  # type: ignore[arg-type]

    def take_all(self, events: Iterator[Event | Record], changes: list[Folded]) -> Event | None:
        """Fold many events in within `loading`, adding the change of each to `changes`; up to the
        first that is of no job, which is returned: it is for `take`. Raises as that.

        Raises:
            StorageError: a newer release wrote one.
        """
        try:
            return fold_jobs(events, self.jobs, self._counts, self._index, changes)
        finally:
            if changes:
                self.seq, self.at = changes[-1][0].seq, changes[-1][0].at

    def _index(self, before: ScheduledJob | None, after: ScheduledJob | None) -> None:
        if before is not None and before.status is _FAILED:
            self._unknown.pop(before.job_id, None)
        if after is not None and after.status is _FAILED and after.outcome_unknown:
            self._unknown[after.job_id] = JobPlace.of(after)
        was = None if before is None else before.status
        status = None if after is None else after.status
        of = before if after is None else after
        assert of is not None
        if was is not status and not self.is_loading:
            self._move(of, was, status)
        if after is None:
            self.jobs.remove(of.job_id)
        else:
            self.jobs.put(after)
        if of.schedule is not None and (after is None or not self.is_loading):
            self.schedules.note(of, is_there=after is not None)
        if after is None or status not in _WAITING or self.is_loading:
            return
        if was is not status or (before is not None and place(before) != place(after)):
            self._push(after)

    def _move(self, job: ScheduledJob, was: JobStatus | None, status: JobStatus | None) -> None:
        """Have a job among the open ones by its status and account, as far as it is one."""
        of_account = self._by_account.get(job.account_id)
        if was in OPEN:
            assert of_account is not None
            self._by_status[was].remove(job.job_id)
            if status not in OPEN:
                of_account.remove(job.job_id)
                if not of_account:
                    del self._by_account[job.account_id]
        if status in OPEN:
            self._by_status[status].add(job.job_id)
            if of_account is None:
                self._by_account[job.account_id] = IdSet((job.job_id,))
            elif was not in OPEN:
                of_account.add(job.job_id)

    def _of_account(self, account_id: str) -> IdSet:
        members = self._by_account.get(account_id)
        if members is None:
            members = self._by_account[account_id] = IdSet()
        return members

    def _push(self, job: ScheduledJob) -> None:
        entry = job.scheduled_time, job.order, job.job_id
        if job.status is _SCHEDULED:
            self._queue.push(entry)
        self._waiting.push(entry)
        if self._waiting.size + self._queue.size > 6 * len(self.jobs.open) + 64:
            self._make_heaps_anew()

    def _make_heaps_anew(self) -> None:
        pending, scheduled = (
            [
                (job.scheduled_time, job.order, job.job_id)
                for job in self.jobs.open.values()
                if job.status is status
            ]
            for status in _WAITING
        )
        self._queue.make_anew(scheduled)
        self._waiting.make_anew(scheduled + pending)

    def capture(self, *, to_save: bool = False) -> BoardState:
        """Copy the state of the board now, for `restore`; what is `to_save` as `Jobs.capture`."""
        return BoardState(
            seq=self.seq,
            at=self.at,
            jobs=self.jobs.capture(to_save=to_save),
            counts=self._counts.capture(),
            unknown=dict(self._unknown),
            schedules=self.schedules.capture(),
        )

    def restore(self, state: BoardState) -> None:
        """Have what another board had, and nothing else."""
        self.seq, self.at = state.seq, state.at
        self.jobs.restore(state.jobs)
        self._counts = AccountCounts(state.counts)
        self._unknown = dict(state.unknown)
        self._find_open()
        self.schedules.restore(state.schedules, self.jobs.open.values())
        self._make_heaps_anew()

    def same_as(self, other: Board) -> bool:
        """Whether the other one has the same jobs, in the same states, after the same event; also
        while this one is loading.

        Raises:
            LookupError, ValueError, zlib.error, StorageError: it was restored from what cannot be
                read.
        """
        return (
            (self.seq, self.at, self._unknown) == (other.seq, other.at, other._unknown)
            and self.schedules.same_as(other.schedules)
            and self._counts.capture() == other._counts.capture()
            and self.jobs.same_as(other.jobs)
        )

    # -- queries -------------------------------------------------------------------------------

    def get(self, job_id: str) -> ScheduledJob | None:
        return self.jobs.find(job_id)

    def counts(self) -> dict[JobStatus, int]:
        """How many jobs each status has."""
        return self._counts.all()

    def unknown(self) -> int:
        """How many jobs there are of which nobody knows whether they are out."""
        return len(self._unknown)

    def counts_of(self, account_id: str) -> dict[JobStatus, int]:
        """How many jobs of each status an account has."""
        return self._counts.of(account_id)

    def of_status(self, status: JobStatus) -> list[ScheduledJob]:
        """Return the jobs of one status, in no particular order."""
        if status in OPEN:
            return self.jobs.collect(self._by_status[status])
        return [job for job in self.jobs.closed(None, (status,)) if job.status is status]

    def select(self, choice: Choice = _ALL) -> list[ScheduledJob]:
        """Return the jobs that are chosen, in the order asked for."""
        if choice.outcome_unknown:
            return choice.picked(self._unknown, self.jobs.collect)
        if choice.is_part:
            return self._listing.select(choice)
        account_id, statuses = choice.account_id, choice.statuses
        if account_id is not None:
            ids: Iterable[str] = self._by_account.get(account_id, ())
        elif statuses is not None:
            ids = chain.from_iterable(self._by_status[each] for each in statuses & OPEN)
        else:
            return choice.listed(self.jobs.each())
        found = self.jobs.collect(ids)
        if statuses is None or statuses - OPEN:
            found += self.jobs.closed(account_id, statuses)
        return choice.listed(found)

    def accounts(self) -> list[str]:
        """Return the accounts that have jobs, sorted."""
        return self._counts.accounts()

    def ready(self, now: datetime, expire_after: timedelta) -> list[ScheduledJob]:
        """All due jobs, ranked."""
        scheduled = self.of_status(_SCHEDULED)
        return sorted((job for job in scheduled if job.is_ready(now, expire_after)), key=rank)

    def next_due(
        self, now: datetime, expire_after: timedelta, **without: Collection[str]
    ) -> ScheduledJob | None:
        """Return the due job that comes first, leaving out some, as `first_due`; O(log n) and the
        number left out."""
        due = self.first_due(now, expire_after, 1, **without)
        return due[0] if due else None

    def first_due(
        self,
        now: datetime,
        expire_after: timedelta,
        count: int,
        *,
        without_accounts: Collection[str] = (),
        without_jobs: Collection[str] = (),
    ) -> list[ScheduledJob]:
        """Up to `count` due jobs that come first, each of another account."""
        if self._queue.went_back(now):
            self._make_heaps_anew()
        return self._queue.first_due(now, expire_after, without_accounts, without_jobs, count)

    def due_of(self, account_id: str) -> list[ScheduledJob]:
        """Return the jobs of an account that `next_due` found due when it was last asked,
        ranked."""
        found = {job.job_id: job for job in self._queue.due_of(account_id)}
        return sorted(found.values(), key=rank)

    def next_time(self) -> datetime | None:
        """Return the earliest time of a SCHEDULED job that has not been found due yet."""
        return self._queue.next_time()

    def ahead(self, until: datetime) -> tuple[list[ScheduledJob], datetime | None]:
        """Return the SCHEDULED jobs up to then that are not found due yet, and when the next is."""
        return self._queue.ahead(until)

    def expired(self, now: datetime, expire_after: timedelta) -> list[ScheduledJob]:
        """Return the PENDING and SCHEDULED jobs that are expired at `now`, earliest first."""
        return self._waiting.expired(now, expire_after)

    def next_expiry(self, expire_after: timedelta) -> datetime | None:
        """When the next PENDING or SCHEDULED job expires."""
        return self._waiting.next_expiry(expire_after)

    def overdue(self, now: datetime) -> tuple[int, datetime | None]:
        """Count the SCHEDULED jobs whose time has come, and return the time of the one that has
        waited longest; what is not due is not looked at."""
        return self._waiting.overdue(now)
