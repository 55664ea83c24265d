"""One job in several daily files of a directory: which of them is the newest state.

A scheduler that rewrites a file at every change moves a job from one day's file to another's, or
from one state's to another's, and a crash in between leaves it in both. A job that was completed
must not come back from the other file, so COMPLETED wins, then RUNNING; among equals the newer file
does, among files of one time the state that posts less, and in one file the later entry.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from ..fields import Row
from ..problems import RowProblem
from ..sources import Source

_RANK = {"completed": 2, "running": 1}
_POSTS = ("scheduled", "pending", "expired", "failed", "cancelled")
"""From what is posted by itself to what never is."""
_Rank = tuple[int, datetime, int, str]


class Candidates:
    """The rows of one directory's daily files, the best of each job on top."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[_Rank, Row, bool]] = {}
        self._others: list[Row | RowProblem] = []
        self._given: dict[str, Row] = {}
        self._taken: Counter[str] = Counter()
        self.resolved: Counter[str] = Counter()
        """How many jobs were in the directory more than once, by the file that won."""

    def add(self, row: Row | RowProblem, updated_at: str | None, source: Source) -> None:
        """Take a row in, of a file that was written at `updated_at`."""
        job_id = row.values.get("job_id") if isinstance(row, Row) else None
        if isinstance(row, Row):
            row = _of_its_file(row, source.state)
        if isinstance(row, RowProblem) or not isinstance(job_id, str):
            if not source.beside:
                self._others.append(row)
            return
        if not source.beside:
            self._given[job_id] = row
        self._taken[job_id] += 1
        rank = _rank(row, updated_at, source.day)
        best = self._best.get(job_id)
        if best is None or rank >= best[0]:
            self._best[job_id] = (rank, row, source.beside)

    def rows(self) -> list[Row | RowProblem]:
        """Return what is left: one row for each job, and what is no job of its own."""
        chosen: list[Row | RowProblem] = []
        for job_id, given in self._given.items():
            _, row, is_beside = self._best[job_id]
            if is_beside:
                fault = f"{row.source} beside it has the job as {_status(row)}"
                chosen.append(
                    RowProblem(given.source, given.line, f"{fault}: import the directory")
                )
                continue
            chosen.append(row)
            if self._taken[job_id] > 1:
                self.resolved[row.source] += 1
        return [*chosen, *self._others]


def _status(row: Row) -> str:
    word = str(row.values.get("status") or "").strip().lower()
    return word.removeprefix("jobstatus.")  # as a careless `str` of an enumeration is written


def _of_its_file(row: Row, state: str | None) -> Row | RowProblem:
    """Return a row of a file of one state, which it has from there if it does not say it."""
    if state is None or _status(row) == state:
        return row
    if not _status(row):
        return Row(row.source, row.line, {**row.values, "status": state})
    fault = f"status is {_status(row)!r:.40}, in a file of {state} jobs"
    return RowProblem(row.source, row.line, fault)


def _rank(row: Row, updated_at: str | None, day: str) -> _Rank:
    status = _status(row)
    posts = _POSTS.index(status) if status in _POSTS else 0
    return _RANK.get(status, 0), _written(updated_at, day), posts, day


def _written(updated_at: str | None, day: str) -> datetime:
    """When a file was written: what it says, else its day."""
    for text in (updated_at, day):
        try:
            moment = datetime.fromisoformat(text or "")
        except ValueError:
            continue
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.min.replace(tzinfo=UTC)
