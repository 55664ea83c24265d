"""Jobs: listed, added, looked at and changed by programs."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from starlette.responses import Response

from ... import JobAdded, JobNotFoundError, JobStatus, ValidationError
from .. import pictures
from ..actions import NEXT_SLOT, AddArguments, add, perform, priority_of, read_into
from ..actions import time_of as given_time
from ..idempotency import job_id_for, once
from ..site import Call
from .answers import check_query, document, flag_of, job_document, limit_of, sent, time_of

_FILTERS = (
    "status", "account_id", "text", "outcome_unknown", "due_from", "due_to", "order", "after",
    "limit", "at",
)  # fmt: skip


def jobs(call: Call) -> Response:
    """Add a job, or list jobs, as the method says."""
    return add_job(call) if call.request.method == "POST" else list_jobs(call)


def list_jobs(call: Call) -> Response:
    """Answer with a page of the jobs that match, and the cursor of the next page."""
    check_query(call, _FILTERS)
    query, limit = call.query, limit_of(call)
    statuses = [part for text in query.getlist("status") for part in text.split(",") if part]
    order = query.get("order") or "rank"
    found = call.look.queries.list_jobs(
        query.get("account_id") or None,
        [JobStatus(one) if one in list(JobStatus) else _no_status(one) for one in statuses] or None,
        due_from=time_of(call, "due_from"),
        due_to=time_of(call, "due_to"),
        text=query.get("text") or None,
        outcome_unknown=flag_of(call, "outcome_unknown"),
        order=order,  # type: ignore[arg-type]  # it says itself what is no order
        after=query.get("after") or None,
        limit=limit + 1,
    )
    page = found[:limit]
    following = page[-1].cursor if len(found) > limit else None
    return document({"jobs": [job_document(job) for job in page], "next": following})


def _no_status(text: str) -> JobStatus:
    raise ValidationError(f"status {text!r} is none", field="status", hint=", ".join(JobStatus))


def add_job(call: Call) -> Response:
    """Add a job; with an `Idempotency-Key` once, however often it is asked for."""

    def do(given: object) -> Response:
        if isinstance(given, dict) and not given.get("job_id"):
            made = job_id_for(call)
            if made is not None:
                given = given | {"job_id": made}
                if (already := _already(call, made, given)) is not None:
                    return already
        job_id = add(call, given, is_form=False)
        return _added(call, job_id)

    return once(call, do, sent(call, call.body))


def _already(call: Call, job_id: str, given: dict[str, object]) -> Response | None:
    """Return the answer for a job that was added by the same key before this process was there."""
    try:
        first = call.site.ledger.history(job_id)[0].data
    except JobNotFoundError:
        return None
    new = read_into(AddArguments, {**given, "job_id": job_id}, is_form=False)
    if not isinstance(first, JobAdded) or not _is_same(first, new, call.site.zone):
        raise ValidationError(
            "this key was used for another job", field="Idempotency-Key", hint="make a new one"
        )
    return _added(call, job_id)


def _is_same(first: JobAdded, new: AddArguments, zone: ZoneInfo) -> bool:
    """Say whether a job that was added is what is asked for again, in every argument; of a slot it
    has the one that it got."""
    timeout = new.publish_timeout
    if new.scheduled_time == NEXT_SLOT:
        at = first.scheduled_time
    else:
        at = given_time(new.scheduled_time)
        at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    content, post = new.content, new.post
    if post is not None:
        content = content or post.parts[0].text
        post = None if post.is_plain else post.with_text(content)
    asked = JobAdded(
        account_id=new.account_id,
        content=content,
        post=post,
        scheduled_time=at,
        priority=priority_of(new.priority),
        max_retries=new.max_retries,
        platform=new.platform,
        metadata=new.metadata or {},
        hold=new.hold,
        publish_timeout_s=None if timeout is None else timeout.total_seconds(),
    )
    return asked == first


def _added(call: Call, job_id: str) -> Response:
    job = call.site.ledger.get_job(job_id)
    return document(job_document(job), 201, {"location": f"/api/v1/jobs/{job_id}"})


def get_job(call: Call) -> Response:
    """Answer with one job."""
    check_query(call, ("at",))
    return document(job_document(call.look.queries.get_job(call.path("job_id"))))


def get_history(call: Call) -> Response:
    """Answer with all events of a job, also of a removed one."""
    check_query(call, ("at",))
    job_id, look = call.path("job_id"), call.look
    events = [e for e in call.site.ledger.history(job_id) if not look.is_past or e.seq <= look.seq]
    if not events:
        raise JobNotFoundError(f"there was no job {job_id!r} by then", job_id=job_id)
    return document({"job_id": job_id, "events": [event.to_dict() for event in events]})


def get_why(call: Call) -> Response:
    """Answer why a job is where it is, and whether it may be out twice."""
    check_query(call, ("at",))
    job_id = call.path("job_id")
    why = call.site.ledger.why(job_id, view=call.look.view)
    return document(
        {
            "job_id": job_id,
            "answer": why.answer,
            "standing": list(why.standing),
            "twice": list(why.twice),
        }
    )


def get_media(call: Call) -> Response:
    """Answer with a file of a job, by its SHA-256, as its bytes are."""
    check_query(call, ("at",))
    return pictures.of_job(call)


def change_job(call: Call) -> Response:
    """Do something to a job; answer with it as it is then, with null where it was removed."""
    job_id = call.path("job_id")

    def do(given: object) -> Response:
        perform(call, job_id, call.path("action"), given, is_form=False)
        try:
            return document(job_document(call.site.ledger.get_job(job_id)))
        except JobNotFoundError:
            return document(None)

    return once(call, do, sent(call, call.body))
