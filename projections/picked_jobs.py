"""Jobs off their pages: read when they are asked for, and in order without having all of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime
from heapq import heapify, heappop, heapreplace

import msgspec

from ..domain import ScheduledJob
from .closed_pages import JobsPage

PAGE_JOBS = 128
_PAGES_KEPT = 4
"""So many pages stay as values after they were read."""
_MOST_OPEN = 32
"""So many pages are there as values at a time while jobs are put in order."""
_OTHER = -1
_LEVEL = 1
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[ScheduledJob])


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
