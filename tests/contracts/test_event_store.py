"""What every engine promises (`eventstore/port.py`, under an `EventLog`), one suite for all.

A further engine joins by one more class here: it makes a ledger, hands out handles on it, and is
listed in `ENGINES`.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
from support import nats, postgres
from support.anchors import ROOT
from support.eventstore import NOON, Seen, at_once, new

from jobledger import ManualClock, StorageError, ValidationError
from jobledger.eventstore.engines import EngineOptions, open_engine, register
from jobledger.eventstore.engines.files.engine import FileEngine
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.port import Engine
from jobledger.eventstore.record import RECORDS, NewRecord, Record
from jobledger.eventstore.versions import VersionConflictError


class Kind(Protocol):
    """One ledger on an engine of one kind."""

    def engine(self, timezone: str | None) -> Engine:
        """Open another handle on the ledger, which is made by the first one."""


class Memory:
    def __init__(self, directory: Path, clock: ManualClock) -> None:
        self._location = f"memory:{directory}"

    def engine(self, timezone: str | None) -> Engine:
        return open_engine(self._location, EngineOptions(timezone=timezone))


class Files:
    def __init__(self, directory: Path, clock: ManualClock) -> None:
        self._clock = clock
        self._directory = directory / "ledger"

    def engine(self, timezone: str | None) -> Engine:
        return FileEngine(
            self._directory, clock=self._clock.now, timezone=timezone, durability="none"
        )


class Sqlite:
    """The example of an engine of one's own."""

    def __init__(self, directory: Path, clock: ManualClock) -> None:
        self._location = f"sqlite:{directory / 'posts.db'}"
        register("sqlite", runpy.run_path(str(ROOT / "examples/sqlite_engine.py"))["SqliteEngine"])

    def engine(self, timezone: str | None) -> Engine:
        return open_engine(self._location, EngineOptions(timezone=timezone))


class Postgresql:
    """A real server, one a run; a ledger a test."""

    def __init__(self, directory: Path, clock: ManualClock) -> None:
        self._location = postgres.new_url()

    def engine(self, timezone: str | None) -> Engine:
        return open_engine(self._location, EngineOptions(timezone=timezone))


class Nats:
    """A real server, one a run; a ledger a test."""

    def __init__(self, directory: Path, clock: ManualClock) -> None:
        self._location = nats.new_url()

    def engine(self, timezone: str | None) -> Engine:
        return open_engine(self._location, EngineOptions(timezone=timezone))


ENGINES: list[Callable[[Path, ManualClock], Kind]] = [Memory, Files, Sqlite, Postgresql, Nats]


class OneLedger:
    """A ledger of the engine under test; its handles are closed at the end of the test."""

    def __init__(self, kind: Kind, clock: ManualClock, stack: ExitStack) -> None:
        self._kind = kind
        self._clock = clock
        self._stack = stack

    @property
    def reads_from_the_beginning(self) -> bool:
        """Whether the engine has no other way to a record: the example's, which is a short one."""
        return isinstance(self._kind, Sqlite)

    def wait(self, time: timedelta) -> None:
        """Let so much time pass."""
        self._clock.advance(time)

    def open(
        self,
        observer: Callable[[Sequence[Record]], None] | None = None,
        timezone: str | None = None,
    ) -> EventLog[Record]:
        """Another handle, which has seen nothing yet."""
        handle = EventLog(
            self._kind.engine(timezone),
            clock=self._clock.now,
            form=RECORDS,
            observer=observer or Seen(),
            durability="none",
        )
        return self._stack.enter_context(closing(handle))

    def reopen(
        self, handle: EventLog[Record], observer: Callable[[Sequence[Record]], None] | None = None
    ) -> EventLog[Record]:
        """Close a handle and open another."""
        handle.close()
        return self.open(observer)


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__.lower())
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OneLedger]:
    with ExitStack() as stack:
        clock = ManualClock(NOON)
        yield OneLedger(request.param(tmp_path, clock), clock, stack)


# -- appending -------------------------------------------------------------------------------------


def test_sequence_numbers_start_at_1_and_have_no_gaps(ledger: OneLedger) -> None:
    """Whatever the jobs and the sizes of the writes, there is one order."""
    store = ledger.open()
    store.append([new("a", 1)])
    store.append([new("b", 1), new("a", 2), new("c", 1)])
    store.append([new("a", 3)])

    assert [(r.seq, r.job_id, r.version) for r in store.read()] == [
        (1, "a", 1),
        (2, "b", 1),
        (3, "a", 2),
        (4, "c", 1),
        (5, "a", 3),
    ]
    assert store.seq == 5


def test_append_returns_the_records_as_they_stand_in_the_log(ledger: OneLedger) -> None:
    """What a caller gets is what any reader gets."""
    store = ledger.open()
    first = store.append([new("a", 1, b'{"text":"\xc3\xa9"}', type="added")])
    rest = store.append([new("a", 2), new("b", 1)])

    assert [*first, *rest] == list(store.read())
    assert list(store.read()) == list(_refreshed(ledger).read())
    assert first[0].type == "added"
    assert bytes(first[0].data) == b'{"text":"\xc3\xa9"}'
    assert first[0].at == NOON


def test_each_record_names_its_write_and_chains_to_the_record_before(ledger: OneLedger) -> None:
    """`more` counts down within a write, so that a reader knows where a write ends."""
    store = ledger.open()
    store.append([new("a", 1)])
    store.append([new("a", 2), new("a", 3), new("a", 4)])

    records = list(store.read())
    assert [r.more for r in records] == [0, 2, 1, 0]
    assert [r.prev for r in records[1:]] == [r.hash for r in records[:-1]]
    assert len({r.hash for r in records}) == 4
    assert len({r.batch for r in records[1:]}) == 1


def test_appending_nothing_changes_nothing(ledger: OneLedger) -> None:
    """An empty write is no write."""
    seen = Seen()
    store = ledger.open(seen)

    assert store.append([]) == []
    assert (store.seq, seen.calls, list(store.read())) == (0, [], [])


@pytest.mark.parametrize("version", [0, 1, 3, 4])
def test_a_record_that_does_not_follow_its_jobs_version_is_refused(
    ledger: OneLedger, version: int
) -> None:
    """The job is at version 1: only 2 follows."""
    store = ledger.open()
    store.append([new("a", 1)])

    with pytest.raises(VersionConflictError) as caught:
        store.append([new("a", version)])

    assert caught.value.job_id == "a"
    assert (store.seq, store.version("a")) == (1, 1)
    assert [r.seq for r in _refreshed(ledger).read()] == [1]


def test_a_new_job_starts_at_version_1(ledger: OneLedger) -> None:
    """Nothing was ever appended for the job, and its second version is no start."""
    store = ledger.open()
    with pytest.raises(VersionConflictError):
        store.append([new("a", 2)])
    assert store.version("a") == 0


@pytest.mark.parametrize("conflict", [0, 1, 2])
def test_a_conflict_anywhere_in_a_write_appends_nothing_of_it(
    ledger: OneLedger, conflict: int
) -> None:
    """Several records go in together or not at all."""
    store = ledger.open()
    store.append([new("a", 1), new("b", 1), new("c", 1)])
    records = [new("a", 2), new("b", 2), new("c", 2)]
    records[conflict] = new(records[conflict].job_id, 7)

    with pytest.raises(VersionConflictError):
        store.append(records)

    assert store.seq == 3
    assert [store.version(job) for job in "abc"] == [1, 1, 1]
    assert len(list(_refreshed(ledger).read())) == 3
    store.append([new("a", 2), new("b", 2), new("c", 2)])
    assert store.seq == 6


def test_one_job_may_take_several_steps_in_one_write(ledger: OneLedger) -> None:
    """Each record is checked against those before it in the same write."""
    store = ledger.open()
    store.append([new("a", 1), new("a", 2), new("a", 3)])
    assert store.version("a") == 3
    with pytest.raises(VersionConflictError):
        store.append([new("a", 4), new("a", 6)])
    with pytest.raises(VersionConflictError):
        store.append([new("a", 4), new("a", 4)])
    assert (store.seq, store.version("a")) == (3, 3)


def test_the_jobs_are_those_with_a_delivered_record_in_order(ledger: OneLedger) -> None:
    """Also another handle's, once they are looked at; each once."""
    store, other = ledger.open(), ledger.open()
    store.append([new("b", 1), new("a", 1)])
    store.append([new("b", 2)])
    assert list(store.jobs()) == ["b", "a"]
    assert list(other.jobs()) == []
    other.append([new("c", 1)])
    assert list(other.jobs()) == ["b", "a", "c"]
    assert "c" not in store.jobs()
    store.refresh()
    assert "c" in store.jobs()


def test_a_conflict_leaves_the_handle_in_order(ledger: OneLedger) -> None:
    """A refused caller looks again and goes on."""
    seen = Seen()
    store = ledger.open(seen)
    store.append([new("a", 1)])
    with pytest.raises(VersionConflictError):
        store.append([new("a", 1)])
    store.append([new("a", 2)])
    assert seen.seqs == [1, 2]


# -- observing -------------------------------------------------------------------------------------


def test_the_observer_gets_own_records_before_append_returns(ledger: OneLedger) -> None:
    """Own writes come the same way as those of others."""
    seen = Seen()
    store = ledger.open(seen)
    written = store.append([new("a", 1), new("b", 1)])
    assert seen.records == written


def test_the_observer_gets_whole_writes(ledger: OneLedger) -> None:
    """Nothing that was written together is ever seen in parts, by whichever handle."""
    store = ledger.open()
    for job in "abc":
        store.append([new(job, 1), new(job, 2), new(job, 3)])
    seen = Seen()
    _refreshed(ledger, seen)
    assert seen.seqs == list(range(1, 10))
    assert [call[-1].more for call in seen.calls] == [0] * len(seen.calls)


def test_what_others_appended_is_delivered_before_own_records(ledger: OneLedger) -> None:
    """An append first brings the handle up to the log."""
    seen = Seen()
    store, other = ledger.open(seen), ledger.open()
    store.append([new("a", 1)])
    other.append([new("b", 1)])
    store.append([new("c", 1)])
    assert [(r.seq, r.job_id) for r in seen.records] == [(1, "a"), (2, "b"), (3, "c")]


def test_a_refused_append_still_delivers_what_others_appended(ledger: OneLedger) -> None:
    """The caller decides again on the newer state, so the newer state has to be there."""
    seen = Seen()
    store, other = ledger.open(seen), ledger.open()
    store.append([new("a", 1)])
    other.append([new("a", 2)])
    with pytest.raises(VersionConflictError):
        store.append([new("a", 2)])
    assert seen.seqs == [1, 2]
    assert store.version("a") == 2


def test_several_handles_in_turn_each_see_every_record_once(ledger: OneLedger) -> None:
    """Own and others' records, in the one order."""
    watchers = [Seen() for _ in range(3)]
    handles = [ledger.open(seen) for seen in watchers]
    for version in range(1, 5):
        for index, handle in enumerate(handles):
            handle.append([new(f"job-{index}", version), new(f"more-{index}", version)])
    for handle, seen in zip(handles, watchers, strict=True):
        handle.refresh()
        handle.refresh()
        assert seen.seqs == list(range(1, 25))
    assert watchers[0].records == watchers[1].records == watchers[2].records


# -- following -------------------------------------------------------------------------------------


def test_a_new_handle_delivers_nothing_before_it_is_asked(ledger: OneLedger) -> None:
    """Opening is not reading."""
    ledger.open().append([new("a", 1), new("a", 2)])
    seen = Seen()
    store = ledger.open(seen)
    assert (seen.calls, store.seq, store.version("a"), list(store.read())) == ([], 0, 0, [])

    store.refresh()
    assert (seen.seqs, store.seq, store.version("a")) == ([1, 2], 2, 2)


def test_the_first_append_of_a_new_handle_delivers_the_whole_log(ledger: OneLedger) -> None:
    """It needs the jobs' versions, so it reads them all."""
    ledger.open().append([new("a", 1), new("a", 2)])
    seen = Seen()
    ledger.open(seen).append([new("a", 3)])
    assert seen.seqs == [1, 2, 3]


def test_a_refresh_without_news_delivers_nothing(ledger: OneLedger) -> None:
    """Not even an empty write."""
    seen = Seen()
    store = _refreshed(ledger, seen)
    store.refresh()
    store.append([new("a", 1)])
    before = len(seen.calls)
    store.refresh()
    assert len(seen.calls) == before


def test_changed_tells_of_others_records_until_they_are_delivered(ledger: OneLedger) -> None:
    """It asks, and delivers nothing itself."""
    seen = Seen()
    store, other = _refreshed(ledger, seen), _refreshed(ledger)
    assert not store.changed()

    other.append([new("a", 1)])
    assert store.changed()
    assert store.changed()
    assert seen.calls == []

    store.refresh()
    assert not store.changed()


def test_a_handles_own_records_are_no_change_to_it(ledger: OneLedger) -> None:
    """They were delivered by the append."""
    store = ledger.open()
    store.append([new("a", 1)])
    assert not store.changed()


def test_a_new_handle_on_a_log_with_records_is_changed(ledger: OneLedger) -> None:
    """A refresh would deliver them all."""
    ledger.open().append([new("a", 1)])
    assert ledger.open().changed()


def test_a_new_handle_on_an_empty_log_is_not_changed(ledger: OneLedger) -> None:
    """A refresh would deliver nothing."""
    ledger.open().refresh()
    assert not ledger.open().changed()


# -- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 6, 100])
def test_reading_starts_after_a_position(ledger: OneLedger, after: int) -> None:
    """Also in the middle of a write, and behind the end."""
    store = ledger.open()
    store.append([new("a", 1), new("a", 2)])
    store.append([new("b", 1)])
    store.append([new("b", 2), new("b", 3)])
    assert [r.seq for r in store.read(after)] == [s for s in range(1, 6) if s > after]


def test_any_number_is_a_place_to_read_behind(ledger: OneLedger) -> None:
    """Also in the middle of a write, and at the end of a day; and where an engine finds records by
    their numbers, it finds each."""
    store = ledger.open()
    for day in range(3):
        store.append([new(f"a{day}"), new(f"b{day}"), new(f"c{day}")])
        store.append([new(f"d{day}")])
        ledger.wait(timedelta(days=1))
    everything = list(store.read())
    assert len(everything) == 12
    for after in range(len(everything) + 1):
        assert list(store.read(after)) == everything[after:]
        for until in range(after, len(everything) + 1):
            some = list(store.read(after, until))
            assert some == everything[after : after + len(some)]
            assert len(some) == until - after or ledger.reads_from_the_beginning
    found = store.find(range(1, len(everything) + 1))
    assert found is None or list(found) == everything
    assert (found is None) == ledger.reads_from_the_beginning


def test_reading_ends_where_the_handle_stood_when_it_began(ledger: OneLedger) -> None:
    """What is appended or delivered while someone reads is not part of that reading."""
    store, other = ledger.open(), ledger.open()
    store.append([new("a", 1)])
    other.append([new("a", 2)])
    reading = store.read()
    store.append([new("a", 3)])
    assert [r.seq for r in reading] == [1]
    assert [r.seq for r in store.read()] == [1, 2, 3]


def test_reading_shows_nothing_undelivered(ledger: OneLedger) -> None:
    """A reading and the state folded from deliveries agree."""
    store, other = _refreshed(ledger), ledger.open()
    other.append([new("a", 1)])
    assert list(store.read()) == []
    store.refresh()
    assert [r.seq for r in store.read()] == [1]


def test_reading_delivers_nothing_to_the_observer(ledger: OneLedger) -> None:
    """It can be done over and over."""
    seen = Seen()
    store = ledger.open(seen)
    store.append([new("a", 1), new("a", 2)])
    assert list(store.read()) == list(store.read())
    assert seen.seqs == [1, 2]


# -- identity and closing --------------------------------------------------------------------------


def test_all_handles_have_one_identity(ledger: OneLedger) -> None:
    """It is fixed when the ledger is created, and survives closing."""
    first = ledger.open()
    identity = first.identity
    assert identity.ledger_id
    assert identity.timezone == "UTC"
    assert ledger.open().identity == identity
    assert ledger.reopen(first).identity == identity


def test_another_time_zone_is_refused(ledger: OneLedger) -> None:
    """It would group the same jobs into other days."""
    ledger.open(timezone="UTC")
    with pytest.raises(ValidationError) as caught:
        ledger.open(timezone="Europe/Berlin")
    assert caught.value.field == "timezone"


def test_a_reopened_ledger_goes_on_where_it_was(ledger: OneLedger) -> None:
    """Versions and sequence numbers belong to the ledger, not to a handle."""
    seen = Seen()
    store = ledger.open()
    store.append([new("a", 1), new("a", 2)])
    store = ledger.reopen(store, seen)
    store.append([new("a", 3)])
    assert seen.seqs == [1, 2, 3]


def test_synced_records_are_there_for_everybody(ledger: OneLedger) -> None:
    """A sync takes nothing away and adds nothing."""
    seen = Seen()
    store = ledger.open(seen)
    store.append([new("a", 1)])
    store.sync()
    assert seen.seqs == [1]
    assert [r.seq for r in _refreshed(ledger).read()] == [1]


def test_a_closed_handle_refuses_to_append_and_to_refresh(ledger: OneLedger) -> None:
    """It says so, and changes nothing."""
    seen = Seen()
    store = ledger.open(seen)
    store.append([new("a", 1)])
    store.close()
    with pytest.raises(StorageError, match="closed"):
        store.append([new("a", 2)])
    with pytest.raises(StorageError, match="closed"):
        store.refresh()
    assert not store.changed()
    assert seen.seqs == [1]
    assert [r.seq for r in _refreshed(ledger).read()] == [1]


def test_closing_twice_is_closing_once(ledger: OneLedger) -> None:
    """Both ways out of a `with` may call it."""
    store = ledger.open()
    store.close()
    store.close()


def test_closing_one_handle_leaves_the_others(ledger: OneLedger) -> None:
    """Handles share a ledger and nothing else."""
    first, second = ledger.open(), ledger.open()
    first.append([new("a", 1)])
    first.close()
    second.append([new("a", 2)])
    assert [r.seq for r in second.read()] == [1, 2]


# -- threads ---------------------------------------------------------------------------------------


def test_threads_that_share_a_handle_lose_nothing(ledger: OneLedger) -> None:
    """Every append is in the log once, each job's in its own order."""
    seen = Seen()
    store = ledger.open(seen)

    def work(job: str) -> None:
        for version in range(1, 26):
            written = store.append([new(job, version)])
            assert [(r.job_id, r.version) for r in written] == [(job, version)]

    raised = at_once(*(partial(work, f"job-{n}") for n in range(6)))

    assert raised == [None] * 6
    assert seen.seqs == list(range(1, 151))
    assert list(store.read()) == seen.records
    assert {store.version(f"job-{n}") for n in range(6)} == {25}


def test_threads_with_a_handle_each_lose_nothing(ledger: OneLedger) -> None:
    """As processes do it: each handle ends with the same records in the same order."""
    watchers = [Seen() for _ in range(4)]
    handles = [ledger.open(seen) for seen in watchers]

    def work(index: int) -> None:
        for version in range(1, 26):
            handles[index].append([new(f"job-{index}", version)])

    raised = at_once(*(partial(work, n) for n in range(4)))

    assert raised == [None] * 4
    for handle, seen in zip(handles, watchers, strict=True):
        handle.refresh()
        assert seen.seqs == list(range(1, 101))
    assert watchers[0].records == watchers[1].records == watchers[2].records == watchers[3].records


def test_of_several_threads_at_one_version_exactly_one_wins(ledger: OneLedger) -> None:
    """Who loses is told so, and the writes of the others in the same moment go in."""
    store = ledger.open()
    for version in range(1, 11):
        contested = partial(store.append, [new("contested", version)])
        alone = partial(store.append, [new("alone", version)])
        raised = at_once(contested, contested, contested, alone)
        assert raised[3] is None
        assert sorted(type(error).__name__ for error in raised[:3]) == [
            "NoneType",
            "VersionConflictError",
            "VersionConflictError",
        ]
    assert (store.version("contested"), store.version("alone"), store.seq) == (10, 10, 20)


def _refreshed(
    ledger: OneLedger, observer: Callable[[Sequence[Record]], None] | None = None
) -> EventLog[Record]:
    store = ledger.open(observer)
    store.refresh()
    return store


# -- deciding --------------------------------------------------------------------------------------


def test_a_decision_is_made_on_all_that_there_is(ledger: OneLedger) -> None:
    """Whoever appended it, the observer has it when the decision is called."""
    seen = Seen()
    store, other = ledger.open(seen), ledger.open()
    store.append([new("a", 1)])
    other.append([new("b", 1)])
    known: list[list[str]] = []

    def decision() -> list[NewRecord]:
        known.append([record.job_id for record in seen.records])
        return [new("c", 1), new("d", 1)]

    written = store.decide(decision)
    assert known == [["a", "b"]]
    assert [record.job_id for record in written] == ["c", "d"]
    assert [(r.seq, r.more) for r in written] == [(3, 1), (4, 0)]
    other.refresh()
    assert [record.job_id for record in other.read()] == ["a", "b", "c", "d"]


def test_nothing_comes_between_a_decision_and_what_it_gives(ledger: OneLedger) -> None:
    """Of many who decide at once, each sees what all before it have decided."""

    def decide_five(number: int) -> None:
        seen = Seen()
        store = ledger.open(seen)
        for count in range(5):
            job = f"{number}-{count}"
            store.decide(partial(_as_many_as_there_are, job, seen))

    assert at_once(*(partial(decide_five, number) for number in range(4))) == [None] * 4
    records = list(_refreshed(ledger).read())
    assert [bytes(r.data) for r in records] == [b'{"n":%d}' % n for n in range(20)]


def _as_many_as_there_are(job: str, seen: Seen) -> list[NewRecord]:
    return [new(job, 1, b'{"n":%d}' % len(seen.records))]


def test_a_decision_that_refuses_appends_nothing(ledger: OneLedger) -> None:
    """Its error is its caller's, and the handle goes on."""
    store = ledger.open()
    store.append([new("a", 1)])

    def refuse() -> list[NewRecord]:
        raise ValidationError("there is one already", field="content")

    with pytest.raises(ValidationError, match="there is one already"):
        store.decide(refuse)
    assert store.decide(list) == []
    store.append([new("a", 2)])
    assert [record.version for record in _refreshed(ledger).read()] == [1, 2]


def test_a_decision_is_held_to_the_versions_of_its_jobs(ledger: OneLedger) -> None:
    """As any append is."""
    store = ledger.open()
    store.append([new("a", 1)])
    with pytest.raises(VersionConflictError):
        store.decide(lambda: [new("a", 3)])
    assert store.seq == 1
