"""The inbox: posts of which nobody knows whether they are out."""

from __future__ import annotations

from starlette.responses import Response

from ... import JobStatus
from ..page import render
from ..site import Call


def inbox(call: Call) -> Response:
    """Show what waits for somebody to look at the account and say what became of it."""
    failed = call.look.queries.list_jobs(status=JobStatus.FAILED, order="time")
    unknown = [job for job in failed if job.outcome_unknown]
    return render(call, "inbox.html", jobs=unknown)
