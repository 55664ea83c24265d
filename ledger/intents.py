"""What was decided on, and is going to be appended: of jobs, and of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from ..domain import SCHEMA, EventData, JobEvent, ScheduledJob, ScheduleEvent, encode_data
from ..domain import commands as c
from ..projections import NewEvent


class Intent(msgspec.Struct, frozen=True, gc=False):
    """A command on one job that was decided on: what is going to be appended.

    `job` is what it was decided on, None for one that is not there yet; `label` is how errors name
    such a one among several.
    """

    job_id: str
    job: ScheduledJob | None
    command: c.Command
    data: list[JobEvent]
    label: int | str | None = None


class ScheduleIntent(msgspec.Struct, frozen=True, gc=False):
    """Events of a schedule, or of an account's slots, that were decided on: `key` is what stands in
    the place of a job's id, and `before` the version that they follow."""

    key: str
    before: int
    data: list[ScheduleEvent]


Intended = Intent | ScheduleIntent
"""What is going to be appended behind one version of one thing."""


def of_jobs(intents: Sequence[Intended]) -> list[Intent]:
    """Return what is intended with jobs."""
    return [intent for intent in intents if isinstance(intent, Intent)]


def make_records(intents: Sequence[Intended], by: str | None, now: datetime) -> list[NewEvent]:
    """Make the events that were decided on at `now`, caused by `by`, records to append, each behind
    the version of its job."""
    records = []
    for intent in intents:
        if isinstance(intent, Intent):
            job_id, version = intent.job_id, 0 if intent.job is None else intent.job.version
        else:
            job_id, version = intent.key, intent.before
        for item in intent.data:
            version += 1
            kind = item.TYPE
            records.append(
                NewEvent(
                    type=kind,
                    job_id=job_id,
                    version=version,
                    schema=_schema_of(item),
                    data=encode_data(item),
                    by=by,
                    at=now,
                    event_data=item,
                )
            )
    return records


def _schema_of(data: EventData) -> int:
    """Return the oldest schema version that has all that is in the data, so that an earlier release
    reads whatever it can."""
    schema = SCHEMA[data.TYPE]
    for name, since in data.SINCE:
        if since > schema and getattr(data, name):
            schema = since
    return schema
