"""A bench for publishers: a fake platform, a scheduler on a clock in hand, publishers for it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from support.crashes import ACCOUNT, HANDLE, TOKEN, CutTransport, Points, crash

from jobledger import Event, ManualClock, ScheduledJob, Scheduler
from jobledger.publishers import (
    BlueskyPublisher,
    MastodonPublisher,
    ThreadsPublisher,
    WebhookPublisher,
)
from jobledger.publishers.fake_platform import FakePlatform


class Bench:
    """What a test of a publisher needs."""

    def __init__(self, platform: FakePlatform, scheduler: Scheduler, clock: ManualClock) -> None:
        self.platform = platform
        self.scheduler = scheduler
        self.clock = clock
        self.paused_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.paused_s.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    def _common(self) -> dict[str, Any]:
        return {
            "transport": lambda: CutTransport(Points((), crash), self.platform),
            "sleep": self.sleep,
            "now": self.clock.now,
        }

    def threads(self, **settings: Any) -> ThreadsPublisher:
        given = {"tokens": {ACCOUNT: TOKEN}, "base_url": self.platform.threads_url}
        return ThreadsPublisher(**(given | self._common() | settings))

    def bluesky(self, **settings: Any) -> BlueskyPublisher:
        given = {
            "passwords": {ACCOUNT: TOKEN},
            "handles": {ACCOUNT: HANDLE},
            "base_url": self.platform.bluesky_url,
        }
        return BlueskyPublisher(**(given | self._common() | settings))

    def mastodon(self, **settings: Any) -> MastodonPublisher:
        given = {"instance": self.platform.mastodon_url, "tokens": {ACCOUNT: TOKEN}}
        return MastodonPublisher(**(given | self._common() | settings))

    def webhook(self, **settings: Any) -> WebhookPublisher:
        return WebhookPublisher(**({"url": self.platform.webhook_url} | self._common() | settings))

    def add(self, content: str = "text", account: str = ACCOUNT, **more: Any) -> str:
        """Add a job that is due, as a ledger may have one from before there were tables."""
        given = {"lenient": True} | more
        return self.scheduler.add_job(account, content, self.clock.now(), **given)

    def once(self, publisher: Any, job_id: str) -> ScheduledJob:
        """One attempt, as soon as the job is due."""
        wait = self.scheduler.get_job(job_id).scheduled_time - self.clock.now()
        self.clock.advance(max(wait, timedelta(0)))
        assert self.scheduler.run_due(publisher) == 1
        return self.scheduler.get_job(job_id)

    def post(self, publisher: Any, content: str = "text", **more: Any) -> ScheduledJob:
        """Add a job and make one attempt."""
        return self.once(publisher, self.add(content, **more))

    def exchanges(self) -> list[str]:
        """Return what the platform was asked, in order."""
        return [seen.exchange for seen in self.platform.seen]

    def sent(self, exchange: str) -> list[Any]:
        """Return the JSON bodies that arrived for an exchange."""
        return [json.loads(seen.body) for seen in self.platform.seen if seen.exchange == exchange]

    def events(self, job: ScheduledJob, kind: str) -> list[Event]:
        return [event for event in self.scheduler.history(job.job_id) if event.type == kind]
