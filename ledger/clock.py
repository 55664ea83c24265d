"""Clocks: the only source of time, so that tests can hold it in their hands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ..domain import ValidationError, in_utc


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the current time, aware. It may go backwards; nothing here relies on it not to."""


class SystemClock:
    """The machine's clock, in UTC. A ledger on a server goes by the server's instead, unless it is
    given this one."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved: for tests. Safe to use from any thread.

    Raises:
        ValidationError: `start` has no time zone.
    """

    def __init__(self, start: datetime) -> None:
        if not isinstance(start, datetime):
            raise ValidationError("start must be a datetime with a time zone", field="start")
        try:
            self._now = in_utc(start)
        except ValueError:
            raise ValidationError(
                "start must be a datetime with a time zone", field="start"
            ) from None
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move by `by` (back where it is negative) and return the new time."""
        with self._lock:
            self._now += by
            return self._now


def utc_of(clock: Clock) -> Callable[[], datetime]:
    """Return a function that asks the clock, and gives the time in UTC.

    Raises (the function):
        ValidationError: the clock gives no time with a zone.
    """

    def now() -> datetime:
        told = clock.now()
        if type(told) is datetime and told.tzinfo is UTC:
            return told
        try:
            return in_utc(told)
        except ValueError as error:
            raise ValidationError(
                f"the clock's now() must give a datetime with a time zone: {error}", field="clock"
            ) from None

    return now
