"""Changing many jobs in one write: what is done to each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from ..domain import ScheduledJob, ValidationError
from ..domain import commands as c
from .versions import MeantChange
from .zone import to_aware

BulkAction = Literal["hold", "release", "cancel", "requeue", "reschedule", "remove"]
BULK_ACTIONS: tuple[BulkAction, ...] = get_args(BulkAction)


def bulk_changes(
    action: BulkAction,
    jobs: Iterable[str] | Mapping[str, int | None],
    zone: ZoneInfo,
    *,
    reason: str,
    shift: timedelta | None,
    times: Mapping[str, datetime] | None,
    scheduled_time: datetime | None,
) -> list[MeantChange]:
    """Return what is meant with `Ledger.change_jobs`.

    Raises:
        ValidationError: an argument is not acceptable, or one is missing or of another action.
    """
    if isinstance(jobs, str):
        raise ValidationError("jobs must be several ids, not a text", field="jobs")
    versions = dict(jobs) if isinstance(jobs, Mapping) else dict.fromkeys(jobs)
    if times is not None:
        _check_times(times, versions)
    make = _making(action, zone, reason, shift, times, scheduled_time)
    return [MeantChange(job_id, version, make) for job_id, version in versions.items()]


def _making(
    action: BulkAction,
    zone: ZoneInfo,
    reason: str,
    shift: timedelta | None,
    times: Mapping[str, datetime] | None,
    scheduled_time: datetime | None,
) -> Callable[[ScheduledJob], c.Command]:
    if action not in BULK_ACTIONS:
        raise ValidationError(
            f"action {action!r} is none", field="action", hint=", ".join(BULK_ACTIONS)
        )
    given = {"reason": reason != "", "shift": shift is not None, "times": times is not None}
    given["scheduled_time"] = scheduled_time is not None
    _check_given(action, given)
    if times is not None:
        moments = {job_id: to_aware(moment, zone) for job_id, moment in times.items()}
        return lambda job: c.Reschedule(scheduled_time=moments[job.job_id])
    if shift is not None:
        if not isinstance(shift, timedelta):
            raise ValidationError(f"shift must be a timedelta, not {shift!r}", field="shift")
        return lambda job: c.Reschedule(scheduled_time=_shifted(job, shift))
    if scheduled_time is not None:
        requeue = c.Requeue(scheduled_time=to_aware(scheduled_time, zone))
        return lambda job: requeue
    commands: Mapping[str, c.Command] = {
        "hold": c.Hold(),
        "release": c.Release(),
        "cancel": c.Cancel(reason=reason),
        "remove": c.Remove(),
    }
    command = commands[action]
    return lambda job: command


def _check_given(action: BulkAction, given: Mapping[str, bool]) -> None:
    """Check that what an action needs is given, and nothing of another one."""
    takes = {
        "cancel": ("reason",),
        "reschedule": ("shift", "times"),
        "requeue": ("scheduled_time",),
    }.get(action, ())
    for name, is_given in given.items():
        if is_given and name not in takes:
            raise ValidationError(f"{action} has no {name}", field=name)
    found = [name for name in takes if given[name]]
    if len(found) > 1:
        raise ValidationError("give a shift, or times, not both", field="times")
    if takes and not found and action != "cancel":
        needed = takes[0]
        raise ValidationError(f"{action} needs a {needed}", field=needed)


def _check_times(times: object, jobs: Mapping[str, int | None]) -> None:
    """Check that each job has a time, and each time a job: a slip is not to move half of them."""
    if not isinstance(times, Mapping):
        raise ValidationError("times must say a time by each job's id", field="times")
    for name, one, other in (("no time", jobs, times), ("no job", times, jobs)):
        lacking = next((job_id for job_id in one if job_id not in other), None)
        if lacking is not None:
            raise ValidationError(f"{lacking!r:.60} has {name} in this change", field="times")


def _shifted(job: ScheduledJob, shift: timedelta) -> datetime:
    try:
        return job.scheduled_time + shift
    except OverflowError:
        raise ValidationError(f"job {job.job_id} cannot be moved so far", field="shift") from None
