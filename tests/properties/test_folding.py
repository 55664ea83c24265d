"""Many events at once give what they give one by one: state, daily files, counters and errors."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON, command_for
from support.histories import Histories

from jobledger import Event, JobLedgerError, JobStatus, ScheduledJob
from jobledger.domain.job import commands as c
from jobledger.domain.schedule.slots import SlotsSet
from jobledger.projections import jobs as jobs_module
from jobledger.projections.board import Board
from jobledger.projections.counters import Counters
from jobledger.projections.daily_files import DailyFiles
from jobledger.projections.picked_jobs import Pages
from jobledger.projections.projection import Folded
from jobledger.projections.replay import changes, fold

WHAT: dict[JobStatus, tuple[str, ...]] = {
    JobStatus.PENDING: ("release", "release", "edit", "cancel", "expire", "reschedule"),
    JobStatus.SCHEDULED: (
        "start", "start", "start", "start", "hold", "edit", "reschedule", "defer", "expire",
        "cancel", "remove",
    ),
    JobStatus.RUNNING: (
        "complete", "complete", "complete", "retry", "fail", "interrupt", "no token", "note",
        "checkpoint", "cancel", "unknown", "unknown",
    ),
    JobStatus.COMPLETED: ("remove",),
    JobStatus.FAILED: ("requeue", "requeue", "resolve", "resolve"),
    JobStatus.CANCELLED: ("requeue", "remove"),
    JobStatus.EXPIRED: ("requeue", "remove"),
}  # fmt: skip
"""What is done with a job, as often as it is here."""
Step = tuple[int, int, float, str, str]
"""The number of a job; what is done with it; minutes; and what it is where it is added."""
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.integers(0, 40),
        st.sampled_from([0.0, 0.0, 0.01, 7.0, 7.0, 300.0, 26 * 60.0, -90.0, -1700.0]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["threads", "bluesky"]),
    ),
    min_size=50,
    max_size=120,
)


def add_slots(h: Histories, account: str) -> None:
    key = f"slots:{account}"
    version = 1 + sum(event.job_id == key for event in h.events)
    data = SlotsSet(week={"mon": ("09:00:00",)}, zone="UTC")
    event = Event(
        seq=len(h.events) + 1, at=h.now, type=data.TYPE, job_id=key, version=version, data=data
    )
    h.board.take(event)
    h.events.append(event)


def do(h: Histories, step: Step) -> None:
    """Do what the lifecycle allows, mostly; a job that is not there is added, if its id is new."""
    number, choice, minutes, account, platform = step
    job_id = str(number)
    job = h.board.get(job_id)
    h.wait(minutes=minutes)
    if choice == 40:
        add_slots(h, account)
        return
    if job is None:
        if not any(event.job_id == job_id for event in h.events):
            text, hold = "x" * (number + 1), choice == 39
            h.add(job_id, account_id=account, platform=platform, content=text, hold=hold)
        return
    trigger = WHAT[job.status][choice % len(WHAT[job.status])]
    if trigger == "start":
        h.now = max(h.now, job.scheduled_time, job.deferred_until or h.now)
    command: c.Command
    if trigger == "no token":
        command = c.PutBack(attempt=1, error="x", of_account=True)
    elif trigger == "unknown":
        command = c.Fail(attempt=1, error="x", outcome_unknown=True)
    else:
        command = command_for(trigger, h.now)
    if isinstance(command, c.OfAttempt):
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        command = type(command)(**{**fields, "attempt": job.attempt})
    with suppress(JobLedgerError):  # to expire, say, it is too soon
        h.do(job_id, command)


class Kept:
    """A board with what follows it; `take` gets some events."""

    def __init__(self, zone: str) -> None:
        self.board, self.days, self.counters = Board(), DailyFiles(ZoneInfo(zone)), Counters()
        self.error = ""

    def take(self, events: Sequence[Event], *, at_once: bool) -> None:
        try:
            with self.board.loading():
                self._fold(events) if at_once else self._one_by_one(events)
        except JobLedgerError as error:
            self.error = str(error)

    def _one_by_one(self, events: Sequence[Event]) -> None:
        of_schedule = self.counters.apply_schedule
        for change in changes(events, self.board, of_schedule=of_schedule):
            self.days.apply(change)
            self.counters.apply(change)

    def _fold(self, events: Sequence[Event]) -> None:
        fold(events, self.board, self._follow, of_schedule=self.counters.apply_schedule)

    def _follow(self, changes: Sequence[Folded]) -> None:
        self.days.apply_all(changes)
        self.counters.apply_all(changes)

    def write(self) -> None:
        """Write the daily files that are dirty, and remember what is in them."""
        for day in sorted(self.days.dirty):
            file = self.days.take(day, self.board.jobs, Pages())
            if file is not None:
                b"".join(file)
                self.days.keep(file)
        self.days.dirty = set()

    def known(self) -> dict[str, Any]:
        """All that there is, to the types."""
        board, jobs = self.board, self.board.jobs
        state = board.capture()
        return {
            "seq": (board.seq, board.at, self.error),
            "open": list(map(typed, state.jobs.open)),
            "recent": list(map(typed, state.jobs.recent)),
            "all": sorted(map(typed, jobs.each())),
            "pages": [page.data for page in state.jobs.pages],
            "left": state.jobs.left,
            "is known": jobs.knows_its_pages(),
            "counts": (state.counts, board.counts()),
            "unknown": state.unknown,
            "schedules": state.schedules,
            "days": {each.day: (each.seq, each.updated_at, sorted(each.jobs))
                     for each in self.days.capture()},
            "dirty": self.days.dirty,
            "files": {day: self.days.render(day, jobs) for day in self.days.days()},
            "remembered": {
                name: None if (file := self.days.take(name, jobs, Pages())) is None
                else b"".join(file)
                for name in self.days.days()
            },
            "counters": msgspec.to_builtins(self.counters.counts),
        }  # fmt: skip


def typed(job: ScheduledJob) -> str:
    return repr([(type(value), value) for value in msgspec.structs.astuple(job)])


@settings(max_examples=60, deadline=None)
@given(
    steps,
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.sampled_from(["UTC", "Asia/Ho_Chi_Minh", "America/Sao_Paulo"]),
    st.none() | st.integers(0, 120),
    st.booleans(),
)
def test_many_events_at_once_give_what_they_give_one_by_one(
    chosen: list[Step], sizes: list[int], zone: str, lost: int | None, writes: bool
) -> None:
    """However they are cut into lists, whatever was asked and written between; and where one is
    lost, so that a later one cannot be, the error and what was before it are the same."""
    with patch.object(jobs_module, "PAGE_JOBS", 2):
        h = Histories(NOON)
        for step in chosen:
            do(h, step)
        events = [event for number, event in enumerate(h.events) if number != lost]
        one, many = Kept(zone), Kept(zone)
        begin = 0
        while begin < len(events) and not many.error:
            for size in sizes:
                some = events[begin : begin + size]
                one.take(some, at_once=False)
                many.take(some, at_once=True)
                begin += size
                if many.error or one.error:
                    break
                if writes:
                    one.write()
                    many.write()
        assert many.known() == one.known()


def test_no_events_are_nothing() -> None:
    kept = Kept("UTC")
    kept.take([], at_once=True)
    assert kept.known() == Kept("UTC").known()
