"""What differs between two states of a ledger, by job and by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from ..domain import ScheduledJob


class JobDifference(msgspec.Struct, frozen=True):
    """One job that is not the same in both: the fields that differ, as (before, after)."""

    job_id: str
    change: Literal["added", "removed", "changed"]
    before: ScheduledJob | None
    after: ScheduledJob | None
    fields: dict[str, tuple[Any, Any]]

    def to_dict(self) -> dict[str, Any]:
        """As JSON: each field with its value before and after."""
        return {"job_id": self.job_id, "change": self.change, "fields": self.fields}


def differences(
    before: Iterable[ScheduledJob], after: Iterable[ScheduledJob]
) -> list[JobDifference]:
    """Return the jobs that are not the same in two states of a ledger, in the order of adding.

    `before` and `after` are all the jobs of each, as `list_jobs` of a ledger or a view gives them.
    """
    old = {job.job_id: job for job in before}
    new = {job.job_id: job for job in after}
    ids = sorted({*old, *new}, key=lambda job_id: (old.get(job_id) or new[job_id]).order)
    found = (difference(old.get(job_id), new.get(job_id)) for job_id in ids)
    return [item for item in found if item is not None]


def difference(before: ScheduledJob | None, after: ScheduledJob | None) -> JobDifference | None:
    """Return how one job differs; None where it does not."""
    if before is None or after is None:
        job = before or after
        if job is None:
            return None
        change: Literal["added", "removed"] = "added" if before is None else "removed"
        fields = {
            name: (None, value) if before is None else (value, None)
            for name, value in job.to_dict().items()
            if name != "job_id" and value not in (None, {})
        }
        return JobDifference(job.job_id, change, before, after, fields)
    old, new = before.to_dict(), after.to_dict()
    changed = {name: (old[name], new[name]) for name in old if old[name] != new[name]}
    if not changed:
        return None
    return JobDifference(after.job_id, "changed", before, after, changed)
