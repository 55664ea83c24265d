"""The lines of a page: what lists ask of its jobs, so that a page is unpacked only for what is
listed.

A line is where a job stands, its status, its account and its id: forty bytes in columns, in the
order of time. They are made when somebody lists for the first time, of the page alone, so they are
true for whoever has the page: of one moment of the past, or at present.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import accumulate, compress
from operator import itemgetter, or_
from sys import intern

import msgspec

from ..domain import JobPriority, JobStatus, Moment, ScheduledJob, folded, microseconds

Key = tuple[int, int]
"""Where a job stands in the order of time: microseconds, order of adding."""
PackedLine = tuple[int, int, str]
"""Where a job stands in the order of time, and its id."""
ANYWHERE: tuple[Key, Key] = ((-(2**63), 0), (2**63, 0))
"""What comes before every job, and what behind."""
_LEVEL = 1


class _Said(msgspec.Struct):
    """What a packed job says of where it is listed."""

    job_id: str
    account_id: str
    scheduled_time: Moment
    priority: JobPriority = JobPriority.NORMAL
    status: JobStatus = JobStatus.SCHEDULED
    order: int = 0


class _Written(msgspec.Struct):
    """What a packed job says that is looked for."""

    content: str


_KINDS = {status: 4 * number - 1 for number, status in enumerate(JobStatus)}
_said = msgspec.json.Decoder(list[_Said])
_written = msgspec.json.Decoder(list[_Written])


def kind_of(status: JobStatus, priority: int) -> int:
    """Return a small number for a status and a priority together."""
    return _KINDS[status] + priority


@lru_cache
def _flags(kinds: int) -> bytes:
    """Return a table that makes 1 of the kinds that are looked for, and 0 of all others."""
    return bytes([kinds >> kind & 1 for kind in range(256)])


def key_of(job: ScheduledJob | _Said) -> Key:
    """Return where a job stands in the order of time."""
    return microseconds(job.scheduled_time), job.order


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines are looked for, all in the order of time."""

    kinds: int
    """A bit for each kind."""
    account_id: str | None = None
    after: Key = ANYWHERE[0]
    before: Key = ANYWHERE[1]
    text: str = ""
    """What the content has, `folded`."""


class Summary(msgspec.Struct, frozen=True):
    """What a block of lines has: enough to pass it by."""

    first: Key
    last: Key
    kinds: int
    """A bit for each kind that a line has."""
    accounts: tuple[str, ...]
    """Sorted."""
    kinds_of: array[int]
    """The kinds of each account."""

    @classmethod
    def of(cls, first: Key, last: Key, said: Iterable[tuple[str, int]]) -> Summary:
        """Make the one of some lines, from the first to the last; of each the account and the
        kind."""
        kinds: dict[str, int] = {}
        for account, kind in said:
            kinds[account] = kinds.get(account, 0) | 1 << kind
        accounts = sorted(kinds)
        kinds_of = array("I", [kinds[account] for account in accounts])
        return cls(first, last, reduce(or_, kinds_of, 0), tuple(accounts), kinds_of)

    @classmethod
    def together(cls, summaries: Sequence[Summary]) -> Summary:
        """Make the one of all of these; of one at least."""
        kinds: dict[str, int] = {}
        for each in summaries:
            for account, has in zip(each.accounts, each.kinds_of, strict=True):
                kinds[account] = kinds.get(account, 0) | has
        accounts = sorted(kinds)
        return cls(
            min(each.first for each in summaries),
            max(each.last for each in summaries),
            reduce(or_, kinds.values(), 0),
            tuple(accounts),
            array("I", [kinds[account] for account in accounts]),
        )

    def number_of(self, account_id: str) -> int | None:
        """Return the number that an account has here; None where it has no line."""
        number = bisect_left(self.accounts, account_id)
        has = number < len(self.accounts) and self.accounts[number] == account_id
        return number if has else None

    def may_have(self, sought: Sought) -> bool:
        """Whether there may be what is looked for: whatever its text, and if not at its time."""
        if not (
            self.kinds & sought.kinds and self.last > sought.after and self.first < sought.before
        ):
            return False
        if sought.account_id is None:
            return True
        number = self.number_of(sought.account_id)
        return number is not None and self.kinds_of[number] & sought.kinds != 0


class PageLines:
    """The lines of one page; nothing of them ever changes."""

    __slots__ = ("_accounts", "_kinds", "_orders", "_times", "ids", "summary")

    def __init__(self, jobs: Iterable[ScheduledJob | _Said], ids: Mapping[str, str]) -> None:
        """`ids` has the one object that all have for an id, as far as there is one."""
        lines = sorted([(key_of(job), job) for job in jobs], key=itemgetter(0))
        said = [(intern(job.account_id), kind_of(job.status, job.priority)) for _, job in lines]
        self.summary = Summary.of(lines[0][0], lines[-1][0], said)
        numbers = {account: number for number, account in enumerate(self.summary.accounts)}
        self._times = array("q", [time for (time, _), _ in lines])
        self._orders = array("Q", [order for (_, order), _ in lines])
        self._kinds = bytes([kind for _, kind in said])
        self._accounts = array("H", [numbers[account] for account, _ in said])
        self.ids = tuple([ids.get(job.job_id, job.job_id) for _, job in lines])

    @classmethod
    def read(cls, page: bytes, ids: Mapping[str, str]) -> PageLines:
        """Make those of a packed page."""
        return cls(_said.decode(zlib.decompress(page)), ids)

    def seek(self, sought: Sought) -> Sequence[int]:
        """Return the numbers of the lines that are looked for, whatever their texts, in order."""
        begin, end = self._find(sought.after), self._find(sought.before, with_it=True)
        found: Sequence[int] = range(begin, end)
        if self.summary.kinds & ~sought.kinds:
            # Mostly a few of many: chosen without a look at each.
            flags = self._kinds[begin:end].translate(_flags(sought.kinds))
            found = list(compress(found, flags))
        if sought.account_id is not None:
            number, accounts = self.summary.number_of(sought.account_id), self._accounts
            found = [line for line in found if accounts[line] == number]
        return found

    def at(self, line: int) -> PackedLine:
        """Return where the job of a line stands, and its id."""
        return self._times[line], self._orders[line], self.ids[line]

    def _find(self, key: Key, *, with_it: bool = False) -> int:
        """Return the number of the first line behind a place, or `with_it` at that."""
        time, order = key
        begin = bisect_left(self._times, time)
        end = bisect_right(self._times, time, begin)
        bisect = bisect_left if with_it else bisect_right
        return bisect(self._orders, order, begin, end)


class PageTexts:
    """The texts of a page as they are compared, in the order of its lines, compressed."""

    __slots__ = ("_begins", "_data")

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._begins = array("I", accumulate(map(len, texts), initial=0))
        self._data = zlib.compress(b"".join(texts), _LEVEL)

    @classmethod
    def read(cls, page: bytes) -> PageTexts:
        """Make those of a packed page."""
        raw = zlib.decompress(page)
        lines = sorted(
            zip(map(key_of, _said.decode(raw)), _written.decode(raw), strict=True),
            key=itemgetter(0),
        )
        return cls([_encoded(folded(job.content)) for _, job in lines])

    def having(self, text: str) -> set[int]:
        """Return the numbers of the lines whose text has this one, which is `folded`."""
        wanted, data, begins = _encoded(text), zlib.decompress(self._data), self._begins
        found, at = set(), data.find(wanted)
        while at >= 0:
            line = bisect_right(begins, at) - 1
            end = begins[line + 1]
            if at + len(wanted) <= end:
                found.add(line)
                at = data.find(wanted, end)
            else:  # it is of two texts that stand side by side
                at = data.find(wanted, at + 1)
        return found


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
