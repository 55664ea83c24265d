"""Accounts: how each one stands; and of one of them what comes next, and how much on which day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from starlette.responses import Response

from ... import Event, JobStatus, ScheduledJob, Slots
from ..api.answers import number_of
from ..free_slots import free_between
from ..page import render
from ..problems import Refusal
from ..site import Call
from .slots import week_of

PAGE = 15
DAYS = 14
"""So many days are looked ahead."""
MOST_COUNTED = 2_000
"""So many jobs are counted for that; of the days behind them it is said that they were not."""
LATELY = timedelta(days=7)
TOKEN_SOON = timedelta(days=7)
"""A token that ends within this time should have been renewed."""
_MOST_FAILED = 20
MOST_LATE = 200
_SHOWN = 8
"""So many jobs of a kind are shown; the list of all is a click away."""
_MOST_PER_DAY = 100_000
_FREE = 3
"""So many free slots are named."""


class AccountRow(NamedTuple):
    """How an account stands at the moment of the page."""

    name: str
    counts: Mapping[JobStatus, int]
    running: ScheduledJob | None
    next: ScheduledJob | None
    last: ScheduledJob | None
    failed: int
    """Of those that were due lately."""
    has_more_failed: bool
    held: Event | None
    """What said that the next post is held back, and until when, while it is."""
    token_ends: datetime | None
    """When its token ends, where that is known here; of now alone."""


class ForecastDay(NamedTuple):
    """A day, and what is due on it. `is_whole`: all of it was counted, and not only some."""

    date: date
    posted: int
    scheduled: int
    """With what is late, if it is today."""
    drafts: int
    is_whole: bool

    @property
    def posts(self) -> int:
        """How many posts there are on it if nobody changes anything."""
        return self.posted + self.scheduled


class Forecast(NamedTuple):
    """The next days, and how many posts the longest bar stands for. `per_day`: what they are
    compared with; 0: nothing. `uncounted`: from this day on there are jobs that were not
    counted."""

    days: Sequence[ForecastDay]
    per_day: int
    uncounted: date | None

    @property
    def scale(self) -> int:
        """What the whole width of a bar stands for."""
        return max(*(day.posts + day.drafts for day in self.days), self.per_day, 1)

    @property
    def above(self) -> list[ForecastDay]:
        """The days that have more posts than `per_day`."""
        return [day for day in self.days if self.per_day and day.posts > self.per_day]


def accounts_page(call: Call) -> Response:
    """Show a page of the accounts, by name; or of those whose name has a text."""
    wanted, after = call.query.get("name", "").strip(), call.query.get("after", "")
    names = call.look.queries.accounts()
    is_one_page = len(names) <= PAGE
    if wanted:
        names = [name for name in names if wanted.casefold() in name.casefold()]
    begin = bisect_right(names, after) if after else 0
    shown, expiries = names[begin : begin + PAGE], _expiries(call)
    return render(
        call,
        "accounts.html",
        rows=[_row(call, name, expiries) for name in shown],
        wanted=wanted,
        is_one_page=is_one_page,
        is_first=begin == 0,
        following=shown[-1] if begin + PAGE < len(names) else None,
        now=call.look.at,
        lately=LATELY,
        soon=TOKEN_SOON,
    )


def account_page(call: Call) -> Response:
    """Show one account. It is asked for by `id`, since a name may have any characters."""
    queries, name = call.look.queries, call.query.get("id", "")
    row = _row(call, name, _expiries(call))
    slots = queries.slots(name)
    if not any(row.counts.values()) and slots is None:
        raise Refusal(404, f"no job here is of an account {name!r:.100}", field="id")
    scheduled, now = JobStatus.SCHEDULED, call.look.at
    failed = JobStatus.FAILED
    return render(
        call,
        "account.html",
        row=row,
        next=queries.list_jobs(name, scheduled, order="time", limit=_SHOWN),
        running=queries.list_jobs(name, JobStatus.RUNNING, limit=_SHOWN),
        failed=queries.list_jobs(name, failed, due_from=now - LATELY, order="latest", limit=_SHOWN),
        posted=queries.list_jobs(name, JobStatus.COMPLETED, order="latest", limit=_SHOWN),
        slots={day: times for day, times in week_of(slots).items() if times},
        slots_zone=None if slots is None else slots.zone,
        free=_free(call, slots)[:_FREE],
        schedules=[each for each in queries.schedules() if each.account_id == name][:_SHOWN],
        forecast=_forecast(call, name, _per_day(call)),
        lately=LATELY,
        soon=TOKEN_SOON,
        most=_SHOWN,
        now=now,
    )


def _free(call: Call, slots: Slots | None) -> list[datetime]:
    """Return the free slots of the next days."""
    if slots is None:
        return []
    look = call.look
    return free_between(
        call.site.ledger, look.queries, slots, look.at, look.at + timedelta(days=DAYS)
    )


def _expiries(call: Call) -> Mapping[str, datetime]:
    """Return when tokens end, as it is known now; whatever keeps that from being known."""
    if call.look.is_past:
        return {}
    try:
        return call.site.settings.token_expiries()
    except Exception:  # noqa: BLE001 - of a publisher, whoever wrote it; the page goes without
        return {}


def _row(call: Call, name: str, expiries: Mapping[str, datetime]) -> AccountRow:
    queries, now = call.look.queries, call.look.at
    counts = queries.counts(name)

    def first(status: JobStatus, *, latest: bool = False) -> ScheduledJob | None:
        if not counts[status]:
            return None
        found = queries.list_jobs(name, status, order="latest" if latest else "time", limit=1)
        return found[0] if found else None

    failed = JobStatus.FAILED
    failures = (
        queries.list_jobs(
            name, failed, due_from=now - LATELY, order="latest", limit=_MOST_FAILED + 1
        )
        if counts[failed]
        else []
    )
    upcoming = first(JobStatus.SCHEDULED)
    is_due = upcoming is not None and upcoming.scheduled_time <= now
    return AccountRow(
        name,
        counts,
        first(JobStatus.RUNNING),
        upcoming,
        first(JobStatus.COMPLETED, latest=True),
        min(len(failures), _MOST_FAILED),
        len(failures) > _MOST_FAILED,
        _held(call, name) if is_due else None,
        expiries.get(name),
    )


def _held(call: Call, name: str) -> Event | None:
    """Return what holds back the due job of an account that comes first."""
    look = call.look
    behind = look.at + timedelta.resolution
    due = look.queries.list_jobs(name, JobStatus.SCHEDULED, due_to=behind, limit=1)
    if not due or due[0].deferred_until is None or due[0].deferred_until <= look.at:
        return None
    history = call.site.ledger.history(due[0].job_id)
    told = [event for event in history if event.type == "deferred" and event.seq <= look.seq]
    return told[-1] if told else None


def _per_day(call: Call) -> int:
    """Return what is compared with; a form whose field is empty compares with nothing."""
    return number_of(call, "per_day", 0, 1, _MOST_PER_DAY) if call.query.get("per_day") else 0


def _forecast(call: Call, name: str, per_day: int) -> Forecast:
    """Count what is due on each of the next days, in the ledger's zone."""
    zone, queries, scheduled = call.site.zone, call.look.queries, JobStatus.SCHEDULED
    today = call.look.at.astimezone(zone).date()
    days = [today + timedelta(n) for n in range(DAYS + 1)]
    begin, end = (datetime.combine(day, time(), zone) for day in (days[0], days[-1]))
    asked = (scheduled, JobStatus.RUNNING, JobStatus.PENDING, JobStatus.COMPLETED)
    jobs = queries.list_jobs(
        name, asked, due_from=begin, due_to=end, order="time", limit=MOST_COUNTED + 1
    )
    late = queries.list_jobs(name, scheduled, due_to=begin, limit=MOST_LATE + 1)
    uncounted = None
    if len(jobs) > MOST_COUNTED:
        uncounted = jobs.pop().scheduled_time.astimezone(zone).date()
    counted = {day: dict.fromkeys(asked, 0) for day in days[:-1]}
    counted[today][scheduled] = min(len(late), MOST_LATE)
    for job in jobs:
        counted[job.scheduled_time.astimezone(zone).date()][job.status] += 1
    return Forecast(
        [
            ForecastDay(
                day,
                number[JobStatus.COMPLETED],
                number[scheduled] + number[JobStatus.RUNNING],
                number[JobStatus.PENDING],
                (uncounted is None or day < uncounted) and (day > today or len(late) <= MOST_LATE),
            )
            for day, number in counted.items()
        ],
        per_day,
        uncounted,
    )
