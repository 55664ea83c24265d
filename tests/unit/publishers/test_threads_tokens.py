"""Tokens of Threads in a file: given, renewed in time, and written back as a whole."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobledger import ValidationError
from jobledger.publishers import KnowsExpiries, NoValidToken, ThreadsPublisher, ThreadsTokens
from jobledger.publishers.tokens import Tokens

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAYS = timedelta(days=1)
OLD, NEW = "old-token-8f14e45fceea", "new-token-45fceea8f14e"


class Platform:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answer: Any = httpx.Response(200, json={"access_token": NEW, "expires_in": 5_184_000})

    def transport(self) -> httpx.AsyncBaseTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            if isinstance(self.answer, Exception):
                raise self.answer
            response: httpx.Response = self.answer
            return response

        return httpx.MockTransport(answer)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.json"
    keep(path, {"shop": {"token": OLD, "expires_at": (NOW + 40 * DAYS).isoformat()}})
    return path


def keep(path: Path, tokens: Any) -> None:
    path.write_text(tokens if isinstance(tokens, str) else json.dumps(tokens), "utf-8")
    path.chmod(0o600)


def tokens_of(path: Path, platform: Platform, now: datetime = NOW) -> ThreadsTokens:
    return ThreadsTokens(path, transport=platform.transport, now=lambda: now)


def given(path: Path, platform: Platform, now: datetime = NOW, account: str = "shop") -> str:
    return asyncio.run(tokens_of(path, platform, now)(account))


def test_a_token_that_lasts_is_given_as_it_is(path: Path, platform: Platform) -> None:
    assert given(path, platform) == OLD
    assert platform.asked == []
    assert tokens_of(path, platform).expires_at("shop") == NOW + 40 * DAYS


def test_when_tokens_end_is_known_to_whoever_asks_the_publisher(
    path: Path, platform: Platform
) -> None:
    """In UTC, of every account whose end is known; nobody is asked for it."""
    kept: dict[str, Any] = {
        "shop": {"token": OLD, "expires_at": "2026-04-11T19:00:00+07:00"},
        "new": {"token": "nobody-knows-when"},
        "gone": {"token": "ended-already", "expires_at": (NOW - DAYS).isoformat()},
    }
    keep(path, kept)
    publisher = ThreadsPublisher(tokens_of(path, platform))
    assert isinstance(publisher, KnowsExpiries)
    expiries = publisher.token_expiries()
    assert expiries == {"shop": NOW + 40 * DAYS, "gone": NOW - DAYS}
    assert all(at.utcoffset() == timedelta(0) for at in expiries.values())
    assert platform.asked == []


def test_a_publisher_whose_tokens_do_not_say_when_they_end_knows_of_none() -> None:
    assert ThreadsPublisher({"shop": OLD}).token_expiries() == {}
    assert ThreadsPublisher(lambda account: OLD).token_expiries() == {}


def test_a_file_that_cannot_be_read_is_told_to_whoever_asks_when_tokens_end(tmp_path: Path) -> None:
    publisher = ThreadsPublisher(ThreadsTokens(tmp_path / "nowhere.json"))
    with pytest.raises(ValidationError, match="cannot be read"):
        publisher.token_expiries()


def test_a_token_is_renewed_in_time_and_kept(path: Path, platform: Platform) -> None:
    """With when the new one ends, beside what else is in the file, and for its owner alone."""
    others = {"cafe": {"token": "other-token", "expires_at": (NOW + 90 * DAYS).isoformat()}}
    keep(path, json.loads(path.read_text("utf-8")) | others)
    assert given(path, platform, NOW + 11 * DAYS) == NEW
    [asked] = platform.asked
    assert dict(asked.url.params) == {"grant_type": "th_refresh_token", "access_token": OLD}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["tokens.json"]
    found = tokens_of(path, platform)
    assert found.expires_at("shop") == NOW + 71 * DAYS
    assert found.expires_at("cafe") == NOW + 90 * DAYS
    assert given(path, platform, NOW + 12 * DAYS) == NEW
    assert len(platform.asked) == 1


def test_no_log_has_a_token_in_it(
    path: Path, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even that of the HTTP client, which would write the address down."""
    with caplog.at_level(logging.DEBUG):
        assert given(path, platform, NOW + 20 * DAYS) == NEW
        assert OLD not in caplog.text
        assert NEW not in caplog.text
        logging.getLogger("httpx").info("%s", f"whatever comes later {OLD}")
    assert OLD in caplog.text


def test_a_token_of_which_nobody_knows_the_end_is_renewed_to_learn_it(
    path: Path, platform: Platform
) -> None:
    keep(path, {"shop": {"token": OLD}})
    assert given(path, platform) == NEW
    assert tokens_of(path, platform).expires_at("shop") == NOW + 60 * DAYS


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"error": {"message": "no", "code": 190}}),
        httpx.Response(200, json={"access_token": NEW}),
        httpx.Response(200, text="<html>"),
        httpx.ConnectError("no way"),
        httpx.ReadTimeout("too long"),
    ],
    ids=str,
)
def test_where_it_cannot_be_renewed_the_old_one_is_used_until_it_ends(
    path: Path, platform: Platform, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Told each time, without the token, and not asked for again within an hour."""
    platform.answer = answer
    before = path.read_bytes()
    clock = [NOW + 20 * DAYS]
    tokens = ThreadsTokens(path, transport=platform.transport, now=lambda: clock[0])
    with caplog.at_level(logging.WARNING):
        for later in (timedelta(0), timedelta(minutes=59), timedelta(hours=1)):
            clock[0] = NOW + 20 * DAYS + later
            assert asyncio.run(tokens("shop")) == OLD
    assert len(platform.asked) == 2
    assert path.read_bytes() == before
    assert "a token could not be renewed" in caplog.text
    assert "ends='on 2026-04-11'" in caplog.text.replace('"', "'")
    assert OLD not in caplog.text
    clock[0] = NOW + 40 * DAYS
    with pytest.raises(ValidationError, match=r"ended on 2026-04-11.*get a new one"):
        asyncio.run(tokens("shop"))


def test_a_token_that_somebody_puts_there_meanwhile_stays(path: Path, platform: Platform) -> None:
    """It is newer than the one that was renewed."""
    mine = "put-there-by-hand"

    def answer(request: httpx.Request) -> httpx.Response:
        keep(path, {"shop": {"token": mine}})
        return httpx.Response(200, json={"access_token": NEW, "expires_in": 60})

    transport = httpx.MockTransport(answer)
    tokens = ThreadsTokens(path, transport=lambda: transport, now=lambda: NOW + 20 * DAYS)
    asyncio.run(tokens("shop"))
    assert json.loads(path.read_text("utf-8")) == {"shop": {"token": mine}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not as tokens are kept"),
        ('{"shop": "token"}', "is not as tokens are kept"),
        ('{"shop": {"token": 7}}', "is not as tokens are kept"),
        ('{"shop": {"token": "a", "expires_at": "2026-01-01T00:00:00"}}', "has no time zone"),
        ("{}", "there is no token for account 'shop'"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_has_no_token_says_so_and_holds_the_account(
    path: Path, platform: Platform, content: str | None, said: str
) -> None:
    """In words: what is in the file is not shown."""
    path.unlink() if content is None else keep(path, content)
    with pytest.raises(NoValidToken, match=said):
        asyncio.run(Tokens(tokens_of(path, platform)).to_post("shop"))


def test_a_file_that_others_may_read_is_refused(path: Path, platform: Platform) -> None:
    path.chmod(0o640)
    with pytest.raises(ValidationError, match=r"others may read it.*chmod 600"):
        given(path, platform)


def test_settings_are_checked_and_nothing_is_shown(path: Path, platform: Platform) -> None:
    with pytest.raises(ValidationError, match="renew_before"):
        ThreadsTokens(path, renew_before=timedelta(0))
    assert OLD not in repr(tokens_of(path, platform))
