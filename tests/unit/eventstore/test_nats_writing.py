"""The engine in NATS: what becomes of a write, also of an ended runner's, on a real server."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from unittest.mock import PropertyMock, patch

import pytest
from support import nats
from support.eventstore import NOON, new
from support.waiting import eventually, time_passes

from jobledger import StorageError
from jobledger.eventstore import Cursor, EventLog, LeaseTime, RunnerEndedError, Write
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


# -- writing ---------------------------------------------------------------------------------------


def test_one_who_is_overtaken_is_let_in_before_anybody_else(url: str) -> None:
    """The others hear of it, and wait while it looks again and appends."""
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        log.append([new("a", 1)])
        engine = log._engine
        turns = engine._turns  # type: ignore[attr-defined]  # of this engine
        real, calls = engine.append, []

        def overtaken(write: Write, *, after: Cursor, then: Cursor) -> bool:
            calls.append(turns._is_mine)
            if len(calls) == 1:
                other.append([new("b", 1)])
            return real(write, after=after, then=then)

        engine.append = overtaken  # type: ignore[method-assign]  # to see whether it has its turn
        log.append([new("c", 1)])
        assert calls == [False, True]
        assert [record.job_id for record in log.read()] == ["a", "b", "c"]
        other.append([new("d", 1)])


def test_who_has_its_turn_keeps_the_others_waiting(url: str) -> None:
    """For a moment at most, whatever becomes of it."""
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        log.append([new("a", 1)])
        other.append([new("b", 1)])
        engine, heard = log._engine, other._engine._turns  # type: ignore[attr-defined]  # of this one
        adding = threading.Thread(target=lambda: other.append([new("c", 1)]))
        with engine.queue():  # type: ignore[attr-defined]  # it is a capability
            eventually(lambda: heard._others(), "the word")
            adding.start()
        adding.join(30)
        assert not adding.is_alive()
        log.refresh()
        assert [record.job_id for record in log.read()] == ["a", "b", "c"]


def test_a_lone_append_is_one_question_to_the_servers(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what it follows, so that nobody has to look before."""
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        log.append([new("a", 1)])
        asked: list[str] = []
        connection = log._engine._streams.connection  # type: ignore[attr-defined]  # of this engine
        real = connection.request

        def request(subject: str, *more: object, **named: object) -> object:
            asked.append(subject)
            return real(subject, *more, **named)

        monkeypatch.setattr(connection, "request", request)
        log.append([new("b", 1)])
        log.append([new("c", 1)])
        assert [subject.rpartition(".")[2] for subject in asked] == ["more", "more"]
        other.append([new("d", 1)])
        assert [record.job_id for record in other.read()] == ["a", "b", "c", "d"]


def test_a_write_of_which_nobody_answers_is_in_the_log_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was taken, and the answer was lost: the same message is sent again, and is refused."""
    from jobledger.eventstore.engines.nats.connection import UnansweredError
    from jobledger.eventstore.engines.nats.jetstream import JetStream

    real, lost = JetStream.publish, [True, False, True]

    def publish(self: JetStream, *arguments: object, **named: object) -> int:
        number = real(self, *arguments, **named)  # type: ignore[arg-type]  # passed on as it came
        if lost and lost.pop():
            raise UnansweredError("the answer is lost")
        return number

    with closing(log_of(url)) as log:
        monkeypatch.setattr(JetStream, "publish", publish)
        for job in "abc":
            log.append([new(job, 1)])
        assert [record.job_id for record in log.read()] == ["a", "b", "c"]
        assert lost == []


def test_what_cannot_be_found_out_is_unknown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobledger.eventstore.engines.nats import engine as engine_module
    from jobledger.eventstore.engines.nats.connection import UnansweredError
    from jobledger.eventstore.engines.nats.jetstream import JetStream

    def publish(self: JetStream, *arguments: object, **named: object) -> int:
        raise UnansweredError("the way is cut")

    monkeypatch.setattr(engine_module, "FIND_OUT_S", 0.0)
    with closing(log_of(url)) as log:
        log.append([new("a", 1)])
        with monkeypatch.context() as patched:
            patched.setattr(JetStream, "publish", publish)
            with pytest.raises(StorageError, match="the way is cut; whether the change is in"):
                log.append([new("b", 1)])
        with pytest.raises(StorageError):
            log.append([new("c", 1)])
        log.reopen()
        log.append([new("d", 1)])
        assert [record.job_id for record in log.read()] == ["a", "d"]


def test_an_interrupted_append_leaves_a_handle_that_goes_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobledger.eventstore.engines.nats.jetstream import JetStream

    real = JetStream.publish

    def publish(self: JetStream, *arguments: object, **named: object) -> int:
        real(self, *arguments, **named)  # type: ignore[arg-type]  # passed on as it came
        monkeypatch.undo()
        raise KeyboardInterrupt

    with closing(log_of(url)) as log:
        log.append([new("a", 1)])
        monkeypatch.setattr(JetStream, "publish", publish)
        with pytest.raises(KeyboardInterrupt):
            log.append([new("b", 1)])
        log.append([new("c", 1)])
        assert [record.job_id for record in log.read()] == ["a", "b", "c"]


def test_the_child_of_a_fork_leaves_the_parents_connection_alone(url: str) -> None:
    with closing(log_of(url)) as log:
        log.append([new("a", 1)])
        child = os.fork()
        if not child:
            log.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        log.append([new("b", 1)])
        assert log.seq == 2


def test_a_server_that_hangs_keeps_nobody_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking gives up, closing too, and both go on when the server does."""
    one = nats.Server()
    try:
        one.start()
        with left(log_of(one.url("a"))) as log:
            log.append([new("a", 1)])
            one.pause()
            with monkeypatch.context() as impatient:
                impatient.setattr("jobledger.eventstore.engines.nats.jetstream.ANSWER_S", 0.2)
                impatient.setattr("jobledger.eventstore.engines.nats.jetstream.READ_S", 0.2)
                with pytest.raises(StorageError, match="cannot"):
                    log.refresh()
            one.go_on()
            log.append([new("b", 1)])
            assert log.seq == 2
            one.pause()
    finally:
        one.end()


# -- runners ---------------------------------------------------------------------------------------


def test_what_an_ended_runner_has_on_its_way_is_not_taken(url: str) -> None:
    """Its lease holds, as far as it knows; behind the mark nothing of it is taken all the same, and
    what others append is."""
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        lease = log._engine.lease("host:1")  # type: ignore[attr-defined]  # it is a capability
        lease.acquire()
        log.append([new("a", 1)])
        other._engine.mark_ended(lease.runner, "another")  # type: ignore[attr-defined]  # of this one
        assert lease.valid_for_s() > 0
        with pytest.raises(RunnerEndedError, match="another runner has ended this one"):
            log.append([new("b", 1)])
        other.append([new("c", 1)])
        assert [record.job_id for record in other.read()] == ["a", "c"]
        assert other.find([1, 2]) is not None
        lease.release()


def test_nobody_is_ended_by_one_that_took_long_to_look_at_others(url: str) -> None:
    """Meanwhile nothing may have got through, theirs neither."""
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        lease = log._engine.lease("host:1")  # type: ignore[attr-defined]  # it is a capability
        its = other._engine.lease("host:2")  # type: ignore[attr-defined]  # it is a capability
        lease.acquire()
        its.acquire()
        with (
            patch.object(type(lease), "_has_lapsed", lambda self, one: True),
            patch.object(LeaseTime, "may_end_others", PropertyMock(side_effect=[True, False])),
        ):
            assert lease.end_lapsed() == []
        assert its.runner in lease.living()
        lease.release()
        its.release()


def test_what_was_on_its_way_before_the_mark_is_known_to_be_there(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer was lost, and the runner was ended behind it."""
    from jobledger.eventstore.engines.nats.connection import UnansweredError
    from jobledger.eventstore.engines.nats.jetstream import JetStream

    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        lease = log._engine.lease("host:1")  # type: ignore[attr-defined]  # it is a capability
        lease.acquire()
        log.append([new("a", 1)])
        real = JetStream.publish

        def publish(self: JetStream, *arguments: object, **named: object) -> int:
            real(self, *arguments, **named)  # type: ignore[arg-type]  # passed on as it came
            monkeypatch.undo()
            other._engine.mark_ended(lease.runner, "another")  # type: ignore[attr-defined]  # its own
            raise UnansweredError("the answer is lost")

        monkeypatch.setattr(JetStream, "publish", publish)
        log.append([new("b", 1)])
        assert [record.job_id for record in log.read()] == ["a", "b"]
        with pytest.raises(RunnerEndedError):
            log.append([new("c", 1)])
        lease.release()


def test_after_a_standstill_of_the_servers_nobody_is_ended_for_it() -> None:
    """All leases have run out, and nobody is dead."""
    one = nats.Server()
    try:
        one.start()
        url = one.url("a", lease="1")
        with closing(log_of(url)) as log, closing(log_of(url)) as other:
            leases = [each._engine.lease("host:1") for each in (log, other)]  # type: ignore[attr-defined]  # it is a capability
            for lease in leases:
                lease.acquire()
            time_passes(1.2)
            one.pause()
            time_passes(1.5)
            one.go_on()
            eventually(lambda: all(lease.valid_for_s() > 0 for lease in leases), "the renewals")
            assert [lease.end_lapsed() for lease in leases] == [[], []]
            assert leases[0].living() == {lease.runner for lease in leases}
            for lease in leases:
                lease.release()
    finally:
        one.end()
