"""The schedules and slots in the life of a ledger: what is said to them, and what comes between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any, Protocol

from ...domain import At, Cron, Every, JobPriority, NewJob, NextSlot, Rule
from ...ledger import Ledger
from ..processes import Process
from ..schedule_stage import ScheduleStage
from ..stage import Stage

_OPEN = ("active", "paused")
_MOST = 2
"""So many schedules at once."""
_CRONS = (
    "0 9 * * *", "30 2 * * *", "15 1,2,13 * * *", "0 18 * * mon-fri", "0 0 1,L * *",
    "30 23 * * fri#2", "0 */11 * * sat,sun",
)  # fmt: skip
_TIMES = ("00:00", "01:59", "02:30", "12:00", "18:30:15")
_ZONES = (None, "America/New_York", "Australia/Lord_Howe", "Asia/Ho_Chi_Minh")
_FORMS = ("{n}", "of {date:%d.%m. %H:%M}", "as it is", "{{{account}}}")
_WEEKS: tuple[dict[str, list[str]], ...] = (
    {"mon": ["09:00", "12:30"], "thu": ["02:30"]},
    {"sat": ["18:00:30"], "sun": ["00:00"]},
    {day: ["09:00", "21:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    {},
)
Trouble = Callable[[Random], dict[str, Any]]


class LifeAround(Protocol):
    """What of a life the schedules in it need to know."""

    stage: Stage
    counts: Counter[str]

    def trouble(self, chance: Random) -> dict[str, Any]:
        """Choose what goes wrong in a step."""

    def account(self, chance: Random) -> str:
        """Choose an account."""


class SchedulesOfLife:
    """The schedules of one life; each step is a method of its name."""

    def __init__(self, life: LifeAround) -> None:
        self._life = life
        self._stage = life.stage
        self._schedules = ScheduleStage(life.stage)
        self._names = 0

    # -- chance ------------------------------------------------------------------------------------

    def _process(self, chance: Random) -> Process:
        return chance.choice(self._stage.processes[:3])

    def _how(self, chance: Random) -> dict[str, Any]:
        """Choose what goes wrong, or which process comes in between a decision and its append."""
        if chance.random() < 0.06:
            self._life.counts["meanwhile"] += 1
            between = Random(chance.random())
            return {"meanwhile": lambda: self._say_elsewhere(between)}
        return self._life.trouble(chance)

    def _say_elsewhere(self, chance: Random) -> None:
        other = self._stage.writers[2].open(self._stage.store)
        states = {own.schedule_id: own.status for own in self._schedules.model.going_on()}
        chosen = chance.choice([*states, ""])
        if not chosen:
            other.plan_schedules()
        elif states[chosen] == "paused":
            other.resume_schedule(chosen)
        elif chance.random() < 0.5:
            other.pause_schedule(chosen)
        else:
            other.edit_schedule(chosen, **self._edit(chance))

    def _pick(self, chance: Random, *states: str) -> str:
        """Mostly one that is in these states, now and then any one or none at all."""
        model = self._schedules.model
        fit = [own.schedule_id for own in model.by_id.values() if own.status in states]
        if not fit or chance.random() < 0.1:
            fit = [*model.by_id, "nothing"]
        return chance.choice(fit)

    def _tell(
        self,
        chance: Random,
        states: tuple[str, ...],
        call: Callable[[Ledger, str], object],
        *,
        may_be_refused: bool = False,
    ) -> None:
        self._schedules.tell(
            self._process(chance),
            self._pick(chance, *states),
            states,
            call,
            may_be_refused=may_be_refused,
            **self._how(chance),
        )

    # -- what is said of one -----------------------------------------------------------------------

    def _rule(self, chance: Random) -> Rule:
        kind = chance.random()
        if kind < 0.5:
            return Cron(chance.choice(_CRONS))
        if kind < 0.75:
            weekdays = chance.choice([(), (), ("mon", "thu"), ("sun",)])
            return At(tuple(chance.sample(_TIMES, chance.randint(1, 2))), weekdays)
        return Every(timedelta(hours=chance.choice([9, 25, 60, 400]), minutes=chance.randrange(60)))

    def _content(self, chance: Random) -> list[str]:
        form = chance.choice(_FORMS)
        return [f"text {n} {form}" for n in range(chance.choice([1, 2, 5, 30]))]

    def _until(self, chance: Random) -> date | None:
        days = chance.choice([None, None, 3, 40])
        return None if days is None else (self._stage.clock.now() + timedelta(days=days)).date()

    def _edit(self, chance: Random) -> dict[str, Any]:
        """Choose one thing that may be said of a schedule, and changed."""
        values: dict[str, Callable[[], Any]] = {
            "rule": lambda: self._rule(chance),
            "content": lambda: self._content(chance),
            "zone": lambda: chance.choice(_ZONES),
            "order": lambda: chance.choice(["turns", "turns", "shuffle", "once"]),
            "priority": lambda: chance.choice(list(JobPriority)),
            "hold": lambda: chance.random() < 0.3,
            "gap": lambda: chance.choice(["shift", "skip", "end"]),
            "fold": lambda: chance.choice(["first", "second", "both"]),
            "misfire": lambda: chance.choice(["latest", "latest", "skip", "all"]),
            "grace": lambda: timedelta(minutes=chance.choice([0, 10, 300])),
            "catch_up": lambda: chance.randint(1, 3),
            "until": lambda: self._until(chance),
            "max_count": lambda: chance.choice([None, None, None, 15, 40]),
            "jitter": lambda: chance.choice([None, timedelta(minutes=20), timedelta(hours=6)]),
            "overlap": lambda: chance.choice(["queue", "skip"]),
        }
        name = chance.choice(list(values))
        return {name: values[name]()}

    # -- steps -------------------------------------------------------------------------------------

    def schedule_add(self, chance: Random) -> None:
        if len(self._schedules.model.going_on()) >= _MOST:
            schedule_id = chance.choice(list(self._schedules.model.by_id))  # it was used before
        else:
            self._names += 1
            schedule_id = f"s{self._names}"
        said = {
            "rule": self._rule(chance),
            "account_id": self._life.account(chance),
            "content": self._content(chance),
            "max_retries": chance.choice([0, 1, 3]),
            "paused": chance.random() < 0.1,
        }
        for _ in range(chance.randrange(5)):
            said |= self._edit(chance)
        self._schedules.add(self._process(chance), schedule_id, said, **self._how(chance))

    def schedule_edit(self, chance: Random) -> None:
        said = self._edit(chance)
        self._tell(chance, _OPEN, lambda own, name: own.edit_schedule(name, **said))

    def schedule_pause(self, chance: Random) -> None:
        self._tell(chance, ("active",), lambda own, name: own.pause_schedule(name))

    def schedule_resume(self, chance: Random) -> None:
        self._tell(chance, ("paused",), lambda own, name: own.resume_schedule(name))

    def schedule_skip(self, chance: Random) -> None:
        self._tell(chance, _OPEN, lambda own, name: own.skip_occurrence(name), may_be_refused=True)

    def schedule_run_now(self, chance: Random) -> None:
        self._tell(
            chance, ("active",), lambda own, name: own.run_schedule_now(name), may_be_refused=True
        )

    def schedule_end(self, chance: Random) -> None:
        self._tell(chance, _OPEN, lambda own, name: own.end_schedule(name, "no more"))

    def plan(self, chance: Random) -> None:
        """Have any process plan, also one that dies in the midst of it."""
        self._schedules.plan(self._process(chance), **self._how(chance))

    def slots_set(self, chance: Random) -> None:
        account, week = self._life.account(chance), chance.choice(_WEEKS)
        zone = chance.choice(_ZONES)
        self._schedules.set_slots(
            self._process(chance), account, week, zone, **self._life.trouble(chance)
        )

    def add_in_slot(self, chance: Random) -> None:
        accounts = list(self._schedules.model.slots)
        account = chance.choice(accounts) if accounts else self._life.account(chance)
        new = NewJob(account, "in a slot", NextSlot(), job_id=f"slot-{self._stage.model.seq}")
        self._schedules.take(self._process(chance), new, **self._life.trouble(chance))

    def sleep_days(self, chance: Random) -> None:
        """Turn the machine off for days, also for longer than jobs are made ahead."""
        self._stage.clock.advance(timedelta(days=chance.choice([1, 2, 5, 13, 20, 40])))
