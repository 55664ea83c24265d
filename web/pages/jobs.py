"""Jobs: a list that is narrowed down, page by page; one job; what is done to it; a new one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import RedirectResponse, Response

from ... import (
    PLATFORMS,
    Event,
    JobAdded,
    JobLedgerError,
    JobNotFoundError,
    ValidationError,
)
from ..actions import NEXT_SLOT, add, check_may, perform
from ..api.answers import number_of
from ..filtering import read_filter
from ..forms import EMPTY, FilledForm, met
from ..free_slots import free_between
from ..local_time import USUAL_ZONES, day_in, moment_in, zone_of
from ..many import MANY, MOST
from ..page import address_of, render
from ..pictures import kept_files
from ..problems import Refusal, problem_of
from ..roles import ADD_DRAFT
from ..site import Call
from ..text_counter import TextCounter
from ..writing import OF_POST
from ..written import (
    WritingForm,
    done_within,
    given_of,
    is_asked_within,
    of_job,
    of_new,
    with_faults,
    written,
)
from .moving import back_to_calendar
from .same_text import doubled

_PAGE = 50
_MORNING = time(9)
"""What a new job of another day is first asked for at."""
_FIELDS = {
    "edit": ("content", "priority"),
    "reschedule": ("scheduled_time",),
    "cancel": ("reason",),
    "requeue": ("scheduled_time",),
    "resolve": ("posted", "thread_id"),
}
"""What the form of an action has, beside the version."""


def jobs_page(call: Call) -> Response:
    """Show a page of the jobs that match."""
    asked, after = read_filter(call.query.getlist), call.query.get("after") or None
    found = asked.select(call.look.queries, after=after, limit=_PAGE + 1)
    page, did = found[:_PAGE], call.query.get("did", "")
    return render(
        call,
        "jobs.html",
        jobs=page,
        following=page[-1].cursor if len(found) > _PAGE else None,
        accounts=call.look.queries.accounts(),
        asked=asked,
        is_first=after is None,
        did=did if did in MANY else "",
        did_count=number_of(call, "count", 0, 0, MOST),
    )


def job_page(call: Call) -> Response:
    """Show one job: what it says, why it is where it is, what happened, what can be done."""
    kind, _, name = call.path("job_id").partition(":")
    if kind == "schedule" and name:  # as its events have it
        return RedirectResponse(address_of(f"/schedules/{name}", {"at": call.at}), 303)
    return _job(call, EMPTY)


def _job(call: Call, form: FilledForm, since: Sequence[Event] = (), status: int = 200) -> Response:
    job_id, look = call.path("job_id"), call.look
    events = [e for e in call.site.ledger.history(job_id) if not look.is_past or e.seq <= look.seq]
    if not events:
        raise JobNotFoundError(f"there was no job {job_id!r} by then", job_id=job_id)
    try:
        job = look.queries.get_job(job_id)
    except JobNotFoundError:
        job = None
    why = call.site.ledger.why(job_id, view=look.view).said(call.language)
    return render(
        call,
        "job.html",
        status,
        path=f"/jobs/{job_id}",
        job_id=job_id,
        job=job,
        events=events,
        why=why,
        twice=doubled(call, job, why.twice),
        form=form,
        writing=form if isinstance(form, WritingForm) or job is None else of_job(call, job),
        kept=kept_files(call, job),
        since=since,
        left=TextCounter() if job is None else TextCounter(job.platform),
        zones=USUAL_ZONES,
        soon=call.site.ledger.now() + timedelta(minutes=5),
    )


def change(call: Call) -> Response:
    """Do what the form says, and show the job as it is then. What is refused is said beside the
    form, which has what was written; where the job has moved on, it is one of the job as it is."""
    job_id, action = call.path("job_id"), call.path("action")
    if action == "edit" and OF_POST in call.form:
        return _edit(call, job_id)
    try:
        perform(call, job_id, action, _given(call, _FIELDS.get(action, ())), is_form=True)
    except (JobLedgerError, Refusal) as error:
        refused = met(call, job_id, action, error)
        form = FilledForm(call.form, refused.problem, action)
        return _job(call, form, refused.since, refused.status)
    if action == "resolve" and call.form.get("back") == "/inbox":
        return RedirectResponse(address_of("/inbox", {"settled": job_id}), 303)
    return RedirectResponse("/jobs" if action == "remove" else f"/jobs/{job_id}", 303)


def _edit(call: Call, job_id: str) -> Response:
    """Change what a job posts, as the form says, or show the form again as it was asked for."""
    form: FilledForm = FilledForm(call.form, name="edit")
    try:
        job = call.site.ledger.get_job(job_id)
        check_may(call, "edit", job)
        form = writing = written(call, "edit", job.platform, job)
        if is_asked_within(call):
            return _job(call, done_within(call, writing))
        given = _given(call, ("priority",)) | given_of(writing, job)
        perform(call, job_id, "edit", given, is_form=True)
    except (JobLedgerError, Refusal) as error:
        found = met(call, job_id, "edit", error)
        if isinstance(form, WritingForm):
            form = with_faults(form, error)
        else:
            form.problem = found.problem
        return _job(call, form, found.since, found.status)
    return RedirectResponse(f"/jobs/{job_id}", 303)


def new_page(call: Call) -> Response:
    """Ask for a new job; of a day, if one is given."""
    call.must_be(ADD_DRAFT)
    query, zone, problem = call.query, call.site.zone, None
    try:
        zone = zone_of(query.get("zone", ""), zone)
    except ValidationError as error:
        problem = problem_of(error)
    given = {"scheduled_time": f"{_proposed(call, zone):%Y-%m-%dT%H:%M}", "zone": zone.key}
    given |= {
        name: query[name]
        for name in ("account_id", "zone", "back", "slot", "platform")
        if query.get(name)
    }
    return _new(call, of_new(given, problem), 200 if problem is None else problem.status)


def _proposed(call: Call, zone: ZoneInfo) -> datetime:
    """Return a local time to begin with: that of a usual morning on the day, or in an hour."""
    soon = (call.site.ledger.now() + timedelta(hours=1)).astimezone(zone)
    soon += timedelta(minutes=-soon.minute % 15)
    day, time_of_day = day_in(call.query, "day"), _time_of_day(call.query.get("time", ""))
    if time_of_day is not None:
        return datetime.combine(day or soon.date(), time_of_day, zone)
    if day is None or day == soon.date():
        return soon
    return datetime.combine(day, _MORNING, zone)


def _time_of_day(text: str) -> time | None:
    """Return the time of day of an address, as a free slot has it; None where it has none."""
    try:
        return time.fromisoformat(text).replace(tzinfo=None) if text else None
    except ValueError:
        return None


def _new(call: Call, form: WritingForm, status: int = 200) -> Response:
    return render(
        call,
        "new.html",
        status,
        form=form,
        accounts=call.look.queries.accounts(),
        platforms=PLATFORMS,
        left=TextCounter(form.platform),
        zones=USUAL_ZONES,
        free=_free(call, form.value("account_id")),
        key=form.value("job_id") or f"web-{token_hex(12)}",
    )


def _free(call: Call, account_id: str) -> list[datetime]:
    """Return the free slots of an account in the next weeks, where it has any."""
    ledger, now = call.site.ledger, call.site.ledger.now()
    slots = ledger.slots(account_id) if account_id else None
    soon = now + timedelta(weeks=4)
    return [] if slots is None else free_between(ledger, ledger, slots, now, soon)


def new(call: Call) -> Response:
    """Add the job, and show it. The form knows its id, so that sent twice it is added once."""
    call.must_be(ADD_DRAFT)
    form = written(call, "", call.form.get("platform", "").strip() or "threads")
    if is_asked_within(call):
        return _new(call, done_within(call, form))
    fields = ("account_id", "platform", "scheduled_time", "priority", "hold", "job_id")
    try:
        given = _given(call, fields) | given_of(form)
        job_id = _already(call, given) or add(call, given, is_form=True)
    except (JobLedgerError, Refusal) as error:
        problem = problem_of(error)
        if problem.status in (403, 500):
            raise
        form = with_faults(form, error)
        if call.form.get("slot") and problem.field == "scheduled_time":
            problem.field = "slot"
            form.problem = problem
        return _new(call, form, problem.status)
    if not call.form.get("back"):
        return RedirectResponse(f"/jobs/{job_id}", 303)
    zone = zone_of(call.form.get("zone", ""), call.site.zone)
    return back_to_calendar(call, call.site.ledger.get_job(job_id), zone, moved=job_id)


def _already(call: Call, given: dict[str, Any]) -> str | None:
    """Return the id of the job that this form has added before; a form that was changed since is of
    another job, and loses its id."""
    job_id = given.get("job_id", "")
    try:
        first = call.site.ledger.history(job_id)[0] if job_id else None
    except JobNotFoundError:
        return None
    if first is None:
        return None
    data = first.data
    if (
        isinstance(data, JobAdded)
        and first.by == call.visitor.by
        and (data.account_id, data.content) == (given.get("account_id"), given.get("content"))
        and data.post == given.get("post")
        and given.get("scheduled_time") in (data.scheduled_time.isoformat(), NEXT_SLOT)
    ):
        return str(job_id)
    del given["job_id"]
    return None


def _given(call: Call, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return what the form has of these fields, and the version that the person saw."""
    sent = call.form
    given = {name: sent[name] for name in (*fields, "version") if sent.get(name)}
    if "content" in fields and "content" in sent:  # one that was emptied is no text, and refused
        given["content"] = sent["content"].replace("\r\n", "\n")  # as a browser sends a new line
    if "scheduled_time" in fields and sent.get("slot"):
        given["scheduled_time"] = NEXT_SLOT
    elif "scheduled_time" in given:
        given["scheduled_time"] = moment_in(call.form, call.site.zone).isoformat()
    return given
