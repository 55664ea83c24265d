"""The kit: what its crashes find, and what it needs."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from hypothesis import given, settings

from jobledger import Attempt, Ledger, NewJob, PostResult, testing
from jobledger.release import how_to_install
from jobledger.testing import Posts, crash_everywhere, crash_point, ledgers


class Naive:
    def __init__(self, posts: Posts) -> None:
        self.posts = posts

    def publish(self, attempt: Attempt) -> PostResult:
        return PostResult(True, self.posts.post(attempt.job.job_id, attempt.idempotency_key))


class Careful(Naive):
    def reconcile(self, attempt: Attempt) -> PostResult:
        found = self.posts.of_key(attempt.idempotency_key)
        return PostResult(found is not None, thread_id=found)


class Forgetful(Careful):
    """Says of every post that it is not out."""

    def reconcile(self, attempt: Attempt) -> PostResult:
        return PostResult(False)


class Boastful(Careful):
    """Says of every post in doubt that it is out."""

    def reconcile(self, attempt: Attempt) -> PostResult:
        return PostResult(True)


def test_a_publisher_that_cannot_be_asked_posts_twice_or_leaves_a_doubt() -> None:
    again = crash_everywhere(Naive)
    assert again.twice
    assert (again.lost, again.wrong, again.unknown) == ([], [], [])
    with pytest.raises(AssertionError, match=r"hello: posted 2 times, COMPLETED, after a crash"):
        again.check()
    stops = crash_everywhere(Naive, on_interrupted="fail")
    assert (stops.twice, stops.lost, stops.wrong) == ([], [], [])
    assert {finding.posts for finding in stops.unknown} == {0, 1}
    stops.check()


def test_one_that_can_be_asked_posts_once() -> None:
    def three_jobs(ledger: Ledger) -> None:
        ledger.add_jobs([NewJob(account, "hi", ledger.now()) for account in ("a", "b", "c")])

    report = crash_everywhere(Careful, three_jobs)
    report.check()
    assert report.unknown == []
    assert report.crashes > 40
    assert report.jobs == 3 * (report.crashes + 2)


def test_one_that_is_asked_and_does_not_tell_the_truth_is_found_out() -> None:
    assert crash_everywhere(Forgetful).twice
    assert crash_everywhere(Boastful).lost


def test_without_power_cuts_there_are_half_as_many_crashes() -> None:
    assert crash_everywhere(Careful, power_cuts=False).crashes * 2 == (
        crash_everywhere(Careful).crashes
    )


def test_a_crash_point_outside_of_all_this_does_nothing() -> None:
    crash_point("here")
    assert Posts().post("a") == "post-1"


def test_settings_that_the_model_knows_nothing_of_are_refused() -> None:
    with pytest.raises(ValueError, match="the model knows nothing of pacing"):
        crash_everywhere(Careful, pacing=None)


def test_a_plain_publisher_that_would_need_a_thread_is_refused() -> None:
    """Threads run by themselves, and no run could be repeated."""
    with pytest.raises(ValueError, match="the publisher has to be async"):
        crash_everywhere(Careful, concurrency=2)
    with pytest.raises(ValueError, match="the publisher has to be async"):
        crash_everywhere(Careful, publish_timeout=timedelta(seconds=1))


@settings(max_examples=25, deadline=None)
@given(ledgers())
def test_ledgers_have_a_sound_history(ledger: Ledger) -> None:
    ledger.write_behind()
    assert ledger.verify().problems == []
    assert {job.job_id for job in ledger.list_jobs()} <= {e.job_id for e in ledger.events()}
    ledger.close()


def test_every_name_of_the_kit_is_there_and_no_other() -> None:
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = testing.nonsense  # type: ignore[attr-defined]  # that is tried


def test_without_hypothesis_the_rest_of_the_kit_works_and_says_what_is_missing() -> None:
    program = """
import sys
sys.modules["hypothesis"] = None
from jobledger.testing import crash_everywhere
try:
    from jobledger.testing import LifecycleMachine
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"LifecycleMachine needs hypothesis ({how_to_install('testing')})"


def test_its_former_name_gives_the_same() -> None:
    """Programs that were written for it go on."""
    from jobledger.tools import testing as former

    assert former.__all__ == testing.__all__
    assert all(getattr(former, name) is getattr(testing, name) for name in testing.__all__)
