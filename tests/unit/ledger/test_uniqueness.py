"""`unique`: the same text twice for one account is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.cli import run_here
from support.eventstore import at_once
from support.publishers import Recording, crash, dying

from jobledger import Ledger, ManualClock, NewJob, PostResult, Scheduler, ValidationError

REFUSED = "account 'mai' has this text already: job first is"


def first(ledger: Ledger, clock: ManualClock) -> None:
    ledger.add_job("mai", "Xin chào", clock.now(), job_id="first")


def again(ledger: Ledger, clock: ManualClock, text: str = "Xin chào") -> str:
    return ledger.add_job("mai", text, clock.now())


@pytest.mark.parametrize("text", ["Xin chào", "  Xin \n chào ", "Xin cha\u0300o"])
def test_the_same_text_is_refused_whoever_has_it(
    directory: Path, clock: ManualClock, text: str
) -> None:
    """White space and composition make no difference; another account or another text does."""
    with Ledger(directory, clock=clock) as other:
        first(other, clock)
    with Ledger(directory, clock=clock, unique=True) as ledger:
        with pytest.raises(ValidationError, match=f"{REFUSED} SCHEDULED") as caught:
            again(ledger, clock, text)
        assert caught.value.field == "content"
        again(ledger, clock, "xin chào")
        ledger.add_job("lan", text, clock.now())
        assert ledger.seq == 3


def test_without_the_setting_nothing_is_refused(directory: Path, clock: ManualClock) -> None:
    """It is off by default."""
    with Ledger(directory, clock=clock) as ledger:
        first(ledger, clock)
        again(ledger, clock)


def test_a_posted_text_counts_for_as_long_as_the_setting_says(
    directory: Path, clock: ManualClock
) -> None:
    """Ever, or for a time since it went out."""
    with Scheduler(directory, clock=clock) as scheduler:
        first(scheduler, clock)
        scheduler.run_due(Recording())
    clock.advance(timedelta(days=7) - timedelta(microseconds=1))
    for unique in (True, timedelta(days=7)):
        with (
            Ledger(directory, clock=clock, unique=unique) as ledger,
            pytest.raises(ValidationError, match=f"{REFUSED} COMPLETED"),
        ):
            again(ledger, clock)
    clock.advance(timedelta(microseconds=1))
    with Ledger(directory, clock=clock, unique=timedelta(days=7)) as ledger:
        again(ledger, clock)


def test_a_text_that_may_be_out_counts_one_that_is_not_does_not(
    directory: Path, clock: ManualClock
) -> None:
    """Outcome unknown stands in the way; failed, cancelled and removed do not."""
    with Scheduler(directory, clock=clock, on_interrupted="fail") as scheduler:
        first(scheduler, clock)
        with dying():
            scheduler.run_due(crash)
    with Scheduler(directory, clock=clock, on_interrupted="fail", unique=True) as scheduler:
        with pytest.raises(ValidationError, match=f"{REFUSED} FAILED"):
            again(scheduler, clock)
        scheduler.resolve_job("first", posted=False)
        second = again(scheduler, clock)
        scheduler.cancel_job(second)
        third = again(scheduler, clock)
        scheduler.remove_job(third)
        again(scheduler, clock)


def test_edit_and_requeue_are_looked_at_too(directory: Path, clock: ManualClock) -> None:
    """A text may not come in, or back, by another door; its own is no obstacle."""
    with Scheduler(directory, clock=clock, unique=True) as scheduler:
        first(scheduler, clock)
        scheduler.run_due(
            lambda account_id, content: PostResult(False, error="no", retryable=False)
        )
        later = clock.now() + timedelta(hours=1)
        second = scheduler.add_job("mai", "Xin chào", later)
        with pytest.raises(ValidationError, match=f"job {second} is SCHEDULED"):
            scheduler.requeue_job("first", later)
        other = scheduler.add_job("mai", "something else", later)
        with pytest.raises(ValidationError, match=f"job {second} is SCHEDULED"):
            scheduler.edit_job(other, content="Xin chào")
        scheduler.edit_job(second, content="Xin  chào")
        scheduler.edit_job(second, content="new")
        scheduler.requeue_job("first", later)
        scheduler.edit_job(other, metadata={"a": 1})


def test_several_jobs_at_once_are_compared_with_each_other(
    directory: Path, clock: ManualClock
) -> None:
    """All or nothing, by number."""
    with Ledger(directory, clock=clock, unique=True) as ledger:
        new = NewJob("mai", "Xin chào", clock.now())
        with pytest.raises(
            ValidationError, match=r"jobs\[2\]: the same text .* 'mai' as jobs\[0\]"
        ):
            ledger.add_jobs([new, NewJob("mai", "other", clock.now()), new])
        assert ledger.seq == 0


def test_of_many_who_add_the_same_text_at_once_one_gets_in(
    directory: Path, clock: ManualClock
) -> None:
    """Each on a handle of its own: decided on the whole log, not on what each has seen."""
    ledgers = [Ledger(directory, clock=clock, unique=True) for _ in range(8)]
    try:
        for number in range(5):
            raised = at_once(
                *(
                    lambda each=each, number=number: again(each, clock, f"text {number}")
                    for each in ledgers
                )
            )
            assert sum(error is None for error in raised) == 1
            assert all(isinstance(error, ValidationError) for error in raised if error)
        assert len(ledgers[0].list_jobs()) == 5
    finally:
        for ledger in ledgers:
            ledger.close()


@pytest.mark.parametrize("unique", [1, "yes", timedelta(0), -timedelta(days=1), None])
def test_a_setting_that_is_none_is_refused(directory: Path, unique: Any) -> None:
    """Before anything is made."""
    with pytest.raises(ValidationError, match="unique must be a bool or a positive timedelta"):
        Ledger(directory, unique=unique)
    assert not directory.exists()


def test_the_command_line_can_ask_for_it(directory: Path) -> None:
    """`add --unique`."""
    assert run_here(directory, "add", "mai", "Xin chào", "--job-id", "first").code == 0
    done = run_here(directory, "add", "mai", "Xin chào", "--unique")
    assert (done.code, REFUSED in done.err) == (2, True)
    assert run_here(directory, "add", "mai", "Xin chào").code == 0
