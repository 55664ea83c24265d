"""How often the daily files may be written anew: what is written is in proportion to the log.

A file is always written as a whole, so a day of 20,000 jobs is 10 MB for one change. What was
written has to be paid for before more is written: by what the log has grown since, or, where it
hardly grows, by the time that has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic

TIMES_THE_LOG = 80
"""So many bytes of daily files a byte of the log pays for."""
BYTES_A_SECOND = 16 * 1024
"""So many does a second pay for; whichever pays first."""
SMALL = 24 * 1024
"""So much in all is written whatever was before: hardly more than `TIMES_THE_LOG` for the one
line of the log that there is for it at least."""


class Rewriting:
    """What was written last, and whether it is paid for. Not to be used by two threads at once.

    `time` gives seconds that never go back.
    """

    def __init__(self, log_bytes: int, time: Callable[[], float] = monotonic) -> None:
        self._time = time
        self._sizes: dict[str, int] = {}
        self._owed, self._since, self._log_bytes = 0, time(), log_bytes

    def wait_s(self, days: Iterable[str], log_bytes: int) -> float:
        """Return in how many seconds the files of these days may be written, where the log, which
        has so many bytes, does not grow meanwhile; 0: now.

        One that was never written here is written at once, when all the others are.
        """
        if sum(self._sizes.get(day, 0) for day in days) <= SMALL:
            return 0.0
        if TIMES_THE_LOG * (log_bytes - self._log_bytes) >= self._owed:
            return 0.0
        return max(0.0, self._owed / BYTES_A_SECOND - (self._time() - self._since))

    def note(self, sizes: dict[str, int], written: int, log_bytes: int) -> None:
        """Take note of the days whose files are as they should be now, of how many bytes each has,
        and that so many bytes were `written` for it."""
        now = self._time()
        paid = max(
            TIMES_THE_LOG * (log_bytes - self._log_bytes), BYTES_A_SECOND * (now - self._since)
        )
        self._owed = max(0, self._owed - round(paid)) + written
        self._since, self._log_bytes = now, log_bytes
        self._sizes.update(sizes)
