"""PostTimes: when each account posted lately, so that its pacing holds across restarts.

A post that may be out counts as one, from the moment at which that came up until its outcome is
known: the platform counts it too.
"""

from __future__ import annotations

from bisect import insort
from datetime import UTC, datetime, timedelta

import msgspec

from ..domain.job.events import Event, JobAdded, JobInterrupted, JobRetried
from ..domain.job.state import JobStatus, ScheduledJob
from ..domain.policy import Pacing
from ..domain.times import Moment
from .projection import Change

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class PostTimesState(msgspec.Struct, frozen=True, array_like=True):
    """What a pace knows at one moment."""

    reach_s: float
    latest: Moment
    posts: dict[str, list[Moment]]
    doubts: dict[str, dict[str, Moment]]


class PostTimes:
    """The times of posts by account, as far back as `reach`."""

    name = "pace"

    def __init__(self, reach: timedelta) -> None:
        self._reach = reach
        self._latest = _BEFORE_ALL
        self._posts: dict[str, list[datetime]] = {}
        self._doubts: dict[str, dict[str, datetime]] = {}
        """By account, the jobs whose post may be out, with the time of the attempt's end."""

    def apply(self, change: Change) -> None:
        event, before, after = change.event, change.before, change.after
        self._latest = max(self._latest, event.at)
        if after is None:
            return  # what was posted stays posted
        doubts = self._doubts.setdefault(after.account_id, {})
        if _came_into_doubt(event, before):
            doubts[after.job_id] = event.at
        elif isinstance(event.data, JobAdded) and _is_in_doubt(after):
            doubts[after.job_id] = after.started_at or event.at  # imported as it was elsewhere
        elif after.status is JobStatus.COMPLETED:
            doubted_at = doubts.pop(after.job_id, None)
            # A person may settle it long afterwards; an attempt ends just after its post.
            at = doubted_at if event.type == "resolved" and doubted_at else after.completed_at
            self._add(after.account_id, at or event.at)
        elif _is_known_not_to_be_out(event, after):
            doubts.pop(after.job_id, None)

    def capture(self) -> PostTimesState:
        """What it knows now."""
        return PostTimesState(
            reach_s=self._reach.total_seconds(),
            latest=self._latest,
            posts={account: list(posts) for account, posts in self._posts.items()},
            doubts={account: dict(doubts) for account, doubts in self._doubts.items()},
        )

    def reaches(self, state: PostTimesState) -> bool:
        """Whether what was known elsewhere goes as far back as this has to."""
        return state.reach_s >= self._reach.total_seconds()

    def restore(self, state: PostTimesState) -> None:
        """Know what was known elsewhere, and nothing else."""
        self._latest, self._posts, self._doubts = state.latest, state.posts, state.doubts

    def _add(self, account_id: str, at: datetime) -> None:
        posts = self._posts.setdefault(account_id, [])
        insort(posts, at)
        oldest = self._latest - min(self._reach, self._latest - _BEFORE_ALL)
        while posts and posts[0] < oldest:
            del posts[0]

    def doubted(self, account_id: str) -> list[str]:
        """The jobs of an account whose post may be out."""
        return list(self._doubts.get(account_id, ()))

    def allowed_at(self, job: ScheduledJob, pacing: Pacing) -> tuple[datetime, str] | None:
        """When the job may be published at the earliest, and what holds it back until then.

        None where nothing does. A doubt about the job itself does not: asking is not posting.
        """
        posts = list(self._posts.get(job.account_id, ()))
        for job_id, at in self._doubts.get(job.account_id, {}).items():
            if job_id != job.job_id:
                insort(posts, at)
        return pacing.allowed_at(posts)


def _is_in_doubt(job: ScheduledJob) -> bool:
    return job.in_doubt or job.may_be_out or job.outcome_unknown


def _came_into_doubt(event: Event, before: ScheduledJob | None) -> bool:
    if isinstance(event.data, JobInterrupted):
        return event.data.reason != "reconcile_failed"  # which got no further than asking
    was_running = before is not None and before.status is JobStatus.RUNNING
    return was_running and event.type == "cancelled"


def _is_known_not_to_be_out(event: Event, after: ScheduledJob) -> bool:
    if isinstance(event.data, JobRetried):
        return event.data.called  # else nothing was learned
    return event.type == "resolved" or (event.type == "failed" and not after.outcome_unknown)
