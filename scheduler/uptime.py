"""How long this process has run: the time in which it was neither stopped nor its machine asleep.

A clock that does not count a suspended machine still counts a stopped process (Ctrl-Z, a frozen
container, a paused virtual machine). Whoever is awake looks at the clock often; what lies between
two looks counts for as much as may lie between the looks of somebody awake, and no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

LONGEST_GAP_S = 1.0
"""What lies between two looks counts for this at most."""
_SLICE_S = 0.5
"""How long `wait_while_running` waits until it looks again."""


class Uptime:
    """Counts from 0; `time` is a clock that never goes back."""

    def __init__(self, time: Callable[[], float] = monotonic) -> None:
        self._time = time
        self._looked_at = time()
        self._total_s = 0.0

    def look(self) -> float:
        """Return the seconds so far. Too few where it was looked at too rarely, never too many."""
        now, before = self._time(), self._looked_at
        self._looked_at = now
        self._total_s += min(max(now - before, 0.0), LONGEST_GAP_S)
        return self._total_s


async def wait_while_running(work: asyncio.Future[Any], seconds: float) -> bool:
    """Wait for `work`, for so long at most in which this process ran; whether it has ended."""
    uptime = Uptime(asyncio.get_running_loop().time)
    while not work.done():
        left_s = seconds - uptime.look()
        if left_s <= 0:
            return False
        await asyncio.wait([work], timeout=min(left_s, _SLICE_S))
    return True
