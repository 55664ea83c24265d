"""A ledger is copied from any engine to any other, to the byte, and a copy is never mixed up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from uuid import uuid4

import pytest
from support import postgres
from support.domain import NOON

from jobledger import Ledger, ManualClock, StorageError
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.integrity import verify_engine
from jobledger.ledger import copying

DAY = timedelta(days=1)


def _files(place: Path) -> str:
    return str(place / f"jobs-{uuid4()}")


def _memory(place: Path) -> str:
    return f"memory:{uuid4()}"


def _postgresql(place: Path) -> str:
    return postgres.new_url()


WAYS = list(permutations([_files, _memory, _postgresql], 2))
Where = Callable[[Path], str]


def fill(location: str, clock: ManualClock) -> Ledger:
    """Make a ledger of some days, with writes of one event and of many; one day has none."""
    ledger = Ledger(location, clock=clock, timezone="Asia/Ho_Chi_Minh")
    clock.advance(DAY)
    for _ in range(3):
        for n in range(4):
            ledger.add_job("shop", f"Chào {n}", clock.now() + DAY)
        ledger.set_slots("shop", {"mon": ["09:00"]})
        clock.advance(DAY)
    return ledger


def lines(location: str) -> bytes:
    """Return the log of a ledger as one text."""
    engine = open_engine(location, EngineOptions(read_only=True))
    try:
        from jobledger.eventstore import Cursor

        tail = engine.tail()
        return b"".join(block.data for block in engine.lines(Cursor(), tail))
    finally:
        engine.close()


@pytest.mark.parametrize(("source", "target"), WAYS, ids=lambda way: way.__name__.strip("_"))
def test_the_copy_has_the_very_lines_and_goes_on(
    source: Where, target: Where, tmp_path: Path
) -> None:
    clock = ManualClock(NOON)
    here, there = source(tmp_path), target(tmp_path)
    with fill(here, clock) as ledger:
        report = ledger.copy_to(there)
        assert (report.events, report.copied) == (ledger.seq, ledger.seq)
        assert lines(there) == lines(here)
        with Ledger(there, clock=clock) as copy:
            assert (copy.ledger_id, copy.timezone) == (ledger.ledger_id, ledger.timezone)
            assert copy.list_jobs() == ledger.list_jobs()
            copy.add_job("shop", "goes on", clock.now() + DAY)
            clock.advance(DAY)
            copy.add_job("shop", "and on", clock.now() + DAY)
            assert copy.verify().ok
        engine = open_engine(there, EngineOptions(read_only=True))
        try:
            assert verify_engine(engine).problems == []
        finally:
            engine.close()


@pytest.mark.parametrize("target", [_memory, _postgresql], ids=["memory", "postgresql"])
def test_a_copy_that_was_broken_off_is_gone_on_with(
    target: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(NOON)
    here, there = _files(tmp_path), target(tmp_path)
    with fill(here, clock) as ledger:

        class Enough(Exception):
            pass

        def stop(done: int, total: int) -> None:
            if done >= 8:
                raise Enough

        with pytest.raises(Enough):
            copying.copy_ledger(ledger._engine, ledger._store, there, clock.now, stop)
        assert lines(here).startswith(lines(there))
        report = ledger.copy_to(there)
        assert 0 < report.copied < report.events == ledger.seq
        assert lines(there) == lines(here)
        assert ledger.copy_to(there).copied == 0
        ledger.add_job("shop", "meanwhile", clock.now() + DAY)
        assert ledger.copy_to(there).copied == 1


@pytest.mark.parametrize("target", [_memory, _postgresql], ids=["memory", "postgresql"])
def test_a_copy_that_has_gone_on_is_left_alone(target: Where, tmp_path: Path) -> None:
    clock = ManualClock(NOON)
    there = target(tmp_path)
    with fill(_files(tmp_path), clock) as ledger:
        ledger.copy_to(there)
        with Ledger(there, clock=clock) as copy:
            copy.add_job("shop", "there", clock.now() + DAY)
        before = lines(there)
        with pytest.raises(StorageError, match="it has gone on"):
            ledger.copy_to(there)
        ledger.add_job("shop", "here", clock.now() + DAY)
        ledger.add_job("shop", "here, too", clock.now() + DAY)
        with pytest.raises(StorageError, match="it has gone on"):
            ledger.copy_to(there)
        assert lines(there) == before


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (_memory, "there is another ledger"),
        (_postgresql, "there is another ledger"),
        (_files, "is there already"),
    ],
)
def test_another_ledger_is_left_alone(target: Where, says: str, tmp_path: Path) -> None:
    clock = ManualClock(NOON)
    there = target(tmp_path)
    with Ledger(there, clock=clock) as other:
        other.add_job("shop", "mine", NOON + DAY)
    before = lines(there)
    with fill(_files(tmp_path), clock) as ledger, pytest.raises(StorageError, match=says):
        ledger.copy_to(there)
    assert lines(there) == before
