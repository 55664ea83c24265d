"""Schedules: which there are, and one of them: what it says, what comes of it, what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from starlette.responses import RedirectResponse, Response

from ... import Event, JobLedgerError, Schedule, ScheduledJob, ScheduleStatus
from ..coming import coming_posts, next_of
from ..forms import EMPTY, FilledForm
from ..page import address_of, render
from ..problems import Refusal, problem_of
from ..roles import SCHEDULE_ACTIONS
from ..scheduling import must_be_there, perform_on_schedule
from ..site import Call

PAGE = 20
COMING = 10
_MOST_COMING = 100
_MOST_EVENTS = 50
_MOST_DETACHED = 50
_FIELDS = {"skip": ("when",), "end": ("reason", "version"), "run-now": ()}
"""What the form of an action has."""


class ScheduleRow(NamedTuple):
    """A schedule, when its next post is due, and how many of its jobs wait, and are detached."""

    schedule: Schedule
    next: datetime | None
    open: int
    detached: int


def schedules_page(call: Call) -> Response:
    """Show a page of the schedules, those that have ended last; or of those of one account."""
    queries, account = call.look.queries, call.query.get("account_id", "")
    found = [each for each in queries.schedules() if not account or each.account_id == account]
    found.sort(key=lambda each: each.status is ScheduleStatus.ENDED)
    after = call.query.get("after")
    names = [each.schedule_id for each in found]
    begin = names.index(after) + 1 if after in names else 0
    shown = found[begin : begin + PAGE]
    return render(
        call,
        "schedules.html",
        rows=[_row(call, each) for each in shown],
        account=account,
        is_first=begin == 0,
        following=shown[-1].schedule_id if begin + PAGE < len(found) else None,
    )


def _row(call: Call, schedule: Schedule) -> ScheduleRow:
    queries = call.look.queries
    jobs = queries.jobs_of_schedule(schedule.schedule_id)
    detached = sum(1 for job in jobs if job.schedule is not None and job.schedule.is_detached)
    return ScheduleRow(schedule, next_of(queries, schedule, jobs), len(jobs), detached)


def schedule_page(call: Call) -> Response:
    """Show one schedule."""
    return show_schedule(call, EMPTY)


def show_schedule(
    call: Call, form: FilledForm, since: Sequence[Event] = (), status: int = 200
) -> Response:
    """Show one schedule, with what was refused of it, and what has happened since it was seen."""
    schedule_id, look = call.path("schedule_id"), call.look
    ledger = call.site.ledger
    ledger.get_schedule(schedule_id)
    history = ledger.history(f"schedule:{schedule_id}")
    events = [event for event in history if not look.is_past or event.seq <= look.seq]
    must_be_there(schedule_id, is_there=bool(events))
    schedule = look.queries.get_schedule(schedule_id)
    jobs = look.queries.jobs_of_schedule(schedule_id)
    zone = ZoneInfo(schedule.zone)
    coming = coming_posts(look.queries, schedule, _coming_count(call))
    listed = {one.job_id for one in coming}
    why = ledger.why(f"schedule:{schedule_id}", view=look.view).said(call.language, zone)
    return render(
        call,
        "schedule.html",
        status,
        zone=zone,
        path=f"/schedules/{schedule_id}",
        schedule=schedule,
        why=why,
        coming=coming,
        has_more=len(coming) == _coming_count(call) < _MOST_COMING,
        most=_MOST_COMING,
        others=_others(jobs, listed),
        open=len(jobs),
        detached=[job for job in jobs if job.schedule is not None and job.schedule.is_detached],
        events=events[-_MOST_EVENTS:],
        has_older=len(events) > _MOST_EVENTS,
        form=form,
        since=since,
        did=call.query.get("did", ""),
    )


def _coming_count(call: Call) -> int:
    return _MOST_COMING if call.query.get("all") else COMING


def _others(jobs: list[ScheduledJob], listed: set[str]) -> list[ScheduledJob]:
    """Return open jobs that are no occurrence to come: what is due already, was made by hand, or is
    left of a schedule that has ended."""
    last = max((job.scheduled_time for job in jobs if job.job_id in listed), default=None)
    found = [
        job
        for job in jobs
        if job.job_id not in listed
        and (last is None or job.scheduled_time <= last or _is_out_of_turn(job))
    ]
    return found[:_MOST_DETACHED]


def _is_out_of_turn(job: ScheduledJob) -> bool:
    return job.schedule is not None and job.schedule.is_detached


def change_schedule(call: Call) -> Response:
    """Do what the form says, and show the schedule as it is then, or the post that was made."""
    schedule_id, action = call.path("schedule_id"), call.path("action")
    names = _FIELDS.get(action, ("version",))
    given = {name: call.form[name] for name in names if call.form.get(name)}
    try:
        job_id = perform_on_schedule(call, schedule_id, action, given, is_form=True)
    except (JobLedgerError, Refusal) as error:
        problem = problem_of(error)
        if action not in SCHEDULE_ACTIONS or problem.status in (403, 404, 500):
            raise
        form = FilledForm(call.form, problem, action)
        return show_schedule(call, form, happened_since(call, schedule_id, problem), problem.status)
    if job_id is not None:
        return RedirectResponse(f"/jobs/{job_id}", 303)
    return RedirectResponse(address_of(f"/schedules/{schedule_id}", {"did": action}), 303)


def happened_since(call: Call, schedule_id: str, problem: Refusal) -> list[Event]:
    """Return what has happened to a schedule since the version that a form was made of, where that
    is why it was refused."""
    version = call.form.get("version", "")
    if problem.status != 409 or not (
        version.isascii() and version.isdecimal() and len(version) < 9
    ):
        return []
    history = call.site.ledger.history(f"schedule:{schedule_id}")
    return [event for event in history if event.version > int(version)]


def must_be_open(schedule: Schedule) -> None:
    """Refuse to change what is said of a schedule that has ended.

    Raises:
        Refusal: it has.
    """
    if schedule.status is ScheduleStatus.ENDED:
        raise Refusal(409, f"schedule {schedule.schedule_id} has ended", hint="add another one")
