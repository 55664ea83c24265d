"""How the loop waits: how often it looks at the log meanwhile, and who has to wait for it.

A look costs little, but ten a second is what an idle runner should spend (docs/adr/0004). Changes
by other processes come in bursts, though: somebody adds jobs in a browser, a script imports them.
So the loop looks the more often the less long ago it found one.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic

from .attempt_runner import LOOK_EVERY_S

LOOK_SOON_S = 0.01
"""How long it may take in the midst of other processes' changes."""
_SHARE = 10
"""A look waits for this part of the time that has passed without a change."""
EARLY_S = 0.0015
"""So long before a due time the event loop's timer is to end, which may be late by a millisecond
and what it takes to wake up; the rest is waited out precisely."""
CALM_S = 0.01
"""How long before a due time, and after a turn has begun, files that can wait are left alone."""


class LoopTiming:
    """What the loop of one scheduler knows of its past; `time` is a clock that never goes back."""

    def __init__(self, time: Callable[[], float] = monotonic) -> None:
        self._time = time
        self._found_at = self._turned_at = -inf

    def turn(self) -> None:
        """Note that a turn of the loop begins."""
        self._turned_at = self._time()

    def found(self) -> None:
        """Note that a change by another process was found."""
        self._found_at = self._time()

    @property
    def wait_s(self) -> float:
        """How long the loop may wait until it looks at the log again."""
        since_s = self._time() - self._found_at
        return min(LOOK_EVERY_S, max(LOOK_SOON_S, since_s / _SHARE))

    def calm_in_s(self, left_s: float, takes_s: float) -> float:
        """How long until files may be written, which takes so long, where the next job to start is
        due in `left_s` (inf where there is none); 0: now."""
        if -CALM_S < left_s < max(CALM_S, 1.5 * takes_s):
            return left_s + CALM_S
        return max(0.0, self._turned_at + CALM_S - self._time())
