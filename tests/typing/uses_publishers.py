"""A program with the publishers that ship, against the fake platform."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

from jobledger import Attempt, ManualClock, PostResult, Publisher, ReconcilingPublisher, Scheduler
from jobledger.publishers import ThreadsPublisher, Timeouts, WebhookPublisher
from jobledger.publishers.fake_platform import EXCHANGES, FAULTS, FakePlatform, Out

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def token_of(account_id: str) -> str:
    return f"token of {account_id}"


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
    )
    by_mapping = ThreadsPublisher({"mai": "mai"}, base_url=platform.threads_url, ready_s=5)
    return [ThreadsPublisher(), can_be_asked, by_mapping, webhook]


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
        [out] = platform.posts()
        assert_type(out, Out)
