"""Attempts as the log tells of them: when each began and ended, and how."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from ...domain.job.events import JobCancelled, JobFailed, JobInterrupted, JobRetried, JobStarted
from ...domain.job.state import ScheduledJob
from ...projections.projection import Change

MOST_FAILURES = 500

_ENDS = {"completed", "retried", "failed", "interrupted", "cancelled"}


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
        if isinstance(event.data, JobStarted):
            assert change.before is not None
            self._running[event.job_id] = _begun(change.before, event.data.attempt, event.at)
            self._ran(today)
        elif event.type in _ENDS and (attempt := self._running.pop(event.job_id, None)):
            _end(attempt, change)
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
        """The attempts that ran on the day, by their beginning."""
        if (day := self.day) is not None:
            every = [*self._ended, *self._running.values()]
            yield from sorted(
                (a for a in every if self._touches(a, day)), key=lambda a: (a.start, a.job_id)
            )

    def _touches(self, attempt: AttemptSeen, day: date) -> bool:
        begin, end = bounds(day, self._zone)
        return attempt.start < end and (attempt.end is None or attempt.end >= begin)


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of a local day and of the next; 23 to 25 hours apart."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    return begin, datetime(following.year, following.month, following.day, tzinfo=zone)


def _begun(job: ScheduledJob, number: int, at: datetime) -> AttemptSeen:
    return AttemptSeen(job.job_id, job.account_id, job.content, number, job.scheduled_time, at)


def _end(attempt: AttemptSeen, change: Change) -> None:
    data, job = change.event.data, change.after
    assert job is not None
    attempt.end = max(change.event.at, attempt.start)
    attempt.how = "unknown" if job.outcome_unknown else change.event.type
    if isinstance(data, JobRetried | JobFailed | JobInterrupted):
        attempt.error = data.error
    elif isinstance(data, JobCancelled):
        attempt.error = data.reason
