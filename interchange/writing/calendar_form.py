"""Calendars, `.ics`: an event a job, for calendars to show or to subscribe to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

from ...domain import JobStatus, ScheduledJob, ValidationError

_LONGEST_TITLE = 60
_LENGTH = timedelta(minutes=15)
"""For a calendar to show; a post has none."""
_STATES = {JobStatus.PENDING: "TENTATIVE", JobStatus.CANCELLED: "CANCELLED"}


def write_calendar(jobs: Sequence[ScheduledJob], name: str) -> bytes:
    """Write the jobs in this order; a job has the same event whenever it is written, with the
    number of its version, so that a calendar that has it brings it up.

    Raises:
        ValidationError: what writes calendars is not installed.
    """
    try:
        from icalendar import Calendar, Event
    except ImportError:
        raise ValidationError(
            "what writes calendars is not installed",
            field="format",
            hint="install the extra `calendar`",
        ) from None
    calendar = Calendar()
    calendar.add("prodid", "-//jobledger//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    for job in jobs:
        event = Event()
        begin = job.scheduled_time.astimezone(UTC).replace(microsecond=0)
        event.add("uid", f"{job.job_id}@jobledger")
        event.add("dtstamp", (job.created_at or begin).astimezone(UTC))
        event.add("dtstart", begin)
        event.add("dtend", begin + _LENGTH)
        event.add("sequence", job.version)
        event.add("status", _STATES.get(job.status, "CONFIRMED"))
        event.add("summary", _title(job))
        event.add("description", job.content)
        event.add("x-jobledger-account", job.account_id)
        event.add("x-jobledger-platform", job.platform)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _title(job: ScheduledJob) -> str:
    first = job.content.strip().split("\n", 1)[0].strip()
    short = first if len(first) <= _LONGEST_TITLE else first[: _LONGEST_TITLE - 1] + "…"
    state = "" if job.status is JobStatus.SCHEDULED else f" ({job.status})"
    return f"{job.account_id}{state}: {short}"
