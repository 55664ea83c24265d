"""Schedules and slots in the life of a ledger on a remote engine, where anybody plans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
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
        if len(self._life.stage.model.schedules.going_on()) >= _MOST:
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
        new = NewJob(account, "in a slot", NextSlot(), job_id=job_id)
        self._life.tell(
            chance, "add in slot", lambda own: own.add_jobs([new]), lambda: self._check(job_id)
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
                must(not same or other["status"] not in _WAITING, f"{job_id} and {other_id}")

    def end_all(self, chance: Random) -> None:
        """End all schedules, which would go on for ever."""
        stage = self._life.stage
        while going_on := stage.model.schedules.going_on():
            worker = self._life.writer(chance)
            if worker is not None:
                worker.begin("schedule end", _ending(going_on[0].schedule_id))
                stage.finish(worker)


def _ending(schedule_id: str) -> Callable[[Ledger], object]:
    return lambda ledger: ledger.end_schedule(schedule_id)
