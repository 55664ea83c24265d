"""A remote engine in memory: the way of a process to a server, on which things get lost.

It has the promises of the one in PostgreSQL (tests/contracts has the contracts of both), by the
same rules of leases and of what must never be lost; and a process may stop, or die, at each
operation of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from ..domain import LedgerBusyError, SchedulerRunningError, StorageError
from ..eventstore import (
    AppendFailedError,
    Block,
    Cursor,
    KnownEnd,
    LeaseTime,
    RunnerEndedError,
    RunnerSeen,
    Tail,
    Write,
)
from ..eventstore.engines import MemoryEngine
from .remote_server import Answer, RemoteServer, SentWrite
from .shared_memory import LEASE
from .turns import Actor

_BEGUN = datetime(2020, 1, 1, tzinfo=UTC)
APPENDS = (
    "request lost", "answer lost", "arrives late", "request made again", "answer asked for again",
)  # fmt: skip
"""What may become of an append: of the last two nobody hears who has called."""


class ServerLink:
    """The way of one process to the server, and what is wrong with it.

    `was_disturbed`: something was, since that was set to False. `is_outside`: of one who only
    looks, between two steps: nothing happens meanwhile.
    """

    def __init__(self, actor: Actor, *, is_outside: bool = False) -> None:
        self.actor = actor
        self._is_outside = is_outside
        self.is_cut = False
        """Nothing gets through, renewals neither."""
        self.loses_renewals = False
        self.next_append: str | None = None
        """One of `APPENDS`, for the next one."""
        self.arrives_after = 1
        """After how many operations of anybody one arrives that is late."""
        self.arrived = 0
        """How many writes have arrived late when it came to an operation."""
        self.refuses = 0
        """So many operations are refused."""
        self.is_busy = False
        """The next wait for the queue is in vain."""
        self.stale_for = 0
        """So many times the end is told as it was `lag` writes ago."""
        self.lag = self.told_late = 0
        """`told_late`: how often it was told so."""
        self.was_disturbed = False

    def enter(self, server: RemoteServer, location: str) -> None:
        """Come to an operation.

        Raises:
            StorageError: it cannot be done.
        """
        self.actor.point()
        if not self._is_outside:
            self.arrived += server.count_on()
        if server.is_down or self.is_cut:
            self.was_disturbed = True
            raise StorageError(f"cannot reach {location}", path=location)
        if self.refuses:
            self.refuses -= 1
            self.was_disturbed = True
            raise StorageError(f"{location} refuses this", path=location)


class RemoteEngine(MemoryEngine):
    """One handle of a process on a RemoteServer."""

    # It has no lock of one runner.
    runner_lock = None  # type: ignore[assignment]  # so that it is no `KeepsRunner`

    def __init__(self, server: RemoteServer, link: ServerLink) -> None:
        super().__init__(server)
        self._server = server
        self._link = link
        self._known = KnownEnd(server.location, server.identity.ledger_id)
        self._is_queued = False
        self.held: RemoteLease | None = None
        self.overtaken = 0
        """How often it was since it waited in the queue, or appended; what nobody may be twice."""
        self.looks = 0
        """How often it has looked at the end of the log, or written there."""

    @property
    def durable_seq(self) -> int:
        """Return the last record that is known to be committed."""
        return self._known.tail.seq

    @property
    def known(self) -> Tail:
        """The acknowledged end as far as this handle has heard of it."""
        return self._known.tail

    # -- reading -----------------------------------------------------------------------------------

    def tail(self) -> Tail:
        """Return the end, or, for a while, an earlier one that is not before what is known."""
        self._link.enter(self._server, self.location)
        self.looks += 1
        known, link = self._known.tail, self._link
        tail = self._server.tail
        if link.stale_for and not self._is_queued:
            link.stale_for, link.told_late = link.stale_for - 1, link.told_late + 1
            tail = self._server.end_seen_late(known, link.lag)
        return self._known.meet(tail, known)

    def lines(self, after: Cursor, until: Tail | None) -> Iterator[Block]:
        """Yield the writes behind `after`."""
        self._link.enter(self._server, self.location)
        return super().lines(after, until)

    # -- appending ---------------------------------------------------------------------------------

    @contextmanager
    def queue(self) -> Iterator[None]:
        """Have everybody else who appends wait (see `port.Queues`)."""
        try:
            self._link.enter(self._server, self.location)
            if self._link.is_busy:
                self._link.is_busy, self._link.was_disturbed = False, True
                raise LedgerBusyError(f"{self.location} is busy", path=self.location)
        finally:
            self.overtaken = 0  # behind the point at which it is looked at
        with self._in_line():
            self._is_queued = True
            try:
                yield
            finally:
                self._is_queued = False

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        """Wait for the lock, and have it within the `with`."""
        line = self._server.line
        line.append(self)
        try:
            self._link.actor.wait_for(lambda: self not in line or line[0] is self)
            self._check_session()
            yield
        finally:
            if self in line:
                line.remove(self)

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        """Append a write behind `after`."""
        self._link.enter(self._server, self.location)
        runner = None if self.held is None else self.held.runner
        # Whose answer is lost asks again without its place in the queue.
        was_queued = self._is_queued and self._link.next_append is None
        sent = SentWrite(write, after.copy(), then.copy(), runner, self._link.actor.name)
        answer = self._answer(sent)
        self.looks += 1
        self._link.actor.point()  # on the way back
        if answer == "lapsed" and self.held is not None:
            self.held.renew()
            return False
        if answer == "ended" and self.held is not None:
            raise self.held.ended()
        if answer == "lost":
            raise self._known.lost(after.seq)
        if answer == "written" and then.seq > after.seq:
            ledger_id = self.identity.ledger_id
            self._known.tail = Tail(ledger_id, then.day, then.offset, then.seq, then.seq, then.hash)
            self.overtaken = 0
        self.overtaken += 0 if answer == "written" else 2 if was_queued else 1
        return answer == "written"

    def _answer(self, sent: SentWrite) -> Answer:
        link = self._link
        trouble, link.next_append = link.next_append, None
        if trouble in ("request lost", "arrives late"):
            if trouble == "arrives late":
                self._server.under_way.append((link.arrives_after, sent))
            raise self._no_answer()
        if trouble == "request made again":
            link.actor.point()
        answer = self._commit(sent)
        if trouble == "answer lost":
            raise self._no_answer()
        if trouble == "answer asked for again":
            link.actor.point()
            answer = self._commit(sent)
            # rule: own-write-is-found
            if answer == "behind" and self._server.has(sent.then):
                return "written"
        return answer

    def _commit(self, sent: SentWrite) -> Answer:
        if not self._is_queued:
            with self._in_line():
                return self._server.append(sent)
        self._check_session()
        answer = self._server.append(sent)
        self._server.line.remove(self)  # the transaction is over, and the lock free
        self._is_queued = False
        return answer

    def _check_session(self) -> None:
        """Check that the lock is still had: the server ends the session of who keeps it for long.

        Raises:
            StorageError: it is not; nothing was written.
        """
        if self not in self._server.line:
            self._link.was_disturbed = True
            raise StorageError(f"the session at {self.location} was ended", path=self.location)

    def _no_answer(self) -> AppendFailedError:
        self._link.was_disturbed = True
        self.overtaken = 0  # it begins anew, whatever became of this one
        return AppendFailedError(f"no answer from {self.location}", path=self.location)

    # -- runners -----------------------------------------------------------------------------------

    def lease(self, name: str) -> RemoteLease:
        """Return a lease for a runner of this process, which has a name of its own here."""
        return RemoteLease(self, self._server, self._link)

    def runners(self) -> list[RunnerSeen]:
        """Return all runners that there ever were."""
        self._link.enter(self._server, self.location)
        return list(self._server.runners.values())


class RemoteLease:
    """The lease of one runner; `beat` is what the thread does that renews it."""

    def __init__(self, engine: RemoteEngine, server: RemoteServer, link: ServerLink) -> None:
        self._engine = engine
        self._server = server
        self._link = link
        self._time = LeaseTime(
            LEASE.total_seconds(),
            lambda: (server.passed() - server.left_out - _BEGUN).total_seconds(),
        )
        self.runner = ""

    def acquire(self) -> None:
        """Take a new one."""
        sent = self._time.clock()
        self._link.enter(self._server, self._engine.location)
        runner = f"{self._link.actor.name}:{next(self._server.numbers)}"
        self._server.take_lease(runner)
        self._link.actor.point()  # on the way back
        self.runner, self._engine.held = runner, self
        self._time.taken(sent, self._server.start)

    def check(self) -> None:
        """Check that it still holds; where it has run out it is renewed, if nobody was faster.

        Raises:
            RunnerEndedError: another runner has ended this one.
            SchedulerRunningError: none is held.
        """
        if not self.runner or self._engine.held is None:
            raise SchedulerRunningError("there is no lease", path=self._engine.location)
        if self.valid_for_s() <= 0:
            self.renew()
        if self._time.was_ended:
            raise self.ended()

    def renew(self) -> None:
        """Renew it now.

        Raises:
            RunnerEndedError: another runner has ended this one.
            StorageError: the server is out of reach.
        """
        sent = self._time.clock()
        self._link.enter(self._server, self._engine.location)
        if not self._renew(sent):
            raise self.ended()

    def beat(self) -> bool:
        """Renew it, if that gets through; return whether it does."""
        link, server = self._link, self._server
        is_lost = server.is_down or link.is_cut or link.loses_renewals
        if self.runner and self._engine.held is self and not is_lost:
            self._renew(self._time.clock())
        return not is_lost

    def _renew(self, sent: float) -> bool:
        start = self._server.start
        if not self._server.renew_lease(self.runner):
            self._time.was_ended = True
            return False
        self._link.actor.point()  # on the way back
        self._time.renewed(sent, start)
        return True

    def ended(self) -> RunnerEndedError:
        """Note that this runner was ended, and return the error that says so."""
        self._time.was_ended = self._link.was_disturbed = True
        return RunnerEndedError(
            f"another runner has ended this one, {self.runner}", path=self._engine.location
        )

    def valid_for_s(self) -> float:
        """Say for how long it holds, as far as is known here."""
        return self._time.valid_for_s()

    def living(self) -> frozenset[str]:
        """Return the runners that nobody has ended."""
        return frozenset(seen.runner for seen in self._engine.runners() if seen.ended_at is None)

    def end_lapsed(self) -> list[str]:
        """End the runners whose lease has run out."""
        if not self._time.may_end_others:
            return []
        self._link.enter(self._server, self._engine.location)
        if not self._time.may_end_others:  # that took long
            return []
        server = self._server
        # rule: lease-is-looked-at-where-others-are-ended
        if server.start != self._time.start or not server.holds(self.runner, LEASE / 3):
            return []
        lapsed = [runner for runner in self._server.lapsed() if runner != self.runner]
        for runner in lapsed:
            self._server.end_lease(runner, self.runner)
        return lapsed

    def release(self) -> None:
        """Give it back, if the server can be reached."""
        if self.runner and self._engine.held is self:
            self._engine.held = None
            if not self._server.is_down and not self._link.is_cut:
                self._server.end_lease(self.runner, self.runner)

    def abandon(self) -> None:
        """Forget it: its process is dead."""
        self._engine.held = None
