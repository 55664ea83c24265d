"""Anything in any order, against a model: LifecycleMachine with publishers of all kinds."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, Literal, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from jobledger import Attempt, NotPosted, OutcomeUnknown, PostResult, Publisher
from jobledger.testing import LifecycleMachine
from jobledger.testing.faults import Killed

Luck = Literal[
    "posts", "fails", "never", "refuses", "raises", "unknown", "posts, unknown", "times out",
    "posts, times out", "is torn off", "posts, is torn off", "posts, says so", "dies",
    "posts, dies",
]  # fmt: skip


class Torn(BaseException):
    """What no `except Exception` catches."""


class Lucky:
    """A publisher whose luck is a list, begun anew where it ends."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def publish(self, attempt: Attempt) -> PostResult:
        machine, job_id = self._machine, attempt.job.job_id
        machine.check_running(attempt)
        luck = machine.next_luck()
        if luck.startswith("posts"):
            machine.posts[job_id] += 1
        if luck == "raises":
            raise RuntimeError("broken")
        if luck == "refuses":
            raise NotPosted("not today")
        if luck.endswith("unknown"):
            raise OutcomeUnknown("no answer")
        if luck.endswith("times out"):
            raise TimeoutError("no answer")
        if luck.endswith("torn off"):
            raise Torn
        if luck.endswith("says so"):
            return "posted"  # type: ignore[return-value]  # the commonest mistake
        if luck.endswith("dies"):
            machine.stage.faulty(machine.stage.runner).kill()
            raise Killed
        if luck == "posts":
            return PostResult(True, thread_id=f"post of {job_id}")
        return PostResult(False, error="not today", retryable=luck == "fails")


class LuckyAndAsked(Lucky):
    def reconcile(self, attempt: Attempt) -> PostResult:
        return PostResult(self._machine.posts[attempt.job.job_id] > 0)


class Machine(LifecycleMachine):
    """A platform that counts; and what has to hold of it."""

    publisher: ClassVar[type[Lucky]] = Lucky

    def __init__(self) -> None:
        super().__init__()
        self.posts: Counter[str] = Counter()
        self.luck: list[Luck] = ["posts"]
        self._turn = 0

    @initialize(luck=st.lists(st.sampled_from(get_args(Luck)), min_size=1, max_size=6))
    def begin(self, luck: list[Luck]) -> None:
        self.luck = luck

    @rule(luck=st.lists(st.sampled_from(get_args(Luck)), min_size=1, max_size=6))
    def luck_turns(self, luck: list[Luck]) -> None:
        self.luck = luck

    def next_luck(self) -> Luck:
        self._turn += 1
        return self.luck[self._turn % len(self.luck)]

    def make_publisher(self) -> Publisher:
        return self.publisher(self)

    def check_running(self, attempt: Attempt) -> None:
        """Check that the start of an attempt is on disk before its publisher is called."""
        self.stage.read_on()
        job = self.stage.model.jobs[attempt.job.job_id]
        assert (job["status"], job["attempt"]) == ("running", attempt.number)

    @invariant()
    def what_is_said_of_a_post_is_true(self) -> None:
        for job_id, job in self.stage.model.jobs.items():
            if job["status"] == "completed":
                assert self.posts[job_id], f"{job_id} is called out"
            elif job["status"] == "failed" and not job["unknown"] and not self._by_hand(job_id):
                assert not self.posts[job_id], f"{job_id} is called failed"

    def _by_hand(self, job_id: str) -> bool:
        """Whether somebody requeued it, which says that it is not out without having looked."""
        return job_id in self.requeued

    @property
    def requeued(self) -> set[str]:
        return {line["job"] for line in self.stage.events if line["type"] == "requeued"}

    def teardown(self) -> None:
        self.luck = ["posts"]
        super().teardown()


class Asked(Machine):
    """With a publisher that can be asked no post is out twice, unless a person says so."""

    publisher = LuckyAndAsked

    @invariant()
    def nothing_is_out_twice(self) -> None:
        for job_id, count in self.posts.items():
            assert count <= 1 or self._by_hand(job_id), f"{job_id} is out {count} times"


class Buggy(Lucky):
    """It raises by mistake after it has posted, too."""

    def publish(self, attempt: Attempt) -> PostResult:
        result = super().publish(attempt)
        if self._machine.luck.count("raises"):
            raise ValueError("a bug behind the post")
        return result


class AtMostOnce(Machine):
    """With on_interrupted="fail" neither, whatever the publisher raises."""

    publisher = Buggy
    on_interrupted = "fail"

    @invariant()
    def nothing_is_out_twice(self) -> None:
        for job_id, count in self.posts.items():
            assert count <= 1 or self._by_hand(job_id), f"{job_id} is out {count} times"


class AtLeastOnce(Machine):
    """With on_interrupted="retry" and nobody to ask a post may be out twice, and none is lost."""


_BOUNDED = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestAsked = Asked.TestCase
TestAsked.settings = _BOUNDED
TestAtMostOnce = AtMostOnce.TestCase
TestAtMostOnce.settings = _BOUNDED
TestAtLeastOnce = AtLeastOnce.TestCase
TestAtLeastOnce.settings = _BOUNDED


class MoreAsked(Asked):
    """The same, for `make thorough`."""


class MoreAtMostOnce(AtMostOnce):
    """The same, for `make thorough`."""


class MoreAtLeastOnce(AtLeastOnce):
    """The same, for `make thorough`."""


_MORE = settings(_BOUNDED, max_examples=40)
TestMoreAsked = pytest.mark.thorough(MoreAsked.TestCase)
TestMoreAsked.settings = _MORE
TestMoreAtMostOnce = pytest.mark.thorough(MoreAtMostOnce.TestCase)
TestMoreAtMostOnce.settings = _MORE
TestMoreAtLeastOnce = pytest.mark.thorough(MoreAtLeastOnce.TestCase)
TestMoreAtLeastOnce.settings = _MORE
