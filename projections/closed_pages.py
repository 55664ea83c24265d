"""Pages of closed jobs: where each is, and which accounts and statuses are on which."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Collection, Iterable
from itertools import repeat
from sys import intern
from typing import Protocol

import msgspec

from ..domain import JobStatus, ScheduledJob
from ..eventstore import Layers
from .page_lines import PageLines, PageTexts

_BITS = {status: 1 << number for number, status in enumerate(JobStatus)}
_SHIFT = len(_BITS)
EMPTY = zlib.compress(b"[]", 1)
"""A page of no jobs."""
_loaded = msgspec.msgpack.Decoder(dict[str, bytes])


class HasPages(Protocol):
    """A saved file that has pages."""

    def page(self, number: int) -> bytes:
        """Return one of them.

        Raises:
            SavedPartError: it is damaged, or cannot be read.
        """


class JobsPage:
    """Closed jobs, packed, in memory or in a saved file; and, as soon as somebody has asked, what
    lists have to know of them."""

    __slots__ = ("_data", "_saved", "lines", "texts")

    def __init__(self, data: bytes | None, saved: HasPages | None = None, number: int = 0) -> None:
        self._data = data
        self._saved = None if saved is None else (saved, number)
        self.lines: PageLines | None = None
        self.texts: PageTexts | None = None

    @property
    def data(self) -> bytes:
        """Return the jobs as they are packed.

        Raises:
            SavedPartError: they are damaged, or cannot be read.
        """
        data = self._data
        if data is not None:
            return data
        assert self._saved is not None
        saved, number = self._saved
        return saved.page(number)

    @property
    def is_empty(self) -> bool:
        """Whether there are no jobs on it, or no more."""
        return self._data == EMPTY  # which is never only in a file

    def settle(self, saved: HasPages, number: int) -> None:
        """Have the same jobs in a file, and not in memory; also while others read them."""
        if not self.is_empty:
            self._saved = saved, number
            self._data = None


class PackedPlaces(Layers):
    """On which page each packed job is, as numbers plus one. `seen` are some of those that were
    saved, at hand."""

    __slots__ = ("seen",)

    def __init__(self, saved: object = None) -> None:
        super().__init__(saved)  # type: ignore[arg-type]  # as it is there
        self.seen: dict[str, int] = {}

    def older(self, key: str) -> int:
        before = self.before
        if before is not None and (found := before.get(key)) is not None:
            return found
        return self.seen.get(key) or (0 if self.saved is None else self.saved.find(key))

    def put(self, job_ids: Collection[str], number: int) -> None:
        """Have these jobs on a page."""
        if self.seen:
            for job_id in job_ids:
                self.seen.pop(job_id, None)
        self.now.update(zip(job_ids, repeat(number + 1), strict=False))

    def drop(self, job_id: str) -> None:
        """Have a job on no page."""
        self.seen.pop(job_id, None)
        if self.is_bare:
            self.now.pop(job_id, None)
        else:
            self.now[job_id] = 0

    def freeze(self) -> PackedPlaces:
        frozen = super().freeze()
        assert isinstance(frozen, PackedPlaces)
        frozen.seen = dict(self.seen)
        return frozen

    def copied(self) -> PackedPlaces:
        copied = super().copied()
        assert isinstance(copied, PackedPlaces)
        return copied


class PageAccounts:
    """Which pages have, or had, closed jobs of an account, and with which statuses.

    What was saved is read when somebody asks.
    """

    def __init__(self, saved: Iterable[bytes] | None = None) -> None:
        self._saved = saved
        self._names: list[str] = []
        self._entries = array("I")
        """What came since, by the account at the same place."""
        self._by: dict[str, array[int]] | None = None

    def note(self, number: int, jobs: Iterable[ScheduledJob]) -> None:
        """Take in a new page."""
        found: dict[str, int] = {}
        for job in jobs:
            account = intern(job.account_id)
            found[account] = found.get(account, 0) | _BITS[job.status]
        for account, bits in found.items():
            entry = number << _SHIFT | bits
            self._names.append(account)
            self._entries.append(entry)
            if self._by is not None:
                self._by.setdefault(account, array("I")).append(entry)

    def pages(
        self, account_id: str | None = None, statuses: Collection[JobStatus] | None = None
    ) -> list[int]:
        """Return the pages that may have closed jobs of an account, or of any, in these statuses.

        Raises:
            SavedPartError: what was saved is damaged, or cannot be read.
        """
        by = self.by_account()
        bits = sum(_BITS[status] for status in JobStatus if statuses is None or status in statuses)
        entries = by.values() if account_id is None else [by.get(account_id, array("I"))]
        found = {entry >> _SHIFT for each in entries for entry in each if entry & bits}
        return sorted(found)

    def by_account(self) -> dict[str, array[int]]:
        """Return all of it by account. Raises as `pages`."""
        if self._by is None:
            by: dict[str, array[int]] = {}
            _put_saved(by, self._saved or ())
            self._put_fresh(by)
            self._by = by
        return self._by

    def fresh(self, older: Iterable[bytes]) -> dict[str, array[int]]:
        """Return what is not saved, and what these blocks have. Raises as `pages`."""
        by: dict[str, array[int]] = {}
        _put_saved(by, older)
        self._put_fresh(by)
        return by

    def _put_fresh(self, by: dict[str, array[int]]) -> None:
        for account, entry in zip(self._names, self._entries, strict=True):
            by.setdefault(account, array("I")).append(entry)

    def copied(self) -> PageAccounts:
        """Return another one that knows the same."""
        other = PageAccounts(self._saved)
        other._names, other._entries = list(self._names), self._entries[:]
        return other

    def adopt(self, copied: PageAccounts, saved: Iterable[bytes]) -> None:
        """Have in `saved` what was copied."""
        self._saved = saved
        del self._names[: len(copied._names)]
        del self._entries[: len(copied._entries)]


def _put_saved(by: dict[str, array[int]], blocks: Iterable[bytes]) -> None:
    """Add to `by` what blocks have, which have been saved one after the other."""
    for block in blocks:
        for account, entries in _loaded.decode(block).items():
            by.setdefault(intern(account), array("I")).frombytes(entries)
