"""What differs between two states of a ledger, by job and by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from ...domain import ScheduledJob
from ..output import console, field_text, printable


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
    """Return the jobs that differ, in the order of adding."""
    old = {job.job_id: job for job in before}
    new = {job.job_id: job for job in after}
    ids = sorted({*old, *new}, key=lambda job_id: (old.get(job_id) or new[job_id]).order)
    found = (difference(old.get(job_id), new.get(job_id)) for job_id in ids)
    return [item for item in found if item is not None]


def difference(before: ScheduledJob | None, after: ScheduledJob | None) -> JobDifference | None:
    """How one job differs; None where it does not."""
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


def print_differences(found: Iterable[JobDifference], zone: ZoneInfo) -> None:
    """Each job with its fields, before and after, for people."""
    from rich.table import Table
    from rich.text import Text

    marks = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
    out = console()
    for item in found:
        mark, style = marks[item.change]
        out.print(Text(f"{mark} {printable(item.job_id)}", style=style), soft_wrap=True)
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for name in item.fields:
            shown = Text()
            if item.before is not None:
                shown.append_text(field_text(item.before, name, zone))
            if item.change == "changed":
                shown.append(" → ", style="dim")
            if item.after is not None:
                shown.append_text(field_text(item.after, name, zone))
            table.add_row(f"    {name}", shown)
        out.print(table)
