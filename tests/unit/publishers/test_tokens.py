"""Tokens: where they come from, and that they are shown nowhere."""

from __future__ import annotations

import asyncio
import copy
from datetime import timedelta

import pytest
from support.bench import Bench
from support.crashes import ACCOUNT, TOKEN, Deaf

from jobledger import JobStatus, NotPosted, ValidationError
from jobledger.publishers import NoValidToken
from jobledger.publishers.tokens import Tokens


def of(tokens: Tokens, account: str = "acc") -> str:
    return asyncio.run(tokens.of(account))


def test_an_accounts_own_variable_comes_before_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name in capitals, with _ for what a variable cannot hold."""
    monkeypatch.setenv("THREADS_TOKEN", "for-all")
    monkeypatch.setenv("THREADS_TOKEN_MY_SHOP_2", "own")
    assert of(Tokens(None), "my-shop.2") == "own"
    assert of(Tokens(None), "other") == "for-all"


def test_a_function_may_be_plain_or_async() -> None:
    """It is asked at each attempt, so a renewed token is used at once."""

    async def later(account: str) -> str:
        return f"later-{account}"

    assert of(Tokens(lambda account: f"now-{account}")) == "now-acc"
    assert of(Tokens(later)) == "later-acc"


def test_a_missing_token_names_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the variable to set, where that is where it is looked for."""
    monkeypatch.delenv("THREADS_TOKEN", raising=False)
    with pytest.raises(ValidationError, match=r"no token for account 'acc' \(set THREADS_TOKEN\)"):
        of(Tokens(None))
    with pytest.raises(ValidationError, match="no token for account 'acc'"):
        of(Tokens({"other": "x"}))


def test_nothing_that_goes_wrong_with_a_token_shows_it() -> None:
    """Neither its repr, nor a function that fails with it in hand, nor a line break in it."""

    def fails(account: str) -> str:
        raise RuntimeError(f"expired: {TOKEN}")

    assert TOKEN not in repr(Tokens({"acc": TOKEN}))
    for source in (fails, {"acc": f"{TOKEN}\n"}):
        with pytest.raises(ValidationError) as refusal:
            of(Tokens(source))
        assert TOKEN not in str(refusal.value)
        assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
    with pytest.raises(ValidationError, match="tokens must be"):
        Tokens("a bare token")  # type: ignore[arg-type]


def test_a_token_that_is_not_taken_is_told_as_the_accounts(bench: Bench) -> None:
    """By a name that is not of the post; its posts wait until it is seen to, and none is burnt."""
    expired = bench.threads(tokens={ACCOUNT: "expired-token"})
    jobs = [bench.add(f"text {number}") for number in range(3)]
    assert bench.scheduler.run_due(expired) == 1
    first = bench.scheduler.get_job(jobs[0])
    assert str(first.error).startswith("NoValidToken: no container: HTTP 401 (code 190")
    assert "renew the token" in str(first.error)
    for job in map(bench.scheduler.get_job, jobs):
        assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 0)
    assert bench.platform.posts() == []
    assert bench.exchanges().count("create") == 1
    bench.clock.advance(timedelta(minutes=5))
    assert bench.scheduler.run_due(bench.threads()) == 3
    assert {bench.scheduler.get_job(job_id).status for job_id in jobs} == {JobStatus.COMPLETED}


def test_no_token_at_all_is_the_same_kind(bench: Bench) -> None:
    """It says what to do."""
    job = bench.post(bench.threads(tokens={}))
    assert job.status is JobStatus.SCHEDULED
    assert str(job.error) == "NoValidToken: there is no token for account 'acc' (give one)"


def test_a_token_that_cannot_be_had_just_now_is_asked_for_again(bench: Bench) -> None:
    """Whoever keeps them may be away for a minute; that does not cost the post."""
    away = True

    def kept(account: str) -> str:
        if away:
            raise ConnectionError(f"vault, {TOKEN}")
        return TOKEN

    publisher = bench.threads(tokens=kept)
    job = bench.post(publisher)
    assert (job.status, job.may_be_out) == (JobStatus.SCHEDULED, False)
    assert "asking for the token of account 'acc' failed: ConnectionError" in str(job.error)
    assert TOKEN not in str(job.error)
    away = False
    bench.clock.advance(timedelta(minutes=5))
    assert bench.once(publisher, job.job_id).status is JobStatus.COMPLETED


@pytest.mark.parametrize("tokens", [{}, {ACCOUNT: "expired-token"}])
def test_a_token_says_nothing_of_a_post_that_may_be_out(
    bench: Bench, tokens: dict[str, str]
) -> None:
    """Whether it is cannot be asked without one: that is told, and nothing else is claimed."""
    bench.platform.fail("publish", "silent_after")
    bench.platform.fail("status", "drop_before", skip=2)
    job = bench.post(bench.threads())
    assert job.in_doubt
    job = bench.once(bench.threads(tokens=tokens), job.job_id)
    assert (job.status, job.in_doubt, job.retry_count) == (JobStatus.SCHEDULED, True, 1)
    bench.clock.advance(timedelta(minutes=5))
    job = bench.once(Deaf(bench.threads(tokens=tokens)), job.job_id)
    assert job.may_be_out
    bench.clock.advance(timedelta(minutes=30))
    job = bench.once(bench.threads(), job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")


def test_the_error_has_the_account_also_in_another_process() -> None:
    """As a scheduler that puts an account off needs it."""
    error = copy.copy(NoValidToken("expired", "shop", retryable=True))  # as pickle does it
    assert isinstance(error, NotPosted)
    assert (str(error), error.account_id, error.retryable) == ("expired", "shop", True)
