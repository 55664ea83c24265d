"""What is common to all that happens to a ledger on a remote engine: its server, its processes, its
time, and the model that each write is held against."""

from __future__ import annotations

import traceback
from collections import Counter
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from ...domain import (
    InvalidTransitionError,
    JobNotFoundError,
    LedgerCorruptError,
    StorageError,
    ValidationError,
)
from ...eventstore import Engine
from ...eventstore.engines import register
from ...integrity import verify_engine
from ...ledger import Clock, Ledger
from ..comparison import compare_all, compare_report
from ..disk import SimulatedDisk
from ..faults import Killed
from ..processes import RestlessClock, SimulatedWriter
from ..remote_engine import RemoteEngine, ServerLink
from ..remote_server import RemoteServer, SentWrite
from ..shared_memory import LEASE
from ..turns import Actor
from ..violation import Violation, must
from .shared_clocks import MAY_DIFFER, MachineClock
from .shared_leases import LeaseRules
from .shared_model import SharedModel
from .story import LifeStory
from .worker import Worker

_SCHEME = "simulated-remote"
_REFUSALS = (InvalidTransitionError, JobNotFoundError, ValidationError)
_PATIENCE = 3000
"""So often everybody is let go on until somebody must have come to an end."""


class SharedStage:
    """A ledger on a server, its processes, and its model; nothing is open yet."""

    def __init__(
        self,
        clock: RestlessClock,
        *,
        timezone: str,
        on_interrupted: str,
        gap: timedelta | None,
        clocks_differ: bool = False,
        is_unique: bool = False,
    ) -> None:
        self.clock = clock
        self._clocks_differ = clocks_differ
        self.begun = clock.now()
        self.story = LifeStory(clock.now)
        self.server = RemoteServer(
            clock.now, self._committed, timezone=timezone, ledger_id=str(UUID(int=1))
        )
        self.leases = LeaseRules(lambda: clock.now() - self.server.left_out, self.story.say)
        self.server.leases = self.leases
        self.model = SharedModel(
            self.server,
            on_interrupted=on_interrupted,
            gap=gap,
            slack=MAY_DIFFER if clocks_differ else timedelta(0),
            is_unique=is_unique,
        )
        self._is_unique = is_unique
        self.workers: dict[str, Worker] = {}
        self.counts: Counter[str] = Counter()
        self.digest = sha256()
        self.withdrawn: set[tuple[str, int]] = set()
        self.lost: set[str] = set()
        """The jobs of which a server knew more that is no more."""
        self.failed_over_at: datetime | None = None
        self._machine = SimulatedDisk()
        """Of it nothing is asked but ids."""
        self._outside = ServerLink(Actor("outside"), is_outside=True)
        self._broken: Exception | None = None

    # -- processes ---------------------------------------------------------------------------------

    def new(self, name: str, settings: dict[str, Any], *, runs: bool) -> Worker:
        """Begin a process, which opens its handle when it is given something to do."""
        worker = Worker(name, self._open, settings, self.story.say, runs=runs)
        self.workers[name] = worker
        return worker

    def _open(self, worker: Worker, kind: type[Ledger], settings: dict[str, Any]) -> Ledger:
        worker.engine = engine = RemoteEngine(self.server, worker.link)
        if self._clocks_differ:
            off = timedelta(seconds=Random(worker.name).choice([-90000, -600, 0, 5, 600, 90000]))
            worker.clock = MachineClock(
                self.clock, self.server, worker.link, lambda: self.clock.now() + off
            )
        return self._open_on(engine, kind, settings, worker.clock or self.clock)

    def _open_on(
        self, engine: Engine, kind: type[Ledger], settings: dict[str, Any], clock: Clock
    ) -> Ledger:
        # Nobody else goes on between this and its use.
        register(_SCHEME, lambda location, options: engine)
        return kind(f"{_SCHEME}:", clock=clock, fs=self._machine, **settings)

    def let_go_on(self, worker: Worker, points: int) -> None:
        """Let a process go on with what it is at; see to what it has come to."""
        worker.actor.go_on(points)
        self.counts["arrived late"] += worker.link.arrived
        worker.link.arrived = 0
        if self._broken is not None:
            raise self._broken
        if worker.engine is not None:
            must(worker.engine.overtaken < 2, f"{worker.name} is overtaken for ever")
        if worker.task and not worker.actor.is_busy:
            self._is_over(worker)

    def finish(self, worker: Worker) -> None:
        """Let a process come to the end of what it is at; and others, whom it waits for.

        Raises:
            Violation: a rule is broken, or it never does.
        """
        for _ in range(_PATIENCE):
            if not worker.actor.is_busy:
                return
            if worker.can_go_on:
                self.let_go_on(worker, 100)
                continue
            others = [other for other in self.workers.values() if other.can_go_on]
            if not others:
                self.end_session()
            for other in others:
                self.let_go_on(other, 3)
        raise Violation(f"{worker.name} never comes to an end of {worker.task}")

    def end_session(self) -> None:
        """Have the server end the session of who has the lock, and does nothing with it."""
        if self.server.line:
            self.counts["session ended"] += 1
            self.story.say("the server ends the session of who has the lock")
            self.server.line.pop(0)

    def kill(self, worker: Worker) -> None:
        """Kill it, wherever it is."""
        self.story.say(f"{worker.name} dies" + f", at {worker.task}" * bool(worker.task))
        worker.die()
        del self.workers[worker.name]
        if self._broken is not None:
            raise self._broken

    def broken(self, error: Exception) -> None:
        """Hear of a rule that is broken, in whatever way whoever breaks it takes that."""
        self._broken = self._broken or error

    def _is_over(self, worker: Worker) -> None:
        """See to a task that is over."""
        error, task, worker.task, worker.run_at = worker.actor.error, worker.task, "", None
        where = f"{task} of {worker.name}"
        self.story.say(f"{where} is over" + ("" if error is None else f": {error!r}"))
        if error is None:
            must(not self._went_on(worker), f"{where} goes on behind a hole")
            worker.link.was_disturbed = False
            worker.done()
        elif isinstance(error, Violation):
            raise error
        elif isinstance(error, LedgerCorruptError):
            must(
                worker.has_lost or worker.may_have_lost,
                f"{where}: what a failing server left was damage: {error}",
            )
            worker.has_lost = True
            self.counts["lost noticed"] += 1
        elif isinstance(error, StorageError | Killed):
            must(worker.link.was_disturbed, f"{where}: a sound server, and {error!r}")
        elif not isinstance(error, _REFUSALS):
            told = "".join(traceback.format_exception(error)[-3:])
            raise Violation(f"{where}: {error!r}\n{told}") from error
        elif task == "add" and not self._has_text_already(error):  # names that nobody else has
            raise Violation(f"{where}: refused without a reason: {error!r}")
        if worker.has_lost or task == "close" or (error is not None and worker.ledger is None):
            self.kill(worker)  # somebody looks at it, and begins anew
        elif not worker.runs and isinstance(error, StorageError):
            self.kill(worker)

    def _has_text_already(self, error: BaseException) -> bool:
        """Whether the text of a job is what was refused, where each may be there once."""
        return self._is_unique and isinstance(error, ValidationError) and error.field == "content"

    def _went_on(self, worker: Worker) -> bool:
        """Whether it knows what is lost, and has looked without saying so. What is written again to
        the byte, at the same moment, is not lost."""
        engine = worker.engine
        if not worker.has_lost or engine is None or engine.looks == worker.looks_then:
            return False
        return not self.server.has_end(*worker.knew)

    # -- time --------------------------------------------------------------------------------------

    def pass_time(self, by: timedelta) -> None:
        """Let time pass; whoever lives renews its lease meanwhile."""
        leap = max(by - 3 * LEASE, timedelta(0))
        until = self.clock.now() + by - leap
        while (now := self.clock.now()) < until:
            for worker in self.workers.values():
                worker.beat(now)
            beats = [
                worker.beats_at
                for worker in self.workers.values()
                if worker.beats_at is not None and worker.beats_at > now and worker.lease
            ]
            self.clock.advance(min([until, *beats]) - now)
        self.story.say_time(by)
        for worker in self.workers.values():
            worker.beat(until)
        if leap:
            self.clock.advance(leap)
            self.server.leap(leap)
            for worker in self.workers.values():
                worker.leap(leap)

    # -- what is written ---------------------------------------------------------------------------

    def _committed(self, sent: SentWrite) -> None:
        """Take in what the server has, the moment it has it."""
        try:
            for line in self.model.commit(sent, self.workers.get(sent.sender)):
                self._note(line, sent.sender)
            self.digest.update(sent.write.lines)
        except Exception as error:
            self.broken(error)
            raise

    def _note(self, line: dict[str, Any], sender: str) -> None:
        self.story.say_event(line, sender)
        by = self.workers.get(sender)
        if by is not None and by.clock is not None:
            by.clock.check(datetime.fromisoformat(line["at"]))
        job = self.model.jobs.get(line["job"])
        if line["type"] in ("cancelled", "removed") and job is not None:
            self.withdrawn.add((line["job"], job["attempt"]))

    # -- what happens to the server ----------------------------------------------------------------

    def fail_over(self, writes: int, ahead: timedelta) -> None:
        """Have another server in its place, which lacks so many writes; everybody who knew them has
        to say so from here on. Where clocks differ, its own is so far `ahead`."""
        before = self.model
        self.server.fail_over(writes)
        self.server.ahead = ahead if self._clocks_differ else timedelta(0)
        self.model = before.without_those_behind(self.server.tail.seq)
        gone = before.lines[len(self.model.lines) :]
        self.lost |= {line["job"] for line in gone}
        self.counts["records lost"] += len(gone)
        self.story.say(f"another server takes its place, which lacks {len(gone)} records")
        self.failed_over_at = self.clock.now()
        for worker in self.workers.values():
            engine, ledger = worker.engine, worker.ledger
            if engine is None:
                continue
            if ledger is not None and ledger.seq:
                end = ledger._store.end
                if not self.server.has_end(end.seq, end.hash):
                    worker.has_lost, worker.looks_then = True, engine.looks
                    worker.knew = end.seq, end.hash
            # An answer may be on its way; or it has heard of an end, and not read up to it.
            is_known = self.server.has_end(engine.known.seq, engine.known.hash)
            worker.may_have_lost |= worker.actor.is_busy or not is_known

    # -- what is shown -----------------------------------------------------------------------------

    def compare(self, worker: Worker) -> None:
        """Compare every job as a process shows it with the model."""
        if worker.ledger is not None:
            worker.ledger.counts()
            compare_all(self.model, worker.name, worker.ledger)

    def look(self) -> None:
        """Compare what somebody sees who opens the ledger now with the model."""
        engine = RemoteEngine(self.server, self._outside)
        reader = self._open_on(engine, SimulatedWriter, {"read_only": True}, self.clock)
        try:
            compare_all(self.model, "reader", reader)
        finally:
            reader._abandon()

    def verify(self) -> None:
        """Verify the whole log."""
        compare_report(self.model, verify_engine(RemoteEngine(self.server, self._outside)))

    def end(self) -> None:
        """Let all threads end."""
        self._outside.actor.end()
        for worker in list(self.workers.values()):
            worker.die()

    def is_living(self, runner: str) -> bool:
        """Say whether nobody has ended a runner, on this server."""
        return self.server.is_living(runner)

    @property
    def is_just_failed_over(self) -> bool:
        """Whether leases may be held that another server had renewed."""
        at = self.failed_over_at
        return at is not None and self.clock.now() - at <= LEASE
