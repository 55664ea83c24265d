"""A server in memory that keeps a ledger's lines and the leases of its runners: for simulations.

It does what the function `append` of PostgreSQL's tables does, in one step, and has happen to it
what happens to servers: it is away, starts again, and another one takes its place that lacks the
end of the log. What gets lost on the way to it is in `remote_engine`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from ..eventstore import Cursor, RunnerSeen, Tail, Write
from ..eventstore.engines import MemoryEngine
from .shared_memory import LEASE, SharedLedger

Answer = Literal["written", "behind", "lost", "lapsed", "ended"]
"""What becomes of a write; all but `written` have changed nothing."""


class SentWrite(msgspec.Struct, frozen=True):
    """A write on its way to the server; `sender` is the process, `runner` by whose lease."""

    write: Write
    after: Cursor
    then: Cursor
    runner: str | None
    sender: str


class WatchesLeases(Protocol):
    """Who is told of leases, at the moment of each change."""

    def taken(self, runner: str, start: int) -> None: ...

    def renewed(self, runner: str, start: int, *, has_ended: bool) -> None: ...

    def ended(self, runner: str, by: str, start: int) -> None: ...


class RemoteServer(SharedLedger):
    """One ledger; `now` is the true time, which its clock may be off from.

    `committed` is called with every write that is, and `leases` with what becomes of each lease.
    `line` are those who append, or are about to, first come, first served; the first one has the
    lock. `start` counts its starts.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        committed: Callable[[SentWrite], None],
        *,
        timezone: str,
        ledger_id: str,
    ) -> None:
        super().__init__(
            "remote", lambda: now() + self.ahead, timezone=timezone, ledger_id=ledger_id
        )
        self.passed = now
        self.ahead = timedelta(0)
        """How far its clock is ahead of the true one."""
        self._committed = committed
        self.leases: WatchesLeases | None = None
        self._memory = MemoryEngine(self)
        self.is_down = False
        self.start = 1
        self.line: list[object] = []
        self.under_way: list[tuple[int, SentWrite]] = []
        """Writes whose senders have given up waiting, and that arrive all the same: after how many
        operations of anybody."""
        self.left_out = timedelta(0)
        """Time that has passed, and that no lease knows of: see `leap`."""
        self.ever_ended: set[str] = set()
        """The runners that were ended, also by a server that is no more."""
        self._ends = [self.tail]
        self._runners_then: list[dict[str, RunnerSeen]] = [{}]

    # -- appending ---------------------------------------------------------------------------------

    def append(self, sent: SentWrite) -> Answer:
        """Append a write if the log ends where it says, and its runner's lease lives."""
        after, then = sent.after, sent.then
        if self.tail.seq > after.seq:
            return "behind"
        if self.tail.seq < after.seq or self.tail.hash != after.hash:
            return "lost"  # rule: nothing-behind-a-hole
        right = "living" if sent.runner is None else self._right_of(sent.runner)
        if right != "living":
            return right
        self._memory.append(sent.write, after=after, then=then)
        self._ends.append(self.tail)
        self._runners_then.append(dict(self.runners))
        self._committed(sent)
        return "written"

    def _right_of(self, runner: str) -> Literal["living", "ended", "lapsed"]:
        if not self.is_living(runner):
            return "ended"  # rule: ended-runner-is-refused
        # rule: lapsed-lease-is-refused
        return "living" if self.holds(runner) else "lapsed"

    def count_on(self) -> int:
        """Note that somebody comes to an operation; return how many writes have arrived late."""
        if not self.under_way or self.is_down or self.line:  # they wait in line, too
            return 0
        waiting = [(left - 1, sent) for left, sent in self.under_way]
        self.under_way = [one for one in waiting if one[0] > 0]
        return sum(self.append(sent) == "written" for left, sent in waiting if left <= 0)

    def has(self, then: Cursor) -> bool:
        """Say whether a write ends there."""
        return any(end.seq == then.seq and end.hash == then.hash for end in reversed(self._ends))

    def has_end(self, seq: int, digest: str) -> bool:
        """Say whether the log has ended there once."""
        return any(end.seq == seq and end.hash == digest for end in self._ends)

    def end_seen_late(self, known: Tail, lag: int) -> Tail:
        """Return the end as it was so many writes ago, but none before `known`."""
        ends = self._ends[max(0, len(self._ends) - 1 - lag) :]
        return next((end for end in ends if end.seq >= known.seq), self.tail)

    # -- what happens to it ------------------------------------------------------------------------

    def restart(self) -> None:
        """Come back; whoever had the lock has lost it with its connection."""
        self.is_down = False
        self.start += 1
        self.line.clear()

    def fail_over(self, writes: int) -> int:
        """Have another server in its place that lacks so many of the last writes, and what was said
        of runners since; return the last record that is left."""
        left = max(len(self.writes) - writes, 0)
        del self.writes[left:], self._ends[left + 1 :], self._runners_then[left + 1 :]
        self.tail, self.runners = self._ends[-1], dict(self._runners_then[-1])
        self.under_way.clear()
        self.restart()
        return self.tail.seq

    def leap(self, by: timedelta) -> None:
        """Let time be over in which everybody has done with his lease what he did before: what each
        has left is what it was. It saves the steps of long waits."""
        self.left_out += by
        for seen in list(self.runners.values()):
            if seen.ended_at is None and seen.expires_at is not None:
                self.runners[seen.runner] = msgspec.structs.replace(
                    seen, expires_at=seen.expires_at + by
                )

    # -- leases ------------------------------------------------------------------------------------

    def take_lease(self, runner: str) -> None:
        """Note a new runner."""
        now = self.now()
        self.runners[runner] = RunnerSeen(runner, now, now, now + LEASE)
        if self.leases is not None:
            self.leases.taken(runner, self.start)

    def renew_lease(self, runner: str) -> bool:
        """Renew a lease; False: its runner was ended."""
        seen, now = self.runners.get(runner), self.now()
        if seen is None:
            return False
        if seen.ended_at is not None:  # rule: ended-lease-is-not-renewed
            return False
        self.runners[runner] = msgspec.structs.replace(seen, renewed_at=now, expires_at=now + LEASE)
        if self.leases is not None:
            self.leases.renewed(runner, self.start, has_ended=seen.ended_at is not None)
        return True

    def end_lease(self, runner: str, by: str) -> None:
        """Mark a runner as ended."""
        seen = self.runners.get(runner)
        if seen is not None and seen.ended_at is None:
            if self.leases is not None and by != runner:
                self.leases.ended(runner, by, self.start)
            self.ever_ended.add(runner)
            self.runners[runner] = msgspec.structs.replace(seen, ended_at=self.now(), ended_by=by)

    def lapsed(self) -> list[str]:
        """Return the runners whose lease has run out, and that nobody has ended."""
        now = self.now()
        return [
            seen.runner
            for seen in self.runners.values()
            if seen.ended_at is None
            and seen.expires_at is not None
            and seen.expires_at < now  # rule: only-the-lapsed-are-ended
        ]

    def is_living(self, runner: str) -> bool:
        """Say whether it is known, and nobody has ended it."""
        seen = self.runners.get(runner)
        return seen is not None and seen.ended_at is None

    def holds(self, runner: str, longer: timedelta = timedelta(0)) -> bool:
        """Say whether its lease lives at this moment, and will for so long."""
        seen = self.runners.get(runner)
        return (
            seen is not None
            and seen.ended_at is None
            and seen.expires_at is not None
            and seen.expires_at > self.now() + longer
        )
