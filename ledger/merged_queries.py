"""Queries over several chains: one is asked, or all are and their answers merged.

A job that is handed out has an order of adding that no other job of any chain has: that within its
chain, times their number, and behind it the chain's own. So lists are in one order, with pages
that go on behind any job, and within an account it is the order of adding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec

from ..domain import JobNotFoundError, JobPlace, JobStatus, Schedule, ScheduledJob, Slots
from ..projections import ListOrder, by_time, rank
from .choosing import AskedStatus, to_place
from .queries import JobQueries, LedgerView, no_schedule, not_found

if TYPE_CHECKING:
    from .coming import Coming

AnswerT = TypeVar("AnswerT")
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class MergedQueries(JobQueries):
    """The queries of all chains, in order; `number_of` says which has an account."""

    def __init__(self, parts: Sequence[JobQueries], number_of: Callable[[object], int]) -> None:
        self.parts = tuple(parts)
        self._number_of = number_of

    def _of(self, account_id: object) -> JobQueries:
        return self.parts[self._number_of(account_id) - 1]

    def _ask_each(
        self, ask: Callable[[JobQueries], AnswerT], indexes: Sequence[int]
    ) -> tuple[int, AnswerT] | None:
        """Return the first answer, and of which part; None where no part knows of it."""
        for index in indexes:
            try:
                return index, ask(self.parts[index])
            except JobNotFoundError:
                continue
        return None

    # -- one job, or one schedule --------------------------------------------------------------

    def get_job(self, job_id: str) -> ScheduledJob:
        """One job. Raises as `Ledger.get_job`."""
        found = self._ask_each(lambda part: part.get_job(job_id), self._knowing(job_id))
        if found is None:
            raise not_found(job_id, (key for part in self.parts for key in part._board.jobs))
        return self._placed(*found)

    def _knowing(self, job_id: object) -> list[int]:
        """Return the parts that have a job as far as is known, so that only they are asked; all of
        them where none does."""
        indexes = range(len(self.parts))
        found = [index for index in indexes if job_id in self.parts[index]._board.jobs]
        return found or list(indexes)

    def get_jobs(self, job_ids: Iterable[str]) -> dict[str, ScheduledJob]:
        """As `Ledger.get_jobs`; each chain as of one moment."""
        wanted = [job_id for job_id in job_ids if isinstance(job_id, str)]
        found = {
            job_id: self._placed(index, job)
            for index, part in enumerate(self.parts)
            for job_id, job in part.get_jobs(wanted).items()
        }
        return {job_id: found[job_id] for job_id in wanted if job_id in found}

    def get_schedule(self, schedule_id: str) -> Schedule:
        """As `Ledger.get_schedule`."""
        index, found = self._of_schedule(schedule_id, lambda part: part.get_schedule(schedule_id))
        return self._schedule_placed(index, found)

    def jobs_of_schedule(self, schedule_id: str) -> list[ScheduledJob]:
        """As `Ledger.jobs_of_schedule`."""
        index, jobs = self._of_schedule(
            schedule_id, lambda part: part.jobs_of_schedule(schedule_id)
        )
        return [self._placed(index, job) for job in jobs]

    def upcoming(self, schedule_id: str, count: int = 10) -> list[Coming]:
        """As `Ledger.upcoming`."""
        index, coming = self._of_schedule(
            schedule_id, lambda part: part.upcoming(schedule_id, count)
        )
        return [
            each if each.job is None else each._replace(job=self._placed(index, each.job))
            for each in coming
        ]

    def _of_schedule(
        self, schedule_id: str, ask: Callable[[JobQueries], AnswerT]
    ) -> tuple[int, AnswerT]:
        found = self._ask_each(ask, range(len(self.parts)))
        if found is None:
            known = (part._board.schedules.by_id for part in self.parts)
            raise no_schedule(schedule_id, (key for ids in known for key in ids))
        return found

    # -- of an account -------------------------------------------------------------------------

    def slots(self, account_id: str) -> Slots | None:
        """As `Ledger.slots`."""
        return self._of(account_id).slots(account_id)

    def free_slots(self, account_id: str, count: int = 10) -> list[datetime]:
        """As `Ledger.free_slots`."""
        return self._of(account_id).free_slots(account_id, count)

    # -- of all --------------------------------------------------------------------------------

    def list_jobs(
        self,
        account_id: str | None = None,
        status: AskedStatus | None = None,
        *,
        due_from: datetime | None = None,
        due_to: datetime | None = None,
        text: str | None = None,
        outcome_unknown: bool = False,
        order: ListOrder = "rank",
        after: str | ScheduledJob | None = None,
        limit: int | None = None,
    ) -> list[ScheduledJob]:
        """As `Ledger.list_jobs`."""
        place = to_place(after, lambda job_id: self.get_jobs([job_id]).get(job_id))
        lists = (
            [
                self._placed(index, job)
                for job in part.list_jobs(
                    account_id,
                    status,
                    due_from=due_from,
                    due_to=due_to,
                    text=text,
                    outcome_unknown=outcome_unknown,
                    order=order,
                    after=None if place is None else self._place_in(index, place, order).text,
                    limit=limit,
                )
            ]
            for index, part in enumerate(self.parts)
            if not isinstance(account_id, str) or part is self._of(account_id)
        )
        key = rank if order == "rank" else by_time
        return list(islice(merge(*lists, key=key, reverse=order == "latest"), limit))

    def get_ready_jobs(self) -> list[ScheduledJob]:
        """Return the due jobs, ranked; each chain runs its own in this order."""
        lists = (
            [self._placed(index, job) for job in part.get_ready_jobs()]
            for index, part in enumerate(self.parts)
        )
        return list(merge(*lists, key=rank))

    def accounts(self) -> list[str]:
        """Return the accounts that have jobs, sorted."""
        return sorted(account for part in self.parts for account in part.accounts())

    def counts(self, account_id: str | None = None) -> dict[JobStatus, int]:
        """As `Ledger.counts`."""
        if account_id is not None:
            return self._of(account_id).counts(account_id)
        total: Counter[JobStatus] = Counter()
        for part in self.parts:
            total.update(part.counts())
        return {status: total[status] for status in JobStatus}

    def count_unknown(self) -> int:
        """As `Ledger.count_unknown`."""
        return sum(part.count_unknown() for part in self.parts)

    def schedules(self) -> list[Schedule]:
        """Return the schedules of all chains by when they were added."""
        found = (
            self._schedule_placed(index, schedule)
            for index, part in enumerate(self.parts)
            for schedule in part.schedules()
        )
        return sorted(found, key=lambda each: (each.created_at or _LONG_AGO, each.order_added))

    def all_slots(self) -> list[Slots]:
        """As `Ledger.all_slots`."""
        found = (slots for part in self.parts for slots in part.all_slots())
        return sorted(found, key=lambda slots: slots.account_id)

    # -- one order over all chains -------------------------------------------------------------

    def _placed(self, index: int, job: ScheduledJob) -> ScheduledJob:
        """Return a job with its order among those of all chains."""
        return msgspec.structs.replace(job, order=job.order * len(self.parts) + index)

    def _schedule_placed(self, index: int, schedule: Schedule) -> Schedule:
        """Do the same for a schedule."""
        order = schedule.order_added * len(self.parts) + index
        return msgspec.structs.replace(schedule, order_added=order)

    def _place_in(self, index: int, place: JobPlace, order: ListOrder) -> JobPlace:
        """Return the place in one chain behind which is what is behind `place` in all."""
        count = len(self.parts)
        if order == "latest":  # that the other way round: up to the first one that is not before it
            return place._replace(order=max(-((index - place.order) // count), 0))
        return place._replace(order=max((place.order - index) // count, 0))


class MergedView(MergedQueries, LedgerView):
    """A ledger of several chains as it was at a moment: `seq` is how many events that counts."""

    def __init__(
        self, views: Sequence[LedgerView], at: datetime, number_of: Callable[[object], int]
    ) -> None:
        MergedQueries.__init__(self, views, number_of)
        self.views = tuple(views)
        self.seq = sum(view.seq for view in views)
        self.at = at
