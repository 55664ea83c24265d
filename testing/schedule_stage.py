"""What is said to schedules and slots on a stage, and what has to come of it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..domain import NewJob, NextSlot
from ..ledger import Ledger
from .occurrences import DEFAULTS, due_between, horizon_of
from .processes import Process
from .stage import Ended, Stage
from .violation import must
from .walking import DAY

_OPEN = ("pending", "scheduled", "running")


class ScheduleStage:
    """The schedules of a stage; `how` is as for `Stage.act` throughout."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.model = stage.model.schedules

    def add(self, process: Process, schedule_id: str, said: Mapping[str, Any], **how: Any) -> Ended:
        """Add a schedule; `said` has the arguments of `add_schedule`, which are acceptable."""

        def adding(ledger: Ledger) -> None:
            ledger.add_schedule(schedule_id, **said)

        was_there = schedule_id in self.model.by_id
        ended = self._stage.act(process, adding, **how)
        is_there = schedule_id in self.model.by_id
        if how.get("meanwhile") is None:
            must(ended != "refused" or was_there, f"{schedule_id} was refused")
            must(ended != "done" or not was_there, f"{schedule_id} was added twice")
        must(ended != "done" or is_there, f"{schedule_id} was added, and is not there")
        return ended

    def tell(
        self,
        process: Process,
        schedule_id: str,
        states: Sequence[str],
        call: Callable[[Ledger, str], object],
        *,
        may_be_refused: bool = False,
        **how: Any,
    ) -> Ended:
        """Say something to a schedule, which is allowed in these states and has to be refused in
        others; `may_be_refused`: in these, too, for a reason of its own."""
        own = self.model.by_id.get(schedule_id)
        state = None if own is None else own.status
        ended = self._stage.act(process, lambda ledger: call(ledger, schedule_id), **how)
        if how.get("meanwhile") is None:
            must(ended != "done" or state in states, f"allowed for {schedule_id}, {state}")
            refusable = may_be_refused or state not in states
            must(ended != "refused" or refusable, f"refused for {schedule_id}, {state}")
        return ended

    def plan(self, process: Process, **how: Any) -> Ended:
        """Have any process plan; then each schedule has its jobs ahead, and a second planner, who
        looks at the same moment, finds nothing to do."""
        ended = self._stage.act(process, lambda ledger: ledger.plan_schedules(), **how)
        if ended != "done" or how.get("meanwhile") is not None:
            return ended
        now, seq = self._stage.clock.now(), self._stage.model.seq
        for own in self.model.going_on():
            horizon = horizon_of(own.said)
            least = now + horizon - min(DAY, horizon / 4)
            until = own.planned_until
            must(
                own.status != "active" or (until is not None and until >= least),
                f"{own.schedule_id} has been planned up to {until} alone",
            )
        others = [process, *(self._stage.processes if now >= self.model.latest else [])]
        for other in others:
            self._stage.act(other, lambda ledger: ledger.plan_schedules())
            more = [line for line in self._stage.events[seq:] if "schedule" in line["type"]]
            must(not more, f"{other.name} has found more to plan: {more[:3]}")
        return ended

    # -- slots -------------------------------------------------------------------------------------

    def set_slots(
        self,
        process: Process,
        account_id: str,
        week: Mapping[str, Sequence[str]],
        zone: str | None = None,
        **how: Any,
    ) -> Ended:
        """Set the slots of an account, which are acceptable."""
        ended = self._stage.act(
            process, lambda ledger: ledger.set_slots(account_id, week, zone=zone), **how
        )
        must(ended != "refused", "slots that are acceptable were refused")
        return ended

    def take(self, process: Process, new: NewJob, **how: Any) -> Ended:
        """Add a job in the next free slot of its account; its other fields are acceptable."""
        assert isinstance(new.scheduled_time, NextSlot)
        self._stage.opened(process)
        self._stage.read_on()
        expected = self.next_slot(new.account_id)
        ended = self._stage.act(process, lambda ledger: ledger.add_jobs([new]), **how)
        if how.get("meanwhile") is None:
            added = self._stage.model.jobs.get(str(new.job_id))
            found = None if added is None else added["scheduled_time"]
            must(ended != "refused" or expected is None, f"refused, with a slot at {expected}")
            must(ended != "done" or expected is not None, "added, and no slot was free")
            must(found in (expected, None), f"{new.job_id} is at {found}, not at {expected}")
        return ended

    def next_slot(self, account_id: str) -> datetime | None:
        """Return the next slot of an account in whose minute no open job of it is."""
        slots, now = self.model.slots.get(account_id), self._stage.clock.now()
        if slots is None:
            return None
        taken = {
            job["scheduled_time"].replace(second=0, microsecond=0)
            for job in self._stage.model.jobs.values()
            if job["account_id"] == account_id and job["status"] in _OPEN
        }
        moments = {
            one.at
            for day, times in slots["week"].items()
            for one in due_between(
                "",
                DEFAULTS
                | {
                    "zone": slots["zone"],
                    "rule": {"kind": "at", "times": times, "weekdays": [day]},
                },
                now,
                now + timedelta(days=365),
            )
        }
        free = (at for at in moments if at.replace(second=0, microsecond=0) not in taken)
        return min(free, default=None)
