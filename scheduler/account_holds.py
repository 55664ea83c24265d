"""Accounts for which nothing can be posted just now, by the word of their publisher."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..instrumentation import AccountHeldBack, tell

FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(minutes=30)

OF_ACCOUNT = "nothing can be posted for its account"
"""So begins the reason of the deferrals of its posts."""

Wait = tuple[datetime, str]
"""Until when an account is held back, and why."""


class AccountHolds:
    """Until when posts wait whose account has no valid token: for five minutes, then twice as long
    each time up to half an hour, until a post of the account goes out. This is what one runner
    knows: another one, and this one when it is started again, tries one post to find out.

    For any thread.
    """

    def __init__(self) -> None:
        self._waits: dict[str, tuple[Wait, timedelta]] = {}

    def add(self, account_id: str, error: str, now: datetime) -> None:
        """Hold an account back: nothing could be posted for it."""
        before = self._waits.get(account_id)
        span = FIRST_WAIT if before is None else min(2 * before[1], LONGEST_WAIT)
        until = now + span
        why = f"{OF_ACCOUNT} ({error})"
        self._waits[account_id] = (until, why), span
        tell(AccountHeldBack(account_id=account_id, until=until, error=error))

    def worked(self, account_id: str) -> None:
        """Note that a post of this account is out."""
        self._waits.pop(account_id, None)

    def held(self, now: datetime) -> dict[str, Wait]:
        """Return the accounts whose posts wait, each until when and why."""
        waits = list(self._waits.items())
        return {account_id: wait for account_id, (wait, _) in waits if wait[0] > now}
