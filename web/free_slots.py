"""Free slots of an account between two moments, by looking at the jobs between them alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from .. import At, JobStatus, Ledger, LedgerView, Slots

MOST_READ = 1_000
"""So many jobs are looked at; of what is behind them nothing is said to be free."""
_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING)


def free_between(
    ledger: Ledger, queries: Ledger | LedgerView, slots: Slots, begin: datetime, end: datetime
) -> list[datetime]:
    """Return the slots of an account from `begin` on and before `end`, in order, in whose minute
    it has no open job."""
    moments = _moments(ledger, slots, begin, end)
    if not moments:
        return []
    jobs = queries.list_jobs(
        slots.account_id,
        _OPEN,
        due_from=_minute(moments[0]),
        due_to=_minute(moments[-1]) + timedelta(minutes=1),
        order="time",
        limit=MOST_READ + 1,
    )
    taken = {_minute(job.scheduled_time) for job in jobs}
    last = jobs[-1].scheduled_time if len(jobs) > MOST_READ else None
    return [at for at in moments if _minute(at) not in taken and (last is None or at < last)]


def _moments(ledger: Ledger, slots: Slots, begin: datetime, end: datetime) -> list[datetime]:
    weeks = (end - begin) // timedelta(7) + 2
    found = set()
    for day, times in slots.week.items():
        rule = At(times, (day,))
        most = min(weeks * len(times), 1000)
        before = begin - timedelta(microseconds=1)
        for one in ledger.preview(rule, zone=slots.zone, after=before, count=most):
            if one.at < end:
                found.add(one.at)
    return sorted(found)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
