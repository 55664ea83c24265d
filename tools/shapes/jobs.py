"""What commands about jobs print with `--json`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from ...domain import JobStatus, Post

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment, in ISO 8601 with an offset."""


class PrintedJob(TypedDict):
    """A job, as in the daily files; `post` where it is more than a text. A command that changes it
    prints it as it is then, `remove` as it was."""

    job_id: str
    account_id: str
    content: str
    scheduled_time: Time
    priority: int
    status: JobStatus
    platform: str
    max_retries: int
    retry_count: int
    created_at: Time | None
    started_at: Time | None
    completed_at: Time | None
    error: str | None
    thread_id: str | None
    status_message: str | None
    metadata: dict[str, Any]
    post: NotRequired[Post]


class PrintedEvent(TypedDict):
    """An event as its line in the log (docs/log-format.md): what `data` has goes by its `type`.

    `by` where that was said; `shard` where the ledger has several.
    """

    shard: NotRequired[int]
    seq: int
    batch: NotRequired[int]
    more: NotRequired[int]
    at: Time
    type: str
    job: str
    version: int
    schema: NotRequired[int]
    by: NotRequired[str]
    data: dict[str, Any]
    prev: str
    hash: str


class PrintedWhy(TypedDict):
    """Why a job is where it is (`removed`: it is not there), and how it may be out twice."""

    job_id: str
    status: str
    answer: str
    standing: list[str]
    twice: list[str]


class Requeued(TypedDict):
    """Many jobs that were requeued, or would be; so many were left out as of unknown outcome."""

    dry_run: bool
    requeued: int
    jobs: list[str]
    outcome_unknown: int


class AtMoment(TypedDict):
    """Where in the log a state is: behind this event, at this time if one was asked for."""

    seq: int
    at: Time | None


class Changed(TypedDict):
    """What differs in a job, each field with its value before and after."""

    job_id: str
    change: Literal["added", "removed", "changed"]
    fields: dict[str, tuple[Any, Any]]


Differences = TypedDict("Differences", {"from": AtMoment, "to": AtMoment, "jobs": list[Changed]})
Differences.__doc__ = "What changed between two moments."


class RanOnce(TypedDict):
    """What `run --once` ran, and how many attempts ended how; `stopped_by` is a signal's name.
    Without `--once` nothing is printed on standard output."""

    ran: int
    completed: int
    retried: int
    failed: int
    unknown: int
    interrupted: int
    refused: int
    stopped_by: str | None


class ImportedDuplicates(TypedDict):
    """How many jobs were in several files, and how many of them were taken from which."""

    resolved: int
    to: dict[str, int]


ImportedColumn = TypedDict("ImportedColumn", {"column": str, "is": str | None})
ImportedColumn.__doc__ = "What a column of a file is taken for."


class ImportProblem(TypedDict):
    """What is wrong, or worth knowing, and where."""

    file: str | None
    line: int | None
    field: str | None
    message: str
    hint: str | None


class ImportRow(TypedDict):
    """What would become of a row."""

    file: str
    line: int
    written: str | None
    next_slot: bool
    job: PrintedJob


class Imports(TypedDict):
    """What an import did, or would do; `rows` with `--dry-run` alone."""

    dry_run: bool
    imported: int
    jobs: int
    by_status: dict[str, int]
    skipped: int
    repeated: int
    withdrawn: dict[str, int]
    left_out: dict[str, int]
    duplicates: ImportedDuplicates
    metadata_keys: list[str]
    zone: str
    first: Time | None
    last: Time | None
    columns: dict[str, list[ImportedColumn]]
    problems: list[ImportProblem]
    warnings: list[ImportProblem]
    rows: NotRequired[list[ImportRow]]
    ids: list[str | None]


class Exported(TypedDict):
    """What was written to which file. Without a file the jobs are printed, in the form asked for,
    and this is not."""

    path: str
    format: Literal["csv", "jsonl", "daily", "excel", "calendar"]
    jobs: int
    files: int
