"""Reports on several chains as one, which says of which chain it speaks."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..integrity import VerifyReport
from ..projections import Difference, RebuildReport


def merged_verify(reports: Sequence[VerifyReport]) -> VerifyReport:
    """Return what was found in all chains; its `head` has that of each, by its number."""
    heads = {str(number): report.head for number, report in enumerate(reports, 1)}
    return VerifyReport(
        ok=all(report.ok for report in reports),
        events=sum(report.events for report in reports),
        files=sum(report.files for report in reports),
        head={"shards": heads},
        problems=[problem for report in reports for problem in report.problems],
        notes=[note for report in reports for note in report.notes],
    )


def merged_rebuild(reports: Sequence[RebuildReport]) -> RebuildReport:
    """Return what became of the files of all chains."""
    changed: list[str] = []
    differences: list[Difference] = []
    for number, report in enumerate(reports, 1):
        changed += (f"shard-{number}/{name}" for name in report.changed)
        differences += (
            msgspec.structs.replace(each, file=f"shard-{number}/{each.file}")
            for each in report.differences
        )
    kept = (f"shard-{n}/{report.kept}" for n, report in enumerate(reports, 1) if report.kept)
    return RebuildReport(
        events=sum(report.events for report in reports),
        jobs=sum(report.jobs for report in reports),
        files=sum(report.files for report in reports),
        changed=changed,
        differences=differences,
        kept=", ".join(kept) or None,
    )
