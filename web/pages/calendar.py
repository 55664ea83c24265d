"""The calendar: jobs by the day on which they are due, a day, a week or a month of them."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple, get_args

from starlette.responses import RedirectResponse, Response

from ... import InvalidScheduleTimeError, JobStatus, ScheduledJob, ValidationError
from ..actions import perform
from ..local_time import moment_of
from ..page import render
from ..roles import may
from ..site import Call

View = Literal["day", "week", "month"]
VIEWS: tuple[View, ...] = get_args(View)
_MOST = 3000
"""So many jobs are shown at once; of more it is said that they are not."""
_IN_A_CELL = 4
MARKS = "●▲■◆★✚♥◗"
"""What tells accounts apart without colours."""


class DueDay(NamedTuple):
    """A day, and the jobs that are due on it, by time."""

    date: date
    jobs: list[ScheduledJob]


class Span(NamedTuple):
    """The days that are shown, `last` with them, and where the pages before and after begin."""

    first: date
    last: date
    before: date
    after: date


def span_of(view: View, day: date) -> Span:
    """Return what a view of a day shows: the day, its week from Monday, or its month in weeks."""
    if view == "day":
        return Span(day, day, day - timedelta(1), day + timedelta(1))
    monday = day - timedelta(day.weekday())
    if view == "week":
        return Span(monday, monday + timedelta(6), day - timedelta(7), day + timedelta(7))
    begin = day.replace(day=1)
    end = day.replace(day=monthrange(day.year, day.month)[1])
    first, last = begin - timedelta(begin.weekday()), end + timedelta(6 - end.weekday())
    return Span(first, last, (begin - timedelta(1)).replace(day=1), end + timedelta(1))


def calendar(call: Call) -> Response:
    """Show the calendar."""
    view, day = _view(call), _day(call, "day") or call.look.at.astimezone(call.site.zone).date()
    span, zone, queries = span_of(view, day), call.site.zone, call.look.queries
    accounts = queries.accounts()
    chosen = [name for name in call.query.getlist("account") if name in accounts]
    wanted: list[str] | list[None] = chosen or [None]
    found = [
        job
        for name in wanted
        for job in queries.list_jobs(
            name,
            due_from=datetime.combine(span.first, time(), zone),
            due_to=datetime.combine(span.last + timedelta(1), time(), zone),
            order="time",
            limit=_MOST + 1,
        )
    ]
    jobs = sorted(found, key=lambda job: (job.scheduled_time, job.order))[:_MOST]
    all_days = (span.first + timedelta(n) for n in range((span.last - span.first).days + 1))
    days = {one: list[ScheduledJob]() for one in all_days}
    for job in jobs:
        days[job.scheduled_time.astimezone(zone).date()].append(job)
    return render(
        call,
        "calendar.html",
        view=view,
        views=VIEWS,
        day=day,
        span=span,
        today=call.look.at.astimezone(zone).date(),
        weeks=_weeks([DueDay(*one) for one in days.items()]),
        accounts=accounts,
        chosen=chosen,
        marks={name: number % len(MARKS) for number, name in enumerate(accounts)},
        signs=MARKS,
        in_a_cell=_IN_A_CELL if view == "month" else _MOST,
        left_out=len(found) > _MOST,
        movable={job.job_id for job in jobs if _may_move(call, job)},
    )


def _weeks(days: list[DueDay]) -> list[list[DueDay]]:
    return [days[n : n + 7] for n in range(0, len(days), 7)]


def _may_move(call: Call, job: ScheduledJob) -> bool:
    return (
        job.status in (JobStatus.PENDING, JobStatus.SCHEDULED)
        and not call.look.is_past
        and not call.site.read_only
        and may(call.role, "reschedule", job.status)
    )


def _view(call: Call) -> View:
    asked = call.query.get("view") or "week"
    for view in VIEWS:
        if view == asked:
            return view
    raise ValidationError(f"view {asked!r} is none", field="view", hint=", ".join(VIEWS))


def _day(call: Call, name: str) -> date | None:
    text = call.form.get(name) or call.query.get(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        day.replace(year=day.year - 1), day.replace(year=day.year + 1, day=1)  # room around it
    except ValueError:
        raise ValidationError(
            f"{name} {text!r:.40} is not a day", field=name, hint="use YYYY-MM-DD"
        ) from None
    return day


def move(call: Call) -> Response:
    """Put a job on another day, at the time of day that it has; where that day's clocks do not show
    that time, or show it twice, ask first."""
    job_id, day = call.path("job_id"), _day(call, "day")
    if day is None:
        raise ValidationError("to which day?", field="day")
    zone = call.site.zone
    job = call.site.ledger.get_job(job_id)
    local = job.scheduled_time.astimezone(zone).replace(tzinfo=None)
    found = moment_of(datetime.combine(day, local.time()), zone)
    meant = call.form.get("meant", "")
    if found.oddity is not None and meant not in ("first", "second"):
        return render(call, "move.html", 409, job=job, day=day, local=local, found=found)
    at = found.other if meant == "second" and found.other is not None else found.at
    given = {"scheduled_time": at.isoformat(), "version": call.form.get("version", "")}
    if not given["version"]:
        raise InvalidScheduleTimeError("the form lacks the version", field="version")
    perform(call, job_id, "reschedule", given, is_form=True)
    back = call.form.get("back", "")
    return RedirectResponse(back if back.startswith("/calendar") else f"/calendar?day={day}", 303)
