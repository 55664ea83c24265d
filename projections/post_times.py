"""PostTimes: when each account posted lately, so that its pacing holds across restarts.

A post that may be out counts as one, from the moment at which that came up until its outcome is
known: the platform counts it too.
"""

from __future__ import annotations

from bisect import insort
from datetime import UTC, datetime, timedelta
from typing import assert_never

import msgspec

from ..domain import JobStatus, Moment, Pacing, ScheduledJob, leaves_unknown
from ..domain import events as e
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
        data = event.data
        doubts = self._doubts.setdefault(after.account_id, {})
        was_running = before is not None and before.status is JobStatus.RUNNING
        if leaves_unknown(data, was_running=was_running):
            if isinstance(data, e.JobAdded):
                doubts[after.job_id] = after.started_at or event.at
            elif not isinstance(data, e.JobFailed):  # which was in doubt before
                doubts[after.job_id] = event.at
            return
        match data:
            case e.JobAdded():  # imported, where it is anything but new
                if after.status is JobStatus.COMPLETED:
                    doubts.pop(after.job_id, None)  # of a job of this id that was removed
                    self._add(after.account_id, after.completed_at or event.at)
            case e.JobCompleted():
                doubts.pop(after.job_id, None)
                self._add(after.account_id, event.at)
            case e.JobResolved():
                doubted_at = doubts.pop(after.job_id, None)
                if data.posted:  # said long after the post, maybe
                    self._add(after.account_id, doubted_at or event.at)
            case e.JobRetried():
                if data.called:  # else nothing was learned
                    doubts.pop(after.job_id, None)
            case e.JobFailed():
                doubts.pop(after.job_id, None)
            case (
                e.JobHeld()
                | e.JobReleased()
                | e.JobEdited()
                | e.JobRescheduled()
                | e.JobDeferred()
                | e.JobStarted()
                | e.JobInterrupted()
                | e.JobCancelled()
                | e.JobNoted()
                | e.JobCheckpointed()
                | e.JobExpired()
                | e.JobRequeued()
                | e.JobRemoved()
            ):
                pass
            case _:
                assert_never(data)

    def capture(self) -> PostTimesState:
        """Copy the times and doubts known now, for `restore`."""
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
        """Return the jobs of an account whose post may be out."""
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
