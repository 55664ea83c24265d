"""A moment of the past is what a fresh replay gives, and the next one costs what is between."""

from __future__ import annotations

import gc
import random
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON
from support.durability import records_read, saving_snapshots, without_background
from support.eventstore import at_once
from support.histories import closed

from jobledger import InvalidTransitionError, Ledger, LedgerView, ManualClock, NewJob
from jobledger.eventstore.engines.memory import forget_memory_ledgers
from jobledger.ledger import moments, past
from jobledger.projections.board import Board
from jobledger.projections.replay import changes

JOBS = 6_700
EVENTS = 3 * JOBS


@pytest.fixture(scope="module")
def long_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a log of some twenty thousand events on one day."""
    directory = tmp_path_factory.mktemp("long") / "jobs"
    closed(directory, JOBS)
    return directory


@pytest.fixture
def reader(long_day: Path) -> Iterator[Ledger]:
    with Ledger(long_day, clock=ManualClock(NOON), read_only=True) as reader:
        yield reader


def replayed(ledger: Ledger, seq: int) -> Board:
    """Return what a replay from the first event on gives."""
    board = Board()
    with board.loading():
        for _ in changes(ledger._store.read(), board, until=seq):
            pass
    return board


def is_replayed(view: LedgerView, ledger: Ledger) -> bool:
    return view._board.same_as(replayed(ledger, view.seq))


def step(ledger: Ledger, seq: int) -> None:
    """Look at a moment, and go on."""
    assert sum(ledger.as_of(seq).counts().values()) > 0


# -- what it costs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [1, 777, 15_000, EVENTS - 1])
def test_the_next_moment_costs_the_events_between(
    reader: Ledger, seq: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one event more, by which it is known that the log is still the same."""
    step(reader, seq)
    read = records_read(monkeypatch)
    step(reader, seq + 1)
    assert read == [seq, seq + 1]
    read.clear()
    step(reader, seq + 1)
    assert read == [seq + 1]


def test_a_slider_reads_each_event_about_once(
    reader: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred steps over the whole day; nearly twice where each view is held until the next
    one is there. The way back costs some hundred events a step."""
    read, steps = records_read(monkeypatch), [*range(100, EVENTS, 100)]
    for seq in steps:
        step(reader, seq)
    assert len(read) <= EVENTS + len(steps)
    assert set(read) >= {*range(1, steps[-1] + 1)}
    for seq in reversed(steps):
        read.clear()
        step(reader, seq)
        assert len(read) <= past.EVERY + 1
    read.clear()
    with Ledger(reader.location, read_only=True) as other:
        read.clear()
        for seq in steps:
            view = other.as_of(seq)
        assert view.seq == steps[-1]
    assert len(read) <= 2 * EVENTS + len(steps)


def test_going_back_from_a_jump_costs_ever_less(
    reader: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was passed on the way is kept, denser near the end: no step costs a whole replay, and
    all of them together a few."""
    step(reader, EVENTS)
    read, total = records_read(monkeypatch), 0
    for seq in range(EVENTS - 50, 0, -50):
        read.clear()
        step(reader, seq)
        assert len(read) <= past.EVERY + (EVENTS - seq) // 3 + 1
        total += len(read)
    assert total <= (EVENTS // 50) * past.EVERY


def test_a_moment_behind_the_snapshot_begins_there(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "_WORTH_READING", 10)
    with saving_snapshots(1), without_background():
        with Ledger(directory, clock=ManualClock(NOON)) as ledger:
            ledger.add_jobs([NewJob("a", "text", NOON) for _ in range(30)])
        with Ledger(directory, clock=ManualClock(NOON), durability="none") as ledger:
            for _ in range(5):
                ledger.add_job("b", "text", NOON)
            read = records_read(monkeypatch)
            assert is_replayed(ledger.as_of(33), ledger)
            assert read[:4] == [30, 31, 32, 33]
            assert is_replayed(ledger.as_of(29), ledger)
        with Ledger(directory, read_only=True, use_snapshot=False) as ledger:
            read.clear()
            ledger.as_of(33)
            assert read == [*range(1, 34)]


def test_a_moment_by_time_reads_no_time_twice(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing of the days before it. What is read again is a handful of events around it."""
    clock = ManualClock(NOON)
    with Ledger(directory, clock=clock, durability="none") as ledger:
        for _ in range(3):
            for _ in range(200):
                ledger.add_job("a", "text", clock.now())
                clock.advance(timedelta(minutes=1))
            clock.advance(timedelta(days=1))
        last_day = clock.now() - timedelta(days=1, minutes=100)
        read = records_read(monkeypatch)
        found = ledger._history._moments.last_at
        assert found(last_day) == 501
        assert min(read) > 400 - 64
        read.clear()
        assert found(last_day + timedelta(minutes=1)) == 502
        assert len(read) <= 64
        ledger.add_job("a", "text", clock.now())
        read.clear()
        assert found(clock.now()) == 601
        assert len(read) <= 64 + 1


def test_there_is_an_end_to_what_is_kept(reader: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of states, of jobs in them, and of boards that wait."""
    monkeypatch.setattr(past, "MOST_STATES", 7)
    monkeypatch.setattr(past, "MOST_JOBS", 20_000)
    boards, chance = reader._history._boards, random.Random(1)
    for _ in range(5):
        views = [reader.as_of(chance.randrange(EVENTS)) for _ in range(4)]
        assert len(boards._kept) <= 7
        assert sum(kept.jobs for kept in boards._kept.values()) <= 20_000
        del views
        gc.collect()
        assert len(boards._idle) <= past.MOST_IDLE


# -- what it is ------------------------------------------------------------------------------------


class Story:
    """Changes jobs at random, with a clock that now and then goes back, by days too."""

    def __init__(self, location: str | Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clock = ManualClock(NOON)
        self.ledger = Ledger(location, clock=self.clock, durability="none")
        self.ids: list[str] = []

    def go_on(self) -> None:
        chance, ledger = self.chance, self.ledger
        by_s = chance.choice([0, 0, 1, 60, 40_000, -1, -3_000, -100_000])
        with suppress(ValueError):
            self.clock.advance(timedelta(seconds=by_s))
        if len(self.ids) < 3 or chance.random() < 0.3:
            jobs = [NewJob(chance.choice("ab"), "text", ledger.now()) for _ in range(3)]
            self.ids += ledger.add_jobs(jobs[: chance.randint(1, 3)])
            return
        job_id = chance.choice(self.ids)
        with suppress(InvalidTransitionError):
            match chance.randrange(4):
                case 0:
                    ledger.edit_job(job_id, content=f"text {ledger.seq}")
                case 1:
                    ledger.cancel_job(job_id)
                case 2:
                    ledger.requeue_job(job_id, ledger.now())
                case _:
                    ledger.remove_job(job_id)
                    self.ids.remove(job_id)


def times_of(ledger: Ledger) -> list[datetime]:
    found = {event.at for event in ledger.events()}
    return sorted(found | {at + timedelta(seconds=by) for at in found for by in (-1, 1)})


def last_at(ledger: Ledger, moment: datetime) -> int:
    return max((event.seq for event in ledger.events() if event.at <= moment), default=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_every_moment_is_what_a_fresh_replay_gives(
    tmp_path_factory: pytest.TempPathFactory, seed: int, in_memory: bool
) -> None:
    """Asked for in any order, by number and by time, while the log goes on; and what was handed
    out before stays as it was."""
    directory = tmp_path_factory.mktemp("past")
    location = f"memory:{uuid.uuid4()}" if in_memory else directory / "jobs"
    with (
        patch.object(past, "EVERY", 3),
        patch.object(past, "MOST_STATES", 4),
        patch.object(past, "_WORTH_READING", 2),
        patch.object(moments, "_BLOCK", 4),
        saving_snapshots(5),
        without_background(),
    ):
        story = Story(location, seed)
        ledger, chance = story.ledger, story.chance
        views: list[tuple[LedgerView, Board]] = []
        with ledger:
            for _ in range(40):
                story.go_on()
                if chance.random() < 0.2:
                    ledger.write_behind()
                if chance.random() < 0.5:
                    view = ledger.as_of(chance.randint(0, ledger.seq))
                else:
                    moment = chance.choice([NOON - timedelta(days=9), *times_of(ledger)])
                    view = ledger.as_of(moment)
                    assert (view.seq, view.at) == (last_at(ledger, moment), moment)
                fresh = replayed(ledger, view.seq)
                assert view._board.same_as(fresh)
                same = LedgerView(fresh, view.at, ledger.expire_after, ledger._zone)
                assert view.list_jobs() == same.list_jobs()
                assert view.get_ready_jobs() == same.get_ready_jobs()
                if chance.random() < 0.3:
                    views.append((view, fresh))
            for seq in range(ledger.seq + 1):
                assert is_replayed(ledger.as_of(seq), ledger)
            for moment in times_of(ledger):
                assert ledger.as_of(moment).seq == last_at(ledger, moment)
            assert all(view._board.same_as(fresh) for view, fresh in views)
    forget_memory_ledgers()
    shutil.rmtree(directory)


def test_threads_ask_for_moments_at_once(reader: Ledger) -> None:
    """Each has a board of its own."""

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        views = [reader.as_of(chance.randrange(1, EVENTS)) for _ in range(6)]
        for view in views:
            assert view._board.seq == view.seq
            assert sum(view.counts().values()) == len(view.list_jobs())
        kept.extend(views)  # the board of one that nobody has any more goes to the next

    kept: list[LedgerView] = []
    assert at_once(*(lambda seed=seed: ask(seed) for seed in range(4))) == [None] * 4
    assert len({id(view._board) for view in kept}) == len(kept) == 24


def test_what_is_kept_of_another_log_is_not_gone_by(directory: Path) -> None:
    """As where a log was cut and went on in another way, and this handle has not noticed."""
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        ids = ledger.add_jobs([NewJob("a", "text", NOON) for _ in range(5)])
        ledger.as_of(3)
        [kept] = ledger._history._boards._idle.values()
        kept.hash = "of another"
        kept.board.restore(replayed(ledger, 2).capture())
        kept.board.seq = 3
        view = ledger.as_of(5)
        assert [job.job_id for job in view.list_jobs()] == ids
        assert is_replayed(view, ledger)


def test_views_that_are_held_are_not_moved(reader: Ledger) -> None:
    """However many, and however far others go."""
    views = [reader.as_of(seq) for seq in (10, 20, 30, 4_000, 4_001)]
    for one, other in pairwise(views):
        assert one._board is not other._board
    reader.as_of(5_000)
    assert [view._board.seq for view in views] == [10, 20, 30, 4_000, 4_001]
    assert all(is_replayed(view, reader) for view in views)
