"""A process of a ledger on a remote engine: a turn of its own, its handle, and its way there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ...ledger import Ledger
from ...scheduler import Scheduler
from ..processes import SimulatedRunner, SimulatedWriter
from ..remote_engine import RemoteEngine, RemoteLease, ServerLink
from ..shared_memory import LEASE
from ..turns import Actor
from .shared_clocks import MachineClock

BEAT = LEASE / 3
Open = Callable[["Worker", type[Ledger], dict[str, Any]], Ledger]
"""Opens a handle for a process: in the process's own turn."""


class Worker:
    """One process, from its start to its end.

    `is_stopped`: as by SIGSTOP, its thread that renews its lease included. `run_at` is since when
    it runs what is due, and `tried` what it has started since.
    """

    def __init__(
        self,
        name: str,
        open_: Open,
        settings: dict[str, Any],
        say: Callable[[str], None],
        *,
        runs: bool,
    ) -> None:
        self.name = name
        self.say = say
        """Tells what it does, and what becomes of that."""
        self.actor = Actor(name)
        self.link = ServerLink(self.actor)
        self.ledger: Ledger | None = None
        self.engine: RemoteEngine | None = None
        self.clock: MachineClock | None = None
        """What it takes for the time, where it asks the server."""
        self.runs = runs
        self.is_stopped = False
        self.has_lost = False
        """Whether it knows something that the server has lost."""
        self.may_have_lost = False
        """Whether it was at something then."""
        self.looks_then = 0
        """How often it had looked when that was lost."""
        self.knew = 0, ""
        """The end that it knew then: its record, and the hash of that."""
        self.task = ""
        """What it is at, in a word."""
        self.done: Callable[[], None] = lambda: None
        """What has to hold when that has gone well."""
        self.concurrency = int(settings.get("concurrency", 1))
        self.run_at: datetime | None = None
        self.tried: set[str] = set()
        self.beats_at: datetime | None = None
        self._open = open_
        self._settings = settings

    # -- what it does ------------------------------------------------------------------------------

    def begin(
        self,
        task: str,
        call: Callable[[Ledger], object],
        done: Callable[[], None] = lambda: None,
    ) -> None:
        """Give it something to do with its handle, which it opens first if need be."""
        self.task, self.done = task, done
        self.say(f"{self.name} begins: {task}")

        def work() -> None:
            if self.ledger is None:
                kind = SimulatedRunner if self.runs else SimulatedWriter
                self.ledger = self._open(self, kind, self._settings)
            call(self.ledger)

        self.actor.begin(work)

    def close(self) -> None:
        """Have it end as one ends a program."""

        def closing(ledger: Ledger) -> None:
            self.ledger = None
            ledger.close()

        self.begin("close", closing)

    @property
    def is_idle(self) -> bool:
        """Whether it could be given something to do."""
        return not (self.actor.is_busy or self.is_stopped or self.actor.is_dead)

    @property
    def can_go_on(self) -> bool:
        """Whether it is in the midst of something, and nothing keeps it."""
        return self.actor.is_busy and not self.is_stopped and not self.actor.is_blocked

    def die(self) -> None:
        """Die where it is, as by SIGKILL."""
        self.actor.die()
        if self.ledger is not None:
            self.ledger._abandon()
        self.ledger = self.engine = None
        self.actor.end()

    # -- its lease ---------------------------------------------------------------------------------

    @property
    def lease(self) -> RemoteLease | None:
        """The lease that it has."""
        return None if self.engine is None else self.engine.held

    def beat(self, now: datetime) -> None:
        """Renew its lease when it is time to: what its thread does for that."""
        lease = self.lease
        if self.is_stopped or self.actor.is_dead:
            return
        if self.clock is not None:
            self.clock.ask()
        if lease is None:
            return
        if self.beats_at is None or now >= self.beats_at:
            self.beats_at = now + (BEAT if lease.beat() else BEAT / 10)

    def leap(self, by: timedelta) -> None:
        """Have time be over in which nothing became of its lease."""
        if self.beats_at is not None:
            self.beats_at += by

    def wake(self, now: datetime) -> None:
        """Go on after having been stopped: which of its threads comes first nobody knows."""
        self.is_stopped = False
        self.say(f"{self.name} goes on")
        self.beats_at = now + timedelta(milliseconds=500)

    # -- what the rules ask ------------------------------------------------------------------------

    def makes(self, job_id: str, attempt: int) -> bool:
        """Say whether it makes an attempt, or has given it up."""
        if not isinstance(self.ledger, Scheduler):
            return True
        running = self.ledger._parts.attempts.by_job.get(job_id)
        return running is not None and running.number == attempt

    def knows_end_of(self, job_id: str, attempt: int) -> bool:
        """Say whether an attempt that it makes has ended, which is not written yet."""
        if not isinstance(self.ledger, Scheduler):
            return False
        running = self.ledger._parts.attempts.by_job.get(job_id)
        return running is not None and running.number == attempt and running.end is not None

    def is_busy_with(self, account_id: str) -> bool:
        """Say whether it holds an attempt of an account, whatever the log says of it."""
        if not isinstance(self.ledger, Scheduler):
            return True
        return account_id in self.ledger._parts.attempts.accounts()
