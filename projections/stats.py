"""Figures: what happened to the jobs of a ledger, from its events alone.

Everything is counted in all, and by account, platform and local day (of the event's time, in the
ledger's zone), so the parts of each add up to the whole. What each figure means is in `figures`.

A window of time restricts what is counted, never what is folded: the states are those after the
last event at or before `until`, as `Ledger.as_of(until)` has them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from ..domain import Event, JobExpired, JobStatus, ScheduledJob, first_line, grouped
from .board import Board
from .figures import Day, ErrorGroup, Share, StatsReport, Tally, spread
from .projection import Change
from .replay import changes
from .schedule_figures import ScheduleFigures
from .seen import SeenChange, see
from .window import StatesAtEnd, Window

TOP_ERRORS = 10


class Stats:
    """The projection: applies changes in order, and what happens to schedules between them;
    `report` is what they amount to.

    `since` and `until` are inclusive and aware; `accounts` and `platform`, where there are any,
    leave out the jobs and schedules of all others. Memory grows with the number of attempts (32 to
    64 bytes each), not with the log.
    """

    name = "stats"

    def __init__(
        self,
        zone: ZoneInfo,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        accounts: Collection[str] = (),
        platform: str | None = None,
    ) -> None:
        self._zone = zone
        self._window = Window(since=since, until=until, accounts=accounts, platform=platform)
        self._seq = 0
        self._events = 0
        self._total = _Counting()
        self._accounts: dict[str, _Counting] = {}
        self._platforms: dict[str, _Counting] = {}
        self._days: dict[str, _Counting] = {}
        self._errors: dict[str, _Errors] = {}
        self._states: StatesAtEnd[_Place] = StatesAtEnd()
        self._schedules = ScheduleFigures(self._window)

    def apply(self, change: Change) -> None:
        """Take in what has happened to a job."""
        event, window = change.event, self._window
        job = change.after or change.before
        assert job is not None
        chosen = window.is_of(job.account_id, job.platform)
        if chosen:
            self._states.move(_place(change.before), _place(change.after))
        self._reach(event)
        if chosen and window.is_not_over(event.at) and window.has_begun(event.at):
            self._count(change, job)

    def apply_schedule(self, event: Event) -> None:
        """Take in what has happened to a schedule, or to the slots of an account."""
        self._events += self._schedules.apply(event)
        self._reach(event)

    def _reach(self, event: Event) -> None:
        if self._window.is_not_over(event.at):
            self._seq = event.seq
            self._states.settle()
            self._schedules.settle()

    def _count(self, change: Change, job: ScheduledJob) -> None:
        self._events += 1
        day = change.event.at.astimezone(self._zone).date().isoformat()
        parts = (
            self._total,
            _part(self._accounts, job.account_id),
            _part(self._platforms, job.platform),
            _part(self._days, day),
        )
        seen = see(change)
        for part in parts:
            part.add(seen)
        if seen.error is not None:
            _part_of_errors(self._errors, seen.error).add(change.event, seen.error)
        if isinstance(change.event.data, JobExpired):
            self._schedules.apply_expired(job, change.event.at, change.event.data)

    def report(self, top_errors: int = TOP_ERRORS) -> StatsReport:
        """Return the figures of the events applied so far."""
        window = self._window
        ranked = sorted(self._errors.items(), key=lambda item: (-item[1].count, item[0]))
        shown = [errors.group(text) for text, errors in ranked[:top_errors]]
        states = self._by_state(lambda place: "").get("", {})
        return StatsReport(
            timezone=self._zone.key,
            since=window.since,
            until=window.until,
            account_id=next(iter(window.accounts)) if len(window.accounts) == 1 else None,
            account_ids=sorted(window.accounts),
            platform=window.platform,
            seq=self._seq,
            events=self._events,
            jobs=sum(states.values()),
            states={status.value: states.get(status, 0) for status in JobStatus},
            outcome_unknown=sum(
                count for place, count in self._states.counts.items() if place.outcome_unknown
            ),
            total=self._total.tally(),
            accounts=self._parts(self._accounts, lambda place: place.account_id),
            platforms=self._parts(self._platforms, lambda place: place.platform),
            days=[Day(day, counting.tally()) for day, counting in sorted(self._days.items())],
            schedules=self._schedules.states(),
            misfires=self._schedules.misfires(),
            errors=shown,
            other_errors=sum(errors.count for _, errors in ranked[top_errors:]),
        )

    def waiting_histogram(self, bounds_s: Sequence[float]) -> list[int]:
        """How many attempts waited less than each of the bounds, which ascend, and how many more.

        Each is counted once, under the first bound that it is below.
        """
        found = [0] * (len(bounds_s) + 1)
        for waited in self._total.waiting:
            found[bisect_right(bounds_s, waited)] += 1
        return found

    def _parts(
        self, counted: dict[str, _Counting], name_of: Callable[[_Place], str]
    ) -> list[Share]:
        states = self._by_state(name_of)
        return [
            Share(
                name,
                counted.get(name, _Counting()).tally(),
                {s.value: states[name][s] for s in JobStatus if s in states.get(name, ())},
            )
            for name in sorted({*counted, *states})
        ]

    def _by_state(self, name_of: Callable[[_Place], str]) -> dict[str, dict[JobStatus, int]]:
        found: dict[str, dict[JobStatus, int]] = {}
        for place, count in self._states.counts.items():
            if count:
                part = found.setdefault(name_of(place), {})
                part[place.status] = part.get(place.status, 0) + count
        return found


def gather(
    events: Iterable[Event],
    zone: ZoneInfo,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    accounts: Collection[str] = (),
    platform: str | None = None,
    top_errors: int = TOP_ERRORS,
    progress: Callable[[int], None] = lambda seq: None,
) -> StatsReport:
    """Return the figures of `events`, a whole log from its first one; `progress` gets each number.

    Raises:
        LedgerCorruptError: no legal history has these events.
    """
    stats = Stats(zone, since=since, until=until, accounts=accounts, platform=platform)

    def of_schedule(event: Event) -> None:
        stats.apply_schedule(event)
        progress(event.seq)

    for change in changes(events, Board(), of_schedule=of_schedule):
        stats.apply(change)
        progress(change.event.seq)
    return stats.report(top_errors)


class _Place(msgspec.Struct, frozen=True):
    """What the states are counted by."""

    account_id: str
    platform: str
    status: JobStatus
    outcome_unknown: bool


def _place(job: ScheduledJob | None) -> _Place | None:
    if job is None:
        return None
    return _Place(job.account_id, job.platform, job.status, job.outcome_unknown)


class _Counting:
    """The figures of one part, while they grow."""

    __slots__ = ("counts", "running", "tries", "waiting")

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.waiting = array("d")
        self.running = array("d")
        self.tries: dict[int, int] = {}

    def add(self, seen: SeenChange) -> None:
        for name in seen.counts:
            self.counts[name] = self.counts.get(name, 0) + 1
        if seen.waiting_s is not None:
            self.waiting.append(seen.waiting_s)
        if seen.running_s is not None:
            self.running.append(seen.running_s)
        if seen.tries is not None:
            self.tries[seen.tries] = self.tries.get(seen.tries, 0) + 1

    def tally(self) -> Tally:
        completed, failed = self.counts.get("completed", 0), self.counts.get("failed", 0)
        ended = completed + failed
        return Tally(
            **self.counts,
            success_rate=completed / ended if ended else None,
            waiting_s=spread(self.waiting),
            running_s=spread(self.running),
            tries=dict(sorted(self.tries.items())),
        )


class _Errors:
    __slots__ = ("count", "last", "last_error")

    def __init__(self) -> None:
        self.count = 0

    def add(self, event: Event, error: str) -> None:
        self.count += 1
        self.last, self.last_error = event, first_line(error)

    def group(self, text: str) -> ErrorGroup:
        return ErrorGroup(text, self.count, self.last.at, self.last.job_id, self.last_error)


def _part(parts: dict[str, _Counting], name: str) -> _Counting:
    found = parts.get(name)
    if found is None:
        found = parts[name] = _Counting()
    return found


def _part_of_errors(parts: dict[str, _Errors], error: str) -> _Errors:
    text = grouped(error)
    found = parts.get(text)
    if found is None:
        found = parts[text] = _Errors()
    return found
