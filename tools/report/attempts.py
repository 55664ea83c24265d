"""Attempts as the log tells of them: when each began and ended, and how."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

import msgspec

from ...domain import ScheduledJob
from ...domain import events as e
from ...projections import Change

MOST_FAILURES = 500


class AttemptSeen(msgspec.Struct):
    """One attempt; `end` None: it is still running."""

    job_id: str
    account_id: str
    content: str
    number: int
    due: datetime
    start: datetime
    end: datetime | None = None
    how: str = "running"
    """`completed`, `retried`, `failed`, `unknown`, `interrupted`, `cancelled` or `running`."""
    error: str = ""


class Attempts:
    """A projection: the attempts that touch one day, and the last failed ones of a window.

    Without a `day` it is the last one on which an attempt began or ended, else the last on which
    anything happened; what is before it is forgotten as the log goes on.
    """

    name = "attempts"

    def __init__(self, zone: ZoneInfo, day: date | None, since: datetime | None) -> None:
        self._zone = zone
        self._given = day
        self._since = since
        self._last_run: date | None = None
        self._last: date | None = None
        self._running: dict[str, AttemptSeen] = {}
        self._ended: list[AttemptSeen] = []
        self.failures: deque[AttemptSeen] = deque(maxlen=MOST_FAILURES)
        """The last failed attempts, oldest first."""
        self.failed = 0
        """How many there were."""

    @property
    def day(self) -> date | None:
        """The day that the attempts are of; None before any event."""
        return self._given or self._last_run or self._last

    def apply(self, change: Change) -> None:
        event = change.event
        today = event.at.astimezone(self._zone).date()
        if self._last is None or today > self._last:
            self._last = today
        data = event.data
        match data:
            case e.JobStarted():
                assert change.before is not None
                self._running[event.job_id] = _begun(change.before, data.attempt, event.at)
                self._ran(today)
            case e.JobCompleted():
                self._end(change, today)
            case e.JobRetried() | e.JobFailed() | e.JobInterrupted():
                self._end(change, today, data.error)
            case e.JobCancelled():
                self._end(change, today, data.reason)
            case (
                e.JobAdded()
                | e.JobHeld()
                | e.JobReleased()
                | e.JobEdited()
                | e.JobRescheduled()
                | e.JobDeferred()
                | e.JobNoted()
                | e.JobCheckpointed()
                | e.JobExpired()
                | e.JobRequeued()
                | e.JobResolved()
                | e.JobRemoved()
            ):
                pass
            case _:
                assert_never(data)

    def _end(self, change: Change, today: date, error: str = "") -> None:
        """End the attempt that the job runs, if it does."""
        event, job = change.event, change.after
        assert job is not None
        attempt = self._running.pop(event.job_id, None)
        if attempt is None:
            return
        attempt.end = max(event.at, attempt.start)
        attempt.how = "unknown" if job.outcome_unknown else event.type
        attempt.error = error
        self._ran(today)
        if self._given is None or self._touches(attempt, self._given):
            self._ended.append(attempt)
        failed = attempt.how not in ("completed", "cancelled")
        if failed and (self._since is None or event.at >= self._since):
            self.failures.append(attempt)
            self.failed += 1

    def _ran(self, today: date) -> None:
        if self._last_run is None or today > self._last_run:
            self._last_run = today
            if self._given is None:
                self._ended = [a for a in self._ended if self._touches(a, today)]

    def of_day(self) -> Iterator[AttemptSeen]:
        """Yield the attempts that ran on the day, by their beginning."""
        if (day := self.day) is not None:
            every = [*self._ended, *self._running.values()]
            yield from sorted(
                (a for a in every if self._touches(a, day)), key=lambda a: (a.start, a.job_id)
            )

    def _touches(self, attempt: AttemptSeen, day: date) -> bool:
        begin, end = bounds(day, self._zone)
        return attempt.start < end and (attempt.end is None or attempt.end >= begin)


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first moment of a local day and of the next; 23 to 25 hours apart."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    return begin, datetime(following.year, following.month, following.day, tzinfo=zone)


def _begun(job: ScheduledJob, number: int, at: datetime) -> AttemptSeen:
    return AttemptSeen(job.job_id, job.account_id, job.content, number, job.scheduled_time, at)
