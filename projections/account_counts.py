"""How many jobs of each status an account has: counted when that is first asked, kept up after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..domain import JobStatus


class AccountCounts:
    """Counts jobs by account and status. Whoever never asks does not pay for it."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[JobStatus, int]] | None = None
        self.is_kept = False
        """Whether somebody has asked, so that `move` has to be told of every change."""

    def forget(self) -> None:
        """Count anew when somebody asks the next time."""
        self._counts, self.is_kept = None, False

    def move(self, account_id: str, before: JobStatus | None, after: JobStatus | None) -> None:
        """Have a job of an account in another status; None: it is not there."""
        if self._counts is None:
            return
        counts = self._counts.setdefault(account_id, dict.fromkeys(JobStatus, 0))
        if before is not None:
            counts[before] -= 1
        if after is not None:
            counts[after] += 1
        elif not any(counts.values()):
            del self._counts[account_id]

    def of(
        self,
        account_id: str,
        by_account: Mapping[str, Iterable[str]],
        by_status: Mapping[JobStatus, Iterable[str]],
    ) -> dict[JobStatus, int]:
        """Return those of one account; the ids of all jobs are there for the first time."""
        if self._counts is None:
            counts = {account: dict.fromkeys(JobStatus, 0) for account in by_account}
            account_of = {job_id: name for name, ids in by_account.items() for job_id in ids}
            for status, ids in by_status.items():
                for job_id in ids:
                    counts[account_of[job_id]][status] += 1
            self._counts, self.is_kept = counts, True
        return dict(self._counts.get(account_id) or dict.fromkeys(JobStatus, 0))
