"""The calendar: jobs by the day on which they are due, a day, a week or a month of them."""

from __future__ import annotations

from bisect import bisect_right, insort
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from heapq import merge
from itertools import groupby, pairwise
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlencode
from zlib import crc32
from zoneinfo import ZoneInfo

from starlette.responses import Response

from ... import JobNotFoundError, ScheduledJob, ValidationError
from ..forms import EMPTY, FilledForm
from ..free_slots import free_between
from ..local_time import USUAL_ZONES, day_in, zone_of
from ..page import render
from ..problems import problem_of
from ..site import Call

View = Literal["day", "week", "month"]
VIEWS: tuple[View, ...] = get_args(View)
_SHOWN = {"day": 120, "week": 24, "month": 4}
"""So many jobs of a day are shown."""
_COUNTED = 50
"""So many more are counted; of more it is said that there are more."""
_AT_ONCE = 300
"""So many jobs of all days are read at once; where there are more, each day is asked for."""
_MOST_WITH_SLOTS = 12
"""Of so many accounts free slots are shown."""
_DAY = timedelta(1)
SIGNS = "●▲■◆★✚▼◐"
"""What tells accounts apart without colours. The style sheet has as many colours."""


class AccountMark(NamedTuple):
    """How an account is told from others: a number of its colour, and a sign."""

    colour: int
    sign: str


class FreeSlot(NamedTuple):
    """A slot that no post has: of which account, and when."""

    account_id: str
    at: datetime


class DueHour(NamedTuple):
    """An hour on the clock, and the jobs of a day that are due in it, by time; `free`: slots."""

    hour: int
    jobs: list[ScheduledJob]
    free: list[FreeSlot]


class DueDay(NamedTuple):
    """A day, and the jobs that are due on it, by time, by the hours that have some, or slots.

    `more` are not shown, and come after the place `following`; `at_least`: there may be more.
    `offsets`: how far the clocks are from UTC as it begins and as it ends, where that differs.
    """

    date: date
    hours: list[DueHour]
    more: int
    at_least: bool
    following: str
    offsets: tuple[str, str] | None

    @property
    def jobs(self) -> list[ScheduledJob]:
        """The jobs that are shown."""
        return [job for hour in self.hours for job in hour.jobs]

    @property
    def free(self) -> list[FreeSlot]:
        """The slots that are free."""
        return [slot for hour in self.hours for slot in hour.free]


class Span(NamedTuple):
    """The days that are shown, `last` with them, and a day of the pages before and after."""

    first: date
    last: date
    before: date
    after: date

    @property
    def days(self) -> Iterator[date]:
        """Each of the days."""
        return (self.first + timedelta(n) for n in range((self.last - self.first).days + 1))


class AskedCalendar(NamedTuple):
    """What of the calendar is asked for."""

    view: View
    day: date
    zone: ZoneInfo
    accounts: Sequence[str]

    @property
    def span(self) -> Span:
        """The days that it shows."""
        return span_of(self.view, self.day)


def span_of(view: View, day: date) -> Span:
    """Return what a view of a day shows: the day, its week from Monday, or its month in weeks."""
    if view == "day":
        return Span(day, day, day - _DAY, day + _DAY)
    monday = day - timedelta(day.weekday())
    if view == "week":
        return Span(monday, monday + timedelta(6), day - timedelta(7), day + timedelta(7))
    begin = day.replace(day=1)
    end = day.replace(day=monthrange(day.year, day.month)[1])
    first, last = begin - timedelta(begin.weekday()), end + timedelta(6 - end.weekday())
    return Span(first, last, (begin - _DAY).replace(day=1), end + _DAY)


def marks_of(accounts: Sequence[str]) -> dict[str, AccountMark]:
    """Return how accounts are told apart. Up to eight have a colour and a sign each to themselves,
    up to 64 a pair of both. Another account changes as little as it can."""
    used = [0] * len(SIGNS)
    marks = {}
    for name in accounts:
        wished = crc32(name.encode()) % len(SIGNS)
        colour = min(range(len(SIGNS)), key=lambda n: (used[n], (n - wished) % len(SIGNS)))
        marks[name] = AccountMark(colour, SIGNS[(colour + used[colour]) % len(SIGNS)])
        used[colour] += 1
    return marks


def address(asked: AskedCalendar, usual: ZoneInfo, **more: str | None) -> str:
    """Return the address of a calendar; the zone is left out where it is the usual one."""
    query = [("view", asked.view), ("day", asked.day.isoformat())]
    query += [("account", name) for name in asked.accounts]
    if asked.zone.key != usual.key:
        query.append(("zone", asked.zone.key))
    query += [(name, value) for name, value in more.items() if value]
    return f"/calendar?{urlencode(query)}"


def calendar(call: Call) -> Response:
    """Show the calendar. Where there is no such zone, it is that of the ledger's, and says so."""
    usual, query = call.site.zone, call.query
    form, status, zone = EMPTY, 200, usual
    try:
        zone = zone_of(query.get("zone", ""), usual)
    except ValidationError as error:
        form, status = FilledForm(query, problem_of(error)), 422
    today = call.look.at.astimezone(zone).date()
    accounts = call.look.queries.accounts()
    chosen = [name for name in dict.fromkeys(query.getlist("account")) if name in accounts]
    asked = AskedCalendar(_view(call), day_in(query, "day") or today, zone, chosen)

    def to(view: View, day: date, at: str | None = call.at, after: str = "") -> str:
        return address(asked._replace(view=view, day=day), usual, at=at, after=after)

    days = _due_days(call, asked)
    seen = {job.account_id for day in days for job in day.jobs}  # one may have come meanwhile
    return render(
        call,
        "calendar.html",
        status,
        zone=zone,
        asked=asked,
        views=VIEWS,
        span=asked.span,
        today=today,
        days=days,
        hours=sorted({hour.hour for day in days for hour in day.hours}),
        is_empty=not any(day.jobs for day in days),
        accounts=accounts,
        marks=marks_of(sorted({*accounts, *seen})),
        to=to,
        back=to(asked.view, asked.day, None),
        write=_writing(asked, usual),
        form=form,
        zones=USUAL_ZONES,
        moved=_moved(call),
    )


def _view(call: Call) -> View:
    asked = call.query.get("view") or "week"
    for view in VIEWS:
        if view == asked:
            return view
    raise ValidationError(f"view {asked!r:.40} is none", field="view", hint=", ".join(VIEWS))


def _due_days(call: Call, asked: AskedCalendar) -> list[DueDay]:
    days = list(asked.span.days)
    begins = [datetime.combine(day, time(), asked.zone) for day in [*days, days[-1] + _DAY]]
    wanted: Sequence[str | None] = asked.accounts or [None]
    found = [_jobs_by_day(call, asked, name, begins) for name in wanted]
    of_each_day = zip(*found, strict=True)
    slots = _free_slots(call, asked, begins)
    return [
        _due_day(asked, day, jobs, [one for one in slots if begin <= one.at < end], (begin, end))
        for day, jobs, (begin, end) in zip(days, of_each_day, pairwise(begins), strict=True)
    ]


def _free_slots(call: Call, asked: AskedCalendar, begins: list[datetime]) -> list[FreeSlot]:
    """Return the free slots of the accounts that are shown, if those are not many, which are still
    to come and within a year."""
    look = call.look
    names = asked.accounts or look.queries.accounts()
    begin, end = max(begins[0], look.at), min(begins[-1], look.at + timedelta(days=365))
    if len(names) > _MOST_WITH_SLOTS or begin >= end:
        return []
    found = []
    for name in names:
        slots = look.queries.slots(name)
        if slots is not None:
            free = free_between(call.site.ledger, look.queries, slots, begin, end)
            found += [FreeSlot(name, at) for at in free]
    return sorted(found, key=lambda one: one.at)


def _jobs_by_day(
    call: Call, asked: AskedCalendar, name: str | None, begins: list[datetime]
) -> list[list[ScheduledJob]]:
    """Return the jobs of an account, or of all, that are due on each day, by time; one more than is
    counted at most. They are read at once, unless there are many."""
    ask = partial(call.look.queries.list_jobs, name, order="time")
    if asked.view != "day":
        jobs = ask(due_from=begins[0], due_to=begins[-1], limit=_AT_ONCE + 1)
        if len(jobs) <= _AT_ONCE:
            bounds = [begin.astimezone(UTC) for begin in begins]
            days: list[list[ScheduledJob]] = [[] for _ in begins[1:]]
            for job in jobs:
                days[bisect_right(bounds, job.scheduled_time) - 1].append(job)
            return days
    after = call.query.get("after") or None if asked.view == "day" else None
    most = _SHOWN[asked.view] + _COUNTED + 1
    return [
        ask(due_from=begin, due_to=end, after=after, limit=most) for begin, end in pairwise(begins)
    ]


def _due_day(
    asked: AskedCalendar,
    day: date,
    found: Sequence[list[ScheduledJob]],
    slots: Sequence[FreeSlot],
    ends: tuple[datetime, datetime],
) -> DueDay:
    shown, zone = _SHOWN[asked.view], asked.zone
    jobs = list(merge(*found, key=lambda job: (job.scheduled_time, job.order)))
    more = len(jobs) - shown
    following = jobs[shown - 1].cursor if more > 0 else ""
    by_hour = groupby(jobs[:shown], key=lambda job: job.scheduled_time.astimezone(zone).hour)
    hours = [DueHour(hour, list(due), []) for hour, due in by_hour]
    for slot in slots:
        hour = slot.at.astimezone(zone).hour
        if not any(one.hour == hour for one in hours):
            insort(hours, DueHour(hour, [], []), key=lambda one: one.hour)
        next(one for one in hours if one.hour == hour).free.append(slot)
    begin, end = (at.isoformat()[-6:] for at in ends)
    offsets = None if begin == end else (begin, end)
    return DueDay(day, hours, max(0, min(more, _COUNTED)), more > _COUNTED, following, offsets)


def _writing(asked: AskedCalendar, usual: ZoneInfo) -> Callable[..., str]:
    """Return what gives the address where a post of a day is written, or of a free slot."""
    zone = {} if asked.zone.key == usual.key else {"zone": asked.zone.key}
    account = {"account_id": asked.accounts[0]} if len(asked.accounts) == 1 else {}
    back = {"back": address(asked, usual)}

    def written(day: date, slot: FreeSlot | None = None) -> str:
        at = {}
        if slot is not None:
            local = slot.at.astimezone(asked.zone).time()
            at = {"time": local.isoformat("minutes"), "account_id": slot.account_id}
        return f"/jobs/new?{urlencode({'day': day.isoformat()} | zone | account | at | back)}"

    return written


def _moved(call: Call) -> tuple[ScheduledJob, str | None] | None:
    """Return the job that was just moved or added, and when it was due before."""
    job_id = call.query.get("moved")
    if not job_id or call.look.is_past:
        return None
    try:
        return call.site.ledger.get_job(job_id), call.query.get("was")
    except JobNotFoundError:
        return None
