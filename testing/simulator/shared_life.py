"""The life of one ledger on a remote engine, which up to eight runners share.

Each process takes its turn at each of its operations, where others come in between, or it is
stopped, or killed. Each step picks at random what happens next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ...domain import Pacing
from ...ledger import Ledger
from ...scheduler import Scheduler
from ..processes import RestlessClock
from ..shared_memory import LEASE
from ..violation import Violation, must
from .shared_changes import ChangesOfMany
from .shared_faults import FaultsOfLife
from .shared_platform import (
    KINDS,
    AskedPublisher,
    Kind,
    SharedPlatform,
    SharedPublisher,
    TogetherPublisher,
)
from .shared_schedules import SchedulesOfMany
from .shared_stage import SharedStage
from .steps import Step
from .worker import Worker

START = datetime(2026, 1, 1, tzinfo=UTC)
MOST_RUNNERS = 8
_WRITERS = ("writer-1", "writer-2", "writer-3")
POINTS = (1, 1, 1, 2, 3, 5, 9, 30, 200)
"""How far a process may go before somebody else may."""
GAP = timedelta(minutes=5)
_ROUNDS = 200


class SharedLife:
    """One ledger, its server, its processes and its platform, from its making on.

    `runners`: so many at most; None: as many as the dice say. `publisher` is how attempts in doubt
    are treated.
    """

    def __init__(self, seed: int, number: int, runners: int | None = None) -> None:
        chance = Random(f"shared life {seed} {number}")
        self.publisher: Kind = chance.choice(KINDS)
        most = chance.choice([1, 2, 2, 3, 3, 5, MOST_RUNNERS])
        self.most = most if runners is None else runners  # all else is as the dice say
        self.crowd = 0
        """How many runners there were at once, at most."""
        self.loses_records = chance.random() < 0.25
        self._gap = chance.choice([None, None, GAP])
        self._together = chance.random() < 0.3
        clocks_differ = chance.random() < 0.4
        self.is_unique = chance.random() < 0.2
        """Whether no text may be there twice for an account."""
        clock = RestlessClock(START + timedelta(days=chance.randrange(3000), hours=number % 24))
        self.stage = SharedStage(
            clock,
            timezone=chance.choice(["UTC", "Asia/Ho_Chi_Minh"]),
            on_interrupted=self._on_interrupted,
            gap=self._gap,
            clocks_differ=clocks_differ,
            is_unique=self.is_unique,
        )
        self.clock = clock
        self.platform = SharedPlatform(self.publisher, self)
        self._faults = FaultsOfLife(self)
        self.changes = ChangesOfMany(self)
        self._schedules = SchedulesOfMany(self)
        self._names = 0
        self.counts = self.stage.counts

    @property
    def _on_interrupted(self) -> str:
        return "fail" if self.publisher == "fail" else "retry"

    @property
    def days(self) -> float:
        """How much of the simulated time has passed."""
        return (self.clock.now() - self.stage.begun) / timedelta(days=1)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The records that there are, the newest last."""
        return self.stage.model.lines

    @property
    def digest(self) -> bytes:
        """What stands for the whole history."""
        return self.stage.digest.digest()

    @property
    def posts(self) -> int:
        """How many posts are out."""
        return self.platform.posts.total()

    def do(self, step: Step) -> None:
        """Do one step, and check what it comes to.

        Raises:
            Violation: a rule is broken.
        """
        self.counts[step.kind] += 1
        self.stage.story.begin(step)
        for part in (self, self.changes, self._faults, self._schedules):
            own = getattr(part, step.kind, None)
            if own is not None:
                own(Random(step.seed))
                break
        self._check_posts()

    # -- what others ask ---------------------------------------------------------------------------

    def is_current(self, job_id: str, attempt: int) -> bool:
        """Say whether the log has this attempt running."""
        job = self.stage.model.jobs.get(job_id, {})
        return job.get("status") == "running" and job["attempt"] == attempt

    def has_been_ended(self, runner: str) -> bool:
        """Say whether a runner was ended, or may have been by a server that is no more."""
        return not self.stage.is_living(runner) or self.stage.failed_over_at is not None

    def holds(self, runner: str) -> bool:
        """Say whether its lease lives, or did on a server that is no more."""
        return self.stage.server.holds(runner) or self.stage.is_just_failed_over

    @property
    def newest(self) -> int:
        """The last record that the server has."""
        return self.stage.server.tail.seq

    def is_withdrawn(self, job_id: str, attempt: int) -> bool:
        """Say whether a person has put an end to this attempt while it was made."""
        return (job_id, attempt) in self.stage.withdrawn

    def is_lost(self, job_id: str) -> bool:
        """Say whether a server that is no more knew something of a job that is known no more."""
        return job_id in self.stage.lost

    def _check_posts(self) -> None:
        """None is said to be out that is not, nor the other way round."""
        posts, late = self.platform.posts, self.platform.late
        for job_id, job in self.stage.model.jobs.items():
            if job_id in self.stage.lost:
                continue
            if job["status"] == "completed":
                must(posts[job_id], f"{job_id} is completed, and not out")
            elif job["status"] == "failed" and not job["unknown"]:
                must(posts[job_id] <= late[job_id], f"{job_id} has failed, and is out")

    # -- processes ---------------------------------------------------------------------------------

    def runners(self) -> list[Worker]:
        """Return the runners that there are."""
        return [worker for worker in self.stage.workers.values() if worker.runs]

    def runner(self, chance: Random) -> Worker | None:
        """Choose a runner that has nothing to do; a new one if there may be more. None: none."""
        idle = [worker for worker in self.runners() if worker.is_idle]
        if len(self.runners()) < self.most and (not idle or chance.random() < 0.3):
            self._names += 1
            settings: dict[str, Any] = {
                "unique": self.is_unique,
                "on_interrupted": self._on_interrupted,
                "concurrency": 3 if self._together and chance.random() < 0.7 else 1,
            }
            if self._gap is not None:
                settings["pacing"] = Pacing(min_gap_s=self._gap.total_seconds())
            self.crowd = max(self.crowd, len(self.runners()) + 1)
            return self.stage.new(f"runner-{self._names}", settings, runs=True)
        return chance.choice(idle) if idle else None

    def writer(self, chance: Random) -> Worker | None:
        """Choose a process that adds and changes, and has nothing to do."""
        name = chance.choice(_WRITERS)
        found = self.stage.workers.get(name)
        if found is None:
            return self.stage.new(name, self._of_writers, runs=False)
        return found if found.is_idle else None

    def idle_writers(self) -> list[Worker]:
        """Return all of those that have nothing to do."""
        every = [
            self.stage.workers.get(name) or self.stage.new(name, self._of_writers, runs=False)
            for name in _WRITERS
        ]
        return [worker for worker in every if worker.is_idle]

    def go(self, chance: Random) -> None:
        """Let one that is at something go on a little."""
        busy = [worker for worker in self.stage.workers.values() if worker.can_go_on]
        if busy:
            self.stage.let_go_on(chance.choice(busy), chance.choice(POINTS))
        elif any(worker.actor.is_blocked for worker in self.stage.workers.values()):
            self.stage.end_session()

    def finish(self, chance: Random) -> None:
        """Let one that is at something come to its end."""
        busy = [worker for worker in self.stage.workers.values() if worker.can_go_on]
        if busy:
            self.stage.finish(chance.choice(busy))

    def tell(
        self,
        chance: Random,
        what: str,
        call: Callable[[Ledger], object],
        done: Callable[[], None] = lambda: None,
    ) -> None:
        """Have a writer do something; mostly others come in between."""
        worker = self.writer(chance)
        if worker is None:
            return
        worker.begin(what, call, done)
        self.stage.let_go_on(worker, chance.choice(POINTS))

    def begin_at_once(
        self,
        chance: Random,
        tasks: Sequence[tuple[str, Callable[[Ledger], object], Callable[[], None]]],
    ) -> None:
        """Have several writers do something at the same moment: each a little, in turn."""
        idle = self.idle_writers()[: len(tasks)]
        if len(idle) < len(tasks):
            return
        for worker, (what, call, done) in zip(idle, tasks, strict=True):
            worker.begin(what, call, done)
        for _ in range(chance.choice([6, 12, 20])):
            worker = chance.choice(idle)
            if worker.can_go_on:
                self.stage.let_go_on(worker, 1)

    @property
    def _of_writers(self) -> dict[str, Any]:
        return {"unique": self.is_unique}

    # -- steps: running ----------------------------------------------------------------------------

    def run(self, chance: Random) -> None:
        """Have a runner begin to run what is due."""
        worker = self.runner(chance)
        if worker is not None:
            self.begin_run(worker, chance, chance.choice([None, None, 1, 3]))
            self.stage.let_go_on(worker, chance.choice(POINTS))

    def begin_run(
        self, worker: Worker, chance: Random, limit: int | None, *, is_calm: bool = False
    ) -> None:
        """Have a runner begin to run what is due, and do nothing yet."""
        kind = AskedPublisher if self.publisher == "asked" else SharedPublisher
        model = self.stage.model
        publisher = kind(
            self.platform, worker, chance, model.answers, self.stage.broken, is_calm=is_calm
        )
        given = publisher if worker.concurrency == 1 else TogetherPublisher(publisher)

        def run_due(runner: Ledger) -> None:
            assert isinstance(runner, Scheduler)
            worker.run_at, worker.tried = (worker.clock or self.clock).now(), set()
            runner.run_due(given, limit=limit)

        worker.begin("run_due", run_due)

    # -- steps: time, and looking ------------------------------------------------------------------

    def wait(self, chance: Random) -> None:
        self.stage.pass_time(timedelta(seconds=chance.choice([1, 2, 4, 6, 8, 16])))

    def wait_long(self, chance: Random) -> None:
        self.stage.pass_time(timedelta(minutes=chance.choice([1, 3, 5, 20, 60])))

    def look(self, chance: Random) -> None:
        self.stage.look()

    def verify(self, chance: Random) -> None:
        self.stage.verify()

    # -- the end -----------------------------------------------------------------------------------

    def end(self) -> None:
        """Let everything that is still to do be done, close, and check the whole.

        Raises:
            Violation: a rule is broken; or a job never comes to an end.
        """
        self.counts["lives"] += 1
        self.stage.story.say("nothing goes wrong any more, and all is brought to its end")
        chance = Random(self.stage.model.seq)
        self._faults.heal_all()
        for worker in list(self.stage.workers.values()):
            self.stage.finish(worker)
        self._schedules.end_all(chance)
        self._have_all_go_on(chance)
        self._run_all(chance)
        for worker in list(self.stage.workers.values()):
            if not worker.has_lost:
                worker.begin("look", lambda ledger: ledger.counts())
                self.stage.finish(worker)
                self.stage.compare(worker)
        for worker in list(self.stage.workers.values()):
            worker.close()
            self.stage.finish(worker)
        self.verify(chance)
        self.look(chance)

    def _have_all_go_on(self, chance: Random) -> None:
        """Have each runner run twice: whatever has become of it, it works the second time."""
        for worker in self.runners():
            for _ in range(2):
                if worker.name in self.stage.workers:
                    self.begin_run(worker, chance, None, is_calm=True)
                    self.stage.finish(worker)
            if worker.name in self.stage.workers:
                error = worker.actor.error
                must(error is None, f"{worker.name} does not go on: {error!r}")

    def _run_all(self, chance: Random) -> None:
        for _ in range(_ROUNDS):
            model = self.stage.model
            waiting = model.of("scheduled")
            if not waiting and not model.of("running"):
                return
            now = self.clock.now()
            due = min((model.jobs[job_id]["scheduled_time"] for job_id in waiting), default=now)
            self.stage.pass_time(max(due - now, 3 * LEASE))
            runner = self.runner(chance)
            assert runner is not None
            self.begin_run(runner, chance, None, is_calm=True)
            self.stage.finish(runner)
            self._check_posts()
        left = self.stage.model.of("scheduled", "running")
        raise Violation(f"{left} never come to an end")

    def close(self) -> None:
        """Let all threads end; what else is to be told of it is counted."""
        self.stage.end()
        again = sum(count - 1 for count in self.platform.posts.values() if count > 1)
        self.counts.update({
            "posts again": again,
            "posts late": self.platform.late.total(),
            "runners ended": self.stage.leases.ended_by_others,
        })  # fmt: skip
