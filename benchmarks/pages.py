"""A page of a large ledger: what a part of a list costs, however many jobs there are.

    python benchmarks/pages.py [MOST JOBS] [ROUNDS]

From 1,000 jobs on, ten times more each; of fifty one waits, and all others came and went. Pages
have 50 jobs, the text that is looked for is that of one. All sizes take turns. `first question` is
the one that reads all that is packed, once in the life of a handle.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from growth import SMALLEST, powers
from histories import content_of, mixed
from measure import exponent, in_turn, middle, tell, timed

from jobledger import JobStatus, Ledger, ManualClock, ScheduledJob

PAGE = 50
PAGES_IN = 10


class Reader:
    """The questions to one open ledger."""

    def __init__(self, directory: Path, jobs: int) -> None:
        end = mixed(directory, jobs, waiting=jobs // 50)
        self.ledger = Ledger(directory, clock=ManualClock(end), durability="none", read_only=True)
        self.first_s = timed(self._page)
        middle_one = self.ledger.list_jobs(order="time")[jobs // 2]
        self._middle: dict[str, Any] = {"after": middle_one.cursor}
        self._text = content_of(middle_one.job_id)
        self._week = middle_one.scheduled_time, middle_one.scheduled_time + timedelta(days=7)

    def _page(self, **asked: Any) -> list[ScheduledJob]:
        found = self.ledger.list_jobs(**({"limit": PAGE} | asked))
        if not found:
            raise SystemExit(f"nothing is listed for {asked}")
        return found

    def questions(self) -> dict[str, Callable[[], object]]:
        begin, end = self._week
        return {
            "first page": self._page,
            "by status": lambda: self._page(status=JobStatus.COMPLETED),
            "what waits": lambda: self._page(
                status=[JobStatus.PENDING, JobStatus.SCHEDULED], order="time"
            ),
            "next page": lambda: self._page(**self._middle),
            "next page, by time": lambda: self._page(**self._middle, order="time"),
            "a week": lambda: self._page(due_from=begin, due_to=end, order="time"),
            "by text": lambda: self._page(text=self._text),
        }


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    sizes = powers(SMALLEST, most)
    with tempfile.TemporaryDirectory() as place, ExitStack() as opened:
        readers = {jobs: Reader(Path(place, str(jobs)), jobs) for jobs in sizes}
        for reader in readers.values():
            opened.enter_context(reader.ledger)
        asked = {str(jobs): reader.questions() for jobs, reader in readers.items()}
        taken = {
            name: in_turn(
                {jobs: partial(timed, questions[name]) for jobs, questions in asked.items()}, rounds
            )
            for name in asked[str(SMALLEST)]
        }
        first = [round(reader.first_s, 6) for reader in readers.values()]
    medians = {
        name: [middle(seconds[str(jobs)]) for jobs in sizes] for name, seconds in taken.items()
    }
    tell(
        "a page of a large ledger",
        {
            "sizes": sizes,
            "jobs a page": PAGE,
            "exponent": {name: exponent(sizes, times) for name, times in medians.items()},
            "median milliseconds": {
                name: [round(1000 * seconds, 3) for seconds in times]
                for name, times in medians.items()
            },
            "first question": first,
            "seconds": taken,
        },
    )


if __name__ == "__main__":
    main()
