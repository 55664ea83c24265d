"""Schedules as JSON, and what is next of one: the same for every command that shows some."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ...domain import (
    At,
    Every,
    JobStatus,
    Occurrence,
    Rule,
    Schedule,
    ScheduledJob,
    ScheduleStatus,
    timestamp,
)
from ...explanation import words
from ...ledger import Ledger, LedgerView, load_zone
from ..week import short_time

_WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)
END_REASONS = {
    "count": "as many as were asked for are planned",
    "until": "nothing comes before its end any more",
    "texts": "each of its texts is planned",
    "by_hand": "by hand",
}


def rule_as_typed(rule: Rule) -> str:
    """Return a rule as it can be typed: a cron text as it is, the others as their options."""
    if isinstance(rule, At):
        on = f" --on {','.join(rule.weekdays)}" if rule.weekdays else ""
        return f"--at {','.join(map(short_time, rule.times))}{on}"
    if isinstance(rule, Every):
        seconds = round(rule.interval.total_seconds())
        length = f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
        return f"--every {length} --anchor {'' if rule.anchor is None else timestamp(rule.anchor)}"
    return rule.text


def waiting_jobs(ledger: Ledger | LedgerView, schedule_id: str) -> list[ScheduledJob]:
    """Return the jobs of a schedule that have not begun, by time."""
    jobs = ledger.jobs_of_schedule(schedule_id)
    return [job for job in jobs if job.status in _WAITING]


def next_of(ledger: Ledger | LedgerView, schedule: Schedule, now: datetime) -> datetime | None:
    """Return when the next post of a schedule is due; None where none is to come."""
    if schedule.status is ScheduleStatus.PAUSED:
        return None
    waiting = waiting_jobs(ledger, schedule.schedule_id)
    times = [
        job.scheduled_time
        for job in waiting
        if job.status is JobStatus.SCHEDULED or job.scheduled_time > now
    ]
    if times:
        return min(times)
    count = min(len(schedule.skipped) + len(waiting) + 10, 1000)
    ahead = ledger.upcoming(schedule.schedule_id, count)
    return next((one.at for one in ahead if not one.is_skipped and one.job is None), None)


def schedule_document(
    ledger: Ledger | LedgerView, schedule: Schedule, now: datetime
) -> dict[str, Any]:
    """Return what a list says of one schedule."""
    waiting = waiting_jobs(ledger, schedule.schedule_id)
    return {
        "schedule_id": schedule.schedule_id,
        "state": schedule.status.value,
        "rule": rule_as_typed(schedule.rule),
        "words": words(schedule.rule, zone=load_zone(schedule.zone)),
        "zone": schedule.zone,
        "next_at": _stamp(next_of(ledger, schedule, now)),
        "account_id": schedule.account_id,
        "platform": schedule.platform,
        "texts": len(schedule.content),
        "waiting": len(waiting),
        "detached": [job.job_id for job in waiting if is_changed_by_hand(job)],
        "made": schedule.made,
        "planned_until": _stamp(schedule.planned_until),
        "end_reason": schedule.end_reason,
        "version": schedule.version,
    }


def full_document(
    ledger: Ledger | LedgerView, schedule: Schedule, now: datetime, count: int
) -> dict[str, Any]:
    """Return all that there is to say of one schedule: what is said of it as its event has it, what
    is to come, and its jobs that somebody has changed."""
    zone = load_zone(schedule.zone)
    coming = [
        {
            "job_id": one.job_id,
            **occurrence_document(one.occurrence, zone),
            "due_at": timestamp(one.at),
            "status": None if one.job is None else one.job.status.value,
            "skipped": one.is_skipped,
        }
        for one in ledger.upcoming(schedule.schedule_id, count)
    ]
    return schedule_document(ledger, schedule, now) | {
        "definition": msgspec.to_builtins(schedule.definition),
        "since": _stamp(schedule.since),
        "skipped": list(schedule.skipped),
        "coming": coming,
        "jobs": [job.to_dict() for job in ledger.jobs_of_schedule(schedule.schedule_id)],
    }


def occurrence_document(one: Occurrence, zone: ZoneInfo) -> dict[str, Any]:
    """Return an occurrence as JSON has it: its moment, and the local time that the rule means."""
    return {
        "at": timestamp(one.at),
        "local": one.local.isoformat(),
        "offset": one.at.astimezone(zone).isoformat()[-6:],
        "moved": one.moved,
        "doubled": one.doubled,
    }


def is_changed_by_hand(job: ScheduledJob) -> bool:
    """Say whether somebody has changed a job of a schedule, so that it stays as it is."""
    return job.schedule is not None and job.schedule.is_detached and not is_extra(job)


def is_extra(job: ScheduledJob) -> bool:
    """Say whether `run-now` has made a job of a schedule, beside its rule."""
    return job.schedule is not None and job.schedule.occurrence.startswith("now-")


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)
