"""How much of an account's quota is used, as Threads says it: asked for before a post is made.

What it said is good for some minutes, in which posts of ours count. Where it does not say, the post
is made: Threads refuses what is too much, and that is told, too. Facts are of
https://developers.facebook.com/documentation/threads/overview, looked up on 2026-11-28.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from ..scheduler import AccountWaits
from .threads_api import Quota, ThreadsApi

GOOD_FOR = timedelta(minutes=5)
_LONGEST_S = 5.0
"""No post waits longer for it."""


class _Known(msgspec.Struct):
    """What was said of an account's posts, or of its replies (None: nothing), and how many have
    gone out since."""

    at: datetime
    quota: Quota | None
    since: int = 0

    @property
    def is_used_up(self) -> bool:
        return self.quota is not None and self.quota.used + self.since >= self.quota.total


class AccountLimits:
    """The quotas of all accounts of a publisher, each by the last answer of Threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: dict[tuple[str, bool], _Known] = {}

    async def check(self, api: ThreadsApi, account_id: str, *, reply: bool) -> None:
        """Check that one more post may go out, as far as Threads says.

        Raises:
            AccountWaits: the quota is used up, by what Threads says now.
        """
        known, now = self._known.get((account_id, reply)), self._now()
        is_good = known is not None and timedelta(0) <= now - known.at < GOOD_FOR
        if known is None or not is_good or known.is_used_up:
            known = self._known[account_id, reply] = _Known(now, await _asked(api, reply))
        if known.quota is not None and known.is_used_up:  # rule: no-post-beyond-its-quota
            raise AccountWaits(f"its quota is used up: {known.quota.words}", account_id)

    def spend(self, account_id: str, *, reply: bool) -> None:
        """Count one more that has gone out, or may have, since Threads was asked."""
        known = self._known.get((account_id, reply))
        if known is not None:
            known.since += 1


async def _asked(api: ThreadsApi, reply: bool) -> Quota | None:
    try:
        async with asyncio.timeout(_LONGEST_S):
            return await api.quota(replies=reply)
    except Exception:  # noqa: BLE001 - it is only asked: the post has its own answer
        return None
