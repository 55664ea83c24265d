"""A clock that jumps far ahead begins no day file, until the time has stood by it for a minute."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.eventstore import NOON, LogDirectory, new

from jobledger import StorageError
from jobledger.eventstore.clock_jump import boot_time
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.record import Record


class Counting:
    """The second clock: seconds that only go on."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def store(ledger: LogDirectory, counting: Counting) -> EventLog[Record]:
    """Open a handle with one record of NOON."""
    store = ledger.load(elapsed=counting)
    store.append([new("a", 1)])
    return store


def test_a_jump_of_years_begins_no_file_and_changes_nothing(
    ledger: LogDirectory, store: EventLog[Record], counting: Counting
) -> None:
    """The call is refused and says so; when the clock is right again everything goes on."""
    before = ledger.files()
    ledger.clock.advance(timedelta(days=3650))
    with pytest.raises(StorageError, match=r"jumped ahead by 3650 days, .* nothing was written"):
        store.append([new("a", 2)])
    assert ledger.files() == before
    assert store.seq == 1
    ledger.clock.advance(timedelta(days=-3650))
    counting.seconds += 5
    assert store.append([new("a", 2)])[0].seq == 2
    assert len(ledger.days()) == 1


def test_a_time_that_stands_for_a_minute_is_believed(
    ledger: LogDirectory, store: EventLog[Record], counting: Counting
) -> None:
    """A machine that was frozen for a week is held up for a minute, not for ever."""
    ledger.clock.advance(timedelta(days=7))
    for _ in range(4):
        with pytest.raises(StorageError, match="jumped"):
            store.append([new("a", 2)])
        counting.seconds += 15
    store.append([new("a", 2)])
    ledger.clock.advance(timedelta(days=3))
    with pytest.raises(StorageError, match="jumped"):
        store.append([new("a", 3)])


def test_another_jump_has_its_own_minute(
    ledger: LogDirectory, store: EventLog[Record], counting: Counting
) -> None:
    """What was noticed about one wrong time speaks for no other."""
    for _ in range(4):
        ledger.clock.advance(timedelta(days=100))
        counting.seconds += 50
        with pytest.raises(StorageError, match="jumped"):
            store.append([new("a", 2)])


def test_time_that_passed_is_no_jump(
    ledger: LogDirectory, store: EventLog[Record], counting: Counting
) -> None:
    """A handle that was not used for a month, or slept with its machine, writes as ever."""
    ledger.clock.advance(timedelta(days=30))
    counting.seconds += timedelta(days=30).total_seconds()
    store.append([new("a", 2)])
    assert len(ledger.days()) == 2


def test_opening_believes_the_clock(ledger: LogDirectory, counting: Counting) -> None:
    """A ledger that lay for years opens and goes on at once."""
    ledger.write([new("a", 1)])
    ledger.clock.advance(timedelta(days=3650))
    ledger.load(elapsed=counting).append([new("a", 2)])
    assert len(ledger.days()) == 2


@pytest.mark.parametrize("days", [1, 0.6, -400])
def test_a_small_jump_and_one_back_are_let_by(
    ledger: LogDirectory, store: EventLog[Record], days: float
) -> None:
    """The next day is never refused, and a jump back begins no file."""
    ledger.clock.advance(timedelta(days=days))
    store.append([new("a", 2)])


def test_the_machines_second_clock_only_goes_on() -> None:
    """Where there is one; it is what a ledger on the system's clock compares with."""
    elapsed = boot_time()
    if elapsed is None:
        pytest.skip("this system has no clock that counts while it is suspended")
    first = elapsed()
    assert NOON.year > 2000
    assert elapsed() >= first > 0
