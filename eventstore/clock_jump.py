"""A clock that jumps far ahead must not begin a day file that nothing can ever go back from.

A day file's day never goes back, so one wrong minute in 2099 would put everything that follows into
that file. A jump shows against a second clock, one that only counts: when the time has moved more
than a day further than has passed since the handle was opened, a new day is refused. Once the time
has stood by it for a minute it is believed: so a glitch does no harm, and a machine that was
frozen, or got its time late, is held up for a minute at most. A ledger that was not used for long
has no open handle, and opens as ever. A day at most one beyond the newest file is never refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from ..domain import StorageError

FAR = timedelta(days=1)
SETTLES_S = 60.0

Elapsed = Callable[[], float]
"""Seconds that only ever go on, those of a suspended machine included."""


def boot_time() -> Elapsed | None:
    """Return the machine's own such clock; None where none counts while it is suspended."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else lambda: time.clock_gettime(clock)


class JumpGuard:
    """Compares the time with what has passed since it was made; without `elapsed` lets all by."""

    def __init__(self, now: datetime, elapsed: Elapsed | None) -> None:
        self._elapsed = elapsed
        self._then = now
        self._start = 0.0 if elapsed is None else elapsed()
        self._noticed: tuple[float, timedelta] | None = None

    def check(self, now: datetime, newest: str) -> None:
        """Before a new day is begun; `newest` is the day of the newest file.

        Raises:
            StorageError: the clock has jumped ahead; nothing was written.
        """
        if self._elapsed is None or now.date() - date.fromisoformat(newest) <= FAR:
            return
        moment = self._elapsed()
        ahead = now - self._then - timedelta(seconds=moment - self._start)
        if ahead <= FAR:
            self._noticed = None
            return
        if self._noticed is None or abs(ahead - self._noticed[1]) > FAR:
            self._noticed = moment, ahead
        if moment - self._noticed[0] >= SETTLES_S:
            self._then, self._start, self._noticed = now, moment, None
            return
        raise StorageError(
            f"the clock jumped ahead by {ahead.days} days, to {now:%Y-%m-%d %H:%M} UTC;"
            " nothing was written",
            hint=f"if that is the time, it is believed after {SETTLES_S:.0f} s, or at once when the"
            " ledger is opened again",
        )
