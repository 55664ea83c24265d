"""Changing jobs: the methods that change one, and the one way in which all of them do it.

Bring the board up to the log, `decide` on the job as it is now, append at the job's version, and
let the board `evolve` by what was appended. If another process was faster, the append is refused
and the decision is made again on the newer state.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from ..domain.errors import InvalidTransitionError, JobLedgerError, StaleAttemptError
from ..domain.job import commands as c
from ..domain.job.decide import decide
from ..domain.job.state import JobPriority, ScheduledJob
from ..eventstore.record import NewRecord
from ..eventstore.store import VersionConflictError
from ..projections.board import Board
from .adding import Adding, make_records
from .queries import not_found
from .zone import to_aware


class Changes(Adding):
    """The methods of a Ledger that change jobs."""

    def hold_job(self, job_id: str) -> None:
        """Make a SCHEDULED job PENDING: it does not run until it is released.

        Raises (all the methods that change one job):
            JobNotFoundError: there is none of this id.
            InvalidTransitionError: its state does not allow it; nothing was changed.
            StorageError: whether the change was made is unknown.
        """
        self._change(job_id, c.Hold())

    def release_job(self, job_id: str) -> None:
        """Make a PENDING job SCHEDULED. Raises as `hold_job`."""
        self._change(job_id, c.Release())

    def edit_job(
        self,
        job_id: str,
        *,
        content: str | msgspec.UnsetType = msgspec.UNSET,
        priority: JobPriority | msgspec.UnsetType = msgspec.UNSET,
        metadata: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET,
    ) -> None:
        """Change what is given of a PENDING or SCHEDULED job; `metadata` is replaced as a whole.

        Raises:
            ValidationError: a value is not acceptable, or none is given; and as `hold_job`.
        """
        self._change(job_id, c.Edit(content=content, priority=priority, metadata=metadata))

    def reschedule_job(self, job_id: str, scheduled_time: datetime) -> None:
        """Give a PENDING or SCHEDULED job another time.

        Raises:
            InvalidScheduleTimeError: as in `add_job`; and as `hold_job`.
        """
        self._change(job_id, c.Reschedule(scheduled_time=to_aware(scheduled_time, self._zone)))

    def cancel_job(self, job_id: str, reason: str = "") -> None:
        """Cancel a job that is PENDING, SCHEDULED or RUNNING.

        The result of an attempt that is running is refused from here on; that the post does not go
        out any more is not promised. Raises as `hold_job`.
        """
        self._change(job_id, c.Cancel(reason=reason))

    def requeue_job(self, job_id: str, scheduled_time: datetime) -> None:
        """Schedule a FAILED, EXPIRED or CANCELLED job again, with all its retries.

        Raises:
            InvalidScheduleTimeError: as in `add_job`; and as `hold_job`.
        """
        self._change(job_id, c.Requeue(scheduled_time=to_aware(scheduled_time, self._zone)))

    def resolve_job(self, job_id: str, *, posted: bool, thread_id: str | None = None) -> None:
        """Say what became of a FAILED job whose outcome is unknown: COMPLETED if it was posted.

        Raises as `hold_job`.
        """
        self._change(job_id, c.Resolve(posted=posted, thread_id=thread_id))

    def remove_job(self, job_id: str) -> None:
        """Remove a job that is not RUNNING from every projection; its events stay in the log.

        Raises as `hold_job`.
        """
        self._change(job_id, c.Remove())

    def cleanup_expired_jobs(self) -> int:
        """Mark the PENDING and SCHEDULED jobs that are too late as EXPIRED; return how many."""
        expire = c.Expire(expire_after=self._expire_after)

        def late(board: Board, now: datetime) -> list[tuple[ScheduledJob, c.Command]]:
            return [(job, expire) for job in board.expired(now, self._expire_after)]

        return self._change_all(late)

    def _change(self, job_id: str, command: c.Command) -> ScheduledJob | None:
        """Decide on the newest state, append, and return the job after; the one way to change."""
        self._check_writable()
        while True:
            self._store.refresh()
            with self._lock:
                job = self._board.get(job_id) if isinstance(job_id, str) else None
                if job is None and not isinstance(command, c.OfAttempt):
                    raise not_found(job_id, self._board.jobs)
                now, expected_seq = self._now(), None
                if job is not None and self._uniqueness and self._uniqueness.concerns(command):
                    self._uniqueness.check_change(job, command, now)
                    expected_seq = self._board.seq
            data = decide(job, command, now)
            if not data or job is None:
                return job
            records = make_records(job.job_id, job.version, data)
            try:
                self._append(records, expected_seq=expected_seq)
            except VersionConflictError:
                continue
            with self._lock:
                return self._board.get(job_id)

    def _change_each(
        self, choose: Callable[[Board, datetime], list[tuple[str, c.Command]]]
    ) -> list[tuple[str, ScheduledJob | JobLedgerError | None]]:
        """Change the jobs that `choose` picks, each of them once and all in one write.

        Returns for each, in order, the job after, or the error with which its change was refused,
        which does not keep the others from theirs.
        """
        self._check_writable()
        while True:
            self._store.refresh()
            now, records = self._now(), list[NewRecord]()
            refused: dict[str, JobLedgerError] = {}
            with self._lock:
                chosen = choose(self._board, now)
                jobs = {job_id: self._board.get(job_id) for job_id, _ in chosen}
            for job_id, command in chosen:
                job = jobs[job_id]
                try:
                    data = decide(job, command, now)
                except (InvalidTransitionError, StaleAttemptError) as error:
                    refused[job_id] = error
                    continue
                assert job is not None
                records += make_records(job_id, job.version, data)
            if records:
                try:
                    self._append(records)
                except VersionConflictError:
                    continue
            with self._lock:
                return [
                    (job_id, refused.get(job_id) or self._board.get(job_id)) for job_id, _ in chosen
                ]

    def _change_all(
        self, choose: Callable[[Board, datetime], list[tuple[ScheduledJob, c.Command]]]
    ) -> int:
        """Change every job that `choose` picks, in one write; return how many."""
        self._check_writable()
        while True:
            self._store.refresh()
            now = self._now()
            with self._lock:
                chosen = choose(self._board, now)
            if not chosen:
                return 0
            records: list[NewRecord] = []
            for job, command in chosen:
                records += make_records(job.job_id, job.version, decide(job, command, now))
            try:
                self._append(records)
            except VersionConflictError:
                continue
            return len(chosen)
