"""Doubt: what may be out although nobody knows that it is, as one value."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest
from support.domain import NOON, Life, elsewhere

from jobledger import JobStatus, ScheduledJob, ValidationError
from jobledger.domain.job import commands as c
from jobledger.domain.job.decide import decide
from jobledger.domain.job.doubt import Doubt
from jobledger.domain.job.importing import stated_doubt

FACTS = ("in_doubt", "exhausted", "may_be_out", "outcome_unknown")


def facts(of: Doubt | ScheduledJob) -> tuple[bool, ...]:
    return tuple(getattr(of, name) for name in FACTS)


def test_facts_that_cannot_be_together_are_no_value() -> None:
    """Eight ways of sixteen: what is unknown is not asked about, what is not asked is not used up.

    By hand, as it is what every release has to mean by the values that are saved.
    """
    assert {doubt.value: facts(doubt) for doubt in Doubt} == {
        "none": (False, False, False, False),
        "ask": (True, False, False, False),
        "ask_only": (True, True, False, False),
        "lost": (False, False, True, False),
        "ask_and_lost": (True, False, True, False),
        "ask_only_and_lost": (True, True, True, False),
        "unknown": (False, False, False, True),
        "unknown_and_lost": (False, False, True, True),
    }


@pytest.mark.parametrize("told", list(product([False, True], repeat=4)))
def test_any_facts_make_a_doubt_and_only_legal_ones_are_taken_from_elsewhere(
    told: tuple[bool, ...],
) -> None:
    """A log has been checked when it was written; a file that somebody has made was not."""
    named = dict(zip(FACTS, told, strict=True))
    doubt = Doubt.of(**named)
    assert all(was for has, was in zip(facts(doubt), told, strict=True) if has)
    if facts(doubt) == told:
        assert stated_doubt(named) is doubt
    else:
        with pytest.raises(ValidationError) as caught:
            stated_doubt(named)
        assert caught.value.field in ("in_doubt", "exhausted")


def test_a_fact_that_is_no_truth_value_is_refused_by_its_name() -> None:
    """Nothing is taken for true because it is not empty."""
    with pytest.raises(ValidationError) as caught:
        stated_doubt({"may_be_out": "no"})
    assert caught.value.field == "may_be_out"


def test_a_job_tells_its_doubt_by_the_names_of_the_facts() -> None:
    """Whoever asks for one of them need not know the others."""
    for doubt in Doubt:
        job = ScheduledJob(
            job_id="j", account_id="a", content="c", scheduled_time=NOON, doubt=doubt
        )
        assert facts(job) == facts(doubt)
        assert msgspec.json.decode(msgspec.json.encode(job), type=ScheduledJob) == job


def test_what_is_no_doubt_cannot_be_imported() -> None:
    """The type of the field is checked like those of the others."""
    item = elsewhere(doubt="ask")
    with pytest.raises(ValidationError) as caught:
        decide(None, c.Import(job_id="job", job=item), NOON)
    assert caught.value.field == "doubt"


def interrupted(life: Life, *, reconcilable: bool) -> Doubt:
    """End an attempt of a job without a known outcome."""
    life.do(
        c.Interrupt(attempt=life.start(reconcilable=reconcilable), reason="crashed", error="gone")
    )
    assert life.job is not None
    return life.job.doubt


def doubt_of(life: Life) -> tuple[Doubt, int]:
    """Tell what a job is in doubt about just now, and about which attempt."""
    assert life.job is not None
    return life.job.doubt, life.job.doubted_attempt


def test_doubts_add_up_until_each_is_settled() -> None:
    """An attempt to be asked about, then a publisher that cannot be asked, then a known failure."""
    life = Life(max_retries=9)
    assert interrupted(life, reconcilable=True) is Doubt.ASK
    attempt = life.start()
    assert doubt_of(life) == (Doubt.ASK_AND_LOST, 1)
    life.do(c.Fail(attempt=attempt, error="no"))
    assert doubt_of(life) == (Doubt.LOST, 1)
    life.do(c.Fail(attempt=life.start(), error="no", retryable=False))
    assert (life.status, *doubt_of(life)) == (JobStatus.FAILED, Doubt.UNKNOWN_AND_LOST, 1)
    life.do(c.Resolve(posted=False))
    assert doubt_of(life)[0] is Doubt.NONE


def test_a_requeue_keeps_only_what_can_still_be_asked() -> None:
    """What a person requeues, he has looked into; a publisher that can be asked is asked."""
    life = Life(max_retries=0)
    assert interrupted(life, reconcilable=True) is Doubt.ASK_ONLY
    life.do(c.Cancel())
    life.do(c.Requeue(scheduled_time=life.now))
    assert doubt_of(life)[0] is Doubt.ASK
