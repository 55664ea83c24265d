"""The life of one ledger: each step picks at random what is done on its stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ...domain import JobPriority, NewJob
from ...ledger import Ledger
from ..processes import Process, RestlessClock
from ..stage import Stage
from ..stores import STORES, LosesPower
from ..violation import must
from .planned import SchedulesOfLife
from .platform import Asked, Platform, SimulatedPublisher, Together
from .steps import Step

START = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNTS = ("ana", "bob", "chi", "đỗ")
TEXTS = ("Xin chào", "a line\nand another", "🙂 emoji", "x" * 500, '"quoted" \\ and \u2028')
ZONES = ("UTC", "Asia/Ho_Chi_Minh", "America/New_York")
PUBLISHERS = ("asked", "retry", "fail")
TIMEOUT = timedelta(seconds=2)
"""How long a publisher of several attempts at once may take."""


class Life:
    """One ledger, its processes and its platform, from its making on.

    `publisher` is how attempts in doubt are treated: `asked` (the publisher can be asked), `retry`
    or `fail` (it cannot, and that is the scheduler's `on_interrupted`).
    `engine` is one of `STORES`.
    """

    def __init__(self, seed: int, number: int, engine: str = "files") -> None:
        chance = Random(f"life {seed} {number}")
        self.publisher = chance.choice(PUBLISHERS)
        self.concurrency = chance.choice([1, 1, 1, 3])
        clock = RestlessClock(START + timedelta(days=chance.randrange(3000), hours=number % 24))
        self.stage = Stage(
            clock,
            timezone=chance.choice(ZONES),
            concurrency=self.concurrency,
            on_interrupted="fail" if self.publisher == "fail" else "retry",
            writers=3,
            store=STORES[engine](),
            publish_timeout=TIMEOUT if self.concurrency > 1 else None,
        )
        self.model = self.stage.model
        self.clock = clock
        self.platform = Platform()
        self.counts: Counter[str] = Counter()
        self._names = 0
        self._planned = SchedulesOfLife(self)

    @property
    def days(self) -> float:
        """How much of the simulated time has passed."""
        return (self.clock.now() - self.stage.begun) / timedelta(days=1)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events so far."""
        return self.stage.events

    @property
    def digest(self) -> bytes:
        """What stands for the whole history."""
        return self.stage.log.digest.digest()

    @property
    def posts(self) -> int:
        """How many posts are out."""
        return self.platform.posts.total()

    def close(self) -> None:
        """Let go of nothing: there is nothing but memory."""

    def do(self, step: Step) -> None:
        """Do one step, and check what it comes to.

        Raises:
            Violation: a rule is broken.
        """
        self.counts[step.kind] += 1
        own = getattr(self, f"_{step.kind}", None)
        (own or getattr(self._planned, step.kind))(Random(step.seed))

    def end(self) -> None:
        """Let everything that is still to do be done, close, and check the whole.

        Raises:
            Violation: a rule is broken; or a job never comes to an end.
        """
        self.counts["lives"] += 1
        chance = Random(self.model.seq)
        self.stage.finish(self._given(self._publisher(chance), chance))
        self._check_posts()
        self.stage.end()

    # -- chance ------------------------------------------------------------------------------------

    def account(self, chance: Random) -> str:
        """Choose an account."""
        return chance.choice(ACCOUNTS)

    def trouble(self, chance: Random) -> dict[str, Any]:
        """Choose what goes wrong in a step: the disk, or the machine."""
        return self._trouble(chance)

    def _trouble(
        self, chance: Random, job_id: str | None = None, often: float = 0.06
    ) -> dict[str, Any]:
        """Choose what goes wrong in a step: the disk, the machine, or another process between."""
        roll = chance.random()
        if roll < often:
            faults = self.stage.store.FAULTS
            kind = chance.choice(list(faults))
            self.counts[kind] += 1
            fault = replace(faults[kind], at=chance.randint(1, 4 if faults[kind].only else 25))
            loses_power = isinstance(self.stage.store, LosesPower) and chance.random() < 0.3
            return {"fault": fault, "power_cut": chance if loses_power else None}
        if roll < often + 0.04 and job_id in self.model.of("pending", "scheduled", "running"):
            return {"meanwhile": lambda: self._cancel_elsewhere(str(job_id))}
        return {}

    def _cancel_elsewhere(self, job_id: str) -> None:
        self.counts["meanwhile"] += 1
        self._third.open(self.stage.store).cancel_job(job_id, "not wanted any more")

    def _writer(self, chance: Random) -> Process:
        return chance.choice(self.stage.writers[:2])

    def _pick(self, chance: Random, *states: str) -> str:
        """Mostly a job for which the change is allowed, now and then any one or none at all; of
        those that a schedule has made, of which there are many, not too often one."""
        chosen = self.model.of(*states)
        if chance.random() < 0.7:
            chosen = [one for one in chosen if not self.model.jobs[one]["origin"]] or chosen
        if not chosen or chance.random() < 0.1:
            chosen = [*self.model.jobs, "nobody"]
        return chance.choice(chosen)

    def _soon(self, chance: Random) -> datetime:
        return self.clock.now() + timedelta(minutes=chance.randint(-30, 180))

    def _change(
        self, chance: Random, states: tuple[str, ...], call: Callable[[Ledger, str], object]
    ) -> None:
        job_id = self._pick(chance, *states)
        writer = self._writer(chance)
        self.stage.change(writer, job_id, states, call, **self._trouble(chance, job_id))

    # -- steps: jobs -------------------------------------------------------------------------------

    def _new(self, chance: Random) -> NewJob:
        self._names += 1
        return NewJob(
            account_id=chance.choice(ACCOUNTS),
            content=chance.choice(TEXTS),
            scheduled_time=self._soon(chance),
            priority=chance.choice(list(JobPriority)),
            max_retries=chance.choice([0, 1, 3]),
            metadata=chance.choice([None, {"k": [1, None, "ü"]}]),
            hold=chance.random() < 0.15,
            job_id=f"job-{self._names}",
        )

    def _add(self, chance: Random) -> None:
        news = [self._new(chance)]
        self.stage.add(self._writer(chance), news, **self._trouble(chance))

    def _add_many(self, chance: Random) -> None:
        news = [self._new(chance) for _ in range(chance.randint(2, 8))]
        self.stage.add(self._writer(chance), news, **self._trouble(chance, often=0.25))

    def _add_wrong(self, chance: Random) -> None:
        """Add a job that is not acceptable beside one that is: neither is added."""
        good = self._new(chance)
        wrong: dict[str, Any] = chance.choice(
            [
                {"content": " "},
                {"content": "x" * 501},
                {"account_id": ""},
                {"scheduled_time": self.clock.now() + timedelta(days=366)},
                {"job_id": next(iter(self.model.jobs), "../x")},
                {"max_retries": -1},
            ]
        )
        fields: dict[str, Any] = {name: getattr(good, name) for name in NewJob.__struct_fields__}
        bad = NewJob(**(fields | {"job_id": f"{good.job_id}-wrong"} | wrong))
        ended = self.stage.act(self._writer(chance), lambda own: own.add_jobs([good, bad]))
        must(ended == "refused", f"accepted: {wrong}")

    def _hold(self, chance: Random) -> None:
        self._change(chance, ("scheduled",), lambda own, job_id: own.hold_job(job_id))

    def _release(self, chance: Random) -> None:
        self._change(chance, ("pending",), lambda own, job_id: own.release_job(job_id))

    def _edit(self, chance: Random) -> None:
        text, priority = chance.choice(TEXTS), chance.choice(list(JobPriority))
        self._change(
            chance,
            ("pending", "scheduled"),
            lambda own, job_id: own.edit_job(job_id, content=text, priority=priority),
        )

    def _reschedule(self, chance: Random) -> None:
        moment = self._soon(chance)
        self._change(
            chance,
            ("pending", "scheduled"),
            lambda own, job_id: own.reschedule_job(job_id, moment),
        )

    def _cancel(self, chance: Random) -> None:
        self._change(
            chance,
            ("pending", "scheduled", "running"),
            lambda own, job_id: own.cancel_job(job_id, "not wanted"),
        )

    def _remove(self, chance: Random) -> None:
        states = ("pending", "scheduled", "completed", "failed", "cancelled", "expired")
        self._change(chance, states, lambda own, job_id: own.remove_job(job_id))

    def _requeue(self, chance: Random) -> None:
        """By a person who looks at the platform first, unless the publisher does."""
        states = ("failed", "expired", "cancelled")
        moment, job_id = self._soon(chance), self._pick(chance, *states)
        doubted = [j for j in self.model.of("cancelled") if self.platform.posts[j]]
        if self.publisher == "asked" and doubted and chance.random() < 0.3:
            job_id = chance.choice(doubted)
        state = self.model.jobs.get(job_id, {}).get("status")
        asked = self.publisher == "asked" and state == "cancelled"
        if self.platform.posts[job_id] and state in states and not asked:
            return
        self.stage.change(
            self._writer(chance),
            job_id,
            states,
            lambda own, job_id: own.requeue_job(job_id, moment),
            **self._trouble(chance),
        )

    def _resolve(self, chance: Random) -> None:
        """Say as a person what the platform shows; only where the outcome is unknown."""
        failed = self.model.of("failed")
        unknown = [job_id for job_id in failed if self.model.jobs[job_id]["unknown"]]
        if not failed:
            return
        job_id = chance.choice(unknown or failed)
        posted = self.platform.posts[job_id] > 0
        self.stage.change(
            self._writer(chance),
            job_id,
            ("failed",) if unknown else (),
            lambda own, job_id: own.resolve_job(job_id, posted=posted),
            **self._trouble(chance),
        )

    # -- steps: running ----------------------------------------------------------------------------

    def _publisher(self, chance: Random) -> SimulatedPublisher:
        kind = Asked if self.publisher == "asked" else SimulatedPublisher
        return kind(self.platform, chance, self.stage.runner, self._meanwhile)

    def _run(self, chance: Random) -> None:
        limit, publisher = chance.choice([None, None, 1, 3]), self._publisher(chance)
        given, trouble = self._given(publisher, chance), self._trouble(chance)
        self.stage.run(given, limit=limit, retryable=publisher.last, **trouble)
        self._check_posts()

    def _given(
        self, publisher: SimulatedPublisher, chance: Random
    ) -> SimulatedPublisher | Together:
        return publisher if self.concurrency == 1 else Together(publisher, chance)

    @property
    def _third(self) -> Process:
        return self.stage.writers[2]

    def _meanwhile(self, chance: Random, job_id: str) -> None:
        """Another process changes the board while a job is being posted: its attempt is void."""
        self.counts["meanwhile"] += 1
        other = self._third.open(self.stage.store)
        if chance.random() < 0.5:
            other.add_jobs([self._new(chance)])
        else:
            other.cancel_job(job_id, "not wanted any more")

    def _check_posts(self) -> None:
        """No post is out twice that must not be, none is called out that is not."""
        for job_id, count in self.platform.posts.items():
            must(count <= 1 or self.publisher == "retry", f"{job_id} was posted {count} times")
        for job_id, job in self.model.jobs.items():
            if job["status"] == "completed":
                must(self.platform.posts[job_id], f"{job_id} is completed, and not out")
            elif job["status"] == "failed" and not job["unknown"]:
                must(not self.platform.posts[job_id], f"{job_id} has failed, and is out")

    def _second_runner(self, chance: Random) -> None:
        self.stage.try_second_runner()

    # -- steps: time, and looking ------------------------------------------------------------------

    def _wait(self, chance: Random) -> None:
        self.clock.advance(timedelta(minutes=chance.randint(1, 180), microseconds=1))

    def _sleep(self, chance: Random) -> None:
        """Turn the machine off for a while; what was due meanwhile is late, or too late."""
        self.clock.advance(timedelta(hours=chance.choice([8, 24, 25, 72, 720])))

    def _clock_back(self, chance: Random) -> None:
        self.clock.advance(-timedelta(minutes=chance.randint(1, 2000)))

    def _look(self, chance: Random) -> None:
        self.stage.look()

    def _write_files(self, chance: Random) -> None:
        self.stage.act(
            self._writer(chance), lambda own: own.write_behind(), **self._trouble(chance)
        )

    def _rebuild(self, chance: Random) -> None:
        self.stage.rebuild(self._writer(chance), **self._trouble(chance))

    def _verify(self, chance: Random) -> None:
        self.stage.check_sound()

    # -- steps: processes and the machine ----------------------------------------------------------

    def _reopen(self, chance: Random) -> None:
        self.stage.reopen(chance.choice(self.stage.processes))

    def _kill(self, chance: Random) -> None:
        self.stage.kill(chance.choice(self.stage.processes))

    def _power_cut(self, chance: Random) -> None:
        self.stage.opened(self.stage.writers[0])
        self.stage.cut_power(chance)

    def _torn_tail(self, chance: Random) -> None:
        garbage = [b'{"seq":', bytes(700), b"\xff\xfe\n\n", b'{"seq":1}\n' * 3]
        self.stage.tear_tail(chance.choice(garbage))
