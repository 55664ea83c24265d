"""A projection of one's own: how many posts each account has out, failed, and still to come."""

import csv
import io
from collections import Counter

from jobledger import Change, JobStatus

_COLUMNS = {"out": "completed", "failed": "failed", "to come": "scheduled"}


class PerAccount:
    """Kept in the file `projection_per_account.csv` beside the log."""

    name = "per_account.csv"

    def __init__(self) -> None:
        self._jobs: Counter[tuple[str, JobStatus]] = Counter()

    def apply(self, change: Change) -> None:
        """Take in one event, with the job as it was before it and as it is after it."""
        if change.before is not None:
            self._jobs[change.before.account_id, change.before.status] -= 1
        if change.after is not None:
            self._jobs[change.after.account_id, change.after.status] += 1

    def render(self) -> bytes:
        """Write the whole file, from what was applied and nothing else."""
        out = io.StringIO()
        table = csv.writer(out)
        table.writerow(["account", *_COLUMNS])
        for account in sorted({account for account, _ in self._jobs}):
            counts = [self._jobs[account, JobStatus(status)] for status in _COLUMNS.values()]
            table.writerow([account, *counts])
        return out.getvalue().encode()
