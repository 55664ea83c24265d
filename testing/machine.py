"""LifecycleMachine: a Hypothesis state machine for a publisher of your own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, Literal

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ..domain import NewJob
from ..scheduler import Publisher
from .faults import Fault
from .processes import RestlessClock
from .stage import Stage
from .strategies import START, JobChange, commands, disk_faults, jobs

_PICK = st.integers(0, 1000)
_MAYBE_A_FAULT = st.none() | st.none() | disk_faults()


class LifecycleMachine(RuleBasedStateMachine):
    """Whatever may happen to a ledger, in any order, with your publisher: subclass it.

    Jobs are added, changed and run; time passes and jumps; processes die, also in the midst of
    something; the disk fails, the power goes, tails are torn. After each step every job is what a
    plain model has (written without jobledger), a fresh reader shows the same, and the log has no
    event that the lifecycle does not allow; at the end all waiting jobs are run, the log verifies
    and the daily files equal a rebuild.

    Give `make_publisher`, and add rules and invariants of your own as in any
    `RuleBasedStateMachine`. `self.stage` has the clock, the model's jobs (`stage.model.jobs`) and
    the processes.
    """

    accounts: ClassVar[Sequence[str]] = ("ana", "bob", "chi")
    concurrency: ClassVar[int] = 1
    on_interrupted: ClassVar[Literal["retry", "fail"]] = "retry"
    timezone: ClassVar[str] = "UTC"
    start: ClassVar[datetime] = START
    scheduler_settings: ClassVar[dict[str, Any]] = {}
    """More arguments of the Scheduler."""

    def __init__(self) -> None:
        super().__init__()
        self.stage: Stage = Stage(
            RestlessClock(self.start),
            timezone=self.timezone,
            concurrency=self.concurrency,
            on_interrupted=self.on_interrupted,
            **self.scheduler_settings,
        )

    def make_publisher(self) -> Publisher:
        """Make the publisher for one run, as a process would: what it has to remember from run to
        run is on the platform or in its checkpoints."""
        raise NotImplementedError("give LifecycleMachine.make_publisher")

    # -- jobs --------------------------------------------------------------------------------------

    @rule(
        news=st.lists(jobs(), min_size=1, max_size=4),
        accounts=st.lists(_PICK, min_size=4, max_size=4),
        writer=st.integers(0, 1),
        fault=_MAYBE_A_FAULT,
    )
    def add(
        self, news: list[NewJob], accounts: list[int], writer: int, fault: Fault | None
    ) -> None:
        shift = self.stage.clock.now() - START
        placed = [
            msgspec.structs.replace(
                new,
                account_id=self.accounts[pick % len(self.accounts)],
                scheduled_time=new.scheduled_time + shift,
            )
            for new, pick in zip(news, accounts, strict=False)
            if isinstance(new.scheduled_time, datetime)
        ]
        self.stage.add(self.stage.writers[writer], placed, fault=fault)

    @rule(change=commands(), pick=_PICK, writer=st.integers(0, 1), fault=_MAYBE_A_FAULT)
    def change(self, change: JobChange, pick: int, writer: int, fault: Fault | None) -> None:
        """Any change of any job, also those that have to be refused."""
        known = [*self.stage.model.jobs, "nobody"]
        self.stage.change(
            self.stage.writers[writer],
            known[pick % len(known)],
            change.states,
            change,
            fault=fault,
        )

    # -- running -----------------------------------------------------------------------------------

    @rule(limit=st.none() | st.integers(0, 3), fault=_MAYBE_A_FAULT)
    def run(self, limit: int | None, fault: Fault | None) -> None:
        self.stage.run(self.make_publisher(), limit=limit, fault=fault)

    @rule()
    def second_runner(self) -> None:
        self.stage.try_second_runner()

    # -- time --------------------------------------------------------------------------------------

    @rule(by=st.timedeltas(timedelta(0), timedelta(hours=3)))
    def wait(self, by: timedelta) -> None:
        self.stage.clock.advance(by)

    @rule(hours=st.sampled_from([12, 24, 25, 100]))
    def sleep(self, hours: int) -> None:
        self.stage.clock.advance(timedelta(hours=hours))

    @rule(by=st.timedeltas(timedelta(0), timedelta(days=2)))
    def clock_goes_back(self, by: timedelta) -> None:
        self.stage.clock.advance(-by)

    # -- crashes -----------------------------------------------------------------------------------

    @rule(pick=_PICK)
    def kill(self, pick: int) -> None:
        self.stage.kill(self.stage.processes[pick % 3])

    @rule(pick=_PICK)
    def reopen(self, pick: int) -> None:
        self.stage.reopen(self.stage.processes[pick % 3])

    @rule(seed=st.integers(0, 2**32))
    def power_cut(self, seed: int) -> None:
        self.stage.opened(self.stage.writers[0])
        self.stage.cut_power(Random(seed))

    @rule(garbage=st.binary(min_size=1, max_size=40) | st.just(b'{"seq":') | st.just(bytes(600)))
    def torn_tail(self, garbage: bytes) -> None:
        self.stage.tear_tail(garbage)

    @rule(writer=st.integers(0, 1))
    def rebuild(self, writer: int) -> None:
        self.stage.rebuild(self.stage.writers[writer])

    # -- what always holds -------------------------------------------------------------------------

    @invariant()
    def a_reader_shows_what_the_model_has(self) -> None:
        if self.stage.model.seq:
            self.stage.look()

    def teardown(self) -> None:
        if self.stage.model.seq:
            self.stage.finish(self.make_publisher())
            self.stage.end()
