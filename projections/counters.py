"""Counters: what has happened since the first event of the log, as numbers that only grow.

They are folded like all else from the events alone, and are in the snapshot with the state that
they belong to: so they survive a restart, and are the same from any process. What they are counted
by is bounded: of platforms, classes of errors, schedules the first ones to be met have a name of
their own, and all further ones are `other`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import msgspec

from ..domain import (
    SCHEDULE_KEY,
    Event,
    JobAdded,
    JobCompleted,
    JobExpired,
    JobFailed,
    JobInterrupted,
    JobRetried,
    JobStarted,
    Moment,
    ScheduledJob,
    SchedulePlanned,
)
from ..instrumentation import Histogram
from .projection import Change, Folded
from .seen import SeenChange, ran_s, see, waited_s

COUNTING = 1
"""The number of this way of counting. What another one has counted is counted anew, from the log:
raise it with any change of what is counted, or by what."""
MOST_PLATFORMS, MOST_ERRORS, MOST_SCHEDULES, MOST_ACCOUNTS = 20, 40, 100, 100
REFUSED = "refused"
"""The class of an error that only says, in words, that the post was not taken."""
OTHER = "other"
"""What is counted under no name of its own."""
DELAY_BOUNDS_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
DURATION_BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

_HOURS_KEPT = 48
_NOTHING, _AN_HOUR = timedelta(), timedelta(hours=1)
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_ENDS = frozenset({"completed", "failed", "retried", "interrupted"})
_CLASS = re.compile(r"(?:asking failed: )?([A-Za-z_][A-Za-z0-9_.]{0,79})(?=: |$)")
_STATUS = re.compile(r"\bHTTP ([1-5]\d\d)\b")


class HourCount(msgspec.Struct, array_like=True):
    """How many attempts ended well in an hour, and how many did not."""

    completed: int = 0
    failed: int = 0


class NoToken(msgspec.Struct, frozen=True, array_like=True):
    """Since when nothing can be posted for an account, by the word of its publisher."""

    since: Moment
    error: str


class CountsOfLog(msgspec.Struct):
    """What was counted, up to the event `seq`.

    `attempts` that ended by platform and how, `failures` by platform and class of error,
    `misfires` by schedule. `hours` are the last ones in which attempts ended, counted from 1970.
    `no_token` are accounts whose last attempt could post nothing for want of a valid token.
    """

    counting: int = COUNTING
    seq: int = 0
    events: dict[str, int] = {}
    attempts: dict[str, dict[str, int]] = {}
    failures: dict[str, dict[str, int]] = {}
    errors: list[str] = []
    """The classes of errors that have a name of their own."""
    misfires: dict[str, int] = {}
    hours: dict[int, HourCount] = {}
    no_token: dict[str, NoToken] = {}
    start_delay: Histogram = msgspec.field(default_factory=lambda: Histogram.of(DELAY_BOUNDS_S))
    duration: Histogram = msgspec.field(default_factory=lambda: Histogram.of(DURATION_BOUNDS_S))

    @property
    def is_usable(self) -> bool:
        """Whether this release has counted so."""
        return (
            self.counting == COUNTING
            and len(self.start_delay.counts) == len(DELAY_BOUNDS_S) + 1
            and len(self.duration.counts) == len(DURATION_BOUNDS_S) + 1
        )

    def since(self, moment: datetime) -> HourCount:
        """Count how attempts have ended since a moment, by whole hours: also those that ended in
        the same hour before it."""
        first = _hour(moment)
        found = [count for hour, count in self.hours.items() if hour >= first]
        return HourCount(sum(one.completed for one in found), sum(one.failed for one in found))


class Counters:
    """The projection: `counts` is what it has counted so far."""

    name = "counters"

    def __init__(self) -> None:
        self.counts = CountsOfLog()

    def take(self, event: Event, change: Change | None) -> None:
        """Take in an event: the change of a job that it made, where it is of one."""
        if change is None:
            self.apply_schedule(event)
        else:
            self.apply(change)

    def apply_all(self, changes: Sequence[Folded]) -> None:
        """Take in many changes, as `apply` does each.

        What has no bearing on how another one is counted is counted together: a start, and the end
        of an attempt that is out, of a platform with a name of its own.
        """
        if not changes:
            return
        counts, attempts = self.counts, self.counts.attempts
        counts.seq = changes[-1][0].seq
        waited: list[timedelta] = []
        completed: list[tuple[datetime, ScheduledJob]] = []
        for event, before, after in changes:
            kind = type(event.data)
            if kind is JobAdded:
                continue
            if before is not None and kind is JobStarted:
                waited.append(event.at - before.scheduled_time)
            elif before is not None and kind is JobCompleted and not counts.no_token:
                if before.platform in attempts:
                    completed.append((event.at, before))
                else:
                    self._completed(Change(event, before, after))
            elif kind is JobCompleted:
                self._completed(Change(event, before, after))
            else:
                self._count_rest(Change(event, before, after))
        for name, number in Counter([event.type for event, *_ in changes]).items():
            _count(counts.events, name, number)
        counts.start_delay.add_all(_not_below_zero(waited), DELAY_BOUNDS_S)
        self._complete_all(completed)

    def _complete_all(self, attempts: Sequence[tuple[datetime, ScheduledJob]]) -> None:
        ran = [at - job.started_at for at, job in attempts if job.started_at is not None]
        self.counts.duration.add_all(_not_below_zero(ran), DURATION_BOUNDS_S)
        for platform, number in Counter([job.platform for _, job in attempts]).items():
            _count(self.counts.attempts[platform], "completed", number)
        begin = end = _BEFORE_ALL
        for at, _ in attempts:
            if not begin <= at < end:  # mostly many are of one hour
                number = _hour(at)
                hour, begin = self._hour(number), _EPOCH + number * _AN_HOUR
                end = begin + _AN_HOUR
            hour.completed += 1

    def apply(self, change: Change) -> None:
        """Take in what has happened to a job."""
        counts, event = self.counts, change.event
        counts.seq = event.seq
        _count(counts.events, event.type)
        kind = type(event.data)
        # Of these three, which are all of most lives, nothing else is counted.
        if kind is JobAdded:
            return
        if kind is JobStarted:
            counts.start_delay.add(waited_s(change), DELAY_BOUNDS_S)
        elif kind is JobCompleted:
            self._completed(change)
        else:
            self._count_rest(change)

    def _completed(self, change: Change) -> None:
        job = change.before
        assert job is not None
        self._end(job.platform, "completed", ran_s(change))
        self._hour(_hour(change.event.at)).completed += 1
        self.counts.no_token.pop(job.account_id, None)

    def _count_rest(self, change: Change) -> None:
        event, seen = change.event, see(change)
        if seen.counts and seen.counts[0] in _ENDS:
            self._failed(change, seen)
        data, job = event.data, change.after or change.before
        assert job is not None
        if isinstance(data, JobExpired):
            if data.schedule == "misfired" and job.schedule is not None:
                self._misfired(job.schedule.schedule_id, 1)
        elif isinstance(data, JobRetried) and data.of_account:
            self._no_token(job, event.at, data.error)

    def apply_schedule(self, event: Event) -> None:
        """Take in what has happened to a schedule, or to the slots of an account."""
        counts, data = self.counts, event.data
        counts.seq = event.seq
        counts.events[event.type] = counts.events.get(event.type, 0) + 1
        if isinstance(data, SchedulePlanned) and data.missed:
            self._misfired(event.job_id.removeprefix(SCHEDULE_KEY), data.missed)

    def _failed(self, change: Change, seen: SeenChange) -> None:
        """Count an attempt that was made and has not ended well."""
        counts, event, job = self.counts, change.event, change.before
        assert job is not None
        assert seen.error is not None
        outcome = "unknown" if "outcome_unknown" in seen.counts else seen.counts[0]
        platform = self._end(job.platform, outcome, seen.running_s)
        error = _named(_class_of(event.data, seen.error), counts.errors, MOST_ERRORS)
        if error != OTHER and error not in counts.errors:
            counts.errors.append(error)
        _count(counts.failures.setdefault(platform, {}), error)
        # Who stops a runner is no failure.
        is_stop = isinstance(event.data, JobInterrupted) and event.data.reason == "stopped"
        self._hour(_hour(event.at)).failed += not is_stop

    def _end(self, platform: str, outcome: str, running_s: float | None) -> str:
        """Count the end of an attempt; return under which name its platform is counted."""
        attempts = self.counts.attempts
        if platform not in attempts:  # seldom
            platform = _named(platform, attempts, MOST_PLATFORMS)
            attempts.setdefault(platform, {})
        _count(attempts[platform], outcome)
        if running_s is not None:
            self.counts.duration.add(running_s, DURATION_BOUNDS_S)
        return platform

    def _hour(self, number: int) -> HourCount:
        """Return the count of an hour; the oldest one is dropped where they are too many.

        So the newest of all that were met are kept, in whatever order they came."""
        hours = self.counts.hours
        hour = hours.get(number)
        if hour is None:
            hour = hours[number] = HourCount()
            if len(hours) > _HOURS_KEPT:
                del hours[min(hours)]
        return hour

    def _misfired(self, schedule_id: str, count: int) -> None:
        misfires = self.counts.misfires
        _count(misfires, _named(schedule_id, misfires, MOST_SCHEDULES), count)

    def _no_token(self, job: ScheduledJob, at: datetime, error: str) -> None:
        known = self.counts.no_token
        if job.account_id not in known and len(known) < MOST_ACCOUNTS:
            known[job.account_id] = NoToken(at, error)

    def capture(self) -> CountsOfLog:
        """Copy what was counted so far, for `restore`."""
        return deepcopy(self.counts)

    def restore(self, counts: CountsOfLog) -> None:
        """Have what another one has counted, and nothing else."""
        self.counts = counts


def error_class(error: str) -> str:
    """Return the class of an error that a job has: the name of what was raised, or the status that
    an HTTP server answered with, and else `refused`: never a text of somebody else's."""
    named = _CLASS.match(error)
    if named is not None and _is_class(named[1]):
        return named[1]
    status = _STATUS.search(error)
    return REFUSED if status is None else f"http_{status[1]}"


def _class_of(data: object, error: str) -> str:
    """Return the class of the error that an attempt has ended with."""
    if isinstance(data, JobRetried) and data.of_account:
        return "no_valid_token"
    found = error_class(error)
    if found != REFUSED:
        return found
    if isinstance(data, JobInterrupted):
        return data.reason
    return "outcome_unknown" if isinstance(data, JobFailed) and data.outcome_unknown else found


def _is_class(name: str) -> bool:
    """Whether a word is rather the name of a class than the first one of a sentence."""
    last = name.rpartition(".")[2]
    if last in ("Exception", "Error", "Timeout"):
        return True
    return last[:1].isupper() and any(map(str.isupper, last[1:])) and not last.isupper()


def _named(name: str, known: Iterable[str], most: int) -> str:
    """Return under which name something is counted: its own, while there is room for one."""
    names = list(known)
    return name if name in names or len(names) < most else OTHER


def _count(counted: dict[str, int], name: str, more: int = 1) -> None:
    counted[name] = counted.get(name, 0) + more


def _not_below_zero(durations: list[timedelta]) -> list[timedelta]:
    """As `seen` has them: the clock may have gone back in between."""
    if min(durations, default=_NOTHING) >= _NOTHING:
        return durations
    return [max(duration, _NOTHING) for duration in durations]


def _hour(at: datetime) -> int:
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return 24 * (in_utc.toordinal() - _FIRST_DAY) + in_utc.hour


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = _EPOCH.toordinal()


def merged_counts(every: Iterable[CountsOfLog]) -> CountsOfLog:
    """Return what several chains have counted together; there `hours` may be kept of more."""
    found = CountsOfLog()
    for one in every:
        found.seq += one.seq
        _add(found.events, one.events)
        _add(found.misfires, one.misfires)
        for mine, theirs in ((found.attempts, one.attempts), (found.failures, one.failures)):
            for platform, counted in theirs.items():
                _add(mine.setdefault(platform, {}), counted)
        for hour, count in one.hours.items():
            sum_of = found.hours.setdefault(hour, HourCount())
            sum_of.completed += count.completed
            sum_of.failed += count.failed
        found.no_token |= one.no_token
        found.start_delay = found.start_delay.plus(one.start_delay)
        found.duration = found.duration.plus(one.duration)
    return found


def _add(sums: dict[str, int], counted: dict[str, int]) -> None:
    for name, count in counted.items():
        _count(sums, name, count)
