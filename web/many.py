"""One change of many jobs: which are meant, which of them allow it, and what was seen of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from .. import JobNotFoundError, Ledger, LedgerView, ScheduledJob, ValidationError
from .filtering import JobFilter, read_filter
from .local_time import moment_of
from .roles import ACTIONS, Role, may

BulkName = Literal["hold", "release", "reschedule", "cancel", "requeue", "remove"]
MANY: tuple[BulkName, ...] = ("hold", "release", "reschedule", "cancel", "requeue", "remove")
"""What can be done to many at once."""
MOST = 1000
"""So many at once, at most."""
_MOST_DAYS = 366
Reason = Literal["state", "role", "clock"]
S = TypeVar("S", bound=str)


class ManyAsked(NamedTuple):
    """What is asked for many jobs: the action, and of which: those that were ticked (ids), or where
    `ticked` is None all that match. `days`: how far to move them."""

    action: BulkName
    ticked: tuple[str, ...] | None
    filter: JobFilter
    days: int

    def select(self, queries: Ledger | LedgerView) -> dict[str, ScheduledJob]:
        """Return the jobs that are meant, by their ids; one more than `MOST` where there are."""
        if self.ticked is not None:
            return queries.get_jobs(self.ticked)
        return {job.job_id: job for job in self.filter.select(queries, limit=MOST + 1)}


class LeftOut(NamedTuple):
    """A job that is left out: its state does not allow the action, the role does not, or clocks
    change so that it cannot keep its time of day together with the others."""

    job: ScheduledJob
    reason: Reason


class ManyFound(NamedTuple):
    """What was found: the jobs to change, those left out, the ids that nobody has any more, and by
    how much each moves; `digest` stands for all of it, with the version of each."""

    jobs: list[ScheduledJob]
    left_out: list[LeftOut]
    gone: list[str]
    shift: timedelta | None
    is_too_many: bool
    digest: str

    @property
    def all(self) -> int:
        """How many there are altogether."""
        return len(self.jobs) + len(self.left_out) + len(self.gone)

    @property
    def versions(self) -> dict[str, int | None]:
        """The jobs to change, each at the version that was found."""
        return {job.job_id: job.version for job in self.jobs}


class Stirred(NamedTuple):
    """A job that is not what it was when the list was seen, and how it differs; None: removed."""

    job_id: str
    how: Literal["added", "removed", "changed"]
    job: ScheduledJob | None


def read_many(values: Callable[[str], list[str]]) -> ManyAsked:
    """Return what an address or a form asks for; `values` gives all values of a name.

    Raises:
        ValidationError: it is nothing that can be done to many; `field` says why.
    """
    action = _of(values, "action", MANY)
    which = _of(values, "which", ("ticked", "all"))
    days = (values("days") or ["1"])[-1].strip()
    try:
        number = int(days) if len(days) < 6 else 0
    except ValueError:
        number = 0
    if not number or abs(number) > _MOST_DAYS:
        raise ValidationError(
            f"days {days!r:.20} is no number of days",
            field="days",
            hint=f"1 to {_MOST_DAYS}, or with a minus to go back",
        )
    ticked = tuple(dict.fromkeys(values("job"))) if which == "ticked" else None
    if ticked is not None and len(ticked) > MOST:
        raise ValidationError(f"more than {MOST} jobs are ticked", field="job")
    return ManyAsked(action, ticked, read_filter(values), number)


def _of(values: Callable[[str], list[str]], name: str, known: tuple[S, ...]) -> S:
    text = (values(name) or [""])[-1]
    for one in known:
        if one == text:
            return one
    raise ValidationError(f"{name} {text!r:.40} is none", field=name, hint=", ".join(known))


def find_many(
    asked: ManyAsked, queries: Ledger | LedgerView, role: Role, zone: ZoneInfo
) -> ManyFound:
    """Select what is asked for, and tell what can be done from what is left out."""
    found = asked.select(queries)
    if len(found) > MOST:
        return ManyFound(list(found.values())[:MOST], [], [], None, True, "")
    jobs, left_out = [], []
    for job in found.values():
        if job.status not in ACTIONS[asked.action].states:
            left_out.append(LeftOut(job, "state"))
        elif not may(role, asked.action, job.status):  # rule: role-of-each-job
            left_out.append(LeftOut(job, "role"))
        else:
            jobs.append(job)
    shift = None
    if asked.action == "reschedule":
        shifts = {job.job_id: _shift(job, asked.days, zone) for job in jobs}
        usual = Counter(each for each in shifts.values() if each is not None).most_common(1)
        shift = usual[0][0] if usual else timedelta(days=asked.days)
        left_out += [LeftOut(job, "clock") for job in jobs if shifts[job.job_id] != shift]
        jobs = [job for job in jobs if shifts[job.job_id] == shift]
    gone = [job_id for job_id in asked.ticked or () if job_id not in found]
    return ManyFound(jobs, left_out, gone, shift, False, _digest(asked, jobs, left_out, gone))


def _shift(job: ScheduledJob, days: int, zone: ZoneInfo) -> timedelta | None:
    """Return by how much a job moves that keeps its local time of day; None where that time is not
    there on that day, or twice."""
    try:
        local = job.scheduled_time.astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
        found = moment_of(local, zone)
    except OverflowError:
        return None
    return found.at - job.scheduled_time if found.oddity is None else None


def _digest(
    asked: ManyAsked, jobs: list[ScheduledJob], left_out: list[LeftOut], gone: list[str]
) -> str:
    lines = [f"{asked.action} {asked.days}"]
    lines += sorted(f"+ {job.job_id} {job.version}" for job in jobs)
    lines += sorted(f"- {job.job_id} {job.version}" for job, _ in left_out)
    lines += sorted(f"? {job_id!r}" for job_id in gone)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def stirred(ledger: Ledger, asked: ManyAsked, seen: str) -> list[Stirred]:
    """Return in what the jobs that are asked for differ from those of the moment (`seen`, the
    number of an event) at which somebody looked; nothing where that is no moment."""
    if not (seen.isascii() and seen.isdecimal() and len(seen) < 16 and int(seen) <= ledger.seq):
        return []
    was, now = asked.select(ledger.as_of(int(seen))), asked.select(ledger)
    found = [Stirred(job_id, "added", job) for job_id, job in now.items() if job_id not in was]
    found += [Stirred(job_id, "removed", _still(ledger, job_id)) for job_id in was.keys() - now]
    found += [
        Stirred(job_id, "changed", job)
        for job_id, job in now.items()
        if job_id in was and was[job_id].version != job.version
    ]
    return found


def _still(ledger: Ledger, job_id: str) -> ScheduledJob | None:
    try:
        return ledger.get_job(job_id)  # it is there, and does not match any more
    except JobNotFoundError:
        return None


def accounts_of(jobs: list[ScheduledJob]) -> Mapping[str, int]:
    """Count jobs by their accounts, most first."""
    return dict(Counter(job.account_id for job in jobs).most_common())


def unsure(found: ManyFound) -> int:
    """How many of them may be out without anybody knowing."""
    return sum(job.outcome_unknown for job in found.jobs)


def due_by(found: ManyFound, now: datetime) -> int:
    """How many of them are due already, when they are where the change puts them."""
    shift = found.shift or timedelta()
    return sum(job.scheduled_time + shift <= now for job in found.jobs)
