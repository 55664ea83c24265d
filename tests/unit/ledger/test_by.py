"""`by`: who caused a change, in the record, from where it is said to where it is read."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from support.durability import without_background

from jobledger import (
    Attempt,
    Event,
    ImportedJob,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    PostResult,
    ScheduledJob,
    Scheduler,
    StorageError,
    ValidationError,
)
from jobledger.integrity.second_reader import Broken, Line, parse_record


def lines(directory: Path) -> list[dict[str, object]]:
    """Return the records of the log as they stand there, keys in their order."""
    return [
        json.loads(line)
        for path in sorted(directory.glob("events_*.jsonl"))
        for line in path.read_bytes().split(b"\n")[1:-1]
    ]


def told(ledger: Ledger, after: int = 0) -> list[tuple[str, str | None]]:
    return [(event.type, event.by) for event in ledger.events(after)]


def posts(account_id: str, content: str) -> PostResult:
    return PostResult(True, "t")


ME = f"runner:{os.getpid()}"


def test_every_change_of_a_handle_says_who_caused_it(directory: Path, clock: ManualClock) -> None:
    """In the line, before its data; and in what is read of it, now and by another handle."""
    with Ledger(directory, clock=clock, by="app:blog") as ledger:
        ledger.add_jobs([NewJob("a", "one", clock.now(), job_id=name) for name in "xy"])
        ledger.import_jobs([ImportedJob(_renamed(ledger, "x", "z"), "other.json")])
        ledger.hold_job("x")
        ledger.release_job("x")
        ledger.edit_job("x", content="two")
        ledger.reschedule_job("x", clock.now() + timedelta(hours=1))
        ledger.cancel_job("x")
        ledger.requeue_job("x", clock.now())
        ledger.remove_job("y")
        clock.advance(ledger.expire_after * 2)
        assert ledger.cleanup_expired_jobs() == 2
        written = list(ledger.events())
    records = lines(directory)
    assert len(records) == 12
    assert {record["by"] for record in records} == {"app:blog"}
    assert list(records[0]) == [
        "seq", "batch", "more", "at", "type", "job", "version", "schema", "by", "data", "prev",
        "hash",
    ]  # fmt: skip
    assert [event.to_dict() for event in written] == records
    assert list(written[0].to_dict()) == list(records[0])
    with Ledger(directory, clock=clock, read_only=True) as reader:
        assert list(reader.events()) == written
        assert reader.verify().problems == []


def _renamed(ledger: Ledger, job_id: str, name: str) -> ScheduledJob:
    return msgspec.structs.replace(ledger.get_job(job_id), job_id=name)


def test_where_nobody_says_it_there_is_no_such_key(directory: Path, clock: ManualClock) -> None:
    """The lines are those of the releases before."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "one", clock.now())
        (event,) = ledger.events()
    (record,) = lines(directory)
    assert "by" not in record
    assert event.by is None
    assert "by" not in event.to_dict()


@pytest.mark.parametrize("by", ["a", "web:lan", "api:n8n/v1@host.example:80", "A-z_0.9", "x" * 64])
def test_a_name_that_a_record_can_have_is_taken(
    directory: Path, clock: ManualClock, by: str
) -> None:
    class Markup(str):
        """Text of a template engine, say."""

    with Ledger(directory, clock=clock, by=Markup(by)) as ledger:
        ledger.add_job("a", "one", clock.now())
        ledger.acting(Markup(by)).add_job("a", "two", clock.now())
        assert [type(event.by) for event in ledger.events()] == [str, str]
    assert [record["by"] for record in lines(directory)] == [by, by]


WRONG = ["", " ", "x" * 65, "a b", "a\n", "Lan Nguyễn", "\ud800", 'a"', "a\\", "a\0", 1, b"a", True]


@pytest.mark.parametrize("by", WRONG)
def test_another_one_is_refused_where_it_is_given(
    directory: Path, clock: ManualClock, by: object
) -> None:
    """Before anything is made; nothing is changed, and the handle goes on."""
    for kind in (Ledger, Scheduler):
        with pytest.raises(ValidationError, match="by must be 1 to 64 of") as caught:
            kind(directory, clock=clock, by=by)  # type: ignore[arg-type]
        assert caught.value.field == "by"
        assert caught.value.hint is not None
    assert not directory.exists()
    with Ledger(directory, clock=clock) as ledger:
        for wrong in (by, None):
            with pytest.raises(ValidationError) as caught:
                ledger.acting(wrong)  # type: ignore[arg-type]
            assert caught.value.field == "by"
        gc.collect()
        ledger.add_job("a", "one", clock.now())


# -- the same handle under another name ------------------------------------------------------------


def test_the_same_handle_under_another_name_says_that_one(
    directory: Path, clock: ManualClock
) -> None:
    """Whatever the other names do meanwhile, and also of a name of a name."""
    with Ledger(directory, clock=clock, by="app:blog") as ledger:
        lan, bot = ledger.acting("web:lan"), ledger.acting("web:lan").acting("api:bot")
        job_id = lan.add_job("a", "one", clock.now())
        bot.hold_job(job_id)
        ledger.release_job(job_id)
        lan.cancel_job(job_id)
        assert told(bot) == [
            ("added", "web:lan"),
            ("held", "api:bot"),
            ("released", "app:blog"),
            ("cancelled", "web:lan"),
        ]
        assert lan.get_job(job_id) == ledger.get_job(job_id)
        assert lan.seq == ledger.seq == 4
        assert repr(lan) == repr(ledger)


def test_leaving_a_name_leaves_the_handle_open(directory: Path, clock: ManualClock) -> None:
    """Whether it is left, or only forgotten."""
    with Ledger(directory, clock=clock) as ledger:
        with ledger.acting("web:lan") as lan:
            lan.add_job("a", "one", clock.now())
        del lan
        gc.collect()
        ledger.add_job("a", "two", clock.now())
        assert told(ledger) == [("added", "web:lan"), ("added", None)]


def test_closing_one_name_closes_them_all(directory: Path, clock: ManualClock) -> None:
    ledger = Ledger(directory, clock=clock)
    lan, bot = ledger.acting("web:lan"), ledger.acting("api:bot")
    lan.add_job("a", "one", clock.now())
    bot.close()
    for name in (ledger, lan, bot):
        with pytest.raises(StorageError, match="closed"):
            name.add_job("a", "two", clock.now())
        assert "closed" in repr(name)
        name.close()
    assert (directory / "jobs_2026-03-02.json").exists()


def test_a_name_keeps_its_handle_open(directory: Path, clock: ManualClock) -> None:
    """Even where nobody else knows the handle any more."""
    lan = Ledger(directory, clock=clock).acting("web:lan")
    gc.collect()
    lan.add_job("a", "one", clock.now())
    assert told(lan) == [("added", "web:lan")]
    lan.close()


def test_names_are_used_from_many_threads_at_once(directory: Path, clock: ManualClock) -> None:
    """Those who share one write, too: each record has its own."""
    with without_background(), Ledger(directory, clock=clock) as ledger:
        begin = threading.Barrier(8)

        def work(number: int) -> None:
            mine = ledger.acting(f"web:{number}")
            begin.wait()
            for n in range(5):
                mine.hold_job(mine.add_job("a", "text", clock.now(), job_id=f"{number}-{n}"))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        events = list(ledger.events())
        assert len(events) == 80
        assert all(event.by == f"web:{event.job_id.partition('-')[0]}" for event in events)


def test_a_name_of_a_handle_that_only_reads_changes_nothing(
    directory: Path, clock: ManualClock
) -> None:
    Ledger(directory, clock=clock).close()
    with (
        Ledger(directory, clock=clock, read_only=True) as ledger,
        pytest.raises(StorageError, match="read-only"),
    ):
        ledger.acting("web:lan").add_job("a", "one", clock.now())


# -- the runner ------------------------------------------------------------------------------------


def test_what_a_runner_does_of_itself_is_said_to_be_its_doing(
    directory: Path, clock: ManualClock
) -> None:
    """By the number of its process; what is changed through its handle is its owner's."""

    class Tells:
        def publish(self, attempt: Attempt) -> PostResult:
            attempt.note("here")
            attempt.checkpoint("made", 1)
            return PostResult(True)

    with Scheduler(directory, clock=clock, by="app:blog") as scheduler:
        scheduler.add_job("a", "one", clock.now(), job_id="x")
        scheduler.acting("web:lan").add_job("a", "late", clock.now(), job_id="late", hold=True)
        assert scheduler.run_due(Tells()) == 1
        clock.advance(scheduler.expire_after * 2)
        assert scheduler.run_due(posts) == 0
        assert told(scheduler) == [
            ("added", "app:blog"),
            ("added", "web:lan"),
            ("started", ME),
            ("noted", ME),
            ("checkpointed", ME),
            ("completed", ME),
            ("expired", ME),
        ]


def test_the_loop_says_it_of_all_that_it_does(directory: Path, clock: ManualClock) -> None:
    """Also where it was started under another name."""
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "one", clock.now())
        done = threading.Event()

        def post(account_id: str, content: str) -> PostResult:
            done.set()
            return PostResult(False, error="no")

        async def run() -> None:
            other = scheduler.acting("web:lan")
            await other.start(post)
            assert scheduler.is_running
            assert await asyncio.to_thread(done.wait, 60)
            await scheduler.stop()
            assert not other.is_running

        asyncio.run(run())
        assert told(scheduler) == [("added", None), ("started", ME), ("retried", ME)]


def test_a_recovery_is_the_doing_of_the_runner_that_recovers(
    directory: Path, clock: ManualClock
) -> None:
    with Ledger(directory, clock=clock, by="app:blog") as ledger:
        ledger.add_job("a", "one", clock.now(), job_id="x")
        running = msgspec.structs.replace(
            _renamed(ledger, "x", "y"), status=JobStatus.RUNNING, attempt=1
        )
        ledger.import_jobs([ImportedJob(running, "other.json")])
    with Scheduler(directory, clock=clock, by="app:blog") as scheduler:
        assert told(scheduler, after=2) == [("interrupted", ME)]


# -- reading ---------------------------------------------------------------------------------------


def _resealed(line: bytes, old: bytes, new: bytes) -> Line:
    """Put something else in a line, and the hash that goes with that."""
    body = line[:-43].replace(old, new)
    assert body != line[:-43]
    data = body + b',"hash":"' + sha256(body).hexdigest()[:32].encode() + b'"}'
    return Line(2, 0, data, len(data) + 1)


@pytest.mark.parametrize(
    "value", [b"1", b"null", b'""', b'"a b"', b'["a"]', b'"' + b"x" * 65 + b'"', b'"\\ud800"']
)
def test_the_second_reader_takes_no_other_form(
    directory: Path, clock: ManualClock, value: bytes
) -> None:
    """Whoever wrote it: the hash may fit."""
    with Ledger(directory, clock=clock, by="web:lan") as ledger:
        ledger.add_job("a", "one", clock.now())
    (path,) = directory.glob("events_*.jsonl")
    line = path.read_bytes().split(b"\n")[1]
    assert parse_record(_resealed(line, b'"web:lan"', b'"web:mai"')).by == "web:mai"
    assert parse_record(_resealed(line, b'"by":"web:lan",', b"")).by is None
    with pytest.raises(Broken) as caught:
        parse_record(_resealed(line, b'"web:lan"', value))
    assert caught.value.kind == "form"


def test_another_name_in_a_record_breaks_its_hash(directory: Path, clock: ManualClock) -> None:
    """It is in the chain like all else."""
    with Ledger(directory, clock=clock, by="web:lan") as ledger:
        ledger.add_job("a", "one", clock.now())
    (path,) = directory.glob("events_*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"web:lan"', b'"web:mai"'))
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        assert ledger.verify().problems[0].kind == "hash"


def test_an_event_says_it_to_who_asks(directory: Path, clock: ManualClock) -> None:
    with Ledger(directory, clock=clock, by="web:lan") as ledger:
        ledger.add_job("a", "one", clock.now(), job_id="x")
        (event,) = ledger.history("x")
    assert isinstance(event, Event)
    assert (event.by, event.to_dict()["by"]) == ("web:lan", "web:lan")


def test_events_are_asked_for_by_who_caused_them(directory: Path, clock: ManualClock) -> None:
    with Ledger(directory, clock=clock, by="app:blog") as ledger:
        ledger.add_job("a", "text", clock.now(), job_id="one")
        with ledger.acting("cli:mai") as mai:
            mai.hold_job("one")
        ledger.release_job("one")
        assert [event.type for event in ledger.events(by="app:blog")] == ["added", "released"]
        assert [event.type for event in ledger.events(1, by="cli:mai")] == ["held"]
        assert list(ledger.events(by="cli:nobody")) == []
        with pytest.raises(ValidationError, match="by must be"):
            list(ledger.events(by="no name"))
