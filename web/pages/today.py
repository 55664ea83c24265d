"""Today: what needs a person, what is next, what runs, and whether all is well."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from starlette.responses import Response

from ... import JobStatus
from ..page import render
from ..site import Call
from .verified import AGAIN_MS, badge

_AGAIN_MS = 15_000
"""That a runner begins or ends, or that a job is late, is no event: so often it is looked at."""
_SOON = timedelta(days=1)
"""So far ahead it is looked for posts that lack something: they are asked about minutes ahead."""
_MOST = 8
"""So many jobs of a kind are shown; the list of all is a click away."""


def today(call: Call) -> Response:
    """Show the first page."""
    look = call.look
    queries, now, zone = look.queries, look.at, call.site.zone
    begin = datetime.combine(now.astimezone(zone).date(), time(), zone)
    scheduled = JobStatus.SCHEDULED
    soon = queries.list_jobs(
        status=scheduled, due_from=now, due_to=now + _SOON, order="time", limit=200
    )
    runner = None if look.is_past else call.site.ledger.runner_pid()
    return render(
        call,
        "today.html",
        now=now,
        counts=queries.counts(),
        running=queries.list_jobs(status=JobStatus.RUNNING, limit=_MOST),
        late=queries.list_jobs(status=scheduled, due_to=now, order="time", limit=_MOST),
        next=queries.list_jobs(status=scheduled, due_from=now, order="time", limit=_MOST),
        posted=queries.list_jobs(
            status=JobStatus.COMPLETED, due_from=begin, due_to=begin + timedelta(days=1), limit=200
        ),
        unknown=queries.list_jobs(outcome_unknown=True, order="time", limit=_MOST),
        lacking=[job for job in soon if job.is_lacking][:_MOST],
        runner=runner,
        runner_since=None if runner is None else call.site.ledger.runner_since(),
        badge=badge(call),
        most=_MOST,
        again=AGAIN_MS if call.site.verifying.is_running else _AGAIN_MS,
    )
