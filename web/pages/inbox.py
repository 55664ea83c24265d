"""The inbox: posts of which nobody knows whether they are out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from ... import Event, JobStarted, JobStatus, ScheduledJob
from ..page import render
from ..site import Call
from .same_text import Doubled, doubled

PAGE = 10
_SETTLED = (JobStatus.COMPLETED, JobStatus.FAILED)


class Unsettled(NamedTuple):
    """A job, what is known of the attempt that nobody knows the end of, and why that is so."""

    job: ScheduledJob
    began: Event | None
    attempt: int
    noted: list[Event]
    """What the attempt said of itself: notes and steps that it had done."""
    standing: Sequence[str]
    twice: Sequence[Doubled]
    """How it may be out twice, with the other posts of its text."""


def inbox(call: Call) -> Response:
    """Show what waits for somebody to look at the account and say what became of it, the oldest
    first."""
    found = call.look.queries.list_jobs(
        outcome_unknown=True, order="time", after=call.query.get("after") or None, limit=PAGE + 1
    )
    return render(
        call,
        "inbox.html",
        unsettled=[_unsettled(call, job) for job in found[:PAGE]],
        following=found[PAGE - 1].cursor if len(found) > PAGE else None,
        is_first="after" not in call.query,
        settled=_settled(call),
        now=call.look.at,
    )


def _settled(call: Call) -> ScheduledJob | None:
    """Return the job that was just settled, which whoever pressed the wrong button wants to see."""
    job_id = call.query.get("settled", "")
    job = None if call.look.is_past else call.look.queries.get_jobs([job_id]).get(job_id)
    return None if job is None or job.outcome_unknown or job.status not in _SETTLED else job


def _unsettled(call: Call, job: ScheduledJob) -> Unsettled:
    ledger, look = call.site.ledger, call.look
    why = ledger.why(job.job_id, view=look.view).said(call.language, call.site.zone)
    began: Event | None = None
    attempt, noted = 0, list[Event]()
    for event in ledger.history(job.job_id):
        if event.seq > look.seq:
            break
        if isinstance(event.data, JobStarted):
            began, attempt, noted = event, event.data.attempt, []
        elif event.type in ("noted", "checkpointed"):
            noted.append(event)
    return Unsettled(job, began, attempt, noted, why.standing, doubled(call, job, why.twice))
