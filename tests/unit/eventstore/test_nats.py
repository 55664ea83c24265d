"""The engine in NATS, beside its contract: what it notices and reads, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from support import nats
from support.eventstore import NOON, new

from jobledger import Ledger, LedgerCorruptError
from jobledger.eventstore import Block, Cursor, EventLog, Tail
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.eventstore.record import RECORDS, Record

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def server() -> nats.Server:
    return nats.server()


@pytest.fixture
def url(server: nats.Server) -> str:
    return nats.new_url()


def log_of(url: str) -> EventLog[Record]:
    return EventLog(open_engine(url, EngineOptions()), clock=lambda: NOON, form=RECORDS)


@contextmanager
def left(log: EventLog[Record]) -> Iterator[EventLog[Record]]:
    """Let go of a handle without a word: closing it would say again what is lost."""
    try:
        yield log
    finally:
        log.abandon()


# -- what is lost ----------------------------------------------------------------------------------


def test_whoever_knew_what_the_servers_have_lost_says_so(server: nats.Server, url: str) -> None:
    """It reads and writes nothing more, and says which record is missing."""
    with left(log_of(url)) as log:
        log.append([new("a", 1)])
        log.append([new("b", 1)])
        nats.go_back(server, url, 1)
        for call in (log.refresh, lambda: log.append([new("c", 1)])):
            with pytest.raises(LedgerCorruptError, match="record 2 was acknowledged") as caught:
                call()
            assert caught.value.kind == "lost"


def test_it_is_noticed_by_an_append_that_does_not_look_before(
    server: nats.Server, url: str
) -> None:
    """The servers compare the number of the last message, and the handle what is there."""
    with left(log_of(url)) as log:
        log.append([new("a", 1)])
        log.append([new("b", 1)])
        after = log._follower.log.cursor.copy()
        write, _, then, _ = log._writer._encode([new("c", 1)])
        nats.go_back(server, url, 1)
        with pytest.raises(LedgerCorruptError, match="record 2 was acknowledged"):
            log._engine.append(write, after=after, then=then)


def test_it_is_noticed_where_others_have_gone_on_from_what_was_left(
    server: nats.Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have as many messages then, and another one in the place of what was acknowledged."""
    monkeypatch.setattr("jobledger.eventstore.engines.nats.engine.FRESH_S", 0.0)
    with left(log_of(url)) as log:
        log.append([new("a", 1)])
        log.append([new("b", 1)])
        nats.go_back(server, url, 1)
        with closing(log_of(url)) as other:
            other.append([new("x", 1)])
            for call in (log.refresh, lambda: log.append([new("c", 1)])):
                with pytest.raises(LedgerCorruptError, match="record 2 was acknowledged"):
                    call()
            other.append([new("y", 1)])
            with pytest.raises(LedgerCorruptError):
                log.refresh()


def test_servers_that_say_less_for_a_moment_have_lost_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has just become their leader may not have come to the end; if it stays so, they
    have."""
    with left(log_of(url)) as log:
        log.append([new("a", 1)])
        log.append([new("b", 1)])
        messages = log._engine._messages  # type: ignore[attr-defined]  # of this engine
        first = messages.one(1)
        monkeypatch.setattr(messages, "last", lambda subject="": first)
        log.refresh()
        assert log.seq == 2
        monkeypatch.setattr("jobledger.eventstore.engines.nats.stream_end.LOST_AFTER_S", 0.0)
        with pytest.raises(LedgerCorruptError, match="record 2 was acknowledged"):
            log.refresh()


def test_a_stream_that_is_another_ledger_is_noticed(server: nats.Server, url: str) -> None:
    """Nothing of the one is ever taken by the other: its subjects have another id in them."""
    with left(log_of(url)) as log:
        log.refresh()
        nats.ask(server, f"$JS.API.STREAM.DELETE.{nats.stream_of(url)}")
        with closing(log_of(url)) as other:
            other.append([new("x", 1)])
            with pytest.raises(LedgerCorruptError, match="there is another ledger than") as caught:
                log.append([new("a", 1)])
            assert caught.value.kind == "lost"
            other.append([new("y", 1)])
            assert [record.job_id for record in other.read()] == ["x", "y"]


def test_what_nobody_of_a_ledger_has_sent_is_named(server: nats.Server, url: str) -> None:
    """Who is let in can send to any subject; it is seen, and nothing is written behind it."""
    with left(log_of(url)) as log:
        log.append([new("a", 1)])
        names = log._engine._names  # type: ignore[attr-defined]  # of this engine
        nats.send(server, names.write, b"hello")
        for call in (log.refresh, lambda: log.append([new("b", 1)])):
            with pytest.raises(LedgerCorruptError, match=r"message 2 of the stream .* is none"):
                call()


# -- reading ---------------------------------------------------------------------------------------


def test_what_is_larger_than_a_block_is_read_whole(url: str) -> None:
    """More messages than are fetched at a time, and more bytes."""
    with closing(log_of(url)) as log:
        large = b'{"text":"%b"}' % (b"x" * 900_000)
        log.append([new(f"large-{n}", 1, large) for n in range(9)])
        for n in range(1500):
            log.append([new(f"small-{n}", 1)])
        with closing(log_of(url)) as again:
            again.refresh()
            assert [record.hash for record in again.read()] == [r.hash for r in log.read()]
            assert again.seq == 1509
            found = again.find(range(1, 1510, 50))
            assert found is not None
            assert [one.seq for one in found if one is not None] == list(range(1, 1510, 50))


def test_a_large_last_message_is_not_fetched_at_each_look(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        other.append([new("a", 1, b'{"text":"%b"}' % (b"x" * 900_000))])
        log.refresh()
        messages = log._engine._messages  # type: ignore[attr-defined]  # of this engine
        monkeypatch.setattr(messages, "last", lambda subject="": pytest.fail("it is fetched"))
        assert not log.changed()
        monkeypatch.undo()
        other.append([new("b", 1)])
        assert log.changed()


# -- files beside it -------------------------------------------------------------------------------


def test_with_a_directory_it_has_daily_files_and_opens_from_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a ledger of files has them; who opens it again reads what came since."""
    from jobledger.eventstore.engines.nats.reading import NatsReading

    monkeypatch.setattr(Ledger, "_SNAPSHOT_EVERY", 5)
    url = nats.new_url(files=quote(str(tmp_path / "derived")))
    with Ledger(url) as ledger:
        for n in range(8):
            ledger.add_job("shop", f"text {n}", NOON.replace(year=2027), job_id=f"job-{n}")
    names = sorted(path.name for path in (tmp_path / "derived").iterdir())
    assert "jobs_2027-03-01.json" in names
    asked: list[int] = []
    lines = NatsReading.lines

    def seen(self: NatsReading, after: Cursor, until: Tail | None) -> Iterator[Block]:
        asked.append(after.seq)
        return lines(self, after, until)

    monkeypatch.setattr(NatsReading, "lines", seen)
    with Ledger(url) as ledger:
        assert len(ledger.list_jobs()) == 8
        assert ledger.rebuild(check=True).differences == []
    assert asked[0] >= 5


def test_a_ledger_that_has_no_files_misses_none(url: str) -> None:
    with Ledger(url) as ledger:
        ledger.add_job("shop", "text", NOON.replace(year=2027))
        report = ledger.verify()
    assert (report.problems, report.notes) == ([], [])
