"""Schedules and slots in the life of a ledger on a remote engine, where anybody plans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Literal

from ...domain import At, Cron, Every, NewJob, NextSlot, Rule
from ...ledger import Ledger
from ..violation import must

if TYPE_CHECKING:
    from .shared_life import SharedLife

Misfire = Literal["latest", "skip", "all"]
_MOST = 2
"""So many schedules at once."""
_OPEN = ("active", "paused")
_WEEK = {day: ["00:00", "06:00", "12:00", "18:00"] for day in ("mon", "wed", "thu", "sat")}
_WAITING = ("pending", "scheduled", "running")


class SchedulesOfMany:
    """Each step is a method of its name."""

    def __init__(self, life: SharedLife) -> None:
        self._life = life
        self._names = 0

    def _rule(self, chance: Random) -> Rule:
        rules: list[Rule] = [
            Cron("0 9 * * *"),
            Cron("15 1,13 * * mon-fri"),
            At(("12:00",), ("mon", "thu")),
            Every(timedelta(hours=9)),
            Every(timedelta(hours=60)),
        ]
        return chance.choice(rules)

    def _pick(self, chance: Random, *states: str) -> str:
        every = self._life.stage.model.schedules.by_id
        fit = [own.schedule_id for own in every.values() if own.status in states]
        return chance.choice(fit or ["nothing"])

    def schedule_add(self, chance: Random) -> None:
        if self._life.is_unique or len(self._life.stage.model.schedules.going_on()) >= _MOST:
            return
        self._names += 1
        schedule_id, rule = f"s{self._names}", self._rule(chance)
        account = chance.choice(["ana", "bob"])
        misfires: list[Misfire] = ["latest", "skip", "all"]
        misfire = chance.choice(misfires)
        self._life.tell(
            chance,
            "schedule add",
            lambda own: own.add_schedule(
                schedule_id, rule, account_id=account, content=["one {n}", "two"], misfire=misfire
            ),
        )

    def schedule_edit(self, chance: Random) -> None:
        schedule_id, rule = self._pick(chance, *_OPEN), self._rule(chance)
        self._life.tell(
            chance, "schedule edit", lambda own: own.edit_schedule(schedule_id, rule=rule)
        )

    def schedule_pause(self, chance: Random) -> None:
        schedule_id = self._pick(chance, "active")
        self._life.tell(chance, "schedule pause", lambda own: own.pause_schedule(schedule_id))

    def schedule_resume(self, chance: Random) -> None:
        schedule_id = self._pick(chance, "paused")
        self._life.tell(chance, "schedule resume", lambda own: own.resume_schedule(schedule_id))

    def pause_beside(self, chance: Random) -> None:
        """Have a schedule paused while a job of it that was cancelled is asked for again."""
        stage = self._life.stage
        if self._pick(chance, "active") == "nothing":
            self.schedule_add(chance)
            for worker in list(stage.workers.values()):
                if worker.task == "schedule add" and worker.can_go_on:
                    stage.finish(worker)
        schedule_id = self._pick(chance, "active")
        waiting = [
            job_id
            for job_id in stage.model.of("scheduled")
            if (origin := stage.model.jobs[job_id]["origin"]) and origin.schedule_id == schedule_id
        ]
        idle = self._life.idle_writers()
        if not waiting or len(idle) < 2:
            return
        one, other = chance.sample(idle, 2)
        job_id, soon = chance.choice(waiting), self._life.clock.now() + timedelta(hours=1)
        one.begin("cancel", lambda own: own.cancel_job(job_id, "not wanted"))
        stage.finish(one)
        if one.name in stage.workers and other.name in stage.workers:
            one.begin(
                "schedule pause",
                lambda own: own.pause_schedule(schedule_id),
                lambda: self._check_held(schedule_id, job_id),
            )
            stage.let_go_on(one, chance.choice([2, 3, 4, 5, 6]))
            other.begin("requeue", lambda own: own.requeue_job(job_id, soon))
            stage.finish(other)

    def _check_held(self, schedule_id: str, job_id: str) -> None:
        """Check that what began to wait before its schedule was paused is held."""
        lines = self._life.stage.model.lines
        of_it = [line for line in lines if line["job"] == f"schedule:{schedule_id}"]
        paused = [line["seq"] for line in of_it if line["type"] == "schedule_paused"]
        last = [line for line in lines if line["job"] == job_id][-1:]
        for line in last:
            waits = line["type"] == "requeued" and paused and line["seq"] < paused[-1]
            must(not waits, f"{job_id} waits, and its schedule {schedule_id} is paused")

    def slots_at_once(self, chance: Random) -> None:
        """Have two writers take a slot of the same account at the same moment."""
        accounts = list(self._life.stage.model.schedules.slots)
        if not accounts:
            self.slots_set(chance)
            return
        account = chance.choice(accounts)
        ids = [f"slot-{chance.getrandbits(32)}" for _ in range(2)]
        tasks = [("add in slot", _taking(account, one), partial(self._check, one)) for one in ids]
        self._life.begin_at_once(chance, tasks)

    def plan(self, chance: Random) -> None:
        """Have a writer plan, while runners may do the same."""
        self._life.tell(chance, "plan", lambda own: own.plan_schedules())

    def slots_set(self, chance: Random) -> None:
        account = chance.choice(["ana", "bob"])
        self._life.tell(chance, "slots set", lambda own: own.set_slots(account, _WEEK))

    def add_in_slot(self, chance: Random) -> None:
        accounts = list(self._life.stage.model.schedules.slots)
        if not accounts:
            return
        account, job_id = chance.choice(accounts), f"slot-{chance.getrandbits(32)}"
        self._life.tell(
            chance, "add in slot", _taking(account, job_id), partial(self._check, job_id)
        )

    def _check(self, job_id: str) -> None:
        """No other that was given a slot has the same one."""
        jobs = self._life.stage.model.jobs
        mine = jobs.get(job_id)
        if mine is None or mine["status"] not in _WAITING:
            return
        for other_id, other in jobs.items():
            if other_id.startswith("slot-") and other_id != job_id:
                same = (other["account_id"], other["scheduled_time"]) == (
                    mine["account_id"],
                    mine["scheduled_time"],
                )
                told = f"{job_id} has the slot of {other_id}"
                must(not same or other["status"] not in _WAITING, told)

    def end_all(self, chance: Random) -> None:
        """End all schedules, which would go on for ever."""
        stage = self._life.stage
        while going_on := stage.model.schedules.going_on():
            worker = self._life.writer(chance)
            if worker is not None:
                worker.begin("schedule end", _ending(going_on[0].schedule_id))
                stage.finish(worker)


def _taking(account: str, job_id: str) -> Callable[[Ledger], object]:
    new = NewJob(account, f"in a slot: {job_id}", NextSlot(), job_id=job_id)
    return lambda ledger: ledger.add_jobs([new])


def _ending(schedule_id: str) -> Callable[[Ledger], object]:
    return lambda ledger: ledger.end_schedule(schedule_id)
