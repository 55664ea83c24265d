"""The queue of an account at a ledger: which slots are coming, and which jobs have them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from ...domain import JobStatus, ScheduledJob, Slots, ValidationError, ZoneClock
from ...ledger import Ledger, LedgerView, load_zone
from .queue_places import QueuePlace, minute_of, places

_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING)
_FURTHEST = timedelta(days=365)


def slots_of(ledger: Ledger | LedgerView, account_id: str) -> Slots:
    """Return the slots of an account.

    Raises:
        ValidationError: it has none.
    """
    found = ledger.slots(account_id)
    if found is None or not found.week:
        having = ", ".join(each.account_id for each in ledger.all_slots()[:5])
        some = f"; these have some: {having}" if having else ""
        raise ValidationError(
            f"account {account_id!r:.60} has no slots",
            field="account_id",
            hint=f"`jobledger slots set {account_id} mon-fri 9:00,12:30` gives it some{some}",
        )
    return found


def coming_slots(slots: Slots, now: datetime) -> Iterator[datetime]:
    """Yield the moments of an account's slots from now on, as far as a job can be planned ahead."""
    moments = slots.after(now, ZoneClock(load_zone(slots.zone)))
    return takewhile(lambda at: at - now <= _FURTHEST, moments)


def queue_of(ledger: Ledger | LedgerView, slots: Slots, now: datetime) -> list[QueuePlace]:
    """Return all coming slots of an account, each with the jobs that have it."""
    return places(list(coming_slots(slots, now)), open_jobs(ledger, slots, now))


def open_jobs(ledger: Ledger | LedgerView, slots: Slots, now: datetime) -> list[ScheduledJob]:
    """Return the jobs of an account that are not over, from this minute on, by time."""
    return ledger.list_jobs(slots.account_id, _OPEN, due_from=minute_of(now), order="time")


def outside(ledger: Ledger | LedgerView, slots: Slots, queue: list[QueuePlace]) -> int:
    """Count the jobs of an account that wait, and have no coming slot."""
    inside = sum(len(place.jobs) for place in queue)
    return len(ledger.list_jobs(slots.account_id, _OPEN)) - inside
