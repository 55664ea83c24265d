"""What has to hold of leases on a server, as the server sees them: who may end whom, and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..shared_memory import LEASE
from ..violation import must

GAP = LEASE * 2 / 3
"""Where no renewal got through for longer, others may have lost theirs, who renew after a third."""


class LeaseRules:
    """Watches who takes, renews and ends leases; `now` is the time that leases know of. What comes
    of them is told by `say`.

    A lease that has run out says something of its runner only to one that could renew its own all
    the while: so one who ends others has done that for a whole lease, without a gap, on the same
    start of the server.
    """

    def __init__(self, now: Callable[[], datetime], say: Callable[[str], None]) -> None:
        self._now = now
        self._say = say
        self._renewed: dict[str, datetime] = {}
        self._steady_since: dict[str, tuple[datetime, int]] = {}
        self.ended_by_others = 0

    def taken(self, runner: str, start: int) -> None:
        """Note that a runner has a lease from now on, on this start of the server."""
        self._renewed[runner] = now = self._now()
        self._steady_since[runner] = now, start
        self._say(f"{runner} has a lease")

    def renewed(self, runner: str, start: int, *, has_ended: bool) -> None:
        """Note that it was renewed.

        Raises:
            Violation: somebody had ended it.
        """
        must(not has_ended, f"{runner} renews a lease that another runner has ended")
        now = self._now()
        had_gap = now - self._renewed.get(runner, now) > GAP
        if had_gap or self._steady_since.get(runner, (now, 0))[1] != start:
            self._steady_since[runner] = now, start
        self._renewed[runner] = now

    def ended(self, runner: str, by: str, start: int) -> None:
        """Check that a runner may be ended by another one.

        Raises:
            Violation: it may not.
        """
        self.ended_by_others += 1
        self._say(f"{by} ends {runner}")
        now, where = self._now(), f"{by} ends {runner}"
        since, its_start = self._steady_since[by]
        must(its_start == start, f"{where}, and has not renewed since the server started")
        must(now - self._renewed[by] <= GAP, f"{where}, and has not renewed of late")
        must(now - since >= LEASE, f"{where}, and has renewed since {since} only")
        must(now - self._renewed[runner] > LEASE, f"{where}, whose lease holds")
