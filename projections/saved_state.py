"""What a snapshot says: its core, which is read at once, and the runs that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ..domain import JobPlace, JobStatus, Moment
from ..eventstore import DayRead, Repaired
from .closed_pages import EMPTY, JobsPage
from .counters import CountsOfLog
from .post_times import PostTimesState
from .saved_ids import SavedDay
from .saved_runs import (
    RunName,
    SavedAccounts,
    SavedPlaces,
    SavedRun,
    SavedRuns,
    SavedVersions,
)
from .schedules import SchedulesState


class Core(msgspec.Struct, frozen=True, array_like=True):
    """What is read at once. `empty` are the pages that no job is left on."""

    days_read: list[DayRead]
    line: int
    batch: int
    write_offset: int
    repairs: list[Repaired]
    at: Moment | None
    open: list[bytes]
    recent: bytes
    left: dict[int, list[str]]
    empty: list[int]
    packed: int
    generation: int
    counts: dict[str, dict[JobStatus, int]]
    unknown: dict[str, JobPlace]
    days: list[SavedDay]
    post_times: PostTimesState | None
    schedules: SchedulesState
    counters: CountsOfLog | None
    runs: list[RunName]


class SavedState:
    """What the runs of a snapshot have, by its core."""

    def __init__(self, core: Core, runs: list[SavedRun]) -> None:
        self.runs = SavedRuns(runs, core.days)
        self.versions = SavedVersions(self.runs)
        self.places = SavedPlaces(self.runs)
        self.accounts = SavedAccounts(self.runs)
        self.days = self.runs.days
        self._empty = core.empty

    def pages(self) -> list[JobsPage]:
        """Return all pages, none of which is read."""
        pages = [
            JobsPage(None, run, number)
            for run in self.runs.runs
            for number in range(run.named.pages)
        ]
        for number in self._empty:
            pages[number] = JobsPage(EMPTY)
        return pages

    def settle(self, pages: Sequence[JobsPage]) -> None:
        """Have these pages, which were saved, where they are in the runs; also while others read
        them."""
        for page, (run, number) in zip(pages, self._places(), strict=True):
            page.settle(run, number)

    def _places(self) -> Iterator[tuple[SavedRun, int]]:
        for run in self.runs.runs:
            for number in range(run.named.pages):
                yield run, number

    def check(self) -> None:
        """Read all of it.

        Raises:
            SavedPartError: a part is damaged, or cannot be read.
        """
        for run in self.runs.runs:
            run.check()
