"""Moving a job on the calendar: to another day, at the time of day that it has, or to a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from starlette.responses import RedirectResponse, Response

from ... import Event, JobLedgerError, JobNotFoundError, ScheduledJob, ValidationError
from ..actions import check_may, perform
from ..forms import FilledForm, met
from ..local_time import USUAL_ZONES, day_in, moment_in, zone_of
from ..page import render
from ..problems import Refusal
from ..site import Call
from .calendar import VIEWS, AskedCalendar, View, address

_USUAL = "/calendar"


def move_page(call: Call) -> Response:
    """Ask where a job is to be moved to."""
    job = call.site.ledger.get_job(call.path("job_id"))
    check_may(call, "reschedule", job)
    zone = zone_of(call.query.get("zone", ""), call.site.zone)
    back = call.query.get("back", "")
    return _ask(call, job, FilledForm({"zone": zone.key, "back": _own(back)}), zone)


def move(call: Call) -> Response:
    """Move a job, and show the calendar again: to a `day`, where it keeps its local time of day, or
    to a `scheduled_time`, both in `zone`. What is odd about that time is asked about first."""
    job_id, sent = call.path("job_id"), dict(call.form)
    zone = call.site.zone
    job: ScheduledJob | None = None
    try:
        job = call.site.ledger.get_job(job_id)
        zone = zone_of(sent.get("zone", ""), zone)
        day = day_in(sent, "day")
        if day is not None:
            sent["scheduled_time"] = _on(day, job, zone)
        if not sent.get("version"):
            raise ValidationError("the form lacks the version", field="version")
        local = job.scheduled_time.astimezone(zone).replace(tzinfo=None)
        if day is not None and day == local.date():
            return _shown_again(sent, job, None, zone, call.site.zone)  # it is there already
        at = moment_in(sent, call.site.zone)
        given = {"scheduled_time": at.isoformat(), "version": sent["version"]}
        perform(call, job_id, "reschedule", given, is_form=True)
    except (JobLedgerError, Refusal) as error:
        refused = met(call, job_id, "reschedule", error)
        form = FilledForm(sent, refused.problem)
        return _ask(call, job, form, zone, refused.since, refused.status)
    was = job.scheduled_time.isoformat()
    moved = call.site.ledger.get_job(job_id)
    return _shown_again(sent, moved, was, zone, call.site.zone)


def _on(day: date, job: ScheduledJob, zone: ZoneInfo) -> str:
    """Return the job's local time of day on another day, as a form has it."""
    local = job.scheduled_time.astimezone(zone).replace(tzinfo=None, fold=0)
    return datetime.combine(day, local.time()).isoformat()


def _ask(
    call: Call,
    job: ScheduledJob | None,
    form: FilledForm,
    zone: ZoneInfo,
    since: Sequence[Event] = (),
    status: int = 200,
) -> Response:
    job_id = call.path("job_id")
    if job is not None and since:
        try:
            job = call.site.ledger.get_job(job_id)
        except JobNotFoundError:
            job = None
    return render(
        call,
        "move.html",
        status,
        zone=zone,
        path=f"/jobs/{job_id}/move",
        job=job,
        job_id=job_id,
        form=form,
        since=since,
        back=form.value("back") or _USUAL,
        zones=USUAL_ZONES,
    )


def _own(back: str) -> str:
    """Return where to go back to: a calendar of ours, and nowhere else."""
    return back if back == _USUAL or back.startswith(f"{_USUAL}?") else _USUAL


def _shown_again(
    sent: dict[str, str], job: ScheduledJob, was: str | None, zone: ZoneInfo, usual: ZoneInfo
) -> Response:
    """Go back to the calendar that it was moved on, or where that does not show the job, to the
    same of its new day; with the job's entry focused."""
    query = parse_qs(urlsplit(_own(sent.get("back", ""))).query)
    views: list[View] = [one for one in VIEWS if [one] == query.get("view")]
    try:
        seen = zone_of(query.get("zone", [""])[0], usual)
        before = day_in({"day": query.get("day", [""])[0]}, "day")
    except ValidationError:  # no page of ours has such a one
        seen, before = zone, None
    day = job.scheduled_time.astimezone(seen).date()
    asked = AskedCalendar(views[0] if views else "week", day, seen, query.get("account", ()))
    if before is not None and before != day:
        there = asked._replace(day=before)
        asked = there if there.span.first <= day <= there.span.last else asked
    moved = {"moved": job.job_id, "was": was} if was else {}
    return RedirectResponse(f"{address(asked, usual, **moved)}#at-{job.job_id}", 303)
