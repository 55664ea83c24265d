"""Pacing: until when the limits of its account hold a due job back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from ..domain import ScheduledJob
from ..projections import Board, Change, PostTimes, Snapshot, SnapshotError, rank
from .settings import RunSettings


class AccountPacing:
    """Knows when the accounts posted lately; follows the state (`ledger.state.Follower`)."""

    @classmethod
    def of(cls, settings: RunSettings, expire_after: timedelta) -> AccountPacing | None:
        """Make the pacing that the settings ask for; None where no account has one."""
        return None if settings.reach is None else cls(settings, settings.reach, expire_after)

    def __init__(self, settings: RunSettings, reach: timedelta, expire_after: timedelta) -> None:
        self._settings = settings
        self._expire_after = expire_after
        self._post_times = PostTimes(reach)

    # -- following -----------------------------------------------------------------------------

    def followers(self) -> list[Callable[[Change], object]]:
        return [self._post_times.apply]

    def capture(self, snapshot: Snapshot) -> Snapshot:
        return msgspec.structs.replace(snapshot, post_times=self._post_times.capture())

    def check_fits(self, snapshot: Snapshot) -> None:
        known = snapshot.post_times
        if known is None or not self._post_times.reaches(known):  # rule: snapshot-reaches-back
            raise SnapshotError(
                "it does not say when the accounts posted, which pacing has to know"
            )

    def restore(self, snapshot: Snapshot) -> None:
        if snapshot.post_times is not None:
            self._post_times.restore(snapshot.post_times)  # rule: pacing-goes-on

    # -- asking, under the state's lock ----------------------------------------------------------

    def held_back(self, job: ScheduledJob, now: datetime) -> tuple[datetime, str] | None:
        """Until when its account may not post this due job, and why; None: it may."""
        pacing = self._settings.pacing_of(job.account_id)
        if pacing is None:
            return None
        wait = self._post_times.allowed_at(job, pacing)
        return wait if wait is not None and wait[0] > now else None

    def first_to_ask(
        self, board: Board, account_id: str, now: datetime, left_out: set[str]
    ) -> ScheduledJob | None:
        """Of an account that may not post now, the due job in doubt that may be asked about.

        It is held back by the posts of others only, and stands in the way of those.
        """
        in_doubt = (board.get(job_id) for job_id in self._post_times.doubted(account_id))
        due = [
            job
            for job in in_doubt
            if job is not None
            and job.in_doubt
            and job.job_id not in left_out
            and job.is_ready(now, self._expire_after)
            and self.held_back(job, now) is None
        ]
        return min(due, key=rank, default=None)
