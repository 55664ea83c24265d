"""Whatever happens, the parts add up to the whole."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON, command_for
from support.histories import Histories
from support.tiers import one_in

from jobledger import (
    JobStatus,
    LedgerView,
    ManualClock,
    PostResult,
    Scheduler,
    ScheduleStatus,
)
from jobledger.domain.errors import JobLedgerError
from jobledger.domain.job import commands as c
from jobledger.domain.job.events import PAST_TENSE
from jobledger.projections.board import Board
from jobledger.projections.figures import StatsReport, Tally
from jobledger.projections.stats import gather

JOBS = [("a", "threads"), ("b", "threads"), ("b", "mastodon"), ("c", "bluesky")]

steps = st.lists(
    st.tuples(
        st.sampled_from(range(len(JOBS))),
        st.sampled_from(sorted(set(PAST_TENSE) - {"add", "import"})),
        st.integers(-40, 4000),
    ),
    max_size=60,
)


def lived(chosen: list[tuple[int, str, int]]) -> Histories:
    """Four jobs, and what of these steps the lifecycle allows."""
    h = Histories()
    for number, (account, platform) in enumerate(JOBS):
        h.add(str(number), account_id=account, platform=platform)
    for number, trigger, minutes in chosen:
        h.wait(minutes=minutes)
        command = command_for(trigger, h.now)
        job = h.board.get(str(number))
        if isinstance(command, c.OfAttempt) and job is not None:
            fields = {name: getattr(command, name) for name in command.__struct_fields__}
            command = type(command)(**{**fields, "attempt": job.attempt})
        if job is not None:
            try:
                h.do(str(number), command)
            except JobLedgerError:
                continue
    return h


def counts(tally: Tally) -> Counter[str]:
    found: Counter[str] = Counter()
    for name in tally.__struct_fields__:
        value = getattr(tally, name)
        if isinstance(value, int):
            found[name] = value
    found["waiting"], found["running"] = tally.waiting_s.count, tally.running_s.count
    found.update({f"after {tries}": jobs for tries, jobs in tally.tries.items()})
    return +found


@settings(max_examples=60, deadline=None)
@given(steps, st.sampled_from(["UTC", "Asia/Ho_Chi_Minh", "America/St_Johns"]))
def test_parts_add_up_to_the_whole_and_states_are_those_of_the_board(
    chosen: list[tuple[int, str, int]], zone: str
) -> None:
    """By account, by platform and by day; and every failed attempt has its error."""
    h = lived(chosen)
    report = gather(h.events, ZoneInfo(zone))
    for parts in (report.accounts, report.platforms, report.days):
        assert sum((counts(part.tally) for part in parts), Counter()) == counts(report.total)
    for named in (report.accounts, report.platforms):
        assert sum((Counter(part.states) for part in named), Counter()) == +Counter(report.states)
    for status in JobStatus:
        assert report.states[status] == len(h.board.of_status(status))
    assert report.outcome_unknown == sum(job.outcome_unknown for job in h.board.jobs.values())
    total = report.total
    failures = sum(event.type in ("retried", "failed", "interrupted") for event in h.events)
    assert sum(group.count for group in report.errors) + report.other_errors == failures
    assert total.attempts == total.waiting_s.count == sum(e.type == "started" for e in h.events)


@settings(max_examples=60, deadline=None)
@given(steps, st.integers(-3000, 60_000))
def test_two_windows_side_by_side_count_what_one_does(
    chosen: list[tuple[int, str, int]], minutes: int
) -> None:
    """Each event is in one of them, also where the clock went back; states are as of the first."""
    h = lived(chosen)
    cut = NOON + timedelta(minutes=minutes)
    zone = ZoneInfo("UTC")
    before = gather(h.events, zone, until=cut)
    after = gather(h.events, zone, since=cut + timedelta(microseconds=1))
    assert counts(before.total) + counts(after.total) == counts(gather(h.events, zone).total)
    board = Board()
    for event in h.events[: max((e.seq for e in h.events if e.at <= cut), default=0)]:
        board.apply(event)
    assert before.jobs == len(board.jobs)
    assert all(before.states[s] == len(board.of_status(s)) for s in JobStatus)


# -- schedules -------------------------------------------------------------------------------------

SCHEDULES: dict[str, dict[str, Any]] = {
    "hourly": {"rule": "0 * * * *", "account_id": "a"},
    "all": {"rule": "30 */6 * * *", "account_id": "b", "misfire": "all", "catch_up": 2},
    "none": {"rule": "@daily", "account_id": "b", "misfire": "skip", "platform": "mastodon"},
}

schedule_steps = st.lists(
    st.tuples(
        st.sampled_from(["run", "run", "pause", "resume", "skip", "end", "slots", "by hand"]),
        st.sampled_from(sorted(SCHEDULES)),
        st.sampled_from([0.1, 1, 5, 30, 24 * 20]),
    ),
    min_size=2,
    max_size=25,
)


@contextmanager
def lived_with_schedules(chosen: list[tuple[str, str, float]]) -> Iterator[Scheduler]:
    """Yield a ledger in which schedules were added, managed, and run late."""
    clock = ManualClock(NOON)
    with Scheduler(f"memory:{uuid.uuid4()}", clock=clock) as ledger:
        for schedule_id, said in SCHEDULES.items():
            ledger.add_schedule(schedule_id, content="{n}", **said)
        for what, schedule_id, hours in [*chosen, ("run", "", 9.0)]:
            clock.advance(timedelta(hours=hours))
            try:
                if what == "pause":
                    ledger.pause_schedule(schedule_id)
                elif what == "resume":
                    ledger.resume_schedule(schedule_id)
                elif what == "skip":
                    ledger.skip_occurrence(schedule_id)
                elif what == "end":
                    ledger.end_schedule(schedule_id)
                elif what == "slots":
                    ledger.set_slots("b", {"mon": ["9:00"]})
                elif what == "by hand":
                    ledger.add_job("a", "by hand", clock.now() - timedelta(hours=hours))
                else:
                    ledger.run_due(lambda account_id, content: PostResult(True))
            except JobLedgerError:
                continue
        yield ledger


def misfires_replayed(
    ledger: Scheduler, seqs: Iterable[int], *, account_id: str | None = None
) -> dict[str, Counter[str]]:
    """Count what these events say themselves, with each job's schedule as the log has it before."""
    found: dict[str, Counter[str]] = {}
    wanted = set(seqs)
    schedule_of: dict[str, str] = {}
    account_of: dict[str, str] = {}
    for event in ledger.events():
        line = event.to_dict()
        kind, data, key = line["type"], line["data"], line["job"]
        if kind == "schedule_added":
            account_of[key.removeprefix("schedule:")] = data["definition"]["account_id"]
        if kind == "added" and "schedule" in data:
            schedule_of[key] = data["schedule"]["schedule_id"]
        name = schedule_of.get(key, key.removeprefix("schedule:"))
        if event.seq not in wanted or account_id not in (None, account_of.get(name)):
            continue
        counted = {
            "misfired": kind == "expired" and data.get("schedule") == "misfired",
            "expired": kind == "expired" and "schedule" not in data and key in schedule_of,
            "missed": data.get("missed", 0) if kind == "schedule_planned" else 0,
        }
        if any(counted.values()):
            found.setdefault(name, Counter()).update(counted)
    return found


def misfires(report: StatsReport) -> dict[str, Counter[str]]:
    return {
        each.schedule_id: Counter(misfired=each.misfired, expired=each.expired, missed=each.missed)
        for each in report.misfires
    }


def schedule_states(view: LedgerView | Scheduler) -> dict[str, int]:
    found = Counter(schedule.status for schedule in view.schedules())
    return {status.value: found[status] for status in ScheduleStatus}


@pytest.mark.parametrize("part", one_in(3, range(3)))
@settings(max_examples=20, deadline=None)
@given(chosen=schedule_steps, at=st.integers(0, 400))
def test_misfires_and_states_of_schedules_are_those_of_the_replayed_log(
    part: int, chosen: list[tuple[str, str, float]], at: int
) -> None:
    """In all, of an account, and of two windows side by side."""
    with lived_with_schedules(chosen) as ledger:
        events = list(ledger.events())
        zone = ZoneInfo("UTC")
        report = gather(events, zone)
        assert misfires(report) == misfires_replayed(ledger, (event.seq for event in events))
        assert sum(each.misfired for each in report.misfires) == report.total.misfired
        assert report.schedules == schedule_states(ledger)
        assert (report.seq, report.events) == (len(events), len(events))
        for parts in (report.accounts, report.platforms, report.days):
            assert sum(part.tally.misfired for part in parts) == report.total.misfired
        of_b = gather(events, zone, accounts=["b"])
        assert misfires(of_b) == misfires_replayed(ledger, range(len(events) + 1), account_id="b")
        cut = NOON + timedelta(hours=at)
        before = gather(events, zone, until=cut)
        after = gather(events, zone, since=cut + timedelta(microseconds=1))
        assert misfires(before) == misfires_replayed(ledger, (e.seq for e in events if e.at <= cut))
        assert misfires(after) == misfires_replayed(ledger, (e.seq for e in events if e.at > cut))
        assert before.schedules == schedule_states(ledger.as_of(cut))
        assert before.events + after.events == report.events
