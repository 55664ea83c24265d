"""Changing jobs: adding, the methods that change one, and the one way in which all of them do it.

Bring the board up to the log, `decide` on the job as it is now, append at the job's version, and
let the board `evolve` by what was appended. If another process was faster, the append is refused
and the decision is made again on the newer state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec

from ..domain import commands as c
from ..domain.decide import decide
from ..domain.errors import ValidationError
from ..domain.events import SCHEMA, EventData, encode_data
from ..domain.job import JobPriority, NewJob, ScheduledJob
from ..domain.validation import check_job_id
from ..eventstore.record import NewRecord
from ..eventstore.store import EventStore, VersionConflictError
from ..projections.board import Board
from ..projections.contents import text_key
from .queries import Queries, not_found
from .uniqueness import Uniqueness
from .zone import to_aware


class Changes(Queries):
    """The methods of a Ledger that change jobs."""

    _store: EventStore
    _zone: ZoneInfo
    _uniqueness: Uniqueness | None

    # -- adding --------------------------------------------------------------------------------

    def add_job(
        self,
        account_id: str,
        content: str,
        scheduled_time: datetime,
        priority: JobPriority = JobPriority.NORMAL,
        max_retries: int = 3,
        *,
        platform: str = "threads",
        metadata: dict[str, Any] | None = None,
        hold: bool = False,
        job_id: str | None = None,
        publish_timeout: timedelta | None = None,
    ) -> str:
        """Add a job and return its id. Durable when it returns.

        A naive `scheduled_time` is taken in the ledger's time zone. With `hold` the job is a draft
        (PENDING) until it is released. Without `job_id` it gets a UUID. `publish_timeout` is how
        long its publisher may take; None: as long as the scheduler's setting says.

        Raises:
            ValidationError: an argument is not acceptable, or the id was used before.
            InvalidScheduleTimeError: the time is no time, or not within a year of now.
            StorageError: whether the job was added is unknown.
        """
        new = NewJob(
            account_id=account_id,
            content=content,
            scheduled_time=scheduled_time,
            priority=priority,
            max_retries=max_retries,
            platform=platform,
            metadata=metadata,
            hold=hold,
            job_id=job_id,
            publish_timeout=publish_timeout,
        )
        return self._add([new])[0]

    def add_jobs(self, jobs: Iterable[NewJob]) -> list[str]:
        """Add all of `jobs` or none, as one durable write, and return their ids in order.

        Raises:
            ValidationError: one of them is not acceptable (the message says which); none was added.
            StorageError: whether they were added is unknown.
        """
        news = list(jobs)
        for index, new in enumerate(news):
            if not isinstance(new, NewJob):
                raise ValidationError(
                    f"jobs[{index}] must be a NewJob, not {type(new).__name__}", field="jobs"
                )
        return self._add(news, numbered=True) if news else []

    def _add(self, news: list[NewJob], *, numbered: bool = False) -> list[str]:
        self._check_writable()
        while True:
            self._store.refresh()
            now, expected_seq = self._now(), None
            ids: dict[str, None] = {}
            records = []
            if self._uniqueness is not None:
                expected_seq = self._check_unique(news, now, numbered)
            for index, new in enumerate(news):
                try:
                    job_id = str(uuid4()) if new.job_id is None else check_job_id(new.job_id)
                    if job_id in ids or self._store.version(job_id):
                        raise ValidationError(
                            f"job_id {job_id!r} was used before",
                            field="job_id",
                            hint="an id is never used twice, not even after its job was removed",
                        )
                    aware = msgspec.structs.replace(
                        new, scheduled_time=to_aware(new.scheduled_time, self._zone)
                    )
                    data = decide(None, c.Add(job_id=job_id, job=aware), now)
                except ValidationError as error:
                    raise _numbered(error, index if numbered else None) from None
                ids[job_id] = None
                records += _records(job_id, 0, data)
            try:
                self._store.append(records, expected_seq=expected_seq)
            except VersionConflictError:
                continue
            return list(ids)

    def _check_unique(self, news: list[NewJob], now: datetime, numbered: bool) -> int:
        """Check the new jobs' texts against the board and each other; the board's position.

        Raises:
            ValidationError: one is there already.
        """
        assert self._uniqueness is not None
        with self._lock:
            texts: dict[bytes, int] = {}
            for index, new in enumerate(news):
                if not isinstance(new.account_id, str) or not isinstance(new.content, str):
                    continue  # refused by the decision
                try:
                    self._uniqueness.check_new(new.account_id, new.content, now)
                    first = texts.setdefault(text_key(new.account_id, new.content), index)
                    if first != index:
                        raise ValidationError(
                            f"the same text for account {new.account_id!r} as jobs[{first}]",
                            field="content",
                        )
                except ValidationError as error:
                    raise _numbered(error, index if numbered else None) from None
            return self._board.seq

    # -- changing ------------------------------------------------------------------------------

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
            records = _records(job.job_id, job.version, data)
            try:
                self._store.append(records, expected_seq=expected_seq)
            except VersionConflictError:
                continue
            with self._lock:
                return self._board.get(job_id)

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
                records += _records(job.job_id, job.version, decide(job, command, now))
            try:
                self._store.append(records)
            except VersionConflictError:
                continue
            return len(chosen)


def _numbered(error: ValidationError, index: int | None) -> ValidationError:
    """The error of one job of several, which says of which."""
    if index is None:
        return error
    return type(error)(f"jobs[{index}]: {error.message}", field=error.field, hint=error.hint)


def _records(job_id: str, version: int, data: list[EventData]) -> list[NewRecord]:
    return [
        NewRecord(
            type=item.TYPE,
            job=job_id,
            version=version + 1 + index,
            schema=SCHEMA[item.TYPE],
            data=encode_data(item),
        )
        for index, item in enumerate(data)
    ]
