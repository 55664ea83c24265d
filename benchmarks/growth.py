"""How each operation grows with the jobs of a ledger, and with the days of its log.

    python benchmarks/growth.py [MOST JOBS] [MOST DAYS] [ROUNDS]

From 1,000 jobs on, ten times more each, and the most; nine of ten came and went, which is three
events each, the tenth waits. From one day file on, ten times more each, and the most, with the same
jobs spread over them. `durability="none"`, so that what is seen is the work and not the disk. All
sizes take turns. What grows with the power 0 costs the same however much there is; with 1, in
proportion. `list all` answers with every job, so it cannot but grow with them; the others of a
list answer with a page of 50. `dashboard` is a page of 50 jobs, to its first byte, of a server of
its own; `tail` is what a reader does for one new event. With 3,600,000 jobs there are 10,000,000
events: `python benchmarks --largest growth` (some twenty minutes; gigabytes of disk and memory).
"""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from dashboard import TOKEN, asked, served
from histories import lived_for_days, mixed
from measure import exponent, in_turn, middle, tell, timed

from jobledger import JobStatus, Ledger, ManualClock, NewJob, PostResult, Scheduler

SHORT = 20
PAGE = 50
PAGE_ACCOUNT = "page"
SMALLEST = 1_000
_PAUSE = timedelta(days=2)
"""After the end of a history, so that what is measured is in a day of its own."""


class Saving(Scheduler):
    """Saves a snapshot when it is closed, however short the history is."""

    _SNAPSHOT_EVERY = 1


class Place(NamedTuple):
    """A ledger that was made to be measured, and the time after its end."""

    directory: Path
    end: datetime

    def open(self, kind: type[Scheduler] = Scheduler, *, use_snapshot: bool = True) -> Scheduler:
        return kind(
            self.directory,
            clock=ManualClock(self.end),
            durability="none",
            use_snapshot=use_snapshot,
        )


class Desk:
    """The operations on one open ledger: the seconds of each, one of it."""

    def __init__(self, scheduler: Scheduler, reader: Ledger, client: httpx.Client) -> None:
        self._scheduler = scheduler
        self._reader = reader
        self._client = client
        self._later = scheduler.now() + timedelta(days=30)
        scheduler.add_jobs(
            [NewJob(PAGE_ACCOUNT, "text", self._later, hold=True) for _ in range(PAGE)]
        )
        self.events = scheduler.seq
        self._ids = [job.job_id for job in scheduler.list_jobs(status=JobStatus.PENDING)]

    def operations(self) -> dict[str, Callable[[], float]]:
        of_account = partial(self._scheduler.list_jobs, account_id=PAGE_ACCOUNT)
        of_status = partial(self._scheduler.list_jobs, status=JobStatus.PENDING)
        return {
            "add": self.add,
            "start": self.start,
            "get": self.get,
            "list an account": lambda: self._quiet(of_account, PAGE),
            "list a status": lambda: self._quiet(of_status, PAGE),
            "dashboard": lambda: asked(self._client, "/jobs"),
            "tail": self.tail,
        }

    def all_of_them(self) -> float:
        return self._quiet(self._scheduler.list_jobs, PAGE)

    def add(self) -> float:
        added: list[str] = []
        self._scheduler.write_behind()

        def run() -> None:
            for _ in range(SHORT):
                added.append(self._scheduler.add_job("someone", "text", self._later))

        return self._and_remove(timed(run), added)

    def start(self) -> float:
        """Find the next due job, start it and complete it; return the seconds."""
        now = self._scheduler.now()
        added = self._scheduler.add_jobs([NewJob(f"a{n}", "text", now) for n in range(SHORT)])
        self._scheduler.write_behind()
        seconds = timed(lambda: self._scheduler.run_due(lambda account, text: PostResult(True)))
        return self._and_remove(seconds, added)

    def get(self) -> float:
        return timed(lambda: [self._scheduler.get_job(job_id) for job_id in self._ids]) / PAGE

    def tail(self) -> float:
        """Have a reader find one event that is new; return its seconds."""
        added: list[str] = []
        seconds = 0.0
        for _ in range(SHORT):
            last = self._reader.seq
            added.append(self._scheduler.add_job("someone", "text", self._later))
            self._scheduler.write_behind()
            seconds += self._quiet(lambda last=last: list(self._reader.events(last)), 1)  # type: ignore[misc]
        return self._and_remove(seconds, added)

    def _quiet(self, ask: Callable[[], list[Any]], at_least: int) -> float:
        found: list[Any] = []
        seconds = timed(lambda: found.extend(ask()))
        if len(found) < at_least:
            raise SystemExit(f"{len(found)} jobs listed, not {at_least}")
        return seconds

    def _and_remove(self, seconds: float, added: list[str]) -> float:
        """So that there are as many jobs the next time."""
        for job_id in added:
            self._scheduler.remove_job(job_id)
        return seconds / SHORT


def desk(stack: ExitStack, place: Place) -> Desk:
    """Open a ledger for writing, for reading, and served to a browser."""
    scheduler = stack.enter_context(place.open())
    reader = stack.enter_context(
        Ledger(place.directory, clock=ManualClock(place.end), read_only=True)
    )
    origin, _ = stack.enter_context(served(place.directory))
    headers = {"authorization": f"Bearer {TOKEN}"}
    client = httpx.Client(base_url=origin, headers=headers, timeout=600)
    return Desk(scheduler, reader, stack.enter_context(client))


def opened(place: Place, *, use_snapshot: bool) -> float:
    """Open a ledger, from its snapshot or from the whole log; return the seconds.

    One that has fallen behind is saved anew as it is closed.
    """
    gc.collect()
    kept: list[Scheduler] = []
    seconds = timed(lambda: kept.append(place.open(Saving, use_snapshot=use_snapshot)))
    kept[0].close()
    return seconds


def rebuilt(place: Place) -> float:
    """Rebuild all that is derived, which finds the files as they have to be; return the seconds."""
    gc.collect()
    with place.open(use_snapshot=False) as scheduler:
        return timed(scheduler.rebuild)


def grown(places: dict[int, Place], rounds: int) -> dict[str, Any]:
    """Return the seconds of each operation by size, and the power that they grow with."""
    taken: dict[str, dict[str, list[float]]] = {}
    events = []
    for place in places.values():
        opened(place, use_snapshot=True)  # which leaves a snapshot and the daily files behind
    with ExitStack() as stack:
        desks = {n: desk(stack, place) for n, place in places.items()}
        events = [each.events for each in desks.values()]
        for operation in desks[min(desks)].operations():
            ways = {str(n): each.operations()[operation] for n, each in desks.items()}
            taken[operation] = in_turn(ways, 2 * rounds + 1)
        listed = {str(n): each.all_of_them for n, each in desks.items()}
        taken["list all"] = in_turn(listed, rounds, warm=False)
        del desks
    whole: dict[str, Callable[[Place], float]] = {
        "open": lambda place: opened(place, use_snapshot=True),
        "open without a snapshot": lambda place: opened(place, use_snapshot=False),
        "rebuild": rebuilt,
    }
    for operation, work in whole.items():
        turns = {str(n): partial(work, place) for n, place in places.items()}
        taken[operation] = in_turn(turns, rounds, warm=False)
    sizes = list(places)
    medians = {
        operation: [middle(seconds[str(n)]) for n in sizes] for operation, seconds in taken.items()
    }
    return {
        "sizes": sizes,
        "events": events,
        "exponent": {name: exponent(sizes, times) for name, times in medians.items()},
        "times the smallest": {
            name: round(times[-1] / times[0], 2) for name, times in medians.items()
        },
        "median seconds": medians,
        "seconds": taken,
    }


def powers(first: int, most: int) -> list[int]:
    """`first`, ten times that, and so on, up to `most`."""
    sizes = [first]
    while sizes[-1] * 10 <= most:
        sizes.append(sizes[-1] * 10)
    return sizes


def up_to(first: int, most: int) -> list[int]:
    """Those, and `most` itself."""
    sizes = powers(first, most)
    return sizes if sizes[-1] >= most else [*sizes, most]


def main() -> None:
    most_jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    most_days = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    spread = max(SMALLEST, 10 * most_days)
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        by_days = {}
        for days in up_to(1, most_days):
            directory = Path(name, str(days))
            by_days[days] = Place(directory, lived_for_days(directory, spread, days) + _PAUSE)
        figures["by day files"] = {"jobs": spread, **grown(by_days, rounds)}
    with tempfile.TemporaryDirectory() as name:
        by_jobs = {}
        for jobs in up_to(SMALLEST, most_jobs):
            directory = Path(name, str(jobs))
            end = mixed(directory, jobs, waiting=jobs // 10)
            by_jobs[jobs] = Place(directory, end + _PAUSE)
        figures["by jobs"] = grown(by_jobs, rounds)
    tell("how each operation grows", figures, packages=("jobledger", "starlette", "uvicorn"))


if __name__ == "__main__":
    main()
