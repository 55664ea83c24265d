"""Whatever happens, the parts add up to the whole."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON, command_for
from support.histories import Histories

from jobledger import JobStatus
from jobledger.domain.errors import JobLedgerError
from jobledger.domain.job import commands as c
from jobledger.domain.job.events import PAST_TENSE
from jobledger.projections.board import Board
from jobledger.projections.figures import Tally
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
