"""Groups of pages, so that a list passes many of them by at once.

A group is of pages that follow each other, and knows what they have together. It is made of the
very pages that it was made of: where one of these is another by now, it is made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .closed_pages import JobsPage
from .page_lines import Summary

GROUP_PAGES = 64


class PageGroup:
    """Some pages whose lines are known; `summary` is None where they have none."""

    __slots__ = ("pages", "summary")

    def __init__(self, pages: Sequence[JobsPage]) -> None:
        self.pages = pages
        known = [page.lines.summary for page in pages if page.lines is not None]
        self.summary = Summary.together(known) if known else None


class PageGroups:
    """All pages, in groups; the last ones, which are too few, are in none."""

    def __init__(self) -> None:
        self._groups: list[PageGroup | None] = []
        self._size = GROUP_PAGES

    def renew(self, pages: Sequence[JobsPage]) -> None:
        """Have the groups of these pages; those that are as they were are left alone."""
        groups, size = self._groups, self._size
        del groups[len(pages) // size :]
        for number in range(len(pages) // size):
            members = pages[number * size : (number + 1) * size]
            if number == len(groups):
                groups.append(None)
            group = groups[number]
            if group is None or group.pages != members:
                groups[number] = PageGroup(members) if all(map(_is_known, members)) else None

    def among(self, pages: int) -> Iterator[tuple[int, int, PageGroup | None]]:
        """Yield from which page to which each group goes, of so many pages; None in its place for
        pages to be looked at one by one, since they are in no group, or not all lines are known."""
        size = self._size
        for number, group in enumerate(self._groups):
            yield number * size, (number + 1) * size, group
        yield len(self._groups) * size, pages, None


def _is_known(page: JobsPage) -> bool:
    """Whether its lines are known; once they are they never change."""
    return page.lines is not None or page.is_empty
