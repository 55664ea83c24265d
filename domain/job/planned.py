"""What a schedule alone asks of the jobs that it has made, what follows from it as events, and what
is remembered of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from ..validation import check_content, check_metadata, check_schedule
from . import commands as c
from . import events as e
from .lifecycle import refusal
from .origin import FromSchedule
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
        "content": check_content(command.content, None),
        "priority": command.priority,
        "metadata": check_metadata(command.metadata),
    }
    changed = {name: value for name, value in asked.items() if getattr(job, name) != value}
    if changed:
        decided.append(e.JobEdited(**changed, schedule=command.cause))
    if command.hold:
        decided.append(e.JobHeld(schedule=command.cause))
    return decided


def by_plan(
    origin: FromSchedule, data: e.ByPlan, after: ScheduledJob | None
) -> ScheduledJob | None:
    """Return the job with what its schedule, or a person, has done to it."""
    assert after is not None
    if isinstance(data, e.JobExpired) and data.schedule is None:
        return after  # which nobody did
    origin = origin.after(data.schedule, is_hold=isinstance(data, (e.JobHeld, e.JobReleased)))
    if isinstance(data, e.JobRequeued) and data.number is not None:
        origin = replace(origin, number=data.number)
    return replace(after, schedule=origin)
