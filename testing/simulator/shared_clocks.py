"""The clocks of processes on a server: each machine has its own, and the server's is the one that
counts (`ledger.EngineClock`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from ...domain import StorageError
from ...eventstore import Elapsed, TimeTold
from ...ledger import EngineClock, ManualClock
from ..remote_engine import ServerLink
from ..remote_server import RemoteServer
from ..violation import must

MAY_DIFFER = timedelta(minutes=2)
"""How much two clocks may disagree at most, also behind a failover to a server with another one."""
_LONGEST_S = 30.0
"""Whoever gets no answer within that gives up."""
_SLACK_S = 1.0
"""What a clock may be off by beside what its answers allow: it has not asked for a while."""


class _Way:
    """Asks a server for its time over a link, on which each answer takes its time."""

    def __init__(self, server: RemoteServer, link: ServerLink, chance: Random) -> None:
        self._server = server
        self._link = link
        self._chance = chance
        self.half_s = 0.0
        """Half of what the last answer took."""

    def time(self, elapsed: Elapsed) -> TimeTold:
        """Ask; raises as `TellsTime.time`."""
        asked_s = elapsed()
        self._link.enter(self._server, self._server.location)
        if elapsed() - asked_s > _LONGEST_S:
            self._link.was_disturbed = True
            raise StorageError("the server does not say what time it is")
        at, back_s = self._server.now(), self._chance.choice([0.0, 0.0, 0.1, 2.0, 6.0])
        there_s = self._chance.choice([0.0, 0.0, 0.1, 2.0, 6.0])
        told = TimeTold(at - timedelta(seconds=back_s), asked_s - there_s - back_s, elapsed())
        self.half_s = (told.answered_s - told.asked_s) / 2
        return told


class MachineClock(ManualClock):
    """What a process takes for the time. `clock` is the true one, which it moves where it waits."""

    def __init__(
        self,
        clock: ManualClock,
        server: RemoteServer,
        link: ServerLink,
        machine: Callable[[], datetime],
    ) -> None:
        super().__init__(clock.now())
        self._true = clock
        self._server = server
        self._way = _Way(server, link, Random(f"clock of {link.actor.name}"))
        self._asks: Callable[[], None] | None = None
        begun = clock.now()
        self._counted = EngineClock(
            self._way,
            machine,
            server.location,
            elapsed=lambda: (clock.now() - begun).total_seconds(),
            begin=self._will_ask,
        )

    def now(self) -> datetime:
        return self._counted.now()

    def advance(self, by: timedelta) -> datetime:
        self._true.advance(by)
        return self.now()

    def _will_ask(self, ask: Callable[[], None]) -> None:
        self._asks = ask

    def ask(self) -> None:
        """Ask the server if it is time to: what a thread does for that.

        Raises:
            Violation: the clock is further off than the answers allow.
        """
        ask, self._asks = self._asks, None
        if ask is None:
            return
        before, self._way.half_s = self._way.half_s, -1.0
        ask()
        if self._way.half_s < 0:
            self._way.half_s = before  # it was out of reach
            return
        off_s = abs((self.now() - self._server.now()).total_seconds())
        # An answer may be believed less than one before, which it does not contradict.
        may_be_s = 3 * self._way.half_s + _SLACK_S
        must(off_s <= may_be_s, f"a clock that has just asked is {off_s} s off, not {may_be_s}")

    def check(self, at: datetime) -> None:
        """Check that a time which it has told is none of the future.

        Raises:
            Violation: it is.
        """
        ahead = at - self._server.now()
        must(ahead <= MAY_DIFFER, f"what is written is of {ahead} from now")
