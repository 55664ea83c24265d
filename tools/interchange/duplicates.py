"""One job in several daily files of a directory: which of them is the newest state.

A scheduler that rewrites a file at every change moves a job from one day's file to another's, and a
crash in between leaves it in both. A job that was completed must not come back from the other file,
so COMPLETED wins, then RUNNING; among equals the newer file does, and in one file the later entry.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from .fields import Row, RowFault

_RANK = {"completed": 2, "running": 1}


class Candidates:
    """The rows of one directory's daily files, the best of each job on top."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[tuple[int, datetime, str], Row]] = {}
        self._others: list[Row | RowFault] = []
        self._taken: dict[str, int] = {}
        self.resolved: Counter[str] = Counter()
        """How many jobs were in the directory more than once, by the file that won."""

    def add(self, row: Row | RowFault, updated_at: str | None, day: str) -> None:
        """Take a row in, of a file of that day which was written at `updated_at`."""
        job_id = row.values.get("job_id") if isinstance(row, Row) else None
        if isinstance(row, RowFault) or not isinstance(job_id, str):
            self._others.append(row)
            return
        status = str(row.values.get("status", "")).strip().lower()
        rank = (_RANK.get(status, 0), _written(updated_at, day), day)
        best = self._best.get(job_id)
        self._taken[job_id] = self._taken.get(job_id, 0) + 1
        if best is None or rank >= best[0]:
            self._best[job_id] = (rank, row)

    def rows(self) -> list[Row | RowFault]:
        """Return what is left: one row for each job, and what is no job of its own."""
        chosen = [row for _, row in self._best.values()]
        for row in chosen:
            if self._taken[row.values["job_id"]] > 1:
                self.resolved[row.source] += 1
        return [*chosen, *self._others]


def _written(updated_at: str | None, day: str) -> datetime:
    """When a file was written: what it says, else its day."""
    for text in (updated_at, day):
        try:
            moment = datetime.fromisoformat(text or "")
        except ValueError:
            continue
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.min.replace(tzinfo=UTC)
