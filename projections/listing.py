"""Listing: a part of a list of jobs, at the price of what it has.

Jobs stand in blocks of about a hundred: the closed ones by the page that they are packed on, the
others by time. Of each block is known from where to where it goes, and which accounts it has, in
which statuses and with which priorities; so a question passes most of them by, and merges the
lines of the few that are left, as far as is asked for. Only pages of jobs that are listed are
unpacked.

Pages are passed by in groups of some dozens: only those of a group whose turn comes are looked at.

What grows with the jobs: that each group of pages is passed by, and each block of the others, and
that the texts of a page are looked through where nothing else rules it out and the jobs that have
the text are few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from heapq import heapify, heappop, heapreplace
from itertools import islice

from ..domain import JobPriority, JobStatus, ScheduledJob, microseconds
from .choice import Choice
from .jobs import Jobs
from .loose_lines import LooseLine, LooseLines
from .page_groups import PageGroups
from .page_lines import ANYWHERE, PackedLine, PageLines, PageTexts, Sought, Summary, kind_of

_FEW = 100
_BEFORE_ANY = -1
"""What comes before every order of adding."""
_PRIORITIES = sorted(JobPriority, reverse=True)

_Line = PackedLine | LooseLine
_Seek = Callable[[Sought, int], Iterator[_Line]]
"""Finds the lines of one block that are looked for, in order (-1: backwards)."""
_Block = tuple[Summary, _Seek]
_Having = dict[int, set[int]]
"""By the number of a page, which of its lines have the text that is looked for."""
_Run = tuple[int, int, int, _Line | None, Iterator[_Line]]
"""Where the next line of a block stands, the number of the block, that line (None: the block was
not looked into yet, and nothing in it stands before that), and those that follow."""


class Listing:
    """Lists a part of `jobs`. What it needs for that is made at the first question, and kept up
    from question to question: whoever never asks does not pay for it."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._loose = LooseLines(())
        self._groups = PageGroups()

    def select(self, choice: Choice) -> list[ScheduledJob]:
        """Return the jobs that are chosen, in the order asked for."""
        self._keep_up()
        lines: list[_Line] = []
        having: _Having = {}
        sign = -1 if choice.order == "latest" else 1
        for sought in _lanes(choice):
            left = None if choice.limit is None else choice.limit - len(lines)
            lines += islice(_merged(self._blocks(sought, having), sought, sign), left)
            if len(lines) == choice.limit:
                break
        listed = [job for *_, job in lines]
        found = self._jobs.collect([job for job in listed if isinstance(job, str)])
        unpacked = {job.job_id: job for job in found}
        return [unpacked[job] if isinstance(job, str) else job for job in listed]

    def _keep_up(self) -> None:
        jobs = self._jobs
        changed, jobs.changed = jobs.changed, None  # whoever is interrupted here begins anew
        if changed is None or len(changed) > len(self._loose) // 4 + _FEW:
            self._loose = LooseLines([*jobs.open.values(), *jobs.recent.values()])
            self._read_pages()
        else:
            self._loose.renew(changed, lambda each: jobs.open.get(each) or jobs.recent.get(each))
        jobs.changed = set()
        self._groups.renew(jobs.pages)

    def _read_pages(self) -> None:
        """Have the lines of every page, which is read for that once in its life."""
        unread = [
            number
            for number, page in enumerate(self._jobs.pages)
            if page.lines is None and not page.is_empty
        ]
        if not unread:
            return
        ids: dict[int, dict[str, str]] = {number: {} for number in unread}
        for job_id, place in self._jobs.places.fresh().items():
            if place - 1 in ids:
                ids[place - 1][job_id] = job_id
        for number in unread:
            page = self._jobs.pages[number]
            page.lines = PageLines.read(page.data, ids[number])

    def _blocks(self, sought: Sought, having: _Having) -> list[_Block]:
        """Return what is known of each block that may have what is looked for, and what finds
        it."""
        found: list[_Block] = [
            (block.summary, partial(_found, block.seek))
            for block in self._loose.blocks
            if block.summary.may_have(sought)
        ]
        for begin, end, group in self._groups.among(len(self._jobs.pages)):
            if group is None:
                found += self._pages(begin, end, sought, having)
            elif group.summary is not None and group.summary.may_have(sought):
                found.append((group.summary, partial(self._seek_group, begin, end, having)))
        return found

    def _pages(self, begin: int, end: int, sought: Sought, having: _Having) -> list[_Block]:
        """Return what is known of each of these pages that may have what is looked for."""
        found: list[_Block] = []
        for number, page in enumerate(self._jobs.pages[begin:end], begin):
            lines = page.lines
            if lines is not None and lines.summary.may_have(sought):
                seek = partial(self._seek_packed, number, lines, having)
                found.append((lines.summary, partial(_found, seek)))
        return found

    def _seek_group(
        self, begin: int, end: int, having: _Having, sought: Sought, sign: int
    ) -> Iterator[_Line]:
        return _merged(self._pages(begin, end, sought, having), sought, sign)

    def _seek_packed(
        self, number: int, lines: PageLines, having: _Having, sought: Sought
    ) -> list[PackedLine]:
        """Find lines of one page; of those that match only what was not changed since."""
        if number in having and not having[number]:
            return []
        found, gone = lines.seek(sought), self._jobs.left.get(number, ())
        if sought.text and found:
            if number not in having:  # once a question, and not for each priority
                having[number] = self._texts(number).having(sought.text)
            found = [line for line in found if line in having[number]]
        return [lines.at(line) for line in found if lines.ids[line] not in gone]

    def _texts(self, number: int) -> PageTexts:
        page = self._jobs.pages[number]
        if page.texts is None:
            page.texts = PageTexts.read(page.data)
        return page.texts


def _found(seek: Callable[[Sought], Sequence[_Line]], sought: Sought, sign: int) -> Iterator[_Line]:
    return iter(seek(sought)[::sign])


def _merged(blocks: list[_Block], sought: Sought, sign: int) -> Iterator[_Line]:
    """Yield the lines that are looked for, in order (`sign` -1: backwards), looking into no block
    before its turn."""
    runs: list[_Run] = []
    for number, (summary, _) in enumerate(blocks):
        begin = max(summary.first, sought.after), min(summary.last, sought.before)
        time, order = begin[0 if sign > 0 else 1]
        runs.append((sign * time, sign * order, number, None, iter(())))
    heapify(runs)
    while runs:
        _, _, number, line, rest = runs[0]
        if line is not None:
            yield line
        else:
            rest = blocks[number][1](sought, sign)
        line = next(rest, None)
        if line is None:
            heappop(runs)
        else:
            heapreplace(runs, (sign * line[0], sign * line[1], number, line, rest))


def _lanes(choice: Choice) -> list[Sought]:
    """Return what is looked for, one after the other: ranked jobs priority by priority, since
    within one they are in the order of time."""
    begin, end = ANYWHERE
    if choice.due_from is not None:
        begin = microseconds(choice.due_from), _BEFORE_ANY
    if choice.due_to is not None:
        end = microseconds(choice.due_to), _BEFORE_ANY
    ranked, after, lanes = choice.order == "rank", choice.after, []
    if choice.order == "latest" and after is not None:
        end, after = min(end, after[1:]), None
    for priorities in [[each] for each in _PRIORITIES] if ranked else [_PRIORITIES]:
        if ranked and after is not None and priorities[0] > after.priority:
            continue
        is_behind = after is not None and (not ranked or priorities[0] == after.priority)
        statuses = JobStatus if choice.statuses is None else choice.statuses
        kinds = {kind_of(status, priority) for status in statuses for priority in priorities}
        lanes.append(
            Sought(
                kinds=sum(1 << kind for kind in kinds),
                account_id=choice.account_id,
                after=max(begin, after[1:]) if after is not None and is_behind else begin,
                before=end,
                text=choice.text,
            )
        )
    return lanes
