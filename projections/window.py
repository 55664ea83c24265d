"""The window that figures are of: what of the log is counted, and the states at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Generic, TypeVar

Place = TypeVar("Place")


class Window:
    """From `since` to `until`, both inclusive and aware; where there are `accounts` or a
    `platform`, of those alone."""

    def __init__(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        accounts: Collection[str] = (),
        platform: str | None = None,
    ) -> None:
        self.since = None if since is None else since.astimezone(UTC)
        self.until = None if until is None else until.astimezone(UTC)
        self.accounts = frozenset(accounts)
        self.platform = platform

    def is_of(self, account_id: str, platform: str | None) -> bool:
        """Whether what belongs there was asked for; None is of no platform."""
        return (not self.accounts or account_id in self.accounts) and (
            self.platform is None or self.platform == platform
        )

    def has_begun(self, at: datetime) -> bool:
        """Whether a moment is not before the window."""
        return self.since is None or at >= self.since

    def is_not_over(self, at: datetime) -> bool:
        """Whether a moment is not behind the window."""
        return self.until is None or at <= self.until


class StatesAtEnd(Generic[Place]):
    """How many there are in each place, after the last event that is not behind the window.

    The clock may go back: what events behind the window did is in effect once one follows that is
    not behind it.
    """

    def __init__(self) -> None:
        self.counts: Counter[Place] = Counter()
        self._later: Counter[Place] = Counter()

    def move(self, before: Place | None, after: Place | None) -> None:
        """Take in that one has gone from a place to another; None: it was not there, or is gone."""
        if before != after:
            if before is not None:
                self._later[before] -= 1
            if after is not None:
                self._later[after] += 1

    def settle(self) -> None:
        """Have all that was taken in so far in effect."""
        if self._later:
            self.counts.update(self._later)
            self._later.clear()
