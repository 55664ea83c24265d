"""What can be asked of a state: the same queries on the present and on any moment of the past."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from ..domain import (
    JobNotFoundError,
    JobStatus,
    Schedule,
    ScheduledJob,
    Slots,
    copy_json,
    detached,
)
from ..projections import Board, ListOrder, by_time
from .choosing import AskedStatus, to_choice, to_place

_MOST_LOOKED_AT = 10_000
_MOST_COMPARED = 1_000


if TYPE_CHECKING:
    from .coming import Coming


def not_found(job_id: object, ids: Iterable[str]) -> JobNotFoundError:
    """Return the error for an unknown id, with the nearest one that there is."""
    asked = str(job_id)  # of a caller without a type checker it may be anything
    near = _nearest(asked, list(islice(ids, _MOST_LOOKED_AT)))
    return JobNotFoundError(
        f"no job {job_id!r} in this ledger",
        job_id=asked,
        hint=None if near is None else f"the nearest is {near!r}",
    )


def _nearest(text: str, ids: list[str]) -> str | None:
    """Find the id that `text` was probably meant to be, or to be the beginning of."""
    import difflib  # only for those who mistype

    def nearest(texts: Iterable[str]) -> str | None:
        # To compare with each of thousands takes a second: who mistypes gets one of the ends right.
        alike = (each for each in texts if each[:2] == text[:2] or each[-2:] == text[-2:])
        found = difflib.get_close_matches(text, islice(alike, _MOST_COMPARED), n=1)
        return found[0] if found else None

    whole = nearest(ids)
    if whole or not text:
        return whole
    beginnings = {job_id[: len(text)]: job_id for job_id in ids}
    begins = nearest(beginnings)
    return None if begins is None else beginnings[begins]


def no_schedule(schedule_id: object, ids: Iterable[str]) -> JobNotFoundError:
    """Return the error for an unknown schedule, with the nearest one that there is."""
    asked = str(schedule_id)
    near = _nearest(asked, list(ids))
    return JobNotFoundError(
        f"no schedule {schedule_id!r:.60} in this ledger",
        job_id=f"schedule:{asked}",
        hint=None if near is None else f"the nearest is {near!r}",
    )


def _copied(schedule: Schedule) -> Schedule:
    """Return the same value, sharing nothing that its receiver could change under the ledger."""
    return msgspec.structs.replace(schedule, metadata=copy_json(schedule.metadata))


_BEFORE_ALL = datetime(1, 1, 2, tzinfo=UTC)


class JobQueries:
    """Queries on a board. Jobs are handed out as frozen values that nobody else can change.

    `lock` guards the board, `refresh` brings it up to date, `now` tells what is due, and naive
    times are of `zone`.
    """

    def __init__(
        self,
        board: Board,
        lock: threading.RLock,
        *,
        now: Callable[[], datetime],
        expire_after: timedelta,
        zone: ZoneInfo,
        refresh: Callable[[], object] = lambda: None,
    ) -> None:
        self._board = board
        self._lock = lock
        self._now = now
        self._expire_after = expire_after
        self._zone = zone
        self._refresh = refresh

    def get_job(self, job_id: str) -> ScheduledJob:
        """One job.

        Raises:
            JobNotFoundError: there is none of this id.
        """
        self._refresh()
        with self._lock:
            job = self._board.get(job_id) if isinstance(job_id, str) else None
            if job is None:
                raise not_found(job_id, self._board.jobs)
            return detached(job)

    def get_jobs(self, job_ids: Iterable[str]) -> dict[str, ScheduledJob]:
        """As `Ledger.get_jobs`."""
        wanted = list(job_ids)
        self._refresh()
        with self._lock:
            found = ((job_id, self._board.get(job_id)) for job_id in wanted)
            return {job_id: detached(job) for job_id, job in found if job is not None}

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
        choice = to_choice(
            account_id,
            status,
            due_from=due_from,
            due_to=due_to,
            text=text,
            outcome_unknown=outcome_unknown,
            order=order,
            limit=limit,
            zone=self._zone,
        )
        self._refresh()
        with self._lock:
            place = to_place(after, self._board.get)
            choice = msgspec.structs.replace(choice, after=place)
            return [detached(job) for job in self._board.select(choice)]

    def accounts(self) -> list[str]:
        """Return the accounts that have jobs, sorted. No job is looked at."""
        self._refresh()
        with self._lock:
            return self._board.accounts()

    def counts(self, account_id: str | None = None) -> dict[JobStatus, int]:
        """How many jobs there are of each status; all have a number. `account_id`: of that account.
        No job is looked at, and no id, but for the first question about an account."""
        self._refresh()
        with self._lock:
            board = self._board
            return board.counts() if account_id is None else board.counts_of(account_id)

    def count_unknown(self) -> int:
        """As `Ledger.count_unknown`."""
        self._refresh()
        with self._lock:
            return self._board.unknown()

    def schedules(self) -> list[Schedule]:
        """As `Ledger.schedules`."""
        self._refresh()
        with self._lock:
            return [_copied(each) for each in self._board.schedules.by_id.values()]

    def get_schedule(self, schedule_id: str) -> Schedule:
        """As `Ledger.get_schedule`."""
        self._refresh()
        with self._lock:
            return _copied(self._find_schedule(schedule_id))

    def _find_schedule(self, schedule_id: object) -> Schedule:
        by_id = self._board.schedules.by_id
        found = by_id.get(schedule_id) if isinstance(schedule_id, str) else None
        if found is None:
            raise no_schedule(schedule_id, by_id)
        return found

    def jobs_of_schedule(self, schedule_id: str) -> list[ScheduledJob]:
        """As `Ledger.jobs_of_schedule`."""
        self._refresh()
        with self._lock:
            self._find_schedule(schedule_id)
            ids = self._board.schedules.jobs_of(schedule_id)
            return sorted(map(detached, self._board.jobs.collect(ids)), key=by_time)

    def upcoming(self, schedule_id: str, count: int = 10) -> list[Coming]:
        """As `Ledger.upcoming`."""
        from .coming import coming_of  # only for those who have schedules

        self._refresh()
        with self._lock:
            schedule = self._find_schedule(schedule_id)
            return coming_of(self._board, schedule, self._now(), count)

    def slots(self, account_id: str) -> Slots | None:
        """As `Ledger.slots`."""
        self._refresh()
        with self._lock:
            return self._board.schedules.slots.get(account_id)

    def all_slots(self) -> list[Slots]:
        """As `Ledger.all_slots`."""
        self._refresh()
        with self._lock:
            by_account = sorted(self._board.schedules.slots.items())
            return [slots for _, slots in by_account if slots.week]

    def free_slots(self, account_id: str, count: int = 10) -> list[datetime]:
        """As `Ledger.free_slots`."""
        from .slot_taking import free_slots  # only for those who have slots

        self._refresh()
        with self._lock:
            return free_slots(self._board, account_id, self._now(), count)

    def get_ready_jobs(self) -> list[ScheduledJob]:
        """Return the due jobs, in the order in which they will run."""
        self._refresh()
        now = self._now()
        with self._lock:
            return [detached(job) for job in self._board.ready(now, self._expire_after)]

    @contextmanager
    def _looking(self) -> Iterator[Board]:
        """Yield the board, up to date, and as it is until the end of the `with`: for a part of the
        ledger that asks more than one thing of one moment. What it gives is not handed out."""
        self._refresh()
        with self._lock:
            yield self._board


class LedgerView(JobQueries):
    """A ledger as it was: a read-only state that no later change reaches.

    `seq` is the last event counted, `at` the moment that the view stands for.
    """

    def __init__(
        self, board: Board, at: datetime | None, expire_after: timedelta, zone: ZoneInfo
    ) -> None:
        super().__init__(
            board,
            threading.RLock(),
            now=lambda: at or _BEFORE_ALL,
            expire_after=expire_after,
            zone=zone,
        )
        self.seq: int = board.seq
        self.at = at
