"""A server and its standby: what is refused, and what becomes of a ledger when one takes over."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from signal import SIGQUIT
from threading import Event

import pytest
from support import postgres
from support.cli import run_cli_here
from support.pair import Pair
from support.waiting import eventually

from jobledger import Ledger, LedgerCorruptError, StorageError
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.integrity import verify_engine


@pytest.fixture
def pair() -> Iterator[Pair]:
    with closing(Pair()) as one:
        yield one


def add(ledger: Ledger, job_id: str) -> str:
    return ledger.add_job("shop", "text", datetime.now(UTC), job_id=job_id)


@contextmanager
def open_until_the_end(url: str) -> Iterator[Ledger]:
    """Close it whatever that says: what became of its server is seen before."""
    ledger = Ledger(url)
    try:
        yield ledger
    finally:
        with suppress(StorageError):
            ledger.close()


def ids(ledger: Ledger) -> list[str]:
    return sorted(job.job_id for job in ledger.list_jobs())


def check(url: str) -> None:
    engine = open_engine(url, EngineOptions(read_only=True))
    try:
        assert verify_engine(engine).problems == []
    finally:
        engine.close()


def test_a_standby_is_refused_and_of_several_hosts_the_primary_is_taken(pair: Pair) -> None:
    with Ledger(pair.url) as ledger:
        add(ledger, "one")
    eventually(pair.has_caught_up)
    with pytest.raises(StorageError, match=r"read-only|standby"):
        Ledger(pair.standby.url("shop"))
    for read_only in (False, True):
        with pytest.raises(StorageError, match="it is a standby, which can only be read"):
            Ledger(pair.standby.url("shop", target_session_attrs="any"), read_only=read_only)
    other_order = pair.standby.url("shop", pair.primary)
    with Ledger(other_order) as ledger:
        assert ids(ledger) == ["one"]


def test_a_synchronous_standby_can_be_required(pair: Pair) -> None:
    required = f"{pair.url}&require=sync"
    with pytest.raises(StorageError, match="it has no synchronous standby"):
        Ledger(required)
    pair.be_synchronous()
    with open_until_the_end(required) as ledger:
        add(ledger, "one")
        pair.fail_over()
        # The one that took over has none any more.
        with pytest.raises(StorageError, match="it has no synchronous standby"):
            add(ledger, "two")


def test_where_a_synchronous_standby_takes_over_nothing_acknowledged_is_lost(pair: Pair) -> None:
    """While two threads add, of which each goes on by the other server; what became of the add that
    was under way is found out there."""
    pair.be_synchronous()
    half = Event()
    stop = Event()

    def keep_adding(who: int) -> list[str]:
        added: list[str] = []
        with Ledger(pair.url) as ledger:
            while not (stop.is_set() and len(added) > 40):
                try:
                    added.append(add(ledger, f"{who}-{len(added)}"))
                except StorageError as error:
                    if "unknown" in str(error):
                        raise  # else none of both can be written to, and nothing was done
                if len(added) == 20:
                    half.set()
        return added

    with ThreadPoolExecutor(2) as pool:
        adding: list[Future[list[str]]] = [pool.submit(keep_adding, who) for who in range(2)]
        assert half.wait(60)
        pair.fail_over()
        stop.set()
        added = [job_id for each in adding for job_id in each.result(120)]
    with Ledger(pair.url, read_only=True) as ledger:
        assert ids(ledger) == sorted(added)
    check(pair.url)


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
def test_nothing_is_acknowledged_that_the_synchronous_standby_does_not_have(
    pair: Pair, how: str
) -> None:
    """Also where an administrator ends the wait for it, and the server says that it is committed;
    or says nothing, and it is there."""
    pair.be_synchronous()
    with Ledger(pair.url) as ledger, ThreadPoolExecutor(1) as pool:
        add(ledger, "before")
        pair.standby.stop()
        adding = pool.submit(add, ledger, "meanwhile")
        with closing(postgres.connect(pair.primary)) as admin:
            for _ in range(3):
                eventually(partial(pair.ends_waiting, admin, how), "a wait for the standby")
            with Ledger(pair.primary.url("shop"), read_only=True) as other:
                assert ids(other) == ["before", "meanwhile"]
            assert not adding.done()
        pair.standby.start()
        assert adding.result(60) == "meanwhile"
        pair.fail_over()
        assert ids(ledger) == ["before", "meanwhile"]


def test_where_another_standby_takes_over_whoever_knew_what_is_lost_says_so(
    pair: Pair, tmp_path: Path
) -> None:
    """The handle that wrote it, one that had only read it, a mirror and an exported head."""
    head, mirror = tmp_path / "head.json", tmp_path / "mirror"
    with open_until_the_end(pair.url) as writer, Ledger(pair.url, read_only=True) as reader:
        add(writer, "kept")
        eventually(pair.has_caught_up)
        pair.standby.stop()
        add(writer, "lost")
        assert ids(reader) == ["kept", "lost"]
        with writer.mirror(mirror) as copy:
            assert copy.catch_up() == 2
            exported = run_cli_here("--ledger", pair.url, "verify", "--export-head", str(head))
            assert exported.code == 0, exported.err
            pair.primary.stop(SIGQUIT)
            pair.standby.start()
            pair.standby.promote()
            with pytest.raises(LedgerCorruptError, match="record 2 was acknowledged") as found:
                add(writer, "next")
            assert found.value.kind == "lost"
            with pytest.raises(LedgerCorruptError) as found:
                ids(reader)
            assert found.value.kind == "lost"
            with pytest.raises(LedgerCorruptError):
                copy.catch_up()
    with Ledger(pair.url) as ledger:  # who knew nothing of it can go on
        assert ids(ledger) == ["kept"]
        with pytest.raises(LedgerCorruptError) as found, ledger.mirror(mirror) as copy:
            copy.catch_up()
        assert found.value.kind == "lost"
    with Ledger(mirror, read_only=True) as kept:
        assert ids(kept) == ["kept", "lost"]
    checked = run_cli_here("--ledger", pair.url, "verify", "--since-head", str(head))
    assert checked.code == 1
    assert checked.out.splitlines()[1].startswith("lost ")
