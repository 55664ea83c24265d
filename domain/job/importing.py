"""Taking over a job from elsewhere: what of its state is acceptable, and as which event.

Times of the past are accepted however old: the job is history there. What would break a promise of
the lifecycle here is refused, such as a job that is completed at no time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ..errors import InvalidScheduleTimeError, ValidationError
from ..times import in_utc, is_naive
from ..validation import (
    SCHEDULE_WINDOW,
    check_checkpoint_name,
    check_count,
    check_flag,
    check_json,
    check_optional_text,
    check_timeout,
    clean_text,
)
from .doubt import Doubt
from .events import Imported, JobAdded
from .said import check_said
from .state import ImportedJob, JobStatus, ScheduledJob

MAX_TEXT_CHARS = 20_000
"""Of `error`, `thread_id` and `status_message`: a traceback may be long."""
MAX_CHECKPOINTS_BYTES = 512 * 1024
_MAX_SOURCE_CHARS = 1000
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

TIMES = ("scheduled_time", "created_at", "started_at", "completed_at", "deferred_until")
"""The fields of a job that are times."""
_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED)
_TRIED = (JobStatus.RUNNING, JobStatus.COMPLETED, JobStatus.FAILED)


def least_attempt(status: JobStatus, retry_count: int) -> int:
    """Return the number of the latest attempt where a job does not say it: as few as there can
    be."""
    return retry_count + 1 if status in _TRIED else retry_count


def take_over(item: ImportedJob, now: datetime) -> JobAdded:
    """Return the event that gives the ledger this job as it is.

    `created_at` may be missing, and so may the `started_at` of a running job: both are then the
    time of the event. An `attempt` of 0 is not known, and taken as `least_attempt`.

    Raises:
        ValidationError: of the first field that is not acceptable.
        InvalidScheduleTimeError: where that field is `scheduled_time`.
    """
    job = item.job
    status = _status(job.status)
    retry_count = check_count(job.retry_count, "retry_count")
    attempt = check_count(job.attempt, "attempt") or least_attempt(status, retry_count)
    timeout_s = _timeout_s(job.publish_timeout_s)
    facts: dict[str, Any] = {name: _time(getattr(job, name), name) for name in TIMES[1:]}
    facts |= {
        name: check_optional_text(getattr(job, name), name, MAX_TEXT_CHARS) for name in _TEXTS
    }
    doubt = _doubt(job.doubt)
    doubted = check_count(job.doubted_attempt, "doubted_attempt")
    scheduled_time = _scheduled_time(job.scheduled_time, status, now)
    _check_state(job, status, attempt)
    return JobAdded(
        scheduled_time=scheduled_time,
        hold=status is JobStatus.PENDING,
        publish_timeout_s=timeout_s,
        imported=Imported(
            source=clean_text(item.source, _MAX_SOURCE_CHARS),
            line=None if item.line is None else check_count(item.line, "line"),
            status=status,
            retry_count=retry_count,
            attempt=attempt,
            in_doubt=doubt.in_doubt,
            exhausted=doubt.exhausted,
            may_be_out=doubt.may_be_out,
            outcome_unknown=doubt.outcome_unknown,
            doubted_attempt=doubted or (attempt if doubt.in_doubt else 0),
            reconcilable=check_flag(job.reconcilable, "reconcilable"),
            checkpoints=_checkpoints(job.checkpoints),
            **facts,
        ),
        # What is over, or under way, was posted by other rules: it is history, and not refused.
        **check_said(job, lenient=item.lenient or status not in _OPEN),
    )


def as_it_was(past: Imported, at: datetime) -> dict[str, Any]:
    """Return the state that an imported job brings with it, field by field; `at` is the time of its
    event."""
    state: dict[str, Any] = {name: getattr(past, name) for name in _AS_IT_WAS}
    state["doubt"] = Doubt.of(
        in_doubt=past.in_doubt,
        exhausted=past.exhausted,
        may_be_out=past.may_be_out,
        outcome_unknown=past.outcome_unknown,
    )
    if past.created_at is None:
        state["created_at"] = at
    if past.status is JobStatus.RUNNING and past.started_at is None:
        state["started_at"] = at  # without it nobody could ever find it stuck
    return state


_AS_IT_WAS = tuple(
    name for name in Imported.__struct_fields__ if name in ScheduledJob.__struct_fields__
)
"""What an import takes over field by field; its doubt is made of several."""

_TEXTS = ("error", "thread_id", "status_message")


def stated_doubt(facts: Mapping[str, object]) -> Doubt:
    """Return the doubt that a job has elsewhere, where the facts of it are told one by one.

    Raises:
        ValidationError: one is neither true nor false, or two cannot be together.
    """
    flags = {name: check_flag(value, name) for name, value in facts.items()}
    doubt = Doubt.of(**flags)
    for name, value in flags.items():
        if value is not getattr(doubt, name):
            raise _refuse(name, _ALONE[name])
    return doubt


_ALONE = {
    "in_doubt": "is settled for a job that is failed with its outcome unknown",
    "exhausted": "is of jobs that are in_doubt",
}
"""Why a fact does not hold beside the others that are told."""


def _check_state(job: ScheduledJob, status: JobStatus, attempt: int) -> None:
    """Check that a job's fields go with its status.

    Raises:
        ValidationError: a field does not go with the job's status: the lifecycle never leads there.
    """
    said = status.value
    done = status is JobStatus.COMPLETED
    if done and job.completed_at is None:
        raise _refuse("completed_at", "must be there for a job that is completed")
    if not done and job.completed_at is not None:
        raise _refuse("completed_at", f"must not be there for a job that is {said}")
    if job.outcome_unknown and status is not JobStatus.FAILED:
        raise _refuse("outcome_unknown", f"is of failed jobs, and this one is {said}")
    if job.in_doubt and status in (JobStatus.COMPLETED, JobStatus.FAILED):
        raise _refuse("in_doubt", f"is settled for a job that is {said}")
    if job.may_be_out and done:
        raise _refuse("may_be_out", "is settled for a job that is completed")
    if job.in_doubt and not attempt:
        raise _refuse("in_doubt", "needs the number of an attempt")
    if job.deferred_until is not None and status is not JobStatus.SCHEDULED:
        raise _refuse("deferred_until", f"is of scheduled jobs, and this one is {said}")


def _status(value: object) -> JobStatus:
    if not isinstance(value, JobStatus):
        raise _refuse("status", f"must be a JobStatus, not {value!r:.60}")
    return value


def _doubt(value: object) -> Doubt:
    if not isinstance(value, Doubt):
        raise _refuse("doubt", f"must be a Doubt, not {value!r:.60}")
    return value


def _scheduled_time(value: object, status: JobStatus, now: datetime) -> datetime:
    moment = _time(value, "scheduled_time")
    if moment is None:
        raise InvalidScheduleTimeError("scheduled_time is missing", field="scheduled_time")
    if status in _OPEN and moment - now > SCHEDULE_WINDOW:
        raise InvalidScheduleTimeError(
            f"scheduled_time of a {status.value} job must be at most a year from now"
            f" ({now:%Y-%m-%d %H:%M} UTC), not {moment.isoformat()}",
            field="scheduled_time",
        )
    return moment


def _time(value: object, field: str) -> datetime | None:
    """Return an aware time in UTC that every time zone's calendar has."""
    if value is None:
        return None
    kind = InvalidScheduleTimeError if field == "scheduled_time" else ValidationError
    if not isinstance(value, datetime) or is_naive(value):
        raise kind(f"{field} must be a time with a time zone, not {value!r:.60}", field=field)
    try:
        moment = in_utc(value)
    except ValueError:
        moment = None
    if moment is None or not _FIRST <= moment < _LAST:
        raise kind(f"{field} must be from 1900 to 8999, not {value!s:.60}", field=field)
    return moment


def _timeout_s(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse("publish_timeout_s", f"must be a number, not {value!r:.60}")
    try:
        check_timeout(timedelta(seconds=value), "publish_timeout_s")
    except (OverflowError, ValueError):  # NaN
        raise _refuse("publish_timeout_s", f"must be at most a year, not {value!r}") from None
    return float(value)


def _checkpoints(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refuse("checkpoints", f"must be a dict, not {value!r:.60}")
    copy = {
        check_checkpoint_name(name, "checkpoints"): check_json(item, f"checkpoints.{name}")
        for name, item in value.items()
    }
    size = len(msgspec.json.encode(copy)) if copy else 0
    if size > MAX_CHECKPOINTS_BYTES:
        fault = f"must be at most {MAX_CHECKPOINTS_BYTES} bytes as JSON, not {size}"
        raise _refuse("checkpoints", fault)
    return copy


def _refuse(field: str, fault: str) -> ValidationError:
    return ValidationError(f"{field} {fault}", field=field)
