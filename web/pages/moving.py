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
    return _ask(call, job, FilledForm({"zone": zone.key, "back": own_calendar(back)}), zone)


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
            return back_to_calendar(call, job, zone)  # it is there already
        at = moment_in(sent, call.site.zone)
        given = {"scheduled_time": at.isoformat(), "version": sent["version"]}
        perform(call, job_id, "reschedule", given, is_form=True)
    except (JobLedgerError, Refusal) as error:
        refused = met(call, job_id, "reschedule", error)
        sent["scheduled_time"] = _as_a_field_has_it(sent.get("scheduled_time", ""), zone)
        form = FilledForm(sent, refused.problem)
        return _ask(call, job, form, zone, refused.since, refused.status)
    moved = call.site.ledger.get_job(job_id)
    return back_to_calendar(call, moved, zone, moved=job_id, was=job.scheduled_time.isoformat())


def _on(day: date, job: ScheduledJob, zone: ZoneInfo) -> str:
    """Return the job's local time of day on another day, as a form has it."""
    local = job.scheduled_time.astimezone(zone).replace(tzinfo=None, fold=0)
    return datetime.combine(day, local.time()).isoformat()


def _as_a_field_has_it(text: str, zone: ZoneInfo) -> str:
    """Return a time with an offset, which is put back by, as the local time that it is."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(zone).replace(tzinfo=None).isoformat() if moment.tzinfo else text
    except (ValueError, OverflowError):
        return text


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


def own_calendar(back: str) -> str:
    """Return where to go back to: a calendar of ours, and nowhere else."""
    return back if back == _USUAL or back.startswith(f"{_USUAL}?") else _USUAL


def back_to_calendar(call: Call, job: ScheduledJob, zone: ZoneInfo, **told: str) -> Response:
    """Go back to the calendar that the form came from (`back`), or where that does not show the
    job, to the same of its day; its entry has the focus, and the page tells of what was done."""
    usual = call.site.zone
    query = parse_qs(urlsplit(own_calendar(call.form.get("back", ""))).query)
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
    return RedirectResponse(f"{address(asked, usual, **told)}#at-{job.job_id}", 303)
