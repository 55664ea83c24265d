"""The posts of the ledger that is imported into, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from ..domain import JobAdded, JobNotFoundError, JobStatus, ScheduledJob, Slots
from ..ledger import Ledger, free_among, minute_of
from .doubles import REMOVED

_PAGE = 1000
_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED)


class LedgerPosts:
    """Asks a ledger for the jobs that rows of a file may be."""

    is_there = True

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known_slots: dict[str, Slots | None] = {}

    def between(self, first: datetime, last: datetime) -> Iterator[ScheduledJob]:
        """Yield the jobs that are due from the first time to the last, both of them too."""
        after: str | None = None
        while True:
            page = self._ledger.list_jobs(
                due_from=first,
                due_to=last + timedelta(microseconds=1),
                order="time",
                after=after,
                limit=_PAGE,
            )
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].cursor

    def waiting(self, account_id: str) -> Sequence[ScheduledJob]:
        """Return the jobs of an account that have not been started."""
        return self._ledger.list_jobs(account_id, _OPEN)

    def running(self, account_id: str) -> Sequence[ScheduledJob]:
        """Return the jobs of an account that run just now."""
        return self._ledger.list_jobs(account_id, JobStatus.RUNNING)

    def has_slots(self, account_id: str) -> bool:
        """Whether an account has slots."""
        return self._slots(account_id) is not None

    def free_slots(self, account_id: str, but: Iterable[datetime]) -> Iterator[datetime]:
        """Yield the coming slots of an account that no job has, without those in some minutes."""
        slots = self._slots(account_id)
        if slots is None:
            return iter(())
        there = (*self.waiting(account_id), *self.running(account_id))
        taken = {*but, *(minute_of(job.scheduled_time) for job in there)}
        return free_among(slots, taken, self._ledger.now())

    def _slots(self, account_id: str) -> Slots | None:
        if account_id not in self._known_slots:
            slots = self._ledger.slots(account_id)
            self._known_slots[account_id] = slots if slots is not None and slots.week else None
        return self._known_slots[account_id]

    def state(self, job_id: str) -> str:
        """Return the state of a job whose id the ledger knows: `removed` where it is gone."""
        try:
            return self._ledger.get_job(job_id).status.value
        except JobNotFoundError:
            return REMOVED

    def origin(self, job_id: str) -> tuple[str, int | None] | None:
        """Return the file that a job was imported from, and the line."""
        try:
            data = self._ledger.history(job_id)[0].data
        except JobNotFoundError:
            return None
        imported = data.imported if isinstance(data, JobAdded) else None
        return None if imported is None else (imported.source, imported.line)
