"""The ends of what is allowed, and the flags that decide whether a post may be out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.domain import NOON, SECOND, Life, elsewhere, new

from jobledger import JobStatus, Pacing, ScheduledJob, ValidationError
from jobledger.domain.job import commands as c
from jobledger.domain.job import events as e
from jobledger.domain.job.decide import decide
from jobledger.domain.text import printable
from jobledger.domain.validation import check_checkpoint_name, check_json, check_timeout, clean_text

YEAR = timedelta(days=365)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ({"account_id": "x" * 256}, {"account_id": "x" * 257}),
        ({"content": "x" * 500}, {"content": "x" * 501}),
        ({"platform": "x" * 64}, {"platform": "x" * 65}),
        ({"max_retries": 1_000_000}, {"max_retries": 1_000_001}),
        ({"scheduled_time": NOON + YEAR}, {"scheduled_time": NOON + YEAR + SECOND}),
        ({"scheduled_time": NOON - YEAR}, {"scheduled_time": NOON - YEAR - SECOND}),
        (
            {"publish_timeout": timedelta(days=366)},
            {"publish_timeout": timedelta(days=366, microseconds=1)},
        ),
        ({"publish_timeout": timedelta(microseconds=1)}, {"publish_timeout": timedelta(0)}),
        ({"metadata": {"a": 2**64 - 1}}, {"metadata": {"a": 2**64}}),
        ({"metadata": {"a": -(2**63)}}, {"metadata": {"a": -(2**63) - 1}}),
        ({"metadata": {"a": nested(30)}}, {"metadata": {"a": nested(32)}}),
        ({"metadata": {"a": "x" * 65_528}}, {"metadata": {"a": "x" * 65_529}}),
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_the_most_is_accepted_and_a_little_more_is_not(
    most: dict[str, Any], more: dict[str, Any]
) -> None:
    decide(None, c.Add(job_id="job", job=new(**most)), NOON)
    with pytest.raises(ValidationError) as caught:
        decide(None, c.Add(job_id="job", job=new(**more)), NOON)
    assert caught.value.field == next(iter(more))


def test_names_and_values_of_checkpoints_have_their_ends() -> None:
    assert check_checkpoint_name("x" * 100) == "x" * 100
    with pytest.raises(ValidationError, match="1 to 100"):
        check_checkpoint_name("x" * 101)
    assert check_json(True, "value") is True
    assert check_timeout(SECOND) == SECOND


@pytest.mark.parametrize(("length", "kept"), [(4, 4), (5, 5), (6, 5)])
def test_text_from_outside_is_cut_at_its_longest(length: int, kept: int) -> None:
    assert len(clean_text("x" * length, 5)) == kept
    assert clean_text("x" * length, 5).endswith("…") == (length > 5)


def test_a_value_in_an_error_is_shown_up_to_sixty_characters() -> None:
    for length, shown in ((58, "'" + "x" * 58 + "'"), (59, "'" + "x" * 56 + "...")):
        with pytest.raises(ValidationError) as caught:
            check_timeout("x" * length)
        assert f"not {shown} (str)" in caught.value.message


def test_a_job_is_stuck_after_more_than_so_many_minutes() -> None:
    job = elsewhere(status=JobStatus.RUNNING, started_at=NOON).job
    assert not job.is_stuck(NOON + timedelta(minutes=10), 10)
    assert job.is_stuck(NOON + timedelta(minutes=10, microseconds=1), 10)
    assert not elsewhere(started_at=NOON).job.is_stuck(NOON + YEAR, 10)
    assert not elsewhere(status=JobStatus.RUNNING).job.is_stuck(NOON + YEAR, 10)


def test_what_a_job_is_when_nothing_is_said() -> None:
    job = ScheduledJob(job_id="j", account_id="a", content="c", scheduled_time=NOON)
    assert (job.max_retries, job.retry_count, job.version, job.platform) == (3, 0, 0, "threads")
    assert job.status is JobStatus.SCHEDULED


# -- pacing ----------------------------------------------------------------------------------------


def test_the_gap_counts_from_the_last_post() -> None:
    pacing = Pacing(min_gap_s=60)
    assert pacing.allowed_at([]) is None
    posts = [NOON - timedelta(hours=1), NOON]
    assert pacing.allowed_at(posts) == (
        NOON + timedelta(minutes=1),
        "posts of this account are at least 1 min apart",
    )


def test_the_quota_counts_in_its_window_and_the_later_of_both_decides() -> None:
    pacing = Pacing(min_gap_s=90, quota=2, window_s=7200)
    posts = [NOON, NOON + timedelta(minutes=1)]
    assert pacing.allowed_at(posts[:1]) == (
        NOON + timedelta(seconds=90),
        "posts of this account are at least 90 s apart",
    )
    assert pacing.allowed_at(posts) == (
        NOON + timedelta(hours=2),
        "this account may post 2 times in 2 h",
    )
    assert Pacing(quota=1).allowed_at([]) is None
    assert Pacing(min_gap_s=0).allowed_at([NOON]) is None
    assert pacing.reach == timedelta(hours=2)
    assert Pacing(min_gap_s=90).reach == timedelta(seconds=90)


# -- whether a post may be out ---------------------------------------------------------------------


def interrupt(attempt: int, **more: Any) -> c.Interrupt:
    fields: dict[str, Any] = {"reason": "timeout", "error": "?", "on_interrupted": "retry"}
    return c.Interrupt(attempt=attempt, **(fields | more))


def test_an_attempt_that_nobody_can_ask_about_may_be_out() -> None:
    life = Life()
    life.do(interrupt(life.start()))
    assert life.job is not None
    assert (life.job.may_be_out, life.job.in_doubt) == (True, False)
    assert "retry 1 of 3 is due" in str(life.job.status_message)


def test_an_attempt_that_can_be_asked_about_is_in_doubt_until_someone_asks() -> None:
    life = Life()
    life.do(interrupt(life.start(reconcilable=True)))
    assert life.job is not None
    assert (life.job.may_be_out, life.job.in_doubt, life.job.doubted_attempt) == (False, True, 1)
    life.start(reconcilable=True)
    assert not life.job.may_be_out
    life.do(interrupt(2, reason="reconcile_failed"))
    assert (life.job.in_doubt, life.job.doubted_attempt) == (True, 1)
    life.start()  # by a publisher that cannot be asked
    assert life.job.may_be_out


def test_asking_in_vain_is_the_end_where_the_retries_are_used_up() -> None:
    """Asked once more without a retry left, it is not asked for ever."""
    life = Life(max_retries=0)
    life.do(interrupt(life.start(reconcilable=True), ask_always=True))
    assert life.job is not None
    assert (life.job.status, life.job.exhausted) == (JobStatus.SCHEDULED, True)
    life.start(reconcilable=True)
    [event] = life.do(interrupt(2, reason="reconcile_failed", ask_always=False))
    assert isinstance(event, e.JobInterrupted)
    assert life.status is JobStatus.FAILED
    assert life.job.outcome_unknown


def test_a_requeue_forgets_that_a_post_may_be_out() -> None:
    life = Life(max_retries=1)
    life.do(interrupt(life.start()))
    life.do(c.Fail(attempt=life.start(), error="no", retryable=False))
    assert life.job is not None
    assert life.job.outcome_unknown
    life.do(c.Requeue(scheduled_time=life.now))
    assert (life.job.may_be_out, life.job.outcome_unknown, life.job.exhausted) == (
        False,
        False,
        False,
    )


def test_a_new_time_ends_being_held_back() -> None:
    life = Life()
    until = NOON + timedelta(hours=1)
    life.do(c.Defer(until=until, reason="pacing"))
    assert life.job is not None
    assert life.job.deferred_until == until
    assert str(life.job.status_message).startswith("Held back until 2026-03-02 13:00:00 UTC")
    life.do(c.Reschedule(scheduled_time=until))
    moved = life.job
    assert (moved.deferred_until, moved.scheduled_time) == (None, until)


# -- text on a terminal ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb", "a ⏎ b"),
        ("\x1b[31m", "\\x1b[31m"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("a\u202eb", "a\\x202eb"),
    ],
)
def test_what_moves_a_cursor_is_shown_as_its_code(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_may_end_where_it_is_allowed_to() -> None:
    assert printable("a\nb\x1b", one_line=False) == "a\nb\\x1b"
