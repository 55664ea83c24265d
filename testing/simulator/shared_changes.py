"""What people and programs say to jobs in the life of a ledger on a remote engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import msgspec

from ...domain import JobPriority, NewJob
from ...ledger import Ledger
from ..violation import must

if TYPE_CHECKING:
    from .shared_life import SharedLife

ACCOUNTS = ("ana", "bob", "chi", "đỗ")


class ChangesOfMany:
    """Each step is a method of its name."""

    def __init__(self, life: SharedLife) -> None:
        self._life = life
        self._stage = life.stage
        self._names = 0

    def soon(self, chance: Random) -> datetime:
        """Choose a time that is, or will soon be, due."""
        return self._life.clock.now() + timedelta(
            minutes=chance.choice([-30, -1, 0, 0, 0, 1, 20, 90])
        )

    def new_job(self, chance: Random) -> NewJob:
        """Make up a job."""
        self._names += 1
        return NewJob(
            account_id=chance.choice(ACCOUNTS),
            content=self._text(chance),
            scheduled_time=self.soon(chance),
            priority=chance.choice(list(JobPriority)),
            max_retries=chance.choice([0, 1, 3]),
            hold=chance.random() < 0.1,
            job_id=f"job-{self._names}",
        )

    def _text(self, chance: Random) -> str:
        """Choose a text; where none may be there twice, mostly one that is new."""
        text = chance.choice(["Xin chào", "a line\nand another", "🙂"])
        is_new = self._life.is_unique and chance.random() < 0.8
        return f"{text} {self._names}" if is_new else text

    def add(self, chance: Random) -> None:
        self._add(chance, [self.new_job(chance)])

    def add_many(self, chance: Random) -> None:
        self._add(chance, [self.new_job(chance) for _ in range(chance.randint(2, 6))])

    def add_due(self, chance: Random) -> None:
        """Have a writer add some jobs that are due, and come to the end of that."""
        now = self._life.clock.now()
        news = [
            msgspec.structs.replace(self.new_job(chance), scheduled_time=now, hold=False)
            for _ in range(3)
        ]
        for worker in self._life.idle_writers()[:1]:
            worker.begin("add", lambda ledger: ledger.add_jobs(news))
            self._stage.finish(worker)

    def add_at_once(self, chance: Random) -> None:
        """Have two writers add the same text for an account at the same moment; where that may not
        be twice, one of them is refused."""
        one, other = (self.new_job(chance) for _ in range(2))
        fields = {"account_id": one.account_id, "content": one.content}
        other = msgspec.structs.replace(other, **fields)
        tasks = [("add", _adding(new), lambda: None) for new in (one, other)]
        self._life.begin_at_once(chance, tasks)

    def _add(self, chance: Random, news: list[NewJob]) -> None:
        def check() -> None:
            for new in news:
                is_there = self._stage.model.versions[str(new.job_id)]
                must(is_there or self._may_be_lost, f"{new.job_id} was acknowledged, and is gone")

        self._life.tell(chance, "add", lambda ledger: ledger.add_jobs(news), check)

    @property
    def _may_be_lost(self) -> bool:
        return self._stage.failed_over_at is not None

    def _pick(self, chance: Random, *states: str) -> str:
        chosen = self._stage.model.of(*states)
        return chance.choice(chosen or [*self._stage.model.jobs, "nobody"])

    def _change(
        self,
        chance: Random,
        what: str,
        states: tuple[str, ...],
        call: Callable[[Ledger, str], object],
    ) -> None:
        job_id = self._pick(chance, *states)
        self._life.tell(chance, f"{what} {job_id}", lambda ledger: call(ledger, job_id))

    def hold(self, chance: Random) -> None:
        self._change(chance, "hold", ("scheduled",), lambda own, job_id: own.hold_job(job_id))

    def release(self, chance: Random) -> None:
        self._change(chance, "release", ("pending",), lambda own, job_id: own.release_job(job_id))

    def edit(self, chance: Random) -> None:
        text = chance.choice(["other", "words"])
        states = ("pending", "scheduled")
        self._change(chance, "edit", states, lambda own, job_id: own.edit_job(job_id, content=text))

    def reschedule(self, chance: Random) -> None:
        moment, states = self.soon(chance), ("pending", "scheduled")
        self._change(chance, "move", states, lambda own, job_id: own.reschedule_job(job_id, moment))

    def cancel(self, chance: Random) -> None:
        states = ("running",) if chance.random() < 0.5 else ("pending", "scheduled", "running")
        self._change(
            chance, "cancel", states, lambda own, job_id: own.cancel_job(job_id, "not wanted")
        )

    def remove(self, chance: Random) -> None:
        states = ("completed", "failed", "cancelled", "expired")
        self._change(chance, "remove", states, lambda own, job_id: own.remove_job(job_id))

    def requeue(self, chance: Random) -> None:
        """By a person who looks at the platform first, unless the publisher does."""
        states = ("failed", "expired", "cancelled")
        moment, job_id = self.soon(chance), self._pick(chance, *states)
        out = [one for one in self._stage.model.of("cancelled") if self._life.platform.posts[one]]
        if self._life.publisher == "asked" and out and chance.random() < 0.5:
            job_id = chance.choice(out)
        state = self._stage.model.jobs.get(job_id, {}).get("status")
        asked = self._life.publisher == "asked" and state == "cancelled"
        if self._life.platform.is_called_for(job_id) or (
            self._life.platform.posts[job_id] and not asked
        ):
            return
        self._in_one_go(chance, "requeue", lambda own: own.requeue_job(job_id, moment))

    def resolve(self, chance: Random) -> None:
        """Say as a person what the platform shows; only where the outcome is unknown."""
        failed = self._stage.model.of("failed")
        unknown = [job_id for job_id in failed if self._stage.model.jobs[job_id]["unknown"]]
        if not unknown:
            return
        job_id = chance.choice(unknown)
        if self._life.platform.is_called_for(job_id):
            return
        posted = self._life.platform.posts[job_id] > 0
        self._in_one_go(chance, "resolve", lambda own: own.resolve_job(job_id, posted=posted))

    def _in_one_go(self, chance: Random, what: str, call: Callable[[Ledger], object]) -> None:
        """Have a person do it on what is there now: nothing comes in between."""
        worker = self._life.writer(chance)
        if worker is not None:
            worker.begin(what, call)
            self._stage.finish(worker)


def _adding(new: NewJob) -> Callable[[Ledger], object]:
    return lambda ledger: ledger.add_jobs([new])
