"""For how long a lease holds, as far as its runner knows, and whether it may end others."""

from __future__ import annotations

from collections.abc import Callable


class LeaseTime:
    """Counts by `clock`: seconds that go on in a suspended machine, too. What counts of a renewal
    is the moment at which it was sent, since nobody knows when the engine had it.

    For any engine whose leases are renewed from afar (`runners.RunnerLease`).
    """

    def __init__(self, lease_s: float, clock: Callable[[], float]) -> None:
        self.lease_s = lease_s
        self.clock = clock
        self.was_ended = False
        """Whether another runner has ended this one."""
        self._valid_until = 0.0
        self._steady_since = 0.0
        """Since when it has been renewed without a gap, on the same start of the engine."""
        self._start: object = None

    def taken(self, sent: float, start: object = None) -> None:
        """Note that a new lease was asked for at `sent`, and was given. `start` says which start of
        the engine that was; None: that is not known yet."""
        self.was_ended, self._start = False, start
        self._valid_until, self._steady_since = sent + self.lease_s, sent

    def renewed(self, sent: float, start: object) -> None:
        """Note that a renewal was asked for at `sent`, and was made."""
        if (
            sent > self._valid_until  # rule: gap-makes-a-lease-young
            or start != self._start  # rule: start-makes-a-lease-young
        ):
            self._steady_since = sent
        self._start, self._valid_until = start, sent + self.lease_s

    def valid_for_s(self) -> float:
        """Say for how long it holds without another word."""
        return 0.0 if self.was_ended else max(self._valid_until - self.clock(), 0.0)

    @property
    def may_end_others(self) -> bool:
        """Whether a lease that has run out says something of its runner: this one was renewed for
        a whole lease, in which the others could be, too."""
        return (
            self.valid_for_s() > 0
            and self.clock() - self._steady_since >= self.lease_s  # rule: end-others-after-a-lease
        )
