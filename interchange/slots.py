"""Posts of files that have no time: which slot of its account each takes, as things are now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from ..domain import ImportedJob, JobStatus
from ..ledger import minute_of
from .doubles import PostsAtHand
from .problems import RowProblem

_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING)


def in_slots(
    items: Sequence[ImportedJob], posts: PostsAtHand
) -> tuple[list[ImportedJob], list[RowProblem]]:
    """Return the same jobs, with the times of their slots where they take some, in their order; and
    what is wrong: accounts that have too few. The ledger decides anew when it takes them.
    """
    given: dict[str, set[datetime]] = {}
    for item in items:
        if not item.next_slot and item.job.status in _OPEN:
            minute = minute_of(item.job.scheduled_time.astimezone(UTC))
            given.setdefault(item.job.account_id, set()).add(minute)
    free: dict[str, Iterator[datetime]] = {}
    found, problems = [], []
    for item in items:
        account_id = item.job.account_id
        if item.next_slot and account_id not in free:
            free[account_id] = posts.free_slots(account_id, given.get(account_id, ()))
        moment = next(free[account_id], None) if item.next_slot else item.job.scheduled_time
        if moment is None:
            problems.append(
                RowProblem(
                    item.source,
                    item.line,
                    f"account {account_id:.60} has no free slot within a year",
                    "scheduled_time",
                )
            )
            continue
        job = msgspec.structs.replace(item.job, scheduled_time=moment)
        found.append(msgspec.structs.replace(item, job=job))
    return found, problems
