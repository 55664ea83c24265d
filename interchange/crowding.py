"""More posts of an account than may go out in a window of time: told before they are imported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..domain import ImportedJob, JobStatus, Pacing, ScheduledJob
from .doubles import PostsAtHand
from .problems import RowProblem

_THREADS = Pacing(quota=250)
"""What Threads takes of an account in 24 hours."""
_WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)


def crowded(
    items: Sequence[ImportedJob], posts: PostsAtHand, pacing: Pacing | None, zone: ZoneInfo
) -> list[RowProblem]:
    """Say of which accounts there would be more posts in a window than `pacing` lets out, together
    with those that wait in the ledger; where nobody has said how many, than Threads takes."""
    quota = (pacing or _THREADS).quota
    coming = [item for item in items if item.job.status in _WAITING]
    if quota is None or not coming:
        return []
    window = timedelta(seconds=(pacing or _THREADS).window_s)
    concerned = [item for item in coming if _counts(item.job, pacing)]
    if not concerned:
        return []
    times: dict[str, list[datetime]] = defaultdict(list)
    for job in _with_those_at_hand(concerned, posts, window):
        if _counts(job, pacing):
            times[job.account_id].append(job.scheduled_time.astimezone(UTC))
    found = []
    for account_id in dict.fromkeys(item.job.account_id for item in concerned):
        count, begin = _most(sorted(times[account_id]), window)
        if count > quota:
            said = "Threads takes" if pacing is None else "the quota is"
            hours = f"{window.total_seconds() / 3600:g}"
            first = next(item for item in concerned if item.job.account_id == account_id)
            found.append(
                RowProblem(
                    first.source,
                    None,
                    f"account {account_id:.60} would have {count} posts in the {hours} hours from"
                    f" {begin.astimezone(zone):%Y-%m-%d %H:%M}, and {said} {quota}: the others"
                    " would be late, or fail",
                    "scheduled_time",
                )
            )
    return found


def _counts(job: ScheduledJob, pacing: Pacing | None) -> bool:
    return pacing is not None or job.platform == "threads"


def _with_those_at_hand(
    items: Sequence[ImportedJob], posts: PostsAtHand, window: timedelta
) -> Iterable[ScheduledJob]:
    times = [item.job.scheduled_time for item in items]
    accounts = {item.job.account_id for item in items}
    yield from (item.job for item in items)
    for job in posts.between(min(times) - window, max(times) + window):
        if job.account_id in accounts and job.status in _WAITING:
            yield job


def _most(times: Sequence[datetime], window: timedelta) -> tuple[int, datetime]:
    """Return how many there are at most in a window, and when that begins."""
    best, begin, first = 0, times[0], 0
    for last, at in enumerate(times):
        while at - times[first] >= window:
            first += 1
        if last - first + 1 > best:
            best, begin = last - first + 1, times[first]
    return best, begin
