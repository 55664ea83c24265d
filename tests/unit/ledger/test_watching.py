"""Watching a ledger: every event once, in order, whoever appends it, for any number of watchers."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from support.domain import NOON
from support.durability import records_read, without_background
from support.eventstore import ACKNOWLEDGING, WatchedFileSystem, at_once, lines_of
from support.waiting import DEADLINE_S, eventually, eventually_async

from jobledger import (
    Change,
    Event,
    Ledger,
    LedgerCorruptError,
    ManualClock,
    NewJob,
    StorageError,
    ValidationError,
    WatcherLetGoError,
)
from jobledger.eventstore.engines.memory import forget_memory_ledgers
from jobledger.ledger import feed, watching

NEVER_S = 1000 * DEADLINE_S
"""Longer than any test waits for anything."""


@pytest.fixture
def ledger(directory: Path) -> Iterator[Ledger]:
    with without_background(), Ledger(directory, clock=ManualClock(NOON)) as ledger:
        yield ledger


@pytest.fixture(params=["files", "memory"])
def location(request: pytest.FixtureRequest, directory: Path) -> Iterator[str]:
    yield str(directory) if request.param == "files" else f"memory:{uuid.uuid4()}"
    forget_memory_ledgers()


def add(ledger: Ledger, count: int = 1) -> list[str]:
    return ledger.add_jobs([NewJob("a", "text", ledger.now()) for _ in range(count)])


def receivers(ledger: Ledger) -> list[feed.Receiver]:
    return list(ledger._watching._feed._receivers)


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "jobledger-feed"]


def nobody_reads() -> None:
    eventually(lambda: not readers(), "the end of the reader's thread")


class Watcher:
    """Watches in a thread of its own, up to an event's number, if it is given."""

    def __init__(self, ledger: Ledger, after: int | None = None, until: int = sys.maxsize) -> None:
        self.seen: list[Event] = []
        self.error: BaseException | None = None
        self._events = ledger.watch(after)
        self._until = until
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        try:
            for event in self._events:
                self.seen.append(event)
                if event.seq >= self._until:
                    return
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.error = error
        finally:
            self._events.close()

    @property
    def seqs(self) -> list[int]:
        return [event.seq for event in self.seen]

    def ended(self) -> Watcher:
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()
        return self


async def take(ledger: Ledger, count: int, after: int | None = None) -> list[int]:
    """Return the numbers of so many events."""
    seqs = []
    async with aclosing(ledger.awatch(after)) as events:
        async for event in events:
            seqs.append(event.seq)
            if len(seqs) == count:
                break
    return seqs


# -- what comes ------------------------------------------------------------------------------------


WRITER = """
import sys
from jobledger import Ledger, NewJob
with Ledger(sys.argv[1], durability="none") as ledger:
    for number in range(15):
        ids = ledger.add_jobs([NewJob("a", "text", ledger.now()) for _ in range(3)])
        ledger.edit_job(ids[1], content=f"text {number}")
"""


def test_writers_of_several_processes_are_seen_in_order_and_once(directory: Path) -> None:
    """By those who watch from the beginning, from the middle and from now on, in threads and in an
    event loop, while this handle changes jobs as well."""
    with Ledger(directory, durability="none") as ledger:
        add(ledger, 7)
        own, total = 40, 7 + 3 * 15 * 4 + 40
        watchers = [Watcher(ledger, after, until=total) for after in (0, 5, 7, None)]
        command = [sys.executable, "-c", WRITER, str(directory)]
        writers = [subprocess.Popen(command) for _ in range(3)]

        async def others() -> list[list[int]]:
            return await asyncio.gather(*(take(ledger, total - after, after) for after in (0, 99)))

        taken: list[list[int]] = []
        raised = at_once(
            lambda: [add(ledger) for _ in range(own)], lambda: taken.extend(asyncio.run(others()))
        )
        assert [writer.wait(DEADLINE_S) for writer in writers] == [0, 0, 0]
        assert raised == [None, None]
        everything = list(ledger.events())
        assert len(everything) == total
        for begin, watcher in zip((0, 5, 7, 7), watchers, strict=True):
            assert watcher.ended().seen == everything[begin:]
        assert taken == [[*range(1, total + 1)], [*range(100, total + 1)]]
    nobody_reads()


def test_what_is_watched_is_what_events_gives(location: str) -> None:
    """Events with their typed data, those that were there as those that come, on every engine."""
    with Ledger(location) as ledger, Ledger(location) as other:
        add(ledger, 2)
        events = ledger.watch(0)
        seen = [next(events), next(events)]
        [job_id] = add(other)
        seen.append(next(events))
        ledger.edit_job(job_id, content="other")
        seen.append(next(events))
        assert seen == list(ledger.events())
        events.close()


def test_from_now_on_is_from_the_call(location: str) -> None:
    """Of what others have appended before it nothing comes, known to this handle or not."""
    with Ledger(location) as ledger, Ledger(location) as other:
        add(other, 3)
        events, more = ledger.watch(), ledger.awatch()
        add(other)
        assert next(events).seq == 4
        assert asyncio.run(anext_of(more)).seq == 4
        events.close()


async def anext_of(events: Any) -> Event:
    async with aclosing(events):
        event: Event = await anext(events)
        return event


@pytest.mark.parametrize("seed", range(5))
def test_whoever_goes_on_behind_the_last_number_misses_none_and_has_none_twice(
    ledger: Ledger, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it broke off, while events come; also where more is delivered at once than the
    reader keeps, or reads."""
    monkeypatch.setattr(feed, "_MOST_GIVEN", 1)
    monkeypatch.setattr(feed, "AT_ONCE", 2)
    monkeypatch.setattr(watching, "AT_ONCE", 3)
    chance, total = random.Random(seed), 120

    def write() -> None:
        while ledger.seq < total:
            add(ledger, min(chance.randint(1, 9), total - ledger.seq))

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[int] = []

    async def some(count: int) -> None:
        seen.extend(await take(ledger, count, seen[-1] if seen else 0))

    while len(seen) < total:
        count = min(chance.randint(1, 9), total - len(seen))
        if chance.random() < 0.5:
            events = ledger.watch(seen[-1] if seen else 0)
            seen += [next(events).seq for _ in range(count)]
            events.close()
        else:
            asyncio.run(some(count))
    writer.join()
    assert seen == [*range(1, total + 1)]


def test_a_number_that_is_still_to_come_is_waited_for(ledger: Ledger) -> None:
    events = ledger.watch(3)
    watcher = Watcher(ledger, 3, until=5)
    eventually(lambda: receivers(ledger))
    add(ledger, 2)
    add(ledger, 3)
    assert watcher.ended().seqs == [4, 5]
    assert next(events).seq == 4


@pytest.mark.parametrize("after", [-1, True, "3", 1.5])
def test_what_is_no_number_is_refused(ledger: Ledger, after: Any) -> None:
    for watch in (ledger.watch, ledger.awatch):
        with pytest.raises(ValidationError) as caught:
            watch(after)
        assert caught.value.field == "after"


# -- those who take too little ---------------------------------------------------------------------


def test_a_slow_watcher_is_let_go_and_told_where_to_go_on(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on, and so does it, behind the number that the error has."""
    monkeypatch.setattr(feed, "MOST_WAITING", 5)
    add(ledger)
    slow, slow_too = ledger.watch(0), ledger.awatch(0)
    fast = ledger.watch(0)

    async def main() -> WatcherLetGoError:
        assert next(slow).seq == (await anext(slow_too)).seq == next(fast).seq == 1
        add(ledger)
        assert next(slow).seq == (await anext(slow_too)).seq == next(fast).seq == 2
        for seq in range(3, 20):
            add(ledger)
            assert next(fast).seq == seq
        with pytest.raises(WatcherLetGoError) as caught:
            await anext(slow_too)
        return caught.value

    error = asyncio.run(main())
    assert error.after == 2
    assert str(error) == (
        "more than 5 events waited for this watcher, and it gets no more: 2 was the last one that"
        " it took (watch again after 2: none is missed)"
    )
    with pytest.raises(WatcherLetGoError) as caught:
        next(slow)
    assert caught.value.after == 2
    assert len(receivers(ledger)) == 1
    again = ledger.watch(caught.value.after)
    assert [next(again).seq for _ in range(17)] == [*range(3, 20)]


def test_a_write_of_many_jobs_lets_nobody_go(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has taken all there was has had no time to be slow."""
    monkeypatch.setattr(feed, "MOST_WAITING", 5)
    watcher = Watcher(ledger, until=50)
    eventually(lambda: receivers(ledger))
    add(ledger, 50)
    assert watcher.ended().seqs == [*range(1, 51)]
    assert watcher.error is None


def test_a_loop_that_has_ended_is_nobody_to_wait_for() -> None:
    """What is put there is taken by nobody: it says so."""
    receiver, loop = feed.Receiver(), asyncio.new_event_loop()
    loop.close()
    receiver.listen(lambda: loop.call_soon_threadsafe(print))
    assert not receiver.put([])


# -- one reader ------------------------------------------------------------------------------------


def test_a_hundred_watchers_have_one_reader(
    ledger: Ledger, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others append is decoded once for all of them, and what this handle appends never."""
    add(ledger, 3)

    async def main() -> list[list[int]]:
        tasks = [asyncio.create_task(take(ledger, 60)) for _ in range(100)]
        await eventually_async(lambda: len(receivers(ledger)) == 100)
        assert len(readers()) == 1
        for _ in range(10):
            add(other, 5)
        await eventually_async(lambda: ledger.seq == 53)
        add(ledger, 10)
        return await asyncio.gather(*tasks)

    with Ledger(directory, clock=ManualClock(NOON)) as other:
        read = records_read(monkeypatch)
        assert asyncio.run(main()) == [[*range(4, 64)]] * 100
        assert read == [*range(4, 54)]
    nobody_reads()


def test_several_event_loops_watch_at_once(ledger: Ledger) -> None:
    """And names of the same handle have the same reader."""

    async def some(ledger: Ledger) -> list[list[int]]:
        return await asyncio.gather(*(take(ledger, 10, 0) for _ in range(10)))

    taken: list[list[list[int]]] = []

    def watch(name: Ledger) -> Callable[[], None]:
        return lambda: taken.append(asyncio.run(some(name)))

    def write() -> None:
        eventually(lambda: len(receivers(ledger)) == 30)
        assert len(readers()) == 1
        add(ledger.acting("web:lan"), 10)

    raised = at_once(watch(ledger), watch(ledger.acting("web:lan")), watch(ledger), write)
    assert raised == [None] * 4
    assert taken == [[[*range(1, 11)]] * 10] * 3


class Waits(SimpleQueue[Any]):
    """Notes how long the reader would wait for something."""

    def __init__(self) -> None:
        self.noted: list[float] = []

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if timeout == feed.LOOK_EVERY_S:
            self.noted.append(timeout)
        return super().get(block, timeout)


def test_the_end_is_looked_at_ten_times_a_second_and_only_for_somebody(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each look there is a wait, and nobody looks when nobody watches."""
    looks, changed = list[int](), ledger._store.changed

    def look() -> bool:
        looks.append(1)
        return changed()

    queues: list[Waits] = []

    def make() -> Waits:
        queues.append(Waits())
        return queues[-1]

    monkeypatch.setattr(ledger._store, "changed", look)
    monkeypatch.setattr(feed, "SimpleQueue", make)
    assert feed.LOOK_EVERY_S >= 0.1
    watcher = Watcher(ledger, until=1)
    eventually(lambda: len(looks) >= 3)
    looked = len(looks)  # first: each of them comes behind its wait
    assert looked <= sum(len(queue.noted) for queue in queues)
    add(ledger)
    assert watcher.ended().seqs == [1]
    nobody_reads()
    before = len(looks)
    add(ledger, 5)
    assert list(ledger.events())
    assert len(looks) == before


def test_a_change_of_this_handle_is_there_without_a_look(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LOOK_EVERY_S", NEVER_S)
    watcher = Watcher(ledger, until=2)
    eventually(lambda: receivers(ledger))
    add(ledger, 2)
    assert watcher.ended().seqs == [1, 2]


# -- how it ends -----------------------------------------------------------------------------------


def test_closing_ends_everybodys_watching(location: str) -> None:
    """What came before it is still taken, and no thread is left."""
    ledger = Ledger(location)
    watchers = [Watcher(ledger) for _ in range(3)]

    async def main() -> list[int]:
        task = asyncio.create_task(take(ledger, 100))
        await eventually_async(lambda: len(receivers(ledger)) == 4)
        add(ledger, 2)
        await asyncio.to_thread(ledger.acting("web:lan").close)
        return await task

    assert asyncio.run(main()) == [1, 2]
    assert [(watcher.ended().seqs, watcher.error) for watcher in watchers] == [([1, 2], None)] * 3
    assert readers() == []
    with pytest.raises(StorageError, match="closed"):
        ledger.watch()


def test_a_handle_that_is_watched_is_not_forgotten(directory: Path) -> None:
    """It is closed when its watcher is gone."""
    with Ledger(directory) as ledger:
        add(ledger)
    events = Ledger(directory).watch(0)
    gc.collect()
    assert next(events).seq == 1
    with Ledger(directory) as ledger:
        add(ledger)
    assert next(events).seq == 2
    events.close()
    del events
    nobody_reads()


@pytest.mark.parametrize("how", ["break", "aclose", "cancel", "forget", "close"])
def test_whoever_stops_watching_is_given_no_more(ledger: Ledger, how: str) -> None:
    """At once, and the reader ends with the last of them."""
    add(ledger)

    async def watch() -> None:
        events = ledger.awatch(0)
        if how == "cancel":
            task = asyncio.create_task(take(ledger, 2, 0))
            await eventually_async(lambda: receivers(ledger))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            return
        add(ledger)
        async for event in events:
            if event.seq == 2:
                break
        if how == "aclose":
            await events.aclose()

    if how in ("forget", "close"):
        iterator = ledger.watch(0)
        add(ledger)
        assert [next(iterator).seq, next(iterator).seq] == [1, 2]
        add(ledger)
        assert next(iterator).seq == 3
        assert len(receivers(ledger)) == 1
        if how == "close":
            iterator.close()
        else:
            del iterator
    else:
        asyncio.run(watch())
    assert receivers(ledger) == []
    nobody_reads()


def test_ctrl_c_ends_the_wait_at_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else could: nothing comes, and nobody looks."""
    monkeypatch.setattr(watching, "_LOOK_EVERY_S", NEVER_S)

    def interrupt() -> None:
        eventually(lambda: receivers(ledger))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        next(ledger.watch())
    thread.join()
    assert receivers(ledger) == []
    add(ledger)
    assert next(ledger.watch(0)).seq == 1


def test_a_signals_handler_may_close_what_is_watched(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a service does that ends: the loop over the events is over."""
    before = signal.signal(signal.SIGUSR1, lambda *_: ledger.close())

    def interrupt() -> None:
        eventually(lambda: receivers(ledger))
        os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=interrupt)
    try:
        thread.start()
        assert list(ledger.watch()) == []
    finally:
        signal.signal(signal.SIGUSR1, before)
        thread.join()


def test_damage_that_is_met_ends_everybodys_watching(
    ledger: Ledger, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the error, each with its own, behind what is sound."""
    add(ledger)
    with Ledger(directory, read_only=True) as reader:
        changed, may_look = reader._store.changed, threading.Event()
        monkeypatch.setattr(reader._store, "changed", lambda: may_look.is_set() and changed())
        watchers = [Watcher(reader) for _ in range(3)]
        eventually(lambda: len(receivers(reader)) == 3)
        add(ledger)
        add(ledger)
        [day] = directory.glob("events_*")
        lines = lines_of(day)
        day.write_bytes(b"".join([*lines[:-1], lines[-1].replace(b'"text"', b'"Text"')]))
        may_look.set()
        errors = [watcher.ended().error for watcher in watchers]
        assert [watcher.seqs for watcher in watchers] == [[2]] * 3
        for error in errors:
            assert isinstance(error, LedgerCorruptError)
            assert error.line == 4
        assert len({id(error) for error in errors}) == 3
        late = reader.watch(0)
        assert [next(late).seq, next(late).seq] == [1, 2]
        with pytest.raises(LedgerCorruptError):
            next(late)
    nobody_reads()


def test_a_write_that_fails_ends_everybodys_watching(directory: Path) -> None:
    """Until the ledger is opened again nobody knows what is in the log."""
    fs = WatchedFileSystem()
    with without_background(), Ledger(directory, clock=ManualClock(NOON), fs=fs) as ledger:
        add(ledger)
        watchers = [Watcher(ledger, 0) for _ in range(2)]
        eventually(lambda: len(receivers(ledger)) == 2)
        fs.fail("sync", ACKNOWLEDGING, OSError(5, "Input/output error"))
        with pytest.raises(StorageError):
            add(ledger)
        for watcher in watchers:
            assert isinstance(watcher.ended().error, StorageError)
            assert watcher.seqs == [1]


def test_a_write_that_was_broken_off_ends_nobodys_watching(directory: Path) -> None:
    """Ctrl-C in the middle of one is no fault of the disk's: the handle mends itself, and what was
    written all the same is seen in its place."""
    fs = WatchedFileSystem()
    with without_background(), Ledger(directory, clock=ManualClock(NOON), fs=fs) as ledger:
        add(ledger)
        watchers = [Watcher(ledger, 0, until=4) for _ in range(2)]
        eventually(lambda: len(receivers(ledger)) == 2)
        fs.fail("sync", ACKNOWLEDGING, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            add(ledger)
        eventually(lambda: ledger._store.is_sound)
        while ledger.seq < 4:
            add(ledger)
        for watcher in watchers:
            assert watcher.ended().error is None
            assert watcher.seqs == [1, 2, 3, 4]


def test_without_a_thread_it_says_so(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(StorageError, match="no thread can be started"):
            next(ledger.watch())
    add(ledger)
    assert next(ledger.watch(0)).seq == 1


# -- where nobody may wait -------------------------------------------------------------------------


class Waiting:
    """A projection that waits for an event, which cannot come before it has gone on."""

    name = "waiting.txt"
    ledger: Ledger
    events: Iterator[Event]
    said: list[str]

    def apply(self, change: Change) -> None:
        for wait in (self._wait, self._wait_async, lambda: next(self.events)):
            try:
                wait()
            except StorageError as error:
                self.said.append(error.message)

    def _wait(self) -> None:
        next(self.ledger.watch())

    def _wait_async(self) -> None:
        asyncio.run(anext_of(self.ledger.awatch()))

    def render(self) -> bytes:
        return b""


def test_from_within_a_change_nobody_waits(directory: Path) -> None:
    """It is refused, also by one who began before; the change is made."""
    Waiting.said = []
    with (
        without_background(),
        Ledger(directory, clock=ManualClock(NOON), projections=[Waiting]) as ledger,
    ):
        Waiting.ledger, Waiting.events = ledger, ledger.watch(10)
        add(ledger)
        assert Waiting.said == ["a ledger was watched from within a call of it"] * 3
        assert ledger.seq == 1
        assert next(ledger.watch(0)).seq == 1
        del Waiting.ledger, Waiting.events
