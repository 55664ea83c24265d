"""A program with the publishers that ship, against the fake platform."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

from jobledger import (
    Attempt,
    ManualClock,
    NotPosted,
    OutcomeUnknown,
    PostResult,
    Publisher,
    ReconcilingPublisher,
    ScheduledJob,
    Scheduler,
    ValidationError,
)
from jobledger.publishers import (
    AccountWaits,
    BlueskyPublisher,
    CheckingPublisher,
    Connection,
    KnowsExpiries,
    MastodonPublisher,
    NoAnswer,
    NotSent,
    NoValidToken,
    PreflightPublisher,
    Response,
    SecretFile,
    SecretVariables,
    ThreadsPublisher,
    ThreadsTokens,
    Tier,
    Timeouts,
    TransportFactory,
    WebhookPublisher,
    read_secret,
    threads_length,
)
from jobledger.publishers.fake_platform import EXCHANGES, FAULTS, FakePlatform, Out

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def token_of(account_id: str) -> str:
    return f"token of {account_id}"


def kept(path: Path) -> datetime | None:
    """With tokens in a file, and with files that Threads fetches."""
    tokens = ThreadsTokens(path, renew_before=timedelta(days=20))
    ThreadsPublisher(tokens, media_url="https://cdn.example.com/{sha256}.{ext}")
    return tokens.expires_at("mai")


def made(platform: FakePlatform) -> list[Publisher]:
    """With tokens of each form."""
    threads = ThreadsPublisher(token_of, user_ids={"mai": "17"}, timeouts=Timeouts(connect_s=1.0))
    can_be_asked: ReconcilingPublisher = threads
    webhook = WebhookPublisher(
        platform.webhook_url,
        secret="a long secret",
        status_url=platform.status_url,
        idempotent=True,
        headers={"X-Of": "mine"},
        body={"text": "{content}", "more": ["{metadata}"]},
        success=lambda answer: True if answer.status == 302 else None,
        platforms=["facebook"],
        ignores=("campaign",),
    )
    assert_type(webhook.tier, Tier)
    assert_type(repr(WebhookPublisher(platform.webhook_url, body="slack")), str)
    assert_type(threads_length("Xin chào 😀"), int)
    by_mapping = ThreadsPublisher(
        {"mai": "mai"},
        base_url=platform.threads_url,
        ready_s=5,
        platforms=("threads",),
        ignores={"location"},
    )
    assert_type(by_mapping.tier, Tier)
    mastodon = MastodonPublisher(
        {"mai": platform.mastodon_url},
        token_of,
        platforms=["mastodon"],
        ignores={"source"},
        timeouts=Timeouts(connect_s=1.0),
    )
    assert_type(mastodon.tier, Tier)
    toots: ReconcilingPublisher = MastodonPublisher("https://mastodon.example")
    return [mastodon, toots, ThreadsPublisher(), can_be_asked, by_mapping, webhook]


def of_bluesky(platform: FakePlatform) -> ReconcilingPublisher:
    """With files as paths, and as bytes."""
    other = BlueskyPublisher({"mai": "secret"}, media=lambda sha256: b"", ignores=("tags",))
    assert_type(other.tier, Tier)
    return BlueskyPublisher(
        lambda account_id: f"password-of-{account_id}",
        handles={"mai": "mai.test"},
        media=lambda sha256: Path("media") / sha256,
        base_url=platform.bluesky_url,
    )


class OfOurOwn:
    """One that is made of the same exchange as those that ship."""

    def __init__(self, url: str, transport: TransportFactory | None = None) -> None:
        self._url = url
        self._transport = transport

    async def publish(self, attempt: Attempt) -> PostResult:
        try:
            async with Connection(Timeouts(), self._transport, ["a long secret"]) as connection:
                assert_type(connection, Connection)
                response = await connection.exchange(
                    "POST",
                    self._url,
                    headers={"Idempotency-Key": attempt.idempotency_key},
                    content=json.dumps(attempt.job.to_dict()).encode(),
                )
        except NotSent as error:
            raise NotPosted(str(error)) from None
        except NoAnswer as error:
            raise OutcomeUnknown(str(error)) from None
        assert_type(response, Response)
        assert_type((response.status, response.ok, response.text), tuple[int, bool, str])
        assert_type(response.fields, dict[str, Any])
        assert_type(response.retry_after_s, float | None)
        return PostResult(response.ok, error=f"HTTP {response.status}")


def secrets(file: Path) -> list[str]:
    given = SecretFile(file, what="password")
    MastodonPublisher("https://mastodon.example", SecretVariables({"shop": "SHOP_TOKEN"}))
    return [given("shop"), read_secret(file)]


def waits(error: AccountWaits) -> str:
    of_a_token: AccountWaits = NoValidToken("the token has ended", "shop")
    return f"{error.account_id} {error.retryable} {of_a_token}"


def whose(error: NoValidToken) -> str:
    posted: NotPosted = error
    assert_type(posted.retryable, bool)
    assert_type(error.account_id, str)
    return error.account_id


def when_tokens_end(publisher: KnowsExpiries, threads: ThreadsPublisher) -> None:
    assert_type(publisher.token_expiries(), Mapping[str, datetime])
    known: KnowsExpiries = threads
    known = ThreadsTokens("tokens.json")
    assert_type(known.token_expiries(), dict[str, datetime])  # as ThreadsTokens say it


def asked_ahead(publisher: PreflightPublisher, job: ScheduledJob) -> PreflightPublisher:
    assert_type(publisher.preflight(job), str | Awaitable[str | None] | None)
    return ThreadsPublisher()


def looked_at(publisher: CheckingPublisher, threads: ThreadsPublisher, job: ScheduledJob) -> None:
    assert_type(publisher.check(job), Sequence[ValidationError])
    assert_type(threads.check(job), list[ValidationError])
    looked_at(threads, threads, job)


async def calls(publisher: ThreadsPublisher | WebhookPublisher, attempt: Attempt) -> None:
    assert_type(await publisher.publish(attempt), PostResult)
    assert_type(await publisher.reconcile(attempt), PostResult | None)


def main(directory: Path) -> None:
    assert "publish" in EXCHANGES
    assert "silent_after" in FAULTS
    with FakePlatform(looks=0) as platform:
        assert_type(platform, FakePlatform)
        *_, threads, _webhook = made(platform)
        with Scheduler(directory, clock=ManualClock(NOON)) as scheduler:
            scheduler.add_job("mai", "Xin chào", NOON)
            scheduler.run_due(threads)
            scheduler.add_job("mai", "Chào", NOON)
            scheduler.run_due(OfOurOwn(platform.webhook_url))
            scheduler.add_job("mai", "Chào!", NOON, platform="bluesky")
            scheduler.run_due(of_bluesky(platform))
        outs = platform.posts()
        assert_type(outs, list[Out])
        assert len(outs) == 3
