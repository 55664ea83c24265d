"""What every engine promises that has several chains in one location (`shards.ClaimsJobs`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from uuid import uuid4

import pytest
from support import nats, postgres
from support.eventstore import NOON

from jobledger import StorageError
from jobledger.eventstore import ClaimsJobs, Shard
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.eventstore.engines.memory import forget_memory_ledgers
from jobledger.eventstore.engines.registry import register
from jobledger.testing.shared_memory import SharedLedgers

register("shared", SharedLedgers("shared", lambda: NOON).open, shards=True)
KINDS: dict[str, Callable[[], str]] = {
    "memory": lambda: f"memory:{uuid4()}",
    "shared": lambda: f"shared:{uuid4()}",
    "postgresql": postgres.new_url,
    "nats": nats.new_url,
}


class Stage:
    """A name in an engine, and the handles that are open there."""

    def __init__(self, location: str, stack: ExitStack) -> None:
        self._location = location
        self._stack = stack

    def open(self, number: int, of: int | None = 3, *, read_only: bool = False) -> ClaimsJobs:
        shard = Shard(number, of)
        options = EngineOptions(shard=shard, read_only=read_only)
        engine = self._stack.enter_context(closing(open_engine(self._location, options)))
        assert isinstance(engine, ClaimsJobs)
        return engine

    def open_plain(self) -> None:
        self._stack.enter_context(closing(open_engine(self._location, EngineOptions())))


@pytest.fixture(params=KINDS)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(KINDS[request.param](), stack)
    forget_memory_ledgers()


def test_each_chain_is_a_ledger_of_its_own(stage: Stage) -> None:
    ids = {stage.open(number).identity.ledger_id for number in (1, 2, 3)}  # type: ignore[attr-defined]  # of an Engine
    assert len(ids) == 3
    again = stage.open(2)
    assert again.identity.ledger_id in ids  # type: ignore[attr-defined]  # as above
    assert (again.shard, "shard=2" in again.location) == (Shard(2, 3), True)  # type: ignore[attr-defined]  # as above


def test_how_many_there_are_is_remembered(stage: Stage) -> None:
    stage.open(1)
    for number, of in ((1, 2), (1, 4), (4, 4)):
        with pytest.raises(StorageError, match="has 3 shards"):
            stage.open(number, of)
    with pytest.raises(StorageError, match="has 3 shards"):
        stage.open_plain()
    assert stage.open(1, None, read_only=True).shard == Shard(1, 3)


def test_a_plain_ledger_stays_one(stage: Stage) -> None:
    stage.open_plain()
    with pytest.raises(StorageError, match="has no shards"):
        stage.open(1)


def test_an_id_is_of_the_chain_that_claims_it_first(stage: Stage) -> None:
    one, other = stage.open(1), stage.open(2)
    assert one.claim(["a", "b"]) == []
    assert sorted(other.claim(["b", "c", "a"])) == ["a", "b"]
    assert (one.claim(["a"]), one.claim(["c"])) == ([], ["c"])
    assert stage.open(1).claim(["a", "b"]) == []


def test_of_those_who_claim_the_same_at_one_moment_one_gets_it(stage: Stage) -> None:
    """All of some ids, in whatever order they are said."""
    engines = [stage.open(number) for number in (1, 2, 3)]
    keys = [f"job-{n}" for n in range(40)]
    refused: dict[int, list[str]] = {}

    def claim(index: int) -> None:
        mine = keys[index * 10 :] + keys[: index * 10]
        refused[index] = [key for some in range(0, 40, 8)
                          for key in engines[index].claim(mine[some : some + 8])]  # fmt: skip

    threads = [threading.Thread(target=claim, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for some in refused.values() for key in some) == sorted(keys * 2)
