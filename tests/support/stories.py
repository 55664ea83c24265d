"""A ledger with a story for every kind of question that is asked of one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.publishers import dying

from jobledger import (
    JobPriority,
    ManualClock,
    OutcomeUnknown,
    PostResult,
    Scheduler,
)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def posts(account_id: str, content: str) -> PostResult:
    """Post, which works."""
    return PostResult(True, thread_id=f"id-{content}")


def fails(account_id: str, content: str) -> PostResult:
    """Fail, since the platform is down."""
    return PostResult(False, error="HTTP 503 from the platform")


def refuses(account_id: str, content: str) -> PostResult:
    """Never to be tried again."""
    return PostResult(False, error="token expired (190)", retryable=False)


def cannot_tell(account_id: str, content: str) -> PostResult:
    """Break off: the connection was cut after the request was sent."""
    raise OutcomeUnknown("read timeout after sending")


class Story:
    """Makes things happen on a ledger, under a clock in hand."""

    def __init__(self, directory: Path, clock: ManualClock, **settings: object) -> None:
        self.clock = clock
        self._directory = directory
        self._settings = settings
        self.open()

    def open(self) -> None:
        """Open it as a runner, which recovers what another one has left."""
        self.scheduler = Scheduler(
            self._directory,
            clock=self.clock,
            **self._settings,  # type: ignore[arg-type]
        )

    def crash(self, publisher: Any) -> None:
        """Run what is due; the runner dies in the midst of it, and the next one comes."""
        with dying():
            self.scheduler.run_due(publisher)
        self.open()

    def job(
        self,
        job_id: str,
        at: datetime | None = None,
        *,
        account: str = "mai",
        content: str = "",
        priority: JobPriority = JobPriority.NORMAL,
        max_retries: int = 3,
        hold: bool = False,
    ) -> None:
        """Add a job, due now unless another time is given."""
        self.scheduler.add_job(
            account,
            content or job_id,
            at or self.clock.now(),
            priority,
            max_retries,
            hold=hold,
            job_id=job_id,
        )

    def later(self, distance: timedelta) -> None:
        self.clock.advance(distance)

    def close(self) -> None:
        self.scheduler.close()


def two_days(directory: Path, clock: ManualClock) -> None:
    """Two accounts over two days: posted, retried, failed, edited, cancelled, removed; 15 events.

    The sequence numbers are those of the comments.
    """
    story = Story(directory, clock)
    story.job("plain")  # 1
    story.scheduler.run_due(posts)  # 2 started, 3 completed
    story.job("late", account="lan")  # 4
    story.scheduler.run_due(fails)  # 5 started, 6 retried
    story.later(3 * MINUTE)
    story.scheduler.run_due(posts)  # 7 started, 8 completed
    story.job("edited", clock.now() + 30 * HOUR)  # 9
    story.later(24 * HOUR)
    story.scheduler.edit_job("edited", content="better")  # 10
    story.job("broken")  # 11
    story.scheduler.run_due(refuses)  # 12 started, 13 failed
    story.job("gone", clock.now() + HOUR)  # 14
    story.scheduler.remove_job("gone")  # 15
    story.close()
