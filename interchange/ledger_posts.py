"""The posts of the ledger that is imported into, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ..domain import JobAdded, JobNotFoundError, JobStatus, ScheduledJob
from ..ledger import Ledger
from .doubles import REMOVED

_PAGE = 1000
_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED)


class LedgerPosts:
    """Asks a ledger for the jobs that rows of a file may be."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

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

    def state(self, job_id: str) -> str:
        """Return the state of a job whose id the ledger knows: `removed` where it is gone."""
        try:
            return self._ledger.get_job(job_id).status.value
        except JobNotFoundError:
            return REMOVED

    def source(self, job_id: str) -> str | None:
        """Return the file that a job was imported from."""
        try:
            data = self._ledger.history(job_id)[0].data
        except JobNotFoundError:
            return None
        imported = data.imported if isinstance(data, JobAdded) else None
        return None if imported is None else imported.source
