"""What every engine promises that shares its runs among runners (`port.SharesRuns`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, Protocol

import pytest
from support import nats, postgres
from support.eventstore import NOON, new
from support.waiting import time_passes

from jobledger import ManualClock
from jobledger.eventstore import Engine, RunnerEndedError, RunnerLease, SharesRuns
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.record import RECORDS, Record
from jobledger.testing.shared_memory import LEASE, SharedLedger, SharedMemoryEngine


class Kind(Protocol):
    """A ledger on an engine of one kind."""

    def open(self) -> Engine:
        """Open another handle on it."""

    def silence(self, lease: RunnerLease) -> None:
        """Have nobody renew a lease, as if its process had been stopped."""

    def wait(self, leases: float) -> None:
        """Let so many times pass as a lease holds; those that are not silenced go on."""


class Memory:
    def __init__(self) -> None:
        self._clock = ManualClock(NOON)
        self._ledger = SharedLedger("contract", self._clock.now)
        self._silent: set[str] = set()

    def open(self) -> Engine:
        return SharedMemoryEngine(self._ledger)

    def silence(self, lease: RunnerLease) -> None:
        self._silent.add(lease.runner)

    def wait(self, leases: float) -> None:
        for _ in range(round(leases * 3)):
            self._clock.advance(LEASE / 3)
            for seen in list(self._ledger.runners.values()):
                if seen.ended_at is None and seen.runner not in self._silent:
                    renewed = {
                        "renewed_at": self._clock.now(),
                        "expires_at": self._clock.now() + LEASE,
                    }
                    self._ledger.runners[seen.runner] = type(seen)(**_fields(seen) | renewed)


def _fields(seen: Any) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in seen.__struct_fields__}


class Postgresql:
    """A real server, and its clock: there is no other way to let time pass there."""

    LEASE_S = 1.0

    def __init__(self) -> None:
        self._url = postgres.new_url(lease=str(self.LEASE_S))

    def open(self) -> Engine:
        return open_engine(self._url, EngineOptions())

    def silence(self, lease: RunnerLease) -> None:
        lease._stop.set()  # type: ignore[attr-defined]  # its thread, as if its process were stopped

    def wait(self, leases: float) -> None:
        time_passes(leases * self.LEASE_S)


class Nats(Postgresql):
    """A real server; time passes by each runner's own clock."""

    def __init__(self) -> None:
        self._url = nats.new_url(lease=str(self.LEASE_S))


class Runner:
    """A handle with a lease."""

    def __init__(self, engine: Engine, stack: ExitStack) -> None:
        assert isinstance(engine, SharesRuns)
        self.engine = engine
        self.log: EventLog[Record] = EventLog(
            engine, clock=lambda: NOON, form=RECORDS, durability="none"
        )
        stack.enter_context(closing(self.log))
        self.lease = engine.lease("host:1")
        self.lease.acquire()
        stack.callback(self.lease.release)

    def append(self, job: str) -> None:
        self.log.append([new(job, 1)])


class Stage:
    def __init__(self, kind: Kind, stack: ExitStack) -> None:
        self.kind, self._stack = kind, stack

    def runner(self) -> Runner:
        return Runner(self.kind.open(), self._stack)


@pytest.fixture(params=[Memory, Postgresql, Nats], ids=lambda kind: kind.__name__.lower())
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(request.param(), stack)


def test_any_number_of_runners_live_beside_each_other(stage: Stage) -> None:
    one, other = stage.runner(), stage.runner()
    assert one.lease.runner != other.lease.runner
    assert one.lease.living() == {one.lease.runner, other.lease.runner}
    one.append("a")
    other.append("b")
    assert [record.job_id for record in other.log.read()] == ["a", "b"]


def test_one_that_renews_is_never_ended(stage: Stage) -> None:
    one, other = stage.runner(), stage.runner()
    stage.kind.wait(2)
    assert (one.lease.end_lapsed(), other.lease.end_lapsed()) == ([], [])
    assert one.lease.valid_for_s() > 0


def test_one_whose_lease_has_run_out_is_ended_by_another_and_for_good(stage: Stage) -> None:
    """What it appends from then on is not taken, and it is told so."""
    one, other = stage.runner(), stage.runner()
    one.append("a")
    stage.kind.silence(one.lease)
    stage.kind.wait(2)
    assert other.lease.end_lapsed() == [one.lease.runner]
    assert other.lease.living() == {other.lease.runner}
    with pytest.raises(RunnerEndedError, match="another runner has ended this one"):
        one.append("b")
    other.append("c")
    assert [record.job_id for record in other.log.read()] == ["a", "c"]
    with pytest.raises(RunnerEndedError):
        one.lease.check()


def test_an_ended_runner_can_go_on_as_another_one(stage: Stage) -> None:
    one, other = stage.runner(), stage.runner()
    stage.kind.silence(one.lease)
    stage.kind.wait(2)
    [before] = other.lease.end_lapsed()
    one.lease.acquire()
    assert one.lease.runner != before
    assert other.lease.living() == {one.lease.runner, other.lease.runner}
    one.append("a")


def test_one_that_slept_and_was_not_ended_goes_on(stage: Stage) -> None:
    """Its lease has run out, and nobody has made use of that."""
    one = stage.runner()
    stage.kind.silence(one.lease)
    stage.kind.wait(2)
    assert one.lease.valid_for_s() == 0
    one.append("a")
    assert one.lease.valid_for_s() > 0
    assert [record.job_id for record in one.log.read()] == ["a"]


def test_a_runner_that_has_just_begun_ends_nobody(stage: Stage) -> None:
    """After a standstill of the engine all leases have run out, and nobody is dead for that."""
    one = stage.runner()
    stage.kind.silence(one.lease)
    stage.kind.wait(2)
    newcomer = stage.runner()
    assert newcomer.lease.end_lapsed() == []
    stage.kind.wait(2)
    assert newcomer.lease.end_lapsed() == [one.lease.runner]


def test_one_that_leaves_has_ended_at_once(stage: Stage) -> None:
    one, other = stage.runner(), stage.runner()
    left = one.lease.runner
    one.lease.release()
    assert other.lease.living() == {other.lease.runner}
    assert isinstance(other.engine, SharesRuns)
    seen = {each.runner: each for each in other.engine.runners()}
    assert seen[left].ended_at is not None
    assert seen[left].ended_by == left
    assert seen[other.lease.runner].ended_at is None


def test_who_is_no_runner_appends_without_a_lease(stage: Stage) -> None:
    engine = stage.kind.open()
    with closing(EventLog(engine, clock=lambda: NOON, form=RECORDS, durability="none")) as log:
        log.append([new("a", 1)])
        assert log.seq == 1
    assert stage.runner().lease.living()
