"""Jobs that are to be added: new ones, and ones that are taken over from elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from ..domain import (
    TIMES,
    ImportedJob,
    JobStatus,
    NewJob,
    NextSlot,
    ScheduledJob,
    ValidationError,
)
from ..domain import commands as c
from ..instrumentation import TRACING, scheduling_span
from .ids import id_for
from .zone import to_aware

Newcomer = tuple[int | str | None, c.Add | c.Import]
"""A job that is to be added, and how errors name it: by its place among others, or by what stands
here; None where it is the only one."""


AddT = TypeVar("AddT")


def traced(
    add: Callable[[AddT, Sequence[Newcomer]], list[str]],
) -> Callable[[AddT, Sequence[Newcomer]], list[str]]:
    """Make a span of adding jobs, where the program is in one, which new jobs keep."""

    @wraps(add)
    def add_traced(handler: AddT, newcomers: Sequence[Newcomer]) -> list[str]:
        if TRACING not in sys.modules:
            return add(handler, newcomers)
        with scheduling_span(len(newcomers)) as span:
            if (trace := span.trace) is not None:
                newcomers = [(label, _in_trace(command, trace)) for label, command in newcomers]
            return add(handler, newcomers)

    return add_traced


def _in_trace(command: c.Add | c.Import, trace: str) -> c.Add | c.Import:
    return msgspec.structs.replace(command, trace=trace) if isinstance(command, c.Add) else command


def to_add(jobs: Iterable[NewJob]) -> list[Newcomer]:
    """Return new jobs with the commands that add them.

    Raises:
        ValidationError: one is none.
    """
    newcomers: list[Newcomer] = []
    for index, new in enumerate(jobs):
        if not isinstance(new, NewJob):
            raise wrong_kind(new, NewJob, f"jobs[{index}]")
        newcomers.append((index, c.Add(job_id=id_for(new.job_id), job=new)))
    return newcomers


def to_import(jobs: Iterable[ImportedJob]) -> list[Newcomer]:
    """Return jobs from elsewhere with the commands that take them over.

    Raises:
        ValidationError: one is none.
    """
    newcomers: list[Newcomer] = []
    for index, item in enumerate(jobs):
        if not isinstance(item, ImportedJob):
            raise wrong_kind(item, ImportedJob, f"jobs[{index}]")
        if not isinstance(item.job, ScheduledJob):
            raise wrong_kind(item.job, ScheduledJob, f"{item.place}: job")
        if item.next_slot and item.job.status not in (JobStatus.PENDING, JobStatus.SCHEDULED):
            raise ValidationError(
                f"{item.place}: a job that is {item.job.status} takes no slot", field="next_slot"
            )
        newcomers.append((item.place, c.Import(job_id=item.job.job_id, job=item)))
    return newcomers


def wrong_kind(value: object, kind: type, label: str) -> ValidationError:
    name = kind.__name__
    article = "an" if name[0] in "AEIOU" else "a"
    return ValidationError(
        f"{label} must be {article} {name}, not {type(value).__name__}", field="jobs"
    )


def used_before(job_id: str) -> ValidationError:
    """Return the error for an id that the ledger knows already."""
    return ValidationError(
        f"job_id {job_id!r} was used before",
        field="job_id",
        hint="an id is never used twice, not even after its job was removed",
    )


def in_zone(command: c.Add | c.Import, zone: ZoneInfo) -> c.Add | c.Import:
    """Return the same command with its naive times taken in a zone."""
    replace = msgspec.structs.replace
    if isinstance(command, c.Add):
        given = command.job.scheduled_time
        is_plain = type(given) is datetime and given.tzinfo is UTC  # as most are
        if is_plain or isinstance(given, NextSlot):
            return command
        moment = to_aware(given, zone)
        if moment is given:
            return command
        return replace(command, job=replace(command.job, scheduled_time=moment))
    job = command.job.job
    times = {name: to_aware(getattr(job, name), zone) for name in TIMES}
    if all(moment is getattr(job, name) for name, moment in times.items()):
        return command
    return replace(command, job=replace(command.job, job=replace(job, **times)))


def labelled(error: ValidationError, label: int | str | None) -> ValidationError:
    """Return the error of one job of several, saying of which."""
    if label is None:
        return error
    return type(error)(
        f"{named(label)}: {error.message}",
        field=error.field,
        hint=error.advice,
        remedy=error.remedy,
    )


def named(label: int | str | None) -> str | None:
    return f"jobs[{label}]" if isinstance(label, int) else label
