"""How many jobs of each status an account has, and all accounts together."""

from __future__ import annotations

from collections.abc import Mapping

from ..domain import JobStatus

Move = tuple[str, JobStatus | None, JobStatus | None]
"""Of a job its account, its status before and the one after; None: it is not there."""
Counts = dict[str, dict[JobStatus, int]]
"""By account and status; nothing stands for none."""


class AccountCounts:
    """Counts jobs by account and status; `move` has to be told of every change."""

    def __init__(self, counts: Mapping[str, Mapping[JobStatus, int]] | None = None) -> None:
        self._counts: Counts = {name: dict(each) for name, each in (counts or {}).items()}
        self._all = dict.fromkeys(JobStatus, 0)
        for each in self._counts.values():
            for status, number in each.items():
                self._all[status] += number

    def move(self, account_id: str, before: JobStatus | None, after: JobStatus | None) -> None:
        """Have a job of an account in another status; None: it is not there."""
        counts = self._counts.get(account_id)
        if counts is None:
            counts = self._counts[account_id] = {}
        if after is not None:
            counts[after] = counts.get(after, 0) + 1
            self._all[after] += 1
        if before is not None:
            self._all[before] -= 1
            left = counts.pop(before, 0) - 1
            if left > 0:
                counts[before] = left
            elif not counts:
                del self._counts[account_id]

    def move_all(self, moves: Mapping[Move, int]) -> None:
        """Have so many jobs each in another status, as `move` does with one; in whatever order
        they came: nothing is looked at before the last."""
        gained: dict[tuple[str, JobStatus], int] = {}
        for (account_id, before, after), number in moves.items():
            if before is not None:
                gained[account_id, before] = gained.get((account_id, before), 0) - number
            if after is not None:
                gained[account_id, after] = gained.get((account_id, after), 0) + number
        for (account_id, status), number in gained.items():
            self._all[status] += number
            counts = self._counts.setdefault(account_id, {})
            counts[status] = counts.get(status, 0) + number
            if not counts[status]:
                del counts[status]
                if not counts:
                    del self._counts[account_id]

    def of(self, account_id: str) -> dict[JobStatus, int]:
        """Return those of one account."""
        return dict.fromkeys(JobStatus, 0) | self._counts.get(account_id, {})

    def all(self) -> dict[JobStatus, int]:
        """Return those of all accounts together."""
        return dict(self._all)

    def accounts(self) -> list[str]:
        """Return the accounts that have jobs, sorted."""
        return sorted(self._counts)

    def capture(self) -> Counts:
        """Copy what was counted, to make another one of."""
        return {name: dict(each) for name, each in self._counts.items()}
