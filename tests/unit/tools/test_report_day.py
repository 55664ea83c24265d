"""A day as lanes and bars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.histories import Histories

from jobledger.domain.job import commands as c
from jobledger.projections.board import Board
from jobledger.tools.report.attempts import Attempts, AttemptSeen
from jobledger.tools.report.day import LEAST_WIDTH, MOST_ROWS, Timeline, timeline

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
MIDNIGHT = datetime(2026, 3, 2, 17, tzinfo=UTC)  # the beginning of 3 March in Hanoi
DONE = c.Complete(attempt=0)


def seen(h: Histories, day: date | None = None, since: datetime | None = None) -> Attempts:
    attempts, board = Attempts(HANOI, day, since), Board()
    for event in h.events:
        attempts.apply(board.apply(event))
    return attempts


def drawn(h: Histories, day: date | None = None) -> Timeline:
    attempts = seen(h, day)
    assert attempts.day is not None
    return timeline(attempts.day, HANOI, list(attempts.of_day()), h.board.jobs.values(), h.now)


def test_an_attempt_is_a_bar_in_the_lane_of_its_account() -> None:
    """From its start to its end in per cent of the day, with its job and error as its title."""
    h = Histories(MIDNIGHT)
    h.add("job", account_id="minh", content="Xin chào")
    h.wait(hours=6)
    h.attempt("job", c.Fail(attempt=0, error="busy"), runs_s=3 * 3600)
    found = drawn(h)
    assert (found.day, found.attempts, found.outcomes) == ("2026-03-03", 1, ["retried"])
    (lane,) = found.lanes
    (bar,) = lane.bars
    assert (lane.account, lane.rows) == ("minh", 1)
    assert (bar.left, bar.width, bar.row, bar.how) == (25.0, 12.5, 0, "retried")
    assert bar.title == "retried · 06:00:00–09:00:00\njob job, attempt 1\nXin chào\nbusy"
    assert [mark.title for mark in lane.marks] == [
        "due 00:00:00 · Xin chào",
        "due 09:02:00, scheduled · Xin chào",
    ]


def test_short_attempts_are_wide_enough_to_see_and_do_not_lie_over_one_another() -> None:
    """Those of the same minutes are in rows of their own; at the day's end they stay within."""
    h = Histories(MIDNIGHT)
    for number in range(3):
        h.add(f"job-{number}")
        h.attempt(f"job-{number}", DONE, runs_s=1)
    h.wait(hours=23, minutes=59)
    h.add("last")
    h.attempt("last", DONE)
    (lane,) = drawn(h, date(2026, 3, 3)).lanes
    assert [bar.row for bar in lane.bars] == [0, 1, 2, 0]
    assert {bar.width for bar in lane.bars} == {LEAST_WIDTH}
    assert max(bar.left + bar.width for bar in lane.bars) <= 100
    assert lane.rows == 3


def test_what_has_no_room_is_counted() -> None:
    """Rows of a lane have an end."""
    h = Histories(MIDNIGHT)
    for number in range(MOST_ROWS + 2):
        h.add(f"job-{number}")
        h.attempt(f"job-{number}", DONE)
    found = drawn(h)
    assert (len(found.lanes[0].bars), found.left_out) == (MOST_ROWS, 2)


def test_an_attempt_over_midnight_is_on_both_days() -> None:
    """Cut at the day's ends."""
    h = Histories(MIDNIGHT - timedelta(hours=6))
    h.add("job")
    h.attempt("job", DONE, runs_s=12 * 3600)
    (before,) = drawn(h, date(2026, 3, 2)).lanes[0].bars
    (after,) = drawn(h, date(2026, 3, 3)).lanes[0].bars
    assert (before.left, before.width) == (75.0, 25.0)
    assert (after.left, after.width) == (0.0, 25.0)
    assert before.title.startswith("completed · 18:00:00–2026-03-03 06:00:00")


def test_an_attempt_that_runs_is_drawn_to_now() -> None:
    """And is called running."""
    h = Histories(MIDNIGHT)
    h.add("job")
    h.do("job", c.Start())
    h.wait(hours=12)
    (bar,) = drawn(h).lanes[0].bars
    assert (bar.how, bar.width) == ("running", 50.0)


def test_due_times_without_an_attempt_are_marked() -> None:
    """Of jobs that wait, were cancelled or expired."""
    h = Histories(MIDNIGHT)
    h.add("waits", scheduled_time=MIDNIGHT + timedelta(hours=12))
    h.add("off", scheduled_time=MIDNIGHT + timedelta(hours=18))
    h.do("off", c.Cancel())
    h.add("tomorrow", scheduled_time=MIDNIGHT + timedelta(days=1))
    (lane,) = drawn(h).lanes
    assert [(mark.left, mark.title) for mark in lane.marks] == [
        (50.0, "due 12:00:00, scheduled · text"),
        (75.0, "due 18:00:00, cancelled · text"),
    ]
    assert lane.bars == []


def test_the_day_is_the_last_one_on_which_something_ran() -> None:
    """Later events of other kinds do not empty the timeline; without any run, the last day."""
    h = Histories(MIDNIGHT)
    assert seen(h).day is None
    h.add("job")
    h.add("other")
    h.wait(days=1)
    h.do("other", c.Cancel())
    assert seen(h).day == date(2026, 3, 4)
    h.attempt("job", DONE)
    h.wait(days=2)
    h.do("other", c.Remove())
    attempts = seen(h)
    assert attempts.day == date(2026, 3, 4)
    assert [attempt.job_id for attempt in attempts.of_day()] == ["job"]


def test_of_two_days_with_attempts_it_is_the_later_one() -> None:
    """And only its attempts are kept, but for one that runs over midnight."""
    h = Histories(MIDNIGHT)
    for job_id, runs_s in (("early", 23 * 3600), ("over", 2 * 3600), ("late", 1)):
        h.add(job_id)
        h.attempt(job_id, DONE, runs_s=runs_s)
    attempts = seen(h)
    assert attempts.day == date(2026, 3, 4)
    assert [attempt.job_id for attempt in attempts.of_day()] == ["over", "late"]
    assert [a.job_id for a in seen(h, date(2026, 3, 3)).of_day()] == ["early", "over"]


@pytest.mark.parametrize(
    ("command", "how"),
    [
        (DONE, "completed"),
        (c.Fail(attempt=0, error="x"), "retried"),
        (c.Fail(attempt=0, error="x", retryable=False), "failed"),
        (c.Fail(attempt=0, error="x", outcome_unknown=True), "unknown"),
        (c.Interrupt(attempt=0, reason="crashed", error="x"), "interrupted"),
        (c.Interrupt(attempt=0, reason="crashed", error="x", on_interrupted="fail"), "unknown"),
    ],
)
def test_an_attempt_says_how_it_ended(command: c.OfAttempt, how: str) -> None:
    """And those that did not publish are among the failures."""
    h = Histories(MIDNIGHT)
    h.add("job")
    h.attempt("job", command)
    attempts = seen(h)
    assert [attempt.how for attempt in attempts.of_day()] == [how]
    assert attempts.failed == len(attempts.failures) == (how != "completed")


def test_failures_of_before_a_window_are_left_out() -> None:
    """Their attempts are still on the timeline of their day."""
    h = Histories(MIDNIGHT)
    h.add("job")
    h.attempt("job", c.Fail(attempt=0, error="x"))
    attempts = seen(h, since=h.now + timedelta(seconds=1))
    assert (attempts.failed, len(list(attempts.of_day()))) == (0, 1)


def test_a_day_has_the_hours_that_the_clock_on_the_wall_shows() -> None:
    """23 of them when summer time begins: 03:00 is two hours after midnight."""
    zone = ZoneInfo("Europe/Berlin")
    noon = datetime(2026, 3, 29, 12, tzinfo=zone)
    attempt = AttemptSeen("job", "a", "text", 1, noon, noon, noon, "completed")
    found = timeline(date(2026, 3, 29), zone, [attempt], [], noon)
    places = {hour: place for place, hour in found.hours}
    assert places["00"] == 0.0
    assert places["03"] == pytest.approx(100 * 2 / 23, abs=0.001)
    assert found.lanes[0].bars[0].left == places["12"]
