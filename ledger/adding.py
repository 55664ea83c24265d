"""Adding jobs: new ones, and ones that are taken over from elsewhere with their state.

However many there are, they go into one durable write, all or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ..domain.errors import ValidationError
from ..domain.job import commands as c
from ..domain.job.decide import decide
from ..domain.job.events import SCHEMA, Event, EventData, encode_data
from ..domain.job.evolve import evolve
from ..domain.job.importing import TIMES
from ..domain.job.state import ImportedJob, JobPriority, JobStatus, NewJob, ScheduledJob
from ..eventstore.record import NewRecord
from ..eventstore.store import EventStore, VersionConflictError
from ..projections.contents import text_key
from .ids import new_id
from .queries import Queries
from .uniqueness import Uniqueness
from .zone import to_aware

_Newcomer = tuple[int | str | None, c.Add | c.Import]
"""A job that is to be added, and how errors name it: by its place among others, or by what stands
here; None where it is the only one."""
_WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)


class Adding(Queries):
    """The methods of a Ledger that add jobs."""

    _store: EventStore
    _zone: ZoneInfo
    _uniqueness: Uniqueness | None

    def _append(self, records: Sequence[NewRecord], *, expected_seq: int | None = None) -> None:
        """Append decided events, all or none. Raises as `EventStore.append`."""
        raise NotImplementedError

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
        return self._add([(None, c.Add(job_id=_id_for(job_id), job=new))])[0]

    def add_jobs(self, jobs: Iterable[NewJob]) -> list[str]:
        """Add all of `jobs` or none, as one durable write, and return their ids in order.

        Raises:
            ValidationError: one of them is not acceptable (the message says which); none was added.
            StorageError: whether they were added is unknown.
        """
        newcomers: list[_Newcomer] = []
        for index, new in enumerate(jobs):
            if not isinstance(new, NewJob):
                raise _wrong_kind(new, NewJob, f"jobs[{index}]")
            newcomers.append((index, c.Add(job_id=_id_for(new.job_id), job=new)))
        return self._add(newcomers)

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
        newcomers: list[_Newcomer] = []
        for index, item in enumerate(jobs):
            if not isinstance(item, ImportedJob):
                raise _wrong_kind(item, ImportedJob, f"jobs[{index}]")
            if not isinstance(item.job, ScheduledJob):
                raise _wrong_kind(item.job, ScheduledJob, f"{item.place}: job")
            command = c.Import(job_id=item.job.job_id, job=item)
            newcomers.append((item.place, command))
        return self._add(newcomers)

    def _add(self, newcomers: list[_Newcomer]) -> list[str]:
        """Decide on jobs that are not there yet, and append them all at once; the one way to add.

        Raises:
            ValidationError: of the first that is not acceptable, with its label.
        """
        self._check_writable()
        version, zone = self._store.version, self._zone
        is_fresh = False
        while newcomers:
            # First with what is known here: the store refuses if others were there meanwhile.
            if is_fresh:
                self._store.refresh()
            is_fresh = True
            now, expected_seq = self._now(), None
            ids: dict[str, None] = {}
            records: list[NewRecord] = []
            arrivals: list[tuple[int | str | None, ScheduledJob]] = []
            for label, command in newcomers:
                try:
                    data = decide(None, in_zone(command, zone), now)
                    job_id = str.__str__(command.job_id)
                    if job_id in ids or version(job_id):
                        raise used_before(job_id)
                except ValidationError as error:
                    raise _labelled(error, label) from None
                ids[job_id] = None
                records += make_records(job_id, 0, data)
                if self._uniqueness is not None:
                    arrivals.append((label, _first_state(job_id, data[0], now)))
            if self._uniqueness is not None:
                expected_seq = self._check_unique(arrivals, now)
            try:
                self._append(records, expected_seq=expected_seq)
            except VersionConflictError:
                continue
            return list(ids)
        return []

    def _check_unique(
        self, arrivals: list[tuple[int | str | None, ScheduledJob]], now: datetime
    ) -> int:
        """Check the texts of jobs against the board and each other; the board's position.

        An imported job that waits for nothing any more is not refused: its past is what it is.

        Raises:
            ValidationError: a text is there already.
        """
        assert self._uniqueness is not None
        with self._lock:
            texts: dict[bytes, str | None] = {}
            for label, job in sorted(arrivals, key=lambda arrival: arrival[1].status in _WAITING):
                key = text_key(job.account_id, job.content)
                try:
                    if job.status in _WAITING:
                        self._uniqueness.check_new(job.account_id, job.content, now)
                        if key in texts:
                            raise ValidationError(
                                f"the same text for account {job.account_id!r} as {texts[key]}",
                                field="content",
                            )
                except ValidationError as error:
                    raise _labelled(error, label) from None
                if self._uniqueness.stands_in_the_way(job, now):
                    texts.setdefault(key, _named(label))
            return self._board.seq


def _id_for(job_id: str | None) -> str:
    return new_id() if job_id is None else job_id


def _wrong_kind(value: object, kind: type, label: str) -> ValidationError:
    name = kind.__name__
    article = "an" if name[0] in "AEIOU" else "a"
    return ValidationError(
        f"{label} must be {article} {name}, not {type(value).__name__}", field="jobs"
    )


def used_before(job_id: str) -> ValidationError:
    """The error for an id that the ledger knows already."""
    return ValidationError(
        f"job_id {job_id!r} was used before",
        field="job_id",
        hint="an id is never used twice, not even after its job was removed",
    )


def in_zone(command: c.Add | c.Import, zone: ZoneInfo) -> c.Add | c.Import:
    """The same command with its naive times taken in a zone."""
    replace = msgspec.structs.replace
    if isinstance(command, c.Add):
        moment = to_aware(command.job.scheduled_time, zone)
        if moment is command.job.scheduled_time:
            return command
        return replace(command, job=replace(command.job, scheduled_time=moment))
    job = command.job.job
    times = {name: to_aware(getattr(job, name), zone) for name in TIMES}
    return replace(command, job=replace(command.job, job=replace(job, **times)))


def _labelled(error: ValidationError, label: int | str | None) -> ValidationError:
    """The error of one job of several, which says of which."""
    if label is None:
        return error
    return type(error)(f"{_named(label)}: {error.message}", field=error.field, hint=error.hint)


def _named(label: int | str | None) -> str | None:
    return f"jobs[{label}]" if isinstance(label, int) else label


def _first_state(job_id: str, data: EventData, now: datetime) -> ScheduledJob:
    """The job as its first event makes it."""
    job = evolve(None, Event(seq=0, at=now, type=data.TYPE, job_id=job_id, version=1, data=data))
    assert job is not None
    return job


def make_records(job_id: str, version: int, data: list[EventData]) -> list[NewRecord]:
    """The events of one job as records to append, behind its `version`."""
    records = []
    for item in data:
        version += 1
        kind = item.TYPE
        records.append(
            NewRecord(
                type=kind,
                job_id=job_id,
                version=version,
                schema=SCHEMA[kind],
                data=encode_data(item),
                decoded=item,
            )
        )
    return records
