"""Ledger: jobs that can be added, changed and asked about, by many processes at once.

There is one way for a job to change: bring the board up to the log, `decide` on the job as it is
now, append at the job's version, and let the board `evolve` by what was appended. If another
process was faster, the append is refused and the decision is made again on the newer state.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import msgspec

from ..domain import commands as c
from ..domain.decide import decide
from ..domain.errors import (
    JobLedgerError,
    LedgerCorruptError,
    StorageError,
    ValidationError,
)
from ..domain.events import SCHEMA, Event, EventData, encode_data
from ..domain.job import JobPriority, NewJob, ScheduledJob
from ..domain.policy import EXPIRE_AFTER
from ..domain.validation import check_job_id
from ..eventstore.filesystem import FileSystem
from ..eventstore.jsonl import JsonlEventStore
from ..eventstore.record import NewRecord, Record
from ..eventstore.store import Durability, VersionConflictError
from ..projections.board import Board
from ..projections.daily_files import DailyFiles, DailyFilesWriter
from ..projections.projection import to_event
from ..projections.rebuild import RebuildReport, rebuild_daily_files
from ..projections.verify import VerifyReport, verify
from .background import Background
from .clock import Clock, SystemClock
from .log import logger
from .queries import LedgerView, Queries, not_found
from .zone import load_zone, to_aware

BATCH_MS = 100
"""With `durability="batch"`, the most time that an acknowledged event is not on disk yet."""
DAILY_FILES_DELAY_S = 0.3

_open_ledgers: weakref.WeakSet[Ledger] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for ledger in list(_open_ledgers):
        ledger.close()


def _abandon_all() -> None:
    for ledger in list(_open_ledgers):
        ledger._abandon()


# A fork shares its parent's locks: using them would break them for both, and a child that only
# lived on would hold a dead runner's. So in the child every ledger is closed, without a word.
os.register_at_fork(after_in_child=_abandon_all)


class Ledger(Queries):
    """One handle on a ledger directory; any number of processes may hold one on it.

    `timezone` (an IANA name) is fixed when the ledger is created, UTC where it is not given: it is
    what naive times mean and what groups jobs into days. `durability`: `"fsync"` has every
    acknowledged change on disk; `"batch"` may lose the last 100 ms of acknowledged changes in a
    power cut (none when only the process dies); `"none"`, for tests, leaves it to the system. With
    `read_only` nothing is created, locked or mended, changes are refused, and of a damaged log what
    is sound before the damage can be read.

    Safe to use from any thread. A context manager; `close` also runs at the program's end.

    Raises:
        StorageError: the directory cannot be made, read or written, or a newer release wrote it.
        LedgerCorruptError: the log does not verify; nothing was changed.
        ValidationError: an argument is not acceptable, or the ledger has another time zone.
    """

    def __init__(
        self,
        directory: str | Path = "jobs",
        *,
        timezone: str | ZoneInfo | None = None,
        durability: Durability = "fsync",
        clock: Clock | None = None,
        expire_after: timedelta = EXPIRE_AFTER,
        read_only: bool = False,
        fs: FileSystem | None = None,
    ) -> None:
        self._closed = True  # until it is open: `close` must work on half of one
        if durability not in get_args(Durability):
            raise ValidationError(
                f"durability must be one of {', '.join(get_args(Durability))}, not {durability!r}",
                field="durability",
            )
        if not isinstance(expire_after, timedelta) or expire_after <= timedelta(0):
            raise ValidationError("expire_after must be a positive timedelta", field="expire_after")
        zone_name = None if timezone is None else load_zone(timezone).key
        self.directory = Path(directory)
        self._clock = clock or SystemClock()
        self._expire_after = expire_after
        self._read_only = read_only
        self._lock = threading.RLock()
        self._flush_lock = threading.Lock()
        self._board = Board()
        self._listeners: list[Callable[[], None]] = []
        self._fs = fs or FileSystem()
        self._store = JsonlEventStore(
            self.directory,
            clock=self._now,
            observer=self._observe,
            timezone=zone_name,
            durability=durability,
            read_only=read_only,
            fs=self._fs,
        )
        self._background = Background(
            self, BATCH_MS / 1000 if durability == "batch" else DAILY_FILES_DELAY_S
        )
        try:
            self._zone = load_zone(self._store.identity.timezone)
            self._files = DailyFiles(self._zone)
            self._writer = DailyFilesWriter(
                self._fs, self.directory, self._store.identity.ledger_id
            )
            self._store.refresh()
            if not read_only:
                self._writer.mark_stale(self._files)
        except BaseException:
            self._store.close()
            raise
        self._closed = False
        self._report_opening(durability)
        if not read_only:
            _open_ledgers.add(self)
            if self._files.dirty:
                self._background.wake()

    def _report_opening(self, durability: Durability) -> None:
        torn, damage = self._store.torn, self._store.damage
        if torn is not None:
            logger(path=torn.path, offset=torn.offset, size=torn.size, kept=torn.kept).warning(
                "torn tail cut off"
            )
        if damage is not None:
            logger(path=damage.path, line=damage.line, offset=damage.offset).warning(
                "damaged log: only what is sound before the damage is shown"
            )
        if durability == "batch":
            logger(at_risk_ms=BATCH_MS).info("acknowledged changes may be lost in a power cut")

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
    ) -> str:
        """Add a job and return its id. Durable when it returns.

        A naive `scheduled_time` is taken in the ledger's time zone. With `hold` the job is a draft
        (PENDING) until it is released. Without `job_id` it gets a UUID.

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
        while True:
            self._store.refresh()
            now = self._now()
            ids: dict[str, None] = {}
            records = []
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
                    if not numbered:
                        raise
                    raise type(error)(
                        f"jobs[{index}]: {error.message}", field=error.field, hint=error.hint
                    ) from None
                ids[job_id] = None
                records += _records(job_id, 0, data)
            try:
                self._store.append(records)
            except VersionConflictError:
                continue
            return list(ids)

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
        while True:
            self._store.refresh()
            with self._lock:
                job = self._board.get(job_id) if isinstance(job_id, str) else None
                if job is None and not isinstance(command, c.OfAttempt):
                    raise not_found(job_id, self._board)
            data = decide(job, command, self._now())
            if not data or job is None:
                return job
            try:
                self._store.append(_records(job_id, job.version, data))
            except VersionConflictError:
                continue
            with self._lock:
                return self._board.get(job_id)

    def _change_all(
        self, choose: Callable[[Board, datetime], list[tuple[ScheduledJob, c.Command]]]
    ) -> int:
        """Change every job that `choose` picks, in one write; return how many."""
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

    # -- looking back --------------------------------------------------------------------------

    def history(self, job_id: str) -> list[Event]:
        """All events of one job, in order; also of a removed one.

        Raises:
            JobNotFoundError: the ledger never had a job of this id.
        """
        self._refresh()
        if not isinstance(job_id, str) or not self._store.version(job_id):
            with self._lock:
                raise not_found(job_id, self._board)
        return list(self.events(job_id=job_id))

    def events(
        self,
        after: int = 0,
        *,
        job_id: str | None = None,
        types: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Event]:
        """The events after sequence number `after`, in order, up to those acknowledged by now.

        Streamed: memory does not grow with the log. `types` are event types; `since` and `until`
        are inclusive bounds of the events' times, naive ones in the ledger's time zone.
        """
        self._refresh()
        since = None if since is None else to_aware(since, self._zone)
        until = None if until is None else to_aware(until, self._zone)
        for record in self._store.read(after):
            if (
                (job_id is None or record.job == job_id)
                and (types is None or record.type in types)
                and (since is None or record.at >= since)
                and (until is None or record.at <= until)
            ):
                yield to_event(record)

    def as_of(self, when: datetime | int | None = None, *, seq: int | None = None) -> LedgerView:
        """The state at a moment: after event number `seq`, or after the last event at or before
        `when` (naive: in the ledger's time zone).

        The log is in order of sequence, not of time: where the clock went back, a moment counts
        every event up to the last one that is not later than it.

        Raises:
            ValidationError: neither or both are given, or there is no such sequence number yet.
        """
        if isinstance(when, int) and not isinstance(when, bool) and seq is None:
            when, seq = None, when
        if (when is None) == (seq is None):
            raise ValidationError("give either a time or a sequence number", field="when")
        self._refresh()
        moment: datetime | None = None
        if when is not None:
            if not isinstance(when, datetime):
                raise ValidationError(f"when must be a datetime, not {when!r}", field="when")
            moment = to_aware(when, self._zone).astimezone(UTC)
            seq = max((r.seq for r in self._store.read() if r.at <= moment), default=0)
        if not isinstance(seq, int) or not 0 <= seq <= self._store.seq:
            raise ValidationError(
                f"seq must be from 0 to {self._store.seq}, not {seq!r}", field="seq"
            )
        board = Board()
        for record in self._store.read():
            if record.seq > seq:
                break
            board.apply(to_event(record))
        return LedgerView(board, moment or board.at, self._expire_after)

    def verify(
        self, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> VerifyReport:
        """Check every record of every file and the daily files; see docs/log-format.md.

        Damage is reported, not raised. `progress` gets the bytes read so far and in all.
        """
        if not self._read_only and not self._closed:
            self._write_daily_files()
        return verify(self.directory, progress=progress)

    def rebuild(self, *, check: bool = False) -> RebuildReport:
        """Make every daily file anew from the log alone; with `check` only say which differ.

        Safe while other processes work on the ledger; each file is replaced atomically.

        Raises:
            LedgerCorruptError: the log does not verify.
            StorageError: a file cannot be written, or the ledger is read-only.
        """
        self._refresh()
        if not check:
            self._check_writable()
        if check:
            if not self._read_only:
                self._write_daily_files()
            return self._rebuild(check=True)
        with self._flush_lock, self._writer.locked():
            self._store.refresh()
            with self._lock:
                self._files.dirty.clear()
            return self._rebuild(check=False)

    def _rebuild(self, *, check: bool) -> RebuildReport:
        return rebuild_daily_files(
            self._store.read(), self._zone, self._fs, self.directory, self._writer, check=check
        )

    # -- following, and writing behind -----------------------------------------------------------

    def _observe(self, records: Sequence[Record]) -> None:
        """Apply one or more whole writes; called by the store, in order."""
        with self._lock:
            for record in records:
                self._files.apply(self._board.apply(to_event(record)))
        if not self._closed and not self._read_only:
            self._background.wake()
        for listener in list(self._listeners):
            listener()

    def write_behind(self) -> bool:
        """Sync, and write the daily files that are behind. For the background thread."""
        try:
            self._store.sync()
            self._write_daily_files()
        except JobLedgerError as error:
            logger(error=str(error)).error("writing behind failed; will be tried again")
            return self._closed
        return True

    def _write_daily_files(self) -> None:
        with self._flush_lock:
            if not self._files.dirty:
                return
            with self._writer.locked():
                self._store.refresh()
                with self._lock:
                    days, self._files.dirty = self._files.dirty, set()
                    seq = self._board.seq
                    contents = {
                        day: self._files.collect(day, self._board.jobs) for day in sorted(days)
                    }
                try:
                    self._writer.write(contents, seq)
                except BaseException:
                    with self._lock:
                        self._files.dirty |= days
                    raise

    # -- the rest ------------------------------------------------------------------------------

    @property
    def ledger_id(self) -> str:
        """The id that the ledger got when it was created."""
        return self._store.identity.ledger_id

    @property
    def timezone(self) -> str:
        """The IANA name of the ledger's time zone."""
        return self._store.identity.timezone

    @property
    def damage(self) -> LedgerCorruptError | None:
        """Why a read-only handle shows only a part of a damaged log; None for a sound one."""
        return self._store.damage

    @property
    def seq(self) -> int:
        """The sequence number of the last event known here."""
        return self._store.seq

    def idempotency_key(self, job_id: str) -> str:
        """A key that is the same for every attempt of a job, and different for every job."""
        return str(uuid5(UUID(self.ledger_id), job_id))

    def _now(self) -> datetime:
        return self._clock.now().astimezone(UTC)

    def _query_time(self) -> datetime:
        return self._now()

    def _refresh(self) -> None:
        self._store.refresh()

    def _check_writable(self) -> None:
        if self._read_only:
            raise StorageError(
                f"the ledger {self.directory} is open read-only", path=str(self.directory)
            )

    def close(self) -> None:
        """Bring the daily files up to date, sync, and let go. Calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        _open_ledgers.discard(self)
        self._background.stop()
        try:
            if not self._read_only:
                self._write_daily_files()
        finally:
            self._store.close()

    def _abandon(self) -> None:
        """In the child of a fork: let go of what is the parent's, touching nothing."""
        self._closed = True
        self._store.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"seq {self._store.seq}"
        return f"<{type(self).__name__} {str(self.directory)!r}, {state}>"


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
