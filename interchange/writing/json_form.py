"""JSON: a job a line, or daily files as a ledger has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ...domain import ScheduledJob
from ...projections import DailyFiles
from ..fields import to_document


def write_lines(jobs: Sequence[ScheduledJob]) -> bytes:
    """Write the jobs in this order, one a line."""
    return b"".join([msgspec.json.encode(to_document(job)) + b"\n" for job in jobs])


def write_daily(jobs: Sequence[ScheduledJob], zone: ZoneInfo) -> dict[str, bytes]:
    """Write the jobs by the names of their daily files, as the ledger groups them.

    `updated_at` is the latest time in the file's jobs, so that the same jobs give the same bytes.
    """
    grouping = DailyFiles(zone)
    days: dict[str, list[ScheduledJob]] = {}
    for job in jobs:
        days.setdefault(grouping.day_of(job), []).append(job)
    return {f"jobs_{day}.json": _encode_day(day, days[day]) for day in sorted(days)}


def _encode_day(day: str, jobs: list[ScheduledJob]) -> bytes:
    ranked = sorted(jobs, key=lambda job: (job.scheduled_time, job.order))
    document: dict[str, Any] = {
        "date": day,
        "updated_at": max(_latest(job) for job in jobs).isoformat(),
        "jobs": [to_document(job) for job in ranked],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _latest(job: ScheduledJob) -> datetime:
    times = (job.created_at, job.started_at, job.completed_at)
    return max((moment for moment in times if moment is not None), default=job.scheduled_time)
