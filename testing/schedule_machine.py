"""ScheduleMachine: a Hypothesis state machine in which schedules make the jobs, too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ..domain import NewJob, NextSlot
from .faults import Fault
from .machine import LifecycleMachine
from .schedule_stage import ScheduleStage
from .schedule_strategies import ScheduleChange, schedule_edits, schedule_orders, schedules
from .strategies import JobChange, commands, disk_faults

_PICK = st.integers(0, 1000)
_MAYBE_A_FAULT = st.none() | st.none() | st.none() | disk_faults()
_MOST = 3
"""So many schedules at most, in all."""
_WEEKS = st.sampled_from([{"mon": ["09:00", "12:30"], "thu": ["02:30"]}, {"sat": ["18:00:30"]}, {}])


class ScheduleMachine(LifecycleMachine):
    """A `LifecycleMachine` whose jobs are made by schedules, too, and take slots.

    Schedules are added, edited in each field, paused, resumed and ended; occurrences are skipped,
    and made out of turn; their jobs are changed by hand; any process plans, and may die in it; days
    pass, and the clock goes back. A model that walks through the days says which jobs there have
    to be: no occurrence is missed, none is there twice, no text is used twice, and what is late
    does not come as a burst. `self.schedules` has them (`schedules.model.by_id`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.schedules: ScheduleStage = ScheduleStage(self.stage)

    # -- schedules ---------------------------------------------------------------------------------

    @precondition(lambda self: len(self.schedules.model.by_id) < _MOST)
    @rule(said=schedules(), account=_PICK, writer=st.integers(0, 1), fault=_MAYBE_A_FAULT)
    def add_schedule(
        self, said: dict[str, Any], account: int, writer: int, fault: Fault | None
    ) -> None:
        said = said | {"account_id": self.accounts[account % len(self.accounts)]}
        schedule_id = f"s{len(self.schedules.model.by_id)}"
        self.schedules.add(self.stage.writers[writer], schedule_id, said, fault=fault)

    @precondition(lambda self: self.schedules.model.by_id)
    @rule(change=schedule_edits(), pick=_PICK, process=_PICK, fault=_MAYBE_A_FAULT)
    def edit_schedule(
        self, change: ScheduleChange, pick: int, process: int, fault: Fault | None
    ) -> None:
        self._say(change, pick, process, fault)

    @precondition(lambda self: self.schedules.model.by_id)
    @rule(change=schedule_orders(), pick=_PICK, process=_PICK, fault=_MAYBE_A_FAULT)
    def tell_schedule(
        self, change: ScheduleChange, pick: int, process: int, fault: Fault | None
    ) -> None:
        """Whatever else can be said to a schedule, also where it has to be refused."""
        self._say(change, pick, process, fault)

    def _say(self, change: ScheduleChange, pick: int, process: int, fault: Fault | None) -> None:
        known = list(self.schedules.model.by_id)
        self.schedules.tell(
            self.stage.processes[process % 3],
            known[pick % len(known)],
            change.states,
            change,
            may_be_refused=change.may_be_refused,
            fault=fault,
        )

    @precondition(lambda self: any(job["origin"] for job in self.stage.model.jobs.values()))
    @rule(change=commands(), pick=_PICK, writer=st.integers(0, 1))
    def change_a_job_of_one(self, change: JobChange, pick: int, writer: int) -> None:
        """Change one of their jobs by hand, mostly one for which that is allowed."""
        known = [job_id for job_id, job in self.stage.model.jobs.items() if job["origin"]]
        fit = [one for one in known if self.stage.model.jobs[one]["status"] in change.states]
        chosen = fit if fit and pick % 8 else known
        self.stage.change(
            self.stage.writers[writer], chosen[pick % len(chosen)], change.states, change
        )

    @rule(process=_PICK, fault=_MAYBE_A_FAULT)
    def plan(self, process: int, fault: Fault | None) -> None:
        self.schedules.plan(self.stage.processes[process % 3], fault=fault)

    # -- slots -------------------------------------------------------------------------------------

    @rule(account=_PICK, week=_WEEKS, writer=st.integers(0, 1))
    def set_slots(self, account: int, week: dict[str, list[str]], writer: int) -> None:
        account_id = self.accounts[account % len(self.accounts)]
        self.schedules.set_slots(self.stage.writers[writer], account_id, week)

    @precondition(lambda self: self.schedules.model.slots)
    @rule(account=_PICK, writer=st.integers(0, 1), fault=_MAYBE_A_FAULT)
    def add_in_next_slot(self, account: int, writer: int, fault: Fault | None) -> None:
        account_id = self.accounts[account % len(self.accounts)]
        job_id = f"slot-{self.stage.model.seq}"
        new = NewJob(account_id, "in the next slot", NextSlot(), job_id=job_id)
        self.schedules.take(self.stage.writers[writer], new, fault=fault)

    # -- time --------------------------------------------------------------------------------------

    @rule(days=st.sampled_from([1, 3, 13, 17, 40]))
    def days_pass(self, days: int) -> None:
        self.stage.clock.advance(timedelta(days=days))

    @precondition(lambda self: self.schedules.model.by_id)
    @rule(hours=st.sampled_from([1, 5, 11, 24, 31]), turns=st.integers(1, 6))
    def time_passes_and_a_runner_runs(self, hours: int, turns: int) -> None:
        for _ in range(turns):
            self.stage.clock.advance(timedelta(hours=hours))
            self.stage.run(self.make_publisher())
