"""The lines of the jobs that are not packed, in the order of time: the open ones, and those that
were closed last."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable

from ..domain import ScheduledJob, folded
from .page_lines import Sought, Summary, key_of, kind_of

LooseLine = tuple[int, int, ScheduledJob]
"""Where a job stands in the order of time, and the job."""
BLOCK_LINES = 128
"""So many lines are passed by at once; a block has at most twice as many."""


class LooseBlock:
    """Some lines that follow each other; at least one."""

    __slots__ = ("_summary", "lines")

    def __init__(self, lines: list[LooseLine]) -> None:
        self.lines = lines
        self._summary: Summary | None = None

    @property
    def summary(self) -> Summary:
        """Return what it may have; it is found out anew where lines have changed."""
        if self._summary is None:
            self._summary = Summary.of(
                self.lines[0][:2],
                self.lines[-1][:2],
                [(job.account_id, kind_of(job.status, job.priority)) for *_, job in self.lines],
            )
        return self._summary

    def changed(self) -> None:
        """Forget what was found out."""
        self._summary = None

    def seek(self, sought: Sought) -> list[LooseLine]:
        """Return the lines that are looked for, in order."""
        begin = bisect_right(self.lines, sought.after, key=_key)
        end = bisect_left(self.lines, sought.before, begin, key=_key)
        account, text = sought.account_id, sought.text
        return [
            line
            for line in self.lines[begin:end]
            if sought.kinds >> kind_of(line[2].status, line[2].priority) & 1
            and (account is None or line[2].account_id == account)
            and (not text or text in folded(line[2].content))
        ]


class LooseLines:
    """Blocks of lines in order; a line that comes or goes touches one of them."""

    def __init__(self, jobs: Iterable[ScheduledJob]) -> None:
        lines = sorted([_line(job) for job in jobs], key=_key)
        self._of = {line[2].job_id: line for line in lines}
        self.blocks = [
            LooseBlock(lines[begin : begin + BLOCK_LINES])
            for begin in range(0, len(lines), BLOCK_LINES)
        ]

    def __len__(self) -> int:
        return len(self._of)

    def renew(self, job_ids: Iterable[str], find: Callable[[str], ScheduledJob | None]) -> None:
        """Have the lines of these jobs as `find` has them now: None where there is none."""
        for job_id in job_ids:
            old = self._of.pop(job_id, None)
            if old is not None:
                self._remove(old)
            job = find(job_id)
            if job is not None:
                self._of[job_id] = line = _line(job)
                self._insert(line)

    def _insert(self, line: LooseLine) -> None:
        if not self.blocks:
            self.blocks.append(LooseBlock([line]))
            return
        number = self._block_of(line)
        block = self.blocks[number]
        insort(block.lines, line, key=_key)
        block.changed()
        if len(block.lines) > 2 * BLOCK_LINES:
            self.blocks.insert(number + 1, LooseBlock(block.lines[BLOCK_LINES:]))
            del block.lines[BLOCK_LINES:]

    def _remove(self, line: LooseLine) -> None:
        number = self._block_of(line)
        block = self.blocks[number]
        del block.lines[bisect_left(block.lines, _key(line), key=_key)]
        block.changed()
        if not block.lines:
            del self.blocks[number]

    def _block_of(self, line: LooseLine) -> int:
        """Return the number of the block that a line is in, or belongs into."""
        return max(0, bisect_right(self.blocks, _key(line), key=_first) - 1)


def _line(job: ScheduledJob) -> LooseLine:
    return *key_of(job), job


def _key(line: LooseLine) -> tuple[int, int]:
    return line[:2]


def _first(block: LooseBlock) -> tuple[int, int]:
    return _key(block.lines[0])
