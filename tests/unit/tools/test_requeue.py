"""`requeue` of many: those that failed in one way, and never one whose post may be out."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import (
    JobStatus,
    Ledger,
    ManualClock,
    OutcomeUnknown,
    PostResult,
    Scheduler,
    SystemClock,
)
from jobledger.publishers import ThreadsPublisher, WebhookPublisher
from jobledger.publishers.fake_platform import FakePlatform


def publish(account_id: str, content: str) -> PostResult:
    if content == "unknown":
        raise OutcomeUnknown("token may be wrong")
    return PostResult(False, error=f"{content}: token expired", retryable=False)


@pytest.fixture
def failed(directory: Path) -> Path:
    """One that failed two days ago; two of account a and one of b that failed a moment ago, of one
    of which nobody knows; and one that waits."""
    clock = ManualClock(SystemClock().now() - timedelta(days=2))
    with Scheduler(directory, clock=clock, on_interrupted="fail") as scheduler:
        scheduler.add_job("a", "old", clock.now(), job_id="old")
        scheduler.run_due(publish)
        clock.advance(timedelta(days=2) - timedelta(minutes=1))
        for account_id, text in (("a", "one"), ("a", "unknown"), ("b", "other")):
            scheduler.add_job(account_id, text, clock.now(), job_id=text, max_retries=0)
        scheduler.run_due(publish)
        scheduler.add_job("a", "waits", clock.now() + timedelta(days=3), job_id="waits")
    return directory


def scheduled(directory: Path) -> set[str]:
    with Ledger(directory, read_only=True) as ledger:
        return {job.job_id for job in ledger.list_jobs(status=JobStatus.SCHEDULED)} - {"waits"}


@pytest.mark.parametrize(
    ("words", "which"),
    [
        (["--account", "a"], {"old", "one"}),
        (["--error", "TOKEN"], {"old", "one", "other"}),
        (["--error", "one:"], {"one"}),
        (["--since", "-1h"], {"one", "other"}),
        (["--account", "a", "--error", "token", "--since", "-1h"], {"one"}),
        (["--account", "nobody"], set()),
    ],
)
def test_all_that_failed_so_are_scheduled_again(
    failed: Path, words: list[str], which: set[str]
) -> None:
    done = run_here(failed, "requeue", *words, "tomorrow", "9:00", "--json")
    assert done.code == 0, done.err
    assert {*json.loads(done.out)["jobs"]} == which
    assert scheduled(failed) == which
    with Ledger(failed, read_only=True) as ledger:
        assert {f"{ledger.get_job(each).scheduled_time:%H:%M}" for each in which} <= {"09:00"}
        assert ledger.get_job("unknown").status is JobStatus.FAILED


def test_one_whose_post_may_be_out_is_left_to_a_person_and_told(failed: Path) -> None:
    done = run_here(failed, "requeue", "--account", "a")
    assert done.out == "requeued 2 jobs\n"
    assert "1 left out, since the post may be out: `jobledger list --outcome-unknown`" in done.err
    assert "unknown" in run_here(failed, "list", "--outcome-unknown").out


def test_a_dry_run_shows_them_and_changes_nothing(failed: Path) -> None:
    done = run_here(failed, "requeue", "--error", "token", "--dry-run")
    assert [line.split()[0] for line in done.out.splitlines()[:-1]] == ["old", "one", "other"]
    assert done.out.endswith("would requeue 3 jobs; nothing was changed\n")
    assert scheduled(failed) == set()


@pytest.mark.parametrize("words", [[], ["one", "--dry-run"]])
def test_neither_a_job_nor_which_ones_is_refused(failed: Path, words: list[str]) -> None:
    assert run_here(failed, "requeue", *words).code == 2
    assert scheduled(failed) == set()


def test_what_failed_by_a_dead_token_is_brought_back_and_goes_out(directory: Path) -> None:
    """With a publisher that ships, and a platform that does not take its token; then it does."""
    with FakePlatform() as platform:
        publisher = WebhookPublisher(platform.webhook_url)
        platform.fail("webhook", "token_expired", times=2)
        with Scheduler(directory) as scheduler:
            jobs = [scheduler.add_job("shop", text, scheduler.now()) for text in ("one", "two")]
            scheduler.run_due(publisher)
            assert {scheduler.get_job(job).status for job in jobs} == {JobStatus.FAILED}
        done = run_here(directory, "requeue", "--account", "shop", "--error", "token")
        assert (done.code, done.out.splitlines()[0]) == (0, "requeued 2 jobs"), done.err
        with Scheduler(directory) as scheduler:
            scheduler.run_due(publisher)
            assert {scheduler.get_job(job).status for job in jobs} == {JobStatus.COMPLETED}
        assert len(platform.posts()) == 2


def test_what_waited_for_a_token_until_it_expired_is_brought_back_if_that_is_asked_for(
    directory: Path,
) -> None:
    """Nothing of it has failed: Threads did not take the token, so the account's posts waited."""
    clock = ManualClock(SystemClock().now() - timedelta(days=2))
    with FakePlatform(tokens={"a-good-token": "shop"}, looks=0) as platform:
        dead = ThreadsPublisher({"shop": "a-dead-token"}, base_url=platform.threads_url)
        with Scheduler(directory, clock=clock) as scheduler:
            jobs = [scheduler.add_job("shop", text, clock.now()) for text in ("one", "two")]
            other = scheduler.add_job("cafe", "not of a token", clock.now() + timedelta(hours=1))
            assert scheduler.run_due(dead, limit=1) == 1
            assert scheduler.run_due(dead) == 0
            clock.advance(timedelta(hours=47))
            scheduler.cleanup_expired_jobs()
            every = [scheduler.get_job(job).status for job in (*jobs, other)]
            assert every == [JobStatus.EXPIRED] * 3
        words = ("requeue", "--account", "shop", "--error", "token")
        assert run_here(directory, *words).out.startswith("requeued 0 jobs")
        assert run_here(directory, *words, "--expired").out.startswith("requeued 2 jobs")
        with Scheduler(directory) as scheduler:
            good = ThreadsPublisher({"shop": "a-good-token"}, base_url=platform.threads_url)
            scheduler.run_due(good)
            assert {scheduler.get_job(job).status for job in jobs} == {JobStatus.COMPLETED}
            assert scheduler.get_job(other).status is JobStatus.EXPIRED


def test_expired_ones_are_chosen_by_an_error_alone(directory: Path) -> None:
    Ledger(directory).close()
    done = run_here(directory, "requeue", "--account", "shop", "--expired")
    assert done.code == 2
    assert "--expired goes with --error" in done.err
