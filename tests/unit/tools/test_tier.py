"""When it begins, `run` says how its publisher keeps from posting twice."""

from __future__ import annotations

from typing import Any

import pytest

from jobledger import Attempt, PostResult
from jobledger.publishers import (
    BlueskyPublisher,
    MastodonPublisher,
    ThreadsPublisher,
    WebhookPublisher,
)
from jobledger.tools.commands.run import _say_tier


def plain(account_id: str, content: str) -> PostResult:
    return PostResult(True)


class Asked:
    """A publisher of one's own that can be asked."""

    def publish(self, attempt: Attempt) -> PostResult:
        return PostResult(True)

    def reconcile(self, attempt: Attempt) -> PostResult:
        return PostResult(True)


@pytest.mark.parametrize(
    ("publisher", "tier"),
    [
        (plain, "none"),
        (Asked(), "state"),
        (ThreadsPublisher({}), "state"),
        (BlueskyPublisher({}), "key"),
        (MastodonPublisher("https://mastodon.example"), "search"),
        (WebhookPublisher("https://example.org/posts"), "none"),
        (WebhookPublisher("https://example.org/posts", idempotent=True), "key"),
        (WebhookPublisher("https://example.org/", status_url="https://e.org/{key}"), "state"),
    ],
)
def test_the_tier_is_said_and_none_is_warned_of(
    publisher: Any, tier: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    _say_tier("my:publisher", publisher, "retry")
    [record] = caplog.records
    assert f"tier={tier}" in record.getMessage()
    assert (record.levelname, "--on-interrupted fail" in record.getMessage()) == (
        ("WARNING", True) if tier == "none" else ("INFO", False)
    )


def test_where_nothing_is_sent_again_by_itself_there_is_nothing_to_warn_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    _say_tier("my:publisher", plain, "fail")
    assert [record.levelname for record in caplog.records] == ["INFO"]
