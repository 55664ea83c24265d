"""What an import would do, checked to the last row before anything is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from math import ceil
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ...domain import ImportedJob, JobLedgerError, JobStatus, ValidationError, decide, encode_data
from ...domain import commands as c
from ...eventstore import ENVELOPE_BYTES, MAX_APPEND_BYTES
from ...instrumentation import Progress
from ...ledger import in_zone, used_before
from .csv_form import read_csv
from .duplicates import Candidates
from .fields import Row, RowFault, own_metadata, to_job
from .json_form import read_daily, read_lines
from .sources import Source


class Target(msgspec.Struct, frozen=True):
    """The ledger that is imported into: its zone, and the ids that it has ever had."""

    zone: ZoneInfo
    known_ids: Collection[str] = ()


class ImportPlan(msgspec.Struct):
    """The jobs to import in order, or what is wrong with the rows, and what else is worth saying.

    `given_ids` has for each job the id that its row has, None where one is made.
    `duplicates` has by file how many jobs it decided of those that a directory has twice.
    """

    jobs: list[ImportedJob] = []
    given_ids: list[str | None] = []
    faults: list[RowFault] = []
    skipped: int = 0
    duplicates: Counter[str] = msgspec.field(default_factory=Counter)
    metadata_keys: dict[str, None] = {}

    def by_status(self) -> dict[str, int]:
        """How many jobs there are in each state that any is in."""
        found = Counter(item.job.status for item in self.jobs)
        return {status.value: found[status] for status in JobStatus if found[status]}


def read_rows(sources: Sequence[Source], plan: ImportPlan) -> list[Row | RowFault]:
    """All rows, in the order of the sources; of a directory one for each job.

    A file that is damaged as a whole is a fault like any other; the rest is read all the same.

    Raises:
        StorageError: a file cannot be read.
    """
    groups: dict[Path, Candidates] = {}
    parts: list[Candidates | list[Row | RowFault]] = []
    for source in sources:
        if source.group is not None and source.group not in groups:
            groups[source.group] = Candidates()
            parts.append(groups[source.group])
        try:
            if source.group is not None:
                file = read_daily(source.read(), source.said)
                for row in file.rows:
                    groups[source.group].add(row, file.updated_at, source)
            else:
                parts.append(list(_rows(source)))
        except ValidationError as error:
            parts.append([RowFault("", str(error))])
    rows: list[Row | RowFault] = []
    for part in parts:
        if isinstance(part, Candidates):
            rows += part.rows()
            plan.duplicates.update(part.resolved)
        else:
            rows += part
    return rows


def _rows(source: Source) -> Iterator[Row | RowFault]:
    text = source.read()
    if source.form == "daily":
        return iter(read_daily(text, source.said).rows)
    return (read_csv if source.form == "csv" else read_lines)(text, source.said)


def make_plan(
    sources: Sequence[Source],
    target: Target,
    now: datetime,
    *,
    skip_existing: bool = False,
    progress: Progress = lambda done, total: None,
) -> ImportPlan:
    """Read everything and check every row as the ledger will.

    Raises:
        StorageError: a file cannot be read.
        ValidationError: all rows are acceptable, and too much for one write.
    """
    plan = ImportPlan()
    rows = read_rows(sources, plan)
    places: dict[str, str] = {}
    size = 0
    for number, row in enumerate(rows):
        progress(number, len(rows))
        if isinstance(row, RowFault):
            plan.faults.append(row)
            continue
        job_id = row.values.get("job_id")
        if isinstance(job_id, str) and job_id in places:
            fault = f"job_id {job_id!r} is there twice: also in {places[job_id]}"
            plan.faults.append(RowFault(row.place, fault))
            continue
        if isinstance(job_id, str):
            places[job_id] = row.place
            if skip_existing and job_id in target.known_ids:
                plan.skipped += 1
                continue
        try:
            item = ImportedJob(to_job(row.values, now), row.source, row.line)
            size += _check(item, target, now)
        except JobLedgerError as error:
            plan.faults.append(RowFault(row.place, str(error)))
            continue
        plan.jobs.append(item)
        plan.given_ids.append(item.job.job_id if job_id is not None else None)
        plan.metadata_keys.update(dict.fromkeys(own_metadata(row.values)))
    if not plan.faults:
        _check_size(len(plan.jobs), size)
    return plan


def _check(item: ImportedJob, target: Target, now: datetime) -> int:
    """How many bytes the job takes in the log, about.

    Raises:
        JobLedgerError: it is not acceptable.
    """
    job_id = item.job.job_id
    if job_id in target.known_ids:
        raise used_before(job_id)
    (data,) = decide(None, in_zone(c.Import(job_id=job_id, job=item), target.zone), now)
    return len(encode_data(data)) + ENVELOPE_BYTES


def _check_size(count: int, size: int) -> None:
    if size > MAX_APPEND_BYTES:
        parts = ceil(size / MAX_APPEND_BYTES)
        raise ValidationError(
            f"{count} jobs are about {size / 1e6:.0f} MB in the log, and one import may be"
            f" {MAX_APPEND_BYTES / 1e6:.0f} MB at most, since it is all or nothing",
            field="file",
            hint=f"split them into {parts} files or more and import one after another; with a"
            " job_id in each row, --skip-existing makes it safe to repeat one",
        )
