"""Jobs: a list that is narrowed down, page by page; one job; what is done to it; a new one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.responses import RedirectResponse, Response

from ... import JobNotFoundError, JobStatus
from ..actions import add, perform
from ..page import render
from ..site import Call

_PAGE = 50
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
    query = call.query
    status = query.get("status") or None
    chosen = JobStatus(status) if status in list(JobStatus) else None
    account, text = query.get("account_id") or None, query.get("text") or None
    found = call.look.queries.list_jobs(
        account,
        chosen,
        text=text,
        order="time" if query.get("order") == "time" else "rank",
        after=query.get("after") or None,
        limit=_PAGE + 1,
    )
    page = found[:_PAGE]
    return render(
        call,
        "jobs.html",
        jobs=page,
        following=page[-1].cursor if len(found) > _PAGE else None,
        accounts=call.look.queries.accounts(),
        chosen=chosen,
        account=account,
        text=text,
        order=query.get("order") or "rank",
    )


def job_page(call: Call) -> Response:
    """Show one job: what it says, why it is where it is, what happened, what can be done."""
    job_id, look = call.path("job_id"), call.look
    events = [e for e in call.site.ledger.history(job_id) if not look.is_past or e.seq <= look.seq]
    if not events:
        raise JobNotFoundError(f"there was no job {job_id!r} by then", job_id=job_id)
    try:
        job = look.queries.get_job(job_id)
    except JobNotFoundError:
        job = None
    return render(
        call,
        "job.html",
        job_id=job_id,
        job=job,
        events=events,
        why=call.site.ledger.why(job_id, view=look.view).said(call.language),
        fields=_FIELDS,
        soon=call.site.ledger.now() + timedelta(minutes=5),
    )


def change(call: Call) -> Response:
    """Do what the form says, and show the job as it is then."""
    job_id, action = call.path("job_id"), call.path("action")
    perform(call, job_id, action, _given(call, _FIELDS.get(action, ())), is_form=True)
    return RedirectResponse("/jobs" if action == "remove" else f"/jobs/{job_id}", 303)


def new_page(call: Call) -> Response:
    """Ask for a new job."""
    soon = call.site.ledger.now() + timedelta(hours=1)
    return render(call, "new.html", accounts=call.look.queries.accounts(), soon=soon)


def new(call: Call) -> Response:
    """Add the job, and show it."""
    fields = ("account_id", "content", "scheduled_time", "priority", "hold")
    job_id = add(call, _given(call, fields), is_form=True)
    return RedirectResponse(f"/jobs/{job_id}", 303)


def _given(call: Call, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return what the form has of these fields, and the version that the person saw."""
    given = {name: call.form[name] for name in (*fields, "version") if call.form.get(name)}
    if "content" in given:
        given["content"] = given["content"].replace("\r\n", "\n")  # as a browser sends a new line
    return given
