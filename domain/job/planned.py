"""What a schedule alone asks of the jobs that it has made, and what follows from it as events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..validation import check_content, check_metadata, check_schedule
from . import commands as c
from . import events as e
from .lifecycle import refusal
from .state import ScheduledJob


def leave_out(job: ScheduledJob, command: c.LeaveOut, now: datetime) -> list[e.JobEvent]:
    """Decide that a job which is late will not be posted.

    Raises:
        InvalidTransitionError: it is of no schedule, or is not late.
    """
    late_s = (now - job.scheduled_time).total_seconds()
    if job.schedule is None or late_s < 0:
        reason = "is of no schedule" if job.schedule is None else "is not late"
        raise refusal(job.status.value, "expire", job_id=job.job_id, reason=reason)
    return [e.JobExpired(late_s=late_s, schedule=command.cause)]


def revive(job: ScheduledJob, command: c.Revive, now: datetime) -> list[e.JobEvent]:
    """Decide that a job which its schedule had cancelled is to be again, as its schedule has it.

    Raises:
        ValidationError: a value in the command is not acceptable.
    """
    moment = check_schedule(command.scheduled_time, now)
    decided: list[e.JobEvent] = [
        e.JobRequeued(scheduled_time=moment, schedule=command.cause, number=command.number)
    ]
    asked: dict[str, Any] = {
        "content": check_content(command.content),
        "priority": command.priority,
        "metadata": check_metadata(command.metadata),
    }
    changed = {name: value for name, value in asked.items() if getattr(job, name) != value}
    if changed:
        decided.append(e.JobEdited(**changed, schedule=command.cause))
    if command.hold:
        decided.append(e.JobHeld(schedule=command.cause))
    return decided
