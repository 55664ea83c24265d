"""Tokens: where they come from, and that they are shown nowhere."""

from __future__ import annotations

import asyncio

import pytest
from support.crashes import TOKEN

from jobledger import ValidationError
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
