"""Jobs: the state of every job by its id; those that are closed take little room.

An open job is kept as the value that it is. Closed ones, which are many and seldom asked for, are
packed by the page: as JSON, compressed. A page is read when one of its jobs is asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from heapq import heapify, heappop, heapreplace

import msgspec

from ..domain import JobStatus, ScheduledJob
from .page_lines import PageLines, PageTexts

PAGE_JOBS = 128
_PAGES_KEPT = 4
"""So many pages stay as values after they were read."""
_MOST_OPEN = 32
"""So many pages are there as values at a time while jobs are put in order."""
_MOST_NOTED = 1_000
_OTHER = -1
_LEVEL = 1
OPEN = frozenset({JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING})
"""The statuses of the jobs that are not closed."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[ScheduledJob])


class JobsPage:
    """Closed jobs, packed; and, as soon as somebody has asked, what lists have to know of them."""

    __slots__ = ("data", "lines", "texts")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.lines: PageLines | None = None
        self.texts: PageTexts | None = None


class JobsState(msgspec.Struct, frozen=True):
    """What a `Jobs` has at one moment."""

    open: list[ScheduledJob]
    recent: list[ScheduledJob]
    pages: list[JobsPage]
    page_of: dict[str, int]


class Jobs(Mapping[str, ScheduledJob]):
    """A mapping from job ids, in no particular order; `put` and `remove` change it."""

    def __init__(self) -> None:
        self.open: dict[str, ScheduledJob] = {}
        """The PENDING, SCHEDULED and RUNNING ones."""
        self.recent: dict[str, ScheduledJob] = {}
        """Closed ones that are not packed yet, the latest last."""
        self.pages: list[JobsPage] = []
        self.page_of: dict[str, int] = {}
        """Where each packed job is. What else is on a page is out of date: it was closed again, or
        removed."""
        self.changed: set[str] | None = None
        """The jobs that were put, removed or packed, from when somebody made it a set until they
        were too many to be noted."""
        self._packed = 0
        """How many jobs are on the pages, those that are out of date too."""
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
        if self.open.pop(job_id, None) is None:
            self._forget_closed(job_id)
        self.recent[job_id] = job
        if len(self.recent) >= 2 * PAGE_JOBS:
            self._pack([self.recent.pop(old) for old in list(self.recent)[:PAGE_JOBS]])
            if self._packed > 2 * len(self.page_of) + PAGE_JOBS:
                self._pack_anew()

    def remove(self, job_id: str) -> None:
        if self.changed is not None:
            self._note(job_id)
        if self.open.pop(job_id, None) is None:
            self._forget_closed(job_id)

    def _forget_closed(self, job_id: str) -> None:
        if self.recent.pop(job_id, None) is None:
            self.page_of.pop(job_id, None)

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
        self.page_of.update(dict.fromkeys((job.job_id for job in jobs), number))

    def _pack_anew(self) -> None:
        """Leave out what is out of date."""
        pages, where = self.pages, self.page_of
        self.pages, self.page_of, self._packed, self._read = [], {}, 0, Pages()
        waiting: list[ScheduledJob] = []
        for number, page in enumerate(pages):
            waiting += (job for job in unpack(page.data) if where.get(job.job_id) == number)
            while len(waiting) >= PAGE_JOBS:
                self._pack(waiting[:PAGE_JOBS])
                del waiting[:PAGE_JOBS]
        if waiting:
            self._pack(waiting)

    def capture(self) -> JobsState:
        """Copy the state of the mapping now: its jobs share nothing that changes later."""
        return JobsState(
            open=list(self.open.values()),
            recent=list(self.recent.values()),
            pages=list(self.pages),
            page_of=dict(self.page_of),
        )

    def restore(self, state: JobsState) -> None:
        """Have what was somewhere else, and nothing else."""
        self.open.clear()
        self.open.update((job.job_id, job) for job in state.open)
        self.recent = {job.job_id: job for job in state.recent}
        self.pages, self.page_of = list(state.pages), state.page_of
        self._packed, self._read, self.changed = PAGE_JOBS * len(self.pages), Pages(), None

    # -- asking --------------------------------------------------------------------------------

    def find(self, job_id: str) -> ScheduledJob | None:
        """One job; None where there is none."""
        job = self.open.get(job_id) or self.recent.get(job_id)
        if job is None and (number := self.page_of.get(job_id)) is not None:
            return self._page(number)[job_id]
        return job

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
            if job is None:
                on_page.setdefault(self.page_of[job_id], []).append(job_id)
            else:
                loose.append(job)
        packed = [(self.pages[number], on_page[number]) for number in sorted(on_page)]
        return Picked(loose, packed, pages or self._read)

    def each(self) -> Iterator[ScheduledJob]:
        """All jobs, in no particular order, each page read once; nothing may change meanwhile."""
        for number, page in enumerate(self.pages):
            for job in unpack(page.data):
                if self.page_of.get(job.job_id) == number:
                    yield job
        yield from self.recent.values()
        yield from self.open.values()

    def same_as(self, other: Jobs) -> bool:
        """Whether the other one, of which nothing need be true, has these jobs, in these states,
        and no more.

        Raises:
            LookupError, ValueError, zlib.error: it cannot even be read.
        """
        return len(self) == len(other) and all(other.find(job.job_id) == job for job in self.each())

    def _page(self, number: int) -> dict[str, ScheduledJob]:
        return self._read.read(self.pages[number])

    def __getitem__(self, job_id: str) -> ScheduledJob:
        job = self.find(job_id)
        if job is None:
            raise KeyError(job_id)
        return job

    def __contains__(self, job_id: object) -> bool:
        return job_id in self.open or job_id in self.recent or job_id in self.page_of

    def __len__(self) -> int:
        return len(self.open) + len(self.recent) + len(self.page_of)

    def __iter__(self) -> Iterator[str]:
        yield from self.page_of
        yield from self.recent
        yield from self.open


class Pages:
    """Reads pages; the last few stay as values."""

    def __init__(self) -> None:
        self._kept: dict[JobsPage, dict[str, ScheduledJob]] = {}

    def read(self, page: JobsPage) -> dict[str, ScheduledJob]:
        """Return the jobs of a page, by id."""
        jobs = self._kept.pop(page, None)
        if jobs is None:
            jobs = {job.job_id: job for job in unpack(page.data)}
            if len(self._kept) >= _PAGES_KEPT:
                del self._kept[next(iter(self._kept))]
        self._kept[page] = jobs  # the last one used is the last one
        return jobs


class Picked:
    """Some jobs as they were at one moment. Those that are packed take no room until they are asked
    for, and only for as long."""

    def __init__(
        self, loose: list[ScheduledJob], packed: list[tuple[JobsPage, list[str]]], pages: Pages
    ) -> None:
        self._loose = loose
        self._packed = packed
        self._pages = pages

    def __len__(self) -> int:
        return len(self._loose) + sum(len(job_ids) for _, job_ids in self._packed)

    def __iter__(self) -> Iterator[ScheduledJob]:
        """In no particular order, each page read once."""
        yield from self._loose
        for number in range(len(self._packed)):
            yield from self._on_page(number)

    def in_order(self) -> Iterator[ScheduledJob]:
        """By their time, then in the order of adding.

        Pages are merged. Jobs are mostly closed in the order of their times, so pages hardly
        overlap: a page is opened when it is its first job's turn, and few are open at a time. Where
        too many are, what is left of them is packed again, in order.
        """
        heap: list[_Run] = []
        if self._loose:
            loose = iter(sorted(self._loose, key=place_in_file))
            heap.append(_run(next(loose), _OTHER, loose))
        for number in range(len(self._packed)):
            heap.append((min(map(place_in_file, self._on_page(number))), number, None, iter(())))
        heapify(heap)
        opened = 0
        while heap:
            _, number, job, rest = heap[0]
            if job is None:
                rest = iter(sorted(self._on_page(number), key=place_in_file))
                job = next(rest)
                opened += 1
            yield job
            following = next(rest, None)
            if following is not None:
                heapreplace(heap, _run(following, number, rest))
            else:
                heappop(heap)
                opened -= number != _OTHER
            if opened > _MOST_OPEN:
                heap, opened = _packed_again(heap), 0

    def _on_page(self, number: int) -> list[ScheduledJob]:
        page, job_ids = self._packed[number]
        jobs = self._pages.read(page)
        return [jobs[job_id] for job_id in job_ids]


_Run = tuple[tuple[datetime, int], int, ScheduledJob | None, Iterator[ScheduledJob]]
"""The place of its next job, the number of its page, that job (None: the page was not opened yet),
and those that follow."""


def _run(job: ScheduledJob, number: int, rest: Iterator[ScheduledJob]) -> _Run:
    return place_in_file(job), number, job, rest


def _is_apart(run: _Run) -> bool:
    """Return whether a run is of no page, or of one that was not opened yet."""
    _, number, job, _ = run
    return job is None or number == _OTHER


def _packed_again(heap: list[_Run]) -> list[_Run]:
    """Return the same with one run for all pages that are open, of which a page is open at a
    time."""
    others = [run for run in heap if _is_apart(run)]
    left = [
        each
        for _, number, job, rest in heap
        if job is not None and number != _OTHER
        for each in (job, *rest)
    ]
    left.sort(key=place_in_file)
    pages = [pack(left[begin : begin + PAGE_JOBS]) for begin in range(0, len(left), PAGE_JOBS)]
    jobs = (job for page in pages for job in unpack(page))
    heap = [*others, _run(next(jobs), _OTHER, jobs)]
    heapify(heap)
    return heap


def place_in_file(job: ScheduledJob) -> tuple[datetime, int]:
    """Where a job stands among others of a day; no two have the same."""
    return job.scheduled_time, job.order


def pack(jobs: list[ScheduledJob]) -> bytes:
    """Pack jobs into a page."""
    return zlib.compress(_encoder.encode(jobs), _LEVEL)


def unpack(page: bytes) -> list[ScheduledJob]:
    """Unpack the jobs of a page, in the order in which they were packed."""
    return _decoder.decode(zlib.decompress(page))
