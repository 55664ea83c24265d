"""Jobs: the state of every job by its id; those that are closed take little room.

An open job is kept as the value that it is. Closed ones, which are many and seldom asked for, are
packed by the page: as JSON, compressed. A page is read when one of its jobs is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from ..domain import JobStatus, ScheduledJob
from .closed_pages import EMPTY, JobsPage, PackedPlaces, PageAccounts
from .page_lines import PageLines
from .picked_jobs import PAGE_JOBS as PAGE_JOBS
from .picked_jobs import Pages, Picked, pack, unpack
from .saved_runs import SavedAccounts, SavedPlaces

_MOST_NOTED = 1_000
OPEN = frozenset({JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING})
"""The statuses of the jobs that are not closed."""
_NONE: frozenset[str] = frozenset()


class JobsState(msgspec.Struct, frozen=True):
    """What a `Jobs` has at one moment. `left` are the jobs that are on a page no more, by its
    number; numbers hold as long as the `generation` of pages is the same."""

    open: list[ScheduledJob]
    recent: list[ScheduledJob]
    pages: list[JobsPage]
    places: PackedPlaces
    left: dict[int, frozenset[str]]
    accounts: PageAccounts
    packed: int = 0
    """How many jobs are on the pages, those that left too."""
    generation: int = 0


class Jobs(Mapping[str, ScheduledJob]):
    """A mapping from job ids, in no particular order; `put` and `remove` change it."""

    def __init__(self) -> None:
        self.open: dict[str, ScheduledJob] = {}
        """The PENDING, SCHEDULED and RUNNING ones."""
        self.recent: dict[str, ScheduledJob] = {}
        """Closed ones that are not packed yet, the latest last."""
        self.pages: list[JobsPage] = []
        self.places = PackedPlaces()
        """Where each packed job is."""
        self.left: dict[int, frozenset[str]] = {}
        """By page, which of its jobs are out of date: they were closed again, or removed."""
        self.accounts = PageAccounts()
        self.generation = 0
        """How often the pages were numbered anew."""
        self.changed: set[str] | None = None
        """The jobs that were put, removed or packed, from when somebody made it a set until they
        were too many to be noted."""
        self._packed = 0
        """How many jobs are on the pages."""
        self._outdated = 0
        """How many of them are out of date."""
        self._read = Pages()

    # -- changing ------------------------------------------------------------------------------

    def put(self, job: ScheduledJob) -> None:
        """Take a job in, new or as it is now."""
        job_id = job.job_id
        if self.changed is not None:
            self._note(job_id)
        if job.status in OPEN:
            if job_id not in self.open:
                self._forget_closed(job_id)
            self.open[job_id] = job
            return
        if job_id not in self.open:
            self._forget_closed(job_id)
        self.close(job)

    def close(self, job: ScheduledJob) -> None:
        """Take in a job that was open, or not there, and is closed now; it is not noted."""
        self.open.pop(job.job_id, None)
        self.recent[job.job_id] = job
        if len(self.recent) >= 2 * PAGE_JOBS:
            self._pack([self.recent.pop(old) for old in list(self.recent)[:PAGE_JOBS]])
            if self._outdated > (self._packed + PAGE_JOBS) // 2:
                self._pack_anew()

    def remove(self, job_id: str) -> None:
        if self.changed is not None:
            self._note(job_id)
        if self.open.pop(job_id, None) is None:
            self._forget_closed(job_id)

    def _forget_closed(self, job_id: str) -> None:
        if self.recent.pop(job_id, None) is None and (place := self._place_of(job_id)):
            self.places.drop(job_id)
            left = self.left[place - 1] = self.left.get(place - 1, _NONE) | {job_id}
            self._outdated += 1
            if len(left) == PAGE_JOBS:  # all of them
                self.pages[place - 1] = JobsPage(EMPTY)
                del self.left[place - 1]
                self._packed -= PAGE_JOBS
                self._outdated -= PAGE_JOBS

    def _note(self, *job_ids: str) -> None:
        assert self.changed is not None
        self.changed.update(job_ids)
        if len(self.changed) > _MOST_NOTED + len(self.open):
            self.changed = None

    def _pack(self, jobs: list[ScheduledJob]) -> None:
        number = len(self.pages)
        page = JobsPage(pack(jobs))
        if self.changed is not None:
            page.lines = PageLines(jobs, {})  # their ids are the ones that all have
            self._note(*[job.job_id for job in jobs])
        self.pages.append(page)
        self._packed += len(jobs)
        self.places.put([job.job_id for job in jobs], number)
        self.accounts.note(number, jobs)

    def _pack_anew(self) -> None:
        """Leave out what is out of date."""
        pages, left = self.pages, self.left
        self.pages, self.left, self.accounts, self.places = [], {}, PageAccounts(), PackedPlaces()
        self._packed, self._outdated, self._read = 0, 0, Pages()
        self.generation += 1
        waiting: list[ScheduledJob] = []
        for number, page in enumerate(pages):
            gone = left.get(number, _NONE)
            waiting += (job for job in unpack(page.data) if job.job_id not in gone)
            while len(waiting) >= PAGE_JOBS:
                self._pack(waiting[:PAGE_JOBS])
                del waiting[:PAGE_JOBS]
        if waiting:
            self._pack(waiting)

    def capture(self, *, to_save: bool = False) -> JobsState:
        """Copy the state of the mapping now: its jobs share nothing that changes later. What is
        `to_save` costs nothing for the closed ones; `adopt` it when it is saved."""
        return JobsState(
            open=list(self.open.values()),
            recent=list(self.recent.values()),
            pages=list(self.pages),
            places=self.places.freeze() if to_save else self.places.copied(),
            left=dict(self.left),
            accounts=self.accounts.copied(),
            packed=self._packed,
            generation=self.generation,
        )

    def adopt(self, state: JobsState, places: SavedPlaces, accounts: SavedAccounts) -> None:
        """Have what was captured where it was saved; where it is another's by now, nothing."""
        if state.generation == self.generation and state.pages == self.pages[: len(state.pages)]:
            state.places.settle(places)
            self.accounts.adopt(state.accounts, accounts)

    def restore(self, state: JobsState) -> None:
        """Have what was somewhere else, and nothing else."""
        self.open.clear()
        self.open.update((job.job_id, job) for job in state.open)
        self.recent = {job.job_id: job for job in state.recent}
        self.pages, self.places, self.left = list(state.pages), state.places, dict(state.left)
        self.accounts, self.generation = state.accounts, state.generation
        self._packed, self._outdated = state.packed, sum(map(len, self.left.values()))
        self._read, self.changed = Pages(), None

    def remember(self, job_ids: Iterable[str], places: Iterable[int], generation: int) -> None:
        """Have at hand on which pages these jobs were, as far as they still are; plus one."""
        if generation == self.generation:
            left, pages = self.left, self.pages
            self.places.seen.update(
                (job_id, place)
                for job_id, place in zip(job_ids, places, strict=True)
                if place
                and job_id not in left.get(place - 1, _NONE)
                and not pages[place - 1].is_empty
            )

    # -- asking --------------------------------------------------------------------------------

    def find(self, job_id: str) -> ScheduledJob | None:
        """One job; None where there is none."""
        job = self.open.get(job_id) or self.recent.get(job_id)
        if job is None and (place := self._place_of(job_id)):
            return self._page(place - 1)[job_id]
        return job

    def _place_of(self, job_id: str) -> int:
        """Return the number of the page that a packed job is on, plus one; 0: it is on none."""
        places = self.places
        place = places.now.get(job_id)
        if place is None:
            return 0 if places.is_bare else places.older(job_id)
        return place

    def collect(self, job_ids: Iterable[str]) -> list[ScheduledJob]:
        """Return the jobs of these ids, in no particular order, each page read once.

        Raises:
            KeyError: there is none of an id.
        """
        return list(self.pick(job_ids))

    def pick(self, job_ids: Iterable[str], pages: Pages | None = None) -> Picked:
        """Return the jobs of these ids as they are now, whatever changes here later.

        The packed ones are read when they are asked for: with `pages` by anybody, without it only
        by whoever may ask this mapping then.

        Raises:
            KeyError: there is none of an id.
        """
        loose = []
        on_page: dict[int, list[str]] = {}
        for job_id in job_ids:
            job = self.open.get(job_id) or self.recent.get(job_id)
            if job is not None:
                loose.append(job)
            elif place := self._place_of(job_id):
                on_page.setdefault(place - 1, []).append(job_id)
            else:
                raise KeyError(job_id)
        packed = [(self.pages[number], on_page[number]) for number in sorted(on_page)]
        return Picked(loose, packed, pages or self._read)

    def each(self) -> Iterator[ScheduledJob]:
        """All jobs, in no particular order, each page read once; nothing may change meanwhile."""
        yield from self._packed_on(range(len(self.pages)))
        yield from self.recent.values()
        yield from self.open.values()

    def closed(
        self, account_id: str | None = None, statuses: Collection[JobStatus] | None = None
    ) -> Iterator[ScheduledJob]:
        """Yield the closed jobs of an account, or of all, in these statuses, and maybe others; no
        page is read that has none."""
        for job in self.recent.values():
            if account_id is None or job.account_id == account_id:
                yield job
        yield from self._packed_on(self.accounts.pages(account_id, statuses))

    def _packed_on(self, numbers: Iterable[int]) -> Iterator[ScheduledJob]:
        for number in numbers:
            gone = self.left.get(number, _NONE)
            for job in unpack(self.pages[number].data):
                if job.job_id not in gone:
                    yield job

    def same_as(self, other: Jobs) -> bool:
        """Whether the other one, of which nothing need be true, has these jobs, in these states,
        and no more, and finds them.

        Raises:
            LookupError, ValueError, zlib.error, StorageError: it cannot even be read.
        """
        return (
            len(self) == len(other)
            and all(other.find(job.job_id) == job for job in self.each())
            and other.knows_its_pages()
        )

    def knows_its_pages(self) -> bool:
        """Whether each page is known to have the accounts and the statuses that it has."""
        known, made = self.accounts.by_account(), PageAccounts()
        for number, page in enumerate(self.pages):
            made.note(number, unpack(page.data))
        return all(
            account in known and set(pages) <= set(known[account])
            for account, pages in made.by_account().items()
        )

    def _page(self, number: int) -> dict[str, ScheduledJob]:
        return self._read.read(self.pages[number])

    def __getitem__(self, job_id: str) -> ScheduledJob:
        job = self.find(job_id)
        if job is None:
            raise KeyError(job_id)
        return job

    def __contains__(self, job_id: object) -> bool:
        return job_id in self.open or job_id in self.recent or job_id in self.places

    def __len__(self) -> int:
        return len(self.open) + len(self.recent) + self._packed - self._outdated

    def __iter__(self) -> Iterator[str]:
        return (job.job_id for job in self.each())
