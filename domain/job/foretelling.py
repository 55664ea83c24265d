"""What is told of a job ahead of its time: that something it needs cannot be had.

It is told as a deferral that holds nothing back: until the job's own time where it lacks something,
until now where that can be had after all. One that does hold it back is made when it is due, and
until later than its time. So no reader of the log, of whatever release, has to know it.
"""

from __future__ import annotations

from datetime import datetime

from ..validation import clean_text
from . import events as e
from .messages import Fact, What, worded
from .state import ScheduledJob

_FOUND = "found ahead of its time"
ALL_THERE = f"{_FOUND}: all that it needs can be had now"


def foretold(job: ScheduledJob, reason: str | None, now: datetime) -> list[e.JobEvent]:
    """Return what is recorded of what was found; nothing where that is known, or it is too late."""
    if job.scheduled_time <= now:
        return []  # its attempt tells
    if reason is None:
        return [e.JobDeferred(until=now, reason=ALL_THERE)] if job.is_lacking else []
    told = clean_text(f"{_FOUND}: {reason}", 500)
    is_known = job.status_message == worded(Fact(What.DEFERRED, told), job)
    if job.is_lacking and is_known:  # rule: foretold-once
        return []
    return [e.JobDeferred(until=job.scheduled_time, reason=told)]
