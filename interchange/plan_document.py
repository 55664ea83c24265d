"""What an import would do, for a machine to read."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from .plan import ImportPlan


def document(plan: ImportPlan, zone: ZoneInfo, *, dry_run: bool) -> dict[str, Any]:
    """Return all of it as JSON values."""
    times = [each.item.job.scheduled_time for each in plan.planned]
    refused = bool(plan.problems)
    found: dict[str, Any] = {
        "dry_run": dry_run,
        "imported": 0 if dry_run or refused else len(plan.planned),
        "jobs": len(plan.planned),
        "by_status": plan.by_status(),
        "skipped": plan.skipped,
        "repeated": len(plan.repeated),
        "withdrawn": dict(plan.withdrawn),
        "left_out": dict(plan.left_out),
        "duplicates": {
            "resolved": sum(plan.told.resolved.values()), "to": dict(plan.told.resolved),
        },
        "metadata_keys": list(plan.metadata_keys),
        "zone": zone.key,
        "first": min(times).isoformat() if times else None,
        "last": max(times).isoformat() if times else None,
        "columns": {
            source: [{"column": each.name, "is": each.target} for each in columns]
            for source, columns in plan.told.columns.items()
        },
        "problems": [each.document() for each in plan.problems],
        "warnings": [each.document() for each in (*plan.warnings, *plan.unread)],
    }  # fmt: skip
    if dry_run:
        found["rows"] = [
            {
                "file": each.item.source,
                "line": each.item.line,
                "written": each.written,
                "next_slot": each.item.next_slot,
                "job": each.item.job.to_dict(),
            }
            for each in plan.planned
        ]
    return found
