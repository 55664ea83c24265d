"""Schedules in any order of what may happen to them, against a model that walks through days.

`--hypothesis-profile deep` goes on for twenty times as long.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from jobledger import Attempt, PostResult, Publisher
from jobledger.testing import ScheduleMachine, schedules
from jobledger.testing.comparison import compare_all
from jobledger.testing.processes import Process, SimulatedWriter

Luck = Literal["posts", "fails", "raises"]
LUCK = st.lists(st.sampled_from(get_args(Luck)), min_size=1, max_size=3)


class Lucky:
    def __init__(self, machine: Schedules) -> None:
        self._machine = machine

    def publish(self, attempt: Attempt) -> PostResult:
        luck = self._machine.next_luck()
        if luck == "raises":
            raise RuntimeError("broken")
        self._machine.posts[attempt.job.job_id] += luck == "posts"
        return PostResult(luck == "posts", error="busy")

    def reconcile(self, attempt: Attempt) -> PostResult:
        return PostResult(self._machine.posts[attempt.job.job_id] > 0)


class Schedules(ScheduleMachine):
    """A runner and two writers, and schedules near a change of clocks."""

    accounts = ("shop", "other")
    timezone = "Europe/Berlin"
    begins: ClassVar[list[datetime]] = [
        datetime(2026, 3, 6, 7, tzinfo=UTC),
        datetime(2026, 3, 27, 20, 30, tzinfo=UTC),
        datetime(2026, 10, 22, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 6, 1, 0, 0, 0, 7, tzinfo=UTC),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.posts: Counter[str] = Counter()
        self.luck: list[Luck] = ["posts"]
        self._turn = 0

    @initialize(begin=st.sampled_from(begins), luck=LUCK, first=schedules(), second=schedules())
    def begin(
        self, begin: datetime, luck: list[Luck], first: dict[str, Any], second: dict[str, Any]
    ) -> None:
        self.stage.clock.advance(begin - self.stage.clock.now())
        self.luck = luck
        for account, said in enumerate((first, second)):
            self.add_schedule(said=said, account=account, writer=account, fault=None)

    @rule(luck=LUCK)
    def luck_turns(self, luck: list[Luck]) -> None:
        self.luck = luck

    def next_luck(self) -> Luck:
        self._turn += 1
        return self.luck[self._turn % len(self.luck)]

    def make_publisher(self) -> Publisher:
        return Lucky(self)

    @rule()
    def who_reads_all_of_the_log_has_the_same(self) -> None:
        stage = self.stage
        settings = {"clock": stage.clock, "read_only": True, "use_snapshot": False}
        reader = Process("reader", SimulatedWriter, settings)
        stage.opened(stage.writers[0])
        compare_all(stage.model, reader.name, reader.open(stage.store))
        reader.close()

    @rule()
    def it_verifies(self) -> None:
        self.stage.check_sound()

    @invariant()
    def nothing_is_out_twice(self) -> None:
        again = {line["job"] for line in self.stage.events if line["type"] == "requeued"}
        for job_id, count in self.posts.items():
            assert count <= 1 or job_id in again, f"{job_id} is out {count} times"

    def teardown(self) -> None:
        self.luck = ["posts"]
        super().teardown()


class AFewSchedules(Schedules):
    """The same, for `make test`."""


TestSchedules = pytest.mark.thorough(Schedules.TestCase)
TestSchedules.settings = settings(stateful_step_count=40)
TestAFewSchedules = AFewSchedules.TestCase
TestAFewSchedules.settings = settings(max_examples=6, stateful_step_count=40)
