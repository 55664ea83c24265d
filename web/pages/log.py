"""The log: what happened, newest first, page by page; narrowed down, and live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import NamedTuple, TypeVar

import msgspec
from starlette.responses import Response

from ... import (
    Event,
    JobAdded,
    JobNotFoundError,
    Ledger,
    ScheduleAdded,
    ScheduledJob,
    SlotsSet,
)
from ..api.answers import number_of
from ..event_types import TYPES
from ..page import render
from ..site import Call

PAGE = 50
MOST_READ = 2_000
"""So many events at most are looked at for one page; where few match, it says how far it looked."""
_STEP = 250
_MOST_SEQ = 10**15
_NO_JOBS = ("schedule", "slots")
"""What stands before the `:` in the place of a job's id, where an event is of no job."""
V = TypeVar("V")


class Wished(NamedTuple):
    """Which events are asked for: what is empty is left open."""

    type: str
    account_id: str
    job_id: str
    by: str


class LogRow(msgspec.Struct, frozen=True):
    """An event, and the job that it is of, if that is there at the moment of the page. `name`: of
    the schedule that it is of, or of the account whose slots."""

    event: Event
    job: ScheduledJob | None
    account_id: str
    name: str = ""


def log_page(call: Call) -> Response:
    """Show a page of the events that match: the newest, those before a number, or behind one."""
    look, query = call.look, call.query
    wished = Wished(
        *(query.get(name, "").strip() for name in ("type", "account_id", "job_id", "by"))
    )
    newest = look.seq + 1
    before = min(number_of(call, "before", newest, 1, _MOST_SEQ), newest)
    found, newer = _Search(call, wished), None
    if after := number_of(call, "after", 0, 0, _MOST_SEQ):
        rows, older, newer = found.behind(after)
    if newer is None:
        rows, older = found.before(before)
        newer = before - 1 if before < newest else None
    days = groupby(rows, lambda row: row.event.at.astimezone(call.site.zone).date())
    return render(
        call,
        "log.html",
        days=[list(some) for _, some in days],
        is_full=len(rows) == PAGE,
        older=older,
        newer=newer,
        looked_at=found.read,
        is_newest=newer is None,
        wished=wished,
        is_narrowed=any(wished),
        types=TYPES,
        accounts=look.queries.accounts(),
    )


class _Search:
    """Looks for events that match, from a place on, and not for ever; `read` counts them."""

    def __init__(self, call: Call, wished: Wished) -> None:
        self._ledger = call.site.ledger
        self._look = call.look
        self._wished = wished
        self._jobs: dict[str, ScheduledJob | None] = {}
        self._accounts: dict[str, str] = {}
        self.read = 0

    def before(self, before: int) -> tuple[list[LogRow], int | None]:
        """Return the last rows before a number, newest first, and the number to go on before."""
        rows: list[LogRow] = []
        for event in self._backwards(before):
            if len(rows) == PAGE or self.read >= MOST_READ:
                return rows, before
            self.read += 1
            before = event.seq
            if (row := self._row(event)) is not None:
                rows.append(row)
        return rows, None

    def behind(self, after: int) -> tuple[list[LogRow], int | None, int | None]:
        """Return the first rows behind a number, newest first, the number to go on before, and the
        one to go on behind."""
        rows: list[LogRow] = []
        older, newer = after + 1, None
        for event in self._forwards(after):
            if event.seq > self._look.seq:
                break
            if len(rows) == PAGE or self.read >= MOST_READ:
                newer = after
                break
            self.read += 1
            after = event.seq
            if (row := self._row(event)) is not None:
                rows.append(row)
        return rows[::-1], older, newer

    def _forwards(self, after: int) -> Iterator[Event]:
        if self._wished.job_id:
            return (event for event in self._of_job() if event.seq > after)
        return self._ledger.events(after)

    def _backwards(self, before: int) -> Iterator[Event]:
        if self._wished.job_id:
            return (event for event in reversed(self._of_job()) if event.seq < before)
        step = _STEP if any(self._wished) else PAGE + 1
        return backwards(self._ledger, before, step)

    def _of_job(self) -> list[Event]:
        try:
            return self._ledger.history(self._wished.job_id)
        except JobNotFoundError:
            return []

    def _row(self, event: Event) -> LogRow | None:
        """Return the row of an event; None where it does not match."""
        wished = self._wished
        if (wished.type and event.type != wished.type) or (wished.by and event.by != wished.by):
            return None
        account = self._account(event)
        if wished.account_id and account != wished.account_id:
            return None
        kind, _, name = event.job_id.partition(":")
        return LogRow(event, self._job(event.job_id), account, name if kind in _NO_JOBS else "")

    def _job(self, job_id: str) -> ScheduledJob | None:
        return _kept(self._jobs, job_id, self._find_job)

    def _find_job(self, job_id: str) -> ScheduledJob | None:
        return self._look.queries.get_jobs([job_id]).get(job_id)

    def _account(self, event: Event) -> str:
        if isinstance(event.data, JobAdded):
            return event.data.account_id
        if isinstance(event.data, SlotsSet):
            return event.job_id.partition(":")[2]
        return _kept(self._accounts, event.job_id, self._find_account)

    def _find_account(self, job_id: str) -> str:
        job = self._job(job_id)
        if job is not None:
            return job.account_id
        first = self._ledger.history(job_id)[0].data  # it is removed, or it is a schedule
        if isinstance(first, ScheduleAdded):
            return first.definition.account_id
        return first.account_id if isinstance(first, JobAdded) else ""


def _kept(known: dict[str, V], key: str, find: Callable[[str], V]) -> V:
    if key not in known:
        known[key] = find(key)
    return known[key]


def backwards(ledger: Ledger, before: int, step: int) -> Iterator[Event]:
    """Yield the events before a number, newest first, reading so many at once."""
    while before > 1:
        after = max(before - 1 - step, 0)
        yield from reversed(list(islice(ledger.events(after), before - 1 - after)))
        before = after + 1
