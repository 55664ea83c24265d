"""Figures: exact numbers for histories made by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.domain import NOON, elsewhere
from support.histories import Histories

from jobledger import JobStatus
from jobledger.domain.job import commands as c
from jobledger.projections.board import Board
from jobledger.projections.figures import (
    Day,
    ErrorGroup,
    Misfires,
    Share,
    Spread,
    StatsReport,
    Tally,
    spread,
)
from jobledger.projections.stats import Stats, gather

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DONE = c.Complete(attempt=0)
NO = c.Fail(attempt=0, error="no", retryable=False)


def figures(histories: Histories, **more: Any) -> StatsReport:
    return gather(histories.events, ZoneInfo("UTC"), **more)


def test_each_kind_of_event_is_counted_where_it_belongs() -> None:
    """Two accounts on two platforms, with every way that an attempt and a job can end."""
    h = Histories()
    h.add("done", account_id="a")
    h.attempt("done", DONE)
    h.add("again", account_id="a", max_retries=1)
    h.attempt("again", c.Fail(attempt=0, error="busy"))
    h.wait(minutes=2)
    h.attempt("again", NO)
    h.add("doubt", account_id="b", platform="mastodon")
    h.attempt("doubt", c.Fail(attempt=0, error="lost", outcome_unknown=True))
    h.add("cut", account_id="b")
    h.attempt("cut", c.Interrupt(attempt=0, reason="crashed", error="gone", on_interrupted="fail"))
    h.do("cut", c.Resolve(posted=True, thread_id="t"))
    h.add("off", account_id="b")
    h.do("off", c.Cancel())
    h.do("off", c.Requeue(scheduled_time=h.now), c.Remove())
    h.add("late", account_id="b")
    h.wait(hours=25)
    h.do("late", c.Expire())
    report = figures(h)
    total = report.total
    counts = {name: getattr(total, name) for name in total.__struct_fields__}
    assert {name: count for name, count in counts.items() if isinstance(count, int)} == {
        "added": 6, "imported": 0, "attempts": 5, "completed": 1, "failed": 3,
        "outcome_unknown": 2, "retried": 1, "interrupted": 1, "cancelled": 1, "expired": 1,
        "misfired": 0, "requeued": 1, "resolved": 1, "removed": 1,
    }  # fmt: skip
    assert total.success_rate == pytest.approx(1 / 4)
    assert total.tries == {1: 3, 2: 1}
    assert report.states == {
        "pending": 0, "scheduled": 0, "running": 0, "completed": 2, "failed": 2,
        "cancelled": 0, "expired": 1,
    }  # fmt: skip
    assert (report.jobs, report.outcome_unknown, report.events) == (5, 1, len(h.events))
    a, b = report.accounts
    assert (a.name, a.states, a.tally.failed) == ("a", {"completed": 1, "failed": 1}, 1)
    assert (b.name, b.states) == ("b", {"completed": 1, "failed": 1, "expired": 1})
    assert [(part.name, part.tally.attempts) for part in report.platforms] == [
        ("mastodon", 1),
        ("threads", 4),
    ]
    assert [(day.day, day.tally.expired) for day in report.days] == [
        ("2026-03-02", 0),
        ("2026-03-03", 1),
    ]


def test_an_interrupted_attempt_that_is_tried_again_has_not_failed() -> None:
    """It is interrupted, and its job has not ended."""
    h = Histories()
    h.add("job")
    h.attempt("job", c.Interrupt(attempt=0, reason="stopped", error="stopped"))
    total = figures(h).total
    assert (total.interrupted, total.failed, total.outcome_unknown) == (1, 0, 0)
    assert (total.success_rate, total.tries) == (None, {})


def test_waiting_is_from_due_to_start_and_running_from_start_to_end_of_each_attempt() -> None:
    """Of a retry, from the time that the retry was due."""
    h = Histories()
    h.add("job", scheduled_time=NOON + timedelta(seconds=10))
    h.wait(seconds=13)
    h.attempt("job", c.Fail(attempt=0, error="busy"), runs_s=1.5)
    h.wait(minutes=2, seconds=7)
    h.attempt("job", DONE, runs_s=0.5)
    total = figures(h).total
    assert total.waiting_s == Spread(2, 5.0, 7.0, 7.0)
    assert total.running_s == Spread(2, 1.0, 1.5, 1.5)


@pytest.mark.parametrize("reason", ["crashed", "stuck"])
def test_when_an_attempt_that_crashed_ended_is_not_known(reason: Any) -> None:
    """So the time until somebody noticed is no running time."""
    h = Histories()
    h.add("job")
    h.attempt("job", c.Interrupt(attempt=0, reason=reason, error="x"), runs_s=3000)
    assert figures(h).total.running_s == Spread()


def test_a_clock_that_went_back_gives_no_negative_durations() -> None:
    """0 is the least."""
    h = Histories()
    h.add("job")
    h.do("job", c.Start())
    h.wait(seconds=-5)
    h.do("job", c.Complete(attempt=1))
    assert figures(h).total.running_s == Spread(1, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        ([], Spread(0, None, None, None)),
        ([4.0], Spread(1, 4.0, 4.0, 4.0)),
        ([4.0, 1.0], Spread(2, 2.5, 4.0, 4.0)),
        (range(1, 21), Spread(20, 10.5, 19, 20)),
        (range(1, 22), Spread(21, 11, 20, 21)),
        (range(100, 0, -1), Spread(100, 50.5, 95, 100)),
    ],
)
def test_the_median_is_the_middle_and_p95_the_nearest_rank(
    durations: Any, expected: Spread
) -> None:
    """p95 is one of the durations: the smallest that 95 % are not above."""
    assert spread(durations) == expected


def test_days_are_those_of_the_ledgers_zone() -> None:
    """17:00 UTC is midnight in Hanoi."""
    h = Histories(datetime(2026, 3, 2, 16, 59, tzinfo=UTC))
    h.add("one")
    h.wait(minutes=1)
    h.add("two")
    days = gather(h.events, HANOI).days
    assert [(day.day, day.tally.added) for day in days] == [("2026-03-02", 1), ("2026-03-03", 1)]


def test_a_window_restricts_what_is_counted_and_not_what_is_folded() -> None:
    """Its bounds are inclusive; the states are as of its end."""
    h = Histories()
    h.add("early")
    h.add("late")
    h.wait(hours=1)
    begin = h.now
    h.attempt("early", DONE, runs_s=60)
    end = h.now
    h.wait(microseconds=1)
    h.attempt("late", DONE)
    report = figures(h, since=begin, until=end)
    assert (report.total.added, report.total.attempts, report.total.completed) == (0, 1, 1)
    assert (report.states["completed"], report.states["scheduled"]) == (1, 1)
    assert (report.seq, report.events, report.jobs) == (4, 2, 2)
    assert report.total.waiting_s.max == 3600


def test_an_event_out_of_time_is_in_the_states_when_one_within_follows() -> None:
    """The log is in order of sequence: the same rule as for the state as of a moment."""
    h = Histories()
    h.add("job")
    h.wait(hours=2)
    h.add("ahead")
    h.wait(hours=-1)
    h.add("back")
    h.wait(hours=5)
    h.add("after")
    report = figures(h, until=NOON + timedelta(hours=1))
    assert (report.jobs, report.seq, report.total.added) == (3, 3, 2)


def test_one_account_or_platform_can_be_asked_for() -> None:
    """The others are neither counted nor among the states."""
    h = Histories()
    h.add("a", account_id="a")
    h.add("b", account_id="b", platform="mastodon")
    h.attempt("a", NO)
    report = figures(h, accounts=["a"])
    assert (report.jobs, report.total.added, [p.name for p in report.accounts]) == (1, 1, ["a"])
    report = figures(h, platform="mastodon")
    assert (report.jobs, report.total.failed, report.errors) == (1, 0, [])


def test_an_account_without_events_in_the_window_still_has_its_jobs() -> None:
    """Its states are there, its counts are 0."""
    h = Histories()
    h.add("job", account_id="quiet")
    report = figures(h, since=NOON + timedelta(seconds=1))
    assert [(part.name, part.states, part.tally.added) for part in report.accounts] == [
        ("quiet", {"scheduled": 1}, 0)
    ]


def test_failures_are_grouped_by_error_with_the_last_of_each() -> None:
    """The most frequent first; what is beyond the top is only counted."""
    h = Histories()
    for number, error in enumerate(["timeout after 31 s", "timeout after 32 s\nmore", "refused"]):
        h.add(f"job-{number}")
        h.wait(seconds=1)
        h.attempt(f"job-{number}", c.Fail(attempt=0, error=error))
    first, second = figures(h).errors
    assert (first.error, first.count) == ("timeout after # s", 2)
    assert (first.last_job, first.last_error) == ("job-1", "timeout after 32 s")
    assert first.last_at == NOON + timedelta(seconds=2)
    assert (second.error, second.count) == ("refused", 1)
    report = figures(h, top_errors=1)
    assert ([group.error for group in report.errors], report.other_errors) == (
        ["timeout after # s"],
        1,
    )


def test_an_imported_job_is_counted_as_imported() -> None:
    """Whatever came with it: its past is not in this log, so there is no attempt to count."""
    h = Histories()
    past = elsewhere(status=JobStatus.COMPLETED, completed_at=NOON, retry_count=2)
    h.do("job", c.Import(job_id="job", job=past))
    total = figures(h).total
    assert (total.imported, total.added, total.attempts, total.completed) == (1, 0, 0, 0)


def test_the_report_is_plain_json() -> None:
    """Times in UTC, the numbers of attempts as keys, nothing left out."""
    h = Histories()
    h.add("job")
    h.attempt("job", NO)
    document = figures(h, since=NOON.astimezone(HANOI)).to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["since"] == "2026-03-02T12:00:00Z"
    assert document["total"]["tries"] == {"1": 1}
    assert document["total"]["waiting_s"] == {"count": 1, "median": 0.0, "p95": 0.0, "max": 0.0}
    assert document["errors"][0]["last_at"] == "2026-03-02T12:00:00Z"
    assert document["until"] is None


def test_of_no_events_there_are_no_figures() -> None:
    """Zeros and nothing else."""
    report = figures(Histories())
    assert (report.jobs, report.events, report.seq) == (0, 0, 0)
    assert (report.days, report.accounts, report.errors) == ([], [], [])


def test_progress_gets_every_sequence_number() -> None:
    """As the events go by."""
    h = Histories()
    h.add("a")
    h.add("b")
    seen: list[int] = []
    gather(h.events, HANOI, progress=seen.append)
    assert seen == [1, 2]


def test_waiting_times_can_be_had_as_a_histogram() -> None:
    """Each is under the first bound that it is below; a bound itself is in the next."""
    h = Histories()
    stats = Stats(ZoneInfo("UTC"))
    for number, seconds in enumerate([0, 0.5, 1, 9, 10, 5000]):
        h.add(f"job-{number}", scheduled_time=h.now - timedelta(seconds=seconds))
        h.attempt(f"job-{number}", DONE)
    board = Board()
    for event in h.events:
        stats.apply(board.apply(event))
    assert stats.waiting_histogram([1.0, 10.0]) == [2, 2, 2]


def test_the_document_has_every_figure() -> None:
    """docs/figures.md names each key of the report."""
    text = (Path(__file__).parents[3] / "docs" / "figures.md").read_text("utf-8")
    for kind in (StatsReport, Tally, Spread, Share, Day, Misfires, ErrorGroup):
        for field in kind.__struct_fields__:
            assert f"`{field}`" in text, (kind, field)
