"""Ledger: jobs that can be added, changed and asked about, by many processes at once.

The facade: what each method promises is said here, and done by the parts that are made in `_open`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec

from ..domain import (
    EXPIRE_AFTER,
    Event,
    ImportedJob,
    JobPriority,
    JobStatus,
    LedgerCorruptError,
    MediaFile,
    NewJob,
    NextSlot,
    Post,
    ScheduledJob,
    StorageError,
)
from ..domain import commands as c
from ..eventstore import Durability, RunnerSeen
from ..eventstore.engines import directory_of
from ..eventstore.engines.files import FileSystem
from ..instrumentation import OnlyTold, Progress
from ..integrity import ExportedHead, VerifyReport, head_of
from ..projections import ListOrder, ProjectionFactory, RebuildReport, StoredProjection
from .background import Background
from .bulk import BulkAction, bulk_changes
from .by_location import ByLocation
from .choosing import AskedStatus
from .clock import Clock
from .closing import Closing
from .ids import id_for
from .media_store import MOST_MEDIA_BYTES
from .moving import moved_from
from .newcomers import to_add, to_import
from .parts import LedgerParts
from .queries import LedgerView
from .runner_lock import runner_pid, runner_since, runners_of
from .settings import KEEP_MEDIA, LedgerSettings, no_progress
from .state import Follower
from .uniqueness import Unique
from .versions import MeantChange
from .zone import to_aware

if TYPE_CHECKING:
    from ..domain import (
        ContentOrder,
        Fold,
        Gap,
        Misfire,
        Occurrence,
        Overlap,
        Rule,
        Schedule,
        Slots,
    )
    from ..explanation import Explanation
    from ..integrity import Seal
    from .backup import BackupReport
    from .coming import Coming
    from .copying import CopyReport
    from .explaining import Explaining
    from .metrics import LedgerMetrics
    from .mirroring import LedgerMirror
    from .planning import Planning
    from .schedule_writes import ScheduleWrites
    from .scheduling import ScheduleChanges, Scheduling


class Ledger(ByLocation):
    """One handle on a ledger; any number of processes may hold one on it.

    `location` is a directory, or a URL of an engine: `file:PATH`, `memory:NAME`, or what packages
    bring (docs/engines.md).

    `timezone` (an IANA name) is fixed when the ledger is created, UTC where it is not given: it is
    what naive times mean and what groups jobs into days. `durability`: `"fsync"` has every
    acknowledged change on disk; `"batch"` may lose the last 100 ms of acknowledged changes in a
    power cut (none when only the process dies); `"none"`, for tests, leaves it to the system. With
    `read_only` nothing is created, locked or mended, changes are refused, and of a damaged log what
    is sound before the damage can be read. `projections` make projections of your own, which are
    kept in step and on disk beside the daily files (docs/projections.md). With `unique` a text is
    refused that another job of the account has, which is open or was posted (ever, or within a
    timedelta) or may be out: by add, edit and requeue, whoever else is adding at the same moment.
    A directory on a network file system is refused unless `allow_network` says that all processes
    of the ledger run on one machine. Opening goes on from the snapshot where there is one, and
    verifies what came after it; without `use_snapshot` it reads and verifies the whole log.
    `progress` gets the events read so far, and those in all as far as that is known. `by` is who is
    recorded as having caused what is changed through this handle, 1 to 64 of
    `A-Z a-z 0-9 . _ - : @ /` such as `app:blog`; see also `acting`. Files of posts are copied to
    `media/` of the directory; `media` is the directory for them where the ledger is on a server.
    They are kept until `keep_media` after the last job that has them is closed, and have at most
    `most_media_bytes` (docs/media.md).

    Safe to use from any thread. A context manager; `close` also runs at the program's end.

    Raises:
        StorageError: the directory cannot be made, read or written, or a newer release wrote it.
        LedgerCorruptError: the log does not verify; nothing was changed.
        ValidationError: an argument is not acceptable, or the ledger has another time zone.
    """

    _BACKGROUND: ClassVar[type[Background]] = Background
    """What calls `write_behind` while the program goes on."""
    _SNAPSHOT_EVERY: ClassVar[int] = 10_000
    """The least number of events after which a new snapshot is worth its writing."""
    _closing: Closing | None = None
    """None until it is open: `close` must work on half of one."""
    _original: Ledger | None = None
    """The handle that this is another name of."""

    def __init__(
        self,
        location: str | Path = "jobs",
        *,
        timezone: str | ZoneInfo | None = None,
        durability: Durability = "fsync",
        clock: Clock | None = None,
        expire_after: timedelta = EXPIRE_AFTER,
        read_only: bool = False,
        unique: Unique = False,
        projections: Iterable[ProjectionFactory] = (),
        allow_network: bool = False,
        use_snapshot: bool = True,
        progress: Progress = no_progress,
        by: str | None = None,
        media: str | Path | None = None,
        keep_media: timedelta = KEEP_MEDIA,
        most_media_bytes: int = MOST_MEDIA_BYTES,
        fs: FileSystem | None = None,
    ) -> None:
        self._open(
            LedgerSettings(
                location=location,
                timezone=timezone,
                durability=durability,
                clock=clock,
                expire_after=expire_after,
                read_only=read_only,
                unique=unique,
                projections=projections,
                allow_network=allow_network,
                use_snapshot=use_snapshot,
                progress=progress,
                by=by,
                media=media,
                keep_media=keep_media,
                most_media_bytes=most_media_bytes,
                fs=fs,
            )
        )

    def _open(self, settings: LedgerSettings, followers: Sequence[Follower] = ()) -> None:
        """Make the parts, and bring the state up to the log; `followers` follow it, too."""
        self._expire_after, self._keep_media = settings.expire_after, settings.keep_media
        self._read_only = settings.read_only
        parts = LedgerParts(
            settings,
            followers,
            self,
            snapshot_every=self._SNAPSHOT_EVERY,
            background=self._BACKGROUND,
        )
        self._fs, self._clock, self._now = parts.fs, parts.clock, parts.now
        self._is_real_time = parts.is_real_time
        self._patience, self._engine, self._place = parts.patience, parts.engine, parts.place
        self._store, self._state, self._zone = parts.log, parts.state, parts.zone
        self._derived, self._files, self._snapshots = parts.derived, parts.files, parts.snapshots
        self._rebuilder, self._behind = parts.rebuilder, parts.behind
        self._handler, self._jobs, self._history = parts.handler, parts.jobs, parts.history
        self._watching, self._closing = parts.watching, parts.closing
        self._uniqueness, self._media = parts.uniqueness, parts.media
        parts.closing.begin(self)

    @classmethod
    def _over_shards(cls) -> type[Ledger] | None:
        from .sharded import ShardedLedger  # for those who have several chains

        return ShardedLedger if cls is Ledger else None

    # -- adding --------------------------------------------------------------------------------

    def add_job(
        self,
        account_id: str,
        content: str,
        scheduled_time: datetime | NextSlot,
        priority: JobPriority = JobPriority.NORMAL,
        max_retries: int = 3,
        *,
        platform: str = "threads",
        metadata: dict[str, Any] | None = None,
        hold: bool = False,
        job_id: str | None = None,
        publish_timeout: timedelta | None = None,
        lenient: bool = False,
        post: Post | None = None,
    ) -> str:
        """Add a job and return its id. Durable when it returns.

        A naive `scheduled_time` is taken in the ledger's time zone; `NextSlot()` is the next slot
        of the account that no job has, also where several take one at the same moment. With `hold`
        the job is a draft (PENDING) until it is released. Without `job_id` it gets a UUID.
        `publish_timeout` is how long its publisher may take; None: as long as the scheduler's
        setting says. `content` is as long as its platform takes, as that counts (`length_of`,
        docs/platforms.md), or up to 500 characters for a platform without a table; `lenient` leaves
        it to the platform, up to 100,000, and takes a name that is nearly one of a table. `post` is
        what is posted where that is more than a text: the text of its first part is `content`, and
        one of the two may be left empty. It is held against the platform's table, too. Its files
        are copied, and on disk before the job is (docs/media.md); a relative path is of the working
        directory.

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
            lenient=lenient,
            post=post,
        )
        return self._handler.add([(None, c.Add(job_id=id_for(job_id), job=new))])[0]

    def add_jobs(self, jobs: Iterable[NewJob]) -> list[str]:
        """Add all of `jobs` or none, as one durable write, and return their ids in order.

        Raises:
            ValidationError: one of them is not acceptable (the message says which); none was added.
            StorageError: whether they were added is unknown.
        """
        return self._handler.add(to_add(jobs))

    def import_jobs(self, jobs: Iterable[ImportedJob]) -> list[str]:
        """Take all of `jobs` over as they are, state included, or none, as one durable write.

        Naive times are taken in the ledger's time zone. A job that is RUNNING stays so; the next
        runner recovers it as an interrupted one, by its own `on_interrupted`. An `attempt` of 0 is
        not known, and taken as the least that the job can have had. Returns the ids in order.

        Raises:
            ValidationError: one of them is not acceptable (the message says where it comes from),
                or all of them are too much for one write; none was imported.
            StorageError: whether they were imported is unknown.
        """
        return self._handler.add(to_import(jobs))

    # -- changing ------------------------------------------------------------------------------

    def hold_job(self, job_id: str, *, version: int | None = None) -> None:
        """Make a SCHEDULED job PENDING: it does not run until it is released.

        With `version` (as of all the methods that change one job) only if the job is still at the
        version that you saw.

        Raises (all the methods that change one job):
            JobNotFoundError: there is none of this id.
            InvalidTransitionError: its state does not allow it; nothing was changed.
            JobMovedOnError: it is at another version; nothing was changed.
            StorageError: whether the change was made is unknown.
        """
        self._change(job_id, c.Hold(), version)

    def release_job(self, job_id: str, *, version: int | None = None) -> None:
        """Make a PENDING job SCHEDULED. Raises as `hold_job`."""
        self._change(job_id, c.Release(), version)

    def edit_job(
        self,
        job_id: str,
        *,
        content: str | msgspec.UnsetType = msgspec.UNSET,
        priority: JobPriority | msgspec.UnsetType = msgspec.UNSET,
        metadata: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET,
        version: int | None = None,
        lenient: bool = False,
        post: Post | msgspec.UnsetType | None = msgspec.UNSET,
    ) -> None:
        """Change what is given of a PENDING or SCHEDULED job; `metadata` and `post` are replaced
        as a whole, and with `post` None its text alone is left. `content`, `post` and `lenient` are
        as in `add_job`; a `content` alone is the text of the first part from then on.

        Raises:
            ValidationError: a value is not acceptable, or none is given; and as `hold_job`.
        """
        edit = c.Edit(
            content=content, priority=priority, metadata=metadata, post=post, lenient=lenient
        )
        self._change(job_id, edit, version)

    def reschedule_job(
        self, job_id: str, scheduled_time: datetime, *, version: int | None = None
    ) -> None:
        """Give a PENDING or SCHEDULED job another time.

        Raises:
            InvalidScheduleTimeError: as in `add_job`; and as `hold_job`.
        """
        at = to_aware(scheduled_time, self._zone)
        self._change(job_id, c.Reschedule(scheduled_time=at), version)

    def cancel_job(self, job_id: str, reason: str = "", *, version: int | None = None) -> None:
        """Cancel a job that is PENDING, SCHEDULED or RUNNING.

        The result of an attempt that is running is refused from here on; that the post does not go
        out any more is not promised. Raises as `hold_job`.
        """
        self._change(job_id, c.Cancel(reason=reason), version)

    def requeue_job(
        self, job_id: str, scheduled_time: datetime, *, version: int | None = None
    ) -> None:
        """Schedule a FAILED, EXPIRED or CANCELLED job again, with all its retries.

        Raises:
            InvalidScheduleTimeError: as in `add_job`; and as `hold_job`.
        """
        at = to_aware(scheduled_time, self._zone)
        self._change(job_id, c.Requeue(scheduled_time=at), version)

    def resolve_job(
        self,
        job_id: str,
        *,
        posted: bool,
        thread_id: str | None = None,
        version: int | None = None,
    ) -> None:
        """Say what became of a FAILED job whose outcome is unknown: COMPLETED if it was posted.

        Raises as `hold_job`.
        """
        self._change(job_id, c.Resolve(posted=posted, thread_id=thread_id), version)

    def remove_job(self, job_id: str, *, version: int | None = None) -> None:
        """Remove a job that is not RUNNING from every projection; its events stay in the log.

        Raises as `hold_job`.
        """
        self._change(job_id, c.Remove(), version)

    def change_jobs(
        self,
        action: BulkAction,
        jobs: Iterable[str] | Mapping[str, int | None],
        *,
        reason: str = "",
        shift: timedelta | None = None,
        times: Mapping[str, datetime] | None = None,
        scheduled_time: datetime | None = None,
    ) -> int:
        """Do the same to some jobs, all or none, as one durable write; return to how many.

        `jobs` are ids, or the versions at which you saw them by their ids. `action` is `hold`,
        `release`, `cancel` (with a `reason`), `remove`, `reschedule` (each by `shift`, or to a time
        of its own, by its id in `times`) or `requeue` (all to `scheduled_time`). Raises as
        `hold_job`, of the first that is refused.
        """
        changes = bulk_changes(
            action,
            jobs,
            self._zone,
            reason=reason,
            shift=shift,
            times=times,
            scheduled_time=scheduled_time,
        )
        self._change_all(changes)
        return len(changes)

    # -- schedules and slots -------------------------------------------------------------------

    def add_schedule(
        self,
        schedule_id: str,
        rule: Rule | str,
        *,
        account_id: str,
        content: str | Sequence[str],
        zone: str | None = None,
        order: ContentOrder = "turns",
        priority: JobPriority = JobPriority.NORMAL,
        max_retries: int = 3,
        platform: str = "threads",
        metadata: dict[str, Any] | None = None,
        hold: bool = False,
        gap: Gap = "shift",
        fold: Fold = "first",
        misfire: Misfire = "latest",
        grace: timedelta | None = None,
        catch_up: int = 3,
        until: datetime | date | None = None,
        max_count: int | None = None,
        jitter: timedelta | None = None,
        overlap: Overlap = "queue",
        paused: bool = False,
    ) -> str:
        """Add a schedule, which makes jobs by a rule, with the jobs of its next 14 days (at least
        one), in one durable write; return its id. Runners go on making them.

        `rule`, `gap` and `fold` are as in `preview`; `zone` is the account's (`set_slots`), else
        the ledger's, where none is given. `content` is a text, or several which are used in turn
        (`order`; `"shuffle"`, or `"once"` each); `{date:%d.%m.}`, `{n}` and `{account}` are filled
        in when a job is made. A job is due up to `jitter` later than its occurrence. With `hold`
        jobs are drafts. `until` (inclusive, local) or `max_count` says which occurrence is last.

        Of occurrences more than `grace` (10 minutes) overdue when they could start, `misfire` keeps
        the `"latest"`, none (`"skip"`) or at most `catch_up` (`"all"`); with `overlap="skip"` one
        is left out while the one before runs or is to be retried. docs/schedules.md has all of it.

        Raises:
            ValidationError: an argument is not acceptable, or the id was used before.
            StorageError: whether the schedule was added is unknown.
        """
        given = locals()
        from .schedules import SCHEDULE_FIELDS  # only for those who have schedules

        said = {name: given[name] for name in SCHEDULE_FIELDS}
        return self._scheduling.add(self._handler, schedule_id, said, paused=paused)

    def edit_schedule(
        self,
        schedule_id: str,
        *,
        version: int | None = None,
        **changes: Unpack[ScheduleChanges],
    ) -> None:
        """Change what is given of a schedule, and its waiting jobs that nobody has changed by hand:
        those at times that it has no longer are cancelled. Names as in `add_schedule`.

        Raises (all the methods that change one schedule):
            JobNotFoundError: there is none of this id.
            InvalidTransitionError: its state does not allow it; nothing was changed.
            JobMovedOnError: it is at another `version`; nothing was changed.
            ValidationError: an argument is not acceptable.
            StorageError: whether the change was made is unknown.
        """
        self._scheduling.edit(self._handler, schedule_id, changes, version)

    def pause_schedule(self, schedule_id: str, *, version: int | None = None) -> None:
        """Hold the waiting jobs of a schedule, and make no more. Raises as `edit_schedule`."""
        self._scheduling.pause(self._handler, schedule_id, version)

    def resume_schedule(self, schedule_id: str, *, version: int | None = None) -> None:
        """Go on with a paused schedule: jobs that it held and that are still ahead are released,
        those whose time has passed are not posted. Raises as `edit_schedule`."""
        self._scheduling.resume(self._handler, schedule_id, version)

    def skip_occurrence(
        self, schedule_id: str, when: datetime | None = None, *, version: int | None = None
    ) -> None:
        """Leave out one occurrence of a schedule: that at `when` (naive: in the schedule's zone),
        or the next one. Raises as `edit_schedule`."""
        self._scheduling.skip(self._handler, schedule_id, when, version)

    def run_schedule_now(self, schedule_id: str) -> str:
        """Add one more job of a schedule, due now, with its next text; return the job's id. Raises
        as `edit_schedule`."""
        return self._scheduling.run_now(self._handler, schedule_id)

    def end_schedule(
        self, schedule_id: str, reason: str = "", *, version: int | None = None
    ) -> None:
        """End a schedule for good: its waiting jobs that nobody has changed by hand are cancelled.
        Raises as `edit_schedule`."""
        self._scheduling.end(self._handler, schedule_id, reason, version)

    def plan_schedules(self) -> int:
        """Make the jobs that schedules are to have by now; return how many schedules had something
        to do. A runner does it by itself; whoever plans, and however often, no job is made twice.

        Raises:
            StorageError: it cannot be written.
        """
        self._store.refresh()  # what others have said meanwhile is to be planned, too
        return self._planning.plan(self._handler)

    def set_slots(
        self,
        account_id: str,
        week: Mapping[str, Sequence[str]],
        *,
        zone: str | None = None,
    ) -> None:
        """Have an account post at these times of day by weekday (`{"mon": ["09:00"], …}`) of a zone
        (None: what it has, else the ledger's): `NextSlot()` as a `scheduled_time` takes the next
        free one. An empty week takes all of them back; jobs that are there stay as they are.

        Raises:
            ValidationError: an argument is not acceptable.
            StorageError: whether the change was made is unknown.
        """
        self._scheduling.set_slots(self._handler, account_id, week, zone)

    @cached_property
    def _scheduling(self) -> Scheduling:
        if self._original is not None:
            return self._original._scheduling
        from .scheduling import Scheduling  # only for those who have schedules

        return Scheduling(self._state, self._zone, self._schedule_writes)

    @cached_property
    def _planning(self) -> Planning:
        if self._original is not None:
            return self._original._planning
        from .planning import Planning  # as above

        return Planning(self._state, self._now, self._schedule_writes)

    @property
    def _schedule_writes(self) -> ScheduleWrites:
        from .schedule_writes import ScheduleWrites  # as above

        return ScheduleWrites(self._store, self._state, self._uniqueness)

    def _plan(self) -> None:
        """Have schedules make their jobs, and leave out what is too late by them: for a runner."""
        if self._state.board.schedules.by_id:
            self._planning.plan(self._handler)
            self._planning.leave_out(self._handler)

    def _next_planning(self) -> datetime | None:
        """Return when a runner is to plan again. With the state's lock."""
        return self._planning.next_planning() if self._state.board.schedules.by_id else None

    def cleanup_expired_jobs(self) -> int:
        """Mark the PENDING and SCHEDULED jobs that are too late as EXPIRED; return how many."""
        return self._handler.expire(self._expire_after)

    def acting(self, by: str) -> Self:
        """Return the same handle under another name: what is changed through it is recorded as
        caused by `by`, such as `web:lan`.

        For a program in which many people work with one handle. Any number of names may be in use
        at once, from any thread. Closing one closes the handle; leaving a `with` of one does not.

        Raises:
            ValidationError: `by` is not 1 to 64 of `A-Z a-z 0-9 . _ - : @ /`.
        """
        handler = self._handler.acting(by)
        same = object.__new__(type(self))
        same._original = self._original or self  # first: it is not closed when it is forgotten
        vars(same).update(vars(self) | {"_handler": handler})
        return same

    def _change(
        self, job_id: str, command: c.Command, version: int | None = None
    ) -> ScheduledJob | None:
        """Change one job; raises as `hold_job`."""
        return self._handler.change(job_id, command, version)

    def _change_all(self, changes: Sequence[MeantChange]) -> None:
        """Change some jobs; raises as `change_jobs`."""
        self._handler.change_all(changes)

    # -- asking --------------------------------------------------------------------------------

    def get_job(self, job_id: str) -> ScheduledJob:
        """One job.

        Raises:
            JobNotFoundError: there is none of this id.
        """
        return self._jobs.get_job(job_id)

    def get_jobs(self, job_ids: Iterable[str]) -> dict[str, ScheduledJob]:
        """Return the jobs of these ids by their ids, all as of one moment; those that are not there
        are left out."""
        return self._jobs.get_jobs(job_ids)

    def list_jobs(
        self,
        account_id: str | None = None,
        status: AskedStatus | None = None,
        *,
        due_from: datetime | None = None,
        due_to: datetime | None = None,
        text: str | None = None,
        outcome_unknown: bool = False,
        order: ListOrder = "rank",
        after: str | ScheduledJob | None = None,
        limit: int | None = None,
    ) -> list[ScheduledJob]:
        """Return the jobs of an account and a status (None: of all), or of one of some statuses.

        `due_from` (inclusive) and `due_to` (exclusive) are bounds of `scheduled_time`, naive ones
        in the ledger's time zone. `text`: only those whose content has it; neither case counts nor
        how characters are composed, white space does. `outcome_unknown`: only those that wait for
        somebody to say what became of them. `order`: `"rank"` is priority (highest
        first), then `scheduled_time`, then the order of adding; `"time"` leaves the priority out,
        and `"latest"` is that the other way round.

        `limit` of them, behind `after`: a job's id (where it is now), a `ScheduledJob` (where it
        was, also if it was changed or removed meanwhile), or its `cursor`. A part costs what it
        has, however many jobs there are; but where few have the `text`, the texts of all that the
        other arguments leave are looked through.

        Raises:
            ValidationError: an argument is not acceptable; `after` is the id of no job.
        """
        return self._jobs.list_jobs(
            account_id,
            status,
            due_from=due_from,
            due_to=due_to,
            text=text,
            outcome_unknown=outcome_unknown,
            order=order,
            after=after,
            limit=limit,
        )

    def accounts(self) -> list[str]:
        """Return the accounts that have jobs, sorted. No job is looked at."""
        return self._jobs.accounts()

    def counts(self, account_id: str | None = None) -> dict[JobStatus, int]:
        """How many jobs there are of each status; all have a number. `account_id`: of that account.
        No job is looked at, and no id, but for the first question about an account."""
        return self._jobs.counts(account_id)

    def count_unknown(self) -> int:
        """How many jobs wait for somebody to say what became of them: FAILED, with their
        `outcome_unknown`. Nothing is looked through."""
        return self._jobs.count_unknown()

    def preview(
        self,
        rule: Rule | str,
        *,
        zone: str | None = None,
        after: datetime | None = None,
        count: int = 10,
        gap: Gap = "shift",
        fold: Fold = "first",
    ) -> list[Occurrence]:
        """Return when a rule is due: its first `count` (1 to 1,000) occurrences, in order.

        `rule` is a `Cron` (or its text), `At` or `Every`; it gives local times of `zone` (the
        ledger's if None), each of which is one moment behind `after` (now if None). A local time
        that the zone skips is read with the offset before it (`gap="shift"`), left out (`"skip"`)
        or is the gap's end (`"end"`); one that it has twice is the `"first"`, the `"second"` or
        `"both"`. Nothing is changed.

        Raises:
            ValidationError: an argument is not acceptable; its `field` says which.
        """
        from .schedules import upcoming  # only for those who have schedules

        now = self.now() if after is None else after
        return upcoming(rule, zone or self.timezone, now, count=count, gap=gap, fold=fold)

    def schedules(self) -> list[Schedule]:
        """Return the schedules, ended ones too, in the order of adding."""
        return self._jobs.schedules()

    def get_schedule(self, schedule_id: str) -> Schedule:
        """Return one schedule.

        Raises:
            JobNotFoundError: there is none of this id.
        """
        return self._jobs.get_schedule(schedule_id)

    def jobs_of_schedule(self, schedule_id: str) -> list[ScheduledJob]:
        """Return the jobs of a schedule that are not closed, by time. Raises as `get_schedule`."""
        return self._jobs.jobs_of_schedule(schedule_id)

    def upcoming(self, schedule_id: str, count: int = 10) -> list[Coming]:
        """Return what is to come of a schedule: its next `count` (1 to 1,000) occurrences, skipped
        ones too, each with its job where there is one by now. Raises as `get_schedule`."""
        return self._jobs.upcoming(schedule_id, count)

    def slots(self, account_id: str) -> Slots | None:
        """Return the slots of an account; None where it never had any."""
        return self._jobs.slots(account_id)

    def all_slots(self) -> list[Slots]:
        """Return the slots of all accounts that have some, by the account's name."""
        return self._jobs.all_slots()

    def free_slots(self, account_id: str, count: int = 10) -> list[datetime]:
        """Return the next `count` (1 to 1,000) slots of an account that no job of it has, in UTC;
        fewer where that is all there is within a year."""
        return self._jobs.free_slots(account_id, count)

    def get_ready_jobs(self) -> list[ScheduledJob]:
        """Return the due jobs, in the order in which they will run."""
        return self._jobs.get_ready_jobs()

    def history(self, job_id: str) -> list[Event]:
        """All events of one job, in order; also of a removed one.

        Raises:
            JobNotFoundError: the ledger never had a job of this id.
        """
        return self._history.of_job(job_id)

    def why(self, job_id: str, *, view: LedgerView | None = None) -> Explanation:
        """Say why a job is where it is, and whether it may be out twice; also of a removed one. Of
        `schedule:ID` it says when the next post of that schedule is, or why there is none.

        With a `view`, as of its moment: then nobody knows whether a runner was there. The first
        question of a handle looks at all jobs for their texts, later ones at few; one with a `view`
        looks at those of the job's account.

        Raises:
            JobNotFoundError: there never was a job of this id, or not by then.
        """
        return self._explaining.why(job_id, view)

    @cached_property
    def _explaining(self) -> Explaining:
        if self._original is not None:
            return self._original._explaining
        from .explaining import Explaining  # with the words for it

        return Explaining(
            self._state,
            self._jobs,
            self._history,
            zone=self._zone,
            now=self._now,
            expire_after=self._expire_after,
            runner_pid=self.runner_pid,
        )

    def known_ids(self) -> list[str]:
        """Return the ids of all jobs that there ever were, removed ones too, in order of adding."""
        return self._history.known_ids()

    def events(
        self,
        after: int = 0,
        *,
        job_id: str | None = None,
        types: Sequence[str] | None = None,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Event]:
        """Yield the events after sequence number `after`, in order, up to those acknowledged now.

        Streamed: memory does not grow with the log. `types` are event types, `by` is who is
        recorded as having caused them; `since` and `until` are inclusive bounds of the events'
        times, naive ones in the ledger's time zone.
        """
        return self._history.events(
            after, job_id=job_id, types=types, by=by, since=since, until=until
        )

    def watch(self, after: int | None = None) -> Generator[Event, None, None]:
        """Yield the events after sequence number `after`, in order and each once, as they are
        acknowledged, whoever appends them; without it those that come from now on.

        It waits for what is to come, and ends when the handle is closed; so the event after which
        to go on is known at any time. Any number may watch: the log is read once for all of them.
        What this handle changes is there at once, what others change within a tenth of a second.

        Raises:
            ValidationError: `after` is none.
            WatcherLetGoError: more than 10,000 events waited to be taken; its `after` is the last
                one that was, and the number to go on from.
            StorageError: the log cannot be read any more, a write of this handle has failed, or
                this is within a call of the handle, where to wait would be for ever.
        """
        return self._watching.events(self._watching.begin(after), self)

    def awatch(self, after: int | None = None) -> AsyncGenerator[Event, None]:
        """Do what `watch` does for `async for`, in any event loop, which is never blocked. Raises
        as `watch`."""
        return self._watching.events_async(self._watching.begin(after), self)

    def as_of(self, when: datetime | int | None = None, *, seq: int | None = None) -> LedgerView:
        """Return the state at a moment: after event number `seq`, or after the last event at or
        before `when` (naive: in the ledger's time zone).

        The log is in order of sequence, not of time: where the clock went back, a moment counts
        every event up to the last one that is not later than it.

        What is handed out stays as it is. The next moment a little further on costs the events
        between, once the view before is dropped; for going back, states are kept on the way, of
        500,000 jobs in all at most (some tens of megabytes), beside two boards to go on from. The
        first moment costs the events before it, from the snapshot on where it is before that.

        Raises:
            ValidationError: neither or both are given, or there is no such sequence number yet.
        """
        return self._history.as_of(when, seq=seq)

    # -- being watched -------------------------------------------------------------------------

    def metrics(self) -> str:
        """Return what can be measured of the ledger, as Prometheus reads it (docs/metrics.md).

        What has happened is counted from the first event of the log on, and is the same from any
        process. It costs about as much however many jobs there are.

        Raises:
            StorageError: the log, or its directory, cannot be read.
        """
        from .metrics import measured, metrics_text  # for those who are watched

        return metrics_text(measured(self))

    def health(self, *, ready: bool = False) -> list[str]:
        """Return what is wrong with this handle, a sentence each; nothing where it is well.

        With `ready` also what keeps it from its work: no room on the disk, and of a Scheduler that
        it has not the right to run. A Scheduler is well while its loop turns. From any thread;
        nothing is read.
        """
        found = (one._metrics.faults(ready=ready) for one in self._chains())
        return list(dict.fromkeys(fault for faults in found for fault in faults))

    @cached_property
    def _metrics(self) -> LedgerMetrics:
        if self._original is not None:
            return self._original._metrics
        from .metrics import LedgerMetrics  # as above

        return LedgerMetrics(
            self._store,
            self._state,
            self._derived.counters,
            self._place,
            now=self._now,
            has_runner=lambda: self.runner_pid() is not None,
            newest_seal=self.newest_seal,
        )

    # -- checking and rebuilding ---------------------------------------------------------------

    def verify(
        self,
        progress: Progress = no_progress,
        *,
        since_heads: Sequence[ExportedHead] = (),
        public_keys: Sequence[str | bytes] = (),
    ) -> VerifyReport:
        """Check every record of every file and the daily files; see docs/log-format.md.

        With `since_heads`, also that the log still has what it had when they were exported; with
        `public_keys` (PEM), that every seal is signed with one of them and holds (docs/proofs.md).
        Damage is reported, not raised. `progress` gets the bytes read so far and in all.

        Raises:
            ValidationError: a public key is none.
            JobLedgerError: there are public keys, and the extra `seal` is not installed.
        """
        # Seldom asked for, and a fifth of what is imported.
        from ..integrity import verify_engine

        if not self._read_only and not self._closed and self._files is not None:
            self._files.write()
        report = verify_engine(
            self._engine,
            progress=OnlyTold("progress", progress),
            since_heads=since_heads,
            public_keys=public_keys,
            media=None if self._media.store is None else self._media.store.directory,
        )
        self._metrics.note_verified(report)
        return report

    def remove_media(self, keep: timedelta | None = None) -> list[str]:
        """Remove the files of posts whose last job was closed longer ago than `keep` (None: the
        setting `keep_media`), or that no job has and that are older than a day; return their names.

        Nothing is removed while somebody adds a file. A runner does it at its start, and daily.

        Raises:
            StorageError: the log or a file cannot be read or written, or the ledger is read-only.
        """
        self._handler.check_writable()
        store = self._media.store
        if store is None or not store.is_there:
            return []
        from .media_cleaning import MediaCleaning  # for those who have media

        refresh = self._store.refresh
        cleaning = MediaCleaning(store, self._state, self._history, refresh, self._now)
        return cleaning.run(self._keep_media if keep is None else keep)

    def export_head(self) -> ExportedHead:
        """Verify the whole log and return its position now, for somebody else to keep.

        Raises:
            LedgerCorruptError: it does not.
        """
        self._store.sync()
        return head_of(self.verify())

    def newest_seal(self) -> Seal | None:
        """Return the seal of the last day that has one, as it stands; None without one that can be
        read and is of this ledger. Whether it holds says `verify` with public keys.

        Raises:
            StorageError: the directory cannot be read.
        """
        from ..integrity import newest_seal  # seldom asked for

        return None if self._place is None else newest_seal(*self._place, self.ledger_id)

    def backup(self, directory: str | Path, *, progress: Progress = no_progress) -> BackupReport:
        """Copy the ledger, as it is now, to a new directory, and verify the copy.

        Nobody is disturbed, however many processes write meanwhile; what they add after the call is
        not in it. The copy has the log, the seals, the files of posts and the daily files; it is
        there as a whole, on disk, when this returns, and not at all before. `progress` gets the
        bytes copied so far and in all. Only one of a ledger and its copies may be written to from
        then on.

        Raises:
            LedgerCorruptError: the ledger does not verify; nothing was made.
            StorageError: there is something at `directory`, or a file cannot be read or written.
        """
        from .backup import back_up  # seldom asked for

        def derive(copy: Path) -> None:
            Ledger(
                copy, clock=self._clock, use_snapshot=False, allow_network=True, fs=self._fs
            ).close()

        target = Path(directory).absolute()
        progress = OnlyTold("progress", progress)
        return back_up(self._fs, self._engine, self._store, self._media, target, derive, progress)

    def copy_to(self, location: str | Path, *, progress: Progress = no_progress) -> CopyReport:
        """Copy the ledger, as it is now, to another location, on any engine: the same lines, under
        the same id. To a directory as `backup` does; elsewhere without the files of posts, and a
        copy that was broken off is gone on with by the next call. Only one of a ledger and its
        copies may be written to from then on.

        Raises:
            LedgerCorruptError: the ledger does not verify.
            StorageError: there is another ledger, or a copy that has gone on; or it cannot be
                reached.
        """
        from .copying import copied_as, copy_ledger  # seldom asked for

        directory = directory_of(location)
        if directory is not None:
            return copied_as(self.backup(directory, progress=progress))
        progress = OnlyTold("progress", progress)
        return copy_ledger(self._engine, self._store, location, self._now, progress)

    def mirror(self, directory: str | Path) -> LedgerMirror:
        """Open a mirror of the ledger in a directory, which is made where there is none: its day
        files, as they are on every engine, and its daily files. `catch_up` copies what is
        acknowledged by then, and goes on where the mirror stands, also after a crash.

        A mirror verifies by itself, is read like any ledger, and is never opened for writing.

        Raises:
            LedgerCorruptError: it has what this ledger has not: `lost`.
            StorageError: the directory is something else, is being mirrored into, or cannot be
                read or written.
        """
        from .mirroring import LedgerMirror  # seldom asked for

        def open_mirror(there: Path) -> Ledger:
            return Ledger(there, clock=self._clock, read_only=True, allow_network=True, fs=self._fs)

        place = Path(directory).absolute()
        return LedgerMirror(self._fs, self._engine, self._store, place, open_mirror)

    def rebuild(
        self,
        *,
        check: bool = False,
        only: Sequence[str] = (),
        accept_loss: bool = False,
        progress: Progress = no_progress,
    ) -> RebuildReport:
        """Make every derived file, and the state itself, anew from the log alone; with `check`
        write nothing, and only say which are not byte for byte what the log gives.

        `only` names projections: `daily_files`, and those that the ledger was opened with. A handle
        that was told to read the whole log when it was opened (`use_snapshot=False`), and has read
        nothing since, does not read it again.
        Files that stand for more than the log has are the sign of a log that was cut: they are not
        written over unless `accept_loss` gives up what is lost.
        `progress` gets the events read so far and in all. Safe while other processes work on the
        ledger, and safe to interrupt: each file is replaced atomically. The snapshot is removed; a
        new one is written when that is worth it.

        Raises:
            LedgerCorruptError: the log does not verify.
            StorageError: a file cannot be written, is ahead of the log, the ledger is read-only, or
                a projection failed.
            ValidationError: there is no projection of a name in `only`.
        """
        return self._rebuilder.run(
            check=check,
            only=only,
            accept_loss=accept_loss,
            progress=OnlyTold("progress", progress),
        )

    def projection(self, name: str) -> StoredProjection:
        """Return the projection of this name that the ledger was opened with, brought up to date.

        It goes on following the log whenever this handle looks at it.

        Raises:
            ValidationError: there is none.
            StorageError: it has failed; the message says where.
        """
        stored = self._derived.find(name)
        self._store.refresh()
        if stored.failure is not None:
            raise stored.failure
        return stored.projection

    # -- the rest ------------------------------------------------------------------------------

    @property
    def location(self) -> str:
        """Return where the ledger is: an absolute path, or the URL of its engine."""
        return self._engine.location

    @property
    def directory(self) -> Path:
        """Return the ledger's own directory, absolute: of its log, or of what is derived from it.

        Raises:
            StorageError: its engine has none.
        """
        if self._place is None:
            raise StorageError(f"{self.location} has no directory", path=self.location)
        return self._place.directory

    @property
    def keeps_media(self) -> bool:
        """Whether there is somewhere to keep files of posts: the ledger's directory, or `media`."""
        return self._media.store is not None

    def add_media(self, data: bytes) -> MediaFile:
        """Keep the bytes of an image or a video (PNG, JPEG, GIF, WebP, MP4, MOV), and return what
        they are, to be given with `Media(name, alt, file)`. It is on disk when this returns, and
        removed when it is a day old and no job has it.

        Raises:
            ValidationError: it is no such file, has more than `most_media_bytes`, or the ledger
                keeps no files.
            StorageError: it cannot be written, or the ledger is read-only.
        """
        self._handler.check_writable()
        return self._media.keep(bytes(data))

    def media_path(self, sha256: str) -> Path:
        """Return where the ledger keeps a file of a post, by the `sha256` of its `MediaFile`: to be
        read, and never written to.

        Raises:
            StorageError: it is not there.
        """
        return self._media.path_of(sha256)

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
    def moved_from(self) -> str | None:
        """Say on which machine the newest day of the log was begun, where that was not here, in
        this directory: the ledger was moved, or is a copy. None: it was here, or nobody knows.

        Raises:
            StorageError: the day's file cannot be read.
        """
        return moved_from(self._engine, self._store.end.day)

    @property
    def seq(self) -> int:
        """The sequence number of the last event known here."""
        return self._store.seq

    @property
    def expire_after(self) -> timedelta:
        """How late a job may be before it expires, by this handle's setting."""
        return self._expire_after

    @property
    def shards(self) -> int:
        """How many chains the ledger has: one, unless its location says `shards=`."""
        return 1

    def shard_of(self, account_id: str) -> int:
        """Return the number, from 1, of the chain that has an account: what is added or changed in
        one write has to be of one chain (docs/scale.md)."""
        return 1

    def _chains(self) -> tuple[Ledger, ...]:
        """Return the handles on its chains, in order."""
        return (self,)

    def runner_pid(self) -> int | None:
        """Return the pid of the process that runs this ledger's jobs (0: it does not say), or None.

        Raises:
            StorageError: the lock's file cannot be read.
        """
        return runner_pid(self._engine, self._place)

    def runner_since(self) -> datetime | None:
        """Return since when that process runs this ledger's jobs, by its file system's clock; None
        where nobody does, or where that is not known. Raises as `runner_pid`."""
        return runner_since(self._engine, self._place)

    def runners(self) -> list[RunnerSeen]:
        """Return who runs this ledger's jobs, the newest last: one at most on a directory; on an
        engine that many share, each with its lease, and those that ended within a day.

        Raises:
            StorageError: they cannot be read.
        """
        return runners_of(self._engine, self._place)

    def now(self) -> datetime:
        """Return the time by the ledger's clock, in UTC."""
        return self._now()

    @cached_property
    def _namespace(self) -> UUID:
        return UUID(self.ledger_id)

    def idempotency_key(self, job_id: str) -> str:
        """Return a key that is the same for every attempt of a job, and different for every job."""
        return str(uuid5(self._namespace, job_id))

    # -- writing behind, and closing -----------------------------------------------------------

    def write_behind(self) -> bool:
        """Sync, and write all daily files that are behind, however large they are."""
        return self._is_let_go or self._behind.write() or self._closed

    def _write_due(self) -> bool:
        """Do the same for the background thread, which holds back what would be too much."""
        return self._is_let_go or self._behind.write(everything=False) or self._closed

    def leave_alone_s(self, takes_s: float) -> float:
        """For the background thread: nothing here hurries; a runner's jobs do."""
        return 0.0

    @property
    def _closed(self) -> bool:
        return self._closing is None or self._closing.is_closed

    @property
    def _is_let_go(self) -> bool:
        return self._closing is None or self._closing.is_let_go

    def close(self) -> None:
        """Bring the daily files up to date, sync, and let go. Calling it again does nothing.

        From within a call of this very handle (in a signal's handler that interrupted one, in a
        projection) it returns at once, and the handle is closed when that call is over, at the
        latest at the program's end. It waits briefly for locks that others hold: then the daily
        files are behind, and whoever opens the ledger next brings them up.

        Raises:
            StorageError: the files cannot be written; or, without durability "fsync", what was
                acknowledged could not be synced.
        """
        if self._original is not None:
            self._original.close()
        elif self._closing is not None:
            self._closing.close(self)

    def _is_inside(self) -> bool:
        """Whether the calling thread is in the midst of a call of this handle."""
        return self._closing is not None and self._closing.is_inside()

    def _is_in_use(self) -> bool:
        """Whether another thread is in the midst of a call of this handle."""
        return self._closing is not None and self._closing.is_in_use()

    def _let_go(self) -> None:
        """Do what closing does; again where it was interrupted."""
        if self._closing is not None:
            self._closing.let_go()

    def _abandon(self) -> None:
        """In the child of a fork: let go of what is the parent's, touching nothing."""
        if self._closing is not None:
            self._closing.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._original is None:
            self.close()

    def __del__(self) -> None:
        if self._original is None and not self._is_let_go:
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"seq {self._store.seq}"
        return f"<{type(self).__name__} {self.location!r}, {state}>"
