"""Whose time counts where many machines share a ledger: the engine's, whatever their clocks say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from support import nats, postgres
from support.cli import run_cli_here
from support.domain import NOON

from jobledger import (
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    Scheduler,
    StorageError,
    SystemClock,
)
from jobledger.eventstore import Elapsed, Engine, TimeTold
from jobledger.eventstore.engines import EngineOptions, register
from jobledger.ledger.engine_clock import ASK_EVERY_S, EngineClock
from jobledger.testing.shared_memory import SharedLedger, SharedMemoryEngine

HOUR = timedelta(hours=1)
_names = count()


class Engineer:
    """An engine with a clock, and a machine with another; the way between them takes a while."""

    def __init__(self) -> None:
        self.engine_is_ahead = timedelta(0)
        self.machine_is_ahead = timedelta(0)
        self.passed_s = 1000.0
        self.there_s = self.back_s = 0.0
        self.is_away = False
        self.asked = 0

    def time(self, elapsed: Elapsed) -> TimeTold:
        if self.is_away:
            raise StorageError("the engine is away")
        self.asked += 1
        asked_s = elapsed()
        self.passed_s += self.there_s
        at = self.true() + self.engine_is_ahead
        self.passed_s += self.back_s
        return TimeTold(at, asked_s, elapsed())

    def true(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_s)

    def machine(self) -> datetime:
        return self.true() + self.machine_is_ahead

    def clock(self) -> EngineClock:
        return EngineClock(
            self, self.machine, "there", elapsed=lambda: self.passed_s, begin=lambda work: work()
        )

    def error_s(self, clock: EngineClock) -> float:
        """How far the clock is from the engine's."""
        return abs((clock.now() - self.true() - self.engine_is_ahead).total_seconds())


@pytest.fixture
def stage() -> Engineer:
    return Engineer()


def test_the_engines_time_counts_and_not_the_machines(stage: Engineer) -> None:
    stage.engine_is_ahead, stage.machine_is_ahead = HOUR, -HOUR
    clock = stage.clock()
    stage.passed_s += 60
    assert clock.now() == stage.true() + HOUR
    assert clock.off_by() == -2 * HOUR


def test_a_machine_whose_clock_is_set_meanwhile_goes_on_by_the_engines(stage: Engineer) -> None:
    clock = stage.clock()
    before = clock.now()
    stage.machine_is_ahead = HOUR
    assert clock.now() == before


@pytest.mark.parametrize(("there_s", "back_s"), [(0.0, 3.0), (3.0, 0.0), (1.0, 2.0)])
def test_it_is_wrong_by_half_of_the_round_trip_at_most(
    stage: Engineer, there_s: float, back_s: float
) -> None:
    stage.there_s, stage.back_s = there_s, back_s
    assert stage.error_s(stage.clock()) <= 1.5


def test_a_quick_answer_is_believed_over_a_slow_one(stage: Engineer) -> None:
    stage.back_s = 4.0
    clock = stage.clock()
    assert stage.error_s(clock) == 2.0
    stage.back_s = 0.0
    stage.passed_s += ASK_EVERY_S
    clock.now()
    assert stage.error_s(clock) == 0.0
    stage.back_s = 4.0
    stage.passed_s += ASK_EVERY_S
    clock.now()
    assert stage.asked == 3
    assert stage.error_s(clock) == 0.0


def test_an_engine_whose_clock_was_set_is_followed_also_by_a_slow_answer(stage: Engineer) -> None:
    """Or another server has taken its place, whose clock shows another time."""
    clock = stage.clock()
    stage.engine_is_ahead, stage.back_s = HOUR, 4.0
    stage.passed_s += ASK_EVERY_S
    clock.now()
    assert stage.error_s(clock) == 2.0


def test_it_is_asked_again_now_and_then_and_only_by_one(stage: Engineer) -> None:
    clock = stage.clock()
    for _ in range(10):
        stage.passed_s += ASK_EVERY_S / 4
        clock.now()
        clock.now()
    assert stage.asked == 1 + 2


def test_an_engine_out_of_reach_leaves_the_time_going_on(stage: Engineer) -> None:
    clock = stage.clock()
    stage.is_away, stage.machine_is_ahead = True, HOUR
    stage.passed_s += 10 * ASK_EVERY_S
    assert clock.now() == stage.true()


def test_after_closing_nobody_is_asked(stage: Engineer) -> None:
    clock = stage.clock()
    clock.close()
    stage.passed_s += 10 * ASK_EVERY_S
    assert clock.now() == stage.true()
    assert stage.asked == 1


def test_a_machine_that_is_off_says_so_once_and_again_after_it_was_right(
    stage: Engineer, caplog: pytest.LogCaptureFixture
) -> None:
    stage.machine_is_ahead = timedelta(seconds=4)
    clock = stage.clock()
    assert "clock" not in caplog.text

    def ask_again(ahead: timedelta) -> int:
        stage.machine_is_ahead = ahead
        stage.passed_s += ASK_EVERY_S
        clock.now()
        return caplog.text.count("this machine's clock is")

    assert ask_again(HOUR) == 1
    assert "3600 s ahead of that of the server" in caplog.text
    assert ask_again(HOUR) == 1
    assert ask_again(timedelta(0)) == 1
    assert ask_again(-HOUR) == 2
    assert "3600 s behind that of the server" in caplog.text


# -- in a ledger -----------------------------------------------------------------------------------


class Place:
    """A ledger on an engine, whose time is `now`."""

    def __init__(self, location: str, now: Callable[[], datetime]) -> None:
        self.location, self.now = location, now


def in_memory() -> Iterator[Place]:
    clock = ManualClock(datetime.now(UTC) - 30 * HOUR)
    shared = SharedLedger("shared", clock.now)

    def open_one(location: str, options: EngineOptions) -> Engine:
        return SharedMemoryEngine(shared)

    scheme = f"timed{next(_names)}"
    register(scheme, open_one)
    yield Place(f"{scheme}:it", clock.now)


def on_a_server() -> Iterator[Place]:
    with closing(postgres.connect(postgres.server())) as admin:

        def now() -> datetime:
            [(told,)] = admin.execute("SELECT clock_timestamp()").fetchall()
            assert isinstance(told, datetime)
            return told

        yield Place(postgres.new_url(), now)


def on_nats() -> Iterator[Place]:
    def now() -> datetime:
        told: str = nats.server().look("varz")["now"]
        return datetime.fromisoformat(f"{told[:26]}+00:00")

    yield Place(nats.new_url(), now)


@pytest.fixture(params=[in_memory, on_a_server, on_nats], ids=["memory", "postgresql", "nats"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    yield from request.param()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Set the clock of this machine, as the program reads it."""

    def set_ahead(by: timedelta) -> None:
        monkeypatch.setattr(SystemClock, "now", lambda self: datetime.now(UTC) + by)

    return set_ahead


@pytest.mark.parametrize("ahead", [-5 * HOUR, 5 * HOUR], ids=["behind", "ahead"])
def test_what_is_due_and_what_is_recorded_go_by_the_engines_time(
    place: Place, machine: Callable[[timedelta], None], ahead: timedelta
) -> None:
    """On a machine whose clock is hours off; on a right one the order would be the same."""
    machine(ahead)
    with Scheduler(place.location) as scheduler:
        due = scheduler.add_job("one", "text", place.now())
        later = scheduler.add_job("two", "text", place.now() + HOUR)
        assert scheduler.run_due(lambda account_id, content: PostResult(True)) == 1
        assert scheduler.get_job(due).status is JobStatus.COMPLETED
        assert scheduler.get_job(later).status is JobStatus.SCHEDULED
        for event in scheduler.events():
            assert abs(event.at - place.now()) < HOUR


def test_two_machines_agree_on_a_runner_whose_lease_holds(
    place: Place, machine: Callable[[timedelta], None]
) -> None:
    with Scheduler(place.location):
        machine(5 * HOUR)
        with Ledger(place.location, read_only=True) as elsewhere:
            [seen] = elsewhere.runners()
            assert seen.expires_at is not None
            assert seen.expires_at > elsewhere.now() - timedelta(seconds=5)


def test_runners_shows_that_this_machines_clock_is_off(
    place: Place, machine: Callable[[timedelta], None]
) -> None:
    with Ledger(place.location):
        right = place.now() - datetime.now(UTC)
        machine(right)
        assert "clock" not in run_cli_here("--ledger", place.location, "runners").out
        machine(right + timedelta(hours=5, seconds=30))
        said = run_cli_here("--ledger", place.location, "runners").out
        assert "this machine's clock is 5 hours ahead of the server's, which counts" in said
        assert "clock" not in run_cli_here("--ledger", place.location, "runners", "--json").out


def test_a_clock_that_is_given_counts_also_the_machines_own(
    place: Place, machine: Callable[[timedelta], None]
) -> None:
    machine(5 * HOUR)
    for clock in (ManualClock(place.now() + 5 * HOUR), SystemClock()):
        with Ledger(place.location, clock=clock) as ledger:
            assert ledger.now() > place.now() + HOUR


def test_on_a_directory_the_machines_clock_counts(
    tmp_path: object, machine: Callable[[timedelta], None]
) -> None:
    machine(5 * HOUR)
    with Ledger(f"{tmp_path}/ledger") as ledger:
        assert ledger.now() > datetime.now(UTC) + HOUR
