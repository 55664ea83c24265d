"""For how long a lease holds, as far as its runner knows, and whether it may end others."""

from __future__ import annotations

from collections.abc import Callable

_STEADY = 2 / 3
"""Of a lease, how far apart renewals may be that go on without a gap. Each runner renews after a
third: where the engine was away for two, others had no time left to renew theirs."""


class LeaseTime:
    """Counts by `clock`: seconds that go on in a suspended machine, too. How long a lease holds
    counts from the moment at which its renewal was sent, since nobody knows when the engine had it;
    how old it is counts from the answer, for the same reason.

    For any engine whose leases are renewed from afar (`runners.RunnerLease`).
    """

    def __init__(self, lease_s: float, clock: Callable[[], float]) -> None:
        self.lease_s = lease_s
        self.clock = clock
        self.was_ended = False
        """Whether another runner has ended this one."""
        self.start: object = None
        """On which start of the engine it was renewed last; None: that is not known."""
        self._sent = -lease_s
        """When the last renewal was sent that has come about."""
        self._steady_since = 0.0
        """Since when it has been renewed without a gap, on the same start of the engine."""

    def taken(self, sent: float, start: object = None) -> None:
        """Note that a new lease was asked for at `sent`, and was given by now. `start` says which
        start of the engine that was; None: that is not known yet."""
        self.was_ended, self.start = False, start
        # rule: lease-counts-from-when-it-was-asked-for
        self._sent, self._steady_since = sent, self.clock()

    def renewed(self, sent: float, start: object) -> None:
        """Note that a renewal was asked for at `sent`, and was made by now."""
        now = self.clock()
        if (
            not self._is_steady(now)  # rule: gap-makes-a-lease-young
            or start != self.start  # rule: start-makes-a-lease-young
        ):
            self._steady_since = now
        self.start, self._sent = start, sent

    def valid_for_s(self) -> float:
        """Say for how long it holds without another word."""
        left_s = self._sent + self.lease_s - self.clock()  # rule: lease-runs-out
        return 0.0 if self.was_ended else max(left_s, 0.0)

    @property
    def may_end_others(self) -> bool:
        """Whether a lease that has run out says something of its runner: this one was renewed for
        a whole lease, up to now, in which the others could be, too."""
        now = self.clock()
        return (
            not self.was_ended
            and self._is_steady(now)  # rule: silent-runner-ends-nobody
            and now - self._steady_since >= self.lease_s  # rule: end-others-after-a-lease
        )

    def _is_steady(self, now: float) -> bool:
        return now - self._sent <= self.lease_s * _STEADY
