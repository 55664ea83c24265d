"""Counters kept live are those that the log gives, whoever folded them and from where."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON
from support.durability import saving_snapshots, without_background

from jobledger import JobLedgerError, Ledger, ManualClock, PostResult, Scheduler
from jobledger.eventstore.engines.memory import forget_memory_ledgers
from jobledger.ledger import measured
from jobledger.projections.board import Board
from jobledger.projections.counters import Counters, CountsOfLog
from jobledger.projections.replay import changes
from jobledger.scheduler.attempt import NoValidToken

ACCOUNTS = ["a", "b", "c"]
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "run", "run", "cancel", "plan", "reopen", "other", "rebuild"]),
        st.integers(0, 5),
        st.sampled_from([0.0, 0.01, 3.0, 30.0]),
    ),
    min_size=1,
    max_size=25,
)


def from_scratch(ledger: Ledger) -> CountsOfLog:
    counters = Counters()
    for change in changes(ledger.events(), Board(), of_schedule=counters.apply_schedule):
        counters.apply(change)
    return counters.counts


def answer(number: int, account_id: str) -> PostResult:
    match number:
        case 0:
            return PostResult(False, error="HTTP 503 busy")
        case 1:
            raise TimeoutError("nobody there")
        case 2:
            raise NoValidToken("expired", account_id)
        case _:
            return PostResult(True)


def answering(number: int) -> Callable[[str, str], PostResult]:
    return lambda account_id, content: answer(number, account_id)


def do(ledger: Scheduler, other: Ledger, what: str, number: int) -> None:
    account = ACCOUNTS[number % len(ACCOUNTS)]
    if what == "add":
        ledger.add_job(account, f"text {ledger.seq}", ledger.now(), max_retries=number % 2)
    elif what == "other":
        other.add_job(account, f"theirs {other.seq}", other.now(), platform="x" * (1 + number))
    elif what == "cancel":
        for job in other.list_jobs(limit=1):
            other.cancel_job(job.job_id)
    elif what == "plan":
        ledger.add_schedule(f"s{ledger.seq}", "0 * * * *", account_id=account, content="{n}")
    elif what == "rebuild":
        ledger.rebuild()
    elif what == "run":
        ledger.run_due(answering(number))


@contextmanager
def directory() -> Iterator[Path]:
    with (
        without_background(),
        saving_snapshots(3),
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place,
    ):
        yield Path(place) / "jobs"


@settings(max_examples=40, deadline=None)
@given(steps)
def test_live_counters_are_those_that_the_log_gives(chosen: list[tuple[str, int, float]]) -> None:
    """Across snapshots, restarts, rebuilding, and what another process has done; and each event is
    counted once."""
    clock = ManualClock(NOON)
    with directory() as place:
        ledger = Scheduler(place, clock=clock, durability="none")
        other = Ledger(place, clock=clock, durability="none")
        try:
            for what, number, hours in chosen:
                clock.advance(timedelta(hours=hours))
                if what == "reopen":
                    ledger.close()
                    ledger = Scheduler(place, clock=clock, durability="none")
                    continue
                try:
                    do(ledger, other, what, number)
                except JobLedgerError:
                    continue
            expected = from_scratch(ledger)
            for handle in (ledger, other):
                assert measured(handle).counts == expected
            with Ledger(place, clock=clock, read_only=True) as third:
                assert measured(third).counts == expected
            with Ledger(place, clock=clock, read_only=True, use_snapshot=False) as fourth:
                assert measured(fourth).counts == expected
            assert expected.events == Counter(event.type for event in ledger.events())
        finally:
            ledger.close()
            other.close()


@settings(max_examples=15, deadline=None)
@given(steps)
def test_several_chains_count_what_one_does(chosen: list[tuple[str, int, float]]) -> None:
    """But for `seq`, which is how many events there are: a schedule has them in its chain."""
    forget_memory_ledgers()
    found = []
    for location in ("memory:one", "memory:many?shards=3"):
        clock = ManualClock(NOON)
        with Scheduler(location, clock=clock) as ledger, Ledger(location, clock=clock) as other:
            for number, (what, which, hours) in enumerate(chosen):
                clock.advance(timedelta(hours=hours))
                if what in ("add", "run"):
                    account = ACCOUNTS[which % len(ACCOUNTS)]
                    if what == "add":
                        other.add_job(account, f"text {number}", clock.now(), max_retries=0)
                    else:
                        ledger.run_due(answering(which))
            figures = measured(ledger)
            found.append((figures.counts, figures.states, figures.due, figures.oldest_due))
    one, many = found
    one[0].errors = many[0].errors = []  # which has a name of its own is of each chain
    assert one == many
