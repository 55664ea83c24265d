"""Which jobs a list is asked for: the arguments of `list_jobs`, checked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

from ..domain import (
    JobPlace,
    JobStatus,
    ScheduledJob,
    ValidationError,
    folded,
)
from ..projections import Choice, ListOrder
from .zone import to_utc

AskedStatus = JobStatus | Collection[JobStatus]
"""One status, or some."""


def to_choice(
    account_id: str | None,
    status: AskedStatus | None,
    *,
    due_from: datetime | None,
    due_to: datetime | None,
    text: str | None,
    outcome_unknown: bool,
    order: ListOrder,
    limit: int | None,
    zone: ZoneInfo,
) -> Choice:
    """Return what is asked for; naive times are of `zone`.

    Raises:
        ValidationError: an argument is not acceptable; names it.
    """
    if account_id is not None and not isinstance(account_id, str):
        raise _refuse("account_id", "a text", account_id)
    if text is not None and not isinstance(text, str):
        raise _refuse("text", "a text", text)
    if not isinstance(outcome_unknown, bool):
        raise _refuse("outcome_unknown", "a bool", outcome_unknown)
    if order not in get_args(ListOrder):
        raise _refuse("order", f"one of {', '.join(get_args(ListOrder))}", order)
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise _refuse("limit", "an int of at least 1", limit)
    return Choice(
        account_id=account_id,
        statuses=_statuses(status),
        due_from=None if due_from is None else to_utc(due_from, zone, "due_from"),
        due_to=None if due_to is None else to_utc(due_to, zone, "due_to"),
        text="" if text is None else folded(text),
        outcome_unknown=outcome_unknown,
        order=order,
        limit=limit,
    )


def _statuses(status: AskedStatus | None) -> frozenset[JobStatus] | None:
    if status is None:
        return None
    if isinstance(status, str) or not isinstance(status, Collection):
        status = (status,)
    found = set()
    for each in status:
        try:
            found.add(JobStatus(each))
        except ValueError:
            raise ValidationError(
                f"status must be a JobStatus, not {each!r:.60}", field="status"
            ) from None
    return frozenset(found)


def to_place(after: object, find: Callable[[str], ScheduledJob | None]) -> JobPlace | None:
    """Return the place that a list goes on behind: that of a job, of its cursor, or of the job that
    has an id now.

    Raises:
        ValidationError: it is none of them, or there is no job of this id.
    """
    if after is None:
        return None
    if isinstance(after, ScheduledJob):
        return JobPlace.of(after)
    if not isinstance(after, str):
        raise _refuse("after", "a job, its cursor or its id", after)
    try:
        place = JobPlace.read(after)
    except ValueError:
        raise _refuse("after", "a cursor as a job has it", after) from None
    if place is not None:
        return place
    job = find(after)
    if job is None:
        raise ValidationError(
            f"after: there is no job {after!r:.80} in this ledger",
            field="after",
            hint="a job's cursor goes on behind it also when it has been removed",
        )
    return JobPlace.of(job)


def _refuse(field: str, wanted: str, value: object) -> ValidationError:
    return ValidationError(f"{field} must be {wanted}, not {value!r:.60}", field=field)
