"""The queue of an account: its coming slots with their jobs, and how jobs change their places.

Pure: what is to be moved where is found out on what somebody saw, and written at those versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from ...domain import JobStatus, ScheduledJob, ValidationError

_WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)


class QueuePlace(msgspec.Struct, frozen=True):
    """A slot of the queue: its number (from 1), its moment, and the jobs that have it."""

    number: int
    at: datetime
    jobs: tuple[ScheduledJob, ...] = ()


def minute_of(moment: datetime) -> datetime:
    """Return the minute that a moment is in: a job in it has the slot."""
    return moment.replace(second=0, microsecond=0)


def places(moments: Sequence[datetime], jobs: Sequence[ScheduledJob]) -> list[QueuePlace]:
    """Return the queue: these slots, in order, each with those of the jobs that have it."""
    by_minute: dict[datetime, list[ScheduledJob]] = {}
    for job in jobs:
        by_minute.setdefault(minute_of(job.scheduled_time), []).append(job)
    return [
        QueuePlace(number, at, tuple(by_minute.get(minute_of(at), ())))
        for number, at in enumerate(moments, 1)
    ]


def can_move(job: ScheduledJob) -> bool:
    """Say whether a job gives way: one that has begun does not, nor one that its schedule has put
    there."""
    is_its_schedules = job.schedule is not None and not job.schedule.is_detached
    return job.status in _WAITING and job.attempt == 0 and not is_its_schedules


def _is_fixed(place: QueuePlace) -> bool:
    return not all(map(can_move, place.jobs))


def moved(queue: Sequence[QueuePlace], job: ScheduledJob, number: int) -> dict[str, datetime]:
    """Return the new times of the jobs that change their place when a job goes to another one.

    Those between move on by one slot, as far as it takes: up to the first free one, at the latest
    the one that the job has left. A slot whose job does not give way is passed over.

    Raises:
        ValidationError: the job that is there does not give way, or there is no free slot behind.
    """
    before = next((place.number for place in queue if job in place.jobs), None)
    target = queue[number - 1]
    if before == number:
        return {}
    if not _gives_way(target, job):
        raise ValidationError(
            f"place {number} has job {target.jobs[0].job_id}, which does not give way",
            field="position",
            hint="it is of a schedule, or has begun: take another place",
        )
    found = {job.job_id: target.at}
    pushed = target.jobs
    for place in _behind(queue, number, 1 if before is None or before > number else -1):
        if not pushed:
            break
        if place.number == before or _gives_way(place, job):
            found |= {each.job_id: place.at for each in pushed}
            pushed = () if place.number == before else place.jobs
    if pushed:
        raise ValidationError(f"there is no free slot behind place {number}", field="position")
    return found


def _gives_way(place: QueuePlace, job: ScheduledJob) -> bool:
    return all(can_move(each) for each in place.jobs if each != job)


def _behind(queue: Sequence[QueuePlace], number: int, step: int) -> Iterator[QueuePlace]:
    """Yield the places behind one, in one direction."""
    last = len(queue) + 1 if step > 0 else 0
    for other in range(number + step, last, step):
        yield queue[other - 1]


def shuffled(queue: Sequence[QueuePlace], seed: int) -> dict[str, datetime]:
    """Return the new times of the jobs that change their places among each other: the same ones
    for the same seed and queue."""
    taken = [(place.at, job) for place in queue for job in place.jobs if can_move(job)]
    jobs = sorted((job for _, job in taken), key=lambda job: _drawn(seed, job.job_id))
    return {job.job_id: at for (at, before), job in zip(taken, jobs, strict=True) if before != job}


def _drawn(seed: int, job_id: str) -> bytes:
    return sha256(f"{seed}\n{job_id}".encode()).digest()
