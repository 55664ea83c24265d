"""The documents that the API answers with, as its description tells of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from ... import JobStatus, ScheduleStatus


class JobOrigin(msgspec.Struct, kw_only=True):
    """Which schedule made a job, as which of its occurrences, and as which of its posts.

    `is_detached`: somebody has changed it by hand, so that its schedule leaves it as it is. `cause`
    is why the schedule has changed it last.
    """

    schedule_id: str
    occurrence: str
    number: int
    is_detached: bool
    cause: str | None


class JobDocument(msgspec.Struct, kw_only=True):
    """A job, as in the daily files, and with its version."""

    job_id: str
    account_id: str
    content: str
    scheduled_time: datetime
    priority: int
    status: JobStatus
    platform: str
    max_retries: int
    retry_count: int
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    error: str | None
    thread_id: str | None
    status_message: str | None
    metadata: dict[str, Any]
    version: int
    outcome_unknown: bool
    schedule: JobOrigin | msgspec.UnsetType = msgspec.UNSET


class JobPage(msgspec.Struct):
    """A page of jobs; `next` is the cursor to go on behind, null at the end."""

    jobs: list[JobDocument]
    next: str | None


class EventPage(msgspec.Struct):
    """Events with the log's keys; `next` is the number to go on behind, null at the end."""

    events: list[dict[str, Any]]
    next: int | None


class HistoryDocument(msgspec.Struct):
    """All events of a job."""

    job_id: str
    events: list[dict[str, Any]]


class Why(msgspec.Struct):
    """Why a job is where it is, and every way in which it may be out twice."""

    job_id: str
    answer: str
    standing: list[str]
    twice: list[str]


class Counts(msgspec.Struct):
    """How many jobs there are of each state, after which event."""

    counts: dict[str, int]
    seq: int


class ProblemDocument(msgspec.Struct, kw_only=True):
    """What was refused, and why (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    hint: str | msgspec.UnsetType = msgspec.UNSET
    version: int | msgspec.UnsetType = msgspec.UNSET


class ComingDocument(msgspec.Struct, kw_only=True):
    """An occurrence to come: the id of its job, when that is due, and the local time of the rule.

    `fate`: it is a `job` (of this `status`), was `skipped`, is `ahead`, or there will be `none`.
    """

    job_id: str
    at: datetime
    local: str
    moved: bool
    doubled: bool
    fate: Literal["job", "skipped", "ahead", "none"]
    status: JobStatus | None


class ScheduleDocument(msgspec.Struct, kw_only=True):
    """A schedule: what is said of it, in words too, and where it stands.

    Spans are in seconds; `until` is a local time of its zone.
    """

    schedule_id: str
    state: ScheduleStatus
    rule: dict[str, Any]
    words: str
    priority: int
    grace: float
    jitter: float
    until: str | None
    next_at: datetime | None
    created_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    account_id: str
    content: list[str]
    zone: str
    order: str
    max_retries: int
    platform: str
    metadata: dict[str, Any]
    hold: bool
    gap: str
    fold: str
    misfire: str
    catch_up: int
    max_count: int | None
    overlap: str
    version: int
    made: int


class OneScheduleDocument(ScheduleDocument, kw_only=True):
    """A schedule, how many open jobs it has, which of them it leaves as they are, and what comes.

    `job_id` is the job that was made, where one was asked for.
    """

    open_jobs: int
    detached: list[str]
    upcoming: list[ComingDocument]
    job_id: str | msgspec.UnsetType = msgspec.UNSET


class SchedulePage(msgspec.Struct):
    """A page of schedules; `next` is the cursor to go on behind, null at the end."""

    schedules: list[ScheduleDocument]
    next: str | None


class ScheduleHistory(msgspec.Struct):
    """All events of a schedule."""

    schedule_id: str
    events: list[dict[str, Any]]


class ScheduleWhy(msgspec.Struct):
    """When the next post of a schedule is, or why there is none."""

    schedule_id: str
    answer: str
    standing: list[str]


class OccurrenceDocument(msgspec.Struct):
    """A moment at which a rule is due, and the local time that it means."""

    at: datetime
    local: str
    moved: bool
    doubled: bool


class PreviewDocument(msgspec.Struct):
    """What a rule says, and when it is due."""

    words: str
    zone: str
    occurrences: list[OccurrenceDocument]


class SlotsDocument(msgspec.Struct):
    """The slots of an account, and the next of them that are free."""

    account_id: str
    week: dict[str, list[str]]
    zone: str | None
    version: int
    free: list[datetime]


ANSWERS = (
    JobDocument, JobPage, EventPage, HistoryDocument, Why, Counts, ProblemDocument,
    ScheduleDocument, OneScheduleDocument, SchedulePage, ScheduleHistory, ScheduleWhy,
    PreviewDocument, SlotsDocument,
)  # fmt: skip
